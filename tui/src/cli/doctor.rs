//! `vodpost doctor`: everything that could be wrong, each with its remedy.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use vodpost_protocol::status::Tool;

use super::Context;
use super::failure::Failure;
use super::output::Output;
use crate::doctor::place::Answer;
use crate::doctor::{self, Finding, Met, Place, Report, Severity, Subject, Unchecked};
use crate::format::{Cell, Tone, count};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

/// Where what is said about a subject begins.
const INDENT: &str = "          ";

/// Find out what is wrong, and what to do about it
#[derive(Debug, Args)]
#[command(
    after_long_help = "Looked at are the socket, versions, the state folder and its key, the library folders and whether
they are watched, ffmpeg with what it was built with and what confines it, disks, account, queue, the
public URL (asked for from this machine; for https curl is needed), certificates, the clock and the limit
of open files. Without a daemon, what can be seen without one.

A remark is something to know; it works all the same. The exit status is 1 if anything is wrong,
a daemon that does not answer included, and 0 otherwise.

With --json: {\"ok\":true,\"daemon\":{…},\"places\":[…],\"checks\":[{\"subject\":\"disk\",\"result\":\"ok\"},…],
\"findings\":[{\"subject\":…,\"severity\":\"remark|wrong\",\"kind\":\"key_open\",\"message\":…,\"hint\":…,\"facts\":{…}},…]};
a result is ok, remark, wrong or unchecked.

Example:
  vodpost doctor
  17 6 * * *  vodpost doctor --quiet        (in a crontab: a mail only when something is wrong)"
)]
pub struct Doctor {
    /// Say nothing unless something is wrong, and then only what was found
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    ok: bool,
    daemon: Option<DaemonJson<'a>>,
    places: &'a [Place],
    checks: Vec<CheckJson>,
    findings: Vec<FindingJson>,
}

#[derive(Debug, Serialize)]
struct DaemonJson<'a> {
    version: &'a str,
    protocol: u32,
    role: &'static str,
}

#[derive(Debug, Serialize)]
struct CheckJson {
    subject: Subject,
    result: Verdict,
}

#[derive(Debug, Serialize)]
struct FindingJson {
    subject: Subject,
    severity: Severity,
    kind: String,
    message: String,
    hint: Option<String>,
    facts: Value,
}

/// What a subject amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Remark,
    Wrong,
    Unchecked,
}

impl Verdict {
    /// `None` where there was nothing to look at.
    fn of(report: &Report, subject: Subject) -> Option<Self> {
        match report.of(subject).map(Finding::severity).max() {
            Some(Severity::Wrong) => Some(Self::Wrong),
            Some(Severity::Remark) => Some(Self::Remark),
            None if why_unchecked(report, subject).is_some() => Some(Self::Unchecked),
            None => report.examined.contains(&subject).then_some(Self::Ok),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => word!("ok", "正常"),
            Self::Remark => text::severity(Severity::Remark),
            Self::Wrong => text::severity(Severity::Wrong),
            Self::Unchecked => "-",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Remark => Tone::Warning,
            Self::Wrong => Tone::Bad,
            Self::Unchecked => Tone::Faint,
        }
    }
}

fn why_unchecked(report: &Report, subject: Subject) -> Option<Unchecked> {
    report.unchecked.iter().find(|(what, _)| *what == subject).map(|(_, why)| *why)
}

impl Doctor {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let report = doctor::examine(context.global.socket.as_deref());
        show(&mut context.out, &report, self.quiet)?;
        if report.is_wrong() {
            let said = Failure::Failed(Sentence::new(summary(&report)));
            return Err(Failure::Reported(Box::new(said)));
        }
        Ok(())
    }
}

fn show(out: &mut Output, report: &Report, quiet: bool) -> Result<(), Failure> {
    if out.json {
        return out.json(&document(report));
    }
    if quiet && !report.is_wrong() {
        return Ok(());
    }
    let seen = Subject::ALL.into_iter().filter_map(|subject| Some((subject, Verdict::of(report, subject)?)));
    for (subject, verdict) in seen {
        match verdict {
            Verdict::Ok | Verdict::Unchecked if quiet => {}
            Verdict::Ok => line(out, verdict, subject, &beside(report, subject))?,
            Verdict::Unchecked => match why_unchecked(report, subject) {
                // Said once for all of them.
                None | Some(Unchecked::NoDaemon) => {}
                Some(why @ Unchecked::NoCurl) => line(out, verdict, subject, text::unchecked(why))?,
            },
            Verdict::Remark | Verdict::Wrong => {
                for finding in report.of(subject) {
                    show_finding(out, report, finding)?;
                }
            }
        }
    }
    if quiet {
        return Ok(());
    }
    let untold: Vec<_> = report.unchecked.iter().filter(|(_, why)| *why == Unchecked::NoDaemon).collect();
    if !untold.is_empty() {
        let names: Vec<_> = untold.iter().map(|(subject, _)| text::subject(*subject)).collect();
        let (names, why) = (names.join(word!(", ", "、")), text::unchecked(Unchecked::NoDaemon));
        block(out, "", &say!("Not checked, since {why}: {names}.", "未检查（{why}）：{names}。"))?;
    }
    out.line(&summary(report))
}

fn line(out: &mut Output, verdict: Verdict, subject: Subject, text: &str) -> Result<(), Failure> {
    let color = out.color();
    let cell = |text, width, tone| Cell::padded(text, width, tone);
    let verdict = cell(verdict.word(), 6, verdict.tone()).painted(color);
    let lead = format!("{verdict}  {} ", cell(text::subject(subject), 14, Tone::Strong).painted(color));
    out.hanging(&lead, 6 + 2 + 14 + 1, text)
}

