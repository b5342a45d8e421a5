//! Damaged and hostile indexes: any answer will do but a panic, an endless loop or a large allocation.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::handmade::{append, compressed, encrypted_track, file_type, item_list, make_box, movie, track};
use super::hostile::survives;
use crate::media::testing::{AAC, H264, PICTURE, SOUND, Studio};

fn samples() -> Vec<Vec<u8>> {
    let studio = Studio::new();
    let small = ["-t", "0.2"];
    let fragmented = ["-t", "0.2", "-movflags", "frag_keyframe+empty_moov+default_base_moof+global_sidx"];
    let media = make_box(b"mdat", &[0; 64]);
    let plain = movie(&[track(1, &[40, 50], 4, true)]);
    let list = make_box(b"udta", &item_list(40));
    let pointing = append(append(plain.clone(), &encrypted_track(44)), &list);
    vec![
        [file_type(), media.clone(), pointing.clone(), list].concat(),
        [file_type(), media.clone(), compressed(&pointing, 6)].concat(),
        [file_type(), media, compressed(&plain, 0)].concat(),
        [file_type(), make_box(b"mdat", &[0; 64]), movie(&[track(1, &[40, 50], 4, false)])].concat(),
        fs::read(studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &small])).unwrap(),
        fs::read(studio.make("b.mov", &[&PICTURE, &SOUND, &H264, &AAC, &small])).unwrap(),
        fs::read(studio.make("c.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &fragmented])).unwrap(),
    ]
}

/// The parts of a file that are parsed: everything but the inside of the media.
fn parsed_places(bytes: &[u8]) -> Vec<usize> {
    let mdat = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    let len = u32::from_be_bytes(bytes[mdat - 8..mdat - 4].try_into().unwrap()) as usize;
    let end = mdat - 8 + len;
    (0..mdat).chain(end..bytes.len()).collect()
}

#[test]
fn every_prefix_is_survived() {
    for bytes in samples() {
        assert!(survives(bytes.clone()));
        for len in parsed_places(&bytes) {
            survives(bytes[..len].to_vec());
        }
    }
}

#[test]
fn an_index_cut_anywhere_is_survived() {
    for bytes in samples() {
        let Some(moov) = bytes.windows(4).position(|window| window == b"moov") else { continue };
        let old = u32::from_be_bytes(bytes[moov - 4..moov].try_into().unwrap());
        for len in 8..old {
            let mut cut = bytes[..moov - 4 + len as usize].to_vec();
            cut[moov - 4..moov].copy_from_slice(&len.to_be_bytes());
            survives(cut);
        }
    }
}

#[test]
fn flipped_bytes_are_survived() {
    for bytes in samples() {
        for place in parsed_places(&bytes) {
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff, bytes[place].wrapping_add(1)] {
                let mut changed = bytes.clone();
                changed[place] = value;
                survives(changed);
            }
        }
    }
}

#[test]
fn words_of_ones_are_survived() {
    for bytes in samples() {
        for place in parsed_places(&bytes) {
            let mut changed = bytes.clone();
            changed.iter_mut().skip(place).take(4).for_each(|byte| *byte = 0xff);
            survives(changed.clone());
            changed.iter_mut().skip(place).take(4).for_each(|byte| *byte = 0);
            survives(changed);
        }
    }
}

/// Set where a test is run once more by itself, to be ended by the kernel if it takes too much memory.
const CONFINED: &str = "VODPOST_TEST_CONFINED";
/// The largest index, what it is moved into, and the moved file that the check reads, each once; and a little.
const MEMORY: u64 = (3 * 64 + 48) << 20;

/// Small files that stand for large things.
fn bombs() -> Vec<Vec<u8>> {
    let media = make_box(b"mdat", &[0; 64]);
    let plain = movie(&[track(1, &[40, 50], 4, false)]);
    // 60 MiB in 60 KiB.
    let large = append(plain.clone(), &make_box(b"free", &vec![0; 60 << 20]));
    let packed = compressed(&large, 9);
    assert!(packed.len() < 100_000);
    let mut liar = compressed(&plain, 9);
    let stated = liar.windows(4).position(|name| name == b"cmvd").unwrap() + 4;
    liar[stated..stated + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    // Each table as long as a field can say, in boxes as long as they are.
    let mut tables = Vec::new();
    for kind in [&b"stsz"[..], b"stco", b"stts", b"stsc", b"elst", b"iloc", b"saio"] {
        let mut bytes = [file_type(), media.clone(), append(plain.clone(), &item_list(40))].concat();
        let Some(at) = bytes.windows(4).position(|name| name == kind) else { continue };
        bytes[at + 8..at + 16].fill(0xff);
        tables.push(bytes);
    }
    let files = [packed.clone(), liar, compressed(&packed, 9)];
    files.into_iter().map(|index| [file_type(), media.clone(), index].concat()).chain(tables).collect()
}

/// All of them, and every file of the fuzzer's corpus, within the memory that the largest index takes. What asks for more,
/// as much as a file says, ends with the process.
#[test]
fn no_file_takes_more_memory_than_the_largest_index() {
    if std::env::var_os(CONFINED).is_none() {
        let name = "media::mp4::hostile_tests::no_file_takes_more_memory_than_the_largest_index";
        let test = std::env::current_exe().unwrap();
        let run =
            Command::new(test).args(["--exact", name, "--nocapture"]).env(CONFINED, "1").output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr).into_owned() + &String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{}: {said}", run.status);
        return;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/mp4");
    let mut files: Vec<Vec<u8>> =
        fs::read_dir(corpus).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    files.extend(bombs());
    let sizes = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = sizes.split(' ').next().unwrap().parse().unwrap();
    let most = Some(pages * rustix::param::page_size() as u64 + MEMORY);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).unwrap();
    for file in files {
        survives(file);
    }
    // That the limit is one.
    assert!(Vec::<u8>::new().try_reserve_exact(MEMORY as usize).is_err());
}
