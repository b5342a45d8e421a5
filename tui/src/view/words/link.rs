//! What is said when a connection returns to something else than what it was lost to.

use vodpost_protocol::time::Timestamp;

use crate::text::Sentence;
use crate::{format, say, word};

#[must_use]
pub(super) fn other_state() -> Sentence {
    Sentence::with_hint(
        word!(
            "another daemon answers now, with another library; everything was read anew",
            "现在应答的是另一个守护进程，其媒体库也不同；所有内容已重新读取"
        ),
        word!("5 shows which one", "按 5 查看"),
    )
}

#[must_use]
pub(super) fn restored(at: Timestamp) -> Sentence {
    let moment = format::moment(at);
    Sentence::with_hint(
        say!(
            "the daemon's state was restored from a backup at {moment}; what was done after the backup is gone",
            "守护进程的状态已于 {moment} 从备份恢复；备份之后的操作已不存在"
        ),
        word!("look before you try again", "重试前请先查看"),
    )
}
