//! A civil date as an invoice writes it.

use std::fmt;

/// A day of the Gregorian calendar, years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD` (`xsd:date`); a time zone after it is read and dropped, as a day is meant.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, zone) = text.split_at_checked(10)?;
        let bytes = date.as_bytes();
        if bytes[4] != b'-' || bytes[7] != b'-' || !is_zone(zone) {
            return None;
        }
        let number = |part: &str| {
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse().ok())
                .flatten()
        };
        let (year, month, day): (u16, u16, u16) = (
            number(&date[..4])?,
            number(&date[5..7])?,
            number(&date[8..])?,
        );
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        (year > 0 && day > 0 && day <= days_in(year, month)).then_some(Self { year, month, day })
    }

    /// Midnight UTC at its start, milliseconds since 1970; `None` before 1970.
    pub fn start_ms(self) -> Option<u64> {
        let before_month: i64 = (1..self.month)
            .map(|month| i64::from(days_in(self.year, month)))
            .sum();
        let years = i64::from(self.year) - 1;
        let before_year = years * 365 + years / 4 - years / 100 + years / 400;
        // 719,162 days lie between 0001-01-01 and 1970-01-01.
        let days = before_year + before_month + i64::from(self.day) - 1 - 719_162;
        u64::try_from(days).ok().map(|days| days * 86_400_000)
    }
}

fn is_zone(zone: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match zone.as_bytes() {
        [] | [b'Z'] => true,
        [b'+' | b'-', _, _, b':', _, _] => {
            zone.is_ascii() && digits(&zone[1..3]) && digits(&zone[4..])
        }
        _ => false,
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day
        )
    }
}

impl serde::Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_the_calendar() {
        for text in [
            "2026-11-22",
            "2024-02-29",
            "2000-02-29",
            "2026-01-31",
            "2026-01-31Z",
            "2026-01-31+08:00",
        ] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text[..10]);
        }
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-4-01",
            "22-11-2026",
            "",
            "2026-11-22T00:00:00",
            "2026/11/22",
            "+026-11-22",
            "0000-01-01",
            "2026-11-2é",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn counts_milliseconds_since_1970() {
        // date -u -d 2026-11-22 +%s
        assert_eq!(
            Date::parse("2026-11-22").unwrap().start_ms(),
            Some(1_795_305_600_000)
        );
        assert_eq!(Date::parse("1970-01-01").unwrap().start_ms(), Some(0));
        assert_eq!(
            Date::parse("2000-03-01").unwrap().start_ms(),
            Some(951_868_800_000)
        );
        assert_eq!(Date::parse("1969-12-31").unwrap().start_ms(), None);
    }

    proptest! {
        #[test]
        fn never_panics_on_any_text(text in "\\PC{0,16}") {
            let _ = Date::parse(&text);
        }
    }
}
