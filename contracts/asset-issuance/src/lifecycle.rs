//! The life of an asset as one table: which action is possible in which state, who may take it, and where it leads.

use crate::state::Status;
use std::fmt;

/// What can be done with an asset that was drafted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Changes the draft.
    Amend,
    /// Puts it to its checkers.
    Propose,
    /// One approval; whether it is the last that was missing.
    Approve {
        /// Whether nothing is missing after it.
        last: bool,
    },
    /// Sends it back.
    Reject,
    /// Lets it begin.
    Activate,
    /// Proposes more units.
    Mint,
    /// Ends the time in which units can be added.
    Finalise,
    /// Removes units.
    Retire,
    /// Stops it.
    Freeze,
    /// Lets it go on.
    Unfreeze,
    /// Ends it, paid.
    Redeem,
    /// Ends it, unpaid.
    Cancel,
}

/// Who may take an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A maker of the organisation that issues the asset.
    IssuingMaker,
    /// A checker of an organisation with the role that it names.
    Checker,
    /// A member of an organisation with one of the class's freezing roles.
    Freezer,
    /// A maker of an organisation with one of the class's redeeming roles.
    Redeemer,
}

impl Action {
    /// Who may take it, whatever the state.
    #[must_use]
    pub const fn who(self) -> Who {
        match self {
            Self::Approve { .. } | Self::Reject => Who::Checker,
            Self::Freeze | Self::Unfreeze => Who::Freezer,
            Self::Retire | Self::Redeem => Who::Redeemer,
            Self::Amend
            | Self::Propose
            | Self::Activate
            | Self::Mint
            | Self::Finalise
            | Self::Cancel => Who::IssuingMaker,
        }
    }
}

/// Where an action leads; `None` where the state does not know it.
#[must_use]
pub const fn next(status: Status, action: Action) -> Option<Status> {
    use {Action as A, Status as S};
    Some(match (status, action) {
        // Rule 1, drafting: what nobody was asked about yet may change.
        (S::Draft, A::Amend) => S::Draft,
        (S::Draft, A::Propose) => S::Proposed,
        // Rule 2, four eyes: the tier's approvals, all of them, and a rejection begins anew.
        (S::Proposed, A::Approve { last: false }) => S::Proposed,
        (S::Proposed, A::Approve { last: true }) => S::Approved,
        (S::Proposed | S::Approved, A::Reject) => S::Draft,
        // Rule 3, beginning: what was approved, as it was approved, and once.
        (S::Approved, A::Activate) => S::Active,
        // Rule 4, supply: units are added like an asset, by approval, until it is finalised.
        (S::Active, A::Mint | A::Approve { .. } | A::Reject) => S::Active,
        (S::Active, A::Finalise | A::Retire) => S::Active,
        // Rule 5, orders: freezing stops everything until an order lifts it.
        (S::Active, A::Freeze) => S::Frozen,
        (S::Frozen, A::Unfreeze) => S::Active,
        // Rule 6, ends: nobody but the issuer holds any, which the holdings' contract checks.
        (S::Active, A::Redeem) => S::Redeemed,
        (S::Draft | S::Proposed | S::Approved | S::Active, A::Cancel) => S::Cancelled,
        // Rule 7: ends are final, a frozen asset waits, and nothing skips a state.
        (S::Draft | S::Proposed | S::Approved | S::Active, _)
        | (S::Frozen | S::Redeemed | S::Cancelled, _) => return None,
    })
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amend => "amend",
            Self::Propose => "propose",
            Self::Approve { .. } => "approve",
            Self::Reject => "reject",
            Self::Activate => "activate",
            Self::Mint => "mint",
            Self::Finalise => "finalise",
            Self::Retire => "retire",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Redeem => "redeem",
            Self::Cancel => "cancel",
        })
    }
}
