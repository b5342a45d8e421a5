//! Folders to videos: walks the roots, lets files settle, looks into what is new, and hands the whole to the engine.

pub mod examine;
pub mod settle;
pub mod trash;
pub mod walk;
pub mod watch;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch as latest};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::checkup::Unwatched;
use vodpost_protocol::status::ScanProgressView;
use vodpost_protocol::time::Timestamp;

use crate::core::input::{FoundFile, RootScan, Scan};
use crate::core::media::{FileIdentity, MediaInfo};
use crate::core::video::Unusable;
use crate::engine::EngineHandle;
use crate::media::{self, ProbeError, Tools};
use settle::Settling;
use walk::{Seen, Walked};
use watch::{Changes, Coverage, Watches};

/// How many files are looked into at the same time.
const PROBES_AT_ONCE: usize = 4;
/// So often the roots are walked at most because files moved meanwhile.
const WALKS_MAX: u32 = 4;
/// How often it is told how far a look is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Changes within this time are one burst.
const BURST: Duration = Duration::from_millis(200);

pub struct Options {
    /// Which folders there are; they may change between two looks.
    pub roots: latest::Receiver<Vec<Arc<Path>>>,
    pub settle: Duration,
    /// Zero: only when asked.
    pub rescan: Duration,
    pub trash_days: u64,
    /// Whether to hear of changes from the kernel.
    pub watch: bool,
    pub coverage: Arc<Coverage>,
}

/// Looks at the roots at start, when asked, when something changed, from time to time, and again soon where files had
/// not settled.
pub async fn run(
    options: Options,
    tools: Arc<Tools>,
    engine: EngineHandle,
    mut wanted: mpsc::Receiver<()>,
    shutdown: CancellationToken,
) {
    let (mut watches, mut changes) = watches(&options);
    let options = Arc::new(options);
    let mut settling = Settling::new(options.settle);
    let mut roots = options.roots.borrow().clone();
    loop {
        let began = Instant::now();
        let before = std::mem::replace(&mut roots, options.roots.borrow().clone());
        if before.iter().any(|root| !roots.contains(root)) {
            // Nobody wants to be woken up by what happens in a folder that was taken out of the library.
            (watches, changes) = self::watches(&options);
            options.coverage.keep(&roots);
        }
        let again = tokio::select! {
            () = shutdown.cancelled() => return,
            again = scan(&options, &roots, &tools, &engine, &watches, &mut settling) => again,
        };
        let took = began.elapsed();
        let next = match (again, options.rescan) {
            (Some(again), _) => Some(again),
            (None, Duration::ZERO) => None,
            (None, rescan) => Some(rescan),
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            asked = wanted.recv() => if asked.is_none() { return },
            () = sleep_or_wait(next) => {}
            () = changed(&mut changes) => tokio::select! {
                () = shutdown.cancelled() => return,
                asked = wanted.recv() => if asked.is_none() { return },
                // A burst is one look, and looking takes a small part of the time whatever the size of the library.
                () = tokio::time::sleep(BURST.max(took * 4)) => {}
            },
        }
    }
}

fn watches(options: &Options) -> (Option<Watches>, Option<Changes>) {
    if !options.watch {
        return (None, None);
    }
    match watch::start() {
        Ok((watches, changes)) => (Some(watches), Some(changes)),
        Err(error) => {
            tracing::warn!(%error, "folders cannot be watched; changes are found by the periodic look");
            (None, None)
        }
    }
}

/// Waits for a change; for ever where none is told.
async fn changed(changes: &mut Option<Changes>) {
    let failed = match changes {
        Some(watched) => watched.wait().await.err(),
        None => std::future::pending().await,
    };
    if let Some(error) = failed {
        tracing::warn!(%error, "folders are not watched any more; changes are found by the periodic look");
        *changes = None;
    }
}

