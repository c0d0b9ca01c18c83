//! Checks the transactions of a proposed block: form, ledger, expiry, no id twice, and each signature at most once on this node.

use super::block::SealedBlock;
use crate::{
    ledger::{Ledger, Rules},
    metrics::add,
};
use blockworm_crypto::{Digest, PublicKey, Signature, batch::SignedDigest};
use blockworm_ledger::TransactionView;
use commonware_parallel::Strategy;
use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

/// Signatures that one thread checks together.
pub const BATCH: usize = 1_024;

/// One signature with everything that it is checked against.
#[derive(Clone, Copy)]
pub struct Signed {
    key: PublicKey,
    id: Digest,
    signature: Signature,
}

impl Signed {
    /// The signature of a parsed transaction.
    #[must_use]
    pub fn of(view: &TransactionView<'_>) -> Self {
        Self {
            key: *view.key(),
            id: view.id(),
            signature: *view.signature(),
        }
    }
}

/// Checks many signatures, spread over the strategy's threads. Returns the positions that fail.
pub fn failing<T: Strategy>(ledger: &Ledger, strategy: &T, signed: &[Signed]) -> Vec<usize> {
    let check = |(number, batch): (usize, &[Signed])| {
        let items: Vec<SignedDigest<'_>> = batch
            .iter()
            .map(|one| SignedDigest {
                key: &one.key,
                namespace: &ledger.rules.namespace,
                digest: &one.id,
                signature: &one.signature,
            })
            .collect();
        let failed = ledger.keys.verify_batch(&items).err().unwrap_or_default();
        failed
            .into_iter()
            .map(|position| number * BATCH + position)
            .collect::<Vec<_>>()
    };
    let batches: Vec<_> = signed.chunks(BATCH).enumerate().collect();
    strategy
        .map_collect_vec_with_multiplier(batches, BATCH, check)
        .into_iter()
        .flatten()
        .collect()
}

/// The expiries that a transaction in a block of this time may have. A proposer who could break it
/// would give one transaction a refusal beside its receipt.
#[must_use]
pub fn expiries(rules: &Rules, block_time_ms: u64) -> RangeInclusive<u64> {
    let window_ms = rules.genesis.parameters.expiry_window_ms;
    block_time_ms.saturating_add(1)..=block_time_ms.saturating_add(window_ms)
}

/// Checks a block's transactions as its header's time demands. Those that wait in the mempool
/// with the same bytes were parsed and checked when they came; only their expiry is looked at.
///
/// # Errors
/// What is wrong with the first bad transaction.
pub async fn check<T: Strategy>(
    ledger: &Arc<Ledger>,
    strategy: &T,
    block: &Arc<SealedBlock>,
) -> Result<(), &'static str> {
    if block.ids().is_empty() {
        return Ok(());
    }
    let (ledger, block) = (ledger.clone(), block.clone());
    let size = block.ids().len();
    let job = move |strategy: T| {
        let signed = unchecked(&ledger, &block)?;
        add(&ledger.counters.late_signatures, signed.len() as u64);
        if failing(&ledger, &strategy, &signed).is_empty() {
            Ok(())
        } else {
            Err("a transaction is wrongly signed")
        }
    };
    strategy.spawn(size, job).await
}

/// The signatures that this node has not checked yet, everything else about the block's
/// transactions being in order.
fn unchecked(ledger: &Ledger, block: &SealedBlock) -> Result<Vec<Signed>, &'static str> {
    let header = block.header();
    let expiries = expiries(&ledger.rules, header.time_ms);
    let in_time = |expires_at_ms: u64| {
        if expiries.contains(&expires_at_ms) {
            Ok(())
        } else {
            Err("a transaction has expired or expires too far ahead")
        }
    };
    let mut seen = HashSet::with_capacity(block.ids().len());
    let mut unknown = Vec::new();
    {
        let mempool = ledger.mempool();
        for (id, bytes) in block.ids().iter().zip(block.block().transactions.slices()) {
            if !seen.insert(id) {
                return Err("a transaction stands in it twice");
            }
            match mempool.expiry_of_held(id, bytes) {
                Some(expires_at_ms) => in_time(expires_at_ms)?,
                None => unknown.push(bytes),
            }
        }
    }
    let mut signed = Vec::with_capacity(unknown.len());
    for bytes in unknown {
        let view = TransactionView::parse(bytes).map_err(|_| "a transaction is malformed")?;
        if view.ledger() != header.ledger {
            return Err("a transaction belongs to another ledger");
        }
        in_time(view.expires_at_ms())?;
        signed.push(Signed::of(&view));
    }
    Ok(signed)
}
