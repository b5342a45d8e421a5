//! The reference's look at the library (L1 to L5).

use std::collections::{BTreeMap, BTreeSet};

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::disk::{FOLDER_PLACE, PLACES, place_of};
use super::reference::{Bytes, Conversion, File, GRACE, Reference, Source, Video, Why};

/// What a look at the root sees.
pub(super) struct Look {
    pub(super) root_readable: bool,
    pub(super) folder_readable: bool,
    /// On which everything in it is.
    pub(super) device: u64,
    /// Videos alone.
    pub(super) files: BTreeMap<File, Bytes>,
    pub(super) settling: BTreeSet<usize>,
}

type Group = BTreeMap<File, Bytes>;

impl Reference {
    /// `lives_at` tells which video the code has at a place: ids are random, and where several videos had a file, or one
    /// video's files went to several places, any choice will do.
    pub(super) fn scan(
        &mut self,
        look: &Look,
        began_at: Timestamp,
        lives_at: &dyn Fn(usize) -> Option<VideoId>,
    ) -> Result<(), String> {
        let readable = look.root_readable && !(self.looks_unmounted(look));
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        if readable {
            for (file, bytes) in self.visible(look, began_at) {
                groups.entry(place_of(file).unwrap()).or_default().insert(file, bytes);
            }
            for place in &look.settling {
                groups.entry(*place).or_default();
            }
        }
        let now_at = self.check_moves(&groups, lives_at)?;
        let settling = |place: usize| look.settling.contains(&place);
        let known: BTreeSet<VideoId> = self.videos.iter().map(|video| video.id).collect();
        let renumbered = self.renumbered(&groups, look.device);
        for at in 0..self.videos.len() {
            if !self.videos[at].lives() {
                continue;
            }
            let place = now_at.get(&at).copied().unwrap_or(self.videos[at].place);
            self.videos[at].place = place;
            if let Some(group) = groups.remove(&place) {
                self.found_at_place(at, group, settling(place), look.device);
            } else if !readable
                || (place == FOLDER_PLACE && !look.folder_readable)
                || self.has_lost_disk(at, look.device, &renumbered)
            {
                self.away(at, Why::RootLost);
            } else {
                self.away(at, Why::Gone);
                self.end_grace(at, began_at);
            }
        }
        for (place, group) in groups {
            self.admit(place, group, settling(place), lives_at(place), &known)?;
            if let Some(added) = self.videos.last_mut().filter(|added| !known.contains(&added.id)) {
                added.device = look.device;
            }
        }
        Ok(())
    }

