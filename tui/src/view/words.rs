//! What the UI says: the name of every command and key, and a sentence for every notice and failure. What the daemon's
//! facts are called is in [`crate::text`].

mod commands;
mod link;
mod notice;
pub mod qr;
#[cfg(test)]
mod tests;

use vodpost_protocol::account::AccountKind;
use vodpost_protocol::conversion::{ConversionState, ConversionView};
use vodpost_protocol::posting::Cause;
use vodpost_protocol::request::Sort;
use vodpost_protocol::video::SourceView;

use crate::app::geometry;
use crate::app::modal::{Decision, Failure, Field, Question};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

pub use self::commands::{key, long, place, short};
pub use self::notice::{said, waiting};

#[must_use]
pub fn sort(sort: Sort) -> &'static str {
    match sort {
        Sort::Name => word!("name", "名称"),
        Sort::Added => word!("newest", "最新"),
        Sort::Bitrate => word!("bitrate", "码率"),
        Sort::State => word!("state", "状态"),
    }
}

/// Why a modal did not reach its end.
#[must_use]
pub fn failure(failure: &Failure) -> Sentence {
    match failure {
        Failure::Refused(refusal) => text::refusal(refusal),
        Failure::Unanswered => Sentence::with_hint(
            word!(
                "The connection was lost before the answer: it may or may not have been done.",
                "应答前连接中断：操作可能已执行，也可能未执行。"
            ),
            word!("Look before you try again.", "请先确认，再决定是否重试。"),
        ),
        Failure::NotSent => Sentence::with_hint(
            word!("Not sent: there is no connection to the daemon.", "未发送：没有与守护进程的连接。"),
            word!("Try again later.", "请稍后再试。"),
        ),
        Failure::TitleDiffers => Sentence::new(word!("That is not the title.", "与标题不一致。")),
        Failure::InvalidLabel => Sentence::new(word!(
            "A label is 1 to 40 of a-z 0-9 . _ - and starts with a letter or digit.",
            "标签由1至40个字符组成，可用 a-z 0-9 . _ -，以字母或数字开头。"
        )),
        Failure::ReasonMissing => Sentence::new(word!("A reason is needed.", "请填写原因。")),
        Failure::NotSaved(why) => Sentence::new(qr::not_saved(why)),
        Failure::FolderMissing => Sentence::new(word!("Type the path of a folder.", "请输入文件夹的路径。")),
        Failure::NoCompletion => {
            Sentence::new(word!("No folder begins like this.", "没有以此开头的文件夹。"))
        }
    }
}

/// What changes a cause: the key here and the command elsewhere.
#[must_use]
pub fn remedy(
    cause: Cause,
    video: &str,
    token: &str,
    conversion: &ConversionView,
    source: &SourceView,
) -> String {
    match cause {
        Cause::Posting => say!(
            "p on this URL resumes it: vodpost resume {token}",
            "在此链接上按 p 恢复：vodpost resume {token}"
        ),
        Cause::Source => say!(
            "S resumes the video: vodpost source resume {video}",
            "按 S 恢复视频：vodpost source resume {video}"
        ),
        Cause::Missing => say!(
            "It is live again by itself when the files are back. {reason}",
            "文件恢复后自动生效。{reason}",
            reason = source.reason.as_deref().map(plain).unwrap_or_default(),
        ),
        Cause::Converting => match (conversion.state, &conversion.waiting_for) {
            (ConversionState::Queued, Some(what)) => say!(
                "It goes live by itself; its conversion waits for {what}. x cancels it.",
                "完成后自动生效；处理正在等待：{what}。按 x 取消。",
                what = plain(what),
            ),
            (
                ConversionState::None
                | ConversionState::Queued
                | ConversionState::Running
                | ConversionState::Failed
                | ConversionState::Ready,
                _,
            ) => word!(
                "It goes live by itself when the conversion is ready. x cancels it.",
                "处理完成后自动生效。按 x 取消。"
            )
            .to_owned(),
        },
        Cause::ConversionFailed => say!(
            "{reason} r tries again: vodpost retry {video}",
            "{reason} 按 r 重试：vodpost retry {video}",
            reason = conversion.reason.as_deref().map(plain).unwrap_or_default(),
            video = video,
        ),
        Cause::Deleted => word!(
            "That is final: nothing revives it. Its token is never used again.",
            "这是最终状态，无法恢复。其令牌不会再次使用。"
        )
        .to_owned(),
    }
}

#[must_use]
pub fn question(question: Question) -> (&'static str, &'static str) {
    match question {
        Question::Approve => (
            word!("Approve", "通过认证"),
            word!(
                "Approve the submission? The account may then activate the service.",
                "通过这份认证吗？通过后账号即可开通服务。"
            ),
        ),
        Question::Activate => (
            word!("Activate", "开通服务"),
            word!(
                "Activate the service? This is done once and recorded with your name.",
                "开通服务吗？此操作只需一次，并会记录您的用户名。"
            ),
        ),
    }
}

#[must_use]
pub fn decision(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Reject => (
            word!("Reject", "驳回认证"),
            word!(
                "Why is the submission rejected? The submitter reads this.",
                "驳回的原因是什么？提交者会看到。"
            ),
        ),
        Decision::Revoke => (
            word!("Revoke", "撤销认证"),
            word!(
                "Why is the approval revoked? No new URLs; live ones stay live.",
                "撤销的原因是什么？撤销后不能生成新链接，有效的链接不受影响。"
            ),
        ),
    }
}

