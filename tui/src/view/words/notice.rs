//! What was done, refused or is waited for, and why a key does nothing, in one sentence each.

use vodpost_protocol::ids::Label;
use vodpost_protocol::status::ScanView;

use super::{link, long, no_selection, not_connected, qr};
use crate::app::event::CopyWay;
use crate::app::marks::{Batch, Deed, MARKS_MAX};
use crate::app::mouse::Pointer;
use crate::app::notice::{Change, Said, Why};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

pub(super) fn why(why: &Why) -> String {
    match why {
        Why::NotConnected => not_connected().to_owned(),
        Why::Role { role, needed } => say!(
            "your role is {role}, this needs {needed}",
            "您的角色是 {role}，此操作需要 {needed}",
            role = role.name(),
            needed = needed.name(),
        ),
        Why::NoVideo => no_selection().to_owned(),
        Why::NoPosting => {
            word!("this video has no URL yet; g generates one", "此视频还没有链接；按 g 生成").to_owned()
        }
        Why::SourceDeleted => {
            word!("the video was deleted; that is final", "视频已删除，无法恢复").to_owned()
        }
        Why::NotFailed => {
            word!("there is no failed conversion to try again", "没有可重试的失败处理").to_owned()
        }
        Why::NotConverting => {
            word!("no conversion is queued or running", "没有排队或进行中的处理").to_owned()
        }
        Why::NothingToDecide => word!("no submission waits for a decision", "没有等待审核的认证").to_owned(),
        Why::NothingToRevoke => word!("there is no approval to revoke", "没有可撤销的认证").to_owned(),
        Why::AlreadyActive => word!("the service is active already", "服务已经开通").to_owned(),
        Why::AccountNotLoaded => word!("the account has not been read yet", "账号信息尚未读取").to_owned(),
        Why::Waiting => word!("the last one has not been answered yet", "上一次请求尚未得到应答").to_owned(),
        Why::MarksFull => {
            say!("no more than {MARKS_MAX} videos can be marked", "最多可标记{MARKS_MAX}个视频")
        }
        Why::FirstRunDone => word!("every step to the first URL is done", "首次设置已完成").to_owned(),
        Why::NotThisStep => word!("another step comes first", "请先完成前一步").to_owned(),
        Why::NothingToClose => word!("nothing is open; q quits", "没有可关闭的内容；按 q 退出").to_owned(),
    }
}

fn quoted(title: &str) -> String {
    say!("\"{title}\"", "《{title}》", title = plain(title))
}

fn urls(title: &str, label: Option<&Label>) -> String {
    match label {
        Some(label) => {
            say!("URL {label} of {title}", "{title}的链接 {label}", label = label, title = quoted(title))
        }
        None => say!("all URLs of {title}", "{title}的所有链接", title = quoted(title)),
    }
}

/// A change as something to be done.
pub(super) fn change(change: &Change) -> String {
    match change {
        Change::Generate { title } => say!("generate {title}", "生成{title}的链接", title = quoted(title)),
        Change::Retry { title } => say!("convert {title} again", "重新处理{title}", title = quoted(title)),
        Change::Cancel { title } => {
            say!("cancel the conversion of {title}", "取消{title}的处理", title = quoted(title))
        }
        Change::SuspendPostings { title, label } => {
            say!("suspend {urls}", "停用{urls}", urls = urls(title, label.as_ref()))
        }
        Change::ResumePostings { title, label } => {
            say!("resume {urls}", "恢复{urls}", urls = urls(title, label.as_ref()))
        }
        Change::SuspendSource { title } => say!("suspend {title}", "停用视频{title}", title = quoted(title)),
        Change::ResumeSource { title } => say!("resume {title}", "恢复视频{title}", title = quoted(title)),
        Change::DeleteSource { title } => say!("delete {title}", "删除{title}", title = quoted(title)),
        Change::Submit => word!("submit the verification", "提交认证").to_owned(),
        Change::Approve => word!("approve the submission", "通过认证").to_owned(),
        Change::Reject => word!("reject the submission", "驳回认证").to_owned(),
        Change::Revoke => word!("revoke the approval", "撤销认证").to_owned(),
        Change::Activate => word!("activate the service", "开通服务").to_owned(),
        Change::PauseQueue => word!("pause the queue", "暂停队列").to_owned(),
        Change::ResumeQueue => word!("resume the queue", "恢复队列").to_owned(),
        Change::Scan => word!("look at the library", "扫描视频库").to_owned(),
        Change::AddRoot { path } => {
            say!("add {path} to the library", "把 {path} 加入视频库", path = plain(path))
        }
    }
}