    /// L3: which videos are at another place than before. A video goes where its files went, unless none of them left
    /// its place, or it was put over a file of another video that has nowhere else to be.
    fn check_moves(
        &self,
        groups: &BTreeMap<usize, Group>,
        lives_at: &dyn Fn(usize) -> Option<VideoId>,
    ) -> Result<BTreeMap<usize, usize>, String> {
        let index_at =
            |place: usize| lives_at(place).and_then(|id| self.videos.iter().position(|video| video.id == id));
        let has = |at: usize, place: usize| {
            let group = groups.get(&place).into_iter().flat_map(BTreeMap::values);
            group.clone().any(|bytes| self.videos[at].files.values().any(|had| had == bytes))
        };
        let living: Vec<usize> = (0..self.videos.len()).filter(|at| self.videos[*at].lives()).collect();
        let stays = |at: usize| has(at, self.videos[at].place);
        let mut moved = BTreeMap::new();
        for place in groups.keys() {
            if let Some(at) = index_at(*place).filter(|at| self.videos[*at].place != *place) {
                if stays(at) || !has(at, *place) {
                    return Err(format!("L3: a video moved to {} without its files", PLACES[*place].1));
                }
                moved.insert(at, *place);
            }
        }
        // Where its files went that are nobody's who stays.
        let open = |at: usize| {
            let held = |place: usize| living.iter().any(|at| self.videos[*at].place == place && stays(*at));
            let elsewhere = groups.keys().copied().filter(move |place| *place != self.videos[at].place);
            elsewhere.filter(|place| has(at, *place) && !held(*place)).collect::<Vec<_>>()
        };
        for at in &living {
            let mut seen = BTreeSet::new();
            let mut waiting = if stays(*at) || moved.contains_key(at) { None } else { Some(*at) };
            while let Some(at) = waiting.take() {
                for place in open(at) {
                    let Some(other) = index_at(place) else {
                        return Err(format!("L3: not followed to {}", PLACES[place].1));
                    };
                    if moved.contains_key(&other) {
                        continue;
                    }
                    // Whose the place is that several hard links were at is a matter of choice.
                    let claim = |at: &&usize| !stays(**at) && has(**at, place);
                    let contested = living.iter().filter(claim).count() > 1;
                    if seen.insert(other) {
                        waiting = Some(other);
                    } else if !contested {
                        return Err(format!("L3: a swap was not followed to {}", PLACES[place].1));
                    }
                }
            }
        }
        Ok(moved)
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
                    device: 0,
                    trashed_at: None,
                });
                Ok(())
            }
        }
    }

    /// L5: nothing at all in a root where something should be.
    fn looks_unmounted(&self, look: &Look) -> bool {
        let empty = look.files.is_empty() && look.settling.is_empty() && look.folder_readable;
        let expected = |video: &Video| match video.source {
            Source::Here | Source::Away { why: Why::RootLost | Why::BeingWritten, .. } => !video.forgotten,
            Source::Away { why: Why::Gone, .. } | Source::Deleted { .. } => false,
        };
        empty && self.videos.iter().any(expected)
    }

    /// All files but those that a deleted video hides.
    fn visible(&self, look: &Look, began_at: Timestamp) -> BTreeMap<File, Bytes> {
        let hidden = |bytes: Bytes| {
            self.videos.iter().any(|video| match video.source {
                Source::Deleted { hidden, .. } => {
                    let hidden = hidden || video.trashed_at.is_some_and(|at| at >= began_at);
                    hidden && video.files.values().any(|other| *other == bytes)
                }
                Source::Here | Source::Away { .. } => false,
            })
        };
        let files = look.files.iter().map(|(file, bytes)| (*file, *bytes));
        files.filter(|(_, bytes)| !hidden(*bytes)).collect()
    }

    fn found_at_place(&mut self, at: usize, group: Group, settling: bool, device: u64) {
        let here = |of: Bytes| group.values().any(|bytes| *bytes == of);
        let base_here = self.videos[at].made_of().map(here);
        if settling && (group.is_empty() || base_here == Some(false)) {
            // L2, L4: it is being overwritten.
            self.away(at, Why::BeingWritten);
            return;
        }
        let video = &mut self.videos[at];
        let waits = match &video.conversion {
            Conversion::Failed { of, .. } => {
                let contents = |group: &Group| group.values().copied().collect::<BTreeSet<_>>();
                !here(*of)
                    && !settling
                    && contents(&video.files) != contents(&group)
                    && !video.postings.is_empty()
            }
            Conversion::None | Conversion::Ordered(_) | Conversion::Ready(_) => false,
        };
        video.files = group;
        video.device = device;
        video.source = Source::Here;
        if base_here == Some(false) || waits {
            self.replaced(at);
        }
    }

    /// L4: what was ordered, or has URLs, is converted anew.
    fn replaced(&mut self, at: usize) {
        let (wanted, before, of) = match &self.videos[at].conversion {
            Conversion::Ordered(order) => (order.labels.clone(), order.labels.clone(), order.of),
            Conversion::Ready(order) => (BTreeSet::new(), order.labels.clone(), order.of),
            Conversion::Failed { labels, of } => (labels.clone(), labels.clone(), *of),
            Conversion::None => return,
        };
        if wanted.is_empty() && self.videos[at].postings.is_empty() {
            self.videos[at].conversion = Conversion::None;
        } else if self.order(at, wanted).is_err() {
            self.videos[at].conversion = Conversion::Failed { labels: before, of };
        }
    }

    /// Devices whose files are found on another one: that is the same with another number.
    fn renumbered(&self, groups: &BTreeMap<usize, Group>, device: u64) -> BTreeSet<u64> {
        let found: BTreeSet<Bytes> = groups.values().flat_map(BTreeMap::values).copied().collect();
        let others = self.videos.iter().filter(|video| video.lives() && video.device != device);
        let seen = others.filter(|video| video.files.values().any(|bytes| found.contains(bytes)));
        seen.map(|video| video.device).collect()
    }

    /// L5: the disk of its files is not there, and its files were when it was there last.
    fn has_lost_disk(&self, at: usize, device: u64, renumbered: &BTreeSet<u64>) -> bool {
        let video = &self.videos[at];
        let known_gone = matches!(video.source, Source::Away { why: Why::Gone, .. });
        !known_gone && video.device != device && !renumbered.contains(&video.device)
    }

    /// L5: it was gone for long enough already when somebody looked. One without URLs is forgotten.
    fn end_grace(&mut self, at: usize, looked_at: Timestamp) {
        let video = &mut self.videos[at];
        match video.source {
            Source::Away { since, why: Why::Gone } if since.after(GRACE) <= looked_at => {}
            Source::Here | Source::Away { .. } | Source::Deleted { .. } => return,
        }
        if video.postings.is_empty() {
            video.forgotten = true;
            video.conversion = Conversion::None;
        } else {
            video.end(false, false);
        }
    }

    /// L5: the grace period runs from when the files were known to be gone.
    fn away(&mut self, at: usize, why: Why) {
        let since = match self.videos[at].source {
            Source::Away { why: before, since } if before == why => since,
            Source::Here | Source::Away { .. } => self.now,
            Source::Deleted { .. } => return,
        };
        self.videos[at].source = Source::Away { since, why };
    }
}
