//! What happens around a conversation: to the library, to the state folder, and to ffmpeg.
//!
//! | `disk: …` | |
//! |---|---|
//! | `add SAMPLE FILE`, `replace SAMPLE FILE` | the whole file at once |
//! | `begin SAMPLE FILE`, `finish SAMPLE FILE` | the first half of it; all of it |
//! | `rest FILE` | nobody has written to it for a day |
//! | `rename A B`, `list` | |
//! | `wait until FILE is gone` | it is moved to the trash after the answer |
//! | `pad FILE MIB` | makes an MP4 longer by something that players skip |
//! | `unmount`, `mount` | the root goes and comes |
//!
//! | `state: …` | |
//! |---|---|
//! | `loses its table`, `is damaged`, `is repaired` | one bit of the log is turned over, and back |
//! | `is on a full disk`, `has room again` | it takes no byte, and takes them again |
//! | `is of a newer version`, `is of this version` | as a later `vodpostd` would have written it |
//! | `search TEXT` | in all files of the state folder and in what the daemon logged |
//!
//! | `ffmpeg: …` | |
//! |---|---|
//! | `works` | it is the real one |
//! | `breaks` | it says so and fails |
//! | `hangs` | it has done the first second, at half speed, and does no more |
//! | `dies` | it is killed, as where memory is short |
//! | `cuts` | it converts one second only and says that all is well |
//! | `spoils` | it writes a file whose end is noise and says that all is well |

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::media::Sample;
use crate::site::Site;
use crate::wait;

const SAMPLES: &[(&str, Sample)] = &[
    ("index-first", Sample::IndexFirst),
    ("index-last", Sample::IndexLast),
    ("high-bitrate", Sample::HighBitrate),
    ("silent", Sample::Silent),
    ("ac3", Sample::Ac3),
    ("matroska", Sample::Matroska),
    ("hevc", Sample::Hevc),
    ("vp9", Sample::Vp9),
    ("long", Sample::Long),
    ("truncated", Sample::Truncated),
    ("empty", Sample::Empty),
    ("text", Sample::Text),
];

/// Something happens to the library; what there is to tell of it.
pub(super) fn disk(site: &Site, words: &[&str]) -> Vec<String> {
    let path = |name: &str| site.library().join(name);
    let away = site.folder().join("unmounted");
    match words {
        ["add" | "replace", name, file] => drop(site.add(&sample(name), file)),
        ["begin", name, file] => {
            let bytes = std::fs::read(sample(name)).expect("the sample");
            std::fs::write(path(file), &bytes[..bytes.len() / 2]).expect("half a file");
        }
        ["finish", name, file] => {
            let bytes = std::fs::read(sample(name)).expect("the sample");
            std::fs::write(path(file), bytes).expect("a whole file");
        }
        ["rest", file] => {
            let yesterday = SystemTime::now() - Duration::from_secs(24 * 3600);
            let file = std::fs::File::options().append(true).open(path(file)).expect("the file");
            file.set_modified(yesterday).expect("an older file");
        }
        ["rename", from, to] => {
            let to = path(to);
            std::fs::create_dir_all(to.parent().expect("in a folder")).expect("the folder");
            std::fs::rename(path(from), to).expect("it can be renamed");
        }
        ["wait", "until", file, "is", "gone"] => wait::until(&format!("{file} to be gone"), || {
            if path(file).exists() { Err("it is still there".to_owned()) } else { Ok(()) }
        }),
        ["pad", file, mib] => pad(&path(file), mib.parse().expect("a number")),
        ["unmount"] => std::fs::rename(site.library(), away).expect("the root can go"),
        ["mount"] => std::fs::rename(away, site.library()).expect("the root can return"),
        ["list"] => return files_below(&site.library()).iter().map(|file| relative(site, file)).collect(),
        _other => panic!("what happens on the disk? {words:?}"),
    }
    Vec::new()
}

/// Something happens to the state folder; what there is to tell of it.
pub(super) fn state(site: &Site, log: &str, what: &str) -> Vec<String> {
    if let Some(text) = what.strip_prefix("search ") {
        let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        let files = files_below(&site.state());
        assert!(!files.is_empty() && !log.is_empty(), "there is something to search");
        let found = files.iter().any(|file| holds(&std::fs::read(file).expect("a file of the state")));
        return vec![
            format!("the state folder: {}", if found { "found" } else { "not found" }),
            format!("the daemon's log: {}", if holds(log.as_bytes()) { "found" } else { "not found" }),
        ];
    }
    match what {
        "loses its table" => std::fs::remove_dir_all(site.state().join("db")).expect("it can be removed"),
        // The same bit again: nothing else may have changed in between.
        "is damaged" | "is repaired" => {
            let path = files_below(&site.state().join("log")).into_iter().next().expect("a log");
            let mut bytes = std::fs::read(&path).expect("the log");
            bytes[40] ^= 1;
            std::fs::write(path, bytes).expect("the log");
        }
        // The byte of the format that each file of the log begins with.
        "is of a newer version" | "is of this version" => {
            let format = if what == "is of this version" { 1 } else { 99 };
            for path in files_below(&site.state().join("log")) {
                let mut bytes = std::fs::read(&path).expect("the log");
                bytes[5] = format;
                std::fs::write(path, bytes).expect("the log");
            }
        }
        _other => panic!("what happens to the state? {what:?}"),
    }
    Vec::new()
}

/// Starts a daemon that will not run; its exit status and what it says.
pub(super) fn refusal_to_start(site: &Site) -> Vec<String> {
    let output = site.daemon_command().output().expect("vodpostd starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut lines = vec![format!("exit status {}", output.status.code().unwrap_or(-1))];
    lines.extend(said.lines().map(str::to_owned));
    lines
}

fn sample(name: &str) -> PathBuf {
    let known = SAMPLES.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("there is no sample {name}")).1.path()
}

fn pad(path: &Path, mib: u32) {
    let free = mib << 20;
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the file");
    let len = file.metadata().expect("its length").len();
    file.write_all(&[free.to_be_bytes().as_slice(), b"free"].concat()).expect("a box");
    file.set_len(len + u64::from(free)).expect("a longer file");
}

fn relative(site: &Site, file: &Path) -> String {
    file.strip_prefix(site.library()).expect("in the library").to_string_lossy().into_owned()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
