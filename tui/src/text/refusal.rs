//! Why the daemon says no, as a sentence, and what to do next.

use vodpost_protocol::account::VerificationState;
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::{Candidate, IdentityProblem, Refusal};

use super::{Sentence, library, plain, shell_word, verification};
use crate::{say, word};

/// Why the daemon refused, and what helps.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Sentence {
    Sentence { message: refusal_message(refusal), hint: refusal_hint(refusal) }
}

#[expect(clippy::too_many_lines, reason = "one sentence for each refusal, in two languages")]
fn refusal_message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotVerified { state } => say!(
            "The account is not verified (state: {state}).",
            "账号尚未通过认证（状态：{state}）。",
            state = verification(*state),
        ),
        Refusal::NotActivated => word!("The service is not activated.", "服务尚未开通。").into(),
        Refusal::AlreadyActivated => word!("The service is activated already.", "服务已经开通。").into(),
        Refusal::AlreadySubmitted => {
            word!("A submission waits for its decision already.", "已有一份提交的认证等待审核。").into()
        }
        Refusal::AlreadyApproved => word!("The account is approved already.", "账号已经通过认证。").into(),
        Refusal::NothingToDecide { state } => say!(
            "There is nothing to decide (the account's state: {state}).",
            "没有需要审核的认证（账号状态：{state}）。",
            state = verification(*state),
        ),
        Refusal::FourEyes => {
            word!("Somebody else than the one who submitted must decide.", "必须由提交者以外的人来审核。",)
                .into()
        }
        Refusal::InvalidIdentity(problem) => identity_problem(*problem).into(),
        Refusal::NoSuchVideo { asked, .. } => {
            say!("There is no video \"{asked}\".", "没有视频《{asked}》。", asked = plain(asked))
        }
        Refusal::AmbiguousVideo { asked, candidates } => ambiguous(asked, candidates),
        Refusal::NoSuchPosting { title, asked, .. } => no_such_posting(title, asked.as_ref()),
        Refusal::NoSuchToken { asked } => {
            say!("No URL has the token \"{asked}\".", "没有令牌为「{asked}」的链接。", asked = plain(asked),)
        }
        Refusal::SourceDeleted { title } => say!(
            "\"{title}\" was deleted; its URLs are invalid for ever.",
            "《{title}》已删除，其链接永久失效。",
            title = plain(title),
        ),
        Refusal::SourceMissing { title } => {
            say!("The files of \"{title}\" are not there.", "《{title}》的文件缺失。", title = plain(title))
        }
        Refusal::SourceSuspended { title } => say!(
            "\"{title}\" is suspended; a new URL would not be live.",
            "《{title}》已停用，新链接不会生效。",
            title = plain(title),
        ),
        Refusal::NoUsableRendition { title, reasons } => unusable(title, reasons),
        Refusal::WrongConversionState { title, state } => wrong_state(title, *state),
        Refusal::ReadOnlyRoot { root } => say!(
            "{root} is read-only: nothing can be deleted there.",
            "{root} 是只读的，无法删除其中的文件。",
            root = plain(root),
        ),
        Refusal::TrashFailed { title, reason } => say!(
            "\"{title}\" could not be moved to the trash: {reason}",
            "无法将《{title}》移入回收站：{reason}",
            title = plain(title),
            reason = plain(reason),
        ),
        Refusal::NotPermitted { role, needed } => say!(
            "This needs the role {needed}; yours is {role}.",
            "此操作需要角色 {needed}，您的角色是 {role}。",
            needed = needed.name(),
            role = role.name(),
        ),
        Refusal::StorageFailed { reason } => say!(
            "The change could not be stored, so nothing was changed: {reason}",
            "更改无法保存，因此未作任何更改：{reason}",
            reason = plain(reason),
        ),
        Refusal::Busy => word!(
            "The daemon has too many clients or too much to do at the moment; nothing was changed.",
            "守护进程当前的客户端或任务过多，未作任何更改。",
        )
        .into(),
        Refusal::TooLarge => {
            word!("The answer is too large for one message.", "应答过大，一条消息放不下。").into()
        }
        Refusal::InvalidCursor => word!("This is not a cursor of this list.", "这不是此列表的游标。").into(),
        Refusal::TooLong { field, len_max } => say!(
            "The {field} may have at most {len_max} bytes.",
            "{field} 最多 {len_max} 字节。",
            field = plain(field),
            len_max = len_max,
        ),
        Refusal::ShuttingDown => word!("The daemon is ending.", "守护进程正在退出。").into(),
        Refusal::BackupFailed { reason } => {
            say!("No backup was made: {reason}", "未生成备份：{reason}", reason = plain(reason))
        }
        Refusal::UnusableRoot { path, problem } => library::unusable(path, problem),
        Refusal::NoSuchRoot { path, .. } => library::no_such_root(path),
        Refusal::ConfiguredRoot { path, origin } => library::configured_root(path, origin),
    }
}

