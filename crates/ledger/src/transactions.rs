//! The transactions of a block in one buffer, and how many and how large they may be.

use crate::{
    block::BlockError,
    genesis::Parameters,
    transaction::{SIGNATURE_BYTES, TransactionError, TransactionView, transaction_leaf},
};
use blockworm_crypto::{Digest, merkle, sha256};
use bytes::{Buf, BufMut, Bytes};
use std::sync::Arc;

/// How much a block may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLimits {
    /// Most transactions.
    pub transactions: u32,
    /// Most bytes of all transactions together.
    pub bytes: u32,
    /// Most bytes of one transaction.
    pub transaction_bytes: u32,
}

impl From<&Parameters> for BlockLimits {
    fn from(parameters: &Parameters) -> Self {
        Self {
            transactions: parameters.block_transactions,
            bytes: parameters.block_bytes,
            transaction_bytes: parameters.transaction_bytes,
        }
    }
}

/// A block's transactions: one buffer and the end of each transaction in it, so that a block is
/// copied and encoded without touching them one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    bytes: Bytes,
    ends: Arc<[u32]>,
}

impl Transactions {
    /// Gathers encoded transactions in the given order. They are not looked at: what a block may
    /// hold is checked by `check`.
    ///
    /// # Errors
    /// `block.oversized` when they fill more than 4 GiB.
    pub fn from_encoded<I>(encoded: I) -> Result<Self, BlockError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for transaction in encoded {
            bytes.extend_from_slice(transaction.as_ref());
            ends.push(
                u32::try_from(bytes.len()).map_err(|_| BlockError::Oversized {
                    what: "bytes of transactions",
                    found: bytes.len() as u64,
                    limit: u64::from(u32::MAX),
                })?,
            );
        }
        Ok(Self {
            bytes: bytes.into(),
            ends: ends.into(),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all transactions together, without the table of ends.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of the encoding.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        4 + 4 * self.ends.len() + self.bytes.len()
    }

    fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        Some(start..end)
    }

    /// The encoded transaction at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.range(index).map(|range| &self.bytes[range])
    }

    /// The encoded transaction at `index`, sharing this buffer.
    #[must_use]
    pub fn get_shared(&self, index: usize) -> Option<Bytes> {
        self.range(index).map(|range| self.bytes.slice(range))
    }

    /// The encoded transactions in order.
    pub fn slices(&self) -> impl ExactSizeIterator<Item = &[u8]> + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The transactions in order, each parsed in place.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<TransactionView<'_>, TransactionError>> + '_ {
        self.slices().map(TransactionView::parse)
    }

    /// The leaf hashes of the transactions tree. Splits each transaction before its last 65 bytes,
    /// the signature, and so needs no parsing.
    pub fn leaves(&self) -> impl ExactSizeIterator<Item = Digest> + '_ {
        self.slices().map(|bytes| {
            let (body, signature) = bytes.split_at(bytes.len().saturating_sub(SIGNATURE_BYTES));
            transaction_leaf(&sha256(&[body]), signature)
        })
    }

    /// The root of the transactions tree; SHA-256 of nothing when there are none.
    #[must_use]
    pub fn root(&self) -> Digest {
        merkle::root(self.leaves())
    }

    /// Checks the ledger's limits.
    ///
    /// # Errors
    /// `block.oversized`; `block.malformed` for a transaction too short to hold a signature.
    pub fn check(&self, limits: &BlockLimits) -> Result<(), BlockError> {
        check_limit("transactions", self.ends.len(), limits.transactions)?;
        check_limit("bytes of transactions", self.bytes.len(), limits.bytes)?;
        let mut start = 0;
        for &end in self.ends.iter() {
            let length = (end as usize)
                .checked_sub(start)
                .filter(|length| *length > SIGNATURE_BYTES)
                .ok_or(BlockError::Malformed(
                    "a transaction without room for a signature",
                ))?;
            check_limit("bytes in one transaction", length, limits.transaction_bytes)?;
            start = end as usize;
        }
        Ok(())
    }

    /// Appends the encoding: u32 count, a u32 end for each, the bytes; integers little-endian.
    pub fn write(&self, out: &mut impl BufMut) {
        out.put_u32_le(u32::try_from(self.ends.len()).expect("invariant: ends fit a u32 each"));
        for &end in self.ends.iter() {
            out.put_u32_le(end);
        }
        out.put_slice(&self.bytes);
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        self.write(&mut bytes);
        bytes.into()
    }

    /// Takes one encoding off the front of `source`. The transactions stay in the source's memory
    /// when it can share it, as `Bytes` does.
    ///
    /// # Errors
    /// `block.malformed`, `block.oversized`; the source is then left anywhere.
    pub fn read(source: &mut impl Buf, limits: &BlockLimits) -> Result<Self, BlockError> {
        let count = source.try_get_u32_le().map_err(|_| SHORT)?;
        check_limit("transactions", count as usize, limits.transactions)?;
        if source.remaining() / 4 < count as usize {
            return Err(SHORT);
        }
        let ends: Arc<[u32]> = (0..count).map(|_| source.get_u32_le()).collect();
        let length = ends.last().copied().unwrap_or(0);
        check_limit("bytes of transactions", length as usize, limits.bytes)?;
        if source.remaining() < length as usize {
            return Err(SHORT);
        }
        let transactions = Self {
            bytes: source.copy_to_bytes(length as usize),
            ends,
        };
        transactions.check(limits)?;
        Ok(transactions)
    }

    /// Reads one encoding that fills `source` exactly.
    ///
    /// # Errors
    /// `block.malformed`, `block.oversized`.
    pub fn decode(mut source: Bytes, limits: &BlockLimits) -> Result<Self, BlockError> {
        let transactions = Self::read(&mut source, limits)?;
        if source.has_remaining() {
            Err(TRAILING)
        } else {
            Ok(transactions)
        }
    }
}

