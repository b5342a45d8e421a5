//! What `vodpost doctor` found by itself, and the names of what it looks at.

use vodpost_protocol::account::VerificationState;

use super::finding::{more_watches, set_clock};
use super::{Sentence, plain};
use crate::doctor::place::Answer;
use crate::doctor::{Finding, Own, Reach, Severity, Subject, Unchecked, Unreachable};
use crate::format::{count, span};
use crate::{say, word};

#[must_use]
pub fn diagnosis(finding: &Finding) -> Sentence {
    match finding {
        Finding::Daemon(found) => super::finding(found),
        Finding::Own(own) => own_sentence(own),
    }
}

fn own_sentence(own: &Own) -> Sentence {
    match own {
        Own::NoDaemon { said, .. } | Own::NoAnswer { said, .. } => said.clone(),
        Own::VersionsDiffer { client, daemon } => versions_differ(client, daemon),
        Own::SettingsWrong { said } => settings_wrong(said),
        Own::DaemonNotInstalled => Sentence::with_hint(
            word!("vodpostd is not installed here.", "此处未安装 vodpostd。"),
            word!("install it beside vodpost or into PATH", "请将它安装到 vodpost 旁边或 PATH 中"),
        ),
        Own::StorageReadOnly { reason } => storage_read_only(reason),
        Own::RootUnavailable { path, reason } => root_unavailable(path, reason),
        Own::FilesUnusable { count } => files_unusable(*count),
        Own::NotApproved { state } => not_approved(*state),
        Own::Revoked { reason } => revoked(reason.as_deref()),
        Own::NotActivated => Sentence::with_hint(
            word!("The service is not activated; no URL can be made.", "服务尚未开通；无法生成链接。"),
            "vodpost service activate",
        ),
        Own::QueuePaused { by } => queue_paused(by.as_deref()),
        Own::ConversionsLate { count } => conversions_late(*count),
        Own::ConversionsFailed { count } => conversions_failed(*count),
        Own::PublicUrlLocal { url, reach } => url_local(url, *reach),
        Own::PublicUrlUnreachable { url, why } => url_unreachable(url, why),
        Own::ClockSkew { daemon_ahead_ms } => clock_skew(*daemon_ahead_ms),
        Own::ClockUnsynchronised => Sentence::with_hint(
            word!(
                "The clock is not synchronised with any time server.",
                "系统时钟没有与任何时间服务器同步。"
            ),
            set_clock(),
        ),
        Own::WatchesFew { limit } => Sentence::with_hint(
            say!(
                "The system lets a user watch {limit} folders, too few for a large library.",
                "系统只允许每个用户监视 {limit} 个目录，对大型视频库来说太少。",
            ),
            more_watches(),
        ),
    }
}

fn versions_differ(client: &str, daemon: &str) -> Sentence {
    let (client, daemon) = (plain(client), plain(daemon));
    Sentence::with_hint(
        say!(
            "The daemon is version {daemon}, this client {client}. They understand each other.",
            "守护进程的版本为 {daemon}，本客户端为 {client}。两者可以互通。",
        ),
        word!(
            "restart vodpostd after an upgrade, or upgrade the other one",
            "升级后请重启 vodpostd，或升级另一个程序",
        ),
    )
}

fn settings_wrong(said: &str) -> Sentence {
    let said: Vec<_> = said.lines().map(|line| plain(line).into_owned()).collect();
    let said = said.join("\n");
    Sentence::with_hint(
        say!("The settings of a daemon of yours are wrong: {said}", "您的守护进程的设置有误：{said}",),
        word!("mend them and check again: vodpostd check-config", "修正后再次检查：vodpostd check-config"),
    )
}

fn storage_read_only(reason: &str) -> Sentence {
    let reason = plain(reason);
    Sentence::with_hint(
        say!(
            "Changes are refused, since they cannot be stored: {reason}. URLs are still served.",
            "无法保存修改，因此拒绝任何修改：{reason}。链接仍可访问。",
        ),
        word!(
            "make room on the disk of the state folder, or see what is wrong with it (dmesg); no restart is needed",
            "清理状态目录所在的磁盘，或检查磁盘故障（dmesg）；无需重启",
        ),
    )
}

