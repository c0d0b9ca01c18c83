//! The stable codes of the system itself, in order of precedence; contracts add their own.

/// The transaction took effect.
pub const OK: &str = "ok";
/// More bytes than the ledger takes.
pub const TRANSACTION_OVERSIZED: &str = "transaction.oversized";
/// The bytes are not a transaction.
pub const TRANSACTION_MALFORMED: &str = "transaction.malformed";
/// The signature is not the key's.
pub const TRANSACTION_BAD_SIGNATURE: &str = "transaction.bad_signature";
/// It was made for another ledger.
pub const TRANSACTION_WRONG_LEDGER: &str = "transaction.wrong_ledger";
/// Block time has reached its expiry.
pub const TRANSACTION_EXPIRED: &str = "transaction.expired";
/// Its expiry lies further ahead than the ledger allows.
pub const TRANSACTION_EXPIRY_TOO_FAR: &str = "transaction.expiry_too_far";
/// The sender is not registered.
pub const MEMBER_UNKNOWN: &str = "member.unknown";
/// The key is not the sender's registered one.
pub const MEMBER_KEY_MISMATCH: &str = "member.key_mismatch";
/// The sender was revoked.
pub const MEMBER_REVOKED: &str = "member.revoked";
/// The sender's organisation left the consortium for good.
pub const ORGANISATION_REMOVED: &str = "organisation.removed";
/// The sender's organisation is suspended.
pub const ORGANISATION_SUSPENDED: &str = "organisation.suspended";
/// The consortium archived the ledger: it takes nothing but proposals and votes.
pub const LEDGER_ARCHIVED: &str = "ledger.archived";
/// The same transaction already stands in an earlier block or place.
pub const TRANSACTION_REPLAYED: &str = "transaction.replayed";
/// No contract of this name.
pub const CONTRACT_UNKNOWN: &str = "contract.unknown";
/// The contract's code stopped by a panic or trap.
pub const CONTRACT_PANICKED: &str = "contract.panicked";
/// The contract refused without a code of its own.
pub const CONTRACT_FAILED: &str = "contract.failed";
/// The work costs more than one transaction may.
pub const EXECUTION_COST_EXCEEDED: &str = "execution.cost_exceeded";

/// All of the above, in order of precedence.
pub const SYSTEM_CODES: &[&str] = &[
    TRANSACTION_OVERSIZED,
    TRANSACTION_MALFORMED,
    TRANSACTION_BAD_SIGNATURE,
    TRANSACTION_WRONG_LEDGER,
    TRANSACTION_EXPIRED,
    TRANSACTION_EXPIRY_TOO_FAR,
    MEMBER_UNKNOWN,
    MEMBER_KEY_MISMATCH,
    MEMBER_REVOKED,
    ORGANISATION_REMOVED,
    ORGANISATION_SUSPENDED,
    LEDGER_ARCHIVED,
    TRANSACTION_REPLAYED,
    CONTRACT_UNKNOWN,
    CONTRACT_PANICKED,
    CONTRACT_FAILED,
    EXECUTION_COST_EXCEEDED,
    OK,
];
