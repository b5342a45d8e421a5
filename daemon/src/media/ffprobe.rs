//! Files that are not MP4, as ffprobe describes them. The child is guarded, gets no input, little time, and only plain
//! containers: no playlist can make it read other files.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Details, Found, Picks, ProbeError, Tools};
use crate::guard::{CaptureError, GuardError, Guarded, Unstarted};

mod closer;
mod json;

/// Containers that hold their media themselves.
pub(crate) const DEMUXERS: &str = "mov,matroska,webm,avi,flv,mpegts,mpeg,asf,ogg,rm,mxf,gxf,wtv,nut,dv,ivf";
const TIMEOUT: Duration = Duration::from_secs(30);
/// A description takes some kilobytes a stream.
const OUTPUT_LEN_MAX: u64 = 4 << 20;

pub(super) fn probe(path: &Path, tools: &Tools) -> Result<Found, ProbeError> {
    let size_bytes = std::fs::metadata(path)?.len();
    json::describe(&ask(path, tools)?, size_bytes)
}

/// What is needed to encode the picked streams.
pub(super) fn details(path: &Path, picks: Picks, tools: &Tools) -> Result<Details, ProbeError> {
    json::details(&ask(path, tools)?, picks)
}

fn ask(path: &Path, tools: &Tools) -> Result<Vec<u8>, ProbeError> {
    let ffprobe = tools.ffprobe.as_deref().ok_or(ProbeError::FfprobeMissing)?;
    let (arguments, read) = (arguments(path)?, [path]);
    let access = tools.guard.access(&read, &[]);
    let guarded = Guarded { program: ffprobe, arguments: &arguments, access, time: TIMEOUT };
    let output = guarded.capture(OUTPUT_LEN_MAX).map_err(unusable)?;
    match Unstarted::of(output.status) {
        None => {}
        Some(Unstarted::NotFound) => return Err(ProbeError::FfprobeMissing),
        Some(Unstarted::Refused | Unstarted::NotRunnable) => {
            return Err(ProbeError::Io(io::Error::other(printable(output.errors.trim()))));
        }
    }
    if !output.status.success() {
        return Err(judge(&output.errors));
    }
    Ok(output.text)
}

/// A file name as ffmpeg's `file:` protocol takes it: nothing in it is read as an option, a pattern or a protocol.
pub(crate) fn file_url(path: &Path) -> io::Result<OsString> {
    let mut url = OsString::from("file:");
    url.push(std::path::absolute(path)?);
    Ok(url)
}

fn arguments(path: &Path) -> io::Result<Vec<OsString>> {
    let fixed = [
        "-v",
        "error",
        "-print_format",
        "json",
        "-show_format",
        "-show_streams",
        "-show_program_version",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        DEMUXERS,
        "-i",
    ];
    let mut arguments: Vec<OsString> = fixed.into_iter().map(OsString::from).collect();
    arguments.push(file_url(path)?);
    Ok(arguments)
}

/// ffprobe tells "no known container" and "a container that is not allowed" by text only.
fn judge(errors: &str) -> ProbeError {
    let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it says nothing");
    if last.ends_with("Invalid data found when processing input")
        || errors.contains("Format not on whitelist")
    {
        return ProbeError::NotMedia;
    }
    // The path is known to whoever reads this.
    let reason = last.rsplit_once(": ").map_or(last, |(_path, reason)| reason);
    ProbeError::Ffprobe(printable(reason))
}

/// The text without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}

fn unusable(error: CaptureError) -> ProbeError {
    match error {
        CaptureError::Guard(GuardError::Program { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            ProbeError::FfprobeMissing
        }
        CaptureError::Guard(GuardError::File { source, .. }) => ProbeError::Io(source),
        CaptureError::Guard(error) => ProbeError::Guard(error),
        CaptureError::Io(error) => ProbeError::Io(error),
        CaptureError::TimedOut(after) => ProbeError::TimedOut(after),
        CaptureError::TooMuch => ProbeError::Ffprobe(CaptureError::TooMuch.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_never_options() {
        let arguments = arguments(Path::new("/videos/-i 100%d:x.mkv")).unwrap();
        assert_eq!(arguments.last().unwrap(), "file:/videos/-i 100%d:x.mkv");
        let relative = file_url(Path::new("-y")).unwrap();
        assert!(relative.to_str().unwrap().starts_with("file:/"));
    }

    #[test]
    fn what_is_no_media_is_told_from_failures() {
        assert!(matches!(judge("file:/a: Invalid data found when processing input\n"), ProbeError::NotMedia));
        assert!(
            matches!(judge("file:/a: Permission denied\n"), ProbeError::Ffprobe(why) if why == "Permission denied")
        );
        assert!(matches!(judge(""), ProbeError::Ffprobe(_)));
    }

    /// A disk that was slow once says nothing about the file.
    #[test]
    fn a_tool_that_takes_too_long_is_no_verdict_on_the_file() {
        let time = Duration::from_secs(30);
        assert!(
            matches!(unusable(CaptureError::TimedOut(time)), ProbeError::TimedOut(after) if after == time)
        );
        assert!(matches!(unusable(CaptureError::TooMuch), ProbeError::Ffprobe(_)));
    }

    #[test]
    fn a_missing_program_is_named() {
        let tools = Tools { ffprobe: Some("/nonexistent/ffprobe".into()), ..Tools::default() };
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(probe(file.path(), &tools), Err(ProbeError::FfprobeMissing)));
        assert!(matches!(probe(file.path(), &Tools::default()), Err(ProbeError::FfprobeMissing)));
    }
}
