//! A folder being typed: what the text means, and what it may become. The file system is read elsewhere.

use std::path::{Component, Path, PathBuf};

use crate::app::input::TextInput;
use crate::app::modal::{Failure, Step};

/// Names that are shown when a text may become several folders.
pub const CANDIDATES_MAX: usize = 6;

/// Where the client is: what `~` and a path that does not begin with `/` mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    pub home: Option<PathBuf>,
    pub folder: Option<PathBuf>,
}

impl Here {
    /// The whole path that a text stands for; the blanks around it do not count. A trailing `/` stays, for it matters
    /// to completion.
    #[must_use]
    pub fn expand(&self, typed: &str) -> Option<String> {
        let typed = typed.trim();
        let path = if typed == "~" || typed.starts_with("~/") {
            let home = self.home.as_deref()?.to_str()?.trim_end_matches('/');
            format!("{home}{}", &typed[1..])
        } else if typed.starts_with('/') {
            typed.to_owned()
        } else if typed.is_empty() {
            return None;
        } else {
            let folder = self.folder.as_deref()?.to_str()?.trim_end_matches('/');
            format!("{folder}/{typed}")
        };
        Some(path)
    }

    /// The same path in the way in which it was typed.
    fn as_typed(&self, path: String, typed: &str) -> String {
        let home = self.home.as_deref().and_then(Path::to_str).filter(|_| typed.trim().starts_with('~'));
        let below = home.and_then(|home| path.strip_prefix(home.trim_end_matches('/')));
        below.filter(|below| below.starts_with('/')).map_or(path.clone(), |below| format!("~{below}"))
    }
}

/// What the folders of a file system make of the beginning of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// As far as all of them agree.
    pub path: String,
    /// The names that it may go on with, if there are several.
    pub names: Vec<String>,
    /// More of them than these.
    pub left_out: usize,
}

#[derive(Debug)]
pub struct FolderModal {
    pub input: TextInput,
    pub step: Step,
    /// Names that the text may go on with.
    pub names: Vec<String>,
    pub left_out: usize,
}

impl FolderModal {
    /// Begins in the home folder, where most people keep their files.
    #[must_use]
    pub fn new(here: &Here) -> Self {
        let input = if here.home.is_some() { TextInput::with("~/") } else { TextInput::default() };
        Self { input, step: Step::Prompting, names: Vec::new(), left_out: 0 }
    }

    /// What to ask the daemon for.
    ///
    /// # Errors
    /// When the text means no path.
    pub fn path(&self, here: &Here) -> Result<String, Failure> {
        let path = here.expand(&self.input.text()).ok_or(Failure::FolderMissing)?;
        // The daemon takes links out; what is left to tidy is what completion leaves behind.
        let tidy: PathBuf = Path::new(&path).components().filter(|part| *part != Component::CurDir).collect();
        Ok(tidy.to_str().map_or(path.clone(), str::to_owned))
    }

    /// Takes what Tab found, unless something else has been typed since.
    pub fn complete(&mut self, here: &Here, asked: &str, completion: Option<Completion>) {
        let typed = self.input.text();
        if here.expand(&typed).as_deref() != Some(asked) || matches!(self.step, Step::Waiting(_)) {
            return;
        }
        let Some(Completion { path, names, left_out }) = completion else {
            self.step = Step::Failed(Failure::NoCompletion);
            return;
        };
        self.input = TextInput::with(&here.as_typed(path, &typed));
        (self.names, self.left_out, self.step) = (names, left_out, Step::Prompting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Here {
        Here { home: Some("/home/ann".into()), folder: Some("/tmp/work".into()) }
    }

    #[test]
    fn what_a_text_means() {
        let expand = |typed| here().expand(typed);
        assert_eq!(expand(" ~/Videos ").as_deref(), Some("/home/ann/Videos"));
        assert_eq!(expand("~").as_deref(), Some("/home/ann"));
        assert_eq!(expand("~ann/x").as_deref(), Some("/tmp/work/~ann/x"));
        assert_eq!(expand("/srv/").as_deref(), Some("/srv/"));
        assert_eq!(expand("more").as_deref(), Some("/tmp/work/more"));
        assert_eq!(expand("  "), None);
        assert_eq!(Here::default().expand("~/Videos"), None);
        assert_eq!(Here::default().expand("Videos"), None);
        assert_eq!(Here { home: Some("/".into()), folder: None }.expand("~/a").as_deref(), Some("/a"));
    }

    #[test]
    fn what_tab_found_is_taken_as_it_was_typed_and_only_for_that_text() {
        let mut modal = FolderModal::new(&here());
        assert_eq!(modal.input.text(), "~/");
        let found = |path: &str| Some(Completion { path: path.into(), names: Vec::new(), left_out: 0 });
        modal.complete(&here(), "/home/ann/", found("/home/ann/Videos/"));
        assert_eq!(modal.input.text(), "~/Videos/");
        assert_eq!(modal.path(&here()), Ok("/home/ann/Videos".into()));
        modal.complete(&here(), "/home/ann/", found("/home/ann/Music/"));
        assert_eq!(modal.input.text(), "~/Videos/", "it came too late");
        modal.complete(&here(), "/home/ann/Videos/", None);
        assert_eq!(modal.step, Step::Failed(Failure::NoCompletion));
    }

    #[test]
    fn a_text_that_means_no_folder_is_said_to() {
        let mut modal = FolderModal::new(&Here::default());
        assert_eq!(modal.path(&Here::default()), Err(Failure::FolderMissing));
        modal.input = TextInput::with("/a/./b/");
        assert_eq!(modal.path(&Here::default()), Ok("/a/b".into()));
    }
}
