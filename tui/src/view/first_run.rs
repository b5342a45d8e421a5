//! The steps to the first URL: a line that says how far one is, the screen of the step that is next, and the folder that is
//! typed.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use vodpost_protocol::account::AccountView;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::RootView;

use crate::app::event::Offer;
use crate::app::first_run::Step;
use crate::app::folder::FolderModal;
use crate::app::notice::Mood;
use crate::app::number::Verdict;
use crate::app::{App, LinkState};
use crate::text::{Sentence, document, number, plain};
use crate::view::modal::Sheet;
use crate::view::text::{width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::{say, word};

/// Folders that a step names; a library has few.
const FOLDERS_SHOWN: usize = 4;

/// A paragraph of a step.
struct Paragraph {
    text: String,
    style: Style,
    /// Where there is no room for everything its first lines are left out.
    gives_way: bool,
}

impl Paragraph {
    fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, gives_way: false }
    }
}

/// A line of it.
#[derive(Default)]
struct Line {
    text: String,
    style: Style,
    gives_way: bool,
}

/// `[x]` is done, `[>]` is next.
pub(super) fn strip(app: &App, width: u16) -> Option<String> {
    let next = app.first_step().filter(|step| *step != Step::Start)?;
    let steps = [
        (Step::Videos, word!("folder", "文件夹")),
        (Step::Decision, word!("account", "账号")),
        (Step::Service, word!("service", "服务")),
        (Step::Url, word!("first URL", "首个链接")),
    ];
    let sign = |place: usize, last: Step| {
        let before = place.checked_sub(1).and_then(|place| steps.get(place));
        if next > last {
            "[x]"
        } else if before.is_none_or(|(before, _)| next > *before) {
            "[>]"
        } else {
            "[ ]"
        }
    };
    let line = |gap: &str, between: &str, url: &'static str| {
        let name = |last: Step, name: &'static str| if last == Step::Url { url } else { name };
        let items = steps.iter().enumerate();
        let items: Vec<String> = items
            .map(|(place, (last, text))| format!("{}{gap}{}", sign(place, *last), name(*last, text)))
            .collect();
        items.join(between)
    };
    let hint = if next == Step::Url {
        word!("   g makes it", "   按 g 生成")
    } else if app.is_first_run_put_off() {
        word!("   f goes on", "   按 f 继续")
    } else {
        ""
    };
    let (first_url, url) = (word!("first URL", "首个链接"), word!("URL", "链接"));
    let full = format!("{}{hint}", line(" ", "  ", first_url));
    let short = line("", " ", url);
    let fits = |text: &str| width_of(text) <= usize::from(width);
    Some([full, line(" ", "  ", first_url)].into_iter().find(|text| fits(text)).unwrap_or(short))
}

pub(super) fn draw(app: &App, step: Step, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (title, mut paragraphs) = says(app, step, theme);
    paragraphs.push(Paragraph::new(key_line(app, step), theme.key()));
    let width = usize::from(area.width.saturating_sub(2)).min(76);
    let mut lines = vec![Line { text: title, style: theme.heading(), gives_way: false }];
    // A blank line between paragraphs, where there is room for them.
    let of = |paragraph: &Paragraph| {
        let lines = paragraph.text.lines().flat_map(|line| wrap(line, width));
        lines
            .map(|text| Line { text, style: paragraph.style, gives_way: paragraph.gives_way })
            .collect::<Vec<_>>()
    };
    let wrapped: Vec<_> = paragraphs.iter().map(of).collect();
    let needed = 1 + wrapped.iter().map(|lines| lines.len() + 1).sum::<usize>();
    let roomy = needed < usize::from(area.height);
    for paragraph in wrapped {
        if roomy {
            lines.push(Line::default());
        }
        lines.extend(paragraph);
    }
    let height = usize::from(area.height);
    while lines.len() > height
        && let Some(first) = lines.iter().position(|line| line.gives_way)
    {
        lines.remove(first);
    }
    // What to press stands last and stays.
    if lines.len() > height {
        let last = wrap(&key_line(app, step), width).len();
        lines.drain(height.saturating_sub(last)..lines.len() - last);
    }
    for (Line { text, style, .. }, y) in lines.iter().zip(area.top() + u16::from(roomy)..area.bottom()) {
        write_at(buffer, (area.x + 1, y), text, *style);
    }
}

