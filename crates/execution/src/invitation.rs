//! An invitation to a consortium and its acceptance: what travels between two machines, and what the ledger checks of it.
//!
//! The invitation is signed by an admin of the consortium, the acceptance by the admin of the new
//! organisation, whose keys never leave its machine. Both are shown to the ledger with the proposal
//! that admits the organisation; every vote is over both.

use blockworm_crypto::{Digest, Namespace, PublicKey, Signature, sha256};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId, json_bytes};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most ledgers that one invitation names.
pub const MAX_INVITED_LEDGERS: usize = 8;
/// Most nodes to reach that it names for each.
pub const MAX_INVITED_NODES: usize = 16;
/// How long an invitation may hold at most, milliseconds: 90 days.
pub const MAX_INVITATION_MS: u64 = 90 * 24 * 3_600_000;

/// Whom a consortium invites, to what, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Random; an invitation counts once on each ledger.
    #[serde(with = "json_bytes::hex_array")]
    pub id: [u8; 16],
    /// The admin who invites.
    pub inviter: MemberId,
    /// The slug that the new organisation will have.
    pub organisation: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// The roles that the consortium will grant it, ascending, each once.
    pub roles: Vec<String>,
    /// The ledgers that it will keep.
    pub ledgers: Vec<InvitedLedger>,
    /// Block time, milliseconds since 1970, from which on it counts no more.
    pub expires_at_ms: u64,
}

/// A ledger that an invitation names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedLedger {
    /// Its name for people.
    pub name: String,
    /// Its id.
    pub id: LedgerId,
    /// The digest of its genesis.
    pub genesis: Digest,
    /// Who keeps it, where the new node finds them.
    pub nodes: Vec<InvitedNode>,
}

/// A node that keeps an invited ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedNode {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its consensus key.
    pub key: PublicKey,
    /// Where it speaks with other nodes, `address:port`.
    pub address: String,
}

/// An invitation with the inviter's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedInvitation {
    /// What is signed.
    pub invitation: Invitation,
    /// By the inviter's registered key over [`Invitation::digest`] in [`invitation_namespace`].
    pub signature: Signature,
}

/// What the invited organisation answers: its root, its first admin and its node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The digest of the invitation.
    pub invitation: Digest,
    /// The organisation's root certificate, DER.
    #[serde(with = "json_bytes::base64_text")]
    pub root: Vec<u8>,
    /// The chain of its first admin: the certificate, then the issuing authority's, DER.
    #[serde(with = "json_bytes::base64_text")]
    pub admin: Vec<u8>,
    /// The chain of its node.
    #[serde(with = "json_bytes::base64_text")]
    pub node: Vec<u8>,
    /// Where the others reach its node, `address:port`.
    pub address: String,
}

/// An acceptance with the new admin's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAcceptance {
    /// What is signed.
    pub acceptance: Acceptance,
    /// By the key of the admin's certificate over [`Acceptance::digest`] in [`acceptance_namespace`].
    pub signature: Signature,
}

impl Invitation {
    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&crate::records::write(self)])
    }

    /// Its id as people see it.
    #[must_use]
    pub fn id_text(&self) -> String {
        hex::encode(self.id)
    }

    /// The named ledger of this genesis.
    #[must_use]
    pub fn ledger(&self, genesis: &Digest) -> Option<&InvitedLedger> {
        self.ledgers
            .iter()
            .find(|ledger| ledger.genesis == *genesis)
    }
}

impl Acceptance {
    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&crate::records::write(self)])
    }
}

/// What inviters sign in: `blockworm/invitation`. The ledgers are named in what is signed.
#[must_use]
pub const fn invitation_namespace() -> Namespace {
    Namespace::from_static("blockworm/invitation")
}

/// What new organisations' admins sign in: `blockworm/acceptance`.
#[must_use]
pub const fn acceptance_namespace() -> Namespace {
    Namespace::from_static("blockworm/acceptance")
}
