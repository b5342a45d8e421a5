//! Until when a certificate is valid (RFC 5280, section 4.1): as much of DER as that needs.

use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0] EXPLICIT`, before the serial number.
const VERSION: u8 = 0xa0;

/// `None` where it is not a certificate.
pub(super) fn not_after(der: &[u8]) -> Option<SystemTime> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (fields, _) = expect(certificate, SEQUENCE)?;
    let mut rest = fields;
    if let Some((_, after)) = expect(rest, VERSION) {
        rest = after;
    }
    // The serial number, how it is signed, and by whom.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    moment(tag, time)
}

/// The tag, the content and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (len, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit)), rest)
        }
        0x80 | 0x85.. => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|(found, _, _)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn moment(tag: u8, text: &[u8]) -> Option<SystemTime> {
    let digits = text.strip_suffix(b"Z")?;
    let number = |digits: &[u8]| {
        let digit = |number: Option<u64>, byte: &u8| {
            Some(number? * 10 + u64::from(byte.is_ascii_digit().then(|| byte - b'0')?))
        };
        digits.iter().fold(Some(0), digit)
    };
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let year = number(&digits[..2])?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (number(&digits[..4])?, &digits[4..]),
        (_, _) => return None,
    };
    let [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map(|at| number(&rest[at..at + 2]));
    let days = days_since_1970(year, month?, day?)?;
    let seconds = days * 86_400 + hour? * 3600 + minute? * 60 + second?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Of a day of the Gregorian calendar; `None` before 1970.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March end with their leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (tag, text, expected) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "000301000000Z", Some(951_868_800)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (UTC_TIME, "991332000000Z", None),
            (UTC_TIME, "690101000000Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "70010100000+Z", None),
            (GENERALIZED_TIME, "700101000000Z", None),
            (0x04, "700101000000Z", None),
        ] {
            let expected = expected.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(moment(tag, text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        let validity =
            [&[SEQUENCE, 30, UTC_TIME, 13][..], b"200101000000Z", &[UTC_TIME, 13], b"300101000000Z"].concat();
        let fields = [&[VERSION, 3, 2, 1, 2, 2, 1, 5, SEQUENCE, 0, SEQUENCE, 0][..], &validity].concat();
        let wrap =
            |content: &[u8]| [&[SEQUENCE, 0x81, u8::try_from(content.len()).unwrap()][..], content].concat();
        let certificate = wrap(&wrap(&fields));
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
        assert_eq!(not_after(&certificate), Some(expected));
        for len in 0..certificate.len() {
            assert_eq!(not_after(&certificate[..len]), None, "{len}");
        }
        assert_eq!(not_after(&[0xff; 64]), None);
        assert_eq!(not_after(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
