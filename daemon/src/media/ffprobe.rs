//! Files that are not MP4, as ffprobe describes them. The child gets no input, little time, and only plain containers:
//! no playlist can make it read other files.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::{Details, Found, Picks, ProbeError, Tools};

mod closer;
mod json;

/// Containers that hold their media themselves.
pub(crate) const DEMUXERS: &str = "mov,matroska,webm,avi,flv,mpegts,mpeg,asf,ogg,rm,mxf,gxf,wtv,nut,dv,ivf";
const TIMEOUT: Duration = Duration::from_secs(30);
/// A description takes some kilobytes a stream.
const OUTPUT_LEN_MAX: u64 = 4 << 20;
const ERRORS_LEN_MAX: u64 = 16 << 10;

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
    let output = run(Command::new(ffprobe).args(arguments(path)?), TIMEOUT)?;
    if !output.success {
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

struct Output {
    success: bool,
    text: Vec<u8>,
    errors: String,
}

fn run(command: &mut Command, timeout: Duration) -> Result<Output, ProbeError> {
    let mut child = command
        // Would make it write a report into the working folder.
        .env_remove("FFREPORT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProbeError::FfprobeMissing,
            _ => ProbeError::Io(error),
        })?;
    let read = read_both(&mut child, timeout);
    if read.is_err() {
        kill(&mut child)?;
    }
    let success = child.wait()?.success();
    let (text, errors) = read?;
    if text.len() as u64 > OUTPUT_LEN_MAX {
        return Err(ProbeError::Ffprobe("it says far too much".to_owned()));
    }
    Ok(Output { success, text, errors: String::from_utf8_lossy(&errors).into_owned() })
}

fn kill(child: &mut Child) -> io::Result<()> {
    match child.kill() {
        Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Both pipes to their ends. A reader that outlives the timeout ends with the child.
fn read_both(child: &mut Child, timeout: Duration) -> Result<(Vec<u8>, Vec<u8>), ProbeError> {
    let (done, both) = mpsc::channel();
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(ProbeError::Ffprobe("it has no output".to_owned()));
    };
    let errors = std::thread::spawn(move || read_capped(stderr, ERRORS_LEN_MAX));
    std::thread::spawn(move || {
        let text = read_capped(stdout, OUTPUT_LEN_MAX + 1);
        let errors = errors.join().unwrap_or_else(|_panic| Err(io::Error::other("a reader panicked")));
        // The other side has given up waiting if nobody takes it.
        done.send((text, errors)).is_ok()
    });
    match both.recv_timeout(timeout) {
        Ok((text, errors)) => Ok((text?, errors?)),
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            Err(ProbeError::Ffprobe(format!("it did not end within {} seconds", timeout.as_secs())))
        }
    }
}

/// Keeps up to `cap` bytes and reads on to the end, so that the child is never blocked by a full pipe.
fn read_capped(mut pipe: impl Read, cap: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    pipe.by_ref().take(cap).read_to_end(&mut kept)?;
    io::copy(&mut pipe, &mut io::sink())?;
    Ok(kept)
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

    #[test]
    fn a_child_that_hangs_is_ended() {
        let error = run(Command::new("sleep").arg("60"), Duration::from_millis(50)).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let tools = Tools { ffprobe: Some("/nonexistent/ffprobe".into()), ..Tools::default() };
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(probe(file.path(), &tools), Err(ProbeError::FfprobeMissing)));
        assert!(matches!(probe(file.path(), &Tools::default()), Err(ProbeError::FfprobeMissing)));
    }
}
