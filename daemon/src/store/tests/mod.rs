//! The store on real folders: what comes back after every kind of end, and what is refused.

mod damage;
mod every_kind;
mod frozen;
mod picture;
mod power;
mod sim;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::background::{Background, Stop};
use super::disk::{Disk, System};
use super::{Loaded, Store, StoreError};
use crate::core::actor::Actor;
use crate::core::event::{Event, Subject};
use crate::core::posting::Posting;
use crate::core::state::Change;

impl Store {
    /// A snapshot and the cut behind it, at once.
    fn compact(&mut self) -> Result<(), StoreError> {
        let written = self.begin_compaction()?.run(Stop::default())?;
        self.settle(Ok(written));
        Ok(())
    }

    /// Waits until the state table is ready, and returns what had to be mended.
    fn wait_for_table(&mut self) -> Vec<String> {
        let Some(preparing) = self.preparing.take() else { return Vec::new() };
        let prepared = preparing.join();
        let notices = prepared.as_ref().map(|prepared| prepared.notices.clone());
        self.take_table(prepared);
        notices.unwrap_or_default()
    }
}

/// Opens the state and waits for its table.
fn open_ready(folder: &Path) -> Result<(Store, Loaded), StoreError> {
    open_ready_on(Arc::new(System), folder)
}

fn open_ready_on(disk: Arc<dyn Disk>, folder: &Path) -> Result<(Store, Loaded), StoreError> {
    let (mut store, mut loaded) = Store::open_on(disk, folder)?;
    loaded.notices.extend(store.wait_for_table());
    Ok((store, loaded))
}

fn posting(number: u128) -> Change {
    posting_with(number, 0)
}

fn posting_with(number: u128, views: u64) -> Change {
    Change::Posting(Posting {
        token: Token::from_random(number),
        video: VideoId::from_random(7),
        label: Label::default(),
        switch: Switch::On,
        created_at: Timestamp::from_millis(1),
        views,
        bytes: 0,
        listed: true,
        traffic: None,
    })
}

fn event(seq: u64) -> Change {
    Change::Event(Event {
        seq,
        at: Timestamp::from_millis(seq),
        actor: Actor::Daemon,
        what: EventKind::PostingCreated,
        subject: Subject::Account,
        detail: None,
    })
}

/// A store with `count` commits of one posting and one event each, ended without a word.
fn written(folder: &Path, count: u64) {
    let (mut store, _) = open_ready(folder).unwrap();
    for number in 1..=count {
        store.commit(&[posting(number.into()), event(number)]).unwrap();
    }
    store.close();
}

/// How many postings and which newest event are there.
fn found(folder: &Path) -> (usize, u64) {
    let (mut store, loaded) = open_ready(folder).unwrap();
    let Loaded { state, .. } = loaded;
    store.close();
    (state.postings_count(), state.last_seq())
}

fn log_file(folder: &Path) -> PathBuf {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder.join("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.pop().unwrap()
}

#[test]
fn s1_what_was_committed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 20);
    assert_eq!(found(folder.path()), (20, 20));
    written_more(folder.path());
    assert_eq!(found(folder.path()), (21, 21));
}

fn written_more(folder: &Path) {
    let (mut store, loaded) = open_ready(folder).unwrap();
    let seq = loaded.state.last_seq() + 1;
    store.commit(&[posting(seq.into()), event(seq)]).unwrap();
    store.close();
}

#[test]
fn s1_the_log_alone_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 20);
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    assert_eq!(found(folder.path()), (20, 20));
}

#[test]
fn s1_a_torn_last_record_at_any_length_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 3);
    let path = log_file(folder.path());
    let whole = fs::read(&path).unwrap();
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    written_more_log_only(folder.path());
    let longer = fs::read(&path).unwrap();
    for len in whole.len() + 1..longer.len() {
        let torn = tempfile::tempdir().unwrap();
        fs::create_dir(torn.path().join("log")).unwrap();
        fs::write(torn.path().join("log").join(path.file_name().unwrap()), &longer[..len]).unwrap();
        assert_eq!(found(torn.path()), (3, 3), "cut to {len}");
    }
}

fn written_more_log_only(folder: &Path) {
    written_more(folder);
    fs::remove_dir_all(folder.join("db")).unwrap();
}

#[test]
fn s3_a_flipped_byte_in_the_log_is_refused_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 5);
    let path = log_file(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = open_ready(folder.path()).err().unwrap();
    assert!(matches!(refused, StoreError::LogDamaged { .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn s3_a_lost_log_is_refused_instead_of_starting_from_what_sled_has() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 5);
    fs::remove_dir_all(folder.path().join("log")).unwrap();
    let refused = open_ready(folder.path()).err().unwrap();
    assert!(matches!(refused, StoreError::Gone { left: "db", .. }), "{refused}");
}

#[test]
fn s3_a_damaged_table_is_set_aside_and_rebuilt() {
    for damage in [truncate_all as fn(&Path), flip_all, half_written_snapshot] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), 50);
        damage(&folder.path().join("db"));
        let (mut store, loaded) = open_ready(folder.path()).unwrap();
        store.close();
        assert_eq!((loaded.state.postings_count(), loaded.state.last_seq()), (50, 50));
        assert!(!loaded.notices.is_empty(), "the admin is told");
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

fn truncate_all(db: &Path) {
    for path in files_in(db) {
        fs::OpenOptions::new().write(true).open(path).unwrap().set_len(3).unwrap();
    }
}

fn flip_all(db: &Path) {
    for path in files_in(db) {
        let bytes: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 0x55).collect();
        fs::write(path, bytes).unwrap();
    }
}

