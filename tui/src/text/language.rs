//! The language that people are spoken to in: English or Chinese, as the environment says.
//!
//! It is chosen once, before anything is said, and belongs to the process as the locale does. Both wordings of a sentence
//! stand side by side in [`say!`](crate::say), so that neither is forgotten and the compiler checks what goes into them. JSON is for
//! programs and stays English; so do names that are typed (commands, labels, states in `--state`).

use std::ffi::OsString;
use std::sync::OnceLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

static CHOSEN: OnceLock<Language> = OnceLock::new();

impl Language {
    /// What `LC_ALL`, `LC_MESSAGES` and `LANG` ask for, of which the first that is set and not empty counts (POSIX, 8.2).
    #[must_use]
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
        let locale = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language == "zh" { Self::Chinese } else { Self::English }
    }
}

/// Settles the language. Only the first call counts, which belongs to the start of the program.
pub fn choose(language: Language) {
    // Whoever comes second finds it settled.
    let _settled = CHOSEN.set(language);
}

#[must_use]
pub fn current() -> Language {
    #[cfg(test)]
    if let Some(language) = tests::SPOKEN.get() {
        return language;
    }
    CHOSEN.get().copied().unwrap_or_default()
}

/// A sentence in the language of the process. Both forms are those of `format!` and name their values inline.
#[macro_export]
macro_rules! say {
    ($english:literal, $chinese:literal $(,)?) => {
        match $crate::text::language::current() {
            $crate::text::language::Language::English => format!($english),
            $crate::text::language::Language::Chinese => format!($chinese),
        }
    };
}

/// A word or sentence without values in the language of the process.
#[macro_export]
macro_rules! word {
    ($english:literal, $chinese:literal $(,)?) => {
        match $crate::text::language::current() {
            $crate::text::language::Language::English => $english,
            $crate::text::language::Language::Chinese => $chinese,
        }
    };
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        pub(super) static SPOKEN: Cell<Option<Language>> = const { Cell::new(None) };
    }

    /// What `work` says in another language; this thread's alone, since tests share a process.
    pub(crate) fn speaking<T>(language: Language, work: impl FnOnce() -> T) -> T {
        let before = SPOKEN.replace(Some(language));
        let result = work();
        SPOKEN.set(before);
        result
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let from = |all: &str, messages: &str, lang: &str| {
            let values = [("LC_ALL", all), ("LC_MESSAGES", messages), ("LANG", lang)];
            let values = values.map(|(name, value)| (name, OsString::from(value)));
            Language::from_env(|name| values.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(from("", "", ""), Language::English);
        assert_eq!(from("", "", "zh_CN.UTF-8"), Language::Chinese);
        assert_eq!(from("", "", "zh"), Language::Chinese);
        assert_eq!(from("", "", "zh-Hans"), Language::Chinese);
        assert_eq!(from("C.UTF-8", "", "zh_CN.UTF-8"), Language::English);
        assert_eq!(from("", "zh_TW", "en_US.UTF-8"), Language::Chinese);
        assert_eq!(from("", "", "zhuang_CN"), Language::English);
    }

    #[test]
    fn a_sentence_has_its_values_in_both_languages() {
        let number = 3;
        let sentence = || say!("{number} videos", "{number} 个视频");
        assert_eq!(sentence(), "3 videos");
        assert_eq!(speaking(Language::Chinese, sentence), "3 个视频");
        assert_eq!(speaking(Language::Chinese, || word!("live", "有效")), "有效");
    }
}
