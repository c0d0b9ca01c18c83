//! Exact decimal numbers as invoices write them: an i128 and a scale, never a float.

use std::cmp::Ordering;
use std::fmt;

/// Most digits left of the point that are read: a thousand billion, in any currency, fits.
const MAX_INTEGER_DIGITS: usize = 15;
/// Most digits right of the point that are read, trailing zeros aside.
const MAX_FRACTION_DIGITS: usize = 12;

/// `digits / 10^scale`, kept without trailing zeros so that equal numbers are equal values.
///
/// Arithmetic is checked: a result that does not fit is `None`, never wrapped or rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: i128,
    scale: u8,
}

/// Why a text is not a number that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not `xsd:decimal`: an optional sign, digits, and an optional point with digits.
    #[error("it is not a decimal number")]
    NotDecimal,
    /// More digits than any invoice needs.
    #[error(
        "it has more than {MAX_INTEGER_DIGITS} digits before or {MAX_FRACTION_DIGITS} after the point"
    )]
    TooLong,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self {
        digits: 0,
        scale: 0,
    };
    /// One.
    pub const ONE: Self = Self {
        digits: 1,
        scale: 0,
    };

    /// `digits / 10^scale`; `None` when the scale exceeds 30.
    pub fn new(digits: i128, scale: u8) -> Option<Self> {
        (scale <= 30).then(|| Self { digits, scale }.normalised())
    }

    /// Reads the lexical form of `xsd:decimal` (XML Schema part 2, 3.2.3): no exponent, no grouping.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (integer.is_empty() && fraction.is_empty())
            || !all_digits(integer)
            || !all_digits(fraction)
        {
            return Err(DecimalError::NotDecimal);
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if integer.len() > MAX_INTEGER_DIGITS || fraction.len() > MAX_FRACTION_DIGITS {
            return Err(DecimalError::TooLong);
        }
        let magnitude = integer
            .bytes()
            .chain(fraction.bytes())
            .fold(0i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Ok(Self {
            digits: if negative { -magnitude } else { magnitude },
            scale,
        }
        .normalised())
    }

    /// Digits after the point, trailing zeros aside.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The same size without its sign.
    pub fn abs(self) -> Self {
        Self {
            digits: self.digits.abs(),
            scale: self.scale,
        }
    }

    /// The other sign.
    pub fn negated(self) -> Self {
        Self {
            digits: -self.digits,
            scale: self.scale,
        }
    }

    /// The sum, if it fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self { digits, scale }.normalised())
    }

    /// The difference, if it fits.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// The product, if it fits.
    pub fn times(self, other: Self) -> Option<Self> {
        let scale = self.scale.checked_add(other.scale)?;
        let digits = self.digits.checked_mul(other.digits)?;
        (scale <= 30).then(|| Self { digits, scale }.normalised())
    }

    /// The quotient rounded half away from zero to `scale` digits; `None` for a zero divisor or a
    /// result that does not fit.
    pub fn divided_by(self, other: Self, scale: u8) -> Option<Self> {
        let numerator = self
            .digits
            .checked_mul(power_of_ten(scale.checked_add(other.scale)?)?)?;
        let denominator = other.digits.checked_mul(power_of_ten(self.scale)?)?;
        let digits = divide_half_away(numerator, denominator)?;
        Some(Self { digits, scale }.normalised())
    }

    /// Rounded half away from zero to at most `scale` digits after the point: the rule of
    /// EN 16931-1, where an amount is rounded once, at the end of its calculation.
    pub fn rounded(self, scale: u8) -> Option<Self> {
        if self.scale <= scale {
            return Some(self);
        }
        let digits = divide_half_away(self.digits, power_of_ten(self.scale - scale)?)?;
        Some(Self { digits, scale }.normalised())
    }

    /// As a whole number of `10^-exponent` units; `None` when it is negative, does not fit, or has
    /// more digits than that.
    pub fn to_minor(self, exponent: u8) -> Option<u128> {
        if self.scale > exponent {
            return None;
        }
        u128::try_from(self.at_scale(exponent)?).ok()
    }

    /// With exactly `scale` digits after the point when it has no more than that, for people.
    pub fn to_fixed(self, scale: u8) -> String {
        let width = usize::from(scale.max(self.scale));
        let shown = self.to_string();
        let fraction = shown
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        if width == fraction {
            return shown;
        }
        let point = if fraction == 0 { "." } else { "" };
        format!("{shown}{point}{}", "0".repeat(width - fraction))
    }

    fn at_scale(self, scale: u8) -> Option<i128> {
        self.digits
            .checked_mul(power_of_ten(scale.checked_sub(self.scale)?)?)
    }

    fn normalised(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }
}

fn power_of_ten(exponent: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(exponent))
}