fn root_unavailable(path: &str, reason: &str) -> Sentence {
    let (path, reason) = (plain(path), plain(reason));
    Sentence::with_hint(
        say!(
            "At the last look the library folder {path} could not be read as a whole: {reason}.",
            "上次扫描时无法完整读取视频库目录 {path}：{reason}。",
        ),
        word!("mend it, then look again: vodpost scan --wait", "修复后重新扫描：vodpost scan --wait"),
    )
}

fn files_unusable(number: u64) -> Sentence {
    let files = count(number, "file", "files");
    Sentence::with_hint(
        say!("{files} in the library cannot be used.", "视频库中有 {number} 个文件无法使用。"),
        word!("see which, and why: vodpost scan --wait", "查看详情：vodpost scan --wait"),
    )
}

fn not_approved(state: VerificationState) -> Sentence {
    match state {
        VerificationState::Submitted => Sentence::with_hint(
            word!(
                "The account waits for its approval; no URL can be made.",
                "账号正在等待审核；无法生成链接。",
            ),
            "vodpost account approve",
        ),
        VerificationState::None
        | VerificationState::Rejected
        | VerificationState::Revoked
        | VerificationState::Approved => Sentence::with_hint(
            word!("The account is not verified; no URL can be made.", "账号尚未认证；无法生成链接。"),
            "vodpost account submit individual --name NAME --id-number NUMBER",
        ),
    }
}

fn revoked(reason: Option<&str>) -> Sentence {
    let why = reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
    let zh = reason.map(|reason| format!("：{}", plain(reason))).unwrap_or_default();
    Sentence::with_hint(
        say!(
            "The approval of the account was revoked{why}. Live URLs stay; no new one can be made.",
            "账号的认证已被撤销{zh}。现有链接不受影响，但无法生成新链接。",
        ),
        "vodpost account submit individual --name NAME --id-number NUMBER",
    )
}

fn queue_paused(by: Option<&str>) -> Sentence {
    let by = by.map_or("?".into(), plain);
    Sentence::with_hint(
        say!(
            "Conversions are paused by {by}; their deadlines go on.",
            "处理队列已被 {by} 暂停；时限照常计算。",
        ),
        "vodpost jobs resume",
    )
}

fn conversions_late(number: u64) -> Sentence {
    let jobs = count(number, "conversion", "conversions");
    Sentence::with_hint(
        say!("{jobs} will miss the deadline.", "有 {number} 个视频将错过时限。"),
        word!(
            "see which: vodpost jobs; cancel what is not urgent, or give vodpostd more conversion.workers",
            "查看：vodpost jobs；取消不紧急的处理，或增加 conversion.workers",
        ),
    )
}

fn conversions_failed(number: u64) -> Sentence {
    let jobs = count(number, "conversion", "conversions");
    Sentence::with_hint(
        say!("{jobs} failed.", "有 {number} 个视频处理失败。"),
        word!(
            "see which: vodpost ls --state failed; vodpost show VIDEO says why",
            "查看：vodpost ls --state failed；原因见 vodpost show VIDEO",
        ),
    )
}

fn url_local(url: &str, reach: Reach) -> Sentence {
    let url = plain(url);
    let message = match reach {
        Reach::Machine => say!(
            "URLs begin with {url}, which leads to this machine only from itself.",
            "链接以 {url} 开头，只有在本机上才能访问。",
        ),
        Reach::Network => say!(
            "URLs begin with {url}, which can be reached in this network only.",
            "链接以 {url} 开头，只能在本网络内访问。",
        ),
        Reach::Public => say!("URLs begin with {url}.", "链接以 {url} 开头。"),
    };
    Sentence::with_hint(
        message,
        word!(
            "set http.public_url to a name that viewers can reach",
            "将 http.public_url 设为观众能够访问的域名",
        ),
    )
}

