//! One picture of a video that is live, as a JPEG beside the artifacts. It is made of the very file that is served, through
//! ffmpeg, and is never a reason for anything to fail.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vodpost_protocol::time::Timestamp;

use super::child;
use super::decode::words;
use super::failure::Fault;
use super::files::{Draft, Kind, Ours};
use super::progress::Reporter;
use super::{blocking, expect_room, probe};
use crate::core::artifact::{Chance, Failure, JobId, Served};
use crate::media::{Picks, Probed, Tools, file_url};

/// More than any picture of this size takes.
pub const POSTER_LEN_MAX: u64 = 2 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
/// Enough for any card, in pixels.
const LONG_SIDE_MAX: u64 = 1280;
/// From the place that is looked at on; a fade is over after that, and a long group of pictures costs no more.
const SPAN_S: u64 = 6;

/// Where the poster of what this job made is, or would be.
#[must_use]
pub fn poster_path(artifacts_dir: &Path, job: JobId) -> PathBuf {
    artifacts_dir.join(Ours { job, kind: Kind::Poster }.to_string())
}

/// Makes the poster of what is served.
///
/// # Errors
/// Why there is none, and whether it may be worth another try. What was begun is removed.
pub async fn make_poster(
    served: Arc<Served>,
    tools: Arc<Tools>,
    artifacts_dir: &Path,
    cancel: &CancellationToken,
) -> Result<(), (Failure, Chance)> {
    let made = make(served, tools, artifacts_dir, cancel).await;
    made.map_err(|fault| {
        let chance = fault.chance();
        (fault.into_failure(), chance)
    })
}

async fn make(
    served: Arc<Served>,
    tools: Arc<Tools>,
    artifacts_dir: &Path,
    cancel: &CancellationToken,
) -> Result<(), Fault> {
    let Some(ffmpeg) = tools.ffmpeg.clone() else {
        return Err(Fault::NoFfmpeg { needed_for: "a poster".to_owned() });
    };
    let source = served.path();
    let probed = blocking({
        let (source, tools) = (source.clone(), Arc::clone(&tools));
        move || probe(&source, &tools).map_err(Fault::Source)
    })
    .await?;
    if probed.identity != served.identity() {
        return Err(Fault::SourceChanged);
    }
    let draft = Draft::new(artifacts_dir, served.job(), Kind::Poster)?;
    expect_room(artifacts_dir, POSTER_LEN_MAX)?;
    let deadline = Timestamp::from_system(SystemTime::now()).after(PATIENCE);
    let limits = child::Limits { deadline, allowed: PATIENCE, stalled_after: PATIENCE };
    for from_ms in places(&probed) {
        let arguments = arguments(&source, draft.path(), probed.picks, from_ms).map_err(Fault::of_folder)?;
        let reporter = Reporter::silent(served.job());
        let (read, write) = ([&*source], [draft.path()]);
        let access = tools.guard.access(&read, &write);
        child::run(&ffmpeg, &arguments, draft.path(), access, limits, reporter, cancel).await?;
        if is_jpeg(draft.path()).map_err(Fault::of_folder)? {
            return blocking(move || draft.publish().map(|_named| ())).await;
        }
    }
    Err(Fault::Refused("ffmpeg found no picture".to_owned()))
}

/// Recordings begin with black, titles and logos; a tenth of the way in is the video itself. The beginning is what is left
/// where nothing can be found there.
fn places(probed: &Probed) -> impl Iterator<Item = u64> {
    let tenth_ms = probed.info.duration_ms / 10;
    (tenth_ms > 0).then_some(tenth_ms).into_iter().chain([0])
}

/// How large the poster of a video of this size is, in pixels, as far as the video says its size itself.
#[must_use]
pub fn poster_size(width: u32, height: u32) -> (u32, u32) {
    let long = u64::from(width.max(height).max(1));
    let shrunk = |side: u32| {
        let side = (u64::from(side) * long.min(LONG_SIDE_MAX) * 2 + long) / (2 * long);
        u32::try_from(side).unwrap_or(u32::MAX).max(1)
    };
    (shrunk(width), shrunk(height))
}

/// Two pictures a second, upright because ffmpeg has turned them before the filters, in square pixels, at most 1280 pixels
/// on the long side; and of these the one that looks most like all of them.
fn arguments(source: &Path, output: &Path, picks: Picks, from_ms: u64) -> io::Result<Vec<OsString>> {
    let shrink = format!("min(1\\,{LONG_SIDE_MAX}/max(iw*sar\\,ih))");
    let before = format!(
        "-nostdin -hide_banner -loglevel error -nostats -progress pipe:1 -threads 1 -filter_threads 1 \
         -protocol_whitelist file,pipe -format_whitelist mov -noaccurate_seek -ss {from_ms}ms -t {SPAN_S} -i"
    );
    let after = format!(
        "-map 0:{} -an -sn -dn -map_metadata -1 \
         -vf select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,0.5),\
         scale=w=max(1\\,round(iw*sar*{shrink})):h=max(1\\,round(ih*{shrink})),setsar=1,\
         format=yuvj420p,thumbnail=12 \
         -frames:v 1 -c:v mjpeg -q:v 4 -f mjpeg -y",
        picks.video
    );
    let mut arguments: Vec<OsString> = words(&before).collect();
    arguments.push(file_url(source)?);
    arguments.extend(words(&after));
    arguments.push(file_url(output)?);
    Ok(arguments)
}

/// Whether a whole picture is there (ITU-T T.81, B.1.1.3: it begins and ends with markers of its own).
fn is_jpeg(path: &Path) -> io::Result<bool> {
    if std::fs::metadata(path)?.len() > POSTER_LEN_MAX {
        return Ok(false);
    }
    let bytes = std::fs::read(path)?;
    Ok(bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]))
}

#[cfg(test)]
mod tests {
    use super::poster_size;

    #[test]
    fn a_poster_is_as_large_as_the_video_or_smaller() {
        for (video, poster) in [
            ((1920, 1080), (1280, 720)),
            ((1080, 1920), (720, 1280)),
            ((320, 180), (320, 180)),
            ((4096, 1), (1280, 1)),
            ((0, 0), (1, 1)),
        ] {
            assert_eq!(poster_size(video.0, video.1), poster);
        }
    }
}
