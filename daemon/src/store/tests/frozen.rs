//! States that an earlier vodpostd wrote, frozen as files: they open and mean what they meant. Each `schema-N` holds a
//! state folder (log, snapshot and sled folder) and a backup; `records.txt` says every record in it, in words.
//!
//! When a schema is added, these stay as they are; `VODPOST_WRITE_FROZEN=1` makes a new folder of `every_kind::commits`
//! and writes the words anew, which is to be read before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::disk::System;
use super::super::{Store, StoreError, record, restore, segment, snapshot};
use super::every_kind::{self, Schema};
use super::open_ready;
use crate::core::state::{Change, State};

const SNAPSHOT_AT: usize = 5;

fn frozen(schema: Schema) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/tests").join(schema.folder())
}

/// A state of the newest schema, in a folder that is not there yet.
fn freeze(folder: &Path) {
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), [7; 32]).unwrap();
    let (mut store, _) = open_ready(folder).unwrap();
    for (number, commit) in every_kind::commits(Schema::Third).iter().enumerate() {
        if number == SNAPSHOT_AT {
            store.compact().unwrap();
        }
        store.commit(commit).unwrap();
    }
    store.begin_backup().write(&folder.join("backup"), key.path(), Arc::default()).unwrap();
    store.close();
}

/// What was said already is not said again.
fn say(text: &mut String, change: &Change) {
    let words = format!("  {change:?}\n");
    match text.find(&words) {
        Some(at) => writeln!(text, "  as in line {}", text[..=at].lines().count() + 1).unwrap(),
        None => text.push_str(&words),
    }
}

fn say_snapshot(text: &mut String, path: &Path) {
    let seq = snapshot::read(&System, path, &mut |key, value| {
        if key.starts_with(b"k/") {
            writeln!(text, "  key {value:?}").unwrap();
        } else {
            say(text, &record::read(key, value)?);
        }
        Ok(())
    });
    writeln!(text, "  up to commit {}", seq.unwrap()).unwrap();
}

/// Every record of the frozen files, in words.
fn in_words(schema: Schema) -> String {
    let mut text = String::from("snapshot\n");
    say_snapshot(&mut text, &frozen(schema).join("snapshot/00000000000000000005.snap"));
    let log = frozen(schema).join("log/00000000000000000006.log");
    let last = every_kind::commits(schema).len() as u64;
    segment::read(&System, &log, 1, last, |seq, writes| {
        writeln!(text, "commit {seq}").unwrap();
        for write in writes {
            match write.value {
                Some(value) => say(&mut text, &record::read(write.key, value)?),
                None => writeln!(text, "  removed {:?}", write.key).unwrap(),
            }
        }
        Ok(())
    })
    .unwrap();
    text.push_str("backup\n");
    say_snapshot(&mut text, &frozen(schema).join("backup"));
    text
}

#[test]
fn s3_every_frozen_record_means_what_it_meant() {
    for schema in Schema::ALL {
        let writes = std::env::var_os("VODPOST_WRITE_FROZEN").is_some();
        if writes && !frozen(schema).exists() {
            freeze(&frozen(schema));
        }
        let path = frozen(schema).join("records.txt");
        let text = in_words(schema);
        if writes {
            fs::write(&path, &text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap();
        for (found, expected) in text.lines().zip(expected.lines()) {
            assert_eq!(found, expected);
        }
        assert_eq!(text.lines().count(), expected.lines().count());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn expected(schema: Schema) -> State {
    let mut state = State::default();
    for change in every_kind::commits(schema).into_iter().flatten() {
        state.apply(change);
    }
    state
}

fn compare(schema: Schema, store: &mut Store, found: &State) {
    let expected = expected(schema);
    assert!(found.videos().eq(expected.videos()));
    assert!(found.postings().eq(expected.postings()));
    assert_eq!(found.account(), expected.account());
    assert_eq!(found.queue(), expected.queue());
    assert_eq!(found.roots(), expected.roots());
    assert_eq!((found.oldest_seq(), found.last_seq()), (expected.oldest_seq(), expected.last_seq()));
    let events: Vec<u64> = store.events(0, usize::MAX).unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(events, (expected.oldest_seq()..=expected.last_seq()).collect::<Vec<_>>());
}

#[test]
fn s3_a_frozen_state_opens_with_and_without_its_table_and_goes_on() {
    let ways = [&["log", "snapshot", "db"][..], &["log", "snapshot"]];
    for (schema, parts) in Schema::ALL.into_iter().flat_map(|schema| ways.map(|parts| (schema, parts))) {
        let folder = tempfile::tempdir().unwrap();
        for part in parts {
            copy(&frozen(schema).join(part), &folder.path().join(part));
        }
        for _ in 0..2 {
            let (mut store, loaded) = open_ready(folder.path()).unwrap();
            compare(schema, &mut store, &loaded.state);
            let again = loaded.state.videos().next().unwrap().clone();
            store.commit(&[Change::Video(Box::new(again))]).unwrap();
            store.close();
        }
    }
}

#[test]
fn s3_a_frozen_backup_is_restored() {
    for schema in Schema::ALL {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("account.key");
        restore(&frozen(schema).join("backup"), folder.path(), &key).unwrap();
        assert_eq!(fs::read(&key).unwrap(), [7; 32]);
        let (mut store, loaded) = open_ready(folder.path()).unwrap();
        compare(schema, &mut store, &loaded.state);
        store.close();
    }
}

#[test]
fn s3_a_newer_schema_is_refused_wherever_it_is_met() {
    // The format number of a file, and the schema number of a record.
    let newer_file = |path: &Path, at: usize| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] = 9;
        fs::write(path, bytes).unwrap();
    };
    for (file, at) in [("log/00000000000000000006.log", 5), ("snapshot/00000000000000000005.snap", 6)] {
        let folder = tempfile::tempdir().unwrap();
        copy(&frozen(Schema::First).join("log"), &folder.path().join("log"));
        copy(&frozen(Schema::First).join("snapshot"), &folder.path().join("snapshot"));
        newer_file(&folder.path().join(file), at);
        let refused = open_ready(folder.path()).err().unwrap();
        assert!(matches!(refused, StoreError::Newer { found: 9, known: 1, .. }), "{refused}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = open_ready(folder.path()).unwrap();
    store.close();
    let log = segment::path(&folder.path().join("log"), 1);
    let mut writes = record::writes(&every_kind::commits(Schema::Third)[1]).unwrap();
    writes[0].value = Some(record::Value::from_bytes(&[9, 0, 0, 0, 0, 1, 2, 3]));
    let bytes = [&segment::MAGIC[..], &segment::encode(1, &writes).unwrap()].concat();
    fs::write(&log, &bytes).unwrap();
    let refused = open_ready(folder.path()).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 9, known: 3, .. }), "{refused}");
    assert_eq!(fs::read(&log).unwrap(), bytes, "nothing was changed");
    assert_eq!(fs::read_dir(folder.path().join("log")).unwrap().count(), 1);
}
