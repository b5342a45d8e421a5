//! L2: a file that is still being written is not looked at until it has settled.
//!
//! Settled means: not modified within the last `settle`, or seen unchanged for that long (which covers clocks that
//! disagree and times in the future).

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::core::input::{Found, FoundFile, RootScan};
use crate::core::media::FileIdentity;

pub struct Settling {
    settle: Duration,
    /// Files that had not settled at the last look, with the moment from which they have been as they are.
    seen: HashMap<FileIdentity, Instant>,
}

impl Settling {
    #[must_use]
    pub fn new(settle: Duration) -> Self {
        Self { settle, seen: HashMap::new() }
    }

    /// Takes unsettled files out. Returns after how long the next of them may have settled.
    pub fn sift(&mut self, walked: Vec<RootScan>) -> (Vec<RootScan>, Option<Duration>) {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let before = std::mem::take(&mut self.seen);
        let sifted = walked
            .into_iter()
            .map(|scan| RootScan {
                root: scan.root,
                found: scan.found.map(|found| self.sift_root(found, &before, now, wall)),
            })
            .collect();
        let again = self.seen.values().map(|since| self.settle.saturating_sub(now - *since)).min();
        // A little later than exactly then, so that one look is enough.
        (sifted, again.map(|span| span + Duration::from_millis(20)))
    }

    fn sift_root(
        &mut self,
        found: Found,
        before: &HashMap<FileIdentity, Instant>,
        now: Instant,
        wall: SystemTime,
    ) -> Found {
        let Found { files, mut settling, unreadable, devices } = found;
        let mut settled: Vec<FoundFile> = Vec::with_capacity(files.len());
        for file in files {
            let since = before.get(&file.identity).copied().unwrap_or(now);
            if self.is_old(&file, wall) || now - since >= self.settle {
                settled.push(file);
            } else {
                self.seen.insert(file.identity, since);
                settling.push((file.folder.to_path_buf(), file.base.to_os_string()));
            }
        }
        Found { files: settled, settling, unreadable, devices }
    }

    fn is_old(&self, file: &FoundFile, wall: SystemTime) -> bool {
        let Ok(mtime_ns) = u64::try_from(file.identity.mtime_ns) else { return true };
        let modified = UNIX_EPOCH + Duration::from_nanos(mtime_ns);
        wall.duration_since(modified).is_ok_and(|age| age >= self.settle)
    }
}
