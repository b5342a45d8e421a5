//! S1 and S3 on a disk that fails, loses power and forgets, at every single operation of a life with commits, snapshots,
//! restarts and catching up: what was acknowledged is there, what was refused is not, and nothing is there by half.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::super::backup::restore_on;
use super::super::{Store, StoreError};
use super::open_ready_on;
use super::picture::Picture;
use super::sim::{Plan, ROOT, SimDisk, Survives};

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Commit,
    Flush,
    Compact,
    /// Ends in order and opens again.
    Restart,
    /// Ends without a word and opens again.
    Kill,
}

const LIFE: &[Step] = &[
    Step::Commit,
    Step::Commit,
    Step::Flush,
    Step::Commit,
    Step::Kill,
    Step::Commit,
    Step::Compact,
    Step::Commit,
    Step::Commit,
    Step::Restart,
    Step::Restart,
    Step::Commit,
    Step::Compact,
    Step::Kill,
    Step::Commit,
    Step::Flush,
    Step::Commit,
];

/// A daemon's store with what the outside knows of it.
pub(super) struct Life {
    pub(super) disk: SimDisk,
    pub(super) store: Option<Store>,
    pub(super) acknowledged: Picture,
    /// The state with a commit of unknown outcome.
    unknown: Option<Picture>,
}

impl Life {
    pub(super) fn begin(plan: Plan) -> Self {
        let disk = SimDisk::new();
        disk.plan(plan);
        let mut life = Self { disk, store: None, acknowledged: Picture::default(), unknown: None };
        life.open();
        life
    }

    /// Opens the state and compares. A disk that fails may refuse, but once it works it must open.
    pub(super) fn open(&mut self) {
        let mut opened = open_ready_on(Arc::new(self.disk.clone()), Path::new(ROOT));
        if opened.is_err() {
            if self.disk.is_dead() {
                return;
            }
            self.disk.plan(Plan::default());
            opened = open_ready_on(Arc::new(self.disk.clone()), Path::new(ROOT));
        }
        let (store, loaded) = match opened {
            Ok(opened) => opened,
            Err(_) if self.disk.is_dead() => return,
            Err(error) => panic!("it must open: {error}\n{}", self.disk.describe()),
        };
        if self.disk.is_dead() {
            return;
        }
        let found = Picture::of(&loaded.state);
        if found == self.acknowledged {
            self.unknown = None;
        } else {
            let before = std::mem::replace(&mut self.acknowledged, found);
            let unknown = self.unknown.take();
            assert_eq!(unknown.as_ref(), Some(&self.acknowledged), "{before:?}\n{}", self.disk.describe());
            // Found whole, but the disk did not let it be written once more: another power loss may take it.
            self.unknown = (!store.log.is_open()).then_some(before);
        }
        self.store = Some(store);
        self.compare_events();
    }

    fn compare_events(&mut self) {
        let Some(store) = &mut self.store else { return };
        let Ok(events) = store.events(0, usize::MAX) else {
            // Only a disk that fails at this moment may refuse.
            return;
        };
        let found: Vec<u64> = events.iter().map(|event| event.seq).collect();
        let Picture { oldest_seq, last_seq, .. } = self.acknowledged;
        let expected: Vec<u64> = (oldest_seq.max(1)..=last_seq).collect();
        assert_eq!(found, expected);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Commit => self.commit(),
            Step::Flush => self.with(|store| {
                store.flush();
                drop(store.wait_for_table());
            }),
            Step::Compact => self.with(|store| drop(store.compact())),
            Step::Restart => {
                if let Some(mut store) = self.store.take() {
                    store.close();
                }
                self.open();
            }
            Step::Kill => {
                self.store = None;
                self.open();
            }
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Store)) {
        if let Some(store) = &mut self.store {
            act(store);
        }
    }

    fn commit(&mut self) {
        let Some(store) = &mut self.store else { return };
        let changes = self.acknowledged.next();
        let after = self.acknowledged.after(&changes);
        match store.commit(&changes) {
            Ok(()) => {
                self.acknowledged = after;
                self.unknown = None;
                // Power may go before the table has followed; it was acknowledged all the same.
                store.follow();
            }
            Err(_) if store.log.is_open() => self.unknown = None,
            // A disk that refuses even to be told so.
            Err(_) => self.unknown = Some(after),
        }
    }

    pub(super) fn live(&mut self, steps: &[Step]) {
        for step in steps {
            if self.disk.is_dead() {
                return;
            }
            self.take(*step);
        }
    }

    /// The daemon ends here; what comes back must be what was acknowledged.
    fn end(&mut self, survives: Survives) {
        self.store = None;
        self.disk.after(survives);
        self.open();
        assert!(self.store.is_some(), "it must open");
    }
}