#[expect(clippy::too_many_lines, reason = "one sentence for each refusal, in two languages")]
fn refusal_hint(refusal: &Refusal) -> Option<String> {
    let hint = match refusal {
        Refusal::NotVerified { state } => return Some(verification_hint(*state).into()),
        Refusal::NothingToDecide { .. } | Refusal::AlreadyApproved => "vodpost account show".into(),
        Refusal::NotActivated => "vodpost service activate".into(),
        Refusal::AlreadySubmitted => word!(
            "vodpost account approve (or: vodpost account reject --reason REASON)",
            "vodpost account approve（或：vodpost account reject --reason REASON）",
        )
        .into(),
        Refusal::FourEyes => word!(
            "let another administrator run: vodpost account approve",
            "请另一位管理员运行：vodpost account approve",
        )
        .into(),
        Refusal::InvalidIdentity(problem) => identity_hint(*problem).into(),
        Refusal::NoSuchVideo { nearest, .. } => match nearest.first() {
            Some(title) => say!(
                "did you mean {title}? All videos: vodpost ls",
                "您是不是要找 {title}？查看所有视频：vodpost ls",
                title = shell_word(title),
            ),
            None => word!("all videos: vodpost ls", "查看所有视频：vodpost ls").into(),
        },
        Refusal::AmbiguousVideo { candidates, .. } => match candidates.first() {
            Some(candidate) => {
                say!("use the id, for example {id}", "请使用 id，例如 {id}", id = candidate.id)
            }
            None => word!("use the id; vodpost ls shows it", "请使用 id，可用 vodpost ls 查看").into(),
        },
        Refusal::NoSuchPosting { title, labels, .. } if labels.is_empty() => {
            format!("vodpost generate {}", shell_word(title))
        }
        Refusal::NoSuchPosting { labels, .. } => {
            say!("its labels: {labels}", "已有的标签：{labels}", labels = join_labels(labels))
        }
        Refusal::NoSuchToken { .. } => {
            word!("vodpost ls, then vodpost show VIDEO", "先用 vodpost ls，再用 vodpost show VIDEO 查看")
                .into()
        }
        Refusal::SourceMissing { title } => say!(
            "bring the files back, then: vodpost scan (see: vodpost show {title})",
            "请把文件放回原处，然后运行：vodpost scan（详情：vodpost show {title}）",
            title = shell_word(title),
        ),
        Refusal::SourceSuspended { title } => format!("vodpost source resume {}", shell_word(title)),
        Refusal::NoUsableRendition { title, .. } | Refusal::TrashFailed { title, .. } => {
            format!("vodpost show {}", shell_word(title))
        }
        Refusal::WrongConversionState { title, state } => wrong_state_hint(title, *state),
        Refusal::ReadOnlyRoot { .. } => word!(
            "vodpost source delete --keep-files VIDEO ends the URLs and leaves the files",
            "vodpost source delete --keep-files VIDEO 只终止链接，保留文件",
        )
        .into(),
        Refusal::NotPermitted { .. } => word!(
            "ask an administrator to run it, or to give you the role in the daemon's configuration",
            "请管理员代为运行，或在守护进程的配置中授予您该角色",
        )
        .into(),
        Refusal::StorageFailed { .. } => word!(
            "look at the disk of the state folder: vodpost status",
            "请检查状态目录所在的磁盘：vodpost status",
        )
        .into(),
        Refusal::Busy => {
            word!("try again in a moment; the queue: vodpost jobs", "请稍后再试；查看队列：vodpost jobs",)
                .into()
        }
        Refusal::TooLarge => {
            word!("ask for less, for example with --limit", "请缩小范围，例如使用 --limit").into()
        }
        Refusal::InvalidCursor => {
            word!("begin at the first page, without --after", "请从第一页开始，不带 --after").into()
        }
        Refusal::ShuttingDown => word!("try again when it is back", "请等它恢复后再试").into(),
        Refusal::BackupFailed { .. } => word!(
            "name a file that there is not yet, in a folder where vodpostd may write",
            "请指定一个尚不存在的文件，并且 vodpostd 对其目录有写权限",
        )
        .into(),
        Refusal::AlreadyActivated => {
            word!("nothing is left to do; see: vodpost status", "无需再做任何操作；查看：vodpost status")
                .into()
        }
        Refusal::SourceDeleted { title } => {
            let video = shell_word(title);
            say!(
                "see who deleted it: vodpost show {video}; a file that is put back is a new video",
                "查看由谁删除：vodpost show {video}；放回的文件会成为新的视频"
            )
        }
        Refusal::UnusableRoot { problem, .. } => library::unusable_hint(problem),
        Refusal::NoSuchRoot { .. } => {
            word!("its folders: vodpost library", "查看其文件夹：vodpost library").into()
        }
        Refusal::ConfiguredRoot { .. } => {
            word!("change it there and restart vodpostd", "请在那里修改并重启 vodpostd").into()
        }
        Refusal::TooLong { .. } => word!("say it in fewer words", "请缩短后再试").into(),
    };
    Some(hint)
}

