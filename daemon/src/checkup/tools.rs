//! Whether ffmpeg and ffprobe run, what they were built with, and how far they are confined.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use vodpost_protocol::checkup::{Confinement, Finding, Need, Part, Policy, ToolName, Unconfined};

use crate::guard::{Guarded, Lack, Landlock, Layers, Sandbox};
use crate::media::Tools;

const TIME: Duration = Duration::from_secs(5);
const TEXT_LEN_MAX: u64 = 1 << 20;

/// What conversions and posters are made with, by the names that ffmpeg has for it.
const NEEDED: [(Part, Need, &[&str]); 5] = [
    (Part::Encoder, Need::Most, &["libx264", "aac", "mjpeg"]),
    (Part::Decoder, Need::Most, &["h264", "aac"]),
    (
        Part::Decoder,
        Need::Some,
        &["hevc", "vp8", "vp9", "mpeg4", "mpeg2video", "mp3", "ac3", "opus", "vorbis"],
    ),
    (Part::Filter, Need::Most, &["scale", "format", "setsar", "setparams", "aresample", "thumbnail"]),
    (Part::Filter, Need::Some, &["zscale", "tonemap", "yadif", "fps", "colorspace"]),
];

/// What a program was built with, as long as it is the same file.
#[derive(Debug, Default)]
pub(super) struct Parts(Mutex<Option<(PathBuf, SystemTime, Vec<Finding>)>>);

pub(super) fn present(tools: &Tools, parts: &Parts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (tool, path) in named(tools) {
        let Some(path) = path else {
            findings.push(Finding::ToolMissing { tool });
            continue;
        };
        if tools.guard.verdict(path).version.is_none() {
            findings.push(Finding::ToolBroken { tool, path: path.to_string_lossy().into_owned() });
        } else if tool == ToolName::Ffmpeg {
            findings.extend(parts.missing(tools, path));
        }
    }
    findings
}

fn named(tools: &Tools) -> [(ToolName, Option<&Path>); 2] {
    [(ToolName::Ffmpeg, tools.ffmpeg.as_deref()), (ToolName::Ffprobe, tools.ffprobe.as_deref())]
}

impl Parts {
    fn missing(&self, tools: &Tools, ffmpeg: &Path) -> Vec<Finding> {
        let Ok(changed_at) = std::fs::metadata(ffmpeg).and_then(|meta| meta.modified()) else {
            return vec![Finding::ToolMissing { tool: ToolName::Ffmpeg }];
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, at, findings)) = known.as_ref()
            && (path.as_path(), *at) == (ffmpeg, changed_at)
        {
            return findings.clone();
        }
        let Some(findings) = survey(|part| list(tools, ffmpeg, part)) else {
            return vec![Finding::ToolBroken {
                tool: ToolName::Ffmpeg,
                path: ffmpeg.to_string_lossy().into_owned(),
            }];
        };
        *known = Some((ffmpeg.to_owned(), changed_at, findings.clone()));
        findings
    }
}

/// `None` where it does not tell.
fn survey(list: impl Fn(Part) -> Option<HashSet<String>>) -> Option<Vec<Finding>> {
    let has = [Part::Encoder, Part::Decoder, Part::Filter].map(|part| list(part).map(|names| (part, names)));
    let [Some(encoders), Some(decoders), Some(filters)] = has else { return None };
    let has = [encoders, decoders, filters];
    let lacking = NEEDED.into_iter().filter_map(|(part, need, names)| {
        let (_, has) = has.iter().find(|(kind, _)| *kind == part)?;
        let names: Vec<String> =
            names.iter().filter(|name| !has.contains(**name)).map(|name| (*name).to_owned()).collect();
        (!names.is_empty()).then_some(Finding::PartsMissing { part, names, need })
    });
    Some(lacking.collect())
}

fn list(tools: &Tools, ffmpeg: &Path, part: Part) -> Option<HashSet<String>> {
    let option = match part {
        Part::Encoder => "-encoders",
        Part::Decoder => "-decoders",
        Part::Filter => "-filters",
    };
    let arguments = ["-hide_banner", option].map(OsString::from);
    let access = tools.guard.access(&[], &[]);
    let run = Guarded { program: ffmpeg, arguments: &arguments, access, time: TIME };
    match run.capture(TEXT_LEN_MAX) {
        Ok(said) if said.status.success() => Some(names(&String::from_utf8_lossy(&said.text))),
        Ok(_) | Err(_) => None,
    }
}