fn operations() -> u64 {
    let mut life = Life::begin(Plan::default());
    life.live(LIFE);
    let done = life.disk.done();
    assert!(done > 100, "{done} operations are no life");
    done
}

const WAYS: [Survives; 9] = [
    Survives::Everything,
    Survives::Synced,
    Survives::Names,
    Survives::Contents,
    Survives::Any(1),
    Survives::Any(2),
    Survives::Any(3),
    Survives::Any(4),
    Survives::Any(5),
];

/// Mixes the number of a case into a seed.
fn vary(way: Survives, case: u64) -> Survives {
    match way {
        Survives::Any(seed) => Survives::Any(seed * 1_000_003 + case),
        other => other,
    }
}

#[test]
fn s1_power_may_go_at_every_operation() {
    for at in 0..operations() {
        for way in WAYS {
            let mut life = Life::begin(Plan { die_at: Some(at), fail: None });
            life.live(LIFE);
            life.end(vary(way, at));
            life.live(&[Step::Commit, Step::Commit, Step::Compact, Step::Commit]);
            assert_eq!(life.unknown, None);
            life.end(Survives::Synced);
        }
    }
}

#[test]
fn s1_power_may_go_again_at_every_operation_of_the_start_after() {
    for at in 0..operations() {
        for again in 0..40 {
            let mut life = Life::begin(Plan { die_at: Some(at), fail: None });
            life.live(LIFE);
            life.store = None;
            let way = WAYS[usize::try_from((at + again) % 9).unwrap()];
            life.disk.after(vary(way, at));
            life.disk.plan(Plan { die_at: Some(life.disk.done() + again), fail: None });
            life.open();
            if !life.disk.is_dead() {
                break;
            }
            let way = WAYS[usize::try_from((at + again + at / 9) % 9).unwrap()];
            life.end(vary(way, again));
            life.live(&[Step::Commit]);
            life.end(Survives::Synced);
        }
    }
}

#[test]
fn s1_every_operation_may_fail_and_the_next_ones_too() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::ReadOnlyFilesystem] {
        for count in [1, 2, 5, 30] {
            for at in 0..operations() {
                let mut life = Life::begin(Plan { fail: Some((at, at + count, kind)), die_at: None });
                life.live(LIFE);
                life.disk.plan(Plan::default());
                // Without a restart.
                life.live(&[Step::Commit, Step::Flush, Step::Commit]);
                assert_eq!(life.unknown, None, "a disk that works again takes changes again");
                life.compare_events();
                life.end(if at.is_multiple_of(2) { Survives::Synced } else { vary(Survives::Any(1), at) });
            }
        }
    }
}

#[test]
fn s1_power_may_go_soon_after_a_failure() {
    for at in 0..operations() {
        for later in 1..24 {
            let fail = Some((at, at + 1 + later % 4, ErrorKind::Other));
            let mut life = Life::begin(Plan { fail, die_at: Some(at + later) });
            life.live(LIFE);
            let way = WAYS[usize::try_from((at + later) % 9).unwrap()];
            life.end(vary(way, at));
            life.live(&[Step::Commit, Step::Kill]);
            life.end(Survives::Synced);
        }
    }
}

#[test]
fn s1_the_test_notices_a_log_that_is_not_synced() {
    // The disk reports success for every sync of a file and does nothing, as if the call were not there.
    let mut life = Life::begin(Plan::default());
    life.disk.forget_syncs();
    life.live(&[Step::Commit, Step::Commit]);
    let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| life.end(Survives::Synced)));
    assert!(lost.is_err());
}

#[test]
fn s1_a_refused_commit_does_not_come_back_once_the_disk_took_a_new_file() {
    // The write, and the sync after it.
    for operation in 0..2 {
        for way in WAYS {
            let mut life = Life::begin(Plan::default());
            life.live(&[Step::Commit]);
            let at = life.disk.done() + operation;
            life.disk.plan(Plan { fail: Some((at, at + 1, ErrorKind::Other)), die_at: None });
            let kept = life.acknowledged.clone();
            life.live(&[Step::Commit]);
            assert_eq!(
                (&life.acknowledged, &life.unknown),
                (&kept, &None),
                "refused, and taken back at once"
            );
            life.end(way);
        }
    }
}

