//! The name of a file, in two pieces: what its video is called, and what makes it another file than its siblings
//! (`.1080p.mp4`). A video has the first piece already, and a whole library has few of the second.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::shared::Shared;

#[derive(Clone)]
pub struct FileName {
    stem: Arc<OsStr>,
    ending: Arc<OsStr>,
}

impl FileName {
    /// A file of the video with this base name; any other name is kept whole in its second piece.
    #[must_use]
    pub fn of(base: &Arc<OsStr>, name: &OsStr) -> Self {
        match name.as_bytes().strip_prefix(base.as_bytes()) {
            Some(ending) => Self { stem: Arc::clone(base), ending: OsStr::from_bytes(ending).into() },
            None => Self { stem: Arc::from(OsStr::new("")), ending: name.into() },
        }
    }

    #[must_use]
    pub fn to_os_string(&self) -> OsString {
        let mut name = OsString::with_capacity(self.stem.len() + self.ending.len());
        name.push(&self.stem);
        name.push(&self.ending);
        name
    }

    /// Made readable where it is not UTF-8.
    #[must_use]
    pub fn to_string_lossy(&self) -> String {
        self.to_os_string().to_string_lossy().into_owned()
    }

    /// Shares its pieces with names that have the same ones.
    pub(super) fn share(&mut self, base: &Arc<OsStr>, endings: &mut Shared<OsStr>) {
        if self.stem == *base {
            self.stem = Arc::clone(base);
        }
        endings.share(&mut self.ending);
    }

    fn bytes(&self) -> impl Iterator<Item = &u8> {
        self.stem.as_bytes().iter().chain(self.ending.as_bytes())
    }
}

/// Where a name is cut means nothing.
impl PartialEq for FileName {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for FileName {}

impl PartialOrd for FileName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FileName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialEq<OsStr> for FileName {
    fn eq(&self, other: &OsStr) -> bool {
        self.bytes().eq(other.as_bytes())
    }
}

impl PartialEq<OsString> for FileName {
    fn eq(&self, other: &OsString) -> bool {
        *self == **other
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_os_string().fmt(f)
    }
}

impl From<&str> for FileName {
    fn from(name: &str) -> Self {
        Self::of(&Arc::from(OsStr::new("")), OsStr::new(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(base: &str, name: &str) -> FileName {
        FileName::of(&Arc::from(OsStr::new(base)), OsStr::new(name))
    }

    #[test]
    fn a_name_is_the_same_wherever_it_is_cut() {
        for base in ["", "t", "talk", "talk.mp4", "other"] {
            assert_eq!(cut(base, "talk.mp4"), FileName::from("talk.mp4"));
            assert_eq!(cut(base, "talk.mp4"), *OsStr::new("talk.mp4"));
            assert_eq!(format!("{:?}", cut(base, "talk.mp4")), "\"talk.mp4\"");
            assert!(cut(base, "talk.mp4") < FileName::from("talk.mp5"));
            assert_ne!(cut(base, "talk.mp4"), FileName::from("talk.mp"));
        }
    }

    #[test]
    fn names_that_are_no_text_are_kept_exactly() {
        let name = OsStr::from_bytes(b"t\xffalk.mp4");
        let base: Arc<OsStr> = OsStr::from_bytes(b"t\xffalk").into();
        assert_eq!(FileName::of(&base, name).to_os_string(), name);
    }

    #[test]
    fn names_of_a_video_share_what_they_have_alike() {
        let (base, mut endings) = (Arc::from(OsStr::new("talk")), Shared::default());
        let (mut one, mut other) = (cut("talk", "talk.mp4"), cut("talk", "talk.mp4"));
        one.share(&base, &mut endings);
        other.share(&base, &mut endings);
        assert!(Arc::ptr_eq(&one.stem, &base) && Arc::ptr_eq(&other.stem, &base));
        assert!(Arc::ptr_eq(&one.ending, &other.ending));
    }
}
