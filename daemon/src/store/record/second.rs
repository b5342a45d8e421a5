//! What schema 2 added: behind each video what the queue knows of its order, behind each posting how it is used, and the
//! queue itself.
//!
//! A record of schema 1 means the same with [`Course::default`] behind it.

use serde::{Deserialize, Serialize};
use vodpost_protocol::time::Timestamp;

use super::disk::{self, Actor};
use crate::core::artifact::Failure;
use crate::core::posting as core_posting;
use crate::core::queue as core_queue;
use crate::core::traffic as core_traffic;
use crate::core::video as core_video;
use crate::core::work as core_work;

#[derive(Serialize, Deserialize)]
pub(super) struct Video {
    first: disk::Video,
    course: Course,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Course {
    setbacks: u32,
    late: bool,
    phase: Phase,
}

/// Of the order that waits or runs.
#[derive(Default, Serialize, Deserialize)]
enum Phase {
    #[default]
    Unknown,
    Waiting {
        hold: Option<Hold>,
        short_of_room: bool,
    },
    Running {
        started_at: Timestamp,
    },
}

#[derive(Serialize, Deserialize)]
struct Hold {
    reason: String,
    output: String,
    until: Timestamp,
}

impl Video {
    pub(super) fn from_core(video: &core_video::Video) -> Self {
        Self { first: disk::Video::from_core(video), course: Course::from_core(&video.conversion) }
    }

    pub(super) fn into_core(self) -> core_video::Video {
        let Self { first, course } = self;
        first.into_core(course)
    }
}

impl Course {
    fn from_core(conversion: &core_video::Conversion) -> Self {
        let of =
            |order: &core_video::Order, phase| Self { setbacks: order.setbacks, late: order.late, phase };
        match conversion {
            core_video::Conversion::None => Self::default(),
            core_video::Conversion::Queued(waiting) => {
                let core_video::Waiting { order, hold, short_of_room } = &**waiting;
                let hold = hold.as_ref().map(|core_video::Hold { failure, until }| {
                    let Failure { reason, output } = failure.clone();
                    Hold { reason, output, until: *until }
                });
                of(order, Phase::Waiting { hold, short_of_room: *short_of_room })
            }
            core_video::Conversion::Running(running) => {
                let core_video::Running { order, started_at } = &**running;
                of(order, Phase::Running { started_at: *started_at })
            }
            core_video::Conversion::Failed(failed) => of(&failed.order, Phase::Unknown),
            core_video::Conversion::Ready(ready) => of(&ready.order, Phase::Unknown),
        }
    }

    pub(super) fn order(&self, mut order: core_video::Order) -> core_video::Order {
        order.setbacks = self.setbacks;
        order.late = self.late;
        order
    }

    pub(super) fn waiting(self, order: core_video::Order) -> core_video::Waiting {
        let order = self.order(order);
        match self.phase {
            Phase::Waiting { hold, short_of_room } => {
                let hold = hold.map(|Hold { reason, output, until }| core_video::Hold {
                    failure: Failure { reason, output },
                    until,
                });
                core_video::Waiting { order, hold, short_of_room }
            }
            Phase::Unknown | Phase::Running { .. } => {
                core_video::Waiting { order, hold: None, short_of_room: false }
            }
        }
    }

    pub(super) fn running(self, order: core_video::Order) -> core_video::Running {
        let started_at = match self.phase {
            Phase::Running { started_at } => started_at,
            Phase::Unknown | Phase::Waiting { .. } => order.requested_at,
        };
        core_video::Running { order: self.order(order), started_at }
    }
}

/// Behind each posting: whether it is listed, and how it was used lately.
#[derive(Serialize, Deserialize)]
pub(super) struct Posting {
    first: disk::Posting,
    listed: bool,
    traffic: Option<Traffic>,
}

#[derive(Serialize, Deserialize)]
struct Traffic {
    last_seen_at: Timestamp,
    hours: Vec<(u32, u32)>,
    days: Vec<(u32, u32)>,
    referrers: Vec<(String, u64)>,
}

impl Posting {
    pub(super) fn from_core(posting: &core_posting::Posting) -> Self {
        let traffic = posting.traffic.as_deref().map(
            |core_traffic::Traffic { last_seen_at, hours, days, referrers }| Traffic {
                last_seen_at: *last_seen_at,
                hours: hours.clone(),
                days: days.clone(),
                referrers: referrers.iter().map(|(host, views)| (host.to_string(), *views)).collect(),
            },
        );
        Self { first: disk::Posting::from_core(posting), listed: posting.listed, traffic }
    }

    pub(super) fn into_core(self) -> core_posting::Posting {
        let traffic = self.traffic.map(|Traffic { last_seen_at, hours, days, referrers }| {
            let referrers = referrers.into_iter().map(|(host, views)| (host.into(), views)).collect();
            Box::new(core_traffic::Traffic { last_seen_at, hours, days, referrers })
        });
        core_posting::Posting { listed: self.listed, traffic, ..self.first.into_core() }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Queue {
    paused: Option<(Timestamp, Actor)>,
    copy: Rate,
    sound: Rate,
    picture: Rate,
}

#[derive(Serialize, Deserialize)]
struct Rate {
    per_s: u64,
    measured: bool,
}

impl Queue {
    pub(super) fn from_core(queue: &core_queue::Queue) -> Self {
        let core_queue::Queue { paused, rates } = queue;
        let core_work::Rates { copy, sound, picture } = *rates;
        Self {
            paused: paused.as_ref().map(|core_queue::Pause { at, by }| (*at, Actor::from_core(by))),
            copy: Rate::from_core(copy),
            sound: Rate::from_core(sound),
            picture: Rate::from_core(picture),
        }
    }

    pub(super) fn into_core(self) -> core_queue::Queue {
        let Self { paused, copy, sound, picture } = self;
        core_queue::Queue {
            paused: paused.map(|(at, by)| core_queue::Pause { at, by: by.into_core() }),
            rates: core_work::Rates {
                copy: copy.into_core(),
                sound: sound.into_core(),
                picture: picture.into_core(),
            },
        }
    }
}

impl Rate {
    fn from_core(rate: core_work::Rate) -> Self {
        let core_work::Rate { per_s, measured } = rate;
        Self { per_s, measured }
    }

    fn into_core(self) -> core_work::Rate {
        let Self { per_s, measured } = self;
        core_work::Rate { per_s, measured }
    }
}
