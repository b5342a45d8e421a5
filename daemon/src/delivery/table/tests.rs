//! What is live, listed and counted.

use std::path::Path;

use super::*;
use crate::core::artifact::ServedLayout;
use crate::core::media::FileIdentity;
use crate::core::testing;
use vodpost_protocol::ids::VideoId;

fn served(mtime_ns: i64) -> Served {
    let identity = FileIdentity { dev: 1, ino: 1, size_bytes: 1, mtime_ns };
    testing::served(VideoId::from_random(1), 1, Path::new("/v.mp4"), identity, ServedLayout::AsIs)
}

fn publication(title: &str, state: PublicState) -> Publication {
    let created_at = Timestamp::from_millis(1);
    Publication {
        token: Token::from_random(1),
        base: OsStr::new(title).into(),
        listed: true,
        created_at,
        state,
    }
}

fn live_ended(table: &Table) -> CancellationToken {
    match &table.lookup(&Token::from_random(1)).unwrap().state {
        State::Live(live) => live.ended().clone(),
        State::Unavailable(state) => panic!("{state:?}"),
    }
}

#[test]
fn transfers_end_when_and_only_when_their_bytes_are_no_longer_live() {
    let live = |title, mtime| publication(title, PublicState::Live(served(mtime)));
    let table = Table::new();
    table.apply(vec![live("a", 1)]);
    let first = live_ended(&table);
    table.apply(vec![live("renamed", 1)]);
    assert!(!first.is_cancelled());
    assert_eq!(table.lookup(&Token::from_random(1)).unwrap().title(), "renamed");
    table.apply(vec![live("renamed", 2)]);
    assert!(first.is_cancelled(), "another file");
    for state in [PublicState::Suspended, PublicState::Pending, PublicState::Invalid] {
        table.apply(vec![live("a", 3)]);
        let ended = live_ended(&table);
        assert!(!ended.is_cancelled());
        table.apply(vec![publication("a", state)]);
        assert!(ended.is_cancelled());
    }
    table.apply(vec![live("a", 4), publication("a", PublicState::Suspended), live("a", 4)]);
    let last = live_ended(&table);
    assert!(!last.is_cancelled());
    table.remove(&Token::from_random(1));
    assert!(last.is_cancelled());
    assert!(table.lookup(&Token::from_random(1)).is_none());
}

#[tokio::test]
async fn what_is_listed_is_looked_at_in_parts() {
    let table = Table::new();
    let count = 2 * CHUNK as u64 + 10;
    for number in 0..count {
        let token = Token::from_random(number.into());
        let created_at = Timestamp::from_millis(number);
        let state = PublicState::Live(served(1));
        let base = OsStr::new(&(number % 7).to_string()).into();
        table.apply(vec![Publication { token, base, listed: true, created_at, state }]);
    }
    let place = |number: u64| Place::new(Timestamp::from_millis(number), Token::from_random(number.into()));
    // The newest come first: `count - 1` is the first, 0 the last.
    for every in [1, 7, CHUNK, CHUNK + 1, 2 * CHUNK, 5000] {
        let ends = (1..).map(|part| part * every as u64).take_while(|end| *end < count);
        let expected: Vec<Place> = ends.map(|end| place(count - end)).collect();
        assert_eq!(table.listed_marks(every).await, expected, "{every}");
    }
    let numbers = |listed: &Listed| -> Vec<u64> {
        listed.entries.iter().map(|entry| entry.created_at.millis()).collect()
    };
    for (max, looks) in [(5, 100), (usize::MAX, CHUNK), (usize::MAX, CHUNK + 3), (CHUNK + 1, usize::MAX)] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let listed = table.listed(after, max, looks, |entry| entry.title() == "3").await;
            assert!(listed.entries.len() <= max);
            seen.extend(numbers(&listed));
            after = listed.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<u64> = (0..count).rev().filter(|number| number % 7 == 3).collect();
        assert_eq!(seen, expected, "{max} of {looks}");
    }
    let whole = table.listed(None, usize::MAX, usize::MAX, |_| true).await;
    assert_eq!((whole.entries.len() as u64, whole.next), (count, None));
    let before = table.listed_generation();
    table.apply(vec![publication("renamed", PublicState::Live(served(1)))]);
    assert_ne!(table.listed_generation(), before);
    assert_eq!(Table::new().listed_marks(3).await, []);
}

#[test]
fn usage_is_reported_once_and_survives_changes_of_state() {
    let view = |host: &str| Outcome::Begins(View { referrer: Some(host.into()) });
    let table = Table::new();
    table.apply(vec![publication("a", PublicState::Live(served(1)))]);
    let counters = Arc::clone(table.lookup(&Token::from_random(1)).unwrap().counters());
    assert_eq!(table.drain_usage(9), []);
    table.count(&counters, 10, view("a.example"));
    table.apply(vec![publication("a", PublicState::Suspended)]);
    table.count(&counters, 5, Outcome::Begins(View { referrer: None }));
    table.count(&counters, 0, view("a.example"));
    let (token, referrers) = (Token::from_random(1), vec![("a.example".into(), 2)]);
    assert_eq!(table.drain_usage(9), [Usage { token, views: 3, bytes: 15, watched: true, referrers }]);
    for (outcome, watched) in [(Outcome::Counted, true), (Outcome::NotYet, false)] {
        table.count(&counters, 1, outcome);
        let usage = Usage { token, views: 0, bytes: 1, watched, referrers: Vec::new() };
        assert_eq!(table.drain_usage(9), [usage]);
    }
    assert_eq!(table.drain_usage(9), []);
    for number in 0..1000 {
        table.count(&counters, 1, view(&number.to_string()));
    }
    let usage = table.drain_usage(9);
    assert_eq!((usage[0].views, usage[0].bytes, usage[0].referrers.len()), (1000, 1000, REFERRERS_MAX));
}

#[tokio::test]
async fn usage_is_reported_in_parts() {
    let table = Table::new();
    for number in 0..10 {
        let state = PublicState::Live(served(1));
        table.apply(vec![Publication { token: Token::from_random(number), ..publication("a", state) }]);
        let counters = Arc::clone(table.lookup(&Token::from_random(number)).unwrap().counters());
        table.count(&counters, 1, Outcome::NotYet);
    }
    for expected in [4, 4, 2] {
        table.wait_used().await;
        assert_eq!(table.drain_usage(4).len(), expected);
    }
    assert_eq!(table.drain_usage(4), []);
}
