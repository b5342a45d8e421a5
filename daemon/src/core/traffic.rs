//! What is remembered of the use of a URL: a little of the recent past, so that a record stays small however long it is used.

use vodpost_protocol::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const HOURS: u64 = 24;
const DAYS: u64 = 30;
/// Pages that link to it. Of more, the least used ones make room.
const REFERRERS_MAX: usize = 20;
/// A host name is not longer (RFC 1035, 2.3.4).
const HOST_LEN_MAX: usize = 255;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    pub last_seen_at: Timestamp,
    /// Views by hour and by day since 1970, the oldest first; those without any are left out.
    pub hours: Vec<(u32, u32)>,
    pub days: Vec<(u32, u32)>,
    /// Host names of pages that viewers came from, with the views of each.
    pub referrers: Vec<(Box<str>, u64)>,
}

impl Traffic {
    /// Somebody watches, whether or not that is a new view.
    pub(super) fn count(&mut self, views: u64, referrers: &[(String, u64)], now: Timestamp) {
        self.last_seen_at = now;
        let (hour, day) = (now.millis() / HOUR_MS, now.millis() / DAY_MS);
        add(&mut self.hours, hour, views);
        add(&mut self.days, day, views);
        self.hours.retain(|(at, _)| u64::from(*at) + HOURS > hour);
        self.days.retain(|(at, _)| u64::from(*at) + DAYS > day);
        for (host, views) in referrers.iter().filter(|(host, _)| host.len() <= HOST_LEN_MAX) {
            self.refer(host, *views);
        }
    }

    fn refer(&mut self, host: &str, views: u64) {
        if let Some((_, known)) = self.referrers.iter_mut().find(|(known, _)| **known == *host) {
            *known += views;
            return;
        }
        if self.referrers.len() >= REFERRERS_MAX {
            // A newcomer takes the count of whom it replaces, or nobody new would ever stay.
            let least = self.referrers.iter_mut().min_by_key(|(_, views)| *views);
            if let Some(least) = least {
                *least = (host.into(), least.1 + views);
            }
            return;
        }
        self.referrers.push((host.into(), views));
    }

    /// In the last 24 hours, to the hour.
    #[must_use]
    pub fn views_24h(&self, now: Timestamp) -> u64 {
        let hour = now.millis() / HOUR_MS;
        let recent = self.hours.iter().filter(|(at, _)| u64::from(*at) + HOURS > hour);
        recent.map(|(_, views)| u64::from(*views)).sum()
    }

    /// Of each of the last days, today last.
    #[must_use]
    pub fn views_by_day(&self, count: u64, now: Timestamp) -> Vec<u64> {
        let today = now.millis() / DAY_MS;
        let of_day =
            |day: u64| self.days.iter().find(|(at, _)| u64::from(*at) == day).map_or(0, |(_, views)| *views);
        (0..count).rev().map(|back| u64::from(of_day(today.saturating_sub(back)))).collect()
    }
}

fn add(buckets: &mut Vec<(u32, u32)>, at: u64, views: u64) {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    let views = u32::try_from(views).unwrap_or(u32::MAX);
    if views == 0 {
        return;
    }
    match buckets.iter_mut().find(|(known, _)| *known == at) {
        Some((_, known)) => *known = known.saturating_add(views),
        None => {
            buckets.push((at, views));
            // The clock may have been set back.
            buckets.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 / DAY_MS * DAY_MS + hour * HOUR_MS)
    }

    #[test]
    fn views_are_remembered_by_hour_and_by_day() {
        let mut traffic = Traffic::default();
        for (hour, views) in [(0, 1), (0, 2), (23, 4), (24, 8), (30, 16)] {
            traffic.count(views, &[], at(hour));
        }
        assert_eq!(traffic.views_24h(at(30)), 4 + 8 + 16);
        assert_eq!(traffic.views_by_day(3, at(30)), [0, 7, 24]);
        traffic.count(1, &[], at(24 * 40));
        assert_eq!((traffic.hours.len(), traffic.days.len()), (1, 1));
        assert_eq!(traffic.last_seen_at, at(24 * 40));
    }

    #[test]
    fn pages_that_link_to_it_are_few_and_those_that_matter_stay() {
        let mut traffic = Traffic::default();
        traffic.count(500, &[("mp.weixin.qq.com".to_owned(), 500)], at(1));
        for number in 0..1000 {
            traffic.count(1, &[(format!("{number}.example"), 1)], at(1));
        }
        traffic.count(1, &[("x".repeat(300), 1)], at(1));
        assert_eq!(traffic.referrers.len(), REFERRERS_MAX);
        assert!(traffic.referrers.iter().any(|(host, _)| &**host == "mp.weixin.qq.com"));
    }
}
