//! The layers in a frame over a screen. The QR code has the window for itself, in `qr_layer.rs`.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};
use vodpost_protocol::account::AccountKind;
use vodpost_protocol::time::Timestamp;

use crate::app::App;
use crate::app::geometry::Areas;
use crate::app::input::TextInput;
use crate::app::keymap::Place;
use crate::app::modal::{DeleteModal, Field, Files, Form, Modal, Step};
use crate::app::number;
use crate::text::language::{self, Language};
use crate::text::{self, account_kind, document, plain, posting_state};
use crate::view::text::{chop, column, width_of, wrap, write_at, write_input};
use crate::view::theme::Theme;
use crate::view::{explain, first_run, help, words};
use crate::{say, word};

/// Wider text is harder to read.
const WIDTH_MAX: u16 = 76;

/// Says how many lines had no room where one can scroll.
pub(super) fn draw(app: &App, modal: &Modal, theme: Theme, areas: &Areas, frame: &mut Frame<'_>) -> usize {
    match modal {
        // Has the window for itself.
        Modal::Qr(_) => {}
        Modal::Help => {
            let area = framed(
                &format!(" {} ", word!("Keys", "按键")),
                areas.body,
                areas.body.height,
                frame.buffer_mut(),
            );
            return help::draw(app, theme, area, frame.buffer_mut());
        }
        Modal::Url { url } => url_box(url, theme, areas.body, frame.buffer_mut()),
        Modal::Filter { input, .. } => filter(input, theme, areas.notice, frame),
        Modal::Label { title, input, step, .. } => {
            let mut sheet = Sheet::new(&format!(" {} ", plain(title)), theme, areas.body);
            sheet.text(words::label_prompt(), Style::new());
            sheet.input(input);
            sheet.step(step);
            sheet.draw(frame);
        }
        Modal::Delete(delete) => delete_box(delete, theme, areas.body, frame),
        Modal::Confirm { question, step } => {
            let (title, text) = words::question(*question);
            let mut sheet = Sheet::new(&format!(" {title} "), theme, areas.body);
            sheet.text(text, Style::new());
            sheet.step(step);
            sheet.draw(frame);
        }
        Modal::Reason { decision, input, step } => {
            let (title, text) = words::decision(*decision);
            let mut sheet = Sheet::new(&format!(" {title} "), theme, areas.body);
            sheet.text(text, Style::new());
            sheet.input(input);
            sheet.step(step);
            sheet.draw(frame);
        }
        Modal::Submit(form) => form_box(form, app.now, theme, areas.body, frame),
        Modal::Folder(folder) => first_run::folder_box(folder, theme, areas.body, frame),
        Modal::Jump { input, step } => {
            let mut sheet = Sheet::new(&format!(" {} ", words::jump_title()), theme, areas.body);
            sheet.text(words::jump_prompt(), Style::new());
            sheet.input(input);
            sheet.step(step);
            sheet.draw(frame);
        }
        Modal::SaveQr { input, step, .. } => {
            let mut sheet = Sheet::new(&format!(" {} ", words::qr::save_title()), theme, areas.body);
            sheet.text(&words::qr::save_prompt(app.folder()), Style::new());
            sheet.input(input);
            sheet.step(step);
            sheet.draw(frame);
        }
        Modal::Explain(id) => {
            let title = format!(" {} ", words::place(Place::Explain));
            let area = framed(&title, areas.body, areas.body.height, frame.buffer_mut());
            return explain::draw(app, *id, theme, area, frame.buffer_mut());
        }
    }
    0
}

