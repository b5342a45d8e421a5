//! Why a conversion did not end well, in one sentence each (C4).

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

use super::decode::Part;
use crate::core::artifact::{Chance, Failure};
use crate::core::media::MediaInfo;
use crate::core::plan::Plan;
use crate::core::work::size_in_words;
use crate::guard::{GuardError, Unstarted};
use crate::media::ProbeError;
use crate::media::mp4::LayoutError;

/// SIGKILL
const KILLED: i32 = 9;
/// ffmpeg's status when more than `-max_error_rate` of what it decoded was broken.
const ERROR_RATE_EXCEEDED: i32 = 69;

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the conversion was cancelled")]
    Cancelled,
    #[error("it was not ready within its deadline of {}: {done_percent} % was done", humantime::format_duration(*allowed))]
    DeadlineMissed { allowed: Duration, done_percent: u64, output: String },
    #[error("ffmpeg made no progress for {} seconds and was ended", after.as_secs())]
    Stalled { after: Duration, output: String },
    #[error("ffmpeg is not installed; this file needs it ({needed_for}); install it and run `vodpost retry`")]
    NoFfmpeg { needed_for: String },
    #[error(
        "the video is HDR, and this ffmpeg cannot turn it into SDR (it was built without libzimg); install one that \
         can and run `vodpost retry`"
    )]
    NoToneMapping,
    #[error("the video is Dolby Vision of profile 5, which only its own players show in the right colours")]
    DolbyVisionOnly,
    #[error("the video does not say how large its picture is")]
    UnknownSize,
    #[error("ffmpeg cannot be started: {0}")]
    Unstartable(#[source] io::Error),
    #[error("the conversion was refused: {0}")]
    Guard(#[source] GuardError),
    #[error("ffmpeg cannot be guarded: {0}")]
    Unguarded(String),
    #[error("the disk of the artifact folder is full")]
    DiskFull { output: String },
    #[error("it may take {}, for which the disk of the artifact folder has no room", size_in_words(*needed))]
    NoRoom { needed: u64 },
    #[error("the result outgrew the {} that were set aside for it", size_in_words(*most))]
    Outgrown { most: u64, output: String },
    #[error("ffmpeg {}", describe(*status, output))]
    Tool { status: ExitStatus, output: String },
    #[error("the file changed while it was converted")]
    SourceChanged,
    #[error("the file cannot be converted: {0}")]
    Source(#[source] ProbeError),
    #[error("the index of the file cannot be moved: {0}")]
    Layout(#[from] LayoutError),
    #[error("the result was refused: {0}")]
    Refused(String),
    #[error("the result was refused: phones would not play it: {}", plan.explain())]
    NotPlayable { result: Box<MediaInfo>, plan: Box<Plan> },
    #[error("the file is damaged: more than 5 % of it cannot be decoded")]
    TooDamaged { output: String },
    #[error("the file is damaged: {lost_percent} % of its frames are lost")]
    FramesLost { lost_percent: u64, output: String },
    #[error("the result was refused: {part} cannot be decoded{}; run `vodpost retry`", in_brackets(output))]
    Undecodable { part: Part, output: String },
    #[error("the artifact folder cannot be written: {0}")]
    Artifacts(#[source] io::Error),
    #[error("the worker broke: {0}")]
    Broken(String),
}

impl Fault {
    pub(super) fn of_folder(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull {
            return Self::DiskFull { output: String::new() };
        }
        Self::Artifacts(error)
    }

    pub(super) fn of_guard(error: GuardError) -> Self {
        match error {
            GuardError::Program { source, .. } => Self::Unstartable(source),
            error @ (GuardError::Unconfined { .. } | GuardError::File { .. } | GuardError::Ending) => {
                Self::Guard(error)
            }
        }
    }

    /// The guard ended before it became ffmpeg.
    pub(super) fn of_unstarted(unstarted: Unstarted, said: String) -> Self {
        match unstarted {
            Unstarted::Refused => Self::Unguarded(said),
            Unstarted::NotRunnable => Self::Unstartable(io::Error::other(said)),
            Unstarted::NotFound => Self::Unstartable(io::ErrorKind::NotFound.into()),
        }
    }

    /// ffmpeg ended by itself, but not well.
    pub(super) fn of_exit(status: ExitStatus, output: String) -> Self {
        if outgrew(status) || output.contains("No space left on device") {
            return Self::DiskFull { output };
        }
        if status.code() == Some(ERROR_RATE_EXCEEDED) {
            return Self::TooDamaged { output };
        }
        Self::Tool { status, output }
    }

    /// Whether ffmpeg has done its work, and it is no good.
    pub(super) fn is_about_the_result(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Undecodable { .. }
            | Self::NotPlayable { .. }
            | Self::FramesLost { .. } => true,
            Self::Cancelled
            | Self::NoToneMapping
            | Self::DolbyVisionOnly
            | Self::UnknownSize
            | Self::TooDamaged { .. }
            | Self::DeadlineMissed { .. }
            | Self::Stalled { .. }
            | Self::NoFfmpeg { .. }
            | Self::Unstartable(_)
            | Self::Guard(_)
            | Self::Unguarded(_)
            | Self::DiskFull { .. }
            | Self::NoRoom { .. }
            | Self::Outgrown { .. }
            | Self::Tool { .. }
            | Self::SourceChanged
            | Self::Source(_)
            | Self::Layout(_)
            | Self::Artifacts(_)
            | Self::Broken(_) => false,
        }
    }

    /// What a check of the result by ffmpeg means. That it was ended from outside says nothing about the result.
    pub(super) fn judging(self, part: Part) -> Self {
        match self {
            Self::Tool { status, output } if status.code().is_some() => Self::Undecodable { part, output },
            Self::TooDamaged { output } => Self::Undecodable { part, output },
            other => other,
        }
    }

    /// A program that was removed since it was looked up is missing too.
    pub(super) fn naming_need(self, plan: &Plan) -> Self {
        match self {
            Self::Unstartable(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::NoFfmpeg { needed_for: plan.explain() }
            }
            other => other,
        }
    }

    /// Whether the same could end better later.
    pub(super) fn chance(&self) -> Chance {
        match self {
            Self::DiskFull { .. } | Self::NoRoom { .. } | Self::Artifacts(_) => Chance::MayPass,
            Self::Source(error) | Self::Layout(LayoutError::Unreadable(error)) => chance_of_a_look(error),
            Self::Unstartable(error) if error.kind() != io::ErrorKind::NotFound => Chance::MayPass,
            // Memory was short, or somebody ended it by hand.
            Self::Tool { status, .. } if status.signal() == Some(KILLED) => Chance::MayPass,
            // A disk or a network file system that hangs.
            Self::Stalled { .. } => Chance::MayPass,
            Self::Guard(error) => chance_under_guard(error),
            // Without memory inside its limit it ends the same way each time, with a status of its own.
            Self::Tool { .. } => Chance::Lasting,
            Self::Cancelled
            | Self::DeadlineMissed { .. }
            | Self::NoFfmpeg { .. }
            | Self::NoToneMapping
            | Self::DolbyVisionOnly
            | Self::UnknownSize
            | Self::Unstartable(_)
            | Self::Unguarded(_)
            | Self::Outgrown { .. }
            | Self::SourceChanged
            | Self::Layout(LayoutError::Fixed(_))
            | Self::Refused(_)
            | Self::NotPlayable { .. }
            | Self::TooDamaged { .. }
            | Self::FramesLost { .. }
            | Self::Undecodable { .. }
            | Self::Broken(_) => Chance::Lasting,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let reason = self.to_string();
        let output = match self {
            Self::DeadlineMissed { output, .. }
            | Self::Stalled { output, .. }
            | Self::DiskFull { output }
            | Self::Outgrown { output, .. }
            | Self::TooDamaged { output }
            | Self::FramesLost { output, .. }
            | Self::Undecodable { output, .. }
            | Self::Tool { output, .. } => output,
            Self::Cancelled
            | Self::NoFfmpeg { .. }
            | Self::NoToneMapping
            | Self::DolbyVisionOnly
            | Self::UnknownSize
            | Self::NoRoom { .. }
            | Self::Unstartable(_)
            | Self::Guard(_)
            | Self::Unguarded(_)
            | Self::SourceChanged
            | Self::Source(_)
            | Self::Layout(_)
            | Self::Refused(_)
            | Self::NotPlayable { .. }
            | Self::Artifacts(_)
            | Self::Broken(_) => String::new(),
        };
        Failure { reason, output }
    }
}

/// Whether it wanted to write more than its limit: what it may take, or all that the disk may be filled with.
pub(super) fn outgrew(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::XFSZ.as_raw())
}

/// A disk or a network file system that does not answer now may do so later; what the file holds stays what it is.
fn chance_of_a_look(error: &ProbeError) -> Chance {
    match error {
        ProbeError::Io(_) | ProbeError::Changing | ProbeError::TimedOut(_) => Chance::MayPass,
        ProbeError::Guard(error) => chance_under_guard(error),
        // Whoever installs it has to say so; see `NoFfmpeg`.
        ProbeError::FfprobeMissing
        | ProbeError::Empty
        | ProbeError::NotRegular
        | ProbeError::IndexMissing
        | ProbeError::Truncated { .. }
        | ProbeError::Damaged(_)
        | ProbeError::IndexTooLarge
        | ProbeError::IndexTwice
        | ProbeError::NotMedia
        | ProbeError::NoVideo
        | ProbeError::ExternalReference
        | ProbeError::Ffprobe(_) => Chance::Lasting,
    }
}

fn chance_under_guard(error: &GuardError) -> Chance {
    match error {
        // The file may be there again, and a daemon that ends starts again.
        GuardError::File { .. } | GuardError::Ending => Chance::MayPass,
        GuardError::Unconfined { .. } | GuardError::Program { .. } => Chance::Lasting,
    }
}

fn in_brackets(output: &str) -> String {
    output.lines().last().map_or_else(String::new, |last_line| format!(" ({last_line})"))
}

fn describe(status: ExitStatus, output: &str) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with status {code}"),
        (None, Some(signal)) if signal == Signal::XCPU.as_raw() => {
            "used more processor time than its deadline allows".to_owned()
        }
        (None, Some(KILLED)) => "was killed, perhaps for lack of memory".to_owned(),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    };
    match output.lines().last() {
        Some(last_line) => format!("{how}: {last_line}"),
        None => how,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised() {
        let output = "av_interleaved_write_frame(): No space left on device\nerror writing".to_owned();
        let failure = Fault::of_exit(ExitStatus::from_raw(256), output.clone()).into_failure();
        assert_eq!(failure, Failure { reason: "the disk of the artifact folder is full".into(), output });
        let too_long = Fault::of_exit(ExitStatus::from_raw(Signal::XFSZ.as_raw()), String::new());
        assert!(matches!(too_long, Fault::DiskFull { .. }), "{too_long}");
        let fault = Fault::of_folder(io::ErrorKind::StorageFull.into());
        assert!(matches!(fault, Fault::DiskFull { .. }));
    }

    /// What may pass is tried again; what lies in the file or in what is installed waits for somebody.
    #[test]
    fn c5_each_failure_knows_whether_it_may_pass() {
        let io = || io::Error::from(io::ErrorKind::TimedOut);
        let program = || GuardError::Program { path: "/bin/x".into(), source: io() };
        let file = || GuardError::File { path: "/videos/x".into(), source: io() };
        let tool = |raw| Fault::Tool { status: ExitStatus::from_raw(raw), output: String::new() };
        let source = Fault::Source;
        let unreadable = |error| Fault::Layout(LayoutError::Unreadable(error));
        let may_pass = [
            Fault::DiskFull { output: String::new() },
            Fault::NoRoom { needed: 1 },
            Fault::Artifacts(io()),
            Fault::Unstartable(io()),
            Fault::Guard(file()),
            Fault::Guard(GuardError::Ending),
            Fault::Stalled { after: Duration::from_secs(1), output: String::new() },
            tool(KILLED),
            source(ProbeError::Io(io())),
            source(ProbeError::Changing),
            source(ProbeError::TimedOut(Duration::from_secs(30))),
            source(ProbeError::Guard(file())),
            unreadable(ProbeError::Io(io())),
            unreadable(ProbeError::Changing),
        ];
        for fault in may_pass {
            assert_eq!(fault.chance(), Chance::MayPass, "{fault}");
        }
        let lasting = [
            Fault::Cancelled,
            Fault::NoFfmpeg { needed_for: String::new() },
            Fault::NoToneMapping,
            Fault::Unstartable(io::ErrorKind::NotFound.into()),
            Fault::Guard(program()),
            Fault::Unguarded(String::new()),
            Fault::Outgrown { most: 1, output: String::new() },
            // "Cannot allocate memory" within its own limit.
            tool(244 << 8),
            Fault::SourceChanged,
            source(ProbeError::Damaged(String::new())),
            source(ProbeError::FfprobeMissing),
            source(ProbeError::Ffprobe(String::new())),
            source(ProbeError::Guard(program())),
            unreadable(ProbeError::IndexTooLarge),
            Fault::Layout(LayoutError::Fixed(String::new())),
            Fault::Refused(String::new()),
            Fault::Broken(String::new()),
        ];
        for fault in lasting {
            assert_eq!(fault.chance(), Chance::Lasting, "{fault}");
        }
    }

    #[test]
    fn the_last_line_is_the_reason() {
        let failure = Fault::of_exit(ExitStatus::from_raw(256), "one\ntwo".to_owned()).into_failure();
        assert_eq!(failure.reason, "ffmpeg failed with status 1: two");
        let failure = Fault::of_exit(ExitStatus::from_raw(9), String::new()).into_failure();
        assert_eq!(failure.reason, "ffmpeg was killed, perhaps for lack of memory");
    }
}
