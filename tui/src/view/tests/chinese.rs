//! Every screen and layer in Chinese: nothing is cut through a wide character, every word fits its column, and nothing that
//! the client says is left in English.

use ratatui::buffer::Buffer;
use vodpost_protocol::conversion::ConversionState;

use super::sizes::every_screen;
use super::{assert_shows, buffer, library, lines, text};
use crate::format;
use crate::text::language::Language;
use crate::text::language::tests::{every, speaking};
use crate::text::{conversion_state, event, plan_name, video_state};
use crate::view::text::width_of;
use crate::view::{events, jobs, list, words};

fn in_chinese<T>(work: impl FnOnce() -> T) -> T {
    speaking(Language::Chinese, work)
}

/// A wide character needs the cell after its own, within the line.
fn assert_whole(name: &str, buffer: &Buffer) {
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            if width_of(buffer[(x, y)].symbol()) == 2 {
                assert!(x + 1 < buffer.area.width, "{name}: half a character at {x},{y}");
                assert_eq!(buffer[(x + 1, y)].symbol(), " ", "{name}: written over at {x},{y}");
            }
        }
    }
    for line in lines(buffer) {
        assert!(width_of(&line) <= usize::from(buffer.area.width), "{name}: {line}");
    }
}

#[test]
fn no_character_is_cut_in_half_at_any_size() {
    in_chinese(|| {
        for (name, mut bench) in every_screen() {
            for (width, height) in [(40, 12), (41, 13), (80, 24), (99, 17), (120, 40), (200, 60)] {
                assert_whole(name, &buffer(&mut bench, width, height));
            }
            for width in 1..=45 {
                assert_whole(name, &buffer(&mut bench, width, 12));
            }
        }
    });
}

#[test]
fn every_screen_keeps_its_last_line_for_keys() {
    in_chinese(|| {
        for (name, mut bench) in every_screen() {
            for (width, height) in [(40, 12), (80, 24), (120, 40)] {
                let text = text(&mut bench, width, height);
                let footer = text.lines().last().unwrap_or_default();
                let known = ["? 帮助", "Esc 关闭", "q 退出", "Enter 确定", "Space 切换"];
                assert!(known.iter().any(|key| footer.contains(key)), "{name} {width}x{height}:\n{text}");
            }
        }
    });
}

/// Four words of English in a row are a sentence that was forgotten, unless a person, a file or the daemon said it.
#[test]
fn nothing_is_left_in_english() {
    const SAID_BY_OTHERS: [&str; 7] = [
        "with a long title that has no room in a narrow window",
        "its turn, after 1 more",
        "the disk is full",
        "the disk of /srv is full",
        "The connection to the daemon broke.",
        "the index moves to the front",
        "the index is behind the media",
    ];
    in_chinese(|| {
        for (name, mut bench) in every_screen() {
            let shown = text(&mut bench, 200, 60);
            let mut rest = shown.clone();
            for said in SAID_BY_OTHERS {
                rest = rest.replace(said, "");
            }
            for line in rest.lines() {
                let mut row = 0;
                for word in line.split(' ') {
                    let english = word.len() > 1 && word.chars().all(|letter| letter.is_ascii_lowercase());
                    row = if english { row + 1 } else { 0 };
                    assert!(row < 4 || line.contains("vodpost "), "{name}: {line}\n{shown}");
                }
            }
        }
    });
}

#[test]
fn every_word_fits_its_column() {
    for language in [Language::English, Language::Chinese] {
        speaking(language, || {
            for state in every() {
                assert!(width_of(video_state(state)) + 2 <= list::STATE, "{}", video_state(state));
            }
            for plan in every() {
                let running = format!("{} {}", plan_name(plan), format::percent(1.0));
                assert!(width_of(plan_name(plan)) <= jobs::PLAN, "{running}");
                assert!(width_of(&running) <= list::PLAN + 1, "{running}");
            }
            for state in [ConversionState::Queued, ConversionState::Running] {
                assert!(width_of(conversion_state(state)) <= jobs::STATE, "{}", conversion_state(state));
            }
            for what in every() {
                assert!(width_of(event(what)) <= events::WHAT_WIDE, "{}", event(what));
            }
            for heads in list::heads().iter().zip([8, list::STATE, list::RENDITION, list::PLAN, list::URLS]) {
                assert!(width_of(heads.0) <= heads.1, "{}", heads.0);
            }
        });
    }
}

#[test]
fn the_list_in_chinese() {
    let mut bench = library();
    let wide = in_chinese(|| text(&mut bench, 80, 24));
    assert_shows(
        &wide,
        &[
            "vodpost  4个视频，按名称排序",
            "账号已通过，服务已开通",
            "标题",
            "所选版本",
            "* 有效",
            "移动索引",
            "~ 处理中",
            "] 42 %  3.1x  剩余 95 s",
            "+ 新增",
            "= 已停用",
            "位于 /srv/videos/lectures",
            "> default  * 有效  3次播放，31.5 MB",
            "处理  已就绪，移动索引",
            "Enter 二维码",
            "? 帮助  q 退出",
        ],
    );
    let narrow = in_chinese(|| text(&mut bench, 40, 12));
    assert_shows(&narrow, &["vodpost  4个视频，按名称排序", "Enter 二维码", "? 帮助  q 退出"]);
}

#[test]
fn too_small_a_window_says_so() {
    let mut bench = library();
    let shown = in_chinese(|| text(&mut bench, 24, 5));
    assert_shows(&shown, &["需要 40x12，当前 24x5"]);
    assert_eq!(in_chinese(|| words::too_small(24, 5)), "需要 40x12，当前 24x5");
}
