//! Every sentence that a viewer reads, in English and Chinese.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::table::Unavailable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

/// What stands where no video can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    NotFound,
    Unavailable(Unavailable),
}

impl Language {
    /// The one that the client likes better (RFC 9110, section 12.5.4); English where it likes neither.
    pub(super) fn preferred(fields: &HeaderMap) -> Self {
        let list = fields.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if weight(list, "zh") > weight(list, "en") { Self::Chinese } else { Self::English }
    }

    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    pub(super) fn search(self) -> &'static str {
        match self {
            Self::English => "Search",
            Self::Chinese => "搜索",
        }
    }

    pub(super) fn older(self) -> &'static str {
        match self {
            Self::English => "Older videos",
            Self::Chinese => "更早的视频",
        }
    }

    pub(super) fn nothing_posted(self) -> &'static str {
        match self {
            Self::English => "No video has been posted yet.",
            Self::Chinese => "还没有发布视频。",
        }
    }

    pub(super) fn nothing_found(self) -> &'static str {
        match self {
            Self::English => "No title contains this text.",
            Self::Chinese => "没有找到相关视频。",
        }
    }

    /// The link below the player.
    pub(super) fn open_file(self) -> &'static str {
        match self {
            Self::English => "If the video does not start, open the file itself.",
            Self::Chinese => "如果视频无法播放，请直接打开文件。",
        }
    }
}

/// How much a language is wanted, in thousandths. Of equal wishes the earlier counts a little more.
fn weight(list: &str, language: &str) -> u32 {
    let items = list.split(',').take(32).enumerate();
    let wishes = items.filter_map(|(place, item)| {
        let mut parts = item.split(';').map(str::trim);
        let tag = parts.next()?;
        let primary = tag.split('-').next()?;
        let quality =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        // From 0 to 1000, whatever the client wrote: a cast of a float saturates, and NaN becomes 0.
        let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
        primary.eq_ignore_ascii_case(language).then(|| (thousandths * 64).saturating_sub(place))
    });
    wishes.max().unwrap_or(0)
}

impl Absence {
    pub(super) fn heading(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::NotFound, Language::English) => "Not found",
            (Self::NotFound, Language::Chinese) => "页面不存在",
            (Self::Unavailable(Unavailable::Suspended), Language::English) => "Suspended",
            (Self::Unavailable(Unavailable::Suspended), Language::Chinese) => "视频已暂停",
            (Self::Unavailable(Unavailable::Pending), Language::English) => "Not ready yet",
            (Self::Unavailable(Unavailable::Pending), Language::Chinese) => "视频尚未就绪",
            (Self::Unavailable(Unavailable::Invalid), Language::English) => "Deleted",
            (Self::Unavailable(Unavailable::Invalid), Language::Chinese) => "视频已删除",
        }
    }

    pub(super) fn sentence(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::NotFound, Language::English) => "There is nothing at this address.",
            (Self::NotFound, Language::Chinese) => "此地址没有内容。",
            (Self::Unavailable(Unavailable::Suspended), Language::English) => {
                "This video has been suspended by its publisher."
            }
            (Self::Unavailable(Unavailable::Suspended), Language::Chinese) => "发布者已暂停播放此视频。",
            (Self::Unavailable(Unavailable::Pending), Language::English) => {
                "This video is not available at the moment. Please try again shortly."
            }
            (Self::Unavailable(Unavailable::Pending), Language::Chinese) => {
                "此视频暂时无法播放，请稍后再试。"
            }
            (Self::Unavailable(Unavailable::Invalid), Language::English) => {
                "This video has been deleted and will not come back."
            }
            (Self::Unavailable(Unavailable::Invalid), Language::Chinese) => "此视频已被删除，无法再播放。",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_preferred_language_is_found() {
        use Language::{Chinese, English};
        for (list, expected) in [
            ("", English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Chinese),
            ("zh-CN,en-US;q=0.9", Chinese),
            ("zh, en", Chinese),
            ("en, zh", English),
            ("en-US,en;q=0.9,zh;q=0.8", English),
            ("de, zh;q=0.1", Chinese),
            ("ZH-Hant", Chinese),
            ("zh;q=0, en;q=0.1", English),
            ("zh;q=0", English),
            ("zh;q=NaN, *", English),
            ("zhx", English),
        ] {
            let fields = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_str(list).unwrap())]);
            assert_eq!(Language::preferred(&fields), expected, "{list}");
        }
    }
}
