//! The rows that are committed beside a block's state: header, link, receipts and index.
//!
//! Receipts leave out what the block says already (transaction, height, index), and an empty block
//! has no receipts row; docs/node.md draws the keys.

use crate::consensus::{
    block::SealedBlock,
    chain::{KEPT, Link},
};
use blockworm_crypto::Digest;
use blockworm_ledger::{Event, Header, Receipt, TransactionId, codes};
use blockworm_state::{Column, Order, SideRow, State, StateError, Store, compress, decompress};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most bytes of a receipts row once decompressed.
const RECEIPTS_LIMIT: usize = 1 << 30;
/// Bytes of a transaction id that the index keeps; the block tells the rest.
const INDEX_ID_BYTES: usize = 16;
const HEADER_PREFIX: u8 = b'h';
const LINK_PREFIX: u8 = b'l';
const HISTORY_PREFIX: u8 = b'n';

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The row holds something else.
    #[error("the {0} row of height {1} is damaged")]
    Damaged(&'static str, u64),
}

/// A committed header with what its own block adds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HeaderRow {
    /// The header.
    pub header: Header,
    /// Root over this block's receipts.
    pub receipts_root: Digest,
    /// How many transactions the block has, so that lists need not read it.
    pub transactions: u32,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredReceipt {
    code: String,
    message: String,
    events: Vec<Event>,
    data: Vec<u8>,
    cost: u64,
}

fn height_key(prefix: u8, height: u64) -> Vec<u8> {
    let mut key = vec![prefix];
    key.extend_from_slice(&height.to_be_bytes());
    key
}

fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("invariant: writing to memory does not fail")
}

/// The rows of a block that follows `before`. The link of the block `KEPT` below goes.
#[must_use]
pub fn of_block(
    block: &SealedBlock,
    (before, link): (&Link, &Link),
    receipts: &[Receipt],
    receipts_root: Digest,
) -> Vec<SideRow> {
    let header = block.header().clone();
    let height = header.height;
    let mut rows = Vec::with_capacity(5 + receipts.len());
    let completed = before.history.completed_by(&header);
    if !completed.is_empty() {
        let key = height_key(HISTORY_PREFIX, height);
        let nodes = completed
            .iter()
            .flat_map(|node| node.0)
            .collect::<Vec<u8>>();
        rows.push(SideRow::put(Column::Meta, key, nodes));
    }
    let header = encode(&HeaderRow {
        header,
        receipts_root,
        transactions: u32::try_from(block.ids().len())
            .expect("invariant: a block's transactions fit a u32"),
    });
    rows.push(SideRow::put(
        Column::Meta,
        height_key(HEADER_PREFIX, height),
        header,
    ));
    rows.push(SideRow::put(
        Column::Meta,
        height_key(LINK_PREFIX, height),
        encode(link),
    ));
    if let Some(old) = height.checked_sub(KEPT) {
        rows.push(SideRow::delete(Column::Meta, height_key(LINK_PREFIX, old)));
    }
    if receipts.is_empty() {
        return rows;
    }
    for receipt in receipts
        .iter()
        .filter(|receipt| receipt.code != codes::TRANSACTION_REPLAYED)
    {
        let mut place = Vec::with_capacity(12);
        place.extend_from_slice(&height.to_be_bytes());
        place.extend_from_slice(&receipt.index.to_be_bytes());
        let key = &receipt.transaction.as_bytes()[..INDEX_ID_BYTES];
        rows.push(SideRow::put(Column::TransactionIndex, key, place));
    }
    let packed = compress(&pack(receipts));
    rows.push(SideRow::put(Column::Receipts, height.to_be_bytes(), packed));
    rows
}

