//! A currency: three capital letters as in ISO 4217.

use cosmwasm_schema::{cw_schema, schemars, serde};
use std::fmt;

/// An ISO 4217 alphabetic code; on the wire a JSON string such as `"CNY"`.
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
pub struct Currency([u8; 3]);

/// The text is not three capital letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters (ISO 4217)")]
pub struct CurrencyError;

impl Currency {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if bytes.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(bytes))
        } else {
            Err(CurrencyError)
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: parse admits ASCII letters only")
    }
}

impl cw_schema::Schemaifier for Currency {
    fn visit_schema(visitor: &mut cw_schema::SchemaVisitor) -> cw_schema::DefinitionReference {
        <String as cw_schema::Schemaifier>::visit_schema(visitor)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::{from_json, to_json_string};

    #[test]
    fn is_three_capital_letters() {
        assert_eq!(
            to_json_string(&Currency::parse("CNY").unwrap()).unwrap(),
            "\"CNY\""
        );
        for bad in [
            "\"cny\"", "\"CN\"", "\"CNYX\"", "\"C1Y\"", "\"\"", "1", "\"元\"",
        ] {
            assert!(from_json::<Currency>(bad).is_err(), "{bad}");
        }
    }
}
