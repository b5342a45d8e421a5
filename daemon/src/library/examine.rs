//! Whether a folder that somebody named could be part of the library, as far as the disk can tell.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::Access;
use vodpost_protocol::refusal::{Refusal, RootProblem};

/// The folder's true name, without links.
///
/// # Errors
/// What is wrong with it.
pub fn folder(path: &Path) -> Result<Arc<Path>, Refusal> {
    examine(path)
        .map_err(|problem| Refusal::UnusableRoot { path: path.to_string_lossy().into_owned(), problem })
}

fn examine(path: &Path) -> Result<Arc<Path>, RootProblem> {
    if !path.is_absolute() {
        return Err(RootProblem::NotAbsolute);
    }
    let found = fs::canonicalize(path).map_err(|error| problem(&error))?;
    if found.to_str().is_none() {
        return Err(RootProblem::NotUtf8);
    }
    if !fs::metadata(&found).map_err(|error| problem(&error))?.is_dir() {
        return Err(RootProblem::NotAFolder);
    }
    fs::read_dir(&found).map_err(|error| problem(&error))?;
    // To list it is not enough: what is in it has to be opened.
    rustix::fs::access(&found, Access::EXEC_OK).map_err(|error| problem(&error.into()))?;
    Ok(found.into())
}

fn problem(error: &io::Error) -> RootProblem {
    match error.kind() {
        io::ErrorKind::NotFound => RootProblem::Missing,
        io::ErrorKind::NotADirectory => RootProblem::NotAFolder,
        // What else the system says, which knows more kinds than matter here.
        _ => RootProblem::Unreadable { reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn problem_of(path: &Path) -> RootProblem {
        match folder(path).unwrap_err() {
            Refusal::UnusableRoot { path: named, problem } => {
                assert_eq!(named, path.to_string_lossy());
                problem
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn l1_a_folder_goes_by_its_true_name() {
        let place = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(place.path()).unwrap().join("real");
        fs::create_dir(&real).unwrap();
        symlink(&real, place.path().join("link")).unwrap();
        assert_eq!(&*folder(&place.path().join("link/../link")).unwrap(), real);
    }

    #[test]
    fn l1_what_is_wrong_with_a_folder_is_told_apart() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("file"), "x").unwrap();
        let odd = place.path().join(OsStr::from_bytes(b"odd \xff"));
        fs::create_dir(&odd).unwrap();
        let shut = place.path().join("shut");
        fs::create_dir(&shut).unwrap();
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
        symlink("loop", place.path().join("loop")).unwrap();
        assert_eq!(problem_of(Path::new("videos")), RootProblem::NotAbsolute);
        assert_eq!(problem_of(&place.path().join("none")), RootProblem::Missing);
        assert_eq!(problem_of(&place.path().join("file")), RootProblem::NotAFolder);
        assert_eq!(problem_of(&place.path().join("file/below")), RootProblem::NotAFolder);
        assert_eq!(problem_of(&odd), RootProblem::NotUtf8);
        assert!(matches!(problem_of(&place.path().join("loop")), RootProblem::Unreadable { .. }));
        if !rustix::process::geteuid().is_root() {
            assert!(matches!(problem_of(&shut), RootProblem::Unreadable { .. }));
        }
    }
}