async fn sleep_or_wait(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// One look. Returns after how long files that are still settling want another.
async fn scan(
    options: &Arc<Options>,
    roots: &[Arc<Path>],
    tools: &Arc<Tools>,
    engine: &EngineHandle,
    watches: &Option<Watches>,
    settling: &mut Settling,
) -> Option<Duration> {
    engine.scan_begins().await;
    let began_at = Timestamp::from_system(SystemTime::now());
    let walked = {
        let (options, roots, watches) = (Arc::clone(options), roots.to_vec(), watches.clone());
        tokio::task::spawn_blocking(move || walk_all(&options, &roots, watches.as_ref())).await
    };
    let Ok(walked) = walked else {
        tracing::error!("the library could not be walked");
        return None;
    };
    let (roots, again) = settling.sift(walked);
    let listing: Vec<(Arc<Path>, FoundFile)> = roots
        .iter()
        .filter_map(|scan| Some((&scan.root, scan.found.as_ref().ok()?)))
        .flat_map(|(root, found)| found.files.iter().map(|file| (root.clone(), file.clone())))
        .collect();
    let files = listing.len();
    let unknown = engine.unknown_files(listing).await?;
    let probed = probe_all(unknown, tools, &Progress::of(engine, files)).await;
    engine.scanned(Scan { began_at, roots, probed }).await;
    again
}

/// Files that move from folder to folder meanwhile would be seen twice, as two videos; then it is walked again.
fn walk_all(options: &Options, roots: &[Arc<Path>], watches: Option<&Watches>) -> Vec<RootScan> {
    let mut walks = 0;
    loop {
        let mut seen = Seen::default();
        let walked: Vec<Walked> =
            roots.iter().map(|root| walk_root(root, options, watches, &mut seen)).collect();
        walks += 1;
        if !seen.has_moved() || walks == WALKS_MAX {
            for Walked { scan, trashes } in &walked {
                trashes.iter().for_each(|folder| trash::purge(&scan.root.join(folder), options.trash_days));
            }
            return walked.into_iter().map(|walked| walked.scan).collect();
        }
    }
}

fn walk_root(root: &Arc<Path>, options: &Options, watches: Option<&Watches>, seen: &mut Seen) -> Walked {
    let unwatched = RefCell::new(match watches {
        Some(_) => None,
        None if options.watch => Some(Unwatched::NoInstances),
        None => Some(Unwatched::Off),
    });
    let enter = |folder: &Path| {
        if let Some(Err(reason)) = watches.map(|watches| watches.add(folder)) {
            unwatched.borrow_mut().get_or_insert(reason);
        }
    };
    let walked = walk::walk(root, &enter, seen);
    options.coverage.set(root, unwatched.into_inner());
    walked
}

type Probed = HashMap<FileIdentity, Result<MediaInfo, Unusable>>;

/// How far a look is, for those who wait for it.
struct Progress<'a> {
    engine: &'a EngineHandle,
    files: u64,
}

impl<'a> Progress<'a> {
    fn of(engine: &'a EngineHandle, files: usize) -> Self {
        Self { engine, files: files as u64 }
    }

    fn tell(&self, examined: usize, unknown: usize) {
        let (examined, unknown) = (examined as u64, unknown as u64);
        self.engine.scan_advances(ScanProgressView { files: self.files, unknown, examined });
    }
}

async fn probe_all(
    files: Vec<(Arc<Path>, FoundFile)>,
    tools: &Arc<Tools>,
    progress: &Progress<'_>,
) -> Probed {
    let unknown = files.len();
    let mut probed = HashMap::with_capacity(unknown);
    let mut told = Instant::now();
    if unknown > 0 {
        progress.tell(0, unknown);
    }
    let mut running = tokio::task::JoinSet::new();
    let mut files = files.into_iter();
    loop {
        while running.len() < PROBES_AT_ONCE
            && let Some((root, file)) = files.next()
        {
            let tools = Arc::clone(tools);
            running.spawn_blocking(move || {
                let path = root.join(&file.folder).join(&file.name);
                (file.identity, probe(&path, file.identity, &tools))
            });
        }
        match running.join_next().await {
            Some(Ok((identity, media))) => {
                probed.insert(identity, media);
                if told.elapsed() >= TELL_EVERY {
                    told = Instant::now();
                    progress.tell(probed.len(), unknown);
                }
            }
            Some(Err(error)) => tracing::error!(%error, "a file could not be looked into"),
            None => return probed,
        }
    }
}

fn probe(path: &Path, seen: FileIdentity, tools: &Tools) -> Result<MediaInfo, Unusable> {
    match media::probe(path, tools) {
        Ok(found) if found.identity == seen => Ok(found.info),
        Ok(_) => Err(Unusable { reason: "it changed while it was looked at".to_owned(), look_again: true }),
        Err(error) => {
            tracing::debug!(path = %path.display(), error = %crate::error::chain(&error), "unusable file");
            Err(Unusable { reason: error.to_string(), look_again: may_pass(&error) })
        }
    }
}

/// Whether the same file may be usable later, though nothing of it changes.
fn may_pass(error: &ProbeError) -> bool {
    match error {
        ProbeError::FfprobeMissing
        | ProbeError::Guard(_)
        | ProbeError::Changing
        | ProbeError::TimedOut(_)
        | ProbeError::Io(_) => true,
        ProbeError::Empty
        | ProbeError::NotRegular
        | ProbeError::IndexMissing
        | ProbeError::Truncated { .. }
        | ProbeError::Damaged(_)
        | ProbeError::IndexTooLarge
        | ProbeError::IndexTwice
        | ProbeError::NotMedia
        | ProbeError::NoVideo
        | ProbeError::ExternalReference
        | ProbeError::Ffprobe(_) => false,
    }
}
