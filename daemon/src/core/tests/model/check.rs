//! What must hold after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use vodpost_protocol::account::{AccountKind, VerificationState};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::posting::Cause;
use vodpost_protocol::video::Switch;

use super::super::super::actor::Actor;
use super::super::super::artifact::{Assignment, PublicState, Publication};
use super::super::super::effect::Effect;
use super::super::super::event::{Event, Subject};
use super::super::super::posting::{self, causes};
use super::super::super::state::{Change, State};
use super::super::super::transaction::Outcome;
use super::super::super::video::{self, DeletionKind, MissingCause};
use super::super::ROOT;
use super::disk::{FILES, PLACES};
use super::reference::{Conversion, Posting, Source, Video, Why};
use super::rig::{ARTIFACTS, Before, Rig};

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

impl Rig {
    /// The events of one input, and who is told of what it changed.
    pub(super) fn check_outcome(
        &mut self,
        outcome: &Outcome,
        actor: &Actor,
        before: &Before,
    ) -> Result<(), String> {
        let mut events: Vec<&Event> = Vec::new();
        for change in &outcome.changes {
            match change {
                Change::Event(event) => events.push(event),
                Change::Video(_) | Change::ForgetVideo(_) | Change::Posting(_) => {}
                Change::Account(_) | Change::Queue(_) | Change::Roots(_) | Change::ForgetEvent(_) => {}
            }
        }
        let announced: Vec<&Event> = outcome
            .effects
            .iter()
            .filter_map(|effect| if let Effect::Announce(event) = effect { Some(event) } else { None })
            .collect();
        ensure(events == announced, || "S2: what is announced is not what is recorded".to_owned())?;
        let now = self.around.reference.now;
        for event in &events {
            self.around.last_seq += 1;
            ensure(event.seq == self.around.last_seq, || format!("S2: a gap before event {}", event.seq))?;
            ensure(event.at == now && event.actor == *actor, || format!("S2: {event:?} by {actor:?}"))?;
        }
        self.check_last_changes(&events)?;
        self.check_ends(&events, before)?;
        let after = self.publications();
        for (id, publications) in &after {
            let was = before.publications.get(id);
            let told = outcome.touched.contains(id)
                || was.map_or(publications.is_empty(), |was| was == publications);
            ensure(told, || format!("P6: the public server is not told of {id}"))?;
            let states = |of: &[Publication]| of.iter().map(|one| http(&one.state)).collect::<Vec<_>>();
            let said =
                was.map_or(Vec::new(), |was| states(was)) == states(publications) || !events.is_empty();
            ensure(said, || format!("S2: the URLs of {id} changed without an event"))?;
        }
        Ok(())
    }

    /// S2, C5: a video does not change its source's state, leave, or lose what was ordered of it without an event.
    fn check_ends(&self, events: &[&Event], before: &Before) -> Result<(), String> {
        let of = |id: VideoId| {
            events.iter().filter(move |event| match &event.subject {
                Subject::Account | Subject::Queue | Subject::Library => false,
                Subject::Video { id: of, .. } | Subject::Posting { video: of, .. } => *of == id,
            })
        };
        for (id, (source, had_order)) in &before.videos {
            let now = self.core.state().video(*id);
            let Some(now) = now else {
                let last = of(*id).next_back().map(|event| event.what);
                ensure(last == Some(EventKind::VideoForgotten), || format!("S2: {id} left as {last:?}"))?;
                let failed = of(*id).any(|event| event.what == EventKind::ConversionFailed);
                ensure(failed || !had_order, || format!("C5: the order of {id} was lost"))?;
                continue;
            };
            // That its files have arrived in the trash is no change of its state.
            let state = |source: Source| match source {
                Source::Here => 0,
                Source::Away { why: Why::Gone, .. } => 1,
                Source::Away { why: Why::RootLost, .. } => 2,
                Source::Away { why: Why::BeingWritten, .. } => 3,
                Source::Deleted { .. } => 4,
            };
            let told = of(*id).next().is_some();
            ensure(told || state(source_of(now)) == state(*source), || {
                format!("S2: the source of {id} was {source:?} and is {:?}, without an event", now.source)
            })?;
            ensure(told || !had_order || now.order().is_some(), || format!("C5: the order of {id} ended"))?;
        }
        Ok(())
    }

