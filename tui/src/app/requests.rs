//! What was asked and not answered yet: why each request was sent, and what must be asked again.

use std::collections::BTreeMap;

use vodpost_protocol::ids::VideoId;

use crate::app::event::Ticket;
use crate::app::log::Span;
use crate::app::notice::Change;

/// Why a request was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    Subscribe,
    List,
    Read(Resource),
    Change(Change),
    /// One of several changes that were asked for together.
    OneOfMany(Change),
    /// What a token, URL or name leads to.
    Jump,
}

/// What is read again whenever it may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Video(VideoId),
    Account,
    Status,
    Jobs,
    Events(Span),
}

/// A read under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Asked,
    /// It changed after it was asked for.
    AskAgain,
}

#[derive(Debug, Default)]
pub struct Requests {
    last: u32,
    pending: BTreeMap<Ticket, Purpose>,
    readings: BTreeMap<Resource, Reading>,
}

impl Requests {
    /// A number that was never used, not even on an earlier connection.
    pub fn ticket(&mut self) -> Ticket {
        self.last = self.last.wrapping_add(1);
        Ticket(self.last)
    }

    pub fn sent(&mut self, ticket: Ticket, purpose: Purpose) {
        self.pending.insert(ticket, purpose);
    }

    pub fn answered(&mut self, ticket: Ticket) -> Option<Purpose> {
        self.pending.remove(&ticket)
    }

    /// Whether to ask now; otherwise the answer under way will ask again.
    pub fn begin_reading(&mut self, resource: Resource) -> bool {
        let reading = if self.readings.contains_key(&resource) { Reading::AskAgain } else { Reading::Asked };
        self.readings.insert(resource, reading);
        reading == Reading::Asked
    }

    /// Whether to ask once more.
    pub fn end_reading(&mut self, resource: Resource) -> bool {
        self.readings.remove(&resource) == Some(Reading::AskAgain)
    }

    #[must_use]
    pub fn readings(&self) -> usize {
        self.readings.len()
    }

    /// The changes that wait for their answer, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Change> {
        self.pending.values().filter_map(|purpose| match purpose {
            Purpose::Change(change) | Purpose::OneOfMany(change) => Some(change),
            Purpose::Subscribe | Purpose::List | Purpose::Read(_) | Purpose::Jump => None,
        })
    }

    /// Forgets everything; the changes whose fate is unknown are handed back.
    pub fn abandon(&mut self) -> Vec<Change> {
        self.readings.clear();
        std::mem::take(&mut self.pending)
            .into_values()
            .filter_map(|purpose| match purpose {
                Purpose::Change(change) | Purpose::OneOfMany(change) => Some(change),
                Purpose::Subscribe | Purpose::List | Purpose::Read(_) | Purpose::Jump => None,
            })
            .collect()
    }
}