fn divide_half_away(numerator: i128, denominator: i128) -> Option<i128> {
    let quotient = numerator.checked_div(denominator)?;
    let twice_remainder = numerator
        .checked_rem(denominator)?
        .unsigned_abs()
        .checked_mul(2)?;
    if twice_remainder < denominator.unsigned_abs() {
        return Some(quotient);
    }
    let away = if (numerator < 0) == (denominator < 0) {
        1
    } else {
        -1
    };
    quotient.checked_add(away)
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Only a number whose integer part alone exceeds the other's range overflows.
            (None, _) => self.digits.signum().cmp(&0),
            (_, None) => 0.cmp(&other.digits.signum()),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (integer, fraction) = digits.split_at(digits.len() - scale);
        if fraction.is_empty() {
            write!(formatter, "{sign}{integer}")
        } else {
            write!(formatter, "{sign}{integer}.{fraction}")
        }
    }
}

impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn reads_what_xml_schema_allows_and_nothing_else() {
        for (text, shown) in [
            ("1", "1"),
            ("+1.50", "1.5"),
            ("-0.05", "-0.05"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("-0", "0"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
        for text in [
            "", ".", "-", "1,5", "1e3", "0x1", "1 000", "١", "--1", "1.2.3", "NaN", "INF", "½",
        ] {
            assert_eq!(
                Decimal::parse(text),
                Err(DecimalError::NotDecimal),
                "{text}"
            );
        }
        assert_eq!(
            Decimal::parse("1234567890123456"),
            Err(DecimalError::TooLong)
        );
        assert_eq!(
            Decimal::parse("0.1234567890123"),
            Err(DecimalError::TooLong)
        );
        assert_eq!(decimal("0.10000000000000000000"), decimal("0.1"));
    }

    #[test]
    fn rounds_half_away_from_zero() {
        for (text, shown) in [
            ("1.005", "1.01"),
            ("1.004", "1"),
            ("-1.005", "-1.01"),
            ("-1.004", "-1"),
            ("0.995", "1"),
            ("10.9938", "10.99"),
        ] {
            assert_eq!(
                decimal(text).rounded(2).unwrap().to_string(),
                shown,
                "{text}"
            );
        }
        assert_eq!(
            decimal("2")
                .divided_by(decimal("3"), 4)
                .unwrap()
                .to_string(),
            "0.6667"
        );
        assert_eq!(
            decimal("-2")
                .divided_by(decimal("3"), 4)
                .unwrap()
                .to_string(),
            "-0.6667"
        );
        assert_eq!(decimal("2").divided_by(Decimal::ZERO, 4), None);
    }

    #[test]
    fn shows_a_fixed_number_of_digits() {
        assert_eq!(decimal("1.5").to_fixed(2), "1.50");
        assert_eq!(decimal("1").to_fixed(2), "1.00");
        assert_eq!(decimal("1").to_fixed(0), "1");
        assert_eq!(decimal("1.005").to_fixed(2), "1.005");
    }

    proptest! {
        #[test]
        fn never_panics_on_any_text(text in ".{0,60}") {
            let _ = Decimal::parse(&text);
        }

        #[test]
        fn what_is_shown_reads_back(digits in -1_000_000_000_000_000i128..1_000_000_000_000_000, scale in 0u8..12) {
            let number = Decimal::new(digits, scale).unwrap();
            prop_assert_eq!(Decimal::parse(&number.to_string()).unwrap(), number);
            prop_assert_eq!(Decimal::parse(&number.to_fixed(6)).unwrap(), number);
        }

        #[test]
        fn minor_units_round_trip(minor in 0u64.., exponent in 0u8..5) {
            let number = Decimal::new(i128::from(minor), exponent).unwrap();
            prop_assert_eq!(number.to_minor(exponent), Some(u128::from(minor)));
        }

        #[test]
        fn adding_and_taking_away_is_nothing(a in any::<i64>(), b in any::<i64>(), s in 0u8..9, t in 0u8..9) {
            let (a, b) = (Decimal::new(a.into(), s).unwrap(), Decimal::new(b.into(), t).unwrap());
            let sum = a.plus(b).unwrap();
            prop_assert_eq!(sum.minus(b).unwrap(), a);
            prop_assert_eq!(sum.cmp(&a), b.cmp(&Decimal::ZERO));
            prop_assert!(a.times(b).is_some());
        }

        #[test]
        fn dividing_a_product_gives_the_factor_back(a in any::<i32>(), b in 1i32.., s in 0u8..6) {
            let (a, b) = (Decimal::new(a.into(), s).unwrap(), Decimal::new(b.into(), 2).unwrap());
            prop_assert_eq!(a.times(b).unwrap().divided_by(b, 8).unwrap(), a);
        }
    }
}
