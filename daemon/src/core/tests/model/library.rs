//! The reference's look at the library (L1 to L5).

use std::collections::{BTreeMap, BTreeSet};

use vodpost_protocol::ids::VideoId;

use super::disk::{FOLDER_PLACE, PLACES, place_of};
use super::reference::{Bytes, Conversion, File, Reference, Source, Video};

/// What a look at the root sees.
pub(super) struct Look {
    pub(super) root_readable: bool,
    pub(super) folder_readable: bool,
    /// Videos alone.
    pub(super) files: BTreeMap<File, Bytes>,
    pub(super) settling: BTreeSet<usize>,
}

type Group = BTreeMap<File, Bytes>;

impl Reference {
    /// `lives_at` tells which video the code has at a place: ids are random, and of several videos that had a file one
    /// has to be taken.
    pub(super) fn scan(
        &mut self,
        look: &Look,
        lives_at: &dyn Fn(usize) -> Option<VideoId>,
    ) -> Result<(), String> {
        let readable = look.root_readable && !(self.looks_unmounted(look));
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        if readable {
            for (file, bytes) in self.visible(look) {
                groups.entry(place_of(file).unwrap()).or_default().insert(file, bytes);
            }
        }
        let settling = |place: usize| readable && look.settling.contains(&place);
        let mut absent = BTreeSet::new();
        for at in 0..self.videos.len() {
            if !self.videos[at].lives() {
                continue;
            }
            let place = self.videos[at].place;
            let group = groups.remove(&place).unwrap_or_default();
            if !group.is_empty() || settling(place) {
                self.found_at_place(at, group, settling(place));
            } else if !readable || (place == FOLDER_PLACE && !look.folder_readable) {
                self.away(at, false);
            } else {
                absent.insert(at);
            }
        }
        let known: BTreeSet<VideoId> = self.videos.iter().map(|video| video.id).collect();
        let mut moved = BTreeSet::new();
        for (place, group) in groups {
            let may_be = self.lost_owners(&group, &absent, &moved);
            let is = lives_at(place);
            match is.and_then(|id| may_be.iter().find(|at| self.videos[**at].id == id).copied()) {
                Some(at) => {
                    moved.insert(at);
                    absent.remove(&at);
                    self.videos[at].place = place;
                    self.found_at_place(at, group, settling(place));
                }
                None => {
                    let owners = self.lost_owners(&group, &absent, &BTreeSet::new());
                    let followed_elsewhere = owners.iter().any(|at| moved.contains(at));
                    if !may_be.is_empty() && !followed_elsewhere {
                        return Err(format!("L3: {} was not followed to its new place", PLACES[place].1));
                    }
                    self.admit(place, group, settling(place), is, &known)?;
                }
            }
        }
        for at in absent {
            self.away(at, true);
        }
        Ok(())
    }

    /// L2: only when all of it has settled; under an id that nobody had.
    fn admit(
        &mut self,
        place: usize,
        files: Group,
        settling: bool,
        is: Option<VideoId>,
        known: &BTreeSet<VideoId>,
    ) -> Result<(), String> {
        match (settling, is) {
            (true, None) => Ok(()),
            (true, Some(_)) => Err("L2: admitted before it has settled".to_owned()),
            (false, None) => Err(format!("L1: {} was not admitted", PLACES[place].1)),
            (false, Some(id)) if known.contains(&id) => Err(format!("{id} is not a new id")),
            (false, Some(id)) => {
                self.videos.push(Video {
                    id,
                    place,
                    files,
                    source: Source::Here,
                    on: true,
                    conversion: Conversion::None,
                    postings: Vec::new(),
                    forgotten: false,
                });
                Ok(())
            }
        }
    }

    /// L5: nothing at all in a root where something should be.
    fn looks_unmounted(&self, look: &Look) -> bool {
        let empty = look.files.is_empty() && look.settling.is_empty() && look.folder_readable;
        let expected = |video: &Video| match video.source {
            Source::Here | Source::Away { gone: false, .. } => !video.forgotten,
            Source::Away { gone: true, .. } | Source::Deleted { .. } => false,
        };
        empty && self.videos.iter().any(expected)
    }

    /// All files but those that a deleted video hides at its place.
    fn visible(&self, look: &Look) -> BTreeMap<File, Bytes> {
        let hidden = |file: File, bytes: Bytes| {
            self.videos.iter().any(|video| match video.source {
                Source::Deleted { hidden, .. } => {
                    hidden
                        && Some(video.place) == place_of(file)
                        && video.files.values().any(|other| *other == bytes)
                }
                Source::Here | Source::Away { .. } => false,
            })
        };
        let files = look.files.iter().map(|(file, bytes)| (*file, *bytes));
        files.filter(|(file, bytes)| !hidden(*file, *bytes)).collect()
    }

    /// Who had one of these files and is not where it was.
    fn lost_owners(&self, group: &Group, absent: &BTreeSet<usize>, not: &BTreeSet<usize>) -> BTreeSet<usize> {
        let away = |at: usize| match self.videos[at].source {
            Source::Away { .. } => self.videos[at].lives(),
            Source::Here | Source::Deleted { .. } => absent.contains(&at),
        };
        (0..self.videos.len())
            .filter(|at| away(*at) && !not.contains(at))
            .filter(|at| group.values().any(|bytes| self.videos[*at].files.values().any(|had| had == bytes)))
            .collect()
    }

    fn found_at_place(&mut self, at: usize, group: Group, settling: bool) {
        let base_here = self.videos[at].made_of().map(|bytes| group.values().any(|other| *other == bytes));
        if settling && (group.is_empty() || base_here == Some(false)) {
            // L2, L4: it is being overwritten.
            self.away(at, true);
            return;
        }
        let video = &mut self.videos[at];
        video.files = group;
        video.source = Source::Here;
        if base_here == Some(false) {
            self.replaced(at);
        }
    }

    /// L4: what was ordered, or has URLs, is converted anew.
    fn replaced(&mut self, at: usize) {
        let (wanted, before) = match &self.videos[at].conversion {
            Conversion::Ordered(order) => (order.labels.clone(), order.labels.clone()),
            Conversion::Ready(order) => (BTreeSet::new(), order.labels.clone()),
            Conversion::None | Conversion::Failed { .. } => return,
        };
        if wanted.is_empty() && self.videos[at].postings.is_empty() {
            self.videos[at].conversion = Conversion::None;
        } else if self.order(at, wanted).is_err() {
            self.videos[at].conversion = Conversion::Failed { labels: before };
        }
    }

    /// L5: the grace period runs from when the files were known to be gone.
    fn away(&mut self, at: usize, gone: bool) {
        let since = match self.videos[at].source {
            Source::Away { gone: before, since } if before == gone => since,
            Source::Here | Source::Away { .. } => self.now,
            Source::Deleted { .. } => return,
        };
        self.videos[at].source = Source::Away { since, gone };
    }
}
