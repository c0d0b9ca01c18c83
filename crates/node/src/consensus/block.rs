//! A ledger block as the engine carries it: decoded only when its transactions match its header.

use blockworm_crypto::{Digest, merkle, sha256};
use blockworm_ledger::{
    Block, BlockLimits, Header, TransactionId, Transactions,
    transaction::{SIGNATURE_BYTES, transaction_leaf},
};
use bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error as CodecError, Read, Write};
use commonware_consensus::{Block as EngineBlock, BoundedBlock, Heightable, types::Height};
use commonware_cryptography::{Digestible, sha256::Digest as EngineDigest};
use std::sync::Arc;

/// The digest in the engine's own type.
#[must_use]
pub fn engine_digest(digest: &Digest) -> EngineDigest {
    EngineDigest::from(digest.0)
}

/// The digest in the ledger's own type.
#[must_use]
pub fn ledger_digest(digest: &EngineDigest) -> Digest {
    Digest(digest.0)
}

/// A block with its transactions' ids. The digest of the header binds the transactions, because
/// decoding and building both check their root; nothing else can make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    block: Block,
    digest: Digest,
    ids: Arc<[TransactionId]>,
}

/// The transactions do not lead to the header's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transactions do not match the header's root")]
pub struct RootMismatch;

impl SealedBlock {
    /// Seals a block that came from elsewhere.
    pub fn check(block: Block) -> Result<Self, RootMismatch> {
        let ids: Arc<[TransactionId]> = block.transactions.slices().map(body_id).collect();
        let root = if block.header.height == 0 && ids.is_empty() {
            Digest::ZERO
        } else {
            let leaves = ids.iter().zip(block.transactions.slices());
            merkle::root(leaves.map(|(id, bytes)| transaction_leaf(id, signature(bytes))))
        };
        if root != block.header.transactions_root {
            return Err(RootMismatch);
        }
        let digest = block.header.digest();
        Ok(Self { block, digest, ids })
    }

    /// Seals a block built here; `ids` and the header's root were computed from `transactions`.
    #[must_use]
    pub fn built(header: Header, transactions: Transactions, ids: Arc<[TransactionId]>) -> Self {
        let digest = header.digest();
        Self {
            block: Block {
                header,
                transactions,
            },
            digest,
            ids,
        }
    }

    /// The ledger's block.
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.block.header
    }

    /// Digest of its header.
    #[must_use]
    pub fn header_digest(&self) -> Digest {
        self.digest
    }

    /// The transactions' ids in block order.
    #[must_use]
    pub fn ids(&self) -> &Arc<[TransactionId]> {
        &self.ids
    }
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().saturating_sub(SIGNATURE_BYTES))
}

fn body_id(bytes: &[u8]) -> TransactionId {
    sha256(&[split(bytes).0])
}

fn signature(bytes: &[u8]) -> &[u8] {
    split(bytes).1
}

impl Write for SealedBlock {
    fn write(&self, buf: &mut impl BufMut) {
        self.block.write(buf);
    }
}

impl EncodeSize for SealedBlock {
    fn encode_size(&self) -> usize {
        self.block.encoded_len()
    }
}

impl Read for SealedBlock {
    type Cfg = BlockLimits;

    fn read_cfg(buf: &mut impl Buf, limits: &BlockLimits) -> Result<Self, CodecError> {
        let block = Block::read(buf, limits).map_err(|_| CodecError::Invalid("block", "form"))?;
        Self::check(block).map_err(|_| CodecError::Invalid("block", "transactions root"))
    }
}

impl Digestible for SealedBlock {
    type Digest = EngineDigest;

    fn digest(&self) -> EngineDigest {
        engine_digest(&self.digest)
    }
}

impl Heightable for SealedBlock {
    fn height(&self) -> Height {
        Height::new(self.block.header.height)
    }
}

impl EngineBlock for SealedBlock {
    fn parent(&self) -> EngineDigest {
        engine_digest(&self.block.header.parent)
    }
}

impl BoundedBlock for SealedBlock {
    fn max_encode_size(limits: &BlockLimits) -> usize {
        Block::max_encoded_len(limits)
    }
}
