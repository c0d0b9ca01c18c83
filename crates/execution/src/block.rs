//! What a block did: receipts, their tree, and the rows to commit with the state.

use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::Receipt;
use blockworm_state::SideRow;

/// The outcome of one block. Its writes are staged in the state already.
#[derive(Debug)]
pub struct BlockOutcome {
    /// The block.
    pub height: u64,
    /// One receipt per transaction, in order.
    pub receipts: Vec<Receipt>,
    /// The same, encoded.
    pub encoded_receipts: Vec<Vec<u8>>,
    /// Their leaf hashes.
    pub receipt_leaves: Vec<Digest>,
    /// Root of the RFC 6962 tree over them.
    pub receipts_root: Digest,
    /// Rows that must be committed together with this height.
    pub rows: Vec<SideRow>,
    /// For this node's log only: what panicked or failed inside contracts, at most 32 notes.
    pub notes: Vec<String>,
}

/// Most notes of a block.
pub(crate) const MAX_NOTES: usize = 32;

impl BlockOutcome {
    pub(crate) fn new(
        height: u64,
        receipts: Vec<Receipt>,
        rows: Vec<SideRow>,
        notes: Vec<String>,
    ) -> Self {
        let encoded_receipts: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
        let receipt_leaves: Vec<Digest> = encoded_receipts
            .iter()
            .map(|bytes| merkle::leaf_hash(&[bytes]))
            .collect();
        let receipts_root = merkle::root(receipt_leaves.iter().copied());
        Self {
            height,
            receipts,
            encoded_receipts,
            receipt_leaves,
            receipts_root,
            rows,
            notes,
        }
    }
}
