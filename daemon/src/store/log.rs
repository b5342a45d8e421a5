//! The commit log: one record per commit, appended and synced before anything else knows of it.
//!
//! Every daemon begins a segment of its own with the last commit written anew, because it cannot know whether that one
//! reached the disk or only the page cache. After a failed write or sync the segment is given up at once: what the page
//! cache holds of it is unknown, and syncing it again would report success for bytes that are lost. The next segment
//! begins with the number of the commit that failed, which takes that commit back for good, and no change is accepted
//! until it is on disk. After a failed sync a new snapshot is wanted too, which holds everything once more in a new file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Disk, DiskFile};
use super::error::StoreError;
use super::record::Write;
use super::segment::{self, MAGIC};

pub(super) struct Log {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// Whether the folder itself, and what was removed beside it, is known to be on disk.
    is_anchored: bool,
    /// The segments before the current one, oldest first.
    sealed: Vec<Sealed>,
    /// `None` after a failure, until a new one could be begun.
    current: Option<Current>,
    /// Segments whose commits are all in the snapshot.
    obsolete: Vec<PathBuf>,
    last_seq: u64,
    /// The last commit, as long as it is not known to be on disk: what the next segment begins with.
    unsure: Vec<u8>,
    /// A sync failed since the last snapshot.
    suspect: bool,
}

/// A part of the log that no longer changes.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    pub(super) path: PathBuf,
    pub(super) first: u64,
    pub(super) last: u64,
    len: u64,
}

struct Current {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    first: u64,
    len: u64,
}

/// What only the beginning of the new segment needs to know.
pub(super) struct Unfinished {
    /// The last commit once more; empty where it is known to be on disk.
    last_record: Vec<u8>,
    /// The file in which an append was not finished.
    pub(super) torn: Option<PathBuf>,
}

impl Log {
    /// Begins the log of a new state, or of one that a backup is restored to.
    pub(super) fn create(disk: Arc<dyn Disk>, folder: &Path, base: u64) -> Result<Self, StoreError> {
        let mut log = Self::empty(disk, folder, base);
        log.begin(base + 1, &[])?;
        Ok(log)
    }

    fn empty(disk: Arc<dyn Disk>, folder: &Path, base: u64) -> Self {
        Self {
            disk,
            folder: folder.to_owned(),
            is_anchored: false,
            sealed: Vec::new(),
            current: None,
            obsolete: Vec::new(),
            last_seq: base,
            unsure: Vec::new(),
            suspect: false,
        }
    }