fn pack(receipts: &[Receipt]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(receipts.len() * 192);
    let count = u32::try_from(receipts.len()).expect("invariant: a block's receipts fit a u32");
    bytes.extend_from_slice(&count.to_le_bytes());
    for receipt in receipts {
        let written = receipt
            .code
            .serialize(&mut bytes)
            .and_then(|()| receipt.message.serialize(&mut bytes))
            .and_then(|()| receipt.events.serialize(&mut bytes))
            .and_then(|()| receipt.data.serialize(&mut bytes))
            .and_then(|()| receipt.cost.serialize(&mut bytes));
        written.expect("invariant: writing to memory does not fail");
    }
    bytes
}

/// A full subtree of the history tree, of two headers and more: the one over 2^level headers from
/// height `index` × 2^level on. Its row is that of its last header; there is none in a folder that an
/// earlier program wrote.
pub fn history_node<S: Store>(
    state: &State<S>,
    level: u32,
    index: u64,
) -> Result<Option<Digest>, RowError> {
    let last = index
        .checked_add(1)
        .and_then(|next| next.checked_mul(1u64.checked_shl(level)?))
        .map_or(u64::MAX, |next| next - 1);
    let damaged = || RowError::Damaged("history", last);
    let Some(row) = state.side_get(Column::Meta, &height_key(HISTORY_PREFIX, last))? else {
        return Ok(None);
    };
    let at = 32 * (level as usize).saturating_sub(1);
    let node = row.get(at..at + 32).and_then(|node| node.try_into().ok());
    node.map(|node| Some(Digest(node))).ok_or_else(damaged)
}

/// The header row of a committed height.
pub fn header<S: Store>(state: &State<S>, height: u64) -> Result<Option<HeaderRow>, RowError> {
    let bytes = state.side_get(Column::Meta, &height_key(HEADER_PREFIX, height))?;
    bytes
        .map(|bytes| borsh::from_slice(&bytes).map_err(|_| RowError::Damaged("header", height)))
        .transpose()
}

/// The links of the last committed heights.
pub fn links<S: Store>(state: &State<S>) -> Result<Vec<Link>, RowError> {
    let (start, end) = (height_key(LINK_PREFIX, 0), [LINK_PREFIX + 1]);
    let limit = usize::try_from(KEPT + 1).unwrap_or(usize::MAX);
    state
        .side_range(Column::Meta, &start, Some(&end), Order::Descending, limit)?
        .into_iter()
        .map(|(_, bytes)| borsh::from_slice(&bytes).map_err(|_| RowError::Damaged("link", 0)))
        .collect()
}

/// Height and place of a committed transaction whose id begins like this one; the caller compares
/// the whole id with the block.
pub fn place<S: Store>(
    state: &State<S>,
    id: &TransactionId,
) -> Result<Option<(u64, u32)>, RowError> {
    let key = &id.as_bytes()[..INDEX_ID_BYTES];
    let Some(bytes) = state.side_get(Column::TransactionIndex, key)? else {
        return Ok(None);
    };
    let place = bytes.split_first_chunk::<8>().and_then(|(height, index)| {
        Some((
            u64::from_be_bytes(*height),
            u32::from_be_bytes(index.try_into().ok()?),
        ))
    });
    place.map(Some).ok_or(RowError::Damaged("index", 0))
}

/// The receipts of a committed block with these transactions.
pub fn receipts<S: Store>(
    state: &State<S>,
    height: u64,
    ids: &[TransactionId],
) -> Result<Vec<Receipt>, RowError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let damaged = || RowError::Damaged("receipts", height);
    let packed = state
        .side_get(Column::Receipts, &height.to_be_bytes())?
        .ok_or_else(damaged)?;
    let bytes = decompress(&packed, RECEIPTS_LIMIT).map_err(|_| damaged())?;
    let stored: Vec<StoredReceipt> = borsh::from_slice(&bytes).map_err(|_| damaged())?;
    if stored.len() != ids.len() {
        return Err(damaged());
    }
    let receipts = ids
        .iter()
        .zip(stored)
        .zip(0..)
        .map(|((id, stored), index)| Receipt {
            transaction: *id,
            height,
            index,
            code: stored.code,
            message: stored.message,
            events: stored.events,
            data: stored.data,
            cost: stored.cost,
        });
    Ok(receipts.collect())
}
