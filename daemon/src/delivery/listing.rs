//! The live postings that the platform shows (P7), newest first, so that a page of them costs no walk through the others.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use vodpost_protocol::ids::Token;
use vodpost_protocol::time::Timestamp;

/// Where a posting stands. As text it is a cursor, and nothing in it is a secret: what is listed is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    created_at: Reverse<Timestamp>,
    token: Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no place in the list of videos")]
pub struct NoPlace;

impl Place {
    #[must_use]
    pub fn new(created_at: Timestamp, token: Token) -> Self {
        Self { created_at: Reverse(created_at), token }
    }

    #[must_use]
    pub fn token(self) -> Token {
        self.token
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at.0.millis(), self.token)
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (millis, token) = text.split_once('.').ok_or(NoPlace)?;
        let millis = millis.parse().map_err(|_not_a_number| NoPlace)?;
        let token = token.parse().map_err(|_not_a_token| NoPlace)?;
        Ok(Self::new(Timestamp::from_millis(millis), token))
    }
}

#[derive(Debug, Default)]
pub(super) struct Listing(BTreeSet<Place>);

impl Listing {
    pub(super) fn put(&mut self, place: Place) {
        self.0.insert(place);
    }

    pub(super) fn take(&mut self, place: Place) {
        self.0.remove(&place);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn after(&self, after: Option<Place>) -> impl Iterator<Item = Place> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range((start, Bound::Unbounded)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(millis: u64, number: u128) -> Place {
        Place::new(Timestamp::from_millis(millis), Token::from_random(number))
    }

    #[test]
    fn the_newest_come_first_and_pages_join() {
        let mut listing = Listing::default();
        for number in 0..10 {
            listing.put(place(number, u128::from(number)));
        }
        listing.take(place(4, 4));
        let first: Vec<Place> = listing.after(None).take(3).collect();
        assert_eq!(first, [place(9, 9), place(8, 8), place(7, 7)]);
        let rest: Vec<Place> = listing.after(first.last().copied()).collect();
        assert_eq!((rest[0], rest.len()), (place(6, 6), 6));
        // One that is gone meanwhile still says where to go on.
        assert_eq!(listing.after(Some(place(4, 4))).next(), Some(place(3, 3)));
        assert_eq!(listing.len(), 9);
    }

    #[test]
    fn cursors_are_read_back_and_checked() {
        let here = place(1_700_000_000_000, 7);
        assert_eq!(here.to_string().parse(), Ok(here));
        for bad in ["", ".", "1", "1.", "x.00000000000000000007", "-1.00000000000000000007", "1.7"] {
            assert_eq!(bad.parse::<Place>(), Err(NoPlace), "{bad}");
        }
    }
}