pub(crate) const SHORT: BlockError = BlockError::Malformed("ends too early");
pub(crate) const TRAILING: BlockError = BlockError::Malformed("bytes after the end");

fn check_limit(what: &'static str, found: usize, limit: u32) -> Result<(), BlockError> {
    if found as u64 > u64::from(limit) {
        return Err(BlockError::Oversized {
            what,
            found: found as u64,
            limit: u64::from(limit),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LIMITS: BlockLimits = BlockLimits {
        transactions: 3,
        bytes: 300,
        transaction_bytes: 100,
    };

    fn list(sizes: &[usize]) -> Transactions {
        Transactions::from_encoded(sizes.iter().map(|size| vec![7; *size])).unwrap()
    }

    fn code(transactions: &Transactions) -> &'static str {
        Transactions::decode(transactions.encode(), &LIMITS)
            .unwrap_err()
            .code()
    }

    #[test]
    fn limits_hold_for_count_bytes_and_each_transaction() {
        assert_eq!(
            Transactions::decode(list(&[100, 100, 100]).encode(), &LIMITS)
                .unwrap()
                .len(),
            3
        );
        assert_eq!(code(&list(&[70, 70, 70, 70])), "block.oversized");
        assert_eq!(code(&list(&[101])), "block.oversized");
        assert_eq!(code(&list(&[65])), "block.malformed");
        assert_eq!(code(&list(&[0, 70])), "block.malformed");
        let tight = BlockLimits {
            bytes: 299,
            ..LIMITS
        };
        assert!(Transactions::decode(list(&[100, 100, 100]).encode(), &tight).is_err());
    }

    #[test]
    fn a_count_without_content_allocates_nothing() {
        let huge = BlockLimits {
            transactions: u32::MAX,
            bytes: u32::MAX,
            transaction_bytes: u32::MAX,
        };
        let bytes = Bytes::copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Transactions::decode(bytes, &huge), Err(SHORT));
    }

    #[test]
    fn decoding_shares_the_buffer() {
        let encoded = list(&[70, 80]).encode();
        let transactions = Transactions::decode(encoded.clone(), &LIMITS).unwrap();
        let inside = encoded.as_ptr_range();
        for index in 0..2 {
            assert!(inside.contains(&transactions.get(index).unwrap().as_ptr()));
            assert!(inside.contains(&transactions.get_shared(index).unwrap().as_ptr()));
        }
    }

    #[test]
    fn ends_that_go_back_are_refused() {
        let mut bytes = list(&[70, 80]).encode().to_vec();
        bytes[4..8].copy_from_slice(&200u32.to_le_bytes());
        assert!(Transactions::decode(bytes.into(), &LIMITS).is_err());
    }

    #[test]
    fn no_transactions_have_the_root_of_nothing() {
        let empty = Transactions::default();
        assert_eq!(empty.root(), sha256(&[]));
        assert_eq!(empty.encode().len(), 4);
        assert_eq!(
            Transactions::decode(empty.encode(), &LIMITS).unwrap(),
            empty
        );
    }
}
