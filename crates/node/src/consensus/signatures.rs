//! Checks the signatures of a block, each at most once on this node.

use super::block::SealedBlock;
use crate::{ledger::Ledger, metrics::add};
use blockworm_crypto::{Digest, PublicKey, Signature, batch::SignedDigest};
use blockworm_ledger::TransactionView;
use commonware_parallel::Strategy;
use std::sync::Arc;

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

/// Whether every transaction of the block is well formed and signed. Those that wait in the
/// mempool with the same bytes were checked when they came.
pub async fn all_hold<T: Strategy>(
    ledger: &Arc<Ledger>,
    strategy: &T,
    block: &Arc<SealedBlock>,
) -> bool {
    if block.ids().is_empty() {
        return true;
    }
    let (ledger, block) = (ledger.clone(), block.clone());
    let size = block.ids().len();
    let job = move |strategy: T| {
        let transactions = &block.block().transactions;
        let unknown: Vec<&[u8]> = {
            let mempool = ledger.mempool();
            let pairs = block.ids().iter().zip(transactions.slices());
            pairs
                .filter(|(id, bytes)| !mempool.holds(id, bytes))
                .map(|(_, bytes)| bytes)
                .collect()
        };
        add(&ledger.counters.late_signatures, unknown.len() as u64);
        let mut signed = Vec::with_capacity(unknown.len());
        for bytes in unknown {
            let Ok(view) = TransactionView::parse(bytes) else {
                return false;
            };
            signed.push(Signed::of(&view));
        }
        failing(&ledger, &strategy, &signed).is_empty()
    };
    strategy.spawn(size, job).await
}
