//! The layer on top of a screen. There is at most one, by construction, and each has its own course:
//! prompting → waiting → failed.

use vodpost_protocol::account::{AccountKind, DocumentKind, Submission};
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;

use crate::app::event::{Key, Ticket};
use crate::app::folder::FolderModal;
use crate::app::input::TextInput;
use crate::app::keymap::Place;
use crate::text;

#[derive(Debug)]
pub enum Modal {
    Help,
    Qr(QrModal),
    /// The name of the file that the QR code is written to. What it is a layer over comes back when it closes.
    SaveQr {
        qr: QrModal,
        input: TextInput,
        step: Step,
    },
    /// A URL to be selected with the mouse, whatever the clipboard did.
    Url {
        url: String,
    },
    Filter {
        input: TextInput,
        before: String,
    },
    Label {
        video: VideoId,
        title: String,
        input: TextInput,
        step: Step,
    },
    Delete(DeleteModal),
    Confirm {
        question: Question,
        step: Step,
    },
    Reason {
        decision: Decision,
        input: TextInput,
        step: Step,
    },
    Submit(Form),
    /// A token, URL, id, path or title to go to.
    Jump {
        input: TextInput,
        step: Step,
    },
    /// Why URLs are live or not, and what changes that.
    Explain(VideoId),
    /// A folder for the library.
    Folder(FolderModal),
}

#[derive(Debug)]
pub struct QrModal {
    pub video: VideoId,
    pub token: Token,
    pub url: String,
    pub form: QrForm,
}

/// How the code is to be drawn, where there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrForm {
    /// Two cells per module where that fits, else two modules per cell.
    Largest,
    /// Two modules per cell.
    Half,
    /// Two characters per module, for terminals and fonts that can do nothing else.
    Ascii,
}

/// Why a picture was not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSaved {
    /// Nothing is ever overwritten.
    Exists,
    /// The name ends neither in `.png` nor in `.svg`.
    NotAPicture,
    TooLongForQr,
    Failed(String),
}

/// How far a modal that changes something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Prompting,
    Waiting(Ticket),
    Failed(Failure),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    Refused(Refusal),
    /// The connection went away before the answer.
    Unanswered,
    NotSent,
    /// What was typed is not the title.
    TitleDiffers,
    InvalidLabel,
    ReasonMissing,
    NotSaved(NotSaved),
    /// What was typed means no folder.
    FolderMissing,
    /// No folder begins like this.
    NoCompletion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    Trash,
    Keep,
}

#[derive(Debug)]
pub struct DeleteModal {
    pub video: VideoId,
    pub title: String,
    /// What will be invalid for ever, with the views of the last 24 hours.
    pub urls: Vec<(Label, PostingState, u64)>,
    pub files: Files,
    pub input: TextInput,
    pub step: Step,
}

impl DeleteModal {
    /// A title that cannot be typed is typed as it is shown.
    #[must_use]
    pub fn title_matches(&self) -> bool {
        let typed = self.input.trimmed();
        typed == self.title.trim() || typed == text::plain(&self.title).trim()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Approve,
    Activate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Reject,
    Revoke,
}

/// The submission being filled in.
#[derive(Debug)]
pub struct Form {
    pub kind: AccountKind,
    pub document: DocumentKind,
    pub name: TextInput,
    pub number: TextInput,
    pub contact: TextInput,
    pub field: Field,
    pub step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Name,
    Document,
    Number,
    Contact,
}

impl Form {
    #[must_use]
    pub fn new(kind: AccountKind) -> Self {
        let document = match kind {
            AccountKind::Individual => DocumentKind::CnId,
            AccountKind::Enterprise => DocumentKind::Uscc,
        };
        Self {
            kind,
            document,
            name: TextInput::default(),
            number: TextInput::default(),
            contact: TextInput::default(),
            field: Field::Name,
            step: Step::Prompting,
        }
    }

    #[must_use]
    pub fn fields(&self) -> &'static [Field] {
        match self.kind {
            AccountKind::Individual => &[Field::Name, Field::Document, Field::Number],
            AccountKind::Enterprise => &[Field::Name, Field::Document, Field::Number, Field::Contact],
        }
    }

    #[must_use]
    pub fn is_on_last_field(&self) -> bool {
        self.fields().last() == Some(&self.field)
    }

