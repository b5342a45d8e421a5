//! A QR code into a file of its own. Whatever is there already stays.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::app::modal::NotSaved;
use crate::qr::{Matrix, QrError, png, svg};

/// Pixels per module of a PNG: enough to print at a few centimetres.
pub const PNG_SCALE: u32 = 8;

/// Where files go whose name says nothing else: where one is, or at home where that cannot be written to.
#[must_use]
pub fn usual_folder() -> PathBuf {
    let here = std::env::current_dir().ok();
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let writable = |folder: &PathBuf| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok();
    let first = here.clone().filter(writable).or_else(|| home.filter(writable)).or(here);
    first.unwrap_or_default()
}

/// Draws the QR code of a URL into a new file and gives its path. The name says the format; `~/` is the home folder.
///
/// # Errors
/// Why there is no such file now.
pub fn qr(url: &str, name: &str, folder: &Path) -> Result<PathBuf, NotSaved> {
    let path = match (name.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        (Some(_), None) | (None, _) => folder.join(name),
    };
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let drawing = match extension.as_deref() {
        Some("png") => Matrix::encode_to_fit(url, usize::MAX).and_then(|matrix| png(&matrix, PNG_SCALE)),
        Some("svg") => Matrix::encode_to_fit(url, usize::MAX).map(|matrix| svg(&matrix).into_bytes()),
        Some(_) | None => return Err(NotSaved::NotAPicture),
    };
    let drawing = drawing.map_err(|error| match error {
        QrError::Encode(_) | QrError::DoesNotFit { .. } | QrError::TooLarge => NotSaved::TooLongForQr,
        QrError::Png(error) => NotSaved::Failed(error.to_string()),
    })?;
    match write_new(&path, &drawing) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(NotSaved::Exists),
        Err(error) => Err(NotSaved::Failed(error.to_string())),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a picture is worse than none; and it is certain that it is ours.
        drop(std::fs::remove_file(path));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://video.example.org/v/0123456789ABCDEFGHJK";

    #[test]
    fn the_name_says_the_format_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let save = |name| qr(URL, name, folder.path());
        let path = save("talk.PNG").unwrap();
        assert_eq!(path, folder.path().join("talk.PNG"));
        let picture = std::fs::read(&path).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
        assert_eq!(save("talk.PNG"), Err(NotSaved::Exists));
        assert_eq!(std::fs::read(&path).unwrap(), picture);
        let drawing = std::fs::read_to_string(save("talk.svg").unwrap()).unwrap();
        assert!(drawing.contains("<svg"));
        for name in ["", "talk", "talk.gif", ".png", ".."] {
            assert_eq!(save(name), Err(NotSaved::NotAPicture), "{name:?}");
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let absolute = elsewhere.path().join("x.svg");
        assert_eq!(save(absolute.to_str().unwrap()), Ok(absolute.clone()));
        assert!(matches!(save("no/such/folder/x.png"), Err(NotSaved::Failed(_))));
        assert_eq!(qr(&"x".repeat(9_000), "y.png", folder.path()), Err(NotSaved::TooLongForQr));
    }
}
