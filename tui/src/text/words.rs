//! States, causes and changes in plain words, each a fragment that fits into a line or a sentence.
//!
//! The words of the design, the same everywhere in the client:
//!
//! | English | Chinese | English | Chinese |
//! |---|---|---|---|
//! | video | 视频 | account | 账号 |
//! | rendition | 版本 | verification | 认证 |
//! | source, source file | 源, 源文件 | submit, submission | 提交, 提交的认证 |
//! | posting, URL | 链接 | approve, reject, revoke | 通过, 驳回, 撤销 |
//! | label, token | 标签, 令牌 | service, activate | 服务, 开通 |
//! | suspend, resume | 停用, 恢复 | individual, enterprise | 个人, 企业 |
//! | live, pending, invalid | 有效, 待生效, 失效 | daemon, client | 守护进程, 客户端 |
//! | conversion, plan | 处理, 方案 | library, folder | 视频库, 目录 |
//! | direct, relocate | 直接提供, 移动索引 | trash folder | 回收站 |
//! | remux, transcode | 转封装, 转码 | platform, listed | 平台, 展示 |
//! | queue, worker | 队列, 处理进程 | event | 事件 |
//! | pause, cancel, retry | 暂停, 取消, 重试 | view | 播放 |
//! | deadline, late | 时限, 超时 | QR code | 二维码 |
//! | missing | 缺失 | mark | 标记 |
//!
//! What is typed keeps its name in both: commands, keys, labels, roles, ids. Titles of videos stand in 《》 and other quotations
//! in 「」, because terminals disagree on how wide “” are.

use vodpost_protocol::account::{AccountKind, DocumentKind, ServiceState, VerificationState};
use vodpost_protocol::conversion::{ConversionState, PlanKind};
use vodpost_protocol::event::{EventKind, EventView};
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::video::{SourceState, Switch, VideoState};

use super::{comma, plain};
use crate::{say, word};

#[must_use]
pub fn posting_state(state: PostingState) -> &'static str {
    match state {
        PostingState::Live => word!("live", "有效"),
        PostingState::Suspended => word!("suspended", "已停用"),
        PostingState::Pending => word!("pending", "待生效"),
        PostingState::Invalid => word!("invalid", "已失效"),
    }
}

/// Why a posting is not live.
#[must_use]
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Posting => word!("this URL is suspended", "此链接已停用"),
        Cause::Source => word!("the video is suspended", "视频已停用"),
        Cause::Missing => word!("the files are missing", "文件缺失"),
        Cause::Converting => word!("it is being converted", "正在处理"),
        Cause::ConversionFailed => word!("the conversion did not succeed", "处理未成功"),
        Cause::Deleted => word!("the video was deleted", "视频已删除"),
    }
}

/// All causes in one phrase; empty for a live posting.
#[must_use]
pub fn causes(causes: &[Cause]) -> String {
    causes.iter().map(|one| cause(*one)).collect::<Vec<_>>().join(comma())
}

/// A change, as what happened.
#[must_use]
pub fn event(what: EventKind) -> &'static str {
    match what {
        EventKind::AccountSubmitted => word!("account submitted for verification", "账号已提交认证"),
        EventKind::AccountApproved => word!("account approved", "账号认证已通过"),
        EventKind::AccountRejected => word!("account rejected", "账号认证被驳回"),
        EventKind::AccountRevoked => word!("account revoked", "账号认证被撤销"),
        EventKind::ServiceActivated => word!("service activated", "服务已开通"),
        EventKind::VideoAdded => word!("video added", "新增视频"),
        EventKind::VideoRenamed => word!("video renamed or moved", "视频已改名或移动"),
        EventKind::SourceReplaced => word!("source file replaced", "源文件已替换"),
        EventKind::SourceMissing => word!("source files missing", "源文件缺失"),
        EventKind::SourceReturned => word!("source files are back", "源文件已恢复"),
        EventKind::SourceSuspended => word!("video suspended", "视频已停用"),
        EventKind::SourceResumed => word!("video resumed", "视频已恢复"),
        EventKind::SourceDeleted => word!("video deleted", "视频已删除"),
        EventKind::ConversionRequested => word!("conversion requested", "已请求处理"),
        EventKind::ConversionStarted => word!("conversion started", "处理已开始"),
        EventKind::ConversionReady => word!("conversion ready", "处理已完成"),
        EventKind::ConversionFailed => word!("conversion failed", "处理失败"),
        EventKind::ConversionCancelled => word!("conversion cancelled", "处理已取消"),
        EventKind::PostingCreated => word!("URL created", "链接已生成"),
        EventKind::PostingSuspended => word!("URL suspended", "链接已停用"),
        EventKind::PostingResumed => word!("URL resumed", "链接已恢复"),
        EventKind::RenditionsChanged => word!("renditions changed", "版本有变化"),
        EventKind::ConversionDelayed => word!("conversion delayed", "处理被推迟"),
        EventKind::ConversionLate => word!("conversion will be late", "处理将超过时限"),
        EventKind::QueuePaused => word!("conversions paused", "处理队列已暂停"),
        EventKind::QueueResumed => word!("conversions resumed", "处理队列已恢复"),
        EventKind::PostingListed => word!("URL listed", "链接已在平台展示"),
        EventKind::PostingUnlisted => word!("URL unlisted", "链接已从平台撤下"),
        EventKind::VideoForgotten => word!("video forgotten", "视频已移出片库"),
        EventKind::RootAdded => word!("folder added to the library", "片库已添加文件夹"),
        EventKind::RootRemoved => word!("folder removed from the library", "片库已移除文件夹"),
    }
}

