//! The one table of keys: what each does where. Key handling, the footer and the help screen all read it.

use crate::app::event::Key;

/// What a key press means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    ShowQr,
    SwitchFocus,
    Generate,
    GenerateLabelled,
    TogglePostings,
    ToggleSource,
    DeleteSource,
    Retry,
    Cancel,
    CopyUrl,
    Rescan,
    Filter,
    Sort,
    Jump,
    Explain,
    Mark,
    MarkAll,
    GoToVideo,
    PauseQueue,
    ToggleMouse,
    OpenVideos,
    OpenJobs,
    OpenEvents,
    OpenAccount,
    OpenStatus,
    SubmitIndividual,
    SubmitEnterprise,
    Approve,
    Reject,
    Revoke,
    Activate,
    QrSize,
    SaveQr,
    Accept,
    NextField,
    PreviousField,
    NextChoice,
    KeepFiles,
    Help,
    Close,
    Quit,
    Stop,
    /// The one key of a first step.
    TakeStep,
    /// Back to the first steps.
    ShowFirstRun,
    AddFolder,
    Complete,
}

/// Where a key is pressed: the screen, or the layer on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Videos,
    Jobs,
    Events,
    Account,
    Status,
    Qr,
    Url,
    /// Why a URL is not live.
    Explain,
    Help,
    Filter,
    /// A line of text is asked for.
    Prompt,
    Delete,
    Confirm,
    Form,
    /// A field of the form that is a choice, not text.
    FormChoice,
    /// A folder is asked for.
    Folder,
    /// A step to the first URL has the videos screen for itself.
    FirstRun,
    /// The window is too small to show anything.
    TooSmall,
}

impl Place {
    pub const ALL: [Self; 18] = [
        Self::Videos,
        Self::Jobs,
        Self::Events,
        Self::Account,
        Self::Status,
        Self::Qr,
        Self::Url,
        Self::Explain,
        Self::Help,
        Self::Filter,
        Self::Prompt,
        Self::Delete,
        Self::Confirm,
        Self::Form,
        Self::FormChoice,
        Self::Folder,
        Self::FirstRun,
        Self::TooSmall,
    ];
}

#[derive(Debug)]
pub struct Binding {
    /// The first one is shown in the footer.
    pub keys: &'static [Key],
    pub command: Command,
    pub places: &'static [Place],
}

const fn bind(keys: &'static [Key], command: Command, places: &'static [Place]) -> Binding {
    Binding { keys, command, places }
}

const VIDEOS: &[Place] = &[Place::Videos];
const SCREENS: &[Place] =
    &[Place::Videos, Place::FirstRun, Place::Jobs, Place::Events, Place::Account, Place::Status];
const SCROLLED: &[Place] =
    &[Place::Videos, Place::Jobs, Place::Events, Place::Account, Place::Status, Place::Explain, Place::Help];
/// Where letters are not typed into a field.
const NOT_TYPING: &[Place] = &[
    Place::Videos,
    Place::FirstRun,
    Place::Jobs,
    Place::Events,
    Place::Account,
    Place::Status,
    Place::Qr,
    Place::Url,
    Place::Explain,
    Place::TooSmall,
];
/// The list counts as a layer too: what Esc closes there is the filter.
const LAYERS: &[Place] = &[
    Place::Videos,
    Place::FirstRun,
    Place::Jobs,
    Place::Events,
    Place::Account,
    Place::Status,
    Place::Qr,
    Place::Url,
    Place::Explain,
    Place::Help,
    Place::Filter,
    Place::Prompt,
    Place::Delete,
    Place::Confirm,
    Place::Form,
    Place::FormChoice,
    Place::Folder,
];
const ASKING: &[Place] = &[
    Place::Filter,
    Place::Prompt,
    Place::Delete,
    Place::Confirm,
    Place::Form,
    Place::FormChoice,
    Place::Folder,
];
const FORMS: &[Place] = &[Place::Form, Place::FormChoice];