const BACKUP: &str = "/state/backup";
const KEY: &str = "/state/account.key";

/// A life with something to back up.
fn to_back_up() -> Life {
    let mut life = Life::begin(Plan::default());
    life.live(&[Step::Commit, Step::Commit, Step::Compact, Step::Commit]);
    life.disk.put(Path::new(KEY), b"key");
    life
}

fn back_up(life: &Life) -> Result<(), StoreError> {
    let job = life.store.as_ref().unwrap().begin_backup();
    job.write(Path::new(BACKUP), Path::new(KEY), Arc::default()).map(|_made| ())
}

fn restored(disk: &SimDisk) -> Result<(), StoreError> {
    let disk = Arc::new(disk.clone());
    restore_on(disk, Path::new(BACKUP), Path::new(ROOT), Path::new(KEY)).map(|_restored| ())
}

/// An empty disk with a backup on it.
fn with_backup(bytes: &[u8]) -> SimDisk {
    let disk = SimDisk::new();
    disk.put(Path::new(BACKUP), bytes);
    disk
}

/// Opens what was restored and lives on.
fn expect_restored(disk: SimDisk, acknowledged: &Picture) {
    let mut life = Life { disk, store: None, acknowledged: acknowledged.clone(), unknown: None };
    life.open();
    life.live(&[Step::Commit, Step::Kill]);
    life.end(Survives::Synced);
}

#[test]
fn s3_an_interrupted_backup_is_whole_or_none() {
    for at in 0.. {
        let life = to_back_up();
        life.disk.plan(Plan { die_at: Some(life.disk.done() + at), fail: None });
        let made = back_up(&life);
        assert_eq!(made.is_ok(), !life.disk.is_dead());
        life.disk.after(WAYS[usize::try_from(at % 9).unwrap()]);
        let found = life.disk.files().remove(Path::new(BACKUP));
        assert!(made.is_err() || found.is_some());
        if let Some(bytes) = found {
            let disk = with_backup(&bytes);
            restored(&disk).unwrap();
            expect_restored(disk, &life.acknowledged);
        }
        if made.is_ok() {
            return;
        }
    }
}

#[test]
fn s3_an_interrupted_restore_says_so_and_can_be_run_again() {
    let life = to_back_up();
    back_up(&life).unwrap();
    let backup = life.disk.files().remove(Path::new(BACKUP)).unwrap();
    for case in 0.. {
        let disk = with_backup(&backup);
        disk.plan(Plan { die_at: Some(case / 9), fail: None });
        let done = restored(&disk);
        disk.after(vary(WAYS[usize::try_from(case % 9).unwrap()], case));
        // Ended before anything was there, it is a new folder still.
        let begun =
            disk.files().keys().any(|path| !path.ends_with("backup") && !path.ends_with("restoring.new"));
        match open_ready_on(Arc::new(disk.clone()), Path::new(ROOT)) {
            Ok((_, loaded)) if begun => assert_eq!(Picture::of(&loaded.state), life.acknowledged),
            Ok((_, loaded)) => assert!(done.is_err() && loaded.state.last_seq() == 0),
            Err(StoreError::RestoreUnfinished { .. }) => restored(&disk).unwrap(),
            Err(error) => panic!("{case}: {error}\n{}", disk.describe()),
        }
        if begun {
            expect_restored(disk, &life.acknowledged);
        }
        if done.is_ok() && case % 9 == 8 {
            return;
        }
    }
}

#[test]
fn a_refusal_names_what_the_disk_said() {
    let mut life = Life::begin(Plan::default());
    life.live(&[Step::Commit]);
    let from = life.disk.done();
    life.disk.plan(Plan { fail: Some((from, u64::MAX, ErrorKind::StorageFull)), die_at: None });
    let changes = life.acknowledged.next();
    let refused = life.store.as_mut().unwrap().commit(&changes).unwrap_err();
    assert!(matches!(&refused, StoreError::Io { source, .. } if source.kind() == ErrorKind::StorageFull));
}
