//! What commands, keys and places are called.

use vodpost_protocol::video::Switch;

use crate::app::App;
use crate::app::event::Key;
use crate::app::first_run::Step;
use crate::app::keymap::{Command, Place};
use crate::app::marks::Deed;
use crate::word;

/// The word in the footer; movements need none.
#[must_use]
pub fn short(app: &App, command: Command) -> Option<&'static str> {
    Some(match command {
        Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::MarkAll
        | Command::Complete
        // "1 to 5: screens" says it for all of them.
        | Command::OpenJobs
        | Command::OpenEvents
        | Command::OpenAccount
        | Command::OpenStatus
        | Command::ToggleMouse
        | Command::Stop => return None,
        Command::ShowQr => word!("QR code", "二维码"),
        Command::SwitchFocus => word!("details", "详情"),
        Command::Generate => word!("generate", "生成"),
        Command::GenerateLabelled => word!("another URL", "另一链接"),
        Command::TogglePostings => toggle_postings(app),
        Command::ToggleSource => toggle_source(app),
        Command::DeleteSource => word!("delete", "删除"),
        Command::Retry => word!("retry", "重试"),
        Command::Cancel => word!("cancel", "取消"),
        Command::CopyUrl => word!("copy URL", "复制链接"),
        Command::Rescan => {
            if app.is_live() {
                word!("rescan", "扫描")
            } else {
                word!("connect now", "立即连接")
            }
        }
        Command::Filter => word!("filter", "筛选"),
        Command::Sort => word!("sort", "排序"),
        Command::Jump => word!("go to", "转到"),
        Command::Explain => word!("why", "原因"),
        Command::Mark => word!("mark", "标记"),
        Command::GoToVideo => word!("to the video", "查看视频"),
        Command::PauseQueue if app.is_queue_paused() => word!("resume queue", "恢复队列"),
        Command::PauseQueue => word!("pause queue", "暂停队列"),
        Command::OpenVideos => word!("to 5: screens", "至 5 切换界面"),
        Command::SubmitIndividual => word!("submit individual", "提交个人认证"),
        Command::SubmitEnterprise => word!("submit enterprise", "提交企业认证"),
        Command::Approve => word!("approve", "通过"),
        Command::Reject => word!("reject", "驳回"),
        Command::Revoke => word!("revoke", "撤销"),
        Command::Activate => word!("activate service", "开通服务"),
        Command::QrSize => word!("size", "大小"),
        Command::SaveQr => word!("save", "保存"),
        Command::Accept => word!("ok", "确定"),
        Command::NextField => word!("next field", "下一项"),
        Command::PreviousField => word!("previous", "上一项"),
        Command::NextChoice => word!("change", "切换"),
        Command::KeepFiles => word!("keep/move files", "保留/移走文件"),
        Command::Help => word!("help", "帮助"),
        Command::Close if app.place() == Place::Videos && !app.marks.is_empty() => word!("unmark", "取消标记"),
        Command::Close if app.place() == Place::Videos => word!("clear filter", "清除筛选"),
        Command::Close if app.place() == Place::FirstRun => word!("later", "以后再说"),
        Command::Close => word!("close", "关闭"),
        Command::Quit => word!("quit", "退出"),
        Command::TakeStep => take_step(app),
        Command::ShowFirstRun => word!("first steps", "首次设置"),
        Command::AddFolder => word!("add a folder", "添加文件夹"),
    })
}

fn take_step(app: &App) -> &'static str {
    match app.shown_step() {
        Some(Step::Start) => word!("start a daemon", "启动守护进程"),
        Some(Step::Folder | Step::Videos) => word!("add a folder", "添加文件夹"),
        Some(Step::Identity) => word!("verify a person", "认证个人"),
        Some(Step::Decision) => word!("approve", "通过"),
        Some(Step::Service) => word!("activate service", "开通服务"),
        Some(Step::Url) | None => word!("next step", "下一步"),
    }
}

