//! How byte fields look in JSON: standard base64 (RFC 4648, padded) or lower-case hex.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// `#[serde(with)]` for bytes as padded base64.
pub mod base64_text {
    use super::*;

    /// Writes the bytes as text.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    /// Reads text; only the canonical form decodes.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(deserializer)?)
            .map_err(D::Error::custom)
    }
}

/// `#[serde(with)]` for bytes as lower-case hex.
pub mod hex_text {
    use super::*;

    /// Writes the bytes as text.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    /// Reads lower-case hex.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(D::Error::custom("hex digits are lower-case"));
        }
        hex::decode(text).map_err(D::Error::custom)
    }
}

/// `#[serde(with)]` for an optional value as lower-case hex or null.
pub mod optional_hex_text {
    use super::*;

    /// Writes the bytes as text, or null.
    pub fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => hex_text::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads lower-case hex or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        #[derive(Deserialize)]
        struct Text(#[serde(with = "hex_text")] Vec<u8>);
        Ok(Option::<Text>::deserialize(deserializer)?.map(|text| text.0))
    }
}

/// `#[serde(with)]` for fixed arrays as lower-case hex.
pub mod hex_array {
    use super::*;

    /// Writes the array as text.
    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        hex_text::serialize(bytes, serializer)
    }

    /// Reads exactly `N` bytes of lower-case hex.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let bytes = hex_text::deserialize(deserializer)?;
        let length = bytes.len();
        bytes
            .try_into()
            .map_err(|_| D::Error::custom(format!("{length} bytes where {N} belong")))
    }
}
