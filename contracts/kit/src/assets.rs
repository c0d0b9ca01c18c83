//! What the asset contracts and those that run assets on them share: ids, kinds, units, approvals, and the messages that pass between them.

mod messages;

pub use messages::*;

use cosmwasm_schema::{cw_schema, cw_serde, schemars, serde};
use cosmwasm_std::Uint128;
use std::fmt;

/// The longest name of a class, in bytes.
pub const MAX_CLASS_BYTES: usize = 32;
/// Most approvals that one rule may ask for.
pub const MAX_APPROVALS: u32 = 16;

/// `class/<first 16 hex digits of the issuing transaction>`; on the wire a JSON string.
#[derive(
    Clone,
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
pub struct AssetId(String);

/// The text is not an asset's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an asset is CLASS/ and 16 lower-case hex digits")]
pub struct AssetIdError;

impl AssetId {
    /// The id of an asset that this transaction drafts; `None` where the host gives no id of at
    /// least 8 bytes, or the class is no name.
    #[must_use]
    pub fn of(class: &str, transaction: &[u8]) -> Option<Self> {
        let digits: String = transaction
            .get(..8)?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        is_class(class).then(|| Self(format!("{class}/{digits}")))
    }

    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, AssetIdError> {
        let (class, digits) = text.split_once('/').ok_or(AssetIdError)?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if is_class(class) && digits.len() == 16 && digits.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AssetIdError)
        }
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The class's name.
    #[must_use]
    pub fn class(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

/// Whether the text may name a class: a small letter, then small letters, digits and hyphens.
#[must_use]
pub fn is_class(text: &str) -> bool {
    text.len() <= MAX_CLASS_BYTES
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl cw_schema::Schemaifier for AssetId {
    fn visit_schema(visitor: &mut cw_schema::SchemaVisitor) -> cw_schema::DefinitionReference {
        <String as cw_schema::Schemaifier>::visit_schema(visitor)
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for AssetId {
    type Error = AssetIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AssetId> for String {
    fn from(asset: AssetId) -> Self {
        asset.0
    }
}

/// How the units of an asset relate to each other.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Kind {
    /// Every unit is worth any other; a holder has a balance.
    Fungible,
    /// Held whole by one holder.
    Unique,
    /// Held in intervals of numbered units, which split and merge.
    Divisible,
}

/// The units `from` (counted) to `to` (not counted) of an asset.
#[cw_serde]
#[derive(Eq, Copy)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Units {
    /// The first.
    pub from: Uint128,
    /// The first after.
    pub to: Uint128,
}

impl Units {
    /// The first `count` units.
    #[must_use]
    pub const fn first(count: Uint128) -> Self {
        Self {
            from: Uint128::zero(),
            to: count,
        }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> Uint128 {
        self.to.saturating_sub(self.from)
    }

    /// The two parts on either side of `at`; `None` where one would be empty.
    #[must_use]
    pub fn split(self, at: Uint128) -> Option<(Self, Self)> {
        let (from, to) = (self.from, self.to);
        (from < at && at < to).then_some((Self { from, to: at }, Self { from: at, to }))
    }
}

/// So many members of organisations with a role must approve.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Requirement {
    /// The role.
    pub role: String,
    /// How many.
    pub count: u32,
}

/// An approval that was given.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Approval {
    /// Who approved.
    pub member: String,
    /// Of which organisation.
    pub organisation: String,
    /// For which of the required roles.
    pub role: String,
}

/// Whether a rule can be met and is bounded: no role twice, none for nobody, at most
/// [`MAX_APPROVALS`] in all.
#[must_use]
pub fn well_formed(wanted: &[Requirement]) -> bool {
    let mut total = 0u32;
    for (place, requirement) in wanted.iter().enumerate() {
        let again = wanted[..place].iter().any(|r| r.role == requirement.role);
        total = total.saturating_add(requirement.count);
        if again || requirement.count == 0 || requirement.role.is_empty() {
            return false;
        }
    }
    total <= MAX_APPROVALS
}

/// Whether one more approval for `role` is wanted.
#[must_use]
pub fn is_wanted(wanted: &[Requirement], given: &[Approval], role: &str) -> bool {
    wanted
        .iter()
        .any(|r| r.role == role && count(given, role) < r.count)
}

/// Whether nothing is left to approve.
#[must_use]
pub fn is_complete(wanted: &[Requirement], given: &[Approval]) -> bool {
    wanted.iter().all(|r| count(given, &r.role) >= r.count)
}

fn count(given: &[Approval], role: &str) -> u32 {
    let matching = given.iter().filter(|approval| approval.role == role);
    u32::try_from(matching.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_a_class_and_sixteen_digits() {
        let asset = AssetId::of("invoice-1", &[0xab; 32]).unwrap();
        assert_eq!(asset.as_str(), "invoice-1/abababababababab");
        assert_eq!(asset.class(), "invoice-1");
        assert_eq!(AssetId::parse(asset.as_str()), Ok(asset));
        assert_eq!(AssetId::of("invoice", &[1; 7]), None);
        assert_eq!(AssetId::of("In", &[1; 8]), None);
        for bad in [
            "",
            "a",
            "a/",
            "/abababababababab",
            "a/ababababababab",
            "a/ABABABABABABABAB",
            "a/b/abababababababab",
            "1/abababababababab",
            "é/abababababababab",
        ] {
            assert_eq!(AssetId::parse(bad), Err(AssetIdError), "{bad}");
        }
    }

    #[test]
    fn units_split_inside_alone() {
        let units = Units::first(Uint128::new(10));
        let (low, high) = units.split(Uint128::new(4)).unwrap();
        assert_eq!((low.count().u128(), high.count().u128()), (4, 6));
        assert_eq!(units.split(Uint128::zero()), None);
        assert_eq!(units.split(Uint128::new(10)), None);
        assert_eq!(high.split(Uint128::new(4)), None);
    }

    #[test]
    fn approvals_count_by_role() {
        let wanted = |role: &str, count| Requirement {
            role: role.into(),
            count,
        };
        let given = |role: &str| Approval {
            member: "m".into(),
            organisation: "o".into(),
            role: role.into(),
        };
        let rule = [wanted("bank", 2), wanted("court", 1)];
        assert!(well_formed(&rule) && well_formed(&[]));
        for bad in [
            vec![wanted("a", 0)],
            vec![wanted("a", 1), wanted("a", 1)],
            vec![wanted("", 1)],
            vec![wanted("a", u32::MAX), wanted("b", 2)],
        ] {
            assert!(!well_formed(&bad));
        }
        let one = [given("bank")];
        assert!(is_wanted(&rule, &one, "bank") && !is_wanted(&rule, &one, "notary"));
        let three = [given("bank"), given("bank"), given("court")];
        assert!(!is_complete(&rule, &three[..2]) && is_complete(&rule, &three));
        assert!(!is_wanted(&rule, &three, "bank") && is_complete(&[], &[]));
    }
}