/// The line in the help.
#[expect(clippy::too_many_lines, reason = "one line for each command, in two languages")]
#[must_use]
pub fn long(command: Command) -> &'static str {
    match command {
        Command::Up => word!("move up", "上移"),
        Command::Down => word!("move down", "下移"),
        Command::PageUp => word!("one page up", "上一页"),
        Command::PageDown => word!("one page down", "下一页"),
        Command::First => word!("to the first", "到第一个"),
        Command::Last => word!("to the last that is loaded", "到已加载的最后一个"),
        Command::ShowQr => word!("show the URL as a QR code", "以二维码显示链接"),
        Command::SwitchFocus => {
            word!("move in the URLs and details of the selected video", "进入所选视频的链接和详情")
        }
        Command::Generate => word!("generate the URL of the video", "生成视频的链接"),
        Command::GenerateLabelled => {
            word!("generate another URL, with a label of its own", "再生成一个链接，使用单独的标签")
        }
        Command::TogglePostings => word!(
            "suspend or resume the selected URL, or all URLs of the video",
            "停用或恢复所选链接，或视频的所有链接"
        ),
        Command::ToggleSource => {
            word!("suspend or resume the video with all its URLs", "停用或恢复视频及其所有链接")
        }
        Command::DeleteSource => {
            word!("delete the video; its URLs become invalid for ever", "删除视频，其链接永久失效")
        }
        Command::Retry => word!("try the failed conversion again", "重试失败的处理"),
        Command::Cancel => word!("cancel the conversion", "取消处理"),
        Command::CopyUrl => word!("copy the URL", "复制链接"),
        Command::Rescan => word!(
            "look at the library folders now; without a connection: connect now",
            "立即扫描视频库目录；未连接时：立即连接"
        ),
        Command::Filter => word!("show only titles that contain a text", "只显示标题包含某文本的视频"),
        Command::Sort => word!("sort by name, newest, bitrate or state", "按名称、最新、码率或状态排序"),
        Command::Jump => word!(
            "go to a token, URL, id, path or title; pasting a URL does the same",
            "转到令牌、链接、id、路径或标题；直接粘贴链接也可以"
        ),
        Command::Explain => {
            word!("why a URL is live or not, and what changes that", "链接为何有效或无效，以及如何改变")
        }
        Command::Mark => word!(
            "mark the video; generate, suspend and resume then mean all marked ones",
            "标记视频；之后的生成、停用和恢复针对所有标记的视频"
        ),
        Command::MarkAll => {
            word!("mark all videos that are loaded, or none", "标记全部已加载的视频，或全部取消")
        }
        Command::GoToVideo => word!("go to the video of this row", "转到此行的视频"),
        Command::PauseQueue => {
            word!("pause or resume the queue; what runs goes on", "暂停或恢复队列；进行中的继续")
        }
        Command::ToggleMouse => word!(
            "give the mouse to the UI, or back to the terminal to select text",
            "启用鼠标操作，或交还终端以选择文本"
        ),
        Command::OpenVideos => word!("the videos", "视频"),
        Command::OpenJobs => word!("the conversions: what runs and waits", "处理：进行中和排队的"),
        Command::OpenEvents => word!("the events: what happened, and who did it", "事件：发生了什么，谁做的"),
        Command::OpenAccount => word!("the account: verification and service", "账号：认证和服务"),
        Command::OpenStatus => word!("the daemon: library, queue, addresses", "守护进程：视频库、队列、地址"),
        Command::SubmitIndividual => {
            word!("submit an identity verification as an individual", "以个人身份提交认证")
        }
        Command::SubmitEnterprise => {
            word!("submit an identity verification as an enterprise", "以企业身份提交认证")
        }
        Command::Approve => word!("approve the submission", "通过认证"),
        Command::Reject => word!("reject the submission", "驳回认证"),
        Command::Revoke => word!("revoke the approval", "撤销认证"),
        Command::Activate => word!("activate the service", "开通服务"),
        Command::QrSize => word!(
            "switch the form: the largest that fits, small, plain characters",
            "切换样式：能放下的最大尺寸、小尺寸、纯字符"
        ),
        Command::SaveQr => word!("save the QR code as a PNG or SVG file", "将二维码保存为 PNG 或 SVG 文件"),
        Command::Accept => word!("accept", "确定"),
        Command::NextField => word!("next field", "下一项"),
        Command::PreviousField => word!("previous field", "上一项"),
        Command::NextChoice => word!("the other choice", "切换选项"),
        Command::KeepFiles => word!("keep the files, or move them to the trash", "保留文件，或移入回收站"),
        Command::Help => word!("this help", "本帮助"),
        Command::Close => word!("close what is on top, or clear the filter", "关闭当前层，或清除筛选"),
        Command::Quit => word!("quit", "退出"),
        Command::Stop => word!("stop the program; fg continues it", "挂起程序，用 fg 继续"),
        Command::TakeStep => word!("take the next step to the first URL", "进行首次设置的下一步"),
        Command::ShowFirstRun => word!("go on with the steps to the first URL", "继续首次设置"),
        Command::AddFolder => word!("add a folder to the library", "向视频库添加文件夹"),
        Command::Complete => word!("complete the path", "补全路径"),
    }
}

