//! What is said of a document's number while it is typed. The number itself is never repeated.

use vodpost_identity::{Look, cn_id, uscc};

use crate::{say, word};

#[must_use]
pub fn cn_id(look: Look<cn_id::Problem>) -> String {
    match look {
        Look::Empty => word!("18 digits; the last may be X", "18 位，最后一位可以是 X").to_owned(),
        Look::Incomplete { missing } => missing_digits(missing),
        Look::Valid => word!("valid", "有效").to_owned(),
        Look::Wrong(problem) => match problem {
            cn_id::Problem::Character => {
                word!("only digits, and X as the last", "只能是数字，最后一位可以是 X").to_owned()
            }
            cn_id::Problem::TooLong => too_long(),
            cn_id::Problem::Region => word!("no region begins with 0", "地区码不会以 0 开头").to_owned(),
            cn_id::Problem::Date => {
                word!("digits 7 to 14 are no date (YYYYMMDD)", "第 7 至 14 位不是日期（年月日）").to_owned()
            }
            cn_id::Problem::Future => word!("the birth date lies in the future", "出生日期在未来").to_owned(),
            cn_id::Problem::Check { expected } => check(expected),
        },
    }
}

#[must_use]
pub fn uscc(look: Look<uscc::Problem>) -> String {
    match look {
        Look::Empty => word!("18 digits and letters", "18 位数字和字母").to_owned(),
        Look::Incomplete { missing } => missing_digits(missing),
        Look::Valid => word!("valid", "有效").to_owned(),
        Look::Wrong(problem) => match problem {
            uscc::Problem::Character => {
                word!("no code has I, O, S, V, Z or other signs", "代码中没有 I、O、S、V、Z 及其他符号")
                    .to_owned()
            }
            uscc::Problem::TooLong => too_long(),
            uscc::Problem::Region => word!("characters 3 to 8 are digits", "第 3 至 8 位应为数字").to_owned(),
            uscc::Problem::Check { expected } => check(expected),
        },
    }
}

fn missing_digits(missing: usize) -> String {
    match missing {
        1 => word!("1 more: the check digit", "还差 1 位：校验位").to_owned(),
        _ => say!("{missing} more digits", "还差 {missing} 位"),
    }
}

fn too_long() -> String {
    word!("more than 18", "超过 18 位").to_owned()
}

fn check(expected: char) -> String {
    say!(
        "the check digit does not fit: it should be {expected}, unless another digit is wrong",
        "校验位不符：应为 {expected}，或其他位有误"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::language::tests::both;

    #[test]
    fn everything_that_is_said_of_a_number_is_there_in_both_languages() {
        use cn_id::Problem as CnId;
        use uscc::Problem as Uscc;
        let check = CnId::Check { expected: 'X' };
        let problems = [CnId::Character, CnId::TooLong, CnId::Region, CnId::Date, CnId::Future, check];
        let looks =
            [Look::Empty, Look::Incomplete { missing: 1 }, Look::Incomplete { missing: 3 }, Look::Valid];
        for look in looks.into_iter().chain(problems.map(Look::Wrong)) {
            both(&[], || cn_id(look));
        }
        let problems =
            [Uscc::Character, Uscc::TooLong, Uscc::Region, Uscc::Check { expected: '3' }].map(Look::Wrong);
        for look in [Look::Empty, Look::Incomplete { missing: 3 }, Look::Valid].into_iter().chain(problems) {
            both(&[], || uscc(look));
        }
    }
}
