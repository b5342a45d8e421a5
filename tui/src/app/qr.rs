//! The QR code of a URL on the whole window, and the file that it can be saved to.

use std::path::PathBuf;

use vodpost_protocol::ids::Label;

use crate::app::App;
use crate::app::event::Action;
use crate::app::input::TextInput;
use crate::app::modal::{Failure, Modal, NotSaved, QrForm, QrModal, Step};
use crate::app::notice::Said;

/// Of a title in the name of a file.
const NAME_CHARS_MAX: usize = 60;

impl App {
    pub(super) fn show_qr(&mut self) {
        if let Some((video, posting)) = self.current_posting() {
            let (video, token, url) = (video.id, posting.token, posting.url.clone());
            self.modal = Some(Modal::Qr(QrModal { video, token, url, form: QrForm::Largest }));
        }
    }

    pub(super) fn qr_form(&mut self) {
        if let Some(Modal::Qr(qr)) = &mut self.modal {
            qr.form = match qr.form {
                QrForm::Largest => QrForm::Half,
                QrForm::Half => QrForm::Ascii,
                QrForm::Ascii => QrForm::Largest,
            };
        }
    }

    pub(super) fn ask_qr_file(&mut self) {
        if let Some(Modal::Qr(qr)) = self.modal.take() {
            let input = TextInput::with(&self.qr_file_name(&qr));
            self.modal = Some(Modal::SaveQr { qr, input, step: Step::Prompting });
        }
    }

    /// After the video, and the URL's label where it says anything.
    fn qr_file_name(&self, qr: &QrModal) -> String {
        let video = self.list.get(qr.video);
        let posting = video.and_then(|video| video.postings.iter().find(|posting| posting.token == qr.token));
        let title = video.map(|video| file_name(&video.title)).filter(|name| !name.is_empty());
        let name = title.unwrap_or_else(|| qr.token.to_string());
        match posting.filter(|posting| posting.label != Label::default()) {
            Some(posting) => format!("{name}-{}.png", posting.label),
            None => format!("{name}.png"),
        }
    }

    /// Enter in the prompt: what becomes of it is told over the code, which is back at once.
    pub(super) fn save_qr(&mut self) {
        let Some(Modal::SaveQr { qr, input, .. }) = self.modal.take() else { return };
        let name = input.trimmed();
        self.outbox.push(Action::SaveQr { url: qr.url.clone(), name, folder: self.folder.clone() });
        self.modal = Some(Modal::Qr(qr));
    }

    pub(super) fn saved_qr(&mut self, name: &str, result: Result<PathBuf, NotSaved>) {
        let why = match result {
            Ok(path) => return self.say(Said::SavedQr(path)),
            Err(why) => why,
        };
        self.modal = match self.modal.take() {
            // For another try.
            Some(Modal::Qr(qr)) => {
                let step = Step::Failed(Failure::NotSaved(why));
                Some(Modal::SaveQr { qr, input: TextInput::with(name), step })
            }
            elsewhere => {
                self.say(Said::NotSavedQr(why));
                elsewhere
            }
        };
    }

    /// Closing the prompt leads back to the code.
    pub(super) fn close_qr_file(&mut self, qr: QrModal) {
        self.modal = Some(Modal::Qr(qr));
    }
}

/// What of a title may stand in the name of a file, on every system and in every shell.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for letter in title.chars().take(NAME_CHARS_MAX) {
        if letter.is_alphanumeric() || letter == '_' {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(file_name("talk"), "talk");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("课程 第一讲"), "课程-第一讲");
        assert_eq!(file_name("-rf \x1b[2J\u{202e}\n"), "rf-2J");
        assert_eq!(file_name("..."), "");
        assert!(file_name(&"x".repeat(10_000)).len() <= NAME_CHARS_MAX);
    }
}