fn verification_hint(state: VerificationState) -> &'static str {
    match state {
        VerificationState::None => "vodpost account submit individual --name NAME --id-number NUMBER",
        VerificationState::Submitted => word!(
            "an administrator decides: vodpost account approve",
            "由管理员审核：vodpost account approve",
        ),
        VerificationState::Rejected | VerificationState::Revoked => word!(
            "see why: vodpost account show; then submit again: vodpost account submit individual --name NAME --id-number NUMBER",
            "查看原因：vodpost account show；然后重新提交：vodpost account submit individual --name NAME --id-number NUMBER",
        ),
        VerificationState::Approved => "vodpost account show",
    }
}

fn no_such_posting(title: &str, asked: Option<&Label>) -> String {
    match asked {
        Some(label) => say!(
            "\"{title}\" has no URL with the label {label}.",
            "《{title}》没有标签为 {label} 的链接。",
            title = plain(title),
            label = label,
        ),
        None => no_url(title),
    }
}

/// Nothing was generated for this video yet.
#[must_use]
pub fn no_url(title: &str) -> String {
    say!("\"{title}\" has no URL.", "《{title}》没有链接。", title = plain(title))
}

fn wrong_state(title: &str, state: ConversionState) -> String {
    let what = match state {
        ConversionState::None => word!("was not requested", "尚未请求"),
        ConversionState::Queued => word!("waits for its turn", "正在排队"),
        ConversionState::Running => word!("is under way", "正在进行"),
        ConversionState::Failed => word!("has failed or was cancelled", "已失败或已取消"),
        ConversionState::Ready => word!("is ready", "已经完成"),
    };
    say!(
        "The conversion of \"{title}\" {what}.",
        "《{title}》的处理{what}。",
        title = plain(title),
        what = what
    )
}

fn wrong_state_hint(title: &str, state: ConversionState) -> String {
    let word = shell_word(title);
    match state {
        ConversionState::None => format!("vodpost generate {word}"),
        ConversionState::Queued | ConversionState::Running => {
            word!("see how far it is: vodpost jobs", "查看进度：vodpost jobs").into()
        }
        ConversionState::Failed => say!("try it again: vodpost retry {word}", "重试：vodpost retry {word}"),
        ConversionState::Ready => format!("vodpost url {word}"),
    }
}

fn ambiguous(asked: &str, candidates: &[Candidate]) -> String {
    let mut message =
        say!("Several videos go by \"{asked}\":", "有多个视频符合「{asked}」：", asked = plain(asked),);
    for candidate in candidates {
        message.push_str(&format!("\n  {}  {}", candidate.id, plain(&candidate.path)));
    }
    message
}

