//! Chinese resident identity numbers, GB 11643-1999: six digits region, eight digits birth date, three digits sequence, one
//! check character by ISO 7064 MOD 11-2.
//!
//! Regions are not looked up: retired ones stay valid on old documents.

use crate::{Date, Look};

pub const LEN: usize = 18;
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";
/// The oldest birth year that anybody has a document of.
const YEAR_MIN: u32 = 1850;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A character that cannot stand there: only digits can, and last a digit or X.
    Character,
    TooLong,
    /// No region begins with 0.
    Region,
    /// Digits 7 to 14 are no calendar date.
    Date,
    Future,
    /// The last character does not fit the others; this one does.
    Check {
        expected: char,
    },
}

/// `number` without blanks around it, in capitals.
#[must_use]
pub fn look(number: &str, today: Date) -> Look<Problem> {
    let bytes = number.as_bytes();
    if bytes.is_empty() {
        return Look::Empty;
    }
    let fits = |(place, byte): (usize, &u8)| {
        byte.is_ascii_digit() || (place == LEN - 1 && *byte == b'X') || place >= LEN
    };
    if !bytes.iter().enumerate().all(fits) {
        return Look::Wrong(Problem::Character);
    }
    if bytes.len() > LEN {
        return Look::Wrong(Problem::TooLong);
    }
    if bytes.first() == Some(&b'0') {
        return Look::Wrong(Problem::Region);
    }
    if let Some(problem) = birth(bytes, today) {
        return Look::Wrong(problem);
    }
    let Some((last, body)) = bytes.split_last().filter(|_| bytes.len() == LEN) else {
        return Look::Incomplete { missing: LEN - bytes.len() };
    };
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = CHECKS[(sum % 11) as usize];
    if *last == expected {
        Look::Valid
    } else {
        Look::Wrong(Problem::Check { expected: char::from(expected) })
    }
}

/// What is wrong with as much of the birth date as is there.
fn birth(bytes: &[u8], today: Date) -> Option<Problem> {
    let digits = |range: std::ops::Range<usize>| {
        let digits = bytes.get(range)?;
        Some(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    };
    let year = digits(6..10)?;
    if year < YEAR_MIN {
        return Some(Problem::Date);
    }
    if year > today.year {
        return Some(Problem::Future);
    }
    let month = digits(10..12)?;
    let Some(day) = digits(12..14) else {
        return (!(1..=12).contains(&month)).then_some(Problem::Date);
    };
    let date = Date { year, month, day };
    if !date.exists() {
        return Some(Problem::Date);
    }
    (date > today).then_some(Problem::Future)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date { year: 2026, month: 1, day: 1 };

    #[test]
    fn a2_the_first_thing_that_cannot_be_right_is_told_as_soon_as_it_is_typed() {
        for (typed, expected) in [
            ("1101051949x", Problem::Character),
            ("1１", Problem::Character),
            ("11010519491231002Y", Problem::Character),
            ("11010519491231002X1", Problem::TooLong),
            ("0", Problem::Region),
            ("1101051749", Problem::Date),
            ("110105194913", Problem::Date),
            ("11010519490229", Problem::Date),
            ("1101052099", Problem::Future),
            ("11010520260102", Problem::Future),
            ("110105194912310021", Problem::Check { expected: 'X' }),
            ("440524188001010015", Problem::Check { expected: '4' }),
        ] {
            assert_eq!(look(typed, TODAY), Look::Wrong(expected), "{typed}");
        }
    }
}