    /// Reads the log whose commits follow after `base`, the commit of the snapshot. `None` where there is no log. Nothing
    /// is changed; [`Log::resume`] has to follow.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        base: u64,
    ) -> Result<Option<(Self, Unfinished)>, StoreError> {
        let found = segment::list(&*disk, folder)?;
        let Some((oldest, _)) = found.first() else { return Ok(None) };
        if *oldest > base + 1 {
            return Err(StoreError::LogGap { folder: folder.to_owned(), from: base + 1, to: oldest - 1 });
        }
        let mut log = Self::empty(disk, folder, base);
        let mut unfinished = Unfinished { last_record: Vec::new(), torn: None };
        for (at, (first, path)) in found.iter().enumerate() {
            let end = found.get(at + 1).map(|(next, _)| *next);
            if end.is_some_and(|end| end <= base + 1) {
                log.obsolete.push(path.clone());
                continue;
            }
            let bytes = log.disk.read(path).map_err(|source| StoreError::io("read", path, source))?;
            let checked = segment::check(path, &bytes, *first, end)?;
            if checked.torn {
                unfinished.torn = Some(path.clone());
            }
            if checked.last >= *first {
                let (path, last, len) = (path.clone(), checked.last, checked.len);
                log.sealed.push(Sealed { path, first: *first, last, len });
            }
            // A segment is begun only after the commit before it was synced. So an empty one at the end says that the
            // last commit is on disk, and nothing may be written before it, where it would not count.
            unfinished.last_record = checked.last_record;
            log.last_seq = checked.last;
        }
        Ok(Some((log, unfinished)))
    }

    /// Makes sure that the last commit is on disk, and takes back what an unfinished append left.
    pub(super) fn resume(&mut self, unfinished: &Unfinished) -> Result<(), StoreError> {
        self.unsure.clone_from(&unfinished.last_record);
        self.reopen()
    }

    /// Begins a new segment where there is none that can be written to: at the start, and after a failure.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        if self.current.is_some() {
            return Ok(());
        }
        let record = std::mem::take(&mut self.unsure);
        let first = if record.is_empty() { self.last_seq + 1 } else { self.last_seq };
        let begun = self.begin(first, &record);
        if begun.is_err() {
            self.unsure = record;
        }
        begun
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Bytes that a start would have to read.
    pub(super) fn bytes(&self) -> u64 {
        let sealed: u64 = self.sealed.iter().map(|segment| segment.len).sum();
        sealed + self.current.as_ref().map_or(0, |current| current.len)
    }

    pub(super) fn files(&self) -> usize {
        self.sealed.len()
    }

    pub(super) fn has_obsolete(&self) -> bool {
        !self.obsolete.is_empty()
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// Whether the last failure, if any, is behind us: what was refused cannot come back.
    pub(super) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// Appends one commit and waits until it is on disk.
    pub(super) fn append(&mut self, writes: &[Write]) -> Result<u64, StoreError> {
        let seq = self.last_seq + 1;
        let bytes = segment::encode(seq, writes)?;
        self.reopen()?;
        let Some(current) = &mut self.current else { return Err(StoreError::Closed) };
        let written = current.file.write_at(&bytes, current.len);
        let synced = written.and_then(|()| current.file.sync().inspect_err(|_failed| self.suspect = true));
        match synced {
            Ok(()) => {
                current.len += bytes.len() as u64;
                self.last_seq = seq;
                Ok(seq)
            }
            Err(source) => Err(self.give_up(source)),
        }
    }

    /// Gives up the current segment and tries to begin another, so that the refused commit cannot come back.
    fn give_up(&mut self, source: io::Error) -> StoreError {
        let path = self.current.as_ref().map_or_else(|| self.folder.clone(), |current| current.path.clone());
        self.seal();
        if let Err(error) = self.begin(self.last_seq + 1, &[]) {
            tracing::warn!(
                error = crate::error::chain(&error),
                "no new file of the commit log can be begun yet"
            );
        }
        StoreError::io("write to", &path, source)
    }

    fn seal(&mut self) {
        if let Some(Current { path, first, len, .. }) = self.current.take()
            && first <= self.last_seq
        {
            self.sealed.push(Sealed { path, first, last: self.last_seq, len });
        }
    }

    /// Begins a new segment, which from then on is the truth for everything from `first` on.
    fn begin(&mut self, first: u64, records: &[u8]) -> Result<(), StoreError> {
        if !self.is_anchored {
            disk::make_folder(&*self.disk, &self.folder)?;
            self.is_anchored = true;
        }
        let path = segment::path(&self.folder, first);
        let bytes = [&MAGIC, records].concat();
        let file = disk::replace(&*self.disk, &path, &self.folder.join("unfinished"), &bytes)?;
        if let Some(before) = self.sealed.last_mut()
            && before.last >= first
        {
            before.last = first - 1;
        }
        self.sealed.retain(|segment| segment.first <= segment.last);
        self.current = Some(Current { path, file, first, len: bytes.len() as u64 });
        Ok(())
    }

    /// Begins a new segment, so that everything up to the last commit no longer changes.
    pub(super) fn rotate(&mut self) -> Result<(), StoreError> {
        if self.current.as_ref().is_some_and(|current| current.first > self.last_seq) {
            return Ok(());
        }
        self.seal();
        self.begin(self.last_seq + 1, &[])
    }

    /// Everything up to the last commit. The last part may still grow, behind that commit.
    pub(super) fn parts(&self) -> Vec<Sealed> {
        let mut parts = self.sealed.clone();
        if let Some(Current { path, first, len, .. }) = &self.current
            && *first <= self.last_seq
        {
            parts.push(Sealed { path: path.clone(), first: *first, last: self.last_seq, len: *len });
        }
        parts
    }

    /// Removes what a verified snapshot has made superfluous. What cannot be removed now is harmless.
    pub(super) fn cut(&mut self, base: u64) {
        let (superfluous, kept) = std::mem::take(&mut self.sealed)
            .into_iter()
            .partition::<Vec<_>, _>(|segment| segment.last <= base);
        self.sealed = kept;
        self.suspect = false;
        self.obsolete.extend(superfluous.into_iter().map(|segment| segment.path));
        self.obsolete.retain(|path| match self.disk.remove(path) {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "an old part of the commit log cannot be removed");
                true
            }
        });
    }
}
