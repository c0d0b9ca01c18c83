//! Rows of the evidence contract and of the system as they stand in the state, and the keys under which they stand.

use serde::Deserialize;

/// A matter (docs/contracts/evidence.md, "Rows").
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatterRow {
    pub(crate) id: String,
    pub(crate) opened_by: String,
    pub(crate) parties: Vec<String>,
    pub(crate) entries: u32,
    pub(crate) attestations: u32,
    pub(crate) acts: u32,
    pub(crate) head: String,
    pub(crate) closed: bool,
    pub(crate) retain_until_ms: Option<String>,
    pub(crate) hold: Option<u32>,
    pub(crate) height: u64,
    pub(crate) time_ms: String,
    pub(crate) transaction: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryRow {
    pub(crate) number: u32,
    pub(crate) phase: String,
    pub(crate) kind: String,
    pub(crate) commitment: String,
    pub(crate) size: String,
    pub(crate) capture: String,
    pub(crate) method: String,
    pub(crate) captured_ms: String,
    pub(crate) by: String,
    pub(crate) organisation: String,
    pub(crate) height: u64,
    pub(crate) time_ms: String,
    pub(crate) transaction: String,
    pub(crate) link: String,
    pub(crate) erased: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestationRow {
    pub(crate) number: u32,
    pub(crate) entry: u32,
    pub(crate) statement: String,
    pub(crate) findings: Option<String>,
    pub(crate) by: String,
    pub(crate) organisation: String,
    pub(crate) role: String,
    pub(crate) height: u64,
    pub(crate) time_ms: String,
    pub(crate) transaction: String,
    pub(crate) withdrawn: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActRow {
    pub(crate) number: u32,
    pub(crate) act: String,
    pub(crate) entry: Option<u32>,
    pub(crate) of: Option<u32>,
    pub(crate) outcome: Option<String>,
    pub(crate) document: Option<String>,
    pub(crate) until_ms: Option<String>,
    pub(crate) by: String,
    pub(crate) organisation: String,
    pub(crate) height: u64,
    pub(crate) time_ms: String,
    pub(crate) transaction: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationRow {
    pub(crate) organisation: String,
    pub(crate) to: String,
    pub(crate) relation: String,
    pub(crate) height: u64,
    pub(crate) time_ms: String,
    pub(crate) transaction: String,
    pub(crate) by: String,
}

/// Who did something, when and by which transaction: what rows of every kind say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    pub(crate) by: &'a str,
    pub(crate) organisation: &'a str,
    pub(crate) height: u64,
    pub(crate) time_ms: &'a str,
    pub(crate) transaction: &'a str,
}

macro_rules! deed {
    ($($row:ty),*) => {$(
        impl $row {
            pub(crate) fn deed(&self) -> Deed<'_> {
                Deed {
                    by: &self.by,
                    organisation: &self.organisation,
                    height: self.height,
                    time_ms: &self.time_ms,
                    transaction: &self.transaction,
                }
            }
        }
    )*};
}
deed!(EntryRow, AttestationRow, ActRow, RelationRow);

/// A number as rows write it: decimal digits without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The key of a row: namespace and every part but the last with their length as u16, big-endian.
pub(crate) fn key(namespace: &str, first: &[&str], last: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    for part in [namespace].iter().chain(first) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        key.extend_from_slice(&length.to_be_bytes());
        key.extend_from_slice(part.as_bytes());
    }
    key.extend_from_slice(last);
    key
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_those_of_the_contract() {
        let key = super::key("entries", &["steel-26"], &1_u32.to_be_bytes());
        let expected = b"\0\x07entries\0\x08steel-26\0\0\0\x01";
        assert_eq!(key, expected);
        assert_eq!(super::key("matters", &[], b"m"), b"\0\x07mattersm");
        assert_eq!(super::decimal("01"), None);
        assert_eq!(super::decimal("10"), Some(10));
    }
}