/// A change and who made it.
#[must_use]
pub fn event_by(event_view: &EventView) -> String {
    say!(
        "{what} by {actor}",
        "{what}（{actor}）",
        what = event(event_view.what),
        actor = plain(&event_view.actor),
    )
}

#[must_use]
pub fn video_state(state: VideoState) -> &'static str {
    match state {
        VideoState::Deleted => word!("deleted", "已删除"),
        VideoState::Missing => word!("missing", "缺失"),
        VideoState::Converting => word!("converting", "处理中"),
        VideoState::Queued => word!("queued", "排队中"),
        VideoState::Failed => word!("failed", "失败"),
        VideoState::Suspended => word!("suspended", "已停用"),
        VideoState::Live => word!("live", "有效"),
        VideoState::New => word!("new", "新增"),
        VideoState::Unusable => word!("unusable", "不可用"),
    }
}

#[must_use]
pub fn source_state(state: SourceState) -> &'static str {
    match state {
        SourceState::Present => word!("present", "正常"),
        SourceState::Missing => word!("missing", "缺失"),
        SourceState::Deleted => word!("deleted", "已删除"),
    }
}

#[must_use]
pub fn yes(yes: bool) -> &'static str {
    if yes { word!("yes", "是") } else { word!("no", "否") }
}

/// The kernel does not tell of changes in a folder.
#[must_use]
pub fn unwatched() -> &'static str {
    word!("changes are noticed from time to time", "变更只能定期发现")
}

#[must_use]
pub fn switch(switch: Switch) -> &'static str {
    match switch {
        Switch::On => word!("on", "启用"),
        Switch::Off => word!("suspended", "已停用"),
    }
}

#[must_use]
pub fn conversion_state(state: ConversionState) -> &'static str {
    match state {
        ConversionState::None => word!("not requested", "未请求"),
        ConversionState::Queued => word!("queued", "排队中"),
        ConversionState::Running => word!("running", "处理中"),
        ConversionState::Failed => word!("failed", "失败"),
        ConversionState::Ready => word!("ready", "已就绪"),
    }
}

#[must_use]
pub fn plan_name(plan: PlanKind) -> &'static str {
    match plan {
        PlanKind::Direct => word!("direct", "直接提供"),
        PlanKind::Relocate => word!("relocate", "移动索引"),
        PlanKind::Remux => word!("remux", "转封装"),
        PlanKind::Transcode => word!("transcode", "转码"),
    }
}

/// What a plan does, after its name.
#[must_use]
pub fn plan(plan: PlanKind) -> &'static str {
    match plan {
        PlanKind::Direct => word!("served as it is", "原样提供"),
        PlanKind::Relocate => {
            word!("the index moves to the front, nothing is copied", "索引移到文件开头，不复制数据")
        }
        PlanKind::Remux => word!("streams are copied into a new MP4", "各路流原样装入新的 MP4"),
        PlanKind::Transcode => word!("at least one stream is encoded anew", "至少一路流重新编码"),
    }
}

#[must_use]
pub fn verification(state: VerificationState) -> &'static str {
    match state {
        VerificationState::None => word!("none", "未提交"),
        VerificationState::Submitted => word!("submitted", "待审核"),
        VerificationState::Approved => word!("approved", "已通过"),
        VerificationState::Rejected => word!("rejected", "已驳回"),
        VerificationState::Revoked => word!("revoked", "已撤销"),
    }
}

#[must_use]
pub fn service(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Inactive => word!("not activated", "未开通"),
        ServiceState::Active => word!("active", "已开通"),
    }
}

#[must_use]
pub fn account_kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Individual => word!("individual", "个人"),
        AccountKind::Enterprise => word!("enterprise", "企业"),
    }
}

#[must_use]
pub fn document(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::CnId => word!("resident identity card", "居民身份证"),
        DocumentKind::Uscc => word!("unified social credit code", "统一社会信用代码"),
        DocumentKind::Other => word!("other document", "其他证件"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::language::tests::{both, every};

    #[test]
    fn every_word_is_there_in_both_languages() {
        every().into_iter().for_each(|state| drop(both(&[], || posting_state(state).to_owned())));
        every().into_iter().for_each(|one| drop(both(&[], || cause(one).to_owned())));
        every().into_iter().for_each(|what| drop(both(&[], || event(what).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || video_state(state).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || source_state(state).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || switch(state).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || conversion_state(state).to_owned())));
        every().into_iter().for_each(|kind| drop(both(&[], || plan(kind).to_owned())));
        every().into_iter().for_each(|kind| drop(both(&[], || plan_name(kind).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || verification(state).to_owned())));
        every().into_iter().for_each(|state| drop(both(&[], || service(state).to_owned())));
        every().into_iter().for_each(|kind| drop(both(&[], || account_kind(kind).to_owned())));
        every().into_iter().for_each(|kind| drop(both(&[], || document(kind).to_owned())));
    }

    #[test]
    fn the_names_of_states_are_those_that_are_typed_in_english() {
        for state in VideoState::ALL {
            assert_eq!(video_state(state), state.name());
        }
        for kind in every::<PlanKind>() {
            assert_eq!(plan_name(kind), kind.name());
        }
    }
}
