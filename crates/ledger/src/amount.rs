//! Money: integer minor units and an ISO 4217 currency, never a float.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, io, str::FromStr};

/// Why an amount cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not three capital letters.
    #[error("a currency is three capital letters")]
    Currency,
    /// A currency whose minor unit ISO 4217 does not define here.
    #[error("the minor unit of {0} is not known")]
    UnknownCurrency(Currency),
    /// Arithmetic across currencies.
    #[error("{left} and {right} cannot be added or compared")]
    CurrencyMismatch {
        /// The left amount's.
        left: Currency,
        /// The right amount's.
        right: Currency,
    },
    /// More than u128 holds.
    #[error("the amount is too large")]
    Overflow,
    /// Less than nothing.
    #[error("the amount would be negative")]
    Negative,
    /// Not a decimal number of this currency.
    #[error("an amount of {currency} is digits with at most {exponent} decimals")]
    Malformed {
        /// The currency.
        currency: Currency,
        /// Its decimals.
        exponent: u8,
    },
    /// Minor units are digits without sign or leading zeros.
    #[error("minor units are digits without sign or leading zeros")]
    Minor,
}

impl AmountError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Currency => "amount.currency_malformed",
            Self::UnknownCurrency(_) => "amount.unknown_currency",
            Self::CurrencyMismatch { .. } => "amount.currency_mismatch",
            Self::Overflow => "amount.overflow",
            Self::Negative => "amount.negative",
            Self::Malformed { .. } | Self::Minor => "amount.malformed",
        }
    }
}

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Currency([u8; 3]);

/// Codes of ISO 4217 list one, by the number of decimals of their minor unit.
const EXPONENTS: [(u8, &str); 4] = [
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN \
         BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP \
         GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT \
         LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN \
         NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE \
         SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES \
         WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// The renminbi.
    pub const CNY: Self = Self(*b"CNY");

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: a currency is ASCII")
    }

    /// Decimals of the minor unit (ISO 4217); `None` for a code without one here.
    #[must_use]
    pub fn exponent(&self) -> Option<u8> {
        let code = self.as_str();
        EXPONENTS
            .iter()
            .find(|(_, codes)| codes.split_ascii_whitespace().any(|known| known == code))
            .map(|(exponent, _)| *exponent)
    }
}

impl TryFrom<[u8; 3]> for Currency {
    type Error = AmountError;

    fn try_from(bytes: [u8; 3]) -> Result<Self, AmountError> {
        if bytes.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(bytes))
        } else {
            Err(AmountError::Currency)
        }
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        <[u8; 3]>::try_from(text.as_bytes())
            .map_err(|_| AmountError::Currency)?
            .try_into()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}

impl BorshDeserialize for Currency {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        <[u8; 3]>::deserialize_reader(reader)?
            .try_into()
            .map_err(|error: AmountError| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A sum of money. JSON: `{"amount":"123","currency":"CNY"}`, the amount in minor units.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Minor units: fen, cents; whole yen.
    #[serde(rename = "amount", with = "minor_text")]
    pub minor: u128,
    /// The currency.
    pub currency: Currency,
}

impl Amount {
    /// An amount from minor units.
    #[must_use]
    pub const fn new(minor: u128, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads decimal text such as `1234.50` by the currency's ISO 4217 exponent. Fewer decimals than
    /// the currency has are filled with zeros; more are refused unless they are zeros.
    ///
    /// # Errors
    /// `amount.malformed`, `amount.overflow`, `amount.unknown_currency`.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let exponent = currency
            .exponent()
            .ok_or(AmountError::UnknownCurrency(currency))?;
        let malformed = AmountError::Malformed { currency, exponent };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(decimals) {
            return Err(malformed);
        }
        let kept = decimals.len().min(usize::from(exponent));
        if decimals.bytes().skip(kept).any(|b| b != b'0') {
            return Err(malformed);
        }
        let digits = whole.bytes().chain(decimals.bytes().take(kept));
        let zeros = std::iter::repeat_n(b'0', usize::from(exponent) - kept);
        let minor = digits.chain(zeros).try_fold(0u128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
        });
        Ok(Self {
            minor: minor.ok_or(AmountError::Overflow)?,
            currency,
        })
    }

    /// Decimal text with the currency's ISO 4217 decimals, such as `1234.50`.
    ///
    /// # Errors
    /// `amount.unknown_currency`.
    pub fn to_decimal(&self) -> Result<String, AmountError> {
        let exponent = self
            .currency
            .exponent()
            .ok_or(AmountError::UnknownCurrency(self.currency))?;
        if exponent == 0 {
            return Ok(self.minor.to_string());
        }
        let unit = 10u128.pow(u32::from(exponent));
        let width = usize::from(exponent);
        Ok(format!(
            "{}.{:0width$}",
            self.minor / unit,
            self.minor % unit
        ))
    }