fn unusable(title: &str, reasons: &[String]) -> String {
    let title = plain(title);
    let reasons: Vec<_> = reasons.iter().map(|reason| plain(reason)).collect();
    if reasons.is_empty() {
        return say!("None of the files of \"{title}\" can be used.", "《{title}》没有可用的文件。");
    }
    say!(
        "None of the files of \"{title}\" can be used: {reasons}.",
        "《{title}》没有可用的文件：{reasons}。",
        title = title,
        reasons = reasons.join(word!("; ", "；")),
    )
}

fn join_labels(labels: &[Label]) -> String {
    labels.iter().map(Label::as_str).collect::<Vec<_>>().join(", ")
}

fn identity_problem(problem: IdentityProblem) -> &'static str {
    match problem {
        IdentityProblem::NameMissing => word!("The name is missing.", "缺少姓名或名称。"),
        IdentityProblem::NameTooLong => word!("The name is too long.", "姓名或名称过长。"),
        IdentityProblem::ContactMissing => word!("An enterprise needs a contact.", "企业必须填写联系人。"),
        IdentityProblem::ContactTooLong => word!("The contact is too long.", "联系人过长。"),
        IdentityProblem::NumberMissing => word!("The number of the document is missing.", "缺少证件号码。"),
        IdentityProblem::NumberTooLong => word!("The number of the document is too long.", "证件号码过长。"),
        IdentityProblem::DocumentDoesNotFit => {
            word!("This kind of document does not fit this kind of account.", "此类证件不适用于此类账号。",)
        }
        IdentityProblem::CnIdShape => word!(
            "A resident identity number is 17 digits and a digit or X.",
            "居民身份证号码由17位数字加一位数字或 X 组成。",
        ),
        IdentityProblem::CnIdDate => word!(
            "Digits 7 to 14 of the identity number are not a date of the calendar.",
            "身份证号码第7至14位不是有效日期。",
        ),
        IdentityProblem::CnIdFuture => word!(
            "The birth date in the identity number lies in the future.",
            "身份证号码中的出生日期在今天之后。",
        ),
        IdentityProblem::CnIdCheck => word!(
            "The last character of the identity number does not fit the others.",
            "身份证号码的校验位不正确。",
        ),
        IdentityProblem::UsccShape => word!(
            "A unified social credit code is 18 digits and capitals without I, O, S, V and Z.",
            "统一社会信用代码为18位数字或大写字母（不含 I、O、S、V、Z）。",
        ),
        IdentityProblem::UsccRegion => word!(
            "Characters 3 to 8 of the social credit code must be digits.",
            "统一社会信用代码第3至8位必须是数字。",
        ),
        IdentityProblem::UsccCheck => word!(
            "The last character of the social credit code does not fit the others.",
            "统一社会信用代码的校验位不正确。",
        ),
        IdentityProblem::CnIdRegion => word!(
            "No region, and so no identity number, begins with 0.",
            "地区码不会以 0 开头，身份证号码也不会。",
        ),
    }
}

fn identity_hint(problem: IdentityProblem) -> &'static str {
    match problem {
        IdentityProblem::NameMissing => "--name NAME",
        IdentityProblem::ContactMissing => "--contact CONTACT",
        IdentityProblem::NumberMissing => word!(
            "--id-number NUMBER, or --registration-number NUMBER",
            "--id-number NUMBER 或 --registration-number NUMBER",
        ),
        IdentityProblem::DocumentDoesNotFit => word!(
            "--document cn-id or other for an individual, uscc or other for an enterprise",
            "个人用 --document cn-id 或 other，企业用 uscc 或 other",
        ),
        IdentityProblem::CnIdShape
        | IdentityProblem::CnIdDate
        | IdentityProblem::CnIdFuture
        | IdentityProblem::CnIdCheck
        | IdentityProblem::UsccShape
        | IdentityProblem::UsccRegion
        | IdentityProblem::UsccCheck
        | IdentityProblem::CnIdRegion => word!(
            "check the number; for another kind of document: --document other",
            "请核对号码；其他证件请用 --document other",
        ),
        IdentityProblem::NameTooLong => word!("shorten what --name says", "请缩短 --name 的内容"),
        IdentityProblem::ContactTooLong => word!("shorten what --contact says", "请缩短 --contact 的内容"),
        IdentityProblem::NumberTooLong => word!(
            "check the number: no document has one of this length",
            "请核对号码：没有证件的号码有这么长"
        ),
    }
}

#[cfg(test)]
mod tests;
