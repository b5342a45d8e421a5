//! What can happen, and sequences of it by chance. Numbers in steps are taken modulo what there is when they run, so a
//! step stays meaningful when others before it are left out.

use super::super::super::transaction::Dice;

/// SplitMix64.
#[derive(Clone)]
pub(in super::super) struct Rng(u64);

impl Rng {
    pub(in super::super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA24B_AED4_963E_E407))
    }

    pub(in super::super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(in super::super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Throws the same numbers often, as a weak source would.
impl Dice for Rng {
    fn video_bits(&mut self) -> u64 {
        self.next()
    }

    fn token_bits(&mut self) -> u128 {
        self.below(200).into()
    }
}

/// What a file that is written holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// An MP4 of which only the index moves: no worker.
    Mp4 {
        kbps: u64,
    },
    /// Needs a worker.
    Mkv {
        kbps: u64,
    },
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Ready,
    Failed,
    /// For a cause that may pass.
    SetBack,
    /// Made of other bytes than those that were ordered.
    OtherSource,
}

/// A command about one video.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Generate { label: u8 },
    Retry,
    Cancel,
    SetSource { on: bool },
    Delete { keep_files: bool },
}

/// A command about the account.
#[derive(Debug, Clone, Copy)]
pub(super) enum Account {
    Submit { enterprise: bool },
    Approve,
    Reject,
    Revoke,
    Activate,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Disk {
    Write {
        file: u8,
        media: Media,
    },
    Remove {
        file: u8,
    },
    Rename {
        from: u8,
        to: u8,
    },
    Swap {
        one: u8,
        other: u8,
    },
    /// The same file under a further name.
    Link {
        from: u8,
        to: u8,
    },
    /// The root cannot be read from now on, or can again.
    RootError {
        on: bool,
    },
    /// The disk is not mounted: the root is there and empty.
    Unmounted {
        on: bool,
    },
    /// One folder cannot be read.
    FolderError {
        on: bool,
    },
    Settling {
        place: u8,
    },
    AllSettled,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Video {
        video: u8,
        asked: Asked,
    },
    SetPosting {
        posting: u8,
        on: bool,
        all: bool,
        unknown: bool,
    },
    Account {
        by: u8,
        asked: Account,
    },
    Disk(Disk),
    Scan,
    Work {
        job: u8,
        how: Work,
    },
    /// A worker that was stopped, or ended with the daemon, reports all the same.
    Late {
        job: u8,
        ready: bool,
    },
    Trashed {
        video: u8,
        done: bool,
    },
    ArtifactLost {
        video: u8,
    },
    Usage {
        posting: u8,
    },
    /// The queue is paused or goes on.
    Pause {
        on: bool,
    },
    /// The disk has no room for artifacts, or has again.
    Room {
        short: bool,
    },
    /// The clock goes on; with `asleep` nobody looked meanwhile.
    Pass {
        minutes: u64,
        asleep: bool,
    },
    Crash {
        other_device: bool,
    },
    /// These were decided together, and the disk refused them.
    NotDurable(Vec<Step>),
}

pub(super) fn sequence(rng: &mut Rng, len: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    // Most sequences start where URLs can be made.
    if rng.below(8) > 0 {
        let submit = Account::Submit { enterprise: rng.flip() };
        let start = [(0, submit), (1, Account::Approve), (0, Account::Activate)];
        steps.extend(start.map(|(by, asked)| Step::Account { by, asked }));
        for _ in 0..2 {
            steps.push(Step::Disk(Disk::Write { file: rng.pick(), media: media(rng) }));
        }
        steps.push(Step::Scan);
    }
    while steps.len() < len {
        let step = match rng.below(100) {
            0..3 => Step::Crash { other_device: rng.flip() },
            3..8 => {
                let count = 1 + rng.below(4);
                Step::NotDurable((0..count).map(|_| decided(rng)).collect())
            }
            8..15 => time(rng),
            15 => Step::Room { short: rng.flip() },
            16..36 => disk(rng),
            36..100 => decided(rng),
            other => unreachable!("{other}"),
        };
        steps.push(step);
    }
    steps
}

fn media(rng: &mut Rng) -> Media {
    let kbps = 1 + rng.below(3);
    match rng.below(8) {
        0..3 => Media::Mp4 { kbps },
        3..7 => Media::Mkv { kbps },
        7 => Media::Broken,
        other => unreachable!("{other}"),
    }
}

fn time(rng: &mut Rng) -> Step {
    let minutes = [0, 1, 60, 239, 240, 241, 24 * 60 - 1, 24 * 60][usize::try_from(rng.below(8)).unwrap()];
    Step::Pass { minutes, asleep: rng.flip() }
}

fn disk(rng: &mut Rng) -> Step {
    Step::Disk(match rng.below(23) {
        20..22 => Disk::Swap { one: rng.pick(), other: rng.pick() },
        22 => Disk::Link { from: rng.pick(), to: rng.pick() },
        0..6 => Disk::Write { file: rng.pick(), media: media(rng) },
        6..9 => Disk::Remove { file: rng.pick() },
        9..15 => Disk::Rename { from: rng.pick(), to: rng.pick() },
        15 => Disk::RootError { on: rng.flip() },
        16 => Disk::Unmounted { on: rng.flip() },
        17 => Disk::FolderError { on: rng.flip() },
        18 => Disk::Settling { place: rng.pick() },
        19 => Disk::AllSettled,
        other => unreachable!("{other}"),
    })
}

/// What can be part of a batch.
fn decided(rng: &mut Rng) -> Step {
    let (video, by) = (rng.pick(), rng.pick());
    let asked = |asked: Asked| Step::Video { video, asked };
    let account = |asked: Account| Step::Account { by, asked };
    match rng.below(71) {
        65..67 => Step::Work { job: rng.pick(), how: Work::SetBack },
        67 => Step::Pause { on: rng.flip() },
        68..71 => Step::Pause { on: false },
        0..12 => asked(Asked::Generate { label: rng.pick() }),
        12..14 => asked(Asked::Retry),
        14..16 => asked(Asked::Cancel),
        16..20 => {
            let unknown = rng.below(8) == 0;
            Step::SetPosting { posting: rng.pick(), on: rng.flip(), all: rng.flip(), unknown }
        }
        20..24 => asked(Asked::SetSource { on: rng.below(3) > 0 }),
        24..26 => asked(Asked::Delete { keep_files: rng.flip() }),
        26 => account(Account::Submit { enterprise: rng.flip() }),
        27 => account(Account::Approve),
        28 => account(Account::Reject),
        29 => account(Account::Revoke),
        30 => account(Account::Activate),
        31..46 => Step::Scan,
        46..56 => Step::Work { job: rng.pick(), how: Work::Ready },
        56..58 => Step::Work { job: rng.pick(), how: Work::Failed },
        58 => Step::Work { job: rng.pick(), how: Work::OtherSource },
        59..61 => Step::Late { job: rng.pick(), ready: rng.flip() },
        61..63 => Step::Trashed { video, done: rng.below(4) > 0 },
        63 => Step::ArtifactLost { video },
        64 => Step::Usage { posting: rng.pick() },
        other => unreachable!("{other}"),
    }
}
