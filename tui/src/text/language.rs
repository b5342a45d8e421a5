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

/// A sentence in the language of the process. Both forms are those of `format!` and name their values: inline, or as
/// `name = value` behind them. A value that one of the two forgets does not compile in the second way.
#[macro_export]
macro_rules! say {
    ($english:literal, $chinese:literal $(, $name:ident = $value:expr)* $(,)?) => {
        match $crate::text::language::current() {
            $crate::text::language::Language::English => format!($english $(, $name = $value)*),
            $crate::text::language::Language::Chinese => format!($chinese $(, $name = $value)*),
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

    use vodpost_protocol::codec;

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

    /// Both wordings of a sentence that there has to be in both. Numbers and these values, where the English one has them,
    /// are in the Chinese one too.
    pub(crate) fn both(values: &[&str], sentence: impl Fn() -> String) -> (String, String) {
        let english = speaking(Language::English, &sentence);
        let chinese = speaking(Language::Chinese, &sentence);
        assert!(!english.trim().is_empty() && english.is_ascii(), "{english}");
        let han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert!(chinese.contains(han), "{english}: {chinese}");
        let without_values = values.iter().fold(chinese.clone(), |text, value| text.replace(value, ""));
        for sign in [", ", ". ", "; ", ": ", " (", "!", "? ", "\"", "“", "”", "…", "—"] {
            assert!(!without_values.contains(sign), "{sign:?} is no Chinese punctuation: {chinese}");
        }
        for value in values {
            assert!(!english.contains(value) || chinese.contains(value), "{value}: {english}: {chinese}");
        }
        for number in english.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()) {
            assert!(chinese.contains(number), "{number}: {english}: {chinese}");
        }
        (english, chinese)
    }

    /// Every value of an enum without fields, in its order: on the wire they are numbered.
    pub(crate) fn every<T: serde::de::DeserializeOwned>() -> Vec<T> {
        let all: Vec<T> = (0..=u8::MAX).map_while(|number| codec::decode(&[number]).ok()).collect();
        assert!(!all.is_empty());
        all
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
        let named =
            || say!("{title}: {count} URLs", "{title}有{count}个链接", title = "talk", count = number + 1);
        assert_eq!(
            (named(), speaking(Language::Chinese, named)),
            ("talk: 4 URLs".into(), "talk有4个链接".into())
        );
    }
}