#[must_use]
pub fn key(key: Key) -> String {
    match key {
        Key::Char(' ') => "Space".to_owned(),
        Key::Char(letter) => letter.to_string(),
        Key::Ctrl(letter) => format!("Ctrl-{}", letter.to_ascii_uppercase()),
        Key::Enter => "Enter".to_owned(),
        Key::Esc => "Esc".to_owned(),
        Key::Tab => "Tab".to_owned(),
        Key::BackTab => "Shift-Tab".to_owned(),
        Key::Backspace => "Backspace".to_owned(),
        Key::Delete => "Del".to_owned(),
        Key::Left => "Left".to_owned(),
        Key::Right => "Right".to_owned(),
        Key::Up => "Up".to_owned(),
        Key::Down => "Down".to_owned(),
        Key::PageUp => "PgUp".to_owned(),
        Key::PageDown => "PgDn".to_owned(),
        Key::Home => "Home".to_owned(),
        Key::End => "End".to_owned(),
    }
}

fn toggle_postings(app: &App) -> &'static str {
    if app.acts_on_marks() {
        return match app.marked_postings_deed() {
            Deed::ResumePostings => word!("resume URLs", "恢复链接"),
            Deed::SuspendPostings | Deed::Generate | Deed::SuspendSources | Deed::ResumeSources => {
                word!("suspend URLs", "停用链接")
            }
        };
    }
    match app.posting_switch() {
        Some(switch) if switch.to == Switch::On => word!("resume URL", "恢复链接"),
        Some(_) | None => word!("suspend URL", "停用链接"),
    }
}

fn toggle_source(app: &App) -> &'static str {
    if app.acts_on_marks() {
        return match app.marked_sources_deed() {
            Deed::ResumeSources => word!("resume videos", "恢复视频"),
            Deed::SuspendSources | Deed::Generate | Deed::SuspendPostings | Deed::ResumePostings => {
                word!("suspend videos", "停用视频")
            }
        };
    }
    match app.list.selected().map(|video| video.source.switch) {
        Some(Switch::Off) => word!("resume video", "恢复视频"),
        Some(Switch::On) | None => word!("suspend video", "停用视频"),
    }
}

/// The heading of a section of the help.
#[must_use]
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Videos => word!("Videos", "视频"),
        Place::Jobs => word!("Conversions", "处理"),
        Place::Events => word!("Events", "事件"),
        Place::Explain => word!("Why", "原因"),
        Place::Account => word!("Account", "账号"),
        Place::Status => word!("Status", "状态"),
        Place::Qr => word!("QR code", "二维码"),
        Place::Url => word!("URL", "链接"),
        Place::Help => word!("Help", "帮助"),
        Place::Filter => word!("Filter", "筛选"),
        Place::Prompt => word!("Questions", "提问"),
        Place::Delete => word!("Deleting", "删除"),
        Place::Confirm => word!("Confirmation", "确认"),
        Place::Folder => word!("Folder", "文件夹"),
        Place::FirstRun => word!("First steps", "首次设置"),
        Place::Form | Place::FormChoice => word!("Forms", "表单"),
        Place::TooSmall => word!("Small window", "窗口过小"),
    }
}
