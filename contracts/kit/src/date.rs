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
