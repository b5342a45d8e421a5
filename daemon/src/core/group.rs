//! L1: which files are videos, and which of them are renditions of one video.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// File name endings that are looked into. The content decides what a file is; the ending only keeps a library of
/// subtitles, pictures and archives from being probed.
const ENDINGS: &[&str] = &[
    "mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "wmv", "asf", "flv", "f4v", "mpg", "mpeg", "m2v", "ts",
    "m2ts", "mts", "vob", "3gp", "3g2", "ogv", "ogm", "mxf", "rm", "rmvb", "divx",
];

/// Endings that downloads and copies carry until they are complete.
const PARTIAL_ENDINGS: &[&str] =
    &["part", "partial", "crdownload", "download", "tmp", "temp", "filepart", "!ut", "aria2"];

/// Words that name a rendition besides sizes and bitrates.
const WORDS: &[&str] = &["sd", "hd", "fhd", "uhd", "4k", "8k", "2k"];

/// The base name that a file shares with its siblings; `None` when the file is not a video.
///
/// `talk.mp4`, `talk.720p.mp4`, `talk_1080p.mkv` and `talk-2500k.mp4` all give `talk`.
#[must_use]
pub fn base_name(file: &OsStr) -> Option<OsString> {
    let bytes = file.as_bytes();
    // Hidden files, and rsync's `.talk.mp4.Xa3bC9`.
    if bytes.first()? == &b'.' {
        return None;
    }
    let dot = bytes.iter().rposition(|byte| *byte == b'.')?;
    let (stem, ending) = (&bytes[..dot], &bytes[dot + 1..]);
    let ending = std::str::from_utf8(ending).ok()?.to_ascii_lowercase();
    if !ENDINGS.contains(&ending.as_str()) || looks_partial(stem) {
        return None;
    }
    Some(OsString::from_vec(strip_marks(stem).to_vec()))
}

/// `talk.part.mp4`, as some downloaders name it.
fn looks_partial(stem: &[u8]) -> bool {
    stem.iter()
        .rposition(|byte| *byte == b'.')
        .and_then(|dot| std::str::from_utf8(&stem[dot + 1..]).ok())
        .is_some_and(|last| PARTIAL_ENDINGS.contains(&last.to_ascii_lowercase().as_str()))
}

/// Takes rendition marks off the end as long as something is left: `talk.1080p.4200k` gives `talk`.
fn strip_marks(stem: &[u8]) -> &[u8] {
    let mut base = stem;
    while let Some(at) = base.iter().rposition(|byte| b"._-".contains(byte)) {
        if at == 0 || !is_mark(&base[at + 1..]) {
            break;
        }
        base = &base[..at];
    }
    base
}

/// `720p`, `1080p60`, `1080i`, `2500k`, `2500kbps`, `4M`, `1920x1080`, `hd`.
fn is_mark(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return false };
    let word = word.to_ascii_lowercase();
    if WORDS.contains(&word.as_str()) {
        return true;
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = word.split_at(digits);
    match (number.len(), unit) {
        (3..=4, "p" | "i")
        | (2..=5, "k" | "kb" | "kbps" | "kbit")
        | (1..=2, "m" | "mb" | "mbps" | "mbit") => true,
        (3..=4, unit) => match unit.as_bytes() {
            [b'p' | b'i', rate @ ..] => matches!(rate.len(), 2..=3) && rate.iter().all(u8::is_ascii_digit),
            [b'x', height @ ..] => matches!(height.len(), 3..=4) && height.iter().all(u8::is_ascii_digit),
            [..] => false,
        },
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(file: &str) -> Option<String> {
        base_name(OsStr::new(file)).map(|base| base.to_string_lossy().into_owned())
    }

    #[test]
    fn l1_files_that_share_a_base_are_renditions_of_one_video() {
        for file in [
            "talk.mp4",
            "talk.720p.mp4",
            "talk_1080p.mkv",
            "talk-2500k.mp4",
            "talk.1080p60.mov",
            "talk.1920x1080.mp4",
            "talk.HD.MP4",
            "talk-1080p-4200kbps.mp4",
            "talk_4M.webm",
        ] {
            assert_eq!(base(file).as_deref(), Some("talk"), "{file}");
        }
    }

    #[test]
    fn l1_other_suffixes_belong_to_the_title() {
        for (file, title) in [
            ("talk-part-2.mp4", "talk-part-2"),
            ("2001.mp4", "2001"),
            ("talk.2019.mp4", "talk.2019"),
            ("1080p.mp4", "1080p"),
            ("talk.en.mp4", "talk.en"),
            ("talk 720p.mp4", "talk 720p"),
            ("-720p.mp4", "-720p"),
        ] {
            assert_eq!(base(file).as_deref(), Some(title), "{file}");
        }
    }

    #[test]
    fn l1_hidden_files_and_partial_downloads_are_not_videos() {
        for file in [
            ".talk.mp4",
            ".mp4",
            "talk",
            "talk.txt",
            "talk.mp4.part",
            "talk.mp4.crdownload",
            "talk.part.mp4",
            "talk.tmp.mp4",
            "",
        ] {
            assert_eq!(base(file), None, "{file}");
        }
    }

    #[test]
    fn l1_names_that_are_not_utf8_keep_their_bytes() {
        let file = OsString::from_vec(b"t\xff.720p.mp4".to_vec());
        assert_eq!(base_name(&file), Some(OsString::from_vec(b"t\xff".to_vec())));
    }
}
