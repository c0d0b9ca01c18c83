//! Refusals of the evidence contract, in order of precedence.

use blockworm_kit::CallerError;
use cosmwasm_std::StdError;

/// Why a message was refused.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The host failed, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The caller is not who may ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// No deposits, or too many.
    #[error("evidence.bad_count: one message deposits 1 to {most} files, not {count}")]
    BadCount {
        /// The most.
        most: usize,
        /// How many there were.
        count: usize,
    },
    /// The id breaks its rule.
    #[error("evidence.bad_matter: a matter's id is 1 to 64 of a-z, 0-9 and '-'")]
    BadMatter,
    /// A word breaks its rule.
    #[error("evidence.bad_word: {field} is 1 to 32 of a-z, 0-9 and '-'")]
    BadWord {
        /// Which.
        field: &'static str,
    },
    /// A digest is not one.
    #[error("evidence.bad_digest: {field} is 64 lower-case hex digits")]
    BadDigest {
        /// Which.
        field: &'static str,
    },
    /// There is nothing in the file.
    #[error("evidence.empty: an empty file shows nothing")]
    Empty,
    /// Captured after it was deposited, or never.
    #[error(
        "evidence.bad_time: the capture at {captured_ms} does not lie between 1970 and a minute after the block's time, {now_ms}; set the device's clock"
    )]
    BadTime {
        /// As the deposit says, milliseconds since 1970.
        captured_ms: u64,
        /// The block's.
        now_ms: u64,
    },
    /// Too many parties, or one that cannot be an organisation.
    #[error(
        "evidence.bad_parties: a matter has at most {most} parties besides the opener, each named once by its slug"
    )]
    BadParties {
        /// The most.
        most: usize,
    },
    /// A relation to oneself, or to what cannot be an organisation.
    #[error("evidence.bad_relation: a relation is to another organisation, named by its slug")]
    BadRelation,
    /// The host gave no transaction id to write down.
    #[error("evidence.no_transaction: rows name their transaction, and there is none")]
    NoTransaction,
    /// The id is taken.
    #[error("evidence.matter_exists: there is a matter {matter}; choose another id")]
    MatterExists {
        /// The id.
        matter: String,
    },
    /// No such matter.
    #[error("evidence.unknown_matter: there is no matter {matter}")]
    UnknownMatter {
        /// The id asked for.
        matter: String,
    },
    /// Somebody else's matter.
    #[error(
        "evidence.not_a_party: {organisation} is no party of {matter}; its parties are {parties}"
    )]
    NotAParty {
        /// Whose member asked.
        organisation: String,
        /// The matter.
        matter: String,
        /// Who is.
        parties: String,
    },
    /// A party would attest or decide in its own matter.
    #[error(
        "evidence.interested: {organisation} is a party of {matter}, and nobody attests or decides in a matter of its own"
    )]
    Interested {
        /// Whose member asked.
        organisation: String,
        /// The matter.
        matter: String,
    },
    /// Another party opened it.
    #[error("evidence.not_the_opener: {matter} was opened by {opener}, whose members close it")]
    NotTheOpener {
        /// The matter.
        matter: String,
        /// Who opened it.
        opener: String,
    },
    /// Deposits have ended.
    #[error("evidence.closed: {matter} is closed; deposit in another matter")]
    Closed {
        /// The matter.
        matter: String,
    },
    /// An order is in force.
    #[error("evidence.already_held: an order keeps the originals of {matter} already")]
    AlreadyHeld {
        /// The matter.
        matter: String,
    },
    /// No order is in force.
    #[error("evidence.not_held: no order keeps the originals of {matter}")]
    NotHeld {
        /// The matter.
        matter: String,
    },
    /// An order forbids to destroy anything.
    #[error(
        "evidence.on_hold: the order of act {act} keeps the originals of {matter} until a court releases them"
    )]
    OnHold {
        /// The matter.
        matter: String,
        /// The order.
        act: u32,
    },
    /// No such entry.
    #[error("evidence.unknown_entry: {matter} has no entry {entry}")]
    UnknownEntry {
        /// The matter.
        matter: String,
        /// The number asked for.
        entry: u32,
    },
    /// No such attestation.
    #[error("evidence.unknown_attestation: {matter} has no attestation {attestation}")]
    UnknownAttestation {
        /// The matter.
        matter: String,
        /// The number asked for.
        attestation: u32,
    },
    /// Somebody else attested.
    #[error("evidence.not_the_attester: {organisation} made this attestation")]
    NotTheAttester {
        /// Who.
        organisation: String,
    },
    /// It was taken back before.
    #[error("evidence.already_withdrawn: the attestation was withdrawn in block {height}")]
    AlreadyWithdrawn {
        /// When.
        height: u64,
    },
    /// No such dispute is open.
    #[error("evidence.no_dispute: act {act} of {matter} is no dispute, or a court has decided it")]
    NoDispute {
        /// The matter.
        matter: String,
        /// The act's number.
        act: u32,
    },
    /// A dispute is open.
    #[error("evidence.dispute_open: the dispute of act {act} in {matter} waits for a court")]
    DisputeOpen {
        /// The matter.
        matter: String,
        /// The dispute.
        act: u32,
    },
    /// The retention would become shorter, or lasts too long.
    #[error(
        "evidence.bad_retention: the originals can be kept from {least_ms} on, to {most_ms}; a retention never becomes shorter"
    )]
    BadRetention {
        /// The earliest end, milliseconds since 1970.
        least_ms: u64,
        /// The latest.
        most_ms: u64,
    },
    /// Somebody else's original.
    #[error("evidence.not_the_depositor: entry {entry} was deposited by {organisation}")]
    NotTheDepositor {
        /// The entry.
        entry: u32,
        /// Who deposited it.
        organisation: String,
    },
    /// It must be kept.
    #[error("evidence.retained: the originals of {matter} are kept until {until_ms}")]
    Retained {
        /// The matter.
        matter: String,
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// It was destroyed before.
    #[error("evidence.already_erased: act {act} says that the original was destroyed")]
    AlreadyErased {
        /// Which act.
        act: u32,
    },
    /// The same commitment stands in the matter.
    #[error("evidence.already_deposited: {matter} has this commitment as entry {entry}")]
    AlreadyDeposited {
        /// The matter.
        matter: String,
        /// The entry.
        entry: u32,
    },
    /// The matter is full.
    #[error("evidence.full: {matter} has {most} {what}, which is the most; open another matter")]
    Full {
        /// The matter.
        matter: String,
        /// Of what.
        what: &'static str,
        /// How many.
        most: u32,
    },
}
