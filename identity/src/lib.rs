//! What the numbers of Chinese identity documents tell of themselves, complete or while they are typed. Arithmetic alone:
//! no I/O, no clock, no words.
//!
//! A crate of its own, because both programs need the one implementation: the daemon's rules decide by it (A2), and the
//! client's form says of each digit whether it can be right. The protocol crate has no rules, and the client does not
//! know the daemon.

pub mod cn_id;
mod date;
pub mod uscc;

pub use date::Date;

/// What can be said of a number so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<P> {
    Empty,
    /// Nothing is wrong yet, and so many characters are missing.
    Incomplete {
        missing: usize,
    },
    Valid,
    /// The first thing that cannot be right, whatever is typed behind it.
    Wrong(P),
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date { year: 2026, month: 1, day: 1 };

    /// Every beginning of a valid number can still become one.
    #[test]
    fn a2_a_valid_number_is_never_wrong_while_it_is_typed() {
        for number in ["11010519491231002X", "440524188001010014"] {
            for len in 1..18 {
                let look = cn_id::look(&number[..len], TODAY);
                assert_eq!(look, Look::Incomplete { missing: 18 - len }, "{}", &number[..len]);
            }
            assert_eq!(cn_id::look(number, TODAY), Look::Valid);
        }
        for code in ["91350100M000100Y43", "91110000600037341L"] {
            for len in 1..18 {
                assert_eq!(uscc::look(&code[..len]), Look::Incomplete { missing: 18 - len });
            }
            assert_eq!(uscc::look(code), Look::Valid);
        }
        assert_eq!(cn_id::look("", TODAY), Look::Empty);
        assert_eq!(uscc::look(""), Look::Empty);
    }

    /// Of all characters at one place the check allows exactly one at the end, and never none.
    #[test]
    fn a2_there_is_one_check_character_for_every_number() {
        for end in ["002", "001", "999", "123", "456"] {
            let start = format!("11010519491231{end}");
            let valid = |last: &char| cn_id::look(&format!("{start}{last}"), TODAY) == Look::Valid;
            assert_eq!("0123456789X".chars().filter(valid).count(), 1, "{start}");
        }
        for start in ["91350100M000100Y4", "91001000000000000", "9111000060003734L"] {
            let valid = |last: &char| uscc::look(&format!("{start}{last}")) == Look::Valid;
            assert_eq!("0123456789ABCDEFGHJKLMNPQRTUWXY".chars().filter(valid).count(), 1, "{start}");
        }
    }
}