    /// L5: when a grace period is over somebody is asked to look, and asked again if nothing comes of it.
    fn check_looks(&self) -> Result<(), String> {
        let next = self.core.next_due();
        for over_at in self.around.reference.graces() {
            let asked_at = self.look_asked_at.filter(|asked_at| *asked_at >= over_at);
            let due = asked_at.map_or(over_at, |asked_at| asked_at.after(Duration::from_secs(600)));
            ensure(next.is_some_and(|next| next <= due), || {
                format!("L5: nobody looks at {over_at}, {next:?} comes next")
            })?;
        }
        Ok(())
    }

    /// P5, S2: who changed a video last, when and how.
    fn check_last_changes(&self, events: &[&Event]) -> Result<(), String> {
        let mut last: BTreeMap<VideoId, &Event> = BTreeMap::new();
        for event in events {
            match &event.subject {
                Subject::Account | Subject::Queue | Subject::Library => {}
                Subject::Video { id, .. } | Subject::Posting { video: id, .. } => {
                    last.insert(*id, event);
                }
            }
        }
        for (id, event) in last {
            let Some(video) = self.core.state().video(id) else { continue };
            let shown = video.last_change.as_ref().map(|change| (change.at, &change.actor, change.what));
            ensure(shown == Some((event.at, &event.actor, event.what)), || {
                format!("S2: the last change of {id} is shown as {shown:?} after {:?}", event.what)
            })?;
        }
        Ok(())
    }

    /// What a worker is told to make is what was ordered.
    pub(super) fn check_assignment(&self, given: &Assignment) -> Result<(), String> {
        let Conversion::Ordered(order) = self.expected_or_none(given.job.video) else {
            // A scan gives out work before the reference has had its look; the check after the step sees it.
            return Ok(());
        };
        ensure(given.info.video.is_some(), || "C2: nothing to convert".to_owned())?;
        if order.of != given.identity.ino {
            return Ok(());
        }
        ensure(given.deadline == order.deadline, || "C3: the worker is told another deadline".to_owned())?;
        ensure(given.plan.needs_worker() == order.needs_worker, || "C2: another plan".to_owned())
    }

    fn expected_or_none(&self, id: VideoId) -> &Conversion {
        let known = self.around.reference.videos.iter().any(|video| video.id == id);
        if known { self.expected(id) } else { &Conversion::None }
    }

    pub(super) fn check(&mut self) -> Result<(), String> {
        self.learn_tokens()?;
        self.check_same(self.core.state(), &self.shadow)
            .map_err(|what| format!("S1: against the records, {what}"))?;
        self.check_account()?;
        let state = self.core.state();
        let videos = &self.around.reference.videos;
        let known: BTreeSet<VideoId> =
            videos.iter().filter(|video| !video.forgotten).map(|video| video.id).collect();
        ensure(state.videos().map(|video| video.id).collect::<BTreeSet<_>>() == known, || {
            format!(
                "L3: the videos are {:?}, expected {known:?}",
                state.videos().map(|video| video.id).collect::<Vec<_>>()
            )
        })?;
        let postings: usize = videos.iter().map(|video| video.postings.len()).sum();
        ensure(state.postings_count() == postings, || "P5: the count of postings is another one".to_owned())?;
        ensure(state.last_seq() == self.around.last_seq, || "S2: the last event is another one".to_owned())?;
        let due = self.next_due();
        ensure(self.core.state().queue().paused.is_some() == self.around.reference.paused, || {
            "C5: the queue is paused or is not".to_owned()
        })?;
        ensure(state.next_due() == due, || "C3: something else is due next".to_owned())?;
        self.check_looks()?;
        for video in videos.iter().filter(|video| !video.forgotten) {
            self.check_video(video)
                .map_err(|what| format!("{} ({}): {what}", PLACES[video.place].1, video.id))?;
        }
        self.check_queue()
    }