fn show_finding(out: &mut Output, report: &Report, finding: &Finding) -> Result<(), Failure> {
    let verdict = match finding.severity() {
        Severity::Remark => Verdict::Remark,
        Severity::Wrong => Verdict::Wrong,
    };
    let Sentence { message, hint } = text::diagnosis(finding);
    line(out, verdict, finding.subject(), "")?;
    block(out, "", &message)?;
    if finding.subject() == Subject::Socket {
        for place in report.places.iter().filter(|place| place.owner_uid.is_some()) {
            block(out, "", &place_line(place))?;
        }
    }
    hint.map_or(Ok(()), |hint| block(out, "-> ", &hint))
}

/// Indented, in as many lines as it takes; on a terminal none is cut.
fn block(out: &mut Output, mark: &str, text: &str) -> Result<(), Failure> {
    let mut lead = format!("{INDENT}{mark}");
    for paragraph in text.lines() {
        out.hanging(&lead, lead.len(), paragraph)?;
        lead = " ".repeat(lead.len());
    }
    Ok(())
}

fn place_line(place: &Place) -> String {
    let path = place.path.to_string_lossy();
    let (path, answer) = (plain(&path), text::place(place.answer));
    match (place.owner_uid, place.mode) {
        (Some(uid), Some(mode)) => {
            say!(
                "{path}: {answer} (of uid {uid}, mode {mode:04o})",
                "{path}：{answer}（属于 uid {uid}，权限 {mode:04o}）"
            )
        }
        (Some(_), None) | (None, Some(_) | None) => say!("{path}: {answer}", "{path}：{answer}"),
    }
}

/// What stands beside a subject that is well.
fn beside(report: &Report, subject: Subject) -> String {
    if subject == Subject::Socket {
        let used = report.places.iter().find(|place| place.answer == Answer::Daemon);
        let role = report.met.as_ref().map(|met| met.role.name()).unwrap_or_default();
        let place = used.map(place_line).unwrap_or_default();
        return say!("{place}; you are {role}", "{place}；您的角色是 {role}");
    }
    report.met.as_ref().map(|met| fact(met, subject)).unwrap_or_default()
}

fn fact(met: &Met, subject: Subject) -> String {
    let status = &met.status;
    match subject {
        Subject::Versions => {
            let (version, protocol) = (plain(&status.version), status.protocol);
            say!("{version}, protocol {protocol}", "{version}，协议 {protocol}")
        }
        Subject::State => plain(&status.listen.state_dir).into_owned(),
        Subject::Library => {
            let roots: Vec<_> = status.roots.iter().map(|root| plain(&root.path)).collect();
            roots.join(", ")
        }
        Subject::Tools => match &status.ffmpeg {
            Tool::Found(version) | Tool::Missing(version) => plain(version).into_owned(),
        },
        Subject::Account => {
            format!("{}, {}", text::verification(status.account), text::service(status.service))
        }
        Subject::Queue => {
            let (running, queued) = (status.queue.running, status.queue.queued);
            say!("{running} running, {queued} queued", "运行 {running}，排队 {queued}")
        }
        Subject::PublicUrl => {
            let url = plain(&status.listen.public_url);
            say!("{url} answers", "{url} 有响应")
        }
        Subject::Socket
        | Subject::Settings
        | Subject::Storage
        | Subject::Watching
        | Subject::Sandbox
        | Subject::Disk
        | Subject::Certificates
        | Subject::Clock
        | Subject::OpenFiles => String::new(),
    }
}

fn summary(report: &Report) -> String {
    let number =
        |severity| report.findings.iter().filter(|found| found.severity() == severity).count() as u64;
    let (wrong, remarks) = (number(Severity::Wrong), number(Severity::Remark));
    let (findings, noted) = (count(wrong, "thing is", "things are"), count(remarks, "remark", "remarks"));
    match (wrong, remarks) {
        (0, 0) => word!("All is well.", "一切正常。").to_owned(),
        (0, _) => say!("Nothing is wrong; {noted}.", "没有错误；{remarks} 条提示。"),
        (_, 0) => say!("{findings} wrong.", "{wrong} 处错误。"),
        (_, _) => say!("{findings} wrong; {noted}.", "{wrong} 处错误；{remarks} 条提示。"),
    }
}

fn document(report: &Report) -> Document<'_> {
    let checks = Subject::ALL
        .into_iter()
        .filter_map(|subject| Some(CheckJson { subject, result: Verdict::of(report, subject)? }));
    let findings = report.findings.iter().map(|finding| {
        let Sentence { message, hint } = text::diagnosis(finding);
        let (subject, severity) = (finding.subject(), finding.severity());
        let (kind, facts) = kind_and_facts(finding);
        FindingJson { subject, severity, kind, message, hint, facts }
    });
    let daemon = report.met.as_ref().map(|met| DaemonJson {
        version: &met.status.version,
        protocol: met.status.protocol,
        role: met.role.name(),
    });
    Document {
        ok: !report.is_wrong(),
        daemon,
        places: &report.places,
        checks: checks.collect(),
        findings: findings.collect(),
    }
}

/// The two halves of its serde form; a kind without facts has none.
fn kind_and_facts(finding: &Finding) -> (String, Value) {
    let none = || Value::Object(Map::new());
    match serde_json::to_value(finding) {
        Ok(Value::Object(mut one)) => {
            let kind = one.keys().next().cloned().unwrap_or_default();
            let facts = one.remove(&kind).unwrap_or_else(none);
            (kind, facts)
        }
        Ok(Value::String(kind)) => (kind, none()),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | Err(_) => {
            (String::new(), none())
        }
    }
}

#[cfg(test)]
mod tests;
