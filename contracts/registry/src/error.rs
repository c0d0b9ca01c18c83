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
    #[error("registry.bad_duration: a reservation lasts {least} to {most} ms, not {asked}")]
    BadDuration {
        /// What was asked for.
        asked: u64,
        /// The shortest.
        least: u64,
        /// The longest.
        most: u64,
    },
    /// Not one of the ledgers that the registry began with.
    #[error(
        "registry.unknown_ledger: nothing is financed on a ledger {ledger}, as far as this registry knows"
    )]
    UnknownLedger {
        /// The name asked for.
        ledger: String,
    },
    /// Somebody keeps it.
    #[error(
        "registry.already_reserved: the document is reserved until {until_ms}; from then on a proof that it was not pledged ends the reservation by `release`"
    )]
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
    /// There is no open claim that the message could act on.
    #[error("registry.no_claim: {whose} on the document")]
    NoClaim {
        /// Who holds none.
        whose: &'static str,
    },
    /// What stands at the pledge's key is none.
    #[error("registry.unreadable_pledge: what the proof shows is not a pledge")]
    UnreadablePledge,
    /// The trade's ledger had no pledge.
    #[error(
        "registry.not_pledged: block {height} of the trade's ledger had no pledge under the reservation"
    )]
    NotPledged {
        /// Of the trade's ledger.
        height: u64,
    },
    /// The pledge has ended, so that nothing is left to confirm.
    #[error(
        "registry.pledge_ended: the pledge ended or was forgone; the same proof ends the claim by `release`"
    )]
    PledgeEnded,
    /// The pledge stands.
    #[error(
        "registry.still_pledged: block {height} of the trade's ledger holds the pledge; the claim is released once that has ended"
    )]
    StillPledged {
        /// Of the trade's ledger.
        height: u64,
    },
    /// A pledge could still follow.
    #[error(
        "registry.too_early: the proof shows the trade's ledger at {proved_ms}; it can pledge under the reservation until {until_ms}"
    )]
    TooEarly {
        /// The proved block's time, milliseconds since 1970.
        proved_ms: u64,
        /// When the reservation ends there.
        until_ms: u64,
    },
}
