//! Any header in the history tree of any size, from the full subtrees that blocks left behind.

use crate::handle::{LedgerHandle, ReadError};
use blockworm_crypto::{
    Digest,
    merkle::{InclusionProof, node_hash},
};
use blockworm_ledger::{Header, checkpoint::Checkpoint, history};

impl LedgerHandle {
    /// The header at `height` and the proof that it stands in the history tree of the first `size`
    /// headers; none where there is no such tree yet or the header is not in it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn history_proof(
        &self,
        height: u64,
        size: u64,
    ) -> Result<Option<(Header, InclusionProof)>, ReadError> {
        if size > self.next_height() {
            return Ok(None);
        }
        let proof = history::prove(height, size, |level, index| self.node(level, index))?;
        let header = self.access().header(height)?;
        Ok(header.zip(proof))
    }

    /// The checkpoint over the first `size` headers, whoever cosigned it; none where there are not
    /// so many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn checkpoint(&self, size: u64) -> Result<Option<Checkpoint>, ReadError> {
        if size == 0 || size > self.next_height() {
            return Ok(None);
        }
        let root = history::root_of(size, |level, index| self.node(level, index))?;
        Ok(Some(Checkpoint {
            ledger: self.id(),
            size,
            root,
        }))
    }

    /// How many headers are durable here, the genesis header among them.
    fn next_height(&self) -> u64 {
        self.ledger().head().height + 1
    }

    fn node(&self, level: u32, index: u64) -> Result<Digest, ReadError> {
        if level > 0 {
            // Where no row was left it follows from the headers, at the price of reading them.
            return match self.access().history_node(level, index)? {
                Some(node) => Ok(node),
                None => {
                    let left = self.node(level - 1, 2 * index)?;
                    Ok(node_hash(&left, &self.node(level - 1, 2 * index + 1)?))
                }
            };
        }
        let header = self.access().header(index)?;
        header
            .map(|header| header.history_leaf())
            .ok_or_else(|| ReadError(format!("the header of block {index} is missing")))
    }
}
