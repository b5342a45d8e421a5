//! The videos that are loaded: rows in the daemon's order, the selection by id, and what is still to be asked for.

use std::collections::HashMap;

use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::reply::Page;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::video::VideoView;

use crate::app::event::Ticket;
use crate::queue;

/// The next page is asked for when the selection is this near to the end.
const LOOK_AHEAD: usize = 30;

/// What the user wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub text: String,
    pub sort: Sort,
}

/// A list request that has not been answered.
#[derive(Debug)]
struct Load {
    ticket: Ticket,
    filter: Filter,
    into: Into,
}

#[derive(Debug)]
enum Into {
    /// One more page behind the rows.
    End,
    /// All rows anew, once at least `want` of them came together.
    Fresh { rows: Vec<VideoView>, want: usize },
}

/// Which list request is to be sent now.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    Nothing,
    List(ListQuery),
}

#[derive(Debug, Default)]
pub struct List {
    rows: Vec<VideoView>,
    places: HashMap<VideoId, usize>,
    selected: Option<VideoId>,
    filter: Filter,
    next: Option<String>,
    total: u64,
    load: Option<Load>,
    freshness: Freshness,
}

/// Whether the rows are those that the filter asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Freshness {
    #[default]
    Current,
    /// To be loaded again when the request under way is answered.
    Outdated,
}

impl List {
    #[must_use]
    pub fn rows(&self) -> &[VideoView] {
        &self.rows
    }

    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Matching videos on all pages.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.load.is_some()
    }

    #[must_use]
    pub fn place(&self, id: VideoId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    #[must_use]
    pub fn get(&self, id: VideoId) -> Option<&VideoView> {
        self.rows.get(self.place(id)?)
    }

    #[must_use]
    pub fn selected_place(&self) -> Option<usize> {
        self.place(self.selected?)
    }

    #[must_use]
    pub fn selected(&self) -> Option<&VideoView> {
        self.rows.get(self.selected_place()?)
    }

    /// Moves the selection to a row; beyond the end means the last one.
    pub fn select(&mut self, place: usize) {
        self.selected = self.rows.get(place.min(self.rows.len().saturating_sub(1))).map(|video| video.id);
    }

    /// Selects a video that may have to be loaded first.
    pub fn aim(&mut self, id: VideoId) {
        self.selected = Some(id);
    }

    pub fn select_by(&mut self, steps: isize) {
        self.select(self.selected_place().unwrap_or(0).saturating_add_signed(steps));
    }

    pub fn set_text(&mut self, text: String) {
        self.filter.text = text;
    }

    pub fn sort_by(&mut self, sort: Sort) {
        self.filter.sort = sort;
    }

    pub fn next_sort(&mut self) {
        self.filter.sort = match self.filter.sort {
            Sort::Name => Sort::Added,
            Sort::Added => Sort::Bitrate,
            Sort::Bitrate => Sort::State,
            Sort::State => Sort::Name,
        };
    }

    /// The rows may not be the right ones any more. What is to be asked now; nothing when an answer is awaited, whose
    /// arrival asks again.
    pub fn outdate(&mut self, ticket: Ticket) -> Ask {
        if self.load.is_none() {
            return self.start_fresh(ticket);
        }
        self.freshness = Freshness::Outdated;
        Ask::Nothing
    }

    fn start_fresh(&mut self, ticket: Ticket) -> Ask {
        let want = self.selected_place().map_or(0, |place| place + 1);
        self.load =
            Some(Load { ticket, filter: self.filter.clone(), into: Into::Fresh { rows: Vec::new(), want } });
        self.freshness = Freshness::Current;
        Ask::List(self.query(want, None))
    }

    /// The next page, if the selection comes near the end and there is one.
    pub fn look_ahead(&mut self, ticket: Ticket) -> Ask {
        let near = self.selected_place().unwrap_or(0) + LOOK_AHEAD >= self.rows.len();
        match &self.next {
            Some(next) if near && self.load.is_none() => {
                let after = next.clone();
                self.load = Some(Load { ticket, filter: self.filter.clone(), into: Into::End });
                Ask::List(self.query(0, Some(after)))
            }
            Some(_) | None => Ask::Nothing,
        }
    }

    fn query(&self, want: usize, after: Option<String>) -> ListQuery {
        let want = u32::try_from(want + LOOK_AHEAD).unwrap_or(u32::MAX);
        ListQuery {
            state: None,
            matching: (!self.filter.text.is_empty()).then(|| self.filter.text.clone()),
            sort: self.filter.sort,
            limit: want.clamp(ListQuery::LIMIT_DEFAULT, ListQuery::LIMIT_MAX),
            after,
        }
    }

    /// A page arrived. `next_ticket` is used when more is to be asked at once.
    pub fn page(&mut self, ticket: Ticket, page: Page, next_ticket: Ticket) -> Ask {
        let Some(load) = self.load.take_if(|load| load.ticket == ticket) else { return Ask::Nothing };
        if self.freshness == Freshness::Outdated || load.filter != self.filter {
            // What came is stale already, but better than what is shown, unless it answers another question.
            if load.filter == self.filter {
                self.accept(load, page);
            }
            return self.start_fresh(next_ticket);
        }
        match load.into {
            Into::Fresh { mut rows, want }
                if rows.len() + page.videos.len() < want && page.next.is_some() =>
            {
                let query = self.query(want - rows.len(), page.next);
                rows.extend(page.videos);
                let into = Into::Fresh { rows, want };
                self.load = Some(Load { ticket: next_ticket, filter: load.filter, into });
                Ask::List(query)
            }
            Into::Fresh { .. } | Into::End => {
                self.accept(load, page);
                Ask::Nothing
            }
        }
    }

    fn accept(&mut self, load: Load, page: Page) {
        let place = self.selected_place();
        self.next = page.next;
        self.total = page.total;
        let gathered = match load.into {
            Into::Fresh { rows, .. } => {
                self.rows.clear();
                self.places.clear();
                rows
            }
            Into::End => Vec::new(),
        };
        for video in gathered.into_iter().chain(page.videos) {
            // Rows move between pages while others come and go: a video is shown once, where it was seen first.
            if let Some(known) = self.places.get(&video.id).and_then(|place| self.rows.get_mut(*place)) {
                *known = video;
            } else {
                self.places.insert(video.id, self.rows.len());
                self.rows.push(video);
            }
        }
        if self.selected_place().is_none() {
            self.select(place.unwrap_or(0));
        }
    }

    /// A list request was refused or not sent, or the connection is gone.
    pub fn give_up(&mut self, ticket: Option<Ticket>) {
        if self.load.take_if(|load| ticket.is_none_or(|ticket| load.ticket == ticket)).is_some() {
            self.freshness = Freshness::Outdated;
        }
    }

    /// A cursor of another time is not accepted any more.
    pub fn forget_cursor(&mut self) {
        self.next = None;
    }

    /// A newer view of a video; says whether it is among the rows.
    pub fn replace(&mut self, video: VideoView) -> bool {
        let Some(place) = self.place(video.id) else { return false };
        let Some(row) = self.rows.get_mut(place) else { return false };
        *row = video;
        true
    }

    pub fn progress(&mut self, progress: &ProgressView) {
        let Some(place) = self.place(progress.video) else { return };
        let Some(row) = self.rows.get_mut(place) else { return };
        queue::advance(&mut row.conversion, progress);
    }
}