    /// The sum.
    ///
    /// # Errors
    /// `amount.currency_mismatch`, `amount.overflow`.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(&other)?;
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(AmountError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// `amount.currency_mismatch`, `amount.negative`.
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(&other)?;
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(AmountError::Negative)?;
        Ok(Self { minor, ..self })
    }

    /// Which is more.
    ///
    /// # Errors
    /// `amount.currency_mismatch`.
    pub fn checked_cmp(&self, other: &Self) -> Result<std::cmp::Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    fn same_currency(&self, other: &Self) -> Result<(), AmountError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(AmountError::CurrencyMismatch {
            left: self.currency,
            right: other.currency,
        })
    }
}

/// Shows `1234.50 CNY`, or minor units where the decimals are not known.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_decimal() {
            Ok(text) => write!(f, "{text} {}", self.currency),
            Err(_) => write!(f, "{} minor units {}", self.minor, self.currency),
        }
    }
}

/// Minor units as canonical decimal text.
mod minor_text {
    use super::AmountError;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(minor: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(minor)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<u128>() {
            Ok(minor) if minor.to_string() == text => Ok(minor),
            _ => Err(D::Error::custom(AmountError::Minor)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn minor(text: &str, code: &str) -> Result<u128, AmountError> {
        Amount::parse_decimal(text, currency(code)).map(|amount| amount.minor)
    }

    #[test]
    fn decimals_follow_iso_4217() {
        assert_eq!(minor("1234.50", "CNY"), Ok(123_450));
        assert_eq!(minor("1234.5", "CNY"), Ok(123_450));
        assert_eq!(minor("1234", "CNY"), Ok(123_400));
        assert_eq!(minor("1234.500", "CNY"), Ok(123_450), "zeros say nothing");
        assert_eq!(minor("1234", "JPY"), Ok(1234));
        assert_eq!(minor("1.234", "KWD"), Ok(1234));
        assert_eq!(minor("1.2345", "CLF"), Ok(12345));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,000.00", " 1", "1.005", "１",
        ] {
            assert_eq!(
                minor(text, "CNY").unwrap_err().code(),
                "amount.malformed",
                "{text:?}"
            );
        }
        assert_eq!(minor("1.5", "JPY").unwrap_err().code(), "amount.malformed");
        assert_eq!(
            minor("1", "XAU").unwrap_err().code(),
            "amount.unknown_currency"
        );
        assert_eq!(
            minor(&u128::MAX.to_string(), "CNY"),
            Err(AmountError::Overflow)
        );
        for code in ["", "cny", "CNYX", "CN1", "人民币"] {
            assert_eq!(
                code.parse::<Currency>(),
                Err(AmountError::Currency),
                "{code}"
            );
        }
    }

    #[test]
    fn arithmetic_is_checked() {
        let (one, most) = (
            Amount::new(1, Currency::CNY),
            Amount::new(u128::MAX, Currency::CNY),
        );
        assert_eq!(most.checked_add(one), Err(AmountError::Overflow));
        assert_eq!(one.checked_sub(most), Err(AmountError::Negative));
        let dollars = Amount::new(1, currency("USD"));
        assert_eq!(
            one.checked_add(dollars).unwrap_err().code(),
            "amount.currency_mismatch"
        );
        assert!(one.checked_cmp(&dollars).is_err());
        assert_eq!(most.checked_sub(one).unwrap().minor, u128::MAX - 1);
    }

    #[test]
    fn json_is_text_in_its_one_spelling() {
        let amount = Amount::new(123, Currency::CNY);
        let text = r#"{"amount":"123","currency":"CNY"}"#;
        assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        assert_eq!(serde_json::from_str::<Amount>(text).unwrap(), amount);
        for bad in ["0123", "+1", "-1", "1.0", ""] {
            let text = format!(r#"{{"amount":"{bad}","currency":"CNY"}}"#);
            assert!(serde_json::from_str::<Amount>(&text).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Amount>(r#"{"amount":123,"currency":"CNY"}"#).is_err());
    }

    proptest! {
        #[test]
        fn decimal_text_comes_back(minor in any::<u128>(), code in "CNY|JPY|KWD|CLF") {
            let amount = Amount::new(minor, currency(&code));
            let text = amount.to_decimal().unwrap();
            prop_assert_eq!(Amount::parse_decimal(&text, amount.currency), Ok(amount));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,50}") {
            let _ = Amount::parse_decimal(&text, Currency::CNY);
        }
    }
}
