//! What a block did: receipts, their tree, and the rows to commit with the state.

use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::{Receipt, receipt::receipt_leaf};
use blockworm_state::SideRow;

/// The outcome of one block. Its writes are staged in the state already.
#[derive(Debug)]
pub struct BlockOutcome {
    /// The block.
    pub height: u64,
    /// One receipt per transaction, in order.
    pub receipts: Vec<Receipt>,
    /// Root of the RFC 6962 tree over them.
    pub receipts_root: Digest,
    /// Rows that must be committed together with this height.
    pub rows: Vec<SideRow>,
    /// Whether the nodes or the validators were changed; [`crate::Reader::membership`] has them.
    pub membership_changed: bool,
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
        let mut encoded = Vec::new();
        let receipts_root = merkle::root(receipts.iter().map(|receipt| {
            encoded.clear();
            let written = borsh::BorshSerialize::serialize(receipt, &mut encoded);
            written.expect("invariant: writing to memory does not fail");
            receipt_leaf(&encoded)
        }));
        Self {
            height,
            receipts,
            receipts_root,
            rows,
            membership_changed: false,
            notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockworm_crypto::sha256;

    #[test]
    fn the_root_is_over_the_receipts_leaves() {
        let receipt = |index: u32| Receipt {
            transaction: sha256(&[&index.to_le_bytes()]),
            height: 1,
            index,
            code: "ok".into(),
            message: "x".repeat(index as usize),
            events: Vec::new(),
            data: Vec::new(),
            cost: 0,
        };
        let receipts: Vec<Receipt> = (0..5).rev().map(receipt).collect();
        let wanted = merkle::root(receipts.iter().map(Receipt::leaf));
        let outcome = BlockOutcome::new(1, receipts, Vec::new(), Vec::new());
        assert_eq!(outcome.receipts_root, wanted);
    }
}
