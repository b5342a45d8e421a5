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

/// Where a stream of the result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Carries what is broken in the source, which players get over as they did before.
    Copied,
    /// Written by an encoder, which leaves nothing broken.
    Encoded,
}

impl Origin {
    /// A stream without a recipe is copied.
    pub(super) fn of<Recipe>(recipe: Option<&Recipe>) -> Self {
        recipe.map_or(Self::Copied, |_recipe| Self::Encoded)
    }

    fn tolerance(self) -> &'static str {
        match self {
            // As much as of a source that is encoded.
            Self::Copied => "-max_error_rate 0.05",
            // No stricter error detection than this: it refuses recordings that begin amid frames which refer to earlier
            // ones, and every player plays those.
            Self::Encoded => "-xerror -max_error_rate 0",
        }
    }
}

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

/// A file to look at, by what, and how long that may take.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub job: JobId,
    pub path: &'a Path,
    pub duration_ms: u64,
    pub video: Origin,
    pub audio: Option<Origin>,
    pub ffmpeg: &'a Path,
    pub guard: &'a Guard,
    pub deadline: Timestamp,
    /// From the request to the deadline.
    pub allowed: Duration,
}

/// Streams that are decoded together.
#[derive(Debug, Clone, Copy)]
struct Streams {
    map: &'static str,
    origin: Origin,
}

impl Check<'_> {
    pub(super) async fn run(&self, cancel: &CancellationToken) -> Result<(), Fault> {
        let of = |map, origin| Streams { map, origin };
        match self.audio {
            None => self.ends(of("-map 0:v:0", self.video), cancel).await,
            Some(audio) if audio == self.video => self.ends(of("-map 0:v:0 -map 0:a:0", audio), cancel).await,
            Some(audio) => {
                let (video, audio) = tokio::join!(
                    self.ends(of("-map 0:v:0", self.video), cancel),
                    self.ends(of("-map 0:a:0", audio), cancel)
                );
                video.and(audio)
            }
        }
    }

    async fn ends(&self, streams: Streams, cancel: &CancellationToken) -> Result<(), Fault> {
        if self.duration_ms < WHOLE_BELOW_MS {
            return self.decode(streams, Part::Whole, cancel).await;
        }
        // Side by side, because the URL waits for both.
        let (first, last) =
            tokio::join!(self.decode(streams, Part::First, cancel), self.decode(streams, Part::Last, cancel));
        first.and(last)
    }

    async fn decode(&self, streams: Streams, part: Part, cancel: &CancellationToken) -> Result<(), Fault> {
        let (deadline, allowed) = (self.deadline, self.allowed);
        let limits = child::Limits { deadline, allowed, stalled_after: child::STALLED_AFTER };
        let arguments = self.arguments(streams, part).map_err(Fault::of_folder)?;
        let reporter = Reporter::silent(self.job);
        let read = [self.path];
        let access = self.guard.access(&read, &[]);
        let ended = child::run(self.ffmpeg, &arguments, self.path, access, limits, reporter, cancel).await;
        if ended.is_err() {
            // It may be the folder that was taken away, and not the result that is bad.
            std::fs::metadata(self.path).map_err(Fault::of_folder)?;
        }
        ended.map(drop).map_err(|fault| fault.judging(part))
    }

    fn arguments(&self, streams: Streams, part: Part) -> io::Result<Vec<OsString>> {
        let before = "-nostdin -hide_banner -loglevel error -nostats -progress pipe:1 -abort_on empty_output \
             -protocol_whitelist file,pipe -format_whitelist mov";
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
        arguments.extend(words(streams.origin.tolerance()));
        arguments.extend(words(&seek));
        arguments.extend([OsString::from("-i"), file_url(self.path)?]);
        arguments.extend(words(&format!("{} {span} -f null -", streams.map)));
        Ok(arguments)
    }
}

/// Words of ours, none of which holds a space.
pub(super) fn words(text: &str) -> impl Iterator<Item = OsString> + '_ {
    text.split_whitespace().map(OsString::from)
}
