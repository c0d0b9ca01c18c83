//! Why a key holder does not answer, each with its stable code.

use super::{ASKING_ROLE, audit::AuditError};
use blockworm_crypto::oprf::{KeyVersion, MAX_BATCH, OprfError};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};

/// Why a request was not answered, in order of precedence.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// For another organisation's key.
    #[error("the request is for the key of {asked}, which is not here")]
    OtherHolder {
        /// Whom it names.
        asked: OrganisationId,
    },
    /// For another ledger's registry.
    #[error("the request is for the registry on ledger {asked}, which this key does not serve")]
    OtherLedger {
        /// Which it names.
        asked: LedgerId,
    },
    /// No such member, or not signed with the member's registered key.
    #[error("the signature is not that of a registered member {member}")]
    BadSignature {
        /// Who asks.
        member: MemberId,
    },
    /// The bank sends more requests than are taken.
    #[error("the bank asks too often; the next request is taken in {retry_after_ms} ms")]
    TooOften {
        /// When the next is taken.
        retry_after_ms: u64,
    },
    /// Too much waits already, of all banks together.
    #[error("too many requests wait already")]
    Busy,
    /// The holder takes no more requests: the node stops.
    #[error("the key holder has stopped")]
    Stopped,
    /// Revoked, suspended or expired.
    #[error("{member} or its organisation may not act at present")]
    Inactive {
        /// Who asks.
        member: MemberId,
    },
    /// Not of a bank.
    #[error("the organisation of {member} has no role `{ASKING_ROLE}`")]
    MissingRole {
        /// Who asks.
        member: MemberId,
    },
    /// Too old, or from a clock that is ahead.
    #[error("the request is of {asked_at_ms}, the holder's clock says {now_ms}; sign it again")]
    Stale {
        /// Of the request.
        asked_at_ms: u64,
        /// The holder's.
        now_ms: u64,
    },
    /// The same request was answered already.
    #[error("this request was answered already; sign another with a new nonce")]
    Repeated,
    /// The holder has no such key, or no longer.
    #[error("there is no version {version} of the key; there are {}", list(known))]
    UnknownVersion {
        /// Which was asked for.
        version: KeyVersion,
        /// Which there are.
        known: Vec<KeyVersion>,
    },
    /// No element, or too many.
    #[error("a request has 1 to {MAX_BATCH} elements, this one has {count}")]
    BatchSize {
        /// How many there are.
        count: usize,
    },
    /// The bank has asked for as much as it may.
    #[error(
        "the bank has asked for as much as it may; the next is answered in {retry_after_ms} ms"
    )]
    OverLimit {
        /// When there is room for this request again.
        retry_after_ms: u64,
    },
    /// An element that is none.
    #[error("element {index}, counted from 0: {source}")]
    BadElement {
        /// Which, counted from 0.
        index: usize,
        /// Why.
        #[source]
        source: OprfError,
    },
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(OprfError),
    /// The audit could not be written, so nothing was answered.
    #[error("the audit could not be written, so nothing is answered")]
    NotAudited(#[source] AuditError),
}

impl Refusal {
    /// How long to wait until the same question may be answered, where waiting helps.
    #[must_use]
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::TooOften { retry_after_ms } | Self::OverLimit { retry_after_ms } => {
                Some(*retry_after_ms)
            }
            Self::Busy | Self::Stopped | Self::NotAudited(_) => Some(1_000),
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherHolder { .. } => "evaluation.other_holder",
            Self::OtherLedger { .. } => "evaluation.other_ledger",
            Self::BadSignature { .. } => "evaluation.bad_signature",
            Self::TooOften { .. } => "evaluation.too_often",
            Self::Busy => "evaluation.busy",
            Self::Stopped => "evaluation.stopped",
            Self::Inactive { .. } => "evaluation.inactive",
            Self::MissingRole { .. } => "evaluation.missing_role",
            Self::Stale { .. } => "evaluation.stale",
            Self::Repeated => "evaluation.repeated",
            Self::UnknownVersion { .. } => "evaluation.unknown_version",
            Self::BatchSize { .. } => "evaluation.batch_size",
            Self::OverLimit { .. } => "evaluation.over_limit",
            Self::BadElement { .. } => "evaluation.bad_element",
            Self::Evaluation(_) => "evaluation.failed",
            Self::NotAudited(_) => "evaluation.not_audited",
        }
    }
}

fn list(versions: &[KeyVersion]) -> String {
    let texts: Vec<String> = versions.iter().map(KeyVersion::to_string).collect();
    texts.join(", ")
}
