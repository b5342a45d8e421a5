//! Bytes that are not in the page cache. `sendfile` would wait for the disk on a thread that serves everybody else; here such
//! bytes are noticed, and read by a thread that may wait. Where a file system cannot tell which bytes those are, that thread
//! hands over all of them in memory, without `sendfile`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};
use tokio::sync::{AcquireError, Semaphore};

use super::source::Source;

const CHUNK: usize = 64 * 1024;
/// Linux reads at least so much ahead unless it is told otherwise, so a hole in the cache is rarely smaller.
const STRIDE: u64 = 128 * 1024;
/// Threads that may wait for one disk at a time. A disk that hangs must not take the threads of the others, too.
const READERS_MAX: usize = 32;

/// Bytes whose presence is remembered together.
const BLOCK: u64 = 512 * 1024;
/// Blocks of a file that are remembered: those of its first 32 GiB.
const BLOCKS_MAX: u64 = 64 * 1024;

/// Which parts of a file were in the page cache during this second, so that asking the kernel once serves all viewers.
#[derive(Debug)]
pub(super) struct Warmth(Box<[AtomicU8]>);

impl Warmth {
    pub(super) fn of_file(len: u64) -> Self {
        let blocks = len.div_ceil(BLOCK).min(BLOCKS_MAX);
        Self((0..blocks).map(|_| AtomicU8::new(0)).collect())
    }

    fn block(&self, at: u64) -> Option<&AtomicU8> {
        usize::try_from(at / BLOCK).ok().and_then(|block| self.0.get(block))
    }

    /// How many of these bytes are in the page cache, from the first one on. The kernel is asked for the whole of each block
    /// that is not remembered.
    fn count(&self, file: &File, offset: u64, len: u64) -> u64 {
        let end = offset.saturating_add(len);
        let mut warm = offset;
        while warm < end && self.is_warm(file, warm / BLOCK * BLOCK) {
            warm = (warm / BLOCK + 1) * BLOCK;
        }
        warm.min(end) - offset
    }

    /// The block that starts there.
    fn is_warm(&self, file: &File, start: u64) -> bool {
        let block = self.block(start);
        if block.is_some_and(|block| block.load(Ordering::Relaxed) == this_second()) {
            return true;
        }
        let cached = is_cached(file, start, BLOCK);
        if let (true, Some(block)) = (cached, block) {
            block.store(this_second(), Ordering::Relaxed);
        }
        cached
    }
}

/// Never 0, which stands for never. A block that nobody asked for may be taken for a warm one once in 255 seconds, and
/// `sendfile` then waits as it does anywhere else.
fn this_second() -> u8 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u8::try_from(BEGAN.elapsed().as_secs() % 255).unwrap_or(0) + 1
}

/// The room for waiting, disk by disk.
#[derive(Debug, Default)]
pub(super) struct Disks(Mutex<HashMap<u64, Arc<Semaphore>>>);

impl Disks {
    /// That of the disk with this device number.
    pub(super) fn room(&self, device: u64) -> Arc<Semaphore> {
        let mut disks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !disks.contains_key(&device) {
            // Those that nobody reads from have nothing to remember.
            disks.retain(|_, room| Arc::strong_count(room) > 1);
        }
        Arc::clone(disks.entry(device).or_insert_with(|| Arc::new(Semaphore::new(READERS_MAX))))
    }
}

/// Does what may wait for a disk on a thread of its own. Whoever stops waiting for it leaves its room taken until it is done.
pub(super) async fn apart<T: Send + 'static>(
    room: Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let closed = |error: AcquireError| io::Error::other(error);
    let permit = room.acquire_owned().await.map_err(closed)?;
    let work = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

/// How the bytes of a file are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The kernel says whether bytes can be had at once.
    Asks,
    /// The file system cannot tell (NFS, CIFS, FUSE): everything about the file may wait, and is done by threads that may.
    Waits,
}

impl Reading {
    pub(super) fn of(file: &File) -> Self {
        match presence(file, 0) {
            Presence::Cached | Presence::Cold => Self::Asks,
            Presence::Unknown => Self::Waits,
        }
    }
}

/// Bytes of a file that may wait, read by a thread that may. `None` where the file has changed.
pub(super) async fn read(source: &Arc<Source>, offset: u64, len: u64) -> io::Result<Option<Vec<u8>>> {
    let room = Arc::clone(&source.disk);
    let source = Arc::clone(source);
    let read = move || {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(CHUNK).min(CHUNK)];
        let count = read_some(&source.file, &mut bytes, offset)?;
        bytes.truncate(count);
        // After they were read: the bytes are then those of this state.
        Ok(source.is_unchanged()?.then_some(bytes))
    };
    apart(room, read).await?
}

