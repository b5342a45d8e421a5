//! The targets with the stored inputs and with small changes of them, on the stable toolchain.
//!
//! `VODPOST_SEED` repeats a run; each failure says which one, and the bytes.

use std::path::{Path, PathBuf};

use super::{TARGETS, Target};

const ROUNDS: u64 = 6000;
/// What a change may make of an input.
const LEN_MAX: usize = 1 << 16;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let stored = paths.map(|path| (path.clone(), std::fs::read(path).unwrap()));
    let mut corpus: Vec<_> = stored.chain(golden(target)).collect();
    // The row of changes must not depend on the file system.
    corpus.sort();
    corpus
}

/// The messages of today's protocol, which the stored ones were made of.
fn golden(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/fixtures");
    let path = fixtures.join(format!("protocol-{}.txt", vodpost_protocol::PROTOCOL_NUMBER));
    let text = std::fs::read_to_string(path).unwrap();
    let of_target = text.lines().filter(|line| match target {
        "call" => line.starts_with("request/"),
        "message" => !line.starts_with("request/"),
        _ => false,
    });
    let named = of_target.map(|line| line.split_once(' ').unwrap());
    named.map(|(name, hex)| (PathBuf::from(name), from_hex(hex))).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Runs a target and adds to its panic what it was given.
fn run(target: Target, bytes: &[u8], what: &str) {
    if std::panic::catch_unwind(|| target(bytes)).is_err() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{what} is not survived: {hex}");
    }
}

#[test]
fn every_stored_input_is_survived() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has inputs");
        for (path, bytes) in corpus {
            run(target, &bytes, &path.display().to_string());
        }
    }
}

#[test]
fn changed_inputs_are_survived() {
    let seed = std::env::var("VODPOST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        let mut dice = Dice(seed);
        for round in 0..ROUNDS {
            let (path, bytes) = &corpus[dice.below(corpus.len())];
            let other = &corpus[dice.below(corpus.len())].1;
            let mut bytes = bytes.clone();
            for _ in 0..=dice.below(4) {
                change(&mut bytes, other, &mut dice);
            }
            let what = format!("{name}: round {round} of VODPOST_SEED={seed}, from {}", path.display());
            run(target, &bytes, &what);
        }
    }
}

/// splitmix64: a row of numbers that is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// One change of the kinds that parsers stumble over.
fn change(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(bytes.len());
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
        2 if !bytes.is_empty() => bytes[at] = dice.byte(),
        3 => bytes.insert(at, dice.byte()),
        4 => {
            let end = (at + 1 + dice.below(16)).min(bytes.len());
            bytes.drain(at..end);
        }
        5 => {
            // The edges of numbers, over the next one to eight bytes.
            let value = [0x00, 0x7f, 0x80, 0xff][dice.below(4)];
            let len = 1 << dice.below(4);
            bytes.iter_mut().skip(at).take(len).for_each(|byte| *byte = value);
        }
        6 => {
            let from = dice.below(other.len());
            let part = &other[from..(from + dice.below(64)).min(other.len())];
            bytes.splice(at..at, part.iter().copied());
        }
        _ => {
            let end = (at + dice.below(64)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
    bytes.truncate(LEN_MAX);
}
