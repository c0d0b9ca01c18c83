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
    /// The sets contradict themselves or each other.
    #[error("registry.bad_sets: {what}")]
    BadSets {
        /// The rule that they break.
        what: &'static str,
    },
    /// Not what a commitment can be opened with.
    #[error("registry.bad_nonce: a nonce is 64 lower-case hex digits")]
    BadNonce,
    /// Not a commitment.
    #[error("registry.bad_commitment: a commitment is 64 lower-case hex digits")]
    BadCommitment,
    /// The bank holds this very commitment.
    #[error("registry.already_committed: your bank has made this commitment; draw a new nonce")]
    AlreadyCommitted,
    /// Nothing was committed to, or something else.
    #[error(
        "registry.not_committed: your bank has not committed itself to exactly this; send `commit` first and open it in a later block"
    )]
    NotCommitted,
    /// Its life is over.
    #[error(
        "registry.commitment_expired: the commitment of block {height} is older than ten minutes; commit again"
    )]
    CommitmentExpired {
        /// The block that held it.
        height: u64,
    },
    /// Not old enough.
    #[error("registry.too_soon: the commitment can be opened from block {from} on")]
    TooSoon {
        /// The first block.
        from: u64,
    },
    /// The key holders have published nothing yet.
    #[error(
        "registry.no_keys: both key holders must publish a public key before anything is claimed"
    )]
    NoKeys,
    /// Not the sets that show every open claim on the document.
    #[error(
        "registry.other_versions: a set is needed for each of the key versions {required}, and none that is not in force; fingerprint the document under these and commit again"
    )]
    OtherVersions {
        /// Ordered, with commas.
        required: String,
    },
    /// The claim is known under that version.
    #[error("registry.has_version: claim {claim} has a set of one of these versions")]
    HasVersion {
        /// The claim's number.
        claim: u64,
    },
    /// A share is the claim's for good.
    #[error("registry.other_share: claim {claim} is made on another share")]
    OtherShare {
        /// The claim's number.
        claim: u64,
    },
    /// Somebody keeps it.
    #[error(
        "registry.already_reserved: {taken} of 1000000000 parts are taken, the reserved ones until {until_ms}; from then on a proof that they were not pledged ends the reservation by `release`"
    )]
    AlreadyReserved {
        /// The sum of all open claims' shares.
        taken: u64,
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// Somebody has financed it.
    #[error(
        "registry.already_financed: {taken} of 1000000000 parts are taken, the last financing was registered in block {height}"
    )]
    AlreadyFinanced {
        /// The sum of all open claims' shares.
        taken: u64,
        /// The block.
        height: u64,
    },
    /// The claim is a financing already.
    #[error("registry.already_confirmed: the claim has been a financing since block {height}")]
    AlreadyConfirmed {
        /// The block.
        height: u64,
    },
    /// One at a time.
    #[error(
        "registry.not_firm: your bank has a claim on one of these fingerprints that is firm after block {firm_at}; reserve again from then on"
    )]
    NotFirm {
        /// The block.
        firm_at: u64,
    },
    /// Not displaced, or cleared before.
    #[error("registry.nothing_to_clear: claim {claim} was not displaced, or was cleared before")]
    NothingToClear {
        /// The number asked for.
        claim: u64,
    },
    /// So many claims on one fingerprint are not looked through.
    #[error(
        "registry.too_many_claims: 64 open claims share one of the fingerprints; wait until one ends"
    )]
    TooManyClaims,
    /// A question that is too long.
    #[error("registry.too_much_asked: at most 128 fingerprints are checked at once")]
    TooMuchAsked,
    /// There is no open claim that the message could act on.
    #[error("registry.no_claim: claim {claim} is not an open one {whose}")]
    NoClaim {
        /// The number asked for.
        claim: u64,
        /// Who would have to hold it.
        whose: &'static str,
    },
    /// Only two organisations' keys count.
    #[error("registry.not_a_holder: only the two key holders publish keys")]
    NotAHolder,
    /// Versions follow one another.
    #[error("registry.bad_version: the next version is {next}")]
    BadVersion {
        /// The newest in force and one more.
        next: u32,
    },
    /// Not a key, or not a new one.
    #[error(
        "registry.bad_key: a public key is 64 lower-case hex digits, another than before and than the other holder's"
    )]
    BadKey,
    /// Open claims stand under too many old keys.
    #[error(
        "registry.too_many_versions: open claims stand under eight older versions; the banks must register them again first"
    )]
    TooManyVersions,
    /// Not two holders.
    #[error("registry.bad_holders: the two key holders are different organisations")]
    BadHolders,
    /// Too long a wait.
    #[error("registry.bad_settle_blocks: `settle_blocks` is at most 64")]
    BadSettleBlocks,
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
