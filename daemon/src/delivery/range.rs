//! The Range field (RFC 9110, section 14): one range of bytes. Several ranges are answered with the whole, which section
//! 14.2 allows, because building multipart answers is how servers of large files are made to run out of memory.

use std::ops::Range;

/// What a Range field asks of a file of known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// No range, one that is not understood, or several: 200.
    Whole,
    /// 206; never empty, inside the file.
    Part(Range<u64>),
    /// 416.
    Unsatisfiable,
}

pub(super) fn asked(value: &str, len: u64) -> Asked {
    let Some((unit, set)) = value.split_once('=') else { return Asked::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    // Empty list elements are to be skipped (section 5.6.1.2).
    let mut elements =
        set.split(',').map(|element| element.trim_matches([' ', '\t'])).filter(|e| !e.is_empty());
    match (elements.next(), elements.next()) {
        (Some(element), None) => one(element, len),
        (None | Some(_), _) => Asked::Whole,
    }
}

fn one(element: &str, len: u64) -> Asked {
    let Some((first, last)) = element.split_once('-') else { return Asked::Whole };
    match (position(first), position(last)) {
        (Position::Absent, Position::At(suffix)) => match suffix.min(len) {
            0 => Asked::Unsatisfiable,
            suffix => Asked::Part(len - suffix..len),
        },
        (Position::At(first), Position::Absent) => part(first, u64::MAX, len),
        (Position::At(first), Position::At(last)) if !is_less(element) => part(first, last, len),
        (Position::Absent | Position::At(_) | Position::Invalid, _) => Asked::Whole,
    }
}

fn part(first: u64, last: u64, len: u64) -> Asked {
    if first >= len {
        return Asked::Unsatisfiable;
    }
    Asked::Part(first..last.saturating_add(1).min(len))
}

enum Position {
    Absent,
    At(u64),
    Invalid,
}

/// Digits of any length: what does not fit lies beyond the end of every file.
fn position(digits: &str) -> Position {
    if digits.is_empty() {
        return Position::Absent;
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Position::Invalid;
    }
    Position::At(digits.parse().unwrap_or(u64::MAX))
}

/// Whether the last position is before the first, which makes the range invalid (section 14.1.1); exact for any length.
fn is_less(element: &str) -> bool {
    let Some((first, last)) = element.split_once('-') else { return false };
    let (first, last) = (first.trim_start_matches('0'), last.trim_start_matches('0'));
    (last.len(), last) < (first.len(), first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Asked = Asked::Whole;
    const BEYOND: Asked = Asked::Unsatisfiable;

    fn part(range: Range<u64>) -> Asked {
        Asked::Part(range)
    }

    #[test]
    fn every_form_is_judged() {
        for (value, expected) in [
            ("bytes=0-0", part(0..1)),
            ("bytes=0-1", part(0..2)),
            ("bytes=0-", part(0..1000)),
            ("bytes=0-999", part(0..1000)),
            ("bytes=0-1000", part(0..1000)),
            ("bytes=0-99999999999999999999999999", part(0..1000)),
            ("bytes=0-18446744073709551615", part(0..1000)),
            ("bytes=1-18446744073709551614", part(1..1000)),
            ("bytes=500-500", part(500..501)),
            ("bytes=500-600", part(500..601)),
            ("bytes=500-", part(500..1000)),
            ("bytes=999-", part(999..1000)),
            ("bytes=999-999", part(999..1000)),
            ("bytes=999-5000", part(999..1000)),
            ("bytes=0000-0001", part(0..2)),
            ("bytes=00000000000000000000000000000001-2", part(1..3)),
            ("bytes=-1", part(999..1000)),
            ("bytes=-500", part(500..1000)),
            ("bytes=-1000", part(0..1000)),
            ("bytes=-1001", part(0..1000)),
            ("bytes=-99999999999999999999999999", part(0..1000)),
            ("BYTES=0-1", part(0..2)),
            ("Bytes=-1", part(999..1000)),
            ("bytes= 0-1 ", part(0..2)),
            ("bytes=0-1,", part(0..2)),
            ("bytes=,0-1", part(0..2)),
            ("bytes=, ,\t0-1 , ,", part(0..2)),
            ("bytes=1000-", BEYOND),
            ("bytes=1000-1000", BEYOND),
            ("bytes=1000-2000", BEYOND),
            ("bytes=99999999999999999999999999-", BEYOND),
            ("bytes=99999999999999999999999998-99999999999999999999999999", BEYOND),
            ("bytes=18446744073709551615-", BEYOND),
            ("bytes=-0", BEYOND),
            ("bytes=-000", BEYOND),
            ("bytes=1-0", WHOLE),
            ("bytes=2000-1999", WHOLE),
            ("bytes=99999999999999999999999999-99999999999999999999999998", WHOLE),
            ("bytes=", WHOLE),
            ("bytes=-", WHOLE),
            ("bytes=,", WHOLE),
            ("bytes", WHOLE),
            ("", WHOLE),
            ("=0-1", WHOLE),
            ("bytes=0", WHOLE),
            ("bytes=a-b", WHOLE),
            ("bytes=0-b", WHOLE),
            ("bytes=a-1", WHOLE),
            ("bytes=+0-1", WHOLE),
            ("bytes=0-+1", WHOLE),
            ("bytes=--1", WHOLE),
            ("bytes=0--1", WHOLE),
            ("bytes=0-1-2", WHOLE),
            ("bytes=0 - 1", WHOLE),
            ("bytes =0-1", WHOLE),
            (" bytes=0-1", WHOLE),
            ("bytes:0-1", WHOLE),
            ("bytes==0-1", WHOLE),
            ("bytes=0x0-0x1", WHOLE),
            ("bytes=\u{0660}-1", WHOLE),
            ("items=0-1", WHOLE),
            ("bytes=0-1,2-3", WHOLE),
            ("bytes=0-,0-,0-", WHOLE),
            ("bytes=0-1,5000-", WHOLE),
            ("bytes=0-1,x", WHOLE),
        ] {
            assert_eq!(asked(value, 1000), expected, "{value}");
        }
    }

    #[test]
    fn ends_of_the_number_range_hold() {
        assert_eq!(asked("bytes=0-", 0), BEYOND);
        assert_eq!(asked("bytes=-1", 0), BEYOND);
        assert_eq!(asked("bytes=0-", u64::MAX), part(0..u64::MAX));
        assert_eq!(
            asked("bytes=18446744073709551614-18446744073709551615", u64::MAX),
            part(u64::MAX - 1..u64::MAX)
        );
    }
}
