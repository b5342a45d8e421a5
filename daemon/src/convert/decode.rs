//! C6: what ffmpeg wrote can be decoded, picture and sound, where it begins and where it ends. That is where a conversion
//! that went wrong shows; a viewer who starts and one who skips to the end are served by exactly these parts.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vodpost_protocol::time::Timestamp;

use super::child;
use super::failure::Fault;
use super::progress::Reporter;
use crate::core::artifact::JobId;
use crate::guard::Guard;
use crate::media::file_url;

/// How much is decoded at the beginning.
const FIRST_SPAN_S: u64 = 2;
/// The end is decoded from the last key frame on that lies at least so long before it: mostly two or three seconds.
const LAST_FROM_MS: u64 = 1000;
/// And no longer than this, which bounds the work on a file that has few key frames.
const LAST_SPAN_S: u64 = 30;
/// Shorter files are decoded as a whole.
const WHOLE_BELOW_MS: u64 = 4000;

/// What is decoded of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    First,
    Last,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "it",
            Self::First => "its first seconds",
            Self::Last => "its last seconds",
        })
    }
}

/// A file to look at, and how long that may take.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub job: JobId,
    pub path: &'a Path,
    pub duration_ms: u64,
    pub deadline: Timestamp,
    /// From the request to the deadline.
    pub allowed: Duration,
}

impl Check<'_> {
    pub(super) async fn run(
        &self,
        ffmpeg: &Path,
        guard: &Guard,
        cancel: &CancellationToken,
    ) -> Result<(), Fault> {
        if self.duration_ms < WHOLE_BELOW_MS {
            return self.decode(Part::Whole, ffmpeg, guard, cancel).await;
        }
        // Side by side, because the URL waits for both.
        let (first, last) = tokio::join!(
            self.decode(Part::First, ffmpeg, guard, cancel),
            self.decode(Part::Last, ffmpeg, guard, cancel)
        );
        first.and(last)
    }

    async fn decode(
        &self,
        part: Part,
        ffmpeg: &Path,
        guard: &Guard,
        cancel: &CancellationToken,
    ) -> Result<(), Fault> {
        let (deadline, allowed) = (self.deadline, self.allowed);
        let limits = child::Limits { deadline, allowed, stalled_after: child::STALLED_AFTER };
        let arguments = self.arguments(part).map_err(Fault::of_folder)?;
        let reporter = Reporter::silent(self.job);
        let read = [self.path];
        let access = guard.access(&read, &[]);
        let ended = child::run(ffmpeg, &arguments, self.path, access, limits, reporter, cancel).await;
        if ended.is_err() {
            // It may be the folder that was taken away, and not the result that is bad.
            std::fs::metadata(self.path).map_err(Fault::of_folder)?;
        }
        ended.map(drop).map_err(|fault| fault.judging(part))
    }

    fn arguments(&self, part: Part) -> io::Result<Vec<OsString>> {
        // No stricter error detection than this: it refuses recordings that begin amid frames which refer to earlier ones,
        // and every player plays those.
        let before = "-nostdin -hide_banner -loglevel error -nostats -progress pipe:1 -xerror -max_error_rate 0 \
             -abort_on empty_output -protocol_whitelist file,pipe -format_whitelist mov";
        let seek = match part {
            Part::Whole | Part::First => String::new(),
            Part::Last => {
                let from_ms = self.duration_ms.saturating_sub(LAST_FROM_MS);
                format!("-noaccurate_seek -ss {from_ms}ms")
            }
        };
        let span = match part {
            Part::Whole => String::new(),
            Part::First => format!("-t {FIRST_SPAN_S}"),
            Part::Last => format!("-t {LAST_SPAN_S}"),
        };
        let mut arguments: Vec<OsString> = words(before).collect();
        arguments.extend(words(&seek));
        arguments.extend([OsString::from("-i"), file_url(self.path)?]);
        arguments.extend(words(&format!("-map 0:v:0 -map 0:a:0? {span} -f null -")));
        Ok(arguments)
    }
}

/// Words of ours, none of which holds a space.
pub(super) fn words(text: &str) -> impl Iterator<Item = OsString> + '_ {
    text.split_whitespace().map(OsString::from)
}
