//! Civil dates without a clock: the proleptic Gregorian calendar of ISO 8601.

use cosmwasm_schema::{cw_schema, schemars, serde};
use std::fmt;

/// A day such as `2026-11-22`; on the wire a JSON string.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(crate = "cosmwasm_schema::serde", try_from = "String", into = "String")]
#[schemars(crate = "cosmwasm_schema::schemars", with = "String")]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY-MM-DD and a day of the calendar")]
pub struct DateError;

impl CivilDate {
    /// Checks that the day exists; years 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        if exists {
            Ok(Self { year, month, day })
        } else {
            Err(DateError)
        }
    }

    /// Reads `YYYY-MM-DD`, nothing shorter or longer.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError);
        }
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0u16, |value, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| value * 10 + u16::from(digit - b'0'))
            })
        };
        let year = number(&bytes[..4]).ok_or(DateError)?;
        let month = number(&bytes[5..7]).ok_or(DateError)?;
        let day = number(&bytes[8..]).ok_or(DateError)?;
        // Two digits always fit into a byte.
        Self::new(year, month as u8, day as u8)
    }
}

impl CivilDate {
    /// Its year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The day after it; the last day of the calendar has none and gives itself.
    #[must_use]
    pub fn next(self) -> Self {
        let (year, month, day) = (self.year, self.month, self.day);
        let following = [
            (year, month, day.saturating_add(1)),
            (year, month.saturating_add(1), 1),
            (year.saturating_add(1), 1, 1),
        ];
        let mut following = following.into_iter();
        following
            .find_map(|(year, month, day)| Self::new(year, month, day).ok())
            .unwrap_or(self)
    }

    /// Whether it is a Saturday or a Sunday (Zeller's congruence).
    #[must_use]
    pub fn is_weekend(self) -> bool {
        // January and February count as months 13 and 14 of the year before.
        let early = self.month < 3;
        let month = u32::from(self.month) + if early { 12 } else { 0 };
        let year = u32::from(self.year) - u32::from(early);
        let day = u32::from(self.day) + 13 * (month + 1) / 5;
        // 0 is Saturday, 1 is Sunday.
        (day + year + year / 4 - year / 100 + year / 400) % 7 < 2
    }

    /// The day that clocks show at this time, so many minutes east of UTC; the first or the last day
    /// of the calendar for what lies beyond.
    #[must_use]
    pub fn at(time_ms: u64, utc_offset_minutes: i16) -> Self {
        let shift = i128::from(utc_offset_minutes) * 60_000;
        let days = (i128::from(time_ms) + shift).div_euclid(86_400_000);
        // Days since 1970-01-01 to a date: eras of 400 years from 0000-03-01 (Howard Hinnant,
        // "chrono-Compatible Low-Level Date Algorithms").
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = era * 400 + year_of_era + i128::from(month <= 2);
        let last = Self {
            year: 9999,
            month: 12,
            day: 31,
        };
        match (u16::try_from(year), u8::try_from(month), u8::try_from(day)) {
            (Ok(year), Ok(month), Ok(day)) => Self::new(year, month, day).unwrap_or(last),
            _ => last,
        }
    }
}

/// Days of a month; `month` is 1 to 12.
fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl cw_schema::Schemaifier for CivilDate {
    fn visit_schema(visitor: &mut cw_schema::SchemaVisitor) -> cw_schema::DefinitionReference {
        <String as cw_schema::Schemaifier>::visit_schema(visitor)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for CivilDate {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<CivilDate> for String {
    fn from(date: CivilDate) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TZ=Asia/Shanghai date -d @…`
    #[test]
    fn a_day_begins_where_the_clocks_are() {
        let at = |time_ms, minutes| CivilDate::at(time_ms, minutes).to_string();
        assert_eq!(at(0, 0), "1970-01-01");
        assert_eq!(at(0, -1), "1969-12-31");
        assert_eq!(at(1_798_761_599_999, 0), "2026-12-31");
        assert_eq!(at(1_798_761_600_000, 0), "2027-01-01");
        assert_eq!(at(1_798_732_800_000, 480), "2027-01-01");
        assert_eq!(at(1_835_395_200_000, 0), "2028-02-29");
        assert_eq!(at(u64::MAX, 0), "9999-12-31");
    }

    /// `date -d 2026-11-22 +%a`
    #[test]
    fn knows_weekends_and_the_next_day() {
        let date = |text| CivilDate::parse(text).unwrap();
        for weekend in [
            "2026-11-21",
            "2026-11-22",
            "2000-01-01",
            "2024-02-25",
            "0001-01-06",
        ] {
            assert!(date(weekend).is_weekend(), "{weekend}");
        }
        for weekday in [
            "2026-11-20",
            "2026-11-23",
            "2024-02-29",
            "1970-01-01",
            "2027-01-01",
        ] {
            assert!(!date(weekday).is_weekend(), "{weekday}");
        }
        for (day, next) in [
            ("2026-02-28", "2026-03-01"),
            ("2028-02-28", "2028-02-29"),
            ("2026-12-31", "2027-01-01"),
            ("2026-11-22", "2026-11-23"),
            ("9999-12-31", "9999-12-31"),
        ] {
            assert_eq!(date(day).next(), date(next));
        }
    }

    #[test]
    fn knows_the_calendar() {
        for good in [
            "2026-02-28",
            "2028-02-29",
            "2000-02-29",
            "0001-01-01",
            "9999-12-31",
        ] {
            assert_eq!(CivilDate::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "2026-1-1",
            "2026-01-01T",
            "2026/01/01",
            "+026-01-01",
            "２０２６-01",
        ] {
            assert!(CivilDate::parse(bad).is_err(), "{bad}");
        }
        assert!(CivilDate::parse("2026-10-01").unwrap() < CivilDate::parse("2026-11-01").unwrap());
    }
}
