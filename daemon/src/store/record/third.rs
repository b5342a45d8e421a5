//! What schema 3 added: the folders of the library that were added while the daemon ran, in one record.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vodpost_protocol::time::Timestamp;

use super::disk::Actor;
use crate::core::roots as core_roots;

#[derive(Serialize, Deserialize)]
pub(super) struct Roots(Vec<AddedRoot>);

#[derive(Serialize, Deserialize)]
struct AddedRoot {
    path: Vec<u8>,
    at: Timestamp,
    by: Actor,
}

impl Roots {
    pub(super) fn from_core(roots: &[core_roots::AddedRoot]) -> Self {
        let root = |core_roots::AddedRoot { path, at, by }: &core_roots::AddedRoot| AddedRoot {
            path: path.as_os_str().as_bytes().to_vec(),
            at: *at,
            by: Actor::from_core(by),
        };
        Self(roots.iter().map(root).collect())
    }

    pub(super) fn into_core(self) -> Vec<core_roots::AddedRoot> {
        let root = |AddedRoot { path, at, by }: AddedRoot| core_roots::AddedRoot {
            path: PathBuf::from(OsString::from_vec(path)).into(),
            at,
            by: by.into_core(),
        };
        self.0.into_iter().map(root).collect()
    }
}
