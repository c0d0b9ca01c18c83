//! Records of the system's contracts that outsiders read out of a proved state (docs/contracts/system.md).

use blockworm_crypto::PublicKey;
use borsh::{BorshDeserialize, BorshSerialize};

/// Contract id of `organisations`.
pub const ORGANISATIONS: u32 = 1;
/// Contract id of `members`.
pub const MEMBERS: u32 = 2;
/// The contracts of the genesis are numbered from here on, in its order.
pub const FIRST_CONTRACT: u32 = 16;

/// An organisation, under its slug in `organisations`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrganisationRecord {
    /// Its name for people.
    pub name: String,
    /// Roles granted by vote, ordered. Nothing else gives a role.
    pub roles: Vec<String>,
    /// Its root certificate, DER.
    pub ca_certificate: Vec<u8>,
    /// The block in which it was suspended; its members are refused from the next on.
    pub suspended_at: Option<u64>,
    /// The block in which it was removed for good; its slug is never given again.
    pub removed_at: Option<u64>,
}

impl OrganisationRecord {
    /// Whether its members may act and its votes count.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.suspended_at.is_none() && self.removed_at.is_none()
    }
}

/// A member, under `m/` and its id in `members`; its certificate, DER, is under `c/` and its id.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MemberRecord {
    /// The only key that speaks for it.
    pub key: PublicKey,
    /// Functions in its certificate, ordered: `maker`, `checker`, `operator`, `admin`.
    pub functions: Vec<String>,
    /// Block time, milliseconds since 1970, after which its certificate holds no more.
    pub not_after_ms: u64,
    /// The block that registered it or renewed its certificate.
    pub registered_at: u64,
    /// The block in which it was revoked; it is refused from the next on.
    pub revoked_at: Option<u64>,
}

/// Key of a member's record within `members`.
#[must_use]
pub fn member_key(id: &str) -> Vec<u8> {
    [b"m/", id.as_bytes()].concat()
}

/// Key of a member's certificate within `members`.
#[must_use]
pub fn certificate_key(id: &str) -> Vec<u8> {
    [b"c/", id.as_bytes()].concat()
}

/// Key of the member whose key it is, or once was, within `members`.
#[must_use]
pub fn holder_key(key: &PublicKey) -> Vec<u8> {
    [b"k/", key.to_string().as_bytes()].concat()
}
