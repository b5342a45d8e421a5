//! What can be seen where no daemon answers: the settings that one would have, the programs that it needs, the system's
//! limits.

use std::path::Path;
use std::time::Duration;

use vodpost_protocol::checkup::{self, ToolName};

use super::{Finding, Own, Report, Subject, run};
use crate::autostart;

/// It tries ffmpeg as well.
const CHECK_LIMIT: Duration = Duration::from_secs(30);
const SAID_LEN_MAX: usize = 2_000;
/// What kernels had before 5.11, too little for a library of some size.
const WATCHES_FEW: u64 = 8_192;

pub(super) fn examine(report: &mut Report) {
    report.saw(Subject::Settings, settings());
    report.saw(Subject::Tools, []);
    let missing = [(ToolName::Ffmpeg, "ffmpeg"), (ToolName::Ffprobe, "ffprobe")];
    let missing = missing.into_iter().filter(|(_, name)| !autostart::is_in_path(name));
    let missing = missing.map(|(tool, _)| Finding::Daemon(checkup::Finding::ToolMissing { tool }));
    report.findings.extend(missing);
    report.saw(Subject::Watching, watches());
}

/// `vodpostd check-config` as this user.
fn settings() -> Option<Own> {
    let Ok(program) = autostart::find() else { return Some(Own::DaemonNotInstalled) };
    match run::run(&program, &["check-config"], CHECK_LIMIT) {
        Ok(said) if said.status.success() => None,
        Ok(said) => {
            let text = said.stderr.trim();
            let text = text.strip_prefix("vodpostd: ").unwrap_or(text);
            Some(Own::SettingsWrong { said: text.chars().take(SAID_LEN_MAX).collect() })
        }
        Err(error) => Some(Own::SettingsWrong { said: format!("{}: {error}", program.display()) }),
    }
}

fn watches() -> Option<Own> {
    let limit = std::fs::read_to_string(Path::new("/proc/sys/fs/inotify/max_user_watches")).ok()?;
    let limit = limit.trim().parse().ok()?;
    (limit <= WATCHES_FEW).then_some(Own::WatchesFew { limit })
}
