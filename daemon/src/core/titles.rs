//! All titles in one piece of text, so that looking for a word reads memory from its beginning to its end.

use std::collections::{BTreeMap, HashMap};

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::VideoState;

/// Stands between two titles. No file name holds it, so none does a title.
const END: char = '\0';
/// Text of titles that are gone is kept up to this, and up to as much as is in use.
const WASTE_MIN: usize = 64 << 10;

#[derive(Debug, Default)]
pub struct Titles {
    text: String,
    /// In the order of their text.
    spans: Vec<Span>,
    at: HashMap<VideoId, usize>,
    /// How much of the text belongs to nobody any more.
    waste: usize,
}

#[derive(Debug)]
struct Span {
    start: usize,
    /// `None` where the title is gone.
    video: Option<(VideoState, VideoId)>,
}

/// One title that holds what was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    pub state: VideoState,
    pub video: VideoId,
    pub title: &'a str,
}

impl Titles {
    /// Sets what is known of a video.
    pub(super) fn put(&mut self, video: VideoId, state: VideoState, title: &str) {
        if let Some(at) = self.at.get(&video).copied() {
            if self.title(at) == title {
                self.spans[at].video = Some((state, video));
                return;
            }
            self.remove(video);
        }
        self.at.insert(video, self.spans.len());
        self.spans.push(Span { start: self.text.len(), video: Some((state, video)) });
        self.text.push_str(title);
        self.text.push(END);
    }

    pub(super) fn remove(&mut self, video: VideoId) {
        let Some(at) = self.at.remove(&video) else { return };
        self.waste += self.title(at).len() + END.len_utf8();
        self.spans[at].video = None;
        if self.waste > WASTE_MIN.max(self.text.len() / 2) {
            *self = self.tidied();
        }
    }

    fn tidied(&self) -> Self {
        let mut tidied = Self::default();
        for (at, span) in self.spans.iter().enumerate() {
            if let Some((state, video)) = span.video {
                tidied.put(video, state, self.title(at));
            }
        }
        tidied
    }

    fn title(&self, at: usize) -> &str {
        let end = self.spans.get(at + 1).map_or(self.text.len(), |next| next.start);
        &self.text[self.spans[at].start..end - END.len_utf8()]
    }

    #[must_use]
    pub fn of(&self, video: VideoId) -> Option<&str> {
        self.at.get(&video).map(|at| self.title(*at))
    }

    /// The titles that hold a text, in no particular order.
    pub fn holding<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Hit<'a>> {
        let finder = Finder::new(text);
        let mut from = if text.contains(END) { self.text.len() } else { 0 };
        std::iter::from_fn(move || {
            loop {
                let found = from + finder.find(self.text.as_bytes().get(from..)?)?;
                let at = self.spans.partition_point(|span| span.start <= found).checked_sub(1)?;
                let title = self.title(at);
                // Once is enough for each.
                from = self.spans[at].start + title.len() + END.len_utf8();
                if let Some((state, video)) = self.spans[at].video {
                    return Some(Hit { state, video, title });
                }
            }
        })
    }

    fn known(&self) -> BTreeMap<VideoId, (VideoState, &str)> {
        let spans = self.spans.iter().enumerate();
        spans.filter_map(|(at, span)| span.video.map(|(state, id)| (id, (state, self.title(at))))).collect()
    }
}

/// However they came about.
impl PartialEq for Titles {
    fn eq(&self, other: &Self) -> bool {
        self.known() == other.known()
    }
}

impl Eq for Titles {}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> VideoId {
        VideoId::from_random(number)
    }

    fn found(titles: &Titles, text: &str) -> Vec<VideoId> {
        titles.holding(text).map(|hit| hit.video).collect()
    }

    #[test]
    fn a_text_is_found_once_in_each_title_and_never_across_two() {
        let mut titles = Titles::default();
        for (number, title) in ["ana banana", "", "b", "ban"].into_iter().enumerate() {
            titles.put(id(number as u64), VideoState::New, title);
        }
        assert_eq!(found(&titles, "an"), [id(0), id(3)]);
        assert_eq!(found(&titles, "b"), [id(0), id(2), id(3)]);
        assert!(found(&titles, "\0").is_empty() && found(&titles, "b\0b").is_empty());
        assert_eq!(titles.of(id(1)), Some(""));
    }

    #[test]
    fn titles_change_go_and_are_tidied_away() {
        let mut titles = Titles::default();
        let long = "x".repeat(1000);
        for number in 0..200 {
            titles.put(id(number), VideoState::New, &format!("{long}{number}"));
        }
        for number in 0..190 {
            titles.put(id(number), VideoState::Live, "short");
            if number % 2 == 0 {
                titles.remove(id(number));
            }
        }
        titles.put(id(199), VideoState::Live, &format!("{long}199"));
        assert_eq!(found(&titles, "short").len(), 95);
        assert_eq!(found(&titles, "xx").len(), 10);
        assert!(titles.text.len() < 100_000, "{}", titles.text.len());
        let hit = titles.holding("199").next().unwrap();
        assert_eq!((hit.state, hit.video), (VideoState::Live, id(199)));
        assert_eq!(titles, titles.tidied());
    }
}
