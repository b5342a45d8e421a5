//! Bytes that are not in the page cache. `sendfile` would wait for the disk on a thread that serves everybody else; here such
//! a slice is noticed, and read by a thread that may wait.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::io::{Errno, ReadWriteFlags};

use super::source::Source;

const CHUNK: usize = 64 * 1024;

/// Returns when these bytes are in the page cache, as far as that can be told.
pub(super) async fn warmed(source: &Arc<Source>, offset: u64, len: u64) -> io::Result<()> {
    let Some(last) = len.checked_sub(1).and_then(|len| offset.checked_add(len)) else { return Ok(()) };
    // Files are read ahead from front to back: with the last byte there, the others are.
    if is_cached(&source.file, last) {
        return Ok(());
    }
    let source = Arc::clone(source);
    tokio::task::spawn_blocking(move || read_through(&source.file, offset, len))
        .await
        .map_err(io::Error::other)?
}

/// Where the file system cannot tell without waiting, the answer is yes, and `sendfile` waits as it does anywhere else.
fn is_cached(file: &File, at: u64) -> bool {
    let mut byte = [0];
    let mut buffers = [IoSliceMut::new(&mut byte)];
    rustix::io::preadv2(file, &mut buffers, at, ReadWriteFlags::NOWAIT) != Err(Errno::AGAIN)
}

fn read_through(file: &File, mut offset: u64, mut len: u64) -> io::Result<()> {
    let mut scratch = vec![0; CHUNK];
    while len > 0 {
        let wanted = usize::try_from(len).unwrap_or(CHUNK).min(CHUNK);
        match file.read_at(scratch.get_mut(..wanted).unwrap_or_default(), offset) {
            // It shrank; `sendfile` will say so.
            Ok(0) => return Ok(()),
            Ok(read) => {
                offset += read as u64;
                len -= read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rustix::fs::Advice;

    use super::*;

    #[test]
    fn reading_through_brings_bytes_into_the_cache() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 4 << 20]).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        read_through(&file, 1 << 20, 1 << 20).unwrap();
        assert!(is_cached(&file, (2 << 20) - 1));
        read_through(&file, 4 << 20, 10).unwrap();
        assert!(is_cached(&file, 5 << 20), "beyond the end there is nothing to wait for");
    }
}
