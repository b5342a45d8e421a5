//! Room on the disks: bytes, and the inodes without which a disk is full at any size.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};
use vodpost_protocol::checkup::{Finding, Holds};

use crate::disk::reserve_bytes;

/// Of all inodes, so many should be free: a hundredth, and no more than this.
const INODES_RESERVE_MAX: u64 = 10_000;

/// Of a root on the disk of the state nothing new could be said.
pub(super) fn room_besides(root: &Path, state: &Path) -> Vec<Finding> {
    let device = |path| fs::metadata(path).ok().map(|meta: fs::Metadata| meta.dev());
    if device(root) == device(state) { Vec::new() } else { room(root, Holds::Library) }
}

pub(super) fn room(folder: &Path, holds: Holds) -> Vec<Finding> {
    // A folder that is not there is told of elsewhere.
    statvfs(folder).map(|disk| judge(&disk, folder, holds)).unwrap_or_default()
}

fn judge(disk: &StatVfs, folder: &Path, holds: Holds) -> Vec<Finding> {
    // Images and media that nothing can be written to are always full.
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Vec::new();
    }
    let path = || folder.to_string_lossy().into_owned();
    let mut findings = Vec::new();
    let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    let reserve_bytes = reserve_bytes(disk.f_blocks.saturating_mul(disk.f_frsize));
    if free_bytes < reserve_bytes {
        findings.push(Finding::SpaceShort { path: path(), holds, free_bytes, reserve_bytes });
    }
    // Some file systems have no fixed number of them and say 0.
    let limit = (disk.f_files / 100).min(INODES_RESERVE_MAX);
    if disk.f_favail < limit {
        findings.push(Finding::InodesShort { path: path(), holds, free: disk.f_favail, limit });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn disk(free_gib: u64, files: u64, free_files: u64) -> StatVfs {
        StatVfs {
            f_bsize: 1,
            f_frsize: GIB / 2,
            f_blocks: 200,
            f_bfree: 200,
            f_bavail: free_gib * 2,
            f_files: files,
            f_ffree: free_files,
            f_favail: free_files,
            f_fsid: 0,
            f_flag: StatVfsMountFlags::empty(),
            f_namemax: 255,
        }
    }

    #[test]
    fn a_disk_is_short_of_bytes_or_of_inodes_or_of_neither() {
        let judge = |disk: StatVfs| judge(&disk, Path::new("/d"), Holds::State);
        assert_eq!(judge(disk(1, 1000, 10)), []);
        // As on btrfs.
        assert_eq!(judge(disk(1, 0, 0)), []);
        let (path, holds) = ("/d".to_owned(), Holds::State);
        let short = Finding::SpaceShort { path: path.clone(), holds, free_bytes: 0, reserve_bytes: GIB };
        assert_eq!(judge(disk(0, 1000, 10)), [short]);
        let inodes = Finding::InodesShort { path, holds, free: 9, limit: 10 };
        assert_eq!(judge(disk(1, 1000, 9)), [inodes]);
        assert_eq!(judge(disk(1, 1 << 40, 10_000)), []);
        assert_eq!(judge(StatVfs { f_flag: StatVfsMountFlags::RDONLY, ..disk(0, 1000, 0) }), []);
    }
}