#[must_use]
pub fn field(field: Field, kind: AccountKind) -> &'static str {
    match (field, kind) {
        (Field::Name, AccountKind::Individual) => word!("Full name", "姓名"),
        (Field::Name, AccountKind::Enterprise) => word!("Organisation", "企业名称"),
        (Field::Document, AccountKind::Individual | AccountKind::Enterprise) => word!("Document", "证件"),
        (Field::Number, AccountKind::Individual) => word!("Number", "证件号码"),
        (Field::Number, AccountKind::Enterprise) => word!("Registration", "注册号码"),
        (Field::Contact, AccountKind::Individual | AccountKind::Enterprise) => word!("Contact", "联系人"),
    }
}

pub const APP: &str = "vodpost";

#[must_use]
pub fn connecting() -> &'static str {
    word!("connecting to the daemon...", "正在连接守护进程...")
}

#[must_use]
pub fn not_connected() -> &'static str {
    word!("there is no connection to the daemon", "没有与守护进程的连接")
}

#[must_use]
pub fn starting() -> &'static str {
    word!("no daemon answered; starting one...", "没有守护进程应答，正在启动...")
}

#[must_use]
pub fn loading() -> &'static str {
    word!("loading...", "正在加载...")
}

#[must_use]
pub fn no_match() -> &'static str {
    word!("no title contains this text; Esc clears the filter", "没有标题包含此文本；按 Esc 清除筛选")
}

#[must_use]
pub fn empty() -> &'static str {
    word!(
        "The library has no videos yet. i shows its folders, R looks at them again.",
        "视频库中还没有视频。按 i 查看目录，按 R 重新扫描。"
    )
}

#[must_use]
pub fn no_selection() -> &'static str {
    word!("no video is selected", "没有选中视频")
}

#[must_use]
pub fn urls_heading() -> &'static str {
    word!("URLs", "链接")
}

#[must_use]
pub fn no_postings() -> &'static str {
    word!("none yet; g generates one", "还没有；按 g 生成")
}

#[must_use]
pub fn in_doubt() -> &'static str {
    word!("waiting for the daemon...", "等待守护进程应答...")
}

#[must_use]
pub fn not_live() -> &'static str {
    word!("not live", "未生效")
}

#[must_use]
pub fn delete_final() -> &'static str {
    word!(
        "This is final: the URLs answer 410 for ever and cannot be revived.",
        "此操作不可撤销：链接永久返回 410，无法恢复。"
    )
}

#[must_use]
pub fn type_title() -> &'static str {
    word!("Type the title to confirm:", "请输入标题以确认：")
}

#[must_use]
pub fn files_trash() -> &'static str {
    word!("The files move to the trash folder of the library.", "文件将移入视频库的回收站。")
}

#[must_use]
pub fn files_keep() -> &'static str {
    word!("The files stay; the video is only hidden and its URLs end.", "文件保留；只隐藏视频并终止其链接。")
}

#[must_use]
pub fn label_prompt() -> &'static str {
    word!("Label of the new URL:", "新链接的标签：")
}

#[must_use]
pub fn select_url() -> &'static str {
    word!(
        "Select the URL with the mouse if the clipboard did not take it:",
        "如果剪贴板没有收到，请用鼠标选中链接："
    )
}

#[must_use]
pub fn jump_title() -> &'static str {
    word!("Go to", "转到")
}

#[must_use]
pub fn jump_prompt() -> &'static str {
    word!("A token, URL, id, path or title:", "令牌、链接、id、路径或标题：")
}

#[must_use]
pub fn no_jobs() -> &'static str {
    word!("Nothing is being converted, and nothing waits.", "没有进行中或排队的处理。")
}

#[must_use]
pub fn no_events() -> &'static str {
    word!("Nothing has happened yet.", "还没有任何事件。")
}

#[must_use]
pub fn explain_live() -> &'static str {
    word!(
        "Everything it needs is there: it is served. p suspends it, S the video with all its URLs.",
        "一切就绪，正常提供。按 p 停用此链接，按 S 停用视频及其所有链接。"
    )
}

#[must_use]
pub fn explain_unlisted() -> &'static str {
    word!("It is kept off the platform: vodpost platform show", "未在平台展示：vodpost platform show")
}

#[must_use]
pub fn step_submit() -> &'static str {
    word!(
        "Next: n submits an individual, e an enterprise. URLs can be generated after approval.",
        "下一步：按 n 以个人身份提交，按 e 以企业身份提交。认证通过后可生成链接。"
    )
}

#[must_use]
pub fn step_decide() -> &'static str {
    word!("Next: an admin decides: y approves, x rejects.", "下一步：由管理员审核：按 y 通过，按 x 驳回。")
}

#[must_use]
pub fn step_activate() -> &'static str {
    word!("Next: s activates the service.", "下一步：按 s 开通服务。")
}

#[must_use]
pub fn step_none() -> &'static str {
    word!("Everything is in order: URLs can be generated.", "一切就绪，可以生成链接。")
}

#[must_use]
pub fn step_again() -> &'static str {
    word!(
        "Next: submit again: n as an individual, e as an enterprise.",
        "下一步：重新提交：按 n 以个人身份，按 e 以企业身份。"
    )
}

/// Changes cannot be stored.
#[must_use]
pub fn read_only(reason: &str) -> String {
    text::pair(word!("read only", "只读"), &plain(reason))
}

#[must_use]
pub fn too_small(width: u16, height: u16) -> String {
    say!(
        "need {width_min}x{height_min}, have {width}x{height}",
        "需要 {width_min}x{height_min}，当前 {width}x{height}",
        width_min = geometry::WIDTH_MIN,
        height_min = geometry::HEIGHT_MIN,
        width = width,
        height = height,
    )
}