fn says(app: &App, step: Step, theme: Theme) -> (String, Vec<Paragraph>) {
    let plain_text = |text: String| Paragraph::new(text, Style::new());
    let title = |text: &str| text.to_owned();
    match step {
        Step::Start => start(app, theme),
        Step::Folder => (
            title(word!("Where are your videos?", "您的视频在哪里？")),
            vec![plain_text(
                word!(
                    "The library has no folder yet. Name one: its videos and those in the folders below it appear here, and nothing in it is changed.",
                    "视频库还没有文件夹。指定一个文件夹后，其中及其子文件夹中的视频会出现在这里，文件不会被改动。"
                )
                .to_owned(),
            )],
        ),
        Step::Videos => videos(app, theme),
        Step::Identity => identity(app.account.as_ref(), theme),
        Step::Decision => decision(app, theme),
        Step::Service => (
            title(word!("Activate the service", "开通服务")),
            vec![plain_text(
                word!(
                    "The account is approved. The service is activated once, and recorded with your name; then URLs can be generated.",
                    "账号已通过审核。服务只需开通一次，并记录开通人；之后即可生成链接。"
                )
                .to_owned(),
            )],
        ),
        Step::Url => (String::new(), Vec::new()),
    }
}

fn start(app: &App, theme: Theme) -> (String, Vec<Paragraph>) {
    let plain_text = |text: &str| Paragraph::new(text, Style::new());
    let faint = |text: String| Paragraph::new(text, theme.faint());
    let LinkState::Offered(offer) = &app.link else { return (String::new(), Vec::new()) };
    let (state, log) = (offer.state.to_string_lossy(), offer.log.to_string_lossy());
    let (state, log) = (plain(&state), plain(&log));
    let state = faint(say!("state: {state}", "状态：{state}"));
    let (title, text) = match &offer.failed {
        None => {
            let what = word!(
                "vodpost is a daemon and this screen. One can be started for you now; it goes on when you close the screen.",
                "vodpost 由守护进程和本界面组成。现在可以为您启动一个守护进程；关闭界面后它会继续运行。"
            );
            let log = faint(say!("log: {log}", "日志：{log}"));
            (word!("No daemon answers", "没有守护进程响应"), vec![plain_text(what), state, log])
        }
        Some(Sentence { message, hint }) => {
            // The last lines of a log say most.
            let (first, log) = message.split_once('\n').unwrap_or((message, ""));
            let log = (!log.is_empty()).then(|| Paragraph { gives_way: true, ..plain_text(log) });
            let hint = hint.iter().map(|hint| plain_text(hint));
            let title = word!("The daemon could not be started", "守护进程未能启动");
            (title, [plain_text(first)].into_iter().chain(log).chain(hint).chain([state]).collect())
        }
    };
    (title.to_owned(), text)
}

fn videos(app: &App, theme: Theme) -> (String, Vec<Paragraph>) {
    if app.is_scanning() {
        let progress = match app.first_run.scan {
            Some(scan) => {
                let (done, all, files) = (scan.examined, scan.unknown, scan.files);
                say!(
                    "{done} of {all} new files looked into; {files} found.",
                    "已检查 {all} 个新文件中的 {done} 个，共发现 {files} 个。"
                )
            }
            None => word!("The folders are being read.", "正在读取文件夹。").to_owned(),
        };
        let title = word!("Looking for videos...", "正在查找视频").to_owned();
        return (title, vec![Paragraph::new(progress, Style::new())]);
    }
    let roots = app.status.as_ref().map_or(&[][..], |status| &status.roots);
    let mut text: Vec<Paragraph> =
        roots.iter().take(FOLDERS_SHOWN).map(|root| folder_line(root, theme)).collect();
    let more = roots.len().saturating_sub(FOLDERS_SHOWN);
    if more > 0 {
        text.push(Paragraph::new(say!("and {more} more", "另有 {more} 个"), theme.faint()));
    }
    text.push(Paragraph::new(
        word!(
            "Copy videos there: they appear by themselves. R looks again at once.",
            "把视频复制到那里，它们会自动出现。按 R 立即重新查找。"
        )
        .to_owned(),
        Style::new(),
    ));
    (word!("No video was found in", "以下位置没有找到视频").to_owned(), text)
}

fn folder_line(root: &RootView, theme: Theme) -> Paragraph {
    let path = plain(&root.path);
    match &root.unavailable {
        Some(why) => {
            let why = plain(why);
            Paragraph::new(say!("{path}: {why}", "{path}：{why}"), theme.warning())
        }
        None => Paragraph::new(path.into_owned(), theme.heading()),
    }
}