fn url_unreachable(url: &str, why: &Unreachable) -> Sentence {
    let url = plain(url);
    let proxy = word!(
        "see that the proxy passes requests on to the daemon's http.listen, and that vodpostd runs",
        "确认反向代理把请求转发到守护进程的 http.listen，并且 vodpostd 正在运行",
    );
    let (why, hint) = match why {
        Unreachable::Name(said) => {
            let said = plain(said);
            (
                say!("its name leads nowhere ({said})", "域名无法解析（{said}）"),
                word!(
                    "set the name's A or AAAA record, or mend http.public_url",
                    "设置该域名的 A 或 AAAA 记录，或修正 http.public_url",
                ),
            )
        }
        Unreachable::Refused => (word!("nobody listens there", "没有程序在监听").to_owned(), proxy),
        Unreachable::TimedOut => (
            word!("no answer in time", "没有及时响应").to_owned(),
            word!(
                "open the port in the firewall; where only outsiders can reach the name, check from outside",
                "在防火墙中开放端口；若该域名只能从外部访问，请从外部检查",
            ),
        ),
        Unreachable::Tls(said) => {
            let said = plain(said);
            (
                say!("TLS fails ({said})", "TLS 失败（{said}）"),
                word!(
                    "let the certificate be of an authority that browsers trust, for this very name, with its chain",
                    "请使用浏览器信任的机构为该域名签发的证书，并附上完整证书链",
                ),
            )
        }
        Unreachable::Gateway { status } => {
            (say!("it answers with status {status}", "返回状态码 {status}"), proxy)
        }
        Unreachable::NotHttp => (
            word!("what answers there is no web server", "响应的不是网页服务器").to_owned(),
            word!("mend the port in http.public_url", "修正 http.public_url 中的端口"),
        ),
        Unreachable::Other(said) => (plain(said).into_owned(), proxy),
    };
    Sentence::with_hint(
        say!("From here {url} cannot be reached: {why}.", "从本机无法访问 {url}：{why}。"),
        hint,
    )
}

fn clock_skew(daemon_ahead_ms: i64) -> Sentence {
    let by = span(std::time::Duration::from_millis(daemon_ahead_ms.unsigned_abs()));
    let message = if daemon_ahead_ms > 0 {
        say!("The daemon's clock is {by} ahead of this one.", "守护进程的时钟比本机快 {by}。")
    } else {
        say!("The daemon's clock is {by} behind this one.", "守护进程的时钟比本机慢 {by}。")
    };
    Sentence::with_hint(message, set_clock())
}

#[must_use]
pub fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Socket => word!("socket", "套接字"),
        Subject::Versions => word!("versions", "版本"),
        Subject::Settings => word!("settings", "设置"),
        Subject::State => word!("state folder", "状态目录"),
        Subject::Storage => word!("storage", "存储"),
        Subject::Library => word!("library", "视频库"),
        Subject::Watching => word!("watching", "监视"),
        Subject::Tools => word!("ffmpeg", "ffmpeg"),
        Subject::Sandbox => word!("sandbox", "沙箱"),
        Subject::Disk => word!("disk", "磁盘"),
        Subject::Account => word!("account", "账号"),
        Subject::Queue => word!("queue", "队列"),
        Subject::PublicUrl => word!("public URL", "公开地址"),
        Subject::Certificates => word!("certificates", "证书"),
        Subject::Clock => word!("clock", "时钟"),
        Subject::OpenFiles => word!("open files", "打开文件数"),
    }
}

#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Remark => word!("remark", "提示"),
        Severity::Wrong => word!("WRONG", "错误"),
    }
}

/// Why something was not checked.
#[must_use]
pub fn unchecked(why: Unchecked) -> &'static str {
    match why {
        Unchecked::NoDaemon => word!("only a daemon that answers can tell", "只有能响应的守护进程才知道"),
        Unchecked::NoCurl => {
            word!("whether it can be reached was not checked: install curl", "未检查能否访问：请安装 curl")
        }
    }
}

/// How a place of the socket answered.
#[must_use]
pub fn place(answer: Answer) -> &'static str {
    match answer {
        Answer::Daemon => word!("answers", "有响应"),
        Answer::NotTried => word!("not needed", "无需尝试"),
        Answer::Absent => word!("not there", "不存在"),
        Answer::NobodyListens => {
            word!("nobody listens (left over from a daemon that ended)", "无人监听（已结束的守护进程遗留）")
        }
        Answer::NoAccess => word!("you may not connect", "您无权连接"),
        Answer::Untrusted => word!("in a folder that cannot be trusted", "所在的目录不可信"),
        Answer::Silent => word!("does not answer", "没有响应"),
        Answer::NotAdmitted => word!("does not let you in", "拒绝您进入"),
        Answer::OtherProtocol => word!("speaks another protocol", "使用另一种协议版本"),
        Answer::NotVodpost => word!("is not vodpost", "不是 vodpost"),
        Answer::Failed => word!("cannot be reached", "无法连接"),
    }
}

#[cfg(test)]
mod tests;
