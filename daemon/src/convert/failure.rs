//! Why a conversion did not end well, in one sentence each (C4).

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use vodpost_protocol::time::Timestamp;

use crate::core::artifact::Failure;
use crate::core::plan::Plan;
use crate::guard::{GuardError, Unstarted};
use crate::media::ProbeError;
use crate::media::mp4::LayoutError;

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the conversion was cancelled")]
    Cancelled,
    #[error("the deadline {deadline} was missed with {done_percent} % done")]
    DeadlineMissed { deadline: Timestamp, done_percent: u64, output: String },
    #[error("ffmpeg made no progress for {} seconds and was ended", after.as_secs())]
    Stalled { after: Duration, output: String },
    #[error("ffmpeg is not installed; this file needs it ({needed_for}); install it and run `vodpost retry`")]
    NoFfmpeg { needed_for: String },
    #[error("ffmpeg cannot be started: {0}")]
    Unstartable(#[source] io::Error),
    #[error("the conversion was refused: {0}")]
    Guard(#[source] GuardError),
    #[error("ffmpeg cannot be guarded: {0}")]
    Unguarded(String),
    #[error("the disk of the artifact folder is full")]
    DiskFull { output: String },
    #[error("ffmpeg {}: {last_line}", describe(*status))]
    Tool { status: ExitStatus, last_line: String, output: String },
    #[error("the file changed while it was converted")]
    SourceChanged,
    #[error("the file cannot be converted: {0}")]
    Source(#[source] ProbeError),
    #[error("the index of the file cannot be moved: {0}")]
    Layout(#[from] LayoutError),
    #[error("the result was refused: {0}")]
    Refused(String),
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
        // It was given as much of the disk as it may fill.
        if status.signal() == Some(Signal::XFSZ.as_raw()) || output.contains("No space left on device") {
            return Self::DiskFull { output };
        }
        let last_line = output.lines().last().unwrap_or("it says nothing").to_owned();
        Self::Tool { status, last_line, output }
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

    pub(super) fn into_failure(self) -> Failure {
        let reason = self.to_string();
        let output = match self {
            Self::DeadlineMissed { output, .. }
            | Self::Stalled { output, .. }
            | Self::DiskFull { output }
            | Self::Tool { output, .. } => output,
            Self::Cancelled
            | Self::NoFfmpeg { .. }
            | Self::Unstartable(_)
            | Self::Guard(_)
            | Self::Unguarded(_)
            | Self::SourceChanged
            | Self::Source(_)
            | Self::Layout(_)
            | Self::Refused(_)
            | Self::Artifacts(_)
            | Self::Broken(_) => String::new(),
        };
        Failure { reason, output }
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with status {code}"),
        (None, Some(signal)) if signal == Signal::XCPU.as_raw() => {
            "used more processor time than its deadline allows".to_owned()
        }
        (None, Some(9)) => "was killed, perhaps for lack of memory".to_owned(),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
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

    #[test]
    fn the_last_line_is_the_reason() {
        let failure = Fault::of_exit(ExitStatus::from_raw(256), "one\ntwo".to_owned()).into_failure();
        assert_eq!(failure.reason, "ffmpeg failed with status 1: two");
        let failure = Fault::of_exit(ExitStatus::from_raw(9), String::new()).into_failure();
        assert_eq!(failure.reason, "ffmpeg was killed, perhaps for lack of memory: it says nothing");
    }
}