    /// New postings have a token that none has or had (P2).
    fn learn_tokens(&mut self) -> Result<(), String> {
        let mut known: BTreeSet<Token> = BTreeSet::new();
        for video in &self.around.reference.videos {
            known.extend(video.postings.iter().filter_map(|posting| posting.token));
        }
        for video in &mut self.around.reference.videos {
            let id = video.id;
            for posting in video.postings.iter_mut().filter(|posting| posting.token.is_none()) {
                let mut made = self.core.state().postings_of(id);
                let token = made.find(|made| made.label.as_str() == posting.label).map(|made| made.token);
                let token = token.ok_or_else(|| format!("P1: no posting {} of {id}", posting.label))?;
                ensure(known.insert(token), || format!("P2: the token {token} is used again"))?;
                posting.token = Some(token);
            }
        }
        Ok(())
    }

    fn check_account(&self) -> Result<(), String> {
        let (is, should) = (self.core.state().account(), &self.around.reference.account);
        let approved = is.approval().map(|approval| approval.submission.kind == AccountKind::Enterprise);
        ensure(approved == should.approved, || "A3: another approval is in force".to_owned())?;
        ensure((is.state() == VerificationState::Submitted) == should.waiting.is_some(), || {
            "A3: another submission waits".to_owned()
        })?;
        ensure(is.service.is_some() == should.active, || "A6: the activation differs".to_owned())
    }

    fn check_video(&self, should: &Video) -> Result<(), String> {
        let is = self.core.state().video(should.id).unwrap();
        let place = (is.place.folder.to_str().unwrap(), is.place.base.to_str().unwrap());
        ensure(place == PLACES[should.place], || format!("L3: it is at {place:?}"))?;
        ensure(source_of(is) == should.source, || {
            format!("the source is {:?}, the rules say {:?}", is.source, should.source)
        })?;
        ensure((is.switch == Switch::On) == should.on, || "P4: the switch differs".to_owned())?;
        let files: BTreeMap<String, u64> =
            is.renditions.iter().map(|one| (one.name.to_string_lossy(), one.identity.ino)).collect();
        let name = |file: usize| Path::new(FILES[file]).file_name().unwrap().to_str().unwrap();
        let expected: BTreeMap<String, u64> =
            should.files.iter().map(|(file, bytes)| (name(*file).to_owned(), *bytes)).collect();
        ensure(files == expected, || format!("L1: the files are {files:?}, expected {expected:?}"))?;
        self.check_conversion(is, should)?;
        let mut postings: Vec<Posting> = self
            .core
            .state()
            .postings_of(is.id)
            .map(|one| Posting {
                label: one.label.to_string(),
                token: Some(one.token),
                on: one.switch == Switch::On,
                views: one.views,
            })
            .collect();
        let mut expected = should.postings.clone();
        postings.sort_by_key(|posting| posting.token);
        expected.sort_by_key(|posting| posting.token);
        ensure(postings == expected, || format!("the postings are {postings:?}, expected {expected:?}"))?;
        self.check_availability(is, should)
    }

    fn check_conversion(&self, is: &video::Video, should: &Video) -> Result<(), String> {
        let labels =
            |order: &video::Order| order.labels.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let same_order = |is: &video::Order, should: &super::reference::Order| {
            labels(is) == should.labels
                && is.identity.ino == should.of
                && is.plan.needs_worker() == should.needs_worker
                && is.deadline == should.deadline
                && is.setbacks == should.setbacks
        };
        let fits = match (&is.conversion, &should.conversion) {
            (video::Conversion::None, Conversion::None) => true,
            (video::Conversion::Queued(waiting), Conversion::Ordered(expected)) => {
                same_order(&waiting.order, expected)
                    && waiting.hold.as_ref().map(|hold| hold.until) == expected.held
            }
            // C5: exactly what is marked as running runs.
            (video::Conversion::Running(running), Conversion::Ordered(expected)) => {
                let order = &running.order;
                let runs = self.around.jobs.get(&is.id).is_some_and(|given| given.job == order.job(is.id));
                same_order(order, expected)
                    && runs
                    && should.source == Source::Here
                    && expected.held.is_none()
            }
            (video::Conversion::Failed(failed), Conversion::Failed { labels: expected, .. }) => {
                labels(&failed.order) == *expected && !failed.failure.reason.is_empty()
            }
            (video::Conversion::Ready(ready), Conversion::Ready(expected)) => {
                same_order(&ready.order, expected) && ready.artifact.source.ino == expected.of
            }
            (
                video::Conversion::None
                | video::Conversion::Queued(_)
                | video::Conversion::Running(_)
                | video::Conversion::Failed(_)
                | video::Conversion::Ready(_),
                Conversion::None | Conversion::Ordered(_) | Conversion::Failed { .. } | Conversion::Ready(_),
            ) => false,
        };
        ensure(fits, || {
            format!("C5: the conversion is {:?}, the rules say {:?}", is.conversion, should.conversion)
        })
    }

