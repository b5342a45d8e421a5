//! Reads the client's file system for what the beginning of a path may become.

use std::fs;
use std::path::Path;

use crate::app::folder::{CANDIDATES_MAX, Completion};

/// Of a folder with more entries the rest is not looked at.
const ENTRIES_MAX: usize = 20_000;

/// The folders that a path may become; `None` where there is none. Names that are not UTF-8 cannot be typed.
#[must_use]
pub fn folders(path: &str) -> Option<Completion> {
    let (parent, begun) = path.rsplit_once('/').map(|(parent, begun)| (format!("{parent}/"), begun))?;
    let fits = |name: &str| name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
    let entries = fs::read_dir(&parent).ok()?.take(ENTRIES_MAX).filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| fits(name) && Path::new(&parent).join(name).is_dir())
        .collect();
    names.sort();
    match names.as_slice() {
        [] => None,
        [only] => Some(Completion { path: format!("{parent}{only}/"), names: Vec::new(), left_out: 0 }),
        [first, .., last] => {
            // In order, so what the first and the last begin with, all begin with.
            let common: String =
                first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
            let left_out = names.len().saturating_sub(CANDIDATES_MAX);
            let path = format!("{parent}{common}");
            names.truncate(CANDIDATES_MAX);
            Some(Completion { path, names, left_out })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn folders_are_completed_as_far_as_they_agree() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().to_str().unwrap();
        for name in ["Videos", "Vids \u{1b}[2J", "视频一", "视频二", ".hidden", "Music"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        fs::create_dir(place.path().join(OsStr::from_bytes(b"Vi\xff"))).unwrap();
        fs::write(place.path().join("Video.mp4"), "x").unwrap();
        let found = |text: &str| folders(&format!("{root}/{text}"));
        let completion = |path: &str, names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Some(Completion { path: format!("{root}/{path}"), names, left_out: 0 })
        };
        assert_eq!(found("M"), completion("Music/", &[]));
        assert_eq!(found("V"), completion("Vid", &["Videos", "Vids \u{1b}[2J"]));
        assert_eq!(found("视"), completion("视频", &["视频一", "视频二"]));
        assert_eq!(found("."), completion(".hidden/", &[]));
        assert_eq!(found("").unwrap().names.len(), 5);
        assert_eq!(found("x"), None);
        assert_eq!(found("none/x"), None);
        assert_eq!(folders("no slash"), None);
    }

    #[test]
    fn of_many_folders_some_are_shown_and_the_rest_is_counted() {
        let place = tempfile::tempdir().unwrap();
        for number in 0..20 {
            fs::create_dir(place.path().join(format!("f{number:02}"))).unwrap();
        }
        let found = folders(&format!("{}/", place.path().display())).unwrap();
        assert_eq!((found.names.len(), found.left_out), (CANDIDATES_MAX, 20 - CANDIDATES_MAX));
    }
}
