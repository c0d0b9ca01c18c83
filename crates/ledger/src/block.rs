//! Blocks and their headers.

use crate::{
    names::LedgerId,
    transactions::{SHORT, TRAILING},
};
use blockworm_crypto::{Digest, merkle, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::{Buf, BufMut, Bytes};
use serde::{Deserialize, Serialize};

pub use crate::transactions::{BlockLimits, Transactions};

/// The layout of headers that this crate reads and writes.
pub const HEADER_VERSION: u16 = 1;

/// Why bytes are not a block or header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes do not follow docs/formats/block.md.
    #[error("the block is malformed: {0}")]
    Malformed(&'static str),
    /// A header of another layout.
    #[error("header version {0} is not known here; this program reads version 1")]
    UnsupportedVersion(u16),
    /// More transactions or bytes than the ledger allows.
    #[error("the block has {found} {what}; this ledger takes {limit}")]
    Oversized {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// The ledger's limit.
        limit: u64,
    },
}

impl BlockError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "block.malformed",
            Self::UnsupportedVersion(_) => "block.unsupported_version",
            Self::Oversized { .. } => "block.oversized",
        }
    }
}

/// A block's header. Its digest, SHA-256 of its encoding, is what validators vote on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of this layout: 1.
    pub version: u16,
    /// Version of the execution rules, switched by vote at a height.
    pub protocol_version: u32,
    /// The ledger.
    pub ledger: LedgerId,
    /// 0 for the genesis header.
    pub height: u64,
    /// Block time, milliseconds since 1970; strictly increasing.
    pub time_ms: u64,
    /// Digest of the header before.
    pub parent: Digest,
    /// RFC 6962 tree over the digests of all earlier headers, from height 0.
    pub history_root: Digest,
    /// RFC 6962 tree over this block's transactions (leaf: id ‖ borsh(signature)).
    pub transactions_root: Digest,
    /// RFC 6962 tree over the receipts (leaf: borsh(receipt)) of the block `root_lag` before.
    pub receipts_root: Digest,
    /// State root after the block `root_lag` before.
    pub state_root: Digest,
    /// Digest of the validator set that votes on the next block.
    pub next_validators: Digest,
}

impl Header {
    /// Every header has this many bytes.
    pub const ENCODED_LEN: usize = 2 + 4 + 16 + 8 + 8 + 6 * 32;

    /// SHA-256 of the encoding: the block's identity, its child's `parent` and the voted payload.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&self.encode()])
    }

    /// This header's leaf in the history tree: RFC 6962 over its digest.
    #[must_use]
    pub fn history_leaf(&self) -> Digest {
        merkle::leaf_hash(&[self.digest().as_bytes()])
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::ENCODED_LEN);
        BorshSerialize::serialize(self, &mut bytes)
            .expect("invariant: writing to memory does not fail");
        bytes
    }

    /// Reads the canonical bytes; nothing may follow them.
    ///
    /// # Errors
    /// `block.malformed`, `block.unsupported_version`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let header: Self = borsh::from_slice(bytes).map_err(|_| BlockError::Malformed("header"))?;
        if header.version != HEADER_VERSION {
            return Err(BlockError::UnsupportedVersion(header.version));
        }
        Ok(header)
    }
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What is voted on.
    pub header: Header,
    /// What is executed.
    pub transactions: Transactions,
}

impl Block {
    /// The header's digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.header.digest()
    }

    /// Bytes of the encoding.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        Header::ENCODED_LEN + self.transactions.encoded_len()
    }

    /// Most bytes of any block within `limits`.
    #[must_use]
    pub const fn max_encoded_len(limits: &BlockLimits) -> usize {
        Header::ENCODED_LEN + 4 + 4 * limits.transactions as usize + limits.bytes as usize
    }

    /// Appends the encoding: the header, then the transactions.
    pub fn write(&self, out: &mut impl BufMut) {
        out.put_slice(&self.header.encode());
        self.transactions.write(out);
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        self.write(&mut bytes);
        bytes.into()
    }

    /// Takes one block off the front of `source`, copying no transaction when the source is `Bytes`.
    /// That the transactions match the header's root is for the caller to check.
    ///
    /// # Errors
    /// `block.malformed`, `block.unsupported_version`, `block.oversized`.
    pub fn read(source: &mut impl Buf, limits: &BlockLimits) -> Result<Self, BlockError> {
        let mut header = [0; Header::ENCODED_LEN];
        source.try_copy_to_slice(&mut header).map_err(|_| SHORT)?;
        let header = Header::decode(&header)?;
        Ok(Self {
            header,
            transactions: Transactions::read(source, limits)?,
        })
    }

    /// Reads one block that fills `source` exactly.
    ///
    /// # Errors
    /// As `read`, and `block.malformed` for bytes after the end.
    pub fn decode(mut source: Bytes, limits: &BlockLimits) -> Result<Self, BlockError> {
        let block = Self::read(&mut source, limits)?;
        if source.has_remaining() {
            Err(TRAILING)
        } else {
            Ok(block)
        }
    }
}