/// In the order in which the footer shows them.
pub const BINDINGS: &[Binding] = &[
    bind(&[Key::Enter], Command::Accept, ASKING),
    bind(&[Key::Char('y')], Command::Accept, &[Place::Confirm]),
    bind(&[Key::Enter], Command::TakeStep, &[Place::FirstRun]),
    bind(&[Key::Esc], Command::Close, LAYERS),
    bind(&[Key::Tab], Command::Complete, &[Place::Folder]),
    bind(&[Key::Tab], Command::KeepFiles, &[Place::Delete]),
    bind(&[Key::Tab, Key::Down], Command::NextField, FORMS),
    bind(&[Key::BackTab, Key::Up], Command::PreviousField, FORMS),
    bind(&[Key::Char(' '), Key::Right, Key::Left], Command::NextChoice, &[Place::FormChoice]),
    bind(&[Key::Enter], Command::ShowQr, VIDEOS),
    bind(&[Key::Enter], Command::GoToVideo, &[Place::Jobs, Place::Events]),
    bind(&[Key::Char('g')], Command::Generate, VIDEOS),
    bind(&[Key::Char('p')], Command::TogglePostings, &[Place::Videos, Place::Qr]),
    bind(&[Key::Char('S')], Command::ToggleSource, VIDEOS),
    bind(&[Key::Char('r')], Command::Retry, VIDEOS),
    bind(&[Key::Char('x')], Command::Cancel, &[Place::Videos, Place::Jobs]),
    bind(&[Key::Char('c')], Command::CopyUrl, &[Place::Videos, Place::Qr, Place::Url]),
    bind(&[Key::Char('P')], Command::PauseQueue, &[Place::Jobs, Place::Status]),
    bind(&[Key::Char('/')], Command::Filter, VIDEOS),
    bind(&[Key::Tab, Key::BackTab], Command::SwitchFocus, VIDEOS),
    bind(&[Key::Char('w')], Command::Explain, &[Place::Videos, Place::Qr]),
    bind(&[Key::Char(' ')], Command::Mark, VIDEOS),
    bind(&[Key::Char('A')], Command::MarkAll, VIDEOS),
    bind(&[Key::Char('n')], Command::SubmitIndividual, &[Place::Account]),
    bind(&[Key::Char('e')], Command::SubmitEnterprise, &[Place::Account, Place::FirstRun]),
    bind(&[Key::Char('n')], Command::AddFolder, &[Place::Status]),
    bind(&[Key::Char('f')], Command::ShowFirstRun, VIDEOS),
    bind(&[Key::Char('y')], Command::Approve, &[Place::Account]),
    bind(&[Key::Char('x')], Command::Reject, &[Place::Account]),
    bind(&[Key::Char('w')], Command::Revoke, &[Place::Account]),
    bind(&[Key::Char('s')], Command::Activate, &[Place::Account]),
    bind(&[Key::Char('f'), Key::Enter], Command::QrSize, &[Place::Qr]),
    bind(&[Key::Char('s')], Command::SaveQr, &[Place::Qr]),
    bind(&[Key::Char('s')], Command::Sort, VIDEOS),
    bind(&[Key::Char('o')], Command::Jump, SCREENS),
    bind(&[Key::Char('1')], Command::OpenVideos, SCREENS),
    bind(&[Key::Char('2')], Command::OpenJobs, SCREENS),
    bind(&[Key::Char('3')], Command::OpenEvents, SCREENS),
    bind(&[Key::Char('4'), Key::Char('a')], Command::OpenAccount, SCREENS),
    bind(&[Key::Char('5'), Key::Char('i')], Command::OpenStatus, SCREENS),
    bind(&[Key::Char('R')], Command::Rescan, SCREENS),
    bind(&[Key::Char('m')], Command::ToggleMouse, SCREENS),
    bind(&[Key::Char('G')], Command::GenerateLabelled, VIDEOS),
    bind(&[Key::Char('D')], Command::DeleteSource, VIDEOS),
    bind(&[Key::Up, Key::Char('k')], Command::Up, SCROLLED),
    bind(&[Key::Down, Key::Char('j')], Command::Down, SCROLLED),
    bind(&[Key::PageUp], Command::PageUp, SCROLLED),
    bind(&[Key::PageDown], Command::PageDown, SCROLLED),
    bind(&[Key::Up], Command::Up, &[Place::Filter]),
    bind(&[Key::Down], Command::Down, &[Place::Filter]),
    bind(&[Key::Home], Command::First, SCROLLED),
    bind(&[Key::End], Command::Last, SCROLLED),
    bind(&[Key::Char('n')], Command::Close, &[Place::Confirm]),
    bind(&[Key::Char('q'), Key::Char('?')], Command::Close, &[Place::Help]),
    bind(&[Key::Char('w')], Command::Close, &[Place::Explain]),
    bind(&[Key::Char('?')], Command::Help, NOT_TYPING),
    bind(&[Key::Char('q')], Command::Quit, NOT_TYPING),
    bind(&[Key::Ctrl('c')], Command::Quit, &Place::ALL),
    bind(&[Key::Ctrl('z')], Command::Stop, &Place::ALL),
];

#[must_use]
pub fn lookup(place: Place, key: Key) -> Option<Command> {
    BINDINGS
        .iter()
        .find(|binding| binding.places.contains(&place) && binding.keys.contains(&key))
        .map(|binding| binding.command)
}

/// What works in a place, in the table's order.
pub fn in_place(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.places.contains(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in Place::ALL {
            let mut seen = Vec::new();
            for key in in_place(place).flat_map(|binding| binding.keys) {
                assert!(!seen.contains(key), "{key:?} in {place:?}");
                seen.push(*key);
            }
        }
    }

    #[test]
    fn one_can_always_leave() {
        for place in Place::ALL {
            assert_eq!(lookup(place, Key::Ctrl('c')), Some(Command::Quit));
            assert_eq!(lookup(place, Key::Ctrl('z')), Some(Command::Stop));
        }
        for place in LAYERS {
            assert_eq!(lookup(*place, Key::Esc), Some(Command::Close), "{place:?}");
        }
    }

    #[test]
    fn letters_are_typed_where_text_is_asked_for() {
        for place in [Place::Filter, Place::Prompt, Place::Delete, Place::Form, Place::Folder] {
            for letter in ('!'..='~').chain([' ']) {
                assert_eq!(lookup(place, Key::Char(letter)), None, "{letter} in {place:?}");
            }
        }
    }
}
