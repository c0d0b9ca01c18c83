//! Refusals, which end in a receipt, and failures, after which a node must not go on.

use blockworm_ledger::names::NameError;
use blockworm_state::StateError;

/// A refusal: a stable code and a sentence for people. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// `<area>.<snake_case>`, such as `receivable.already_financed`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl Refusal {
    /// A refusal from its parts.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// Why execution cannot go on. None of these depends on a transaction's content alone.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The store failed, or holds what this program did not write.
    #[error(transparent)]
    State(#[from] StateError),
    /// A record of the system's own cannot be read.
    #[error("the record of {what} in the state is damaged: rebuild the state from blocks")]
    DamagedRecord {
        /// Which record.
        what: &'static str,
    },
    /// The state belongs to another genesis.
    #[error("the state belongs to another genesis: use another directory or the right genesis")]
    OtherGenesis,
    /// `apply_genesis` was not called, or the state is empty.
    #[error("the state has no genesis yet")]
    NoGenesis,
    /// The genesis names a code that this program does not have.
    #[error("contract {contract} needs the code {code}, which this program does not have")]
    UnknownCode {
        /// The contract's name.
        contract: String,
        /// `name@version`.
        code: String,
    },
    /// The genesis breaks a rule.
    #[error("the genesis is not acceptable: {reason}")]
    BadGenesis {
        /// Which rule.
        reason: String,
    },
    /// A block that does not follow the last executed one.
    #[error("block {got} cannot be executed, the next is {expected}")]
    OutOfOrder {
        /// The next height.
        expected: u64,
        /// The block's height.
        got: u64,
    },
    /// A block that must not have passed verification: a transaction in it cannot be read.
    #[error("transaction {index} of block {height} cannot be read")]
    UnreadableTransaction {
        /// The block.
        height: u64,
        /// Its place.
        index: usize,
    },
    /// A block of another ledger.
    #[error("the block belongs to another ledger")]
    OtherLedger,
    /// A name in the state or the genesis breaks the rule of names.
    #[error(transparent)]
    Name(#[from] NameError),
}