/// An empty box in the middle of `within`; gives what is inside its border.
fn framed(title: &str, within: Rect, height: u16, buffer: &mut Buffer) -> Rect {
    let width = within.width.min(WIDTH_MAX);
    let height = height.min(within.height);
    let area = Rect {
        x: within.x + (within.width - width) / 2,
        y: within.y + (within.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    let block = Block::bordered().title(crate::format::fit(title, usize::from(width.saturating_sub(4))));
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// Without side borders and from the left edge on, so that the URL can be selected whole.
fn url_box(url: &str, theme: Theme, within: Rect, buffer: &mut Buffer) {
    let width = usize::from(within.width);
    let mut lines: Vec<(String, Style)> =
        wrap(words::select_url(), width).into_iter().map(|line| (line, Style::new())).collect();
    lines.push((String::new(), Style::new()));
    lines.extend(chop(&plain(url), width).into_iter().map(|line| (line, theme.heading())));
    let rule = "-".repeat(width);
    lines.insert(0, (rule.clone(), theme.faint()));
    lines.push((rule, theme.faint()));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(within.height);
    let area = Rect { y: within.y + (within.height - height) / 2, height, ..within };
    Clear.render(area, buffer);
    for ((line, style), y) in lines.iter().zip(area.top()..area.bottom()) {
        write_at(buffer, (area.x, y), line, *style);
    }
}

fn filter(input: &TextInput, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let buffer = frame.buffer_mut();
    Clear.render(area, buffer);
    write_at(buffer, (area.x, area.y), "/", theme.key());
    let field = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let cursor = write_input(buffer, field, input, Style::new());
    frame.set_cursor_position((cursor, area.y));
}

fn delete_box(delete: &DeleteModal, theme: Theme, within: Rect, frame: &mut Frame<'_>) {
    let title = plain(&delete.title);
    let mut sheet = Sheet::new(&format!(" {} ", word!("Delete", "删除")), theme, within);
    sheet.text(&title, theme.heading());
    let hit = match delete.urls.len() {
        0 => word!("It has no URLs.", "它没有链接。").to_owned(),
        number => {
            let list: Vec<String> = delete
                .urls
                .iter()
                .map(|(label, state, _)| {
                    say!(
                        "{label} ({state})",
                        "{label}（{state}）",
                        label = label,
                        state = posting_state(*state)
                    )
                })
                .collect();
            let (urls, list) = (text::urls(number as u64), list.join(text::comma()));
            let views = text::views(delete.urls.iter().map(|(_, _, views_24h)| views_24h).sum());
            let end = if number == 1 { "ends" } else { "end" };
            match language::current() {
                Language::English => format!("{urls} {end}, with {views} in the last 24 hours: {list}"),
                Language::Chinese => format!("{urls}将失效，最近 24 小时内{views}：{list}"),
            }
        }
    };
    sheet.text(&hit, theme.warning());
    sheet.text(words::delete_final(), Style::new());
    sheet.text(
        match delete.files {
            Files::Trash => words::files_trash(),
            Files::Keep => words::files_keep(),
        },
        Style::new(),
    );
    sheet.text(words::type_title(), Style::new());
    sheet.input(&delete.input);
    sheet.step(&delete.step);
    sheet.draw(frame);
}

fn form_box(form: &Form, now: Timestamp, theme: Theme, within: Rect, frame: &mut Frame<'_>) {
    let mut sheet = Sheet::new(
        &format!(" {} ", text::pair(word!("Verification", "认证"), account_kind(form.kind))),
        theme,
        within,
    );
    for field in form.fields() {
        let focused = *field == form.field;
        let name = words::field(*field, form.kind);
        match field {
            Field::Name => sheet.field(name, &form.name, focused),
            Field::Document => {
                let text = format!("< {} >", document(form.document));
                sheet.value(name, &text, focused);
            }
            // Whoever looks over the shoulder sees it only while it is typed.
            Field::Number if !focused && !form.number.is_empty() => {
                sheet.value(name, &"*".repeat(form.number.text().chars().count()), false);
            }
            Field::Number => sheet.field(name, &form.number, focused),
            Field::Contact => sheet.field(name, &form.contact, focused),
        }
        if *field == Field::Number
            && let Some(verdict) = number::verdict(form, now)
        {
            let (text, style) = first_run::verdict(verdict, theme);
            sheet.beneath(&text, style);
        }
    }
    if form.kind == AccountKind::Enterprise {
        sheet.text("", Style::new());
    }
    sheet.step(&form.step);
    sheet.draw(frame);
}

/// A framed box that is as high as what was put on it.
pub(super) struct Sheet<'a> {
    title: String,
    theme: Theme,
    within: Rect,
    items: Vec<Item<'a>>,
}

enum Item<'a> {
    Text(String, Style),
    Field { name: &'static str, input: &'a TextInput, focused: bool },
}

const FIELD_NAME: usize = 13;

impl<'a> Sheet<'a> {
    pub(super) fn new(title: &str, theme: Theme, within: Rect) -> Self {
        Self { title: title.to_owned(), theme, within, items: Vec::new() }
    }

    fn width(&self) -> usize {
        usize::from(self.within.width.min(WIDTH_MAX)).saturating_sub(4)
    }

    pub(super) fn text(&mut self, text: &str, style: Style) {
        for line in wrap(text, self.width()) {
            self.items.push(Item::Text(line, style));
        }
    }

    /// About the field above.
    fn beneath(&mut self, text: &str, style: Style) {
        for line in wrap(text, self.width().saturating_sub(FIELD_NAME + 1)) {
            self.items.push(Item::Text(format!("{} {line}", column("", FIELD_NAME)), style));
        }
    }

    pub(super) fn input(&mut self, input: &'a TextInput) {
        self.items.push(Item::Field { name: ">", input, focused: true });
    }

    fn field(&mut self, name: &'static str, input: &'a TextInput, focused: bool) {
        self.items.push(Item::Field { name, input, focused });
    }

    fn value(&mut self, name: &str, text: &str, focused: bool) {
        let style = if focused { self.theme.selected() } else { Style::new() };
        self.items.push(Item::Text(format!("{} {text}", column(name, FIELD_NAME)), style));
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Prompting => {}
            Step::Waiting(_) => self.text(words::in_doubt(), Style::new()),
            Step::Failed(failure) => {
                let sentence = words::failure(failure);
                self.text(&sentence.message, self.theme.bad());
                if let Some(hint) = &sentence.hint {
                    self.text(hint, Style::new());
                }
            }
        }
    }

    /// Where there are more lines than room the first ones give way: what is typed and what failed stand last.
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let height = u16::try_from(self.items.len() + 2).unwrap_or(u16::MAX);
        let inner = framed(&self.title, self.within, height, frame.buffer_mut());
        let area = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let skipped = self.items.len().saturating_sub(usize::from(area.height));
        for (item, y) in self.items.iter().skip(skipped).zip(area.top()..area.bottom()) {
            match item {
                Item::Text(text, style) => write_at(frame.buffer_mut(), (area.x, y), text, *style),
                Item::Field { name, input, focused } => {
                    let name = if *name == ">" { (*name).to_owned() } else { column(name, FIELD_NAME) };
                    write_at(frame.buffer_mut(), (area.x, y), &name, self.theme.faint());
                    let taken = u16::try_from(width_of(&name) + 1).unwrap_or(0);
                    let field =
                        Rect { x: area.x + taken, y, width: area.width.saturating_sub(taken), height: 1 };
                    let cursor = write_input(frame.buffer_mut(), field, input, Style::new());
                    if *focused {
                        frame.set_cursor_position((cursor, y));
                    }
                }
            }
        }
    }
}