/// How many of these bytes can be had at once, as far as that can be told. Where the first of them cannot, they are waited for.
pub(super) async fn warmed(source: &Arc<Source>, offset: u64, len: u64) -> io::Result<u64> {
    let warm = source.warmth.count(&source.file, offset, len);
    if warm > 0 {
        return Ok(warm);
    }
    let len = len.min(BLOCK);
    // The rest of its block may be cold and not be wanted.
    if is_cached(&source.file, offset, len) {
        return Ok(len);
    }
    let room = Arc::clone(&source.disk);
    let source = Arc::clone(source);
    apart(room, move || read_through(&source.file, offset, len)).await??;
    Ok(len)
}

/// Whether the first, the last and some bytes in between are.
fn is_cached(file: &File, offset: u64, len: u64) -> bool {
    let Some(last) = len.checked_sub(1).map(|before| offset.saturating_add(before)) else { return true };
    let mut places = (0..).map_while(|step: u64| {
        let at = offset.saturating_add(step * STRIDE);
        (at < last).then_some(at)
    });
    // From the end: files are read from front to back.
    let is_there = |at| presence(file, at) == Presence::Cached;
    is_there(last) && places.all(is_there)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Cached,
    Cold,
    /// The file system cannot tell without waiting, or cannot read at all: which of them shows where it may wait.
    Unknown,
}

fn presence(file: &File, at: u64) -> Presence {
    let mut byte = [0];
    let mut buffers = [IoSliceMut::new(&mut byte)];
    match rustix::io::preadv2(file, &mut buffers, at, ReadWriteFlags::NOWAIT) {
        Ok(_count) => Presence::Cached,
        Err(Errno::AGAIN | Errno::INTR) => Presence::Cold,
        Err(_) => Presence::Unknown,
    }
}

fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn read_through(file: &File, mut offset: u64, len: u64) -> io::Result<()> {
    let end = offset.saturating_add(len);
    // The disk goes on with what will be wanted next while this is sent. Only a hint: without it, it is read when it is due.
    if let Err(error) = rustix::fs::fadvise(file, end, NonZeroU64::new(len), Advice::WillNeed) {
        tracing::debug!(%error, "the file system takes no hint");
    }
    let mut scratch = vec![0; CHUNK];
    while offset < end {
        let wanted = usize::try_from(end - offset).unwrap_or(CHUNK).min(CHUNK);
        match read_some(file, scratch.get_mut(..wanted).unwrap_or_default(), offset)? {
            // It shrank; `sendfile` will say so.
            0 => return Ok(()),
            read => offset += read as u64,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn reading_through_brings_bytes_into_the_cache() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 4 << 20]).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        read_through(&file, MIB, MIB).unwrap();
        assert!(is_cached(&file, MIB, MIB));
        read_through(&file, 4 * MIB, 10).unwrap();
        assert!(is_cached(&file, 5 * MIB, MIB), "beyond the end there is nothing to wait for");
        assert!(is_cached(&file, 0, 0), "nothing is always there");
    }

    #[test]
    fn blocks_that_were_there_are_remembered_for_a_second_at_most() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 4 << 20]).unwrap();
        let warmth = Warmth::of_file(4 * MIB);
        assert_eq!(warmth.count(&file, BLOCK - 1, 2), 2, "just written");
        let remembered = || warmth.0.iter().filter(|block| block.load(Ordering::Relaxed) != 0).count();
        assert_eq!(remembered(), 2, "those that were asked for");
        // Of a folder nothing is ever cached.
        let folder = File::open("/").unwrap();
        let (second, known) = (this_second(), warmth.count(&folder, 1, 3 * BLOCK));
        assert!(known == 2 * BLOCK - 1 || second != this_second(), "asked again: {known}");
        warmth.0[0].store(if second == 1 { 255 } else { second - 1 }, Ordering::Relaxed);
        assert_eq!(warmth.count(&folder, 0, 1), 0, "that was in another second");
        assert_eq!(
            Warmth::of_file(1 << 60).count(&file, 1 << 59, 1),
            1,
            "what is not remembered is asked for"
        );
    }

    #[tokio::test]
    async fn a_disk_that_hangs_takes_no_more_than_its_room() {
        let disks = Disks::default();
        // Whoever waits on the latch waits until it is dropped.
        let (latch, released) = std::sync::mpsc::channel::<()>();
        let (hanging, released) = (disks.room(1), Arc::new(Mutex::new(released)));
        let mut waiting = Vec::new();
        for _ in 0..READERS_MAX + 5 {
            let released = Arc::clone(&released);
            let work = move || released.lock().unwrap_or_else(PoisonError::into_inner).recv().is_err();
            waiting.push(Box::pin(apart(Arc::clone(&hanging), work)));
        }
        for reader in &mut waiting {
            assert!(polled_once(reader).await.is_none());
        }
        assert_eq!(hanging.available_permits(), 0);
        // Those who gave up waiting have not given back their room.
        waiting.truncate(5);
        assert_eq!(hanging.available_permits(), 0);
        apart(disks.room(2), || ()).await.unwrap();
        drop(latch);
        for reader in waiting {
            reader.await.unwrap();
        }
        let all = u32::try_from(READERS_MAX).unwrap();
        drop(hanging.acquire_many(all).await.unwrap());
    }

    /// Polls once.
    async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