fn half_written_snapshot(db: &Path) {
    fs::write(db.join("snap.0000000000FFFFFF.generating"), [1, 2, 3]).unwrap();
}

#[test]
fn the_log_is_cut_behind_a_snapshot_and_the_state_survives_without_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = open_ready(folder.path()).unwrap();
    for number in 1..=10 {
        store.commit(&[posting(number.into()), event(number)]).unwrap();
    }
    store.compact().unwrap();
    assert_eq!(fs::metadata(log_file(folder.path())).unwrap().len(), 8);
    store.commit(&[posting(11), event(11)]).unwrap();
    store.close();
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    assert_eq!(found(folder.path()), (11, 11));
}

#[test]
fn s3_a_damaged_snapshot_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = open_ready(folder.path()).unwrap();
    store.commit(&[posting(1), event(1)]).unwrap();
    store.compact().unwrap();
    store.close();
    let snapshot = files_in(&folder.path().join("snapshot")).remove(0);
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes[20] ^= 1;
    fs::write(&snapshot, bytes).unwrap();
    assert!(matches!(open_ready(folder.path()), Err(StoreError::SnapshotDamaged { .. })));
}

#[test]
fn events_are_read_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 30);
    let (mut store, _) = open_ready(folder.path()).unwrap();
    let page: Vec<u64> = store.events(10, 5).unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(page, [11, 12, 13, 14, 15]);
    assert_eq!(store.events(30, 5).unwrap(), []);
}

#[test]
fn a_commit_holds_only_the_last_of_several_changes_to_a_record() {
    let writes = super::record::writes(&[posting(1), posting(2), posting(1)]).unwrap();
    assert_eq!(writes.len(), 2);
}

#[test]
fn s2_forgotten_events_are_gone_and_the_first_one_left_is_known() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 10);
    let (mut store, _) = open_ready(folder.path()).unwrap();
    store.commit(&[Change::ForgetEvent(1), Change::ForgetEvent(2)]).unwrap();
    store.close();
    let (mut store, loaded) = open_ready(folder.path()).unwrap();
    assert_eq!((loaded.state.oldest_seq(), loaded.state.last_seq()), (3, 10));
    assert_eq!(store.events(0, 1).unwrap()[0].seq, 3);
}

#[test]
fn a_snapshot_is_written_while_commits_go_on_and_the_log_is_cut_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut seq = 0;
    let mut commit = |store: &mut Store| {
        seq += 1;
        store.commit(&[posting(seq.into()), event(seq)]).unwrap();
    };
    // Each start begins a file of the log.
    for _ in 0..super::LOG_FILES_MAX + 2 {
        let (mut store, _) = open_ready(folder.path()).unwrap();
        commit(&mut store);
        store.close();
    }
    let files = || fs::read_dir(folder.path().join("log")).unwrap().count();
    assert!(files() > super::LOG_FILES_MAX);
    let (mut store, _) = open_ready(folder.path()).unwrap();
    while store.snapshot.is_none() {
        store.maintain();
        commit(&mut store);
    }
    assert_eq!(files(), 1, "one that goes on");
    store.close();
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    let postings = usize::try_from(seq).unwrap();
    assert_eq!(found(folder.path()), (postings, seq));
}

#[test]
fn commits_go_on_and_events_are_read_before_the_table_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 3);
    let (mut store, _) = open_ready(folder.path()).unwrap();
    store.table.close();
    let (begin, wanted) = std::sync::mpsc::channel::<()>();
    let preparation = store.preparation();
    let preparing = Background::spawn("state table", move |stop| {
        wanted.recv().unwrap();
        preparation.run(&stop)
    });
    store.preparing = Some(preparing.unwrap());
    for number in 4..=6 {
        store.commit(&[posting(number.into()), event(number)]).unwrap();
        store.follow();
        store.maintain();
    }
    let seqs =
        |store: &mut Store| store.events(1, 9).unwrap().iter().map(|event| event.seq).collect::<Vec<_>>();
    assert!(!store.table.is_open());
    assert_eq!(seqs(&mut store), [2, 3, 4, 5, 6]);
    begin.send(()).unwrap();
    assert_eq!(store.wait_for_table(), [""; 0]);
    assert_eq!((store.table.is_open(), store.table.applied_seq()), (true, 6));
    assert_eq!(seqs(&mut store), [2, 3, 4, 5, 6]);
    store.close();
    assert_eq!(found(folder.path()), (6, 6));
}
