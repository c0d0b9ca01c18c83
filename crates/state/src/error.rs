//! What can go wrong with state, as facts.

use crate::store::Table;
use blockworm_crypto::Digest;

/// The backing store failed; what is on disk is unchanged or holds the whole batch.
#[derive(Debug, thiserror::Error)]
#[error("the state store could not {action}: {source}")]
pub struct StoreError {
    /// What was being done: "read", "write", "open", "clear".
    pub action: &'static str,
    /// What the store said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    pub(crate) fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            action,
            source: source.into(),
        }
    }
}

/// Why state refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The backing store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The number of bucket bits lies outside 1 to 24.
    #[error("state needs 1 to 24 bucket bits, not {0}")]
    BucketBitsOutOfRange(u8),
    /// The store was made with another number of bucket bits.
    #[error(
        "the state on disk has 2^{stored} buckets, the ledger asks for 2^{asked}: rebuild it from blocks"
    )]
    BucketBitsDiffer {
        /// What the store was made with.
        stored: u8,
        /// What the caller asks for.
        asked: u8,
    },
    /// The store was made by another version of this crate.
    #[error("the state on disk has format {stored}, this program reads {supported}")]
    FormatUnsupported {
        /// The format on disk.
        stored: u8,
        /// The format of this program.
        supported: u8,
    },
    /// The root recomputed from the pairs is not the root committed with them.
    #[error(
        "the state on disk is damaged: its root at height {height} is {computed}, committed was {stored}: rebuild it from blocks"
    )]
    RootMismatch {
        /// The committed height.
        height: u64,
        /// The root committed with it.
        stored: Digest,
        /// The root of what is on disk.
        computed: Digest,
    },
    /// A row cannot be understood.
    #[error("the state on disk is damaged: a row of {table:?} has {length} bytes")]
    RowMalformed {
        /// Where.
        table: Table,
        /// How long its key and value are together.
        length: usize,
    },
    /// Blocks are staged one height after the other.
    #[error("height {got} cannot be staged, the next is {expected}")]
    StageOutOfOrder {
        /// The next height.
        expected: u64,
        /// The height asked for.
        got: u64,
    },
    /// Heights are committed in the order in which they were staged.
    #[error("height {got} cannot be committed, the next staged is {expected:?}")]
    CommitOutOfOrder {
        /// The lowest staged height.
        expected: Option<u64>,
        /// The height asked for.
        got: u64,
    },
    /// A key is longer than a store can hold.
    #[error("a state key has {length} bytes, at most {limit} are possible")]
    KeyTooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// Before the first commit there is no height to prove anything at.
    #[error("nothing is committed yet, so nothing can be proved")]
    NothingCommitted,
    /// A writer panicked while it held a lock; reopen the state.
    #[error("state is unusable after a panic in a writer")]
    Poisoned,
}