fn done(change: &Change) -> String {
    match change {
        Change::Generate { title } => say!(
            "{title} is being prepared; its URL goes live by itself when it is ready",
            "正在处理{title}，完成后链接自动生效",
            title = quoted(title),
        ),
        Change::Retry { title } => {
            say!("the conversion of {title} starts again", "重新开始处理{title}", title = quoted(title))
        }
        Change::Cancel { title } => {
            say!("the conversion of {title} was cancelled", "已取消{title}的处理", title = quoted(title),)
        }
        Change::SuspendPostings { title, label } => {
            say!("suspended: {urls}", "已停用：{urls}", urls = urls(title, label.as_ref()))
        }
        Change::ResumePostings { title, label } => {
            say!("resumed: {urls}", "已恢复：{urls}", urls = urls(title, label.as_ref()))
        }
        Change::SuspendSource { title } => {
            say!("{title} is suspended with all its URLs", "{title}及其所有链接已停用", title = quoted(title),)
        }
        Change::ResumeSource { title } => say!(
            "{title} is resumed; URLs that were suspended by themselves stay so",
            "{title}已恢复；单独停用的链接仍然停用",
            title = quoted(title),
        ),
        Change::DeleteSource { title } => say!(
            "{title} was deleted; its URLs are invalid for ever",
            "{title}已删除，其链接永久失效",
            title = quoted(title),
        ),
        Change::Submit => {
            word!("the verification was submitted and waits for a decision", "认证已提交，等待审核")
                .to_owned()
        }
        Change::Approve => word!("the submission was approved", "认证已通过").to_owned(),
        Change::Reject => word!("the submission was rejected", "认证已驳回").to_owned(),
        Change::Revoke => {
            word!("the approval was revoked; live URLs stay live", "认证已撤销；有效的链接不受影响")
                .to_owned()
        }
        Change::Activate => word!("the service is active", "服务已开通").to_owned(),
        Change::PauseQueue => word!(
            "paused: no further conversion starts, what runs goes on",
            "已暂停：不再开始新的处理，进行中的继续"
        )
        .to_owned(),
        Change::ResumeQueue => word!("conversions start again", "队列已恢复，继续处理").to_owned(),
        Change::Scan => word!("the library was looked at", "视频库扫描完毕").to_owned(),
        Change::AddRoot { path } => {
            say!("{path} belongs to the library now", "{path} 已加入视频库", path = plain(path))
        }
    }
}

#[must_use]
pub fn waiting(changes: &[&Change]) -> Option<String> {
    let first = change(changes.first()?);
    Some(match changes.len() - 1 {
        0 => say!("waiting: {first}...", "等待应答：{first}..."),
        more => say!("waiting: {first} and {more} more...", "等待应答：{first}等，另有{more}项..."),
    })
}

