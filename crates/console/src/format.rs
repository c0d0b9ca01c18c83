//! How numbers, times, digests and amounts are written.

use blockworm_kit::CivilDate;
use blockworm_ledger::{Amount, Currency};
use std::fmt;

/// Milliseconds since 1970 as `2026-11-22 17:04:05` (proleptic Gregorian calendar, UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UtcTime(pub(crate) u64);

impl UtcTime {
    /// `2026-11-22`.
    pub(crate) fn date(self) -> String {
        CivilDate::at(self.0, 0).to_string()
    }

    /// `17:04:05`.
    pub(crate) fn clock(self) -> String {
        let second = self.0 / 1000 % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.date(), self.clock())
    }
}

/// A digest or id: shortened for the eye, whole in `title` and for copying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) String);

impl Hex {
    /// The text of any digest.
    pub(crate) fn of(value: impl fmt::Display) -> Self {
        Self(value.to_string())
    }

    /// The whole text.
    pub(crate) fn full(&self) -> &str {
        &self.0
    }

    /// The first and last eight characters.
    pub(crate) fn short(&self) -> String {
        let count = self.0.chars().count();
        if count <= 20 {
            return self.0.clone();
        }
        let first: String = self.0.chars().take(8).collect();
        let last: String = self.0.chars().skip(count - 8).collect();
        format!("{first}…{last}")
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(digits: &str) -> String {
    let count = digits.len();
    let mut text = String::with_capacity(count + count / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (count - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its thousands marked.
pub(crate) fn count(number: impl fmt::Display) -> String {
    grouped(&number.to_string())
}

/// Minor units of a currency as people write them: `CNY 1,234.50`. Currencies whose decimals are not
/// known here stay in minor units, and say so.
pub(crate) fn amount(minor: u128, currency: &str) -> String {
    let known = currency.parse::<Currency>().ok();
    let decimal = known.and_then(|currency| Amount::new(minor, currency).to_decimal().ok());
    match decimal {
        Some(decimal) => {
            let (whole, rest) = decimal.split_once('.').unwrap_or((&decimal, ""));
            let point = if rest.is_empty() { "" } else { "." };
            format!("{currency} {}{point}{rest}", grouped(whole))
        }
        None => format!("{currency} {} (minor units)", count(minor)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_709_251_199_999, "2024-02-29 23:59:59"),
            (1_795_367_045_000, "2026-11-22 17:04:05"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ];
        for (ms, text) in cases {
            assert_eq!(UtcTime(ms).to_string(), text);
        }
        let _ = UtcTime(u64::MAX).to_string();
    }

    #[test]
    fn amounts_have_their_currencys_decimals_and_marked_thousands() {
        let cases = [
            (0, "CNY", "CNY 0.00"),
            (123_456_789, "CNY", "CNY 1,234,567.89"),
            (1_000, "JPY", "JPY 1,000"),
            (999, "USD", "USD 9.99"),
            (1_000, "<b>", "<b> 1,000 (minor units)"),
        ];
        for (minor, currency, text) in cases {
            assert_eq!(amount(minor, currency), text);
        }
    }

    #[test]
    fn long_digests_are_shortened_in_the_middle() {
        assert_eq!(Hex("ab".into()).short(), "ab");
        assert_eq!(
            Hex("0123456789abcdef0123456789".into()).short(),
            "01234567…23456789"
        );
        assert_eq!(Hex("é".repeat(21)).short().chars().count(), 17);
    }
}
