//! The events screen: what happened, the newest first. As much is read as one scrolls to.

use std::collections::VecDeque;

use vodpost_protocol::event::EventView;
use vodpost_protocol::reply::EventPage;

/// How many are asked for at a time.
const PAGE: u32 = 100;
/// Older ones are asked for when the selection is this near to the end.
const LOOK_AHEAD: usize = 30;
/// So many are kept; whoever wants to read further back has `vodpost events`.
const KEPT: usize = 5000;

/// `Events { since, limit }`, as the protocol asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub since: u64,
    pub limit: u32,
}

#[derive(Debug, Default)]
pub struct Log {
    /// Without gaps, the newest first.
    rows: VecDeque<EventView>,
    /// The first event that the daemon still has.
    oldest: u64,
    selected: usize,
    /// At least one answer came.
    is_read: bool,
}

impl Log {
    #[must_use]
    pub fn rows(&self) -> &VecDeque<EventView> {
        &self.rows
    }

    #[must_use]
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    #[must_use]
    pub fn selected_place(&self) -> usize {
        self.selected
    }

    #[must_use]
    pub fn selected(&self) -> Option<&EventView> {
        self.rows.get(self.selected)
    }

    pub fn select_by(&mut self, steps: isize) {
        self.select(self.selected.saturating_add_signed(steps));
    }

    /// Moves the selection to a row; beyond the end means the last one.
    pub fn select(&mut self, place: usize) {
        self.selected = place.min(self.rows.len().saturating_sub(1));
    }

    /// Forgets all; another run of the daemon may have another past.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The newest ones, when `newest` is the number of the last event.
    #[must_use]
    pub fn newest(newest: u64) -> Span {
        Span { since: newest.saturating_sub(u64::from(PAGE)), limit: PAGE }
    }

    /// Those before the ones that are there, when the selection comes near to the end.
    #[must_use]
    pub fn older(&self) -> Option<Span> {
        let first = self.rows.back()?.seq;
        let near = self.selected + LOOK_AHEAD >= self.rows.len();
        if !near || first <= self.oldest.max(1) || self.rows.len() >= KEPT {
            return None;
        }
        let since = (first - 1).saturating_sub(u64::from(PAGE));
        let limit = u32::try_from(first - 1 - since).unwrap_or(PAGE);
        Some(Span { since, limit })
    }

    /// An answer: newer ones go before, older ones behind; what does not follow without a gap begins anew.
    pub fn page(&mut self, page: EventPage) {
        self.is_read = true;
        self.oldest = page.oldest;
        let (Some(first), Some(last)) = (page.events.first(), page.events.last()) else { return };
        let (first, last) = (first.seq, last.seq);
        let newest = self.rows.front().map_or(0, |event| event.seq);
        let oldest = self.rows.back().map_or(0, |event| event.seq);
        if !self.rows.is_empty() && last + 1 == oldest {
            self.rows.extend(page.events.into_iter().rev());
            return;
        }
        if !self.rows.is_empty() && first <= newest + 1 && last >= oldest {
            page.events.into_iter().for_each(|event| self.happened(event));
            return;
        }
        if last < oldest {
            return;
        }
        self.rows = page.events.into_iter().rev().collect();
        self.selected = 0;
    }

    /// A push. One that does not follow is left to the next answer.
    pub fn happened(&mut self, event: EventView) {
        let newest = self.rows.front().map_or(0, |event| event.seq);
        if self.rows.is_empty() || event.seq != newest + 1 {
            return;
        }
        self.rows.push_front(event);
        // What one reads stays where it is, but at the top one sees what is new.
        if self.selected > 0 {
            self.selected += 1;
        }
        self.rows.truncate(KEPT);
        self.selected = self.selected.min(self.rows.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vodpost_protocol::event::EventKind;

    use crate::app::tests::at;

    fn event(seq: u64) -> EventView {
        let (actor, what) = ("anna".to_owned(), EventKind::VideoAdded);
        let (video, title, label, token, detail) = (None, None, None, None, None);
        EventView { seq, at: at(seq), actor, uid: None, what, video, title, label, token, detail }
    }

    fn page(seqs: impl IntoIterator<Item = u64>, oldest: u64) -> EventPage {
        let events: Vec<EventView> = seqs.into_iter().map(event).collect();
        let newest = events.last().map_or(0, |event| event.seq);
        EventPage { events, newest, oldest }
    }

    fn seqs(log: &Log) -> Vec<u64> {
        log.rows().iter().map(|event| event.seq).collect()
    }

    #[test]
    fn pages_and_pushes_join_without_a_gap() {
        let mut log = Log::default();
        log.page(page(7..=9, 2));
        assert_eq!(seqs(&log), [9, 8, 7]);
        log.page(page(4..=6, 2));
        log.happened(event(10));
        log.happened(event(10));
        log.happened(event(12));
        assert_eq!(seqs(&log), [10, 9, 8, 7, 6, 5, 4]);
        log.page(page(9..=12, 2));
        assert_eq!(seqs(&log), [12, 11, 10, 9, 8, 7, 6, 5, 4]);
        log.page(page(30..=31, 2));
        assert_eq!(seqs(&log), [31, 30], "after a gap it begins anew");
        log.page(page([], 2));
        assert_eq!(seqs(&log), [31, 30]);
    }

    #[test]
    fn older_ones_are_asked_for_until_there_are_none() {
        let mut log = Log::default();
        assert_eq!(log.older(), None);
        log.page(page(301..=400, 120));
        assert_eq!(log.older(), None, "the selection is at the top");
        log.select_by(isize::MAX);
        assert_eq!(log.older(), Some(Span { since: 200, limit: 100 }));
        log.page(page(201..=300, 120));
        log.select_by(isize::MAX);
        assert_eq!(log.older(), Some(Span { since: 100, limit: 100 }));
        log.page(page(120..=200, 120));
        log.select_by(isize::MAX);
        assert_eq!(log.older(), None);
        assert_eq!(Log::newest(30), Span { since: 0, limit: 100 });
    }

    #[test]
    fn what_one_reads_stays_in_place() {
        let mut log = Log::default();
        log.page(page(1..=9, 1));
        log.happened(event(10));
        assert_eq!(log.selected().unwrap().seq, 10);
        log.select_by(3);
        log.happened(event(11));
        assert_eq!(log.selected().unwrap().seq, 7);
    }
}