fn identity(account: Option<&AccountView>, theme: Theme) -> (String, Vec<Paragraph>) {
    let mut text = vec![Paragraph::new(word!(
            "Before the first URL an account is verified, once. The number is checked as you type it and is stored encrypted.",
            "生成首个链接之前需要进行一次实名认证。号码会在输入时校验，并加密保存。"
        )
        .to_owned(), Style::new())];
    if let Some(reason) = account.and_then(|account| account.reason.as_deref()) {
        let reason = plain(reason);
        text.insert(0, Paragraph::new(say!("Not approved: {reason}", "未通过：{reason}"), theme.warning()));
    }
    (word!("Who posts here?", "谁在这里发布？").to_owned(), text)
}

fn decision(app: &App, theme: Theme) -> (String, Vec<Paragraph>) {
    let mut text = Vec::new();
    if let Some(submission) = app.account.as_ref().and_then(|account| account.submission.as_ref()) {
        let (name, number) = (plain(&submission.name), plain(&submission.number_masked));
        let (kind, by) = (document(submission.document), plain(&submission.submitted_by));
        text.push(Paragraph::new(
            say!("{name}, {kind} {number}, submitted by {by}", "{name}，{kind} {number}，由 {by} 提交"),
            theme.heading(),
        ));
    }
    text.push(match &app.first_run.refused {
        Some(Refusal::FourEyes) => Paragraph::new(word!(
                "Here another admin has to approve (account.four_eyes), by opening vodpost, or by: vodpost account approve. This screen goes on by itself then.",
                "此处须由另一位管理员审核（account.four_eyes）：打开 vodpost，或运行 vodpost account approve。之后本界面会自动继续。"
            )
            .to_owned(), theme.warning()),
        Some(_) | None => Paragraph::new(word!(
                "Look at it and approve it. To reject it with a reason: 4, then x.",
                "请核对后通过。若要拒绝并说明原因：按 4，再按 x。"
            )
            .to_owned(), Style::new()),
    });
    (word!("Approve the account", "审核账号").to_owned(), text)
}

fn key_line(app: &App, step: Step) -> String {
    match step {
        Step::Start => match &app.link {
            LinkState::Offered(Offer { failed: Some(_), .. }) => {
                word!("Enter tries again, q quits", "按 Enter 重试，按 q 退出")
            }
            LinkState::Offered(Offer { failed: None, .. })
            | LinkState::Connecting { .. }
            | LinkState::Starting
            | LinkState::Live { .. }
            | LinkState::Lost { .. }
            | LinkState::Incompatible { .. } => {
                word!("Enter starts one, q quits", "按 Enter 启动，按 q 退出")
            }
        },
        Step::Folder => word!("Enter names a folder", "按 Enter 指定文件夹"),
        Step::Videos if app.is_scanning() => word!("one moment...", "请稍候"),
        Step::Videos => word!("Enter adds another folder", "按 Enter 添加其他文件夹"),
        Step::Identity => {
            word!("Enter fills in a person, e an organisation", "按 Enter 填写个人，按 e 填写企业")
        }
        Step::Decision => word!("Enter approves", "按 Enter 通过"),
        Step::Service => word!("Enter activates the service", "按 Enter 开通服务"),
        Step::Url => "",
    }
    .to_owned()
}

pub(super) fn folder_box(folder: &FolderModal, theme: Theme, within: Rect, frame: &mut Frame<'_>) {
    let mut sheet = Sheet::new(word!(" Add a folder ", " 添加文件夹 "), theme, within);
    sheet.text(word!("Tab completes, ~ is your home folder.", "Tab 补全，~ 代表主目录。"), Style::new());
    for name in &folder.names {
        sheet.text(&format!("  {}/", plain(name)), theme.faint());
    }
    if folder.left_out > 0 {
        let more = folder.left_out;
        sheet.text(&say!("  and {more} more", "  另有 {more} 个"), theme.faint());
    }
    sheet.input(&folder.input);
    sheet.step(&folder.step);
    sheet.draw(frame);
}

/// What is said of the number so far.
pub(super) fn verdict(verdict: Verdict, theme: Theme) -> (String, Style) {
    let text = match verdict {
        Verdict::CnId(look) => number::cn_id(look),
        Verdict::Uscc(look) => number::uscc(look),
    };
    let style = if verdict.is_valid() {
        theme.mood(Mood::Good)
    } else if verdict.is_wrong() {
        theme.bad()
    } else {
        theme.faint()
    };
    (text, style)
}
