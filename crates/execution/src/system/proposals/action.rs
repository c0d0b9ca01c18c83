//! What the consortium can change, and the digest by which a vote names it.

use crate::{
    invitation::{SignedAcceptance, SignedInvitation},
    records,
    system::MembershipAction,
};
use blockworm_crypto::{Digest, Signature, sha256};
use blockworm_ledger::{OrganisationId, json_bytes};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A change that only the consortium can make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Gives an organisation exactly these roles.
    SetRoles {
        /// Whose.
        organisation: OrganisationId,
        /// Slugs, ascending, each once; at most 16.
        roles: Vec<String>,
    },
    /// Refuses transactions of all its members.
    Suspend {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Takes transactions of its members again.
    Reinstate {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Trusts the finality proofs of another ledger that began with this genesis.
    PinLedger {
        /// What contracts call it here; a slug.
        name: OrganisationId,
        /// Digest of its genesis.
        genesis: Digest,
    },
    /// Changes the nodes that keep the ledger, or those that vote.
    Membership(MembershipAction),
    /// Takes an invited organisation in: its record with the invited roles, its admin, its node.
    AdmitOrganisation {
        /// Signed by an admin of this ledger.
        invitation: Box<SignedInvitation>,
        /// Signed by the new organisation's admin.
        acceptance: Box<SignedAcceptance>,
    },
    /// Ends an organisation's part for good: its members are refused, its nodes are sent nothing.
    RemoveOrganisation {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Replaces an organisation's root certificate; proposed by itself. Registered members stay.
    SetAuthority {
        /// Whose.
        organisation: OrganisationId,
        /// The new root, DER.
        #[serde(with = "json_bytes::base64_text")]
        certificate: Vec<u8>,
        /// SHA-256 of the root that it replaces.
        replaces: Digest,
    },
    /// Registers an admin of an organisation whose own admins can act no more, or renews one.
    RegisterAdmin {
        /// Whose.
        organisation: OrganisationId,
        /// The admin's chain of certificates, DER; it leads to the organisation's root.
        #[serde(with = "json_bytes::base64_text")]
        certificate: Vec<u8>,
        /// As in [`NewMember`](crate::NewMember): by the certified key.
        possession: Signature,
    },
    /// Says which roles may do an act that contracts ask about.
    SetPolicy {
        /// The act.
        act: Act,
        /// Slugs, ascending, each once; 1 to 16.
        roles: Vec<String>,
    },
    /// Says how many approvals a kind of change needs.
    SetThreshold {
        /// The kind.
        kind: ActionKind,
        /// Numerator and denominator: more than this share must approve.
        more_than: [u16; 2],
    },
    /// Says which days of a year are no business days, and which weekend days are.
    SetCalendar {
        /// The calendar; a slug.
        calendar: OrganisationId,
        /// The year.
        year: u16,
        /// Days on which nothing falls due, `YYYY-MM-DD`, ascending.
        holidays: Vec<String>,
        /// Saturdays and Sundays that are worked, `YYYY-MM-DD`, ascending.
        workdays: Vec<String>,
    },
    /// From the next block on the ledger takes nothing but proposals and votes.
    ArchiveLedger {},
    /// Takes transactions again.
    ReopenLedger {},
}

/// What a policy is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Bringing assets and receivables into being.
    Issue,
    /// Signing for what others rely on as evidence.
    Attest,
    /// Freezing holdings under an order, and lifting that.
    Freeze,
    /// Replacing a contract's code.
    Upgrade,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Issue, Self::Attest, Self::Freeze, Self::Upgrade];

    /// Its name in messages and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Attest => "attest",
            Self::Freeze => "freeze",
            Self::Upgrade => "upgrade",
        }
    }
}

/// A kind of change, which has its threshold.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// [`Action::SetRoles`].
    SetRoles,
    /// [`Action::Suspend`].
    Suspend,
    /// [`Action::Reinstate`].
    Reinstate,
    /// [`Action::PinLedger`].
    PinLedger,
    /// [`Action::Membership`].
    Membership,
    /// [`Action::AdmitOrganisation`].
    AdmitOrganisation,
    /// [`Action::RemoveOrganisation`].
    RemoveOrganisation,
    /// [`Action::SetAuthority`].
    SetAuthority,
    /// [`Action::RegisterAdmin`].
    RegisterAdmin,
    /// [`Action::SetPolicy`].
    SetPolicy,
    /// [`Action::SetThreshold`].
    SetThreshold,
    /// [`Action::SetCalendar`].
    SetCalendar,
    /// [`Action::ArchiveLedger`].
    ArchiveLedger,
    /// [`Action::ReopenLedger`].
    ReopenLedger,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::SetRoles,
        Self::Suspend,
        Self::Reinstate,
        Self::PinLedger,
        Self::Membership,
        Self::AdmitOrganisation,
        Self::RemoveOrganisation,
        Self::SetAuthority,
        Self::RegisterAdmin,
        Self::SetPolicy,
        Self::SetThreshold,
        Self::SetCalendar,
        Self::ArchiveLedger,
        Self::ReopenLedger,
    ];

    /// Its name in messages and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetRoles => "set_roles",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::PinLedger => "pin_ledger",
            Self::Membership => "membership",
            Self::AdmitOrganisation => "admit_organisation",
            Self::RemoveOrganisation => "remove_organisation",
            Self::SetAuthority => "set_authority",
            Self::RegisterAdmin => "register_admin",
            Self::SetPolicy => "set_policy",
            Self::SetThreshold => "set_threshold",
            Self::SetCalendar => "set_calendar",
            Self::ArchiveLedger => "archive_ledger",
            Self::ReopenLedger => "reopen_ledger",
        }
    }

    /// Whether a vote may let less than two thirds decide it: whatever says who belongs, who votes,
    /// whose keys count or what the rules are may not.
    pub(crate) const fn may_be_eased(self) -> bool {
        matches!(
            self,
            Self::PinLedger | Self::SetCalendar | Self::ArchiveLedger | Self::ReopenLedger
        )
    }
}

impl Action {
    /// SHA-256 of its canonical bytes: what a vote is about.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&records::write(self)])
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::SetRoles { .. } => ActionKind::SetRoles,
            Self::Suspend { .. } => ActionKind::Suspend,
            Self::Reinstate { .. } => ActionKind::Reinstate,
            Self::PinLedger { .. } => ActionKind::PinLedger,
            Self::Membership(_) => ActionKind::Membership,
            Self::AdmitOrganisation { .. } => ActionKind::AdmitOrganisation,
            Self::RemoveOrganisation { .. } => ActionKind::RemoveOrganisation,
            Self::SetAuthority { .. } => ActionKind::SetAuthority,
            Self::RegisterAdmin { .. } => ActionKind::RegisterAdmin,
            Self::SetPolicy { .. } => ActionKind::SetPolicy,
            Self::SetThreshold { .. } => ActionKind::SetThreshold,
            Self::SetCalendar { .. } => ActionKind::SetCalendar,
            Self::ArchiveLedger {} => ActionKind::ArchiveLedger,
            Self::ReopenLedger {} => ActionKind::ReopenLedger,
        }
    }

    /// Its JSON, as events carry it.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("invariant: an action is text and lists")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_those_of_the_messages() {
        for kind in ActionKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for act in Act::ALL {
            assert_eq!(serde_json::to_value(act).unwrap(), act.name());
        }
        let action = Action::ArchiveLedger {};
        assert_eq!(action.text(), r#"{"archive_ledger":{}}"#);
        assert_eq!(
            serde_json::from_str::<Action>(&action.text()).unwrap(),
            action
        );
    }
}
