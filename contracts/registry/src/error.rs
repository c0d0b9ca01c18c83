//! Every refusal of the registry contract, without a word on who holds a claim: rivals read these.

use blockworm_kit::CallerError;
use cosmwasm_std::StdError;

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The host could not answer.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The caller may not ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// Not a fingerprint.
    #[error("registry.bad_fingerprint: a fingerprint is 64 lower-case hex digits")]
    BadFingerprint,
    /// Too short or too long.
    #[error("registry.bad_duration: a reservation lasts 1 to {most} ms, not {asked}")]
    BadDuration {
        /// What was asked for.
        asked: u64,
        /// The longest.
        most: u64,
    },
    /// Somebody keeps it.
    #[error("registry.already_reserved: the document is reserved until {until_ms}")]
    AlreadyReserved {
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// Somebody has financed it.
    #[error("registry.already_financed: the document was financed in block {height}")]
    AlreadyFinanced {
        /// The block.
        height: u64,
    },
    /// The caller's bank has no claim that the message could act on.
    #[error("registry.no_claim: your bank holds no {what} on the document")]
    NoClaim {
        /// `reservation` or `claim`.
        what: &'static str,
    },
    /// The reservation's time has passed.
    #[error("registry.reservation_expired: the reservation ended at {until_ms}; reserve again")]
    ReservationExpired {
        /// Milliseconds since 1970.
        until_ms: u64,
    },
}
