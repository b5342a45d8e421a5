//! Players as they behave, and what is counted of them.

use super::*;

const MIB: u64 = 1 << 20;
/// Ten minutes at 8 Mb/s behind an index of 1 MiB: ten seconds are 10 MiB.
const FILM: MediaSpan = MediaSpan { start: MIB, end: 601 * MIB, duration_ms: 600_000 };

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn token(number: u128) -> Token {
    Token::from_random(number)
}

struct Audience {
    views: Views,
    views_counted: Vec<View>,
}

impl Audience {
    fn new() -> Self {
        Self { views: Views::new().unwrap(), views_counted: Vec::new() }
    }

    fn viewer(&self, address: &str, agent: &str) -> Viewer {
        self.views.viewer(ip(address), agent.as_bytes())
    }

    /// One transfer in slices.
    fn send(&mut self, viewer: Viewer, token: Token, range: std::ops::Range<u64>) {
        let mut viewing = self.views.viewing(viewer, token, &FILM, range.start);
        let mut left = range.end - range.start;
        while left > 0 {
            let slice = left.min(512 * 1024);
            match viewing.sent(slice) {
                Outcome::Begins(view) => self.views_counted.push(view),
                Outcome::NotYet | Outcome::Counted => {}
            }
            left -= slice;
        }
    }

    fn count(&self) -> usize {
        self.views_counted.len()
    }
}

#[test]
fn a_view_needs_ten_seconds_and_more_than_is_preloaded_and_less_than_all() {
    let needed = |start, end, duration_ms| MediaSpan { start, end, duration_ms }.needed();
    assert_eq!(u64::from(FILM.needed()), 10 * MIB);
    assert_eq!(needed(0, 3_600_000, 3_600_000), 512 * 1024, "8 kb/s");
    assert_eq!(needed(100, 1100, 5000), 900, "a short clip");
    assert_eq!(needed(0, 1 << 40, 1), NEEDED_MAX, "a duration that is wrong");
    assert_eq!(needed(0, 1 << 40, 0), NEEDED_MAX);
    assert_eq!(needed(10, 5, 1000), 1, "no media at all");
}

#[test]
fn what_players_do_before_they_play_is_no_view() {
    let mut audience = Audience::new();
    let phone = audience.viewer("192.0.2.1", "iPhone");
    for _ in 0..100 {
        audience.send(phone, token(1), 0..2);
        // All of the index, however often.
        audience.send(phone, token(1), 0..MIB);
    }
    audience.send(phone, token(1), 0..4 * MIB);
    assert_eq!(audience.count(), 0);
}

#[test]
fn ranges_seeks_and_reloads_are_one_view() {
    let mut audience = Audience::new();
    let phone = audience.viewer("192.0.2.1", "iPhone");
    // Pieces of 64 KiB, as some players ask, and jumps.
    for piece in 0..1000 {
        let start = piece * 37 % 600 * MIB;
        audience.send(phone, token(1), start..start + 64 * 1024);
    }
    assert_eq!(audience.count(), 1);
    audience.send(phone, token(1), 0..FILM.end);
    audience.send(phone, token(1), 0..FILM.end);
    assert_eq!(audience.count(), 1, "a reload");
    audience.send(phone, token(2), 0..FILM.end);
    assert_eq!(audience.count(), 2, "another URL");
    let tablet = audience.viewer("192.0.2.1", "iPad");
    audience.send(tablet, token(1), 0..FILM.end);
    let neighbour = audience.viewer("192.0.2.2", "iPhone");
    audience.send(neighbour, token(1), 0..FILM.end);
    assert_eq!(audience.count(), 4);
    let moved = [audience.viewer("2001:db8::1", "a"), audience.viewer("2001:db8::2", "a")];
    assert_eq!(moved[0], moved[1], "one customer has a whole /64 and changes addresses in it");
}