    /// P3, derived once more.
    fn check_availability(&self, is: &video::Video, should: &Video) -> Result<(), String> {
        let publications = self.core.publications(is.id, &Path::new(ARTIFACTS).into());
        ensure(publications.len() == should.postings.len(), || "P3: not every URL is published".to_owned())?;
        for (posting, publication) in self.core.state().postings_of(is.id).zip(&publications) {
            let on = posting.switch == Switch::On;
            let mut expected: BTreeSet<Cause> = BTreeSet::new();
            if !on {
                expected.insert(Cause::Posting);
            }
            if !should.on {
                expected.insert(Cause::Source);
            }
            expected.extend(match should.source {
                Source::Here => None,
                Source::Away { .. } => Some(Cause::Missing),
                Source::Deleted { .. } => Some(Cause::Deleted),
            });
            expected.extend(match should.conversion {
                // Nothing is to be made of it any more.
                Conversion::None | Conversion::Failed { .. } if should.is_deleted() => None,
                Conversion::Ready(_) => None,
                Conversion::Ordered(_) => Some(Cause::Converting),
                Conversion::None | Conversion::Failed { .. } => Some(Cause::ConversionFailed),
            });
            let given: BTreeSet<Cause> = causes(is, posting).into_iter().collect();
            ensure(given == expected, || format!("P3: the causes are {given:?}, expected {expected:?}"))?;
            let status = match (should.is_deleted(), on && should.on, expected.is_empty()) {
                (true, _, _) => 410,
                (false, false, _) => 403,
                (false, true, false) => 503,
                (false, true, true) => 200,
            };
            let shown = http(&publication.state);
            ensure(shown == status, || format!("P3: {shown} instead of {status}"))?;
            ensure(publication.token == posting.token, || "P3: published under another token".to_owned())?;
            self.check_served(publication, should)?;
            let word = posting::state(&causes(is, posting));
            ensure((status == 200) == (word == vodpost_protocol::posting::PostingState::Live), || {
                format!("P3: {word:?} with {status}")
            })?;
        }
        Ok(())
    }

    /// L4, C6: what is served was made of the bytes that are there now.
    fn check_served(&self, publication: &Publication, should: &Video) -> Result<(), String> {
        let PublicState::Live(served) = &publication.state else { return Ok(()) };
        let Conversion::Ready(order) = &should.conversion else {
            return Err("L4: nothing is ready".to_owned());
        };
        if !order.needs_worker {
            let mut files = should.files.iter().filter(|(_, bytes)| **bytes == order.of);
            let there = files.any(|(file, _)| Path::new(ROOT).join(FILES[*file]) == served.path());
            // After a restart the device may have another number until the next look.
            let same = served.identity().ino == order.of
                && (self.around.seen_device != self.device || served.identity() == self.identity(order.of));
            return ensure(there && same, || format!("L4: {served:?} is served"));
        }
        let path = served.path();
        let name = path.strip_prefix(ARTIFACTS).ok().and_then(Path::to_str).unwrap_or_default();
        let made_of = self.around.artifacts.get(name);
        ensure(made_of == Some(&order.of), || format!("L4: {name} is served, made of {made_of:?}"))
    }