    pub fn move_field(&mut self, steps: isize) {
        let fields = self.fields();
        let place = fields.iter().position(|field| *field == self.field).unwrap_or(0);
        let place = (place + fields.len()).saturating_add_signed(steps) % fields.len();
        self.field = fields.get(place).copied().unwrap_or(Field::Name);
    }

    pub fn next_document(&mut self) {
        self.document = match (self.kind, self.document) {
            (AccountKind::Individual, DocumentKind::Other) => DocumentKind::CnId,
            (AccountKind::Enterprise, DocumentKind::Other) => DocumentKind::Uscc,
            (AccountKind::Individual | AccountKind::Enterprise, DocumentKind::CnId | DocumentKind::Uscc) => {
                DocumentKind::Other
            }
        };
    }

    #[must_use]
    pub fn submission(&self) -> Submission {
        Submission {
            kind: self.kind,
            name: self.name.trimmed(),
            document: self.document,
            number: self.number.trimmed(),
            contact: match self.kind {
                AccountKind::Individual => None,
                AccountKind::Enterprise => Some(self.contact.trimmed()),
            },
        }
    }

    fn input(&mut self) -> Option<&mut TextInput> {
        match self.field {
            Field::Name => Some(&mut self.name),
            Field::Document => None,
            Field::Number => Some(&mut self.number),
            Field::Contact => Some(&mut self.contact),
        }
    }
}

impl Modal {
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Help => Place::Help,
            Self::Qr(_) => Place::Qr,
            Self::Url { .. } => Place::Url,
            Self::Filter { .. } => Place::Filter,
            Self::Explain(_) => Place::Explain,
            Self::Label { .. } | Self::Reason { .. } | Self::Jump { .. } | Self::SaveQr { .. } => {
                Place::Prompt
            }
            Self::Delete(_) => Place::Delete,
            Self::Confirm { .. } => Place::Confirm,
            Self::Folder(_) => Place::Folder,
            Self::Submit(form) => match form.field {
                Field::Document => Place::FormChoice,
                Field::Name | Field::Number | Field::Contact => Place::Form,
            },
        }
    }

    /// Where a modal that changes something stands.
    pub fn step_mut(&mut self) -> Option<&mut Step> {
        match self {
            Self::Help | Self::Qr(_) | Self::Url { .. } | Self::Explain(_) | Self::Filter { .. } => None,
            Self::Label { step, .. }
            | Self::Confirm { step, .. }
            | Self::Reason { step, .. }
            | Self::Jump { step, .. }
            | Self::SaveQr { step, .. } => Some(step),
            Self::Delete(delete) => Some(&mut delete.step),
            Self::Submit(form) => Some(&mut form.step),
            Self::Folder(folder) => Some(&mut folder.step),
        }
    }

    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::Help | Self::Qr(_) | Self::Url { .. } | Self::Explain(_) | Self::Filter { .. } => None,
            Self::Label { step, .. }
            | Self::Confirm { step, .. }
            | Self::Reason { step, .. }
            | Self::Jump { step, .. }
            | Self::SaveQr { step, .. } => Some(step),
            Self::Delete(delete) => Some(&delete.step),
            Self::Submit(form) => Some(&form.step),
            Self::Folder(folder) => Some(&folder.step),
        }
    }

    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.step(), Some(Step::Waiting(_)))
    }

    fn input(&mut self) -> Option<&mut TextInput> {
        match self {
            Self::Help | Self::Qr(_) | Self::Url { .. } | Self::Explain(_) | Self::Confirm { .. } => None,
            Self::Filter { input, .. }
            | Self::Label { input, .. }
            | Self::Reason { input, .. }
            | Self::Jump { input, .. }
            | Self::SaveQr { input, .. } => Some(input),
            Self::Delete(delete) => Some(&mut delete.input),
            Self::Submit(form) => form.input(),
            Self::Folder(folder) => Some(&mut folder.input),
        }
    }

    /// Typing, while nothing is awaited. Typing after a failure is another try.
    pub fn key(&mut self, key: Key) {
        self.edit(|input| input.key(key));
    }

    pub fn paste(&mut self, text: &str) {
        self.edit(|input| {
            input.paste(text);
            true
        });
    }

    fn edit(&mut self, change: impl FnOnce(&mut TextInput) -> bool) {
        if self.is_waiting() {
            return;
        }
        let changed = self.input().is_some_and(change);
        if changed && let Some(step) = self.step_mut() {
            *step = Step::Prompting;
        }
    }
}
