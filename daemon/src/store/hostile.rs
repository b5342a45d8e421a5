//! Arbitrary bytes as what is found on the disk. The checksums are made to match: what they catch is easy.

use super::record::{self, Write};
use super::segment::{HEAD_LEN, MAGIC, Scan, encode, scan};

/// A record is refused, or stands for a change that is stored as it was read.
pub fn record(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let key = [b"vpaex"[usize::from(*kind) % 5], b'/'];
    let value = [&[record::SCHEMA], &crc32fast::hash(body).to_le_bytes()[..], body].concat();
    let Ok(change) = record::read(&key, &value) else { return };
    let once = record::writes(&[change]).expect("what was read can be written");
    let [write] = once.as_slice() else { panic!("one change is one record") };
    let value = write.value.as_ref().expect("nothing is forgotten");
    let change = record::read(write.key.bytes(), value.bytes()).expect("it reads again");
    assert_eq!(record::writes(&[change]).expect("and writes again"), once);
}

/// A log ends at its end, at a torn record or at damage, never in a panic; a commit that was written is read, one that
/// was torn is seen to be, and one that was changed is never taken for whole.
pub fn commit_log(bytes: &[u8]) {
    let log = [&MAGIC, bytes].concat();
    let mut at = MAGIC.len();
    while let Scan::Record { next, .. } = scan(&log, at) {
        assert!(next >= at + HEAD_LEN && next <= log.len());
        // Refused or read; both are well.
        drop(record::decode_writes(&log[at + HEAD_LEN..next]));
        at = next;
    }
    let Some((spot, payload)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(read) = record::decode_writes(payload) else { return };
    let writes: Vec<Write> = read.iter().map(|one| Write { key: one.key(), value: one.value() }).collect();
    let written = encode(9, &writes).expect("what was read can be written");
    let Scan::Record { seq: 9, next } = scan(&written, 0) else { panic!("a whole record") };
    assert_eq!(next, written.len());
    assert_eq!(record::decode_writes(&written[HEAD_LEN..]).expect("it was written just now"), read);
    let spot = usize::from(u16::from_le_bytes(*spot)) % written.len();
    assert!(spot == 0 || matches!(scan(&written[..spot], 0), Scan::Torn));
    let mut changed = written;
    changed[spot] ^= 1;
    assert!(matches!(scan(&changed, 0), Scan::Torn | Scan::Damaged));
}
