//! Names on a ledger: ledger ids, organisations, members and contracts, each a newtype with one rule.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, io, str::FromStr};

/// Most bytes of an organisation's slug or a contract's name.
pub const SLUG_BYTES: usize = 32;
/// Most bytes of the part of a member id behind the slash.
pub const MEMBER_NAME_BYTES: usize = 48;
/// Most bytes of a whole member id.
pub const MEMBER_ID_BYTES: usize = SLUG_BYTES + 1 + MEMBER_NAME_BYTES;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not 1 to 32 of `a-z 0-9 -` starting with a letter.
    #[error("a {what} is 1 to 32 of a-z, 0-9 and '-', starting with a letter")]
    Slug {
        /// What was being named.
        what: &'static str,
    },
    /// Not `organisation/name`.
    #[error("a member is organisation/name, the name 1 to 48 of a-z, 0-9, '-', '.' and '_'")]
    Member,
    /// Not 32 lower-case hex digits.
    #[error("a ledger id is 32 lower-case hex digits")]
    Ledger,
}

impl NameError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "name.malformed"
    }
}

/// A ledger's id: the first 16 bytes of its genesis digest, shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct LedgerId(pub [u8; 16]);

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerId({self})")
    }
}

impl FromStr for LedgerId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NameError::Ledger)?;
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NameError::Ledger);
        }
        Ok(Self(bytes))
    }
}

impl Serialize for LedgerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LedgerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// An organisation's voted slug: 1 to 32 of `a-z 0-9 -`, starting with a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationId(String);

/// A member: `organisation/name`, the name 1 to 48 of `a-z 0-9 - . _`. It is also the CosmWasm address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(String);

/// A contract's name on a ledger: the same rule as an organisation's slug. Its CosmWasm address is the name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractName(String);

impl MemberId {
    /// The member `name` of `organisation`.
    ///
    /// # Errors
    /// When the name breaks the rule of member names.
    pub fn new(organisation: &OrganisationId, name: &str) -> Result<Self, NameError> {
        format!("{organisation}/{name}").try_into()
    }

    /// The organisation before the slash.
    #[must_use]
    pub fn organisation(&self) -> OrganisationId {
        OrganisationId(self.organisation_str().to_owned())
    }

    /// The organisation before the slash, borrowed.
    #[must_use]
    pub fn organisation_str(&self) -> &str {
        self.0
            .split_once('/')
            .map_or("", |(organisation, _)| organisation)
    }

    /// The name behind the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= SLUG_BYTES
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_member(text: &str) -> bool {
    text.split_once('/').is_some_and(|(organisation, name)| {
        is_slug(organisation)
            && (1..=MEMBER_NAME_BYTES).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
    })
}

/// Checks the rule of organisation slugs on borrowed text.
///
/// # Errors
/// When the text is no slug.
pub fn check_organisation(text: &str) -> Result<(), NameError> {
    if is_slug(text) {
        Ok(())
    } else {
        Err(NameError::Slug {
            what: "organisation",
        })
    }
}

/// Checks the rule of member ids on borrowed text.
///
/// # Errors
/// When the text is not `organisation/name`.
pub fn check_member(text: &str) -> Result<(), NameError> {
    if is_member(text) {
        Ok(())
    } else {
        Err(NameError::Member)
    }
}

/// Checks the rule of contract names on borrowed text.
///
/// # Errors
/// When the text is no slug.
pub fn check_contract(text: &str) -> Result<(), NameError> {
    if is_slug(text) {
        Ok(())
    } else {
        Err(NameError::Slug { what: "contract" })
    }
}

/// Reads a borsh string of at most `limit` bytes without trusting its length.
fn read_text<R: io::Read>(reader: &mut R, limit: usize) -> io::Result<String> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "name too long"));
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "name is not UTF-8"))
}

/// Everything that the three text names share; each decodes only what its own rule allows.
macro_rules! text_name {
    ($name:ident, $check:ident, $limit:expr) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                $check(&text)?;
                Ok(Self(text))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;

            fn try_from(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                text.try_into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl BorshSerialize for $name {
            fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
                BorshSerialize::serialize(&self.0, writer)
            }
        }

        impl BorshDeserialize for $name {
            fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
                read_text(reader, $limit)?
                    .try_into()
                    .map_err(|error: NameError| io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?
                    .try_into()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

text_name!(OrganisationId, check_organisation, SLUG_BYTES);
text_name!(MemberId, check_member, MEMBER_ID_BYTES);
text_name!(ContractName, check_contract, SLUG_BYTES);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_member_belongs_to_its_organisation() {
        let member: MemberId = "bank/clerk-7.a_b".parse().unwrap();
        assert_eq!(member.organisation().as_str(), "bank");
        assert_eq!(member.name(), "clerk-7.a_b");
        assert_eq!(
            MemberId::new(&member.organisation(), "clerk-7.a_b").unwrap(),
            member
        );
    }

    #[test]
    fn names_outside_the_rule_are_refused() {
        for bad in [
            "",
            "1bank",
            "Bank",
            "bank ",
            "b/c",
            "bänk",
            "-b",
            &"a".repeat(33),
        ] {
            assert!(OrganisationId::try_from(bad).is_err(), "{bad}");
            assert!(ContractName::try_from(bad).is_err(), "{bad}");
        }
        for bad in [
            "", "bank", "bank/", "/clerk", "bank/a/b", "bank/A", "Bank/a", "bank/ü",
        ] {
            assert!(MemberId::try_from(bad).is_err(), "{bad}");
        }
        assert!(MemberId::try_from(format!("bank/{}", "a".repeat(48))).is_ok());
        assert!(MemberId::try_from(format!("bank/{}", "a".repeat(49))).is_err());
        assert!(
            "00112233445566778899AABBCCDDEEFF"
                .parse::<LedgerId>()
                .is_err()
        );
    }

    #[test]
    fn decoding_applies_the_rule() {
        let bytes = borsh::to_vec("Bank").unwrap();
        assert!(borsh::from_slice::<OrganisationId>(&bytes).is_err());
        assert!(serde_json::from_str::<MemberId>("\"bank\"").is_err());
    }

    proptest! {
        #[test]
        fn decoders_survive_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(name) = borsh::from_slice::<MemberId>(&bytes) {
                prop_assert_eq!(borsh::to_vec(&name).unwrap(), bytes.clone());
            }
            if let Ok(name) = borsh::from_slice::<ContractName>(&bytes) {
                prop_assert_eq!(borsh::to_vec(&name).unwrap(), bytes);
            }
        }
    }
}
