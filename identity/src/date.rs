//! A calendar date, as far as a birth date needs one.

/// A date of the Gregorian calendar; its order is that of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: u32,
    pub month: u32,
    pub day: u32,
}

impl Date {
    /// The UTC date of so many milliseconds since 1970. Somebody born "tomorrow" in China is refused for some hours,
    /// which harms nobody.
    #[must_use]
    pub fn from_unix_ms(millis: u64) -> Self {
        let mut days = u32::try_from(millis / 86_400_000).unwrap_or(u32::MAX);
        let mut year = 1970;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            // Nobody needs dates behind this, and a loop has an end.
            if days < length || year == 9999 {
                break;
            }
            days -= length;
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days >= days_of(year, month) {
            days -= days_of(year, month);
            month += 1;
        }
        Self { year, month, day: days.min(30) + 1 }
    }

    #[must_use]
    pub fn exists(self) -> bool {
        (1..=12).contains(&self.month) && (1..=days_of(self.year, self.month)).contains(&self.day)
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_moments() {
        let date = |year, month, day| Date { year, month, day };
        for (seconds, expected) in [
            (0, date(1970, 1, 1)),
            (951_782_400, date(2000, 2, 29)),
            (1_767_225_599, date(2025, 12, 31)),
            (1_767_225_600, date(2026, 1, 1)),
            (4_107_542_399, date(2100, 2, 28)),
            (4_107_542_400, date(2100, 3, 1)),
        ] {
            assert_eq!(Date::from_unix_ms(seconds * 1000), expected);
        }
        assert!(Date::from_unix_ms(u64::MAX).exists());
    }

    #[test]
    fn which_dates_exist() {
        let exists = |year, month, day| Date { year, month, day }.exists();
        assert!(exists(2000, 2, 29) && exists(2024, 2, 29) && exists(1949, 12, 31));
        assert!(!exists(1900, 2, 29) && !exists(2023, 2, 29) && !exists(2023, 4, 31));
        assert!(!exists(2023, 0, 1) && !exists(2023, 13, 1) && !exists(2023, 1, 0));
    }
}
