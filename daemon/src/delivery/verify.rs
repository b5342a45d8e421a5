//! Files by which others check whose domain this is (`MP_verify_….txt` and the like): served at the top level, byte for byte,
//! out of one folder.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, Response};

use super::conditional::Validators;
use crate::core::artifact::ServedLayout;
use crate::media;

/// They hold a line, or a page at most.
const LEN_MAX: u64 = 64 << 10;
const NAME_LEN_MAX: usize = 128;

/// `None` where there is no such file.
pub(super) async fn answer(folder: &Path, path: &str, fields: &HeaderMap) -> Option<Response<Bytes>> {
    let name = name(path)?;
    let media_type = media_type(name)?;
    let file: PathBuf = folder.join(name);
    let read = tokio::task::spawn_blocking(move || read(&file)).await;
    match read.map_err(io::Error::other).flatten() {
        Ok((bytes, validators)) => Some(validators.answer(media_type, bytes, fields)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(name, %error, "a file of http.verify_dir cannot be served");
            None
        }
    }
}

/// The one segment of a path, if it can be the name of such a file: nothing hidden, nothing encoded, no way out.
pub(super) fn name(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = (1..=NAME_LEN_MAX).contains(&name.len()) && !name.starts_with('.');
    (fits && name.bytes().all(plain)).then_some(name)
}

fn media_type(name: &str) -> Option<HeaderValue> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(HeaderValue::from_static(match ending {
        "txt" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "json" => "application/json",
        "xml" => "application/xml",
        _ => return None,
    }))
}

/// A link or a pipe is no file of ours.
fn read(path: &Path) -> io::Result<(Vec<u8>, Validators)> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let file = media::open(path)?;
    let identity = media::identity(&file)?;
    if identity.size_bytes > LEN_MAX {
        return Err(io::Error::other(format!("it is larger than {LEN_MAX} bytes")));
    }
    let mut bytes = Vec::new();
    file.take(LEN_MAX).read_to_end(&mut bytes)?;
    Ok((bytes, Validators::new(&identity, ServedLayout::AsIs, SystemTime::now())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_looked_for() {
        assert_eq!(name("/MP_verify_abcDEF123.txt"), Some("MP_verify_abcDEF123.txt"));
        let long = format!("/{}.txt", "a".repeat(NAME_LEN_MAX));
        for path in
            ["/", "", "/.htaccess", "/..", "/a/b.txt", "/a%2fb.txt", "/a\0.txt", "//a.txt", "a.txt", &long]
        {
            assert_eq!(name(path), None, "{path}");
        }
        assert!(media_type("a.txt").is_some() && media_type("a.html").is_some());
        for name in ["a", "a.mp4", "a.txt.exe", "txt"] {
            assert!(media_type(name).is_none(), "{name}");
        }
    }

    #[tokio::test]
    async fn files_are_served_byte_for_byte_and_links_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("MP_verify_x.txt", b"secret\r\n\xff");
        write("large.txt", &vec![b'x'; LEN_MAX as usize + 1]);
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
        std::fs::create_dir(folder.path().join("folder.txt")).unwrap();
        let get = async |path: &str| answer(folder.path(), path, &HeaderMap::new()).await;
        let found = get("/MP_verify_x.txt").await.unwrap();
        assert_eq!(found.body().as_ref(), b"secret\r\n\xff");
        assert_eq!(found.headers()["content-type"], "text/plain; charset=utf-8");
        for path in ["/link.txt", "/folder.txt", "/large.txt", "/gone.txt", "/../etc/hostname"] {
            assert!(get(path).await.is_none(), "{path}");
        }
        write("MP_verify_x.txt", b"changed");
        assert_eq!(get("/MP_verify_x.txt").await.unwrap().body().as_ref(), b"changed");
    }
}
