//! S3: bytes that are not what they were, at every position of log and snapshot and at many of the state table. The
//! state is right or refused, and what is refused is not touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::table::Table;
use super::super::{StoreError, tree};
use super::picture::Picture;
use super::power::{Life, Step};
use super::sim::{Plan, ROOT};
use super::{open_ready, open_ready_on};

const STEPS: &[Step] = &[
    Step::Commit,
    Step::Commit,
    Step::Kill,
    Step::Commit,
    Step::Compact,
    Step::Commit,
    Step::Commit,
    Step::Kill,
    Step::Commit,
    Step::Commit,
];

fn lived() -> Life {
    let mut life = Life::begin(Plan::default());
    life.live(STEPS);
    life.store = None;
    life
}

/// The state before the last commit.
fn before_last() -> Picture {
    let mut life = Life::begin(Plan::default());
    life.live(&STEPS[..STEPS.len() - 1]);
    life.acknowledged
}

fn open(life: &Life) -> Result<(Picture, Vec<String>), StoreError> {
    let (_store, loaded) = open_ready_on(Arc::new(life.disk.clone()), Path::new(ROOT))?;
    Ok((Picture::of(&loaded.state), loaded.notices))
}

/// Opens a state with one damaged file. Without the state table, nobody can know of a last commit that looks torn.
fn judge(path: &Path, bytes: Vec<u8>, with_table: bool, what: &str) {
    let mut life = lived();
    if !with_table {
        life.disk.lose(&Path::new(ROOT).join("db"));
    }
    life.disk.damage(path, bytes);
    let before = life.disk.files();
    match open(&life) {
        Ok((found, _)) if found == life.acknowledged => {
            // It goes on from there, and the truth by itself says the same.
            life.open();
            life.live(&[Step::Commit]);
            life.store = None;
            life.disk.lose(&Path::new(ROOT).join("db"));
            assert_eq!(open(&life).unwrap().0, life.acknowledged, "{what}");
        }
        Ok((found, notices)) => {
            assert!(!with_table && found == before_last(), "{what} is accepted: {notices:?}");
            assert!(notices.iter().any(|notice| notice.contains("unfinished commit")), "{what}: {notices:?}");
        }
        Err(
            error @ (StoreError::LogDamaged { .. }
            | StoreError::LogBehind { .. }
            | StoreError::LogGap { .. }
            | StoreError::SnapshotDamaged { .. }
            | StoreError::Newer { .. }),
        ) => {
            let said = error.to_string();
            assert!(said.contains("Nothing was changed") && said.contains(ROOT), "{what}: {said}");
            assert_eq!(life.disk.files(), before, "{what}");
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn s3_a_flipped_byte_anywhere_in_log_or_snapshot_is_never_silently_accepted() {
    let mut positions = 0;
    for (path, bytes) in lived().disk.files() {
        for at in 0..bytes.len() {
            for flip in [0x01, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                for with_table in [true, false] {
                    judge(
                        &path,
                        damaged.clone(),
                        with_table,
                        &format!("{flip:#x} at {at} of {}", path.display()),
                    );
                }
            }
            positions += 1;
        }
    }
    assert!(positions > 500, "{positions}");
}

#[test]
fn s3_a_log_or_snapshot_that_ends_too_early_or_is_lost_is_never_silently_accepted() {
    for (path, bytes) in lived().disk.files() {
        for len in 0..bytes.len() {
            judge(&path, bytes[..len].to_vec(), true, &format!("{} cut to {len}", path.display()));
            let mut zeroed = bytes.clone();
            zeroed[len..].fill(0);
            judge(&path, zeroed, true, &format!("{} zeroed from {len}", path.display()));
        }
        let life = lived();
        life.disk.lose(&path);
        let before = life.disk.files();
        match open(&life) {
            Ok((found, _)) => assert_eq!(found, life.acknowledged, "without {}", path.display()),
            Err(_) => assert_eq!(life.disk.files(), before),
        }
    }
}

/// A state with a real sled folder, and what is in it.
fn real(folder: &Path) -> Picture {
    let (mut store, _) = open_ready(folder).unwrap();
    let mut picture = Picture::default();
    for number in 0..150 {
        let changes = picture.next();
        store.commit(&changes).unwrap();
        picture = picture.after(&changes);
        if number % 40 == 39 {
            store.flush();
        }
        if number == 60 {
            store.compact().unwrap();
        }
    }
    store.close();
    picture
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A copy of a state folder with one file of its table changed, or away.
fn copy_with(from: &Path, changed: &Path, bytes: Option<&[u8]>) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (path, content) in files(from) {
        let target = copy.path().join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        match (path == changed, bytes) {
            (true, None) => {}
            (true, Some(bytes)) => fs::write(target, bytes).unwrap(),
            (false, _) => fs::write(target, content).unwrap(),
        }
    }
    fs::create_dir_all(copy.path().join("db/blobs")).unwrap();
    copy
}

fn expect(folder: &Path, truth: &Picture, what: &str) {
    let (mut store, loaded) = open_ready(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(Picture::of(&loaded.state), *truth, "{what}: {:?}", loaded.notices);
    let events: Vec<u64> = store.events(0, usize::MAX).unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(events, (truth.oldest_seq..=truth.last_seq).collect::<Vec<_>>(), "{what}");
    store.close();
}

#[test]
fn s3_a_flipped_byte_anywhere_in_the_table_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let truth = real(folder.path());
    for (path, bytes) in files(&folder.path().join("db")) {
        // Positions that hold something; a step that is no power of two meets every field in turn.
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let step = (used.len() / 200).max(1) | 1;
        for at in used.iter().step_by(step) {
            let mut damaged = bytes.clone();
            damaged[*at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
            let copy = copy_with(folder.path(), &path, Some(&damaged));
            expect(copy.path(), &truth, &format!("byte {at} of {}", path.display()));
        }
    }
}

#[test]
fn s3_a_table_that_is_cut_zeroed_swapped_or_misses_files_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let truth = real(folder.path());
    for (path, bytes) in files(&folder.path().join("db")) {
        let name = path.display();
        expect(copy_with(folder.path(), &path, None).path(), &truth, &format!("without {name}"));
        for part in 0..24 {
            let at = bytes.len() * part / 24;
            let copy = copy_with(folder.path(), &path, Some(&bytes[..at]));
            expect(copy.path(), &truth, &format!("{name} cut to {at}"));
            let mut zeroed = bytes.clone();
            let end = bytes.len().min(at + 4096);
            zeroed[at..end].fill(0);
            expect(
                copy_with(folder.path(), &path, Some(&zeroed)).path(),
                &truth,
                &format!("{name} zeroed at {at}"),
            );
            let mut twice = bytes.clone();
            twice.copy_within(at..end, 0);
            expect(
                copy_with(folder.path(), &path, Some(&twice)).path(),
                &truth,
                &format!("{name}, {at} twice"),
            );
        }
    }
    for (name, content) in [("snap.0000000000000001", &b""[..]), ("snap.00000000FFFFFFFF", &[7; 400])] {
        let copy = copy_with(folder.path(), Path::new(""), None);
        fs::write(copy.path().join("db").join(name), content).unwrap();
        expect(copy.path(), &truth, name);
    }
}

#[test]
fn s3_records_that_vanish_come_back_or_change_in_the_table_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let truth = real(folder.path());
    let db = folder.path().join("db");
    let mut records = Vec::new();
    let table = Table::open(&super::super::System, &db, &mut Vec::new()).unwrap();
    table
        .for_each(|key, value| {
            records.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
    drop(table);
    let (first, last) = (records.first().unwrap().clone(), records.last().unwrap().clone());
    let extra = ([&last.0[..], &[0]].concat(), last.1.clone());
    let damages = [
        vec![(first.0.clone(), None)],
        vec![(last.0.clone(), None)],
        vec![(extra.0, Some(extra.1))],
        // A value that checks, of an earlier commit.
        vec![(first.0.clone(), Some(records[1].1.clone()))],
        vec![(first.0.clone(), Some(records[1].1.clone())), (records[1].0.clone(), Some(first.1.clone()))],
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let copy = copy_with(folder.path(), Path::new(""), None);
        let mut tree = tree::open(&copy.path().join("db"), &mut Vec::new()).unwrap();
        tree.apply(&damage).unwrap();
        tree.flush().unwrap();
        drop(tree);
        let (mut store, loaded) = open_ready(copy.path()).unwrap();
        store.close();
        assert!(
            loaded.notices.iter().any(|notice| notice.contains("set aside")),
            "{number}: {:?}",
            loaded.notices
        );
        expect(copy.path(), &truth, &format!("damage {number}"));
    }
}