/// ` V....D libx264  H.264 …`, ` T.C scale  V->V …`: flags, then the name. What stands above is no list.
fn names(text: &str) -> HashSet<String> {
    let name = |line: &str| {
        let mut words = line.strip_prefix(' ')?.split_whitespace();
        let flags = words.next()?;
        let is_flags = flags.chars().all(|letter| letter == '.' || letter.is_ascii_uppercase());
        words.next().filter(|_| is_flags).map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

pub(super) fn confined(tools: &Tools) -> Vec<Finding> {
    let policy = match tools.guard.sandbox() {
        Sandbox::Required => Policy::Required,
        Sandbox::BestEffort => Policy::BestEffort,
        Sandbox::Off => Policy::Off,
    };
    let mut findings = Vec::new();
    let mut said: Option<Lack> = None;
    for (tool, path) in named(tools) {
        let Some(verdict) = path.map(|path| tools.guard.verdict(path)) else { continue };
        let Some(lack) = verdict.lack() else { continue };
        // What the kernel lacks, it lacks for both.
        if said.replace(lack.clone()).as_ref() != Some(lack) {
            let confinement = confinement(verdict.layers);
            findings.push(Finding::Unconfined { tool, confinement, why: why(lack), policy });
        }
    }
    findings
}

fn confinement(layers: Layers) -> Confinement {
    match layers {
        Layers { files: true, calls: true } => Confinement::Both,
        Layers { files: true, calls: false } => Confinement::Files,
        Layers { files: false, calls: true } => Confinement::Calls,
        Layers { files: false, calls: false } => Confinement::None,
    }
}

fn why(lack: &Lack) -> Unconfined {
    match lack {
        Lack::Off => Unconfined::Off,
        Lack::Kernel { landlock: Landlock::NotEnabled, seccomp: true } => Unconfined::LandlockNotEnabled,
        Lack::Kernel { landlock: Landlock::NotThere, seccomp: true } => Unconfined::LandlockMissing,
        Lack::Kernel { landlock: Landlock::Works, seccomp: _ } => Unconfined::SeccompMissing,
        Lack::Kernel { landlock: Landlock::NotEnabled | Landlock::NotThere, seccomp: false } => {
            Unconfined::KernelWithout
        }
        Lack::Inside { said } => Unconfined::Inside(said.clone()),
        Lack::Untried { reason } => Unconfined::Untried(reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_behind_flags() {
        let text = "Encoders:\n V..... = Video\n ------\n V....D libx264              libx264 H.264\n \
                    A....D aac                  AAC (Advanced Audio Coding)\n";
        let names = names(text);
        assert!(names.contains("libx264") && names.contains("aac"), "{names:?}");
        let filters = "Filters:\n  T.. = Timeline support\n ... abench            A->A       Benchmark\n \
                       TSC zscale            V->V       Apply\n";
        assert!(super::names(filters).contains("zscale"));
    }

    #[test]
    fn what_is_missing_is_named_by_how_much_it_is_missed() {
        let everything = |part| {
            let names = NEEDED.iter().filter(|(kind, ..)| *kind == part).flat_map(|(_, _, names)| *names);
            names.map(|name| (*name).to_owned()).collect::<HashSet<_>>()
        };
        assert_eq!(survey(|part| Some(everything(part))), Some(Vec::new()));
        let without = |gone: &'static [&str]| {
            survey(|part| {
                let mut names = everything(part);
                names.retain(|name| !gone.contains(&name.as_str()));
                Some(names)
            })
        };
        let encoder =
            Finding::PartsMissing { part: Part::Encoder, names: vec!["libx264".into()], need: Need::Most };
        let filters = Finding::PartsMissing {
            part: Part::Filter,
            names: vec!["zscale".into(), "tonemap".into()],
            need: Need::Some,
        };
        assert_eq!(without(&["libx264", "zscale", "tonemap"]), Some(vec![encoder, filters]));
        assert_eq!(survey(|_| None), None);
    }

    #[test]
    fn what_is_not_installed_is_named() {
        let missing = [ToolName::Ffmpeg, ToolName::Ffprobe].map(|tool| Finding::ToolMissing { tool });
        assert_eq!(present(&Tools::default(), &Parts::default()), missing);
        assert_eq!(confined(&Tools::default()), []);
    }

    #[test]
    fn what_is_installed_here_has_every_part() {
        let tools = Tools::find(std::env::var_os("PATH").as_deref());
        if tools.ffmpeg.is_none() || tools.ffprobe.is_none() {
            return;
        }
        let parts = Parts::default();
        for _ in 0..2 {
            assert_eq!(present(&tools, &parts), []);
        }
        assert!(parts.0.lock().unwrap().is_some());
    }

    #[test]
    fn a_program_that_is_no_ffmpeg_is_broken() {
        let tools = Tools { ffmpeg: Some("/bin/true".into()), ..Tools::default() };
        let found = present(&tools, &Parts::default());
        assert!(matches!(found[0], Finding::ToolBroken { tool: ToolName::Ffmpeg, .. }), "{found:?}");
    }
}
