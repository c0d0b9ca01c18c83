//! Figures of a ledger, cheap to count and read without a lock where it matters.

use crate::handle::{Metric, MetricKind};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Counters of one ledger.
#[derive(Default)]
pub struct Counters {
    /// Transactions admitted to the mempool.
    pub admitted: AtomicU64,
    /// Transactions in durable blocks whose receipt is `ok`.
    pub succeeded: AtomicU64,
    /// Transactions in durable blocks with any other receipt.
    pub refused_in_blocks: AtomicU64,
    /// Durable blocks since start, empty ones included.
    pub blocks: AtomicU64,
    /// Durable blocks since start without a transaction.
    pub empty_blocks: AtomicU64,
    /// Signatures in other nodes' blocks that were checked when the block came.
    pub late_signatures: AtomicU64,
    /// Blocks that this node proposed.
    pub proposed: AtomicU64,
    /// Proposals of others that this node refused.
    pub refused_proposals: AtomicU64,
    /// Durable commits; one may hold several blocks.
    pub commits: AtomicU64,
    /// Microseconds spent in them.
    pub commit_us: AtomicU64,
    /// Microseconds spent executing blocks.
    pub execute_us: AtomicU64,
    /// Milliseconds between the last two blocks' times.
    pub block_interval_ms: AtomicU64,
    /// Views that ended without a block.
    pub nullified_views: AtomicU64,
    /// Votes of one validator that contradict each other.
    pub conflicting_votes: AtomicU64,
    /// Gossiped transactions that did not fit into the outgoing queue.
    pub gossip_dropped: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

/// Adds to a counter.
pub fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Relaxed);
}

impl Counters {
    /// Counts a transaction that was not admitted.
    pub fn refuse(&self, code: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = refusals.get_mut(code) {
            *count += 1;
        } else {
            refusals.insert(code.to_owned(), 1);
        }
    }

    /// All figures, without labels that name the ledger.
    #[must_use]
    pub fn read(&self) -> Vec<Metric> {
        let counter = |name, help, value: &AtomicU64, unit: f64| Metric {
            name,
            help,
            kind: MetricKind::Counter,
            labels: Vec::new(),
            value: value.load(Relaxed) as f64 / unit,
        };
        let mut metrics = vec![
            counter(
                "blockworm_admitted_total",
                "Transactions taken into the mempool.",
                &self.admitted,
                1.0,
            ),
            counter(
                "blockworm_succeeded_total",
                "Committed transactions with receipt ok.",
                &self.succeeded,
                1.0,
            ),
            counter(
                "blockworm_refused_in_blocks_total",
                "Committed transactions with any other receipt.",
                &self.refused_in_blocks,
                1.0,
            ),
            counter(
                "blockworm_blocks_total",
                "Durable blocks since start.",
                &self.blocks,
                1.0,
            ),
            counter(
                "blockworm_empty_blocks_total",
                "Durable blocks without a transaction.",
                &self.empty_blocks,
                1.0,
            ),
            counter(
                "blockworm_late_signatures_total",
                "Signatures checked only when their block came.",
                &self.late_signatures,
                1.0,
            ),
            counter(
                "blockworm_proposed_blocks_total",
                "Blocks that this node proposed.",
                &self.proposed,
                1.0,
            ),
            counter(
                "blockworm_refused_proposals_total",
                "Proposals of others that this node refused.",
                &self.refused_proposals,
                1.0,
            ),
            counter(
                "blockworm_commits_total",
                "Durable batches written.",
                &self.commits,
                1.0,
            ),
            counter(
                "blockworm_commit_seconds_total",
                "Time spent writing them.",
                &self.commit_us,
                1e6,
            ),
            counter(
                "blockworm_execute_seconds_total",
                "Time spent executing blocks.",
                &self.execute_us,
                1e6,
            ),
            counter(
                "blockworm_nullified_views_total",
                "Views that ended without a block.",
                &self.nullified_views,
                1.0,
            ),
            counter(
                "blockworm_conflicting_votes_total",
                "Pairs of contradicting votes of one validator.",
                &self.conflicting_votes,
                1.0,
            ),
            counter(
                "blockworm_gossip_dropped_total",
                "Transactions not passed on because the outgoing queue was full.",
                &self.gossip_dropped,
                1.0,
            ),
        ];
        metrics.push(Metric {
            name: "blockworm_block_interval_milliseconds",
            help: "Block time between the last two blocks.",
            kind: MetricKind::Gauge,
            labels: Vec::new(),
            value: self.block_interval_ms.load(Relaxed) as f64,
        });
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.extend(refusals.iter().map(|(code, count)| Metric {
            name: "blockworm_refused_total",
            help: "Transactions not admitted, by code.",
            kind: MetricKind::Counter,
            labels: vec![("code", code.clone())],
            value: *count as f64,
        }));
        metrics
    }
}
