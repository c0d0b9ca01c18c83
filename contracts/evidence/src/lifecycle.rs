//! The life of a matter as one table: which action is possible as it stands, who may take it, and where it leads.

use crate::{
    error::EvidenceError,
    state::{ActKind, Matter},
};

/// How a matter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its parties deposit.
    Open,
    /// Likewise, and no original may be destroyed.
    Held,
    /// No deposits any more.
    Closed,
    /// Likewise, and no original may be destroyed.
    ClosedAndHeld,
}

/// What can be done in a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Adds an entry.
    Deposit,
    /// Says of an entry what was found.
    Attest,
    /// What its name says.
    Act(ActKind),
}

/// Who may take an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A member of a party.
    Party,
    /// A member of the party that opened the matter.
    Opener,
    /// A member of the organisation that deposited the entry.
    Depositor,
    /// A member of an organisation that the policy `attest` names, or else a notary or a court.
    Attesting,
    /// A member of the organisation that made the attestation.
    Attester,
    /// A member of a court that is no party.
    Court,
    /// A member of a court or a notary that is no party.
    CourtOrNotary,
}

impl Action {
    /// Who may take it, however the matter stands.
    #[must_use]
    pub const fn who(self) -> Who {
        match self {
            Self::Deposit | Self::Act(ActKind::Dispute | ActKind::Retain) => Who::Party,
            Self::Attest => Who::Attesting,
            Self::Act(ActKind::Withdraw) => Who::Attester,
            Self::Act(ActKind::Decide | ActKind::Release) => Who::Court,
            Self::Act(ActKind::Hold) => Who::CourtOrNotary,
            Self::Act(ActKind::Erase) => Who::Depositor,
            Self::Act(ActKind::Close) => Who::Opener,
        }
    }
}

impl Who {
    /// The roles of which the caller's organisation needs one; `None` where the matter says who.
    #[must_use]
    pub const fn roles(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Attesting | Self::CourtOrNotary => Some(&["notary", "court"]),
            Self::Court => Some(&["court"]),
            Self::Party | Self::Opener | Self::Depositor | Self::Attester => None,
        }
    }
}

/// How a matter stands by its row.
#[must_use]
pub const fn standing(matter: &Matter) -> Standing {
    match (matter.closed, matter.hold.is_some()) {
        (false, false) => Standing::Open,
        (false, true) => Standing::Held,
        (true, false) => Standing::Closed,
        (true, true) => Standing::ClosedAndHeld,
    }
}

/// Where an action leads. What an entry, a dispute or the retention says is checked beside it.
pub fn next(matter: &Matter, action: Action) -> Result<Standing, EvidenceError> {
    use {ActKind as K, Action as A, Standing as S};
    let id = || matter.id.clone();
    let now = standing(matter);
    match (now, action) {
        // Rule 1, closing: it ends the deposits and nothing else, for what was deposited is still
        // attested, disputed and kept.
        (S::Open, A::Act(K::Close)) => Ok(S::Closed),
        (S::Held, A::Act(K::Close)) => Ok(S::ClosedAndHeld),
        (S::Closed | S::ClosedAndHeld, A::Deposit | A::Act(K::Close)) => {
            Err(EvidenceError::Closed { matter: id() })
        }
        // Rule 2, preservation: while an order is in force nothing is destroyed (Civil Procedure Law
        // of China, art. 84), and one order at a time is.
        (S::Open, A::Act(K::Hold)) => Ok(S::Held),
        (S::Closed, A::Act(K::Hold)) => Ok(S::ClosedAndHeld),
        (S::Held | S::ClosedAndHeld, A::Act(K::Hold)) => {
            Err(EvidenceError::AlreadyHeld { matter: id() })
        }
        (S::Held, A::Act(K::Release)) => Ok(S::Open),
        (S::ClosedAndHeld, A::Act(K::Release)) => Ok(S::Closed),
        (S::Open | S::Closed, A::Act(K::Release)) => Err(EvidenceError::NotHeld { matter: id() }),
        (S::Held | S::ClosedAndHeld, A::Act(K::Erase)) => Err(EvidenceError::OnHold {
            matter: id(),
            act: matter.hold.unwrap_or_default(),
        }),
        // Rule 3: what courts, notaries and parties say of entries is said however the matter stands.
        (S::Open | S::Held, A::Deposit)
        | (S::Open | S::Closed, A::Act(K::Erase))
        | (_, A::Attest | A::Act(K::Withdraw | K::Dispute | K::Decide | K::Retain)) => Ok(now),
    }
}
