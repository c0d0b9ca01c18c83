//! Blocks and their headers.

use crate::names::LedgerId;
use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::sync::Arc;

/// A block's header. Its digest, SHA-256 of its encoding, is what validators vote on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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

/// A block's transactions: one buffer and the end of each transaction in it, so that a block is
/// copied and encoded without touching them one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    bytes: Bytes,
    ends: Arc<[u32]>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What is voted on.
    pub header: Header,
    /// What is executed.
    pub transactions: Transactions,
}
