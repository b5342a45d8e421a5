//! Unified social credit codes, GB 32100-2015: authority, class, six digits region, nine characters organisation code, one
//! check character.

use crate::Look;

pub const LEN: usize = 18;
/// Without I, O, S, V and Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A character that no code has: I, O, S, V and Z are left out.
    Character,
    TooLong,
    /// Characters 3 to 8 are digits.
    Region,
    /// The last character does not fit the others; this one does.
    Check {
        expected: char,
    },
}

/// `code` without blanks around it, in capitals.
#[must_use]
pub fn look(code: &str) -> Look<Problem> {
    if code.is_empty() {
        return Look::Empty;
    }
    let value = |byte: u8| ALPHABET.iter().position(|letter| *letter == byte);
    let Some(values) = code.bytes().map(value).collect::<Option<Vec<usize>>>() else {
        return Look::Wrong(Problem::Character);
    };
    if values.len() > LEN {
        return Look::Wrong(Problem::TooLong);
    }
    if values.iter().skip(2).take(6).any(|value| *value > 9) {
        return Look::Wrong(Problem::Region);
    }
    let Some((last, body)) = values.split_last().filter(|_| values.len() == LEN) else {
        return Look::Incomplete { missing: LEN - values.len() };
    };
    let sum: usize = body.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    // The outer remainder covers a sum that divides evenly, whose check character is 0.
    let expected = (31 - sum % 31) % 31;
    if *last == expected {
        Look::Valid
    } else {
        Look::Wrong(Problem::Check { expected: char::from(ALPHABET[expected]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a2_the_first_thing_that_cannot_be_right_is_told_as_soon_as_it_is_typed() {
        for (typed, expected) in [
            ("9135010I", Problem::Character),
            ("91A", Problem::Region),
            ("91350100M000100Y433", Problem::TooLong),
            ("911101085636548888", Problem::Check { expected: '3' }),
            ("910010000000000001", Problem::Check { expected: '0' }),
        ] {
            match (look(typed), expected) {
                (Look::Wrong(Problem::Check { expected: fits }), Problem::Check { .. }) => {
                    let right = format!("{}{fits}", &typed[..17]);
                    assert_eq!(look(&right), Look::Valid, "{right}");
                }
                (found, expected) => assert_eq!(found, Look::Wrong(expected), "{typed}"),
            }
        }
    }
}
