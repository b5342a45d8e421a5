//! Titles side by side in memory, against a plain set of them.

use std::collections::BTreeSet;

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::VideoState;

use super::super::titles::{Gathered, Titles};
use super::model::Rng;

/// Few letters, so that texts are found across borders and titles are equal or empty.
fn word(rng: &mut Rng) -> String {
    (0..rng.below(4)).map(|_| ["a", "b", "\u{e9}", "\u{8bb2}"][index(rng, 4)]).collect()
}

fn index(rng: &mut Rng, len: u64) -> usize {
    usize::try_from(rng.below(len)).unwrap()
}

fn check(titles: &Titles, plain: &BTreeSet<(VideoState, String, VideoId)>, rng: &mut Rng) {
    let flat: Vec<_> = plain.iter().map(|(state, title, id)| (*state, title.as_str(), *id)).collect();
    assert_eq!(titles.entries().collect::<Vec<_>>(), flat);
    let (state, text) = (VideoState::ALL[index(rng, 3)], word(rng));
    let of_state = || flat.iter().filter(|entry| entry.0 == state).map(|(_, title, id)| (*title, *id));
    let after = (text.as_str(), VideoId::from_random(rng.below(1 << 60)));
    assert!(titles.of_state(state, Some(after)).eq(of_state().filter(|key| *key > after)));
    if !text.is_empty() {
        let finder = Finder::new(&text);
        let holding: Vec<_> = titles.holding(state, None, &finder).collect();
        assert!(holding.into_iter().eq(of_state().filter(|(title, _)| title.contains(&text))), "{text}");
        let after = (text.as_str(), after.1);
        let holding = titles.merged_holding(&[state], Some(after), &finder);
        assert!(holding.eq(of_state().filter(|key| key.0.contains(&text) && *key > after)), "{text}");
    }
}

#[test]
fn titles_are_those_of_a_plain_set_however_they_came_and_went() {
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let mut plain = BTreeSet::new();
        let mut gathered = Gathered::default();
        for _ in 0..rng.below(2000) {
            let state = VideoState::ALL[index(&mut rng, 3)];
            let entry = (state, word(&mut rng), VideoId::from_random(rng.next()));
            gathered.push((entry.0, &entry.1, entry.2));
            plain.insert(entry);
        }
        let mut titles = gathered.sort();
        check(&titles, &plain, &mut rng);
        // More come than go, and then the other way round.
        for grows in [true, false] {
            for step in 0..2000 {
                if (rng.below(3) == 0) != grows {
                    let entry = (
                        VideoState::ALL[index(&mut rng, 3)],
                        word(&mut rng),
                        VideoId::from_random(rng.next()),
                    );
                    titles.insert((entry.0, &entry.1, entry.2));
                    plain.insert(entry);
                } else if !plain.is_empty() {
                    let at = index(&mut rng, plain.len() as u64);
                    let entry = plain.iter().nth(at).unwrap().clone();
                    titles.remove((entry.0, &entry.1, entry.2));
                    plain.remove(&entry);
                }
                if step % 100 == 0 {
                    check(&titles, &plain, &mut rng);
                }
            }
            check(&titles, &plain, &mut rng);
        }
    }
}
