//! Why a timestamp, an answer about one or an evidence record was refused.

use crate::{asn1::Malformed, cms::CmsError, pkix::PkixError};

/// Why a timestamp, an answer about one or an evidence record was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The bytes have not the shape of RFC 3161 or RFC 4998.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// More bytes or timestamps than are taken.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// A hash function or signature that is not taken.
    #[error("{0}")]
    Algorithm(PkixError),
    /// The authority refused.
    #[error("the authority refused: {0}")]
    Refused(super::Refusal),
    /// The token answers another request, or an old one again.
    #[error("the token's nonce is not the request's: it answers another request")]
    WrongNonce,
    /// The token is for other bytes.
    #[error("the token is for other bytes: its imprint differs")]
    Imprint,
    /// The token is under another policy than was asked for.
    #[error("the token is under another policy than was asked for")]
    Policy,
    /// The authority's certificate had ended at the token's time.
    #[error("a certificate of the authority had ended at the token's time")]
    Expired,
    /// The authority's certificate holds only after the token's time.
    #[error("a certificate of the authority holds only after the token's time")]
    NotYetValid,
    /// No path leads from the authority to a pinned root.
    #[error("no path leads from the authority to a root that is pinned")]
    Untrusted,
    /// The authority's certificate is not for timestamps.
    #[error("the authority's certificate is not for timestamps: {0}")]
    Purpose(&'static str),
    /// The authority's certificate was revoked in a way that the token does not outlive.
    #[error("the authority's certificate is revoked since {since_ms} ms after 1970: {reason}")]
    Revoked {
        /// Since when, in milliseconds since 1970 UTC.
        since_ms: u64,
        /// As the list says.
        reason: &'static str,
    },
    /// A timestamp of the record came after the one before had lost its force, or is older than it.
    #[error("timestamp {position} of the record came when the one before held no more")]
    RenewedLate {
        /// Which one, from 1.
        position: usize,
    },
    /// What the signature, its attributes or its certificates break.
    #[error("the token's signature: {0}")]
    Signature(CmsError),
}

impl TimestampError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "timestamp.malformed",
            Self::TooLarge(_) => "timestamp.too_large",
            Self::Algorithm(_) => "timestamp.algorithm",
            Self::Refused(_) => "timestamp.refused",
            Self::WrongNonce => "timestamp.wrong_nonce",
            Self::Imprint => "timestamp.imprint",
            Self::Policy => "timestamp.policy",
            Self::Expired => "timestamp.expired",
            Self::NotYetValid => "timestamp.not_yet_valid",
            Self::Untrusted => "timestamp.untrusted",
            Self::Purpose(_) => "timestamp.purpose",
            Self::Revoked { .. } => "timestamp.revoked",
            Self::RenewedLate { .. } => "timestamp.renewed_late",
            Self::Signature(_) => "timestamp.signature",
        }
    }
}

// A token is a signed document: what its bytes break is named there, and here for what it means to a token.

impl From<Malformed> for TimestampError {
    fn from(error: Malformed) -> Self {
        CmsError::from(error).into()
    }
}

impl From<PkixError> for TimestampError {
    fn from(error: PkixError) -> Self {
        CmsError::from(error).into()
    }
}

impl From<CmsError> for TimestampError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::Malformed(what) => Self::Malformed(what),
            CmsError::TooLarge(what) => Self::TooLarge(what),
            CmsError::Algorithm(error) => Self::Algorithm(error),
            CmsError::Expired => Self::Expired,
            CmsError::NotYetValid => Self::NotYetValid,
            CmsError::Untrusted | CmsError::PathSignature => Self::Untrusted,
            CmsError::Purpose(what) => Self::Purpose(what),
            CmsError::Revoked { since_ms, reason } => Self::Revoked { since_ms, reason },
            error => Self::Signature(error),
        }
    }
}
