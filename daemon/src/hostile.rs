//! What a hostile peer, file or disk could send, as functions of bytes that must never panic. Each is a fuzz target
//! (`fuzz/`), and the tests beside it send it every file of `fuzz/corpus` and small changes of them.
//!
//! Only in tests and in the fuzzer's build is this module there.

mod protocol;
#[cfg(test)]
mod tests;

pub use self::protocol::{call, frames, hello, message};
pub use crate::delivery::hostile::http;
pub use crate::media::mp4::hostile::mp4;
pub use crate::store::hostile::{commit_log, record};

pub type Target = fn(&[u8]);

/// Every target with the name of its folder in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 8] = [
    ("hello", hello),
    ("frames", frames),
    ("call", call),
    ("message", message),
    ("mp4", mp4),
    ("http", http),
    ("record", record),
    ("commit_log", commit_log),
];

/// Cuts bytes into pieces whose lengths the first half of `plan` gives, over and over.
pub(crate) fn pieces<'a>(mut bytes: &'a [u8], plan: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let lens = plan.iter().copied().filter(|len| *len > 0).map(usize::from);
    // Without any length everything comes at once.
    let mut lens = lens.cycle();
    std::iter::from_fn(move || {
        let len = lens.next().unwrap_or(usize::MAX).min(bytes.len());
        let (piece, rest) = bytes.split_at(len);
        bytes = rest;
        (len > 0).then_some(piece)
    })
}

/// The first byte says how many of the following are a plan for [`pieces`].
pub(crate) fn with_plan(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((len, rest)) = bytes.split_first() else { return (bytes, bytes) };
    rest.split_at(usize::from(*len).min(rest.len()))
}