    /// C5: what may run runs, and not more than there are workers.
    fn check_queue(&self) -> Result<(), String> {
        let busy = self.around.jobs.values().filter(|given| given.plan.needs_worker()).count();
        ensure(busy <= self.settings.workers, || {
            format!("{busy} jobs for {} workers", self.settings.workers)
        })?;
        for video in self.core.state().videos() {
            let video::Conversion::Queued(waiting) = &video.conversion else { continue };
            let short = self.machine.room_bytes == Some(0);
            let may_not = busy == self.settings.workers || self.around.reference.paused || short;
            let waits_rightly = video.source != video::Source::Present
                || waiting.hold.is_some()
                || (waiting.order.plan.needs_worker() && may_not);
            ensure(waits_rightly, || format!("C5: {} waits for nothing", video.title()))?;
        }
        for id in self.around.jobs.keys() {
            let running = self
                .core
                .state()
                .video(*id)
                .is_some_and(|video| matches!(video.conversion, video::Conversion::Running(_)));
            ensure(running, || format!("C5: a worker is at {id}, which is not running"))?;
        }
        Ok(())
    }

    /// Everything that can be read of two states.
    pub(super) fn check_same(&self, is: &State, should: &State) -> Result<(), String> {
        ensure(is.videos().eq(should.videos()), || {
            format!(
                "the videos are {:#?}\ninstead of {:#?}",
                is.videos().collect::<Vec<_>>(),
                should.videos().collect::<Vec<_>>()
            )
        })?;
        ensure(is.postings().eq(should.postings()), || "the postings differ".to_owned())?;
        ensure(is.account() == should.account(), || "the account differs".to_owned())?;
        ensure(is.queue() == should.queue(), || "the queue differs".to_owned())?;
        let events = |state: &State| (state.last_seq(), state.oldest_seq());
        ensure(events(is) == events(should), || "the events differ".to_owned())?;
        let kept = is.last_seq() - is.oldest_seq() < self.settings.events_kept;
        ensure(kept || is.last_seq() == 0, || "S2: more events are kept than configured".to_owned())?;
        ensure(is.index() == should.index(), || "the orders or the counts differ".to_owned())?;
        let timed = |state: &State| state.timed().map(|video| video.id).collect::<Vec<_>>();
        ensure(timed(is) == timed(should), || "what time acts on differs".to_owned())?;
        for video in is.videos() {
            // The oldest first; several that were created in one moment come in any order.
            let ages =
                |state: &State| state.postings_of(video.id).map(|one| one.created_at).collect::<Vec<_>>();
            let tokens =
                |state: &State| state.postings_of(video.id).map(|one| one.token).collect::<BTreeSet<_>>();
            ensure(ages(is) == ages(should) && ages(is).is_sorted() && tokens(is) == tokens(should), || {
                format!("the postings of {} are other ones or in another order", video.id)
            })?;
            let lives = |state: &State| state.video_at(&video.place).map(|video| video.id);
            ensure(lives(is) == lives(should), || format!("another video lives at {:?}", video.place))?;
            ensure(video.is_deleted() || lives(is) == Some(video.id), || {
                format!("{} is not at its place", video.id)
            })?;
        }
        Ok(())
    }
}

pub(super) fn source_of(video: &video::Video) -> Source {
    match &video.source {
        video::Source::Present => Source::Here,
        video::Source::Missing { since, cause } => {
            let why = match cause {
                MissingCause::Vanished => Why::Gone,
                MissingCause::RootUnavailable(_) => Why::RootLost,
                MissingCause::BeingWritten => Why::BeingWritten,
            };
            Source::Away { since: *since, why }
        }
        video::Source::Deleted(deletion) => match deletion.how {
            DeletionKind::Trashing => Source::Deleted { hidden: true, trashing: true },
            DeletionKind::FilesKept => Source::Deleted { hidden: true, trashing: false },
            DeletionKind::Trashed | DeletionKind::GraceOver => {
                Source::Deleted { hidden: false, trashing: false }
            }
        },
    }
}

fn http(state: &PublicState) -> u16 {
    match state {
        PublicState::Live(_) => 200,
        PublicState::Suspended => 403,
        PublicState::Pending => 503,
        PublicState::Invalid => 410,
    }
}