#[test]
fn where_a_viewer_came_from_is_told_with_the_view() {
    let mut audience = Audience::new();
    let phone = audience.viewer("192.0.2.1", "iPhone");
    audience.views.arrive(phone, token(1), "mp.weixin.qq.com".into());
    audience.views.arrive(phone, token(2), "example.org".into());
    audience.send(phone, token(1), 0..FILM.end);
    audience.send(phone, token(1), 0..FILM.end);
    audience.send(phone, token(3), 0..FILM.end);
    let from = |host: &str| View { referrer: Some(host.into()) };
    assert_eq!(audience.views_counted, [from("mp.weixin.qq.com"), View { referrer: None }]);
}

#[test]
fn after_half_an_hour_of_silence_it_is_another_view() {
    let views = Views::new().unwrap();
    let watch = views.watch(views.viewer(ip("192.0.2.1"), b"a"), token(1));
    let begins = Outcome::Begins(View { referrer: None });
    assert_eq!(views.sent(watch, 5, 10, 0), Outcome::NotYet);
    assert_eq!(views.sent(watch, 5, 10, 1000), begins);
    assert_eq!(views.sent(watch, 5, 10, 1000 + WINDOW_S - 1), Outcome::Counted);
    views.refresh(watch, 4000);
    assert_eq!(views.sent(watch, 10, 10, 4000 + WINDOW_S - 1), Outcome::Counted, "a long film");
    assert_eq!(views.sent(watch, 10, 10, 4000 + 2 * WINDOW_S - 1), begins);
    assert_eq!(views.sent(watch, 5, 10, 100_000), Outcome::NotYet, "nothing of what was before counts");
}

#[test]
fn a_new_salt_makes_new_viewers_and_no_new_views() {
    let views = Views::new().unwrap();
    let viewer = |at| views.viewer_at(ip("192.0.2.1"), b"a", at);
    let first = viewer(Duration::ZERO);
    assert_eq!(viewer(SALT_LIFE - Duration::from_millis(1)), first);
    let at_s = u32::try_from(SALT_LIFE.as_secs()).unwrap();
    assert_ne!(views.sent(views.watch(first, token(1)), 10, 10, at_s - 1), Outcome::NotYet);
    let next = viewer(SALT_LIFE);
    assert_ne!(next.now, first.now);
    assert_eq!(next.before, Some(first.now));
    assert_eq!(views.sent(views.watch(next, token(1)), 10, 10, at_s), Outcome::Counted);
    let later = viewer(SALT_LIFE + Duration::from_secs(WINDOW_S.into()));
    assert_eq!(later, Viewer { now: next.now, before: None }, "the old salt is gone");
    assert_eq!(views.sent(views.watch(later, token(1)), 10, 10, at_s + WINDOW_S - 1), Outcome::Counted);
    assert_ne!(Views::new().unwrap().viewer_at(ip("192.0.2.1"), b"a", Duration::ZERO), first);
}

#[test]
fn a_crowd_of_any_size_takes_bounded_memory() {
    let views = Views::new().unwrap();
    let crowd = u64::try_from(PARTS * GENERATION_MAX * 3).unwrap();
    for now in 0..crowd {
        views.sent(Watch { now, before: None }, 1, 2, 0);
    }
    for now in 0..u64::try_from(PARTS * ARRIVALS_MAX.get() * 2).unwrap() {
        views.arrive(Viewer { now, before: None }, token(1), "x".into());
    }
    for part in &views.parts {
        let part = part.lock().unwrap();
        assert!(part.young.len() <= GENERATION_MAX && part.old.len() <= GENERATION_MAX);
        assert!(part.arrivals.as_ref().is_none_or(|arrivals| arrivals.len() <= ARRIVALS_MAX.get()));
    }
    // Those who came last are still known.
    assert_ne!(views.sent(Watch { now: crowd - 1, before: None }, 1, 2, 0), Outcome::NotYet);
}