#[must_use]
pub fn said(said: &Said) -> Sentence {
    match said {
        Said::Done(change) => Sentence::new(done(change)),
        Said::LiveNow { title } => Sentence::with_hint(
            say!("{title} is live", "{title}的链接已生效", title = quoted(title)),
            word!("Enter shows the QR code, c copies the URL", "按 Enter 显示二维码，按 c 复制链接"),
        ),
        Said::Scanned(scan) => scanned(scan),
        Said::Refused { change: asked, refusal } => {
            let refusal = text::refusal(refusal);
            Sentence { message: text::pair(&change(asked), &refusal.message), hint: refusal.hint }
        }
        Said::ReadRefused(refusal) => text::refusal(refusal),
        Said::Unanswered(changes) => unanswered(changes),
        Said::Batch(batch) => batch_done(batch),
        Said::NotConnected => Sentence::new(not_connected()),
        Said::NotSent(asked) => {
            Sentence::new(say!("not sent: {change}", "未发送：{change}", change = change(asked)))
        }
        Said::Disabled { command, why: reason } => Sentence::new(text::pair(long(*command), &why(reason))),
        Said::Copied(CopyWay::Tmux) => {
            Sentence::new(word!("copied to tmux and the clipboard", "已复制到 tmux 和剪贴板"))
        }
        Said::Copied(CopyWay::Terminal) => Sentence::with_hint(
            word!("sent to the terminal's clipboard", "已发送到终端的剪贴板"),
            word!("if it did not arrive, select the URL above", "如果没有成功，请直接选中上面的链接"),
        ),
        Said::TooLongToCopy => Sentence::new(word!(
            "too long for the terminal's clipboard; select the text instead",
            "内容过长，终端剪贴板放不下；请直接选中文本"
        )),
        Said::SavedQr(path) => Sentence::new(qr::saved(path)),
        Said::NotSavedQr(why) => Sentence::new(qr::not_saved(why)),
        Said::OtherState => link::other_state(),
        Said::StateRestored(at) => link::restored(*at),
        Said::Mouse(pointer) => mouse(*pointer),
        Said::DaemonRestarted => Sentence::new(word!(
            "the daemon was restarted; everything was read anew",
            "守护进程已重启，数据已重新读取"
        )),
        Said::UnexpectedAnswer => {
            Sentence::new(word!("the daemon's answer did not fit the question", "守护进程的应答与请求不符"))
        }
    }
}

fn mouse(pointer: Pointer) -> Sentence {
    match pointer {
        Pointer::Ui => Sentence::with_hint(
            word!("the mouse works here", "已启用鼠标"),
            word!("Shift selects text; m ends it", "按住 Shift 可选择文本；按 m 停用"),
        ),
        Pointer::Terminal => Sentence::new(word!("the mouse selects text again", "鼠标已恢复为选择文本")),
    }
}

fn batch_done(batch: &Batch) -> Sentence {
    let deed = match batch.deed {
        Deed::Generate => word!("generated", "已生成链接"),
        Deed::SuspendPostings => word!("all URLs suspended", "所有链接已停用"),
        Deed::ResumePostings => word!("all URLs resumed", "所有链接已恢复"),
        Deed::SuspendSources => word!("suspended", "已停用"),
        Deed::ResumeSources => word!("resumed", "已恢复"),
    };
    let done = text::pair(&text::videos(batch.done as u64), deed);
    let Some((asked, why)) = &batch.why else { return Sentence::new(done) };
    let why = text::refusal(why);
    let first = text::pair(&change(asked), &why.message);
    let message = say!(
        "{done}; {refused} refused, first {first}",
        "{done}；{refused}个被拒绝，第一个：{first}",
        done = done,
        refused = batch.refused,
        first = first,
    );
    Sentence { message, hint: why.hint }
}

fn unanswered(changes: &[Change]) -> Sentence {
    let list: Vec<String> = changes.iter().map(change).collect();
    Sentence::new(say!(
        "connection lost before the answer; may or may not have been done: {list}",
        "应答前连接中断，以下操作可能已执行，也可能未执行：{list}",
        list = list.join(text::comma()),
    ))
}

fn scanned(scan: &ScanView) -> Sentence {
    let mut message = say!(
        "{videos} in {files}: {added} new, {changed} changed, {missing} missing",
        "{videos}，{files}：新增 {added}，变更 {changed}，缺失 {missing}",
        videos = text::videos(scan.videos),
        files = text::files(scan.files),
        added = scan.added,
        changed = scan.changed,
        missing = scan.missing,
    );
    if scan.settling > 0 {
        message.push_str(&say!(
            ", {settling} still being written",
            "，正在写入 {settling}",
            settling = scan.settling,
        ));
    }
    let problems = scan.problems.len() as u64 + scan.problems_left_out;
    let first = scan.roots_unavailable.first().or_else(|| scan.problems.first());
    let Some(first) = first else { return Sentence::new(message) };
    Sentence::with_hint(
        message,
        say!(
            "{path}: {reason} ({problems})",
            "{path}：{reason}（{problems}）",
            path = plain(&first.path),
            reason = plain(&first.reason),
            problems = text::problems(problems + scan.roots_unavailable.len() as u64),
        ),
    )
}
