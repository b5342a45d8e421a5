//! How much of a disk conversions may fill. The queue, which sets room aside, and the guard, which limits what a tool may
//! write, both ask here: what the one lets begin the other does not end for lack of room.

use std::io;
use std::path::Path;

/// So much of a disk, or a twentieth if that is less, is left to everything else: the daemon's own state first of all.
const RESERVE_BYTES: u64 = 1 << 30;

/// How much may still be written to the disk that this path is on.
///
/// # Errors
/// When the path is not there, or the disk does not answer.
pub fn room_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Ok(beyond_reserve(bytes(disk.f_blocks), bytes(disk.f_bavail)))
}

fn beyond_reserve(size: u64, free: u64) -> u64 {
    free.saturating_sub(reserve_bytes(size))
}

/// What is always left free on a disk of this size.
#[must_use]
pub fn reserve_bytes(size: u64) -> u64 {
    RESERVE_BYTES.min(size / 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_each_disk_stays_free() {
        const GIB: u64 = 1 << 30;
        assert_eq!(beyond_reserve(100 * GIB, 3 * GIB), 2 * GIB);
        assert_eq!(beyond_reserve(100 * GIB, GIB / 2), 0, "no job may begin that would be ended at once");
        assert_eq!(beyond_reserve(2 * GIB, GIB), GIB - GIB / 10);
        assert!(room_bytes(Path::new("/")).is_ok());
        assert!(room_bytes(Path::new("/nonexistent")).is_err());
    }
}
