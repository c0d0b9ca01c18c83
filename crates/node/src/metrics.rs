//! Figures of a ledger, cheap to count and read without a lock where it matters.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The kind of a metric, as Prometheus names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only rises.
    Counter,
    /// Goes both ways.
    Gauge,
}

/// One figure about a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// `blockworm_<what>_<unit>`.
    pub name: &'static str,
    /// A sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Label names and values, such as `("code", "mempool.full")`.
    pub labels: Vec<(&'static str, String)>,
    /// The figure.
    pub value: f64,
}

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
    /// Cosignatures of other nodes that were taken in.
    pub cosignatures: AtomicU64,
    /// Cosignatures and messages about them that did not count.
    pub cosignatures_refused: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

/// Name, help, counter and what one unit of the metric is.
type Row<'a> = (&'static str, &'static str, &'a AtomicU64, f64);

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
        let transactions = self.of_transactions().into_iter();
        let counters = transactions
            .chain(self.of_blocks())
            .chain(self.of_checkpoints());
        let mut metrics: Vec<_> = counters
            .map(|(name, help, value, unit)| Metric {
                name,
                help,
                kind: MetricKind::Counter,
                labels: Vec::new(),
                value: value.load(Relaxed) as f64 / unit,
            })
            .collect();
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

    fn of_transactions(&self) -> [Row<'_>; 5] {
        const LATE: &str = "Signatures checked only when their block came.";
        const REFUSED: &str = "Committed transactions with any other receipt.";
        const DROPPED: &str = "Transactions not passed on: the outgoing queue was full.";
        [
            (
                "blockworm_admitted_total",
                "Transactions taken.",
                &self.admitted,
                1.0,
            ),
            (
                "blockworm_succeeded_total",
                "Committed with receipt ok.",
                &self.succeeded,
                1.0,
            ),
            (
                "blockworm_refused_in_blocks_total",
                REFUSED,
                &self.refused_in_blocks,
                1.0,
            ),
            (
                "blockworm_late_signatures_total",
                LATE,
                &self.late_signatures,
                1.0,
            ),
            (
                "blockworm_gossip_dropped_total",
                DROPPED,
                &self.gossip_dropped,
                1.0,
            ),
        ]
    }

    fn of_checkpoints(&self) -> [Row<'_>; 2] {
        [
            (
                "blockworm_cosignatures_total",
                "Cosignatures of other nodes taken in.",
                &self.cosignatures,
                1.0,
            ),
            (
                "blockworm_cosignatures_refused_total",
                "Cosignatures that did not count.",
                &self.cosignatures_refused,
                1.0,
            ),
        ]
    }

    fn of_blocks(&self) -> [Row<'_>; 9] {
        const REFUSED: &str = "Proposals of others that this node refused.";
        const EMPTY: &str = "Durable blocks without a transaction.";
        const CONFLICTS: &str = "Pairs of contradicting votes of one validator.";
        const NULLIFIED: &str = "Views that ended without a block.";
        [
            (
                "blockworm_blocks_total",
                "Durable blocks since start.",
                &self.blocks,
                1.0,
            ),
            (
                "blockworm_empty_blocks_total",
                EMPTY,
                &self.empty_blocks,
                1.0,
            ),
            (
                "blockworm_proposed_blocks_total",
                "Blocks proposed here.",
                &self.proposed,
                1.0,
            ),
            (
                "blockworm_refused_proposals_total",
                REFUSED,
                &self.refused_proposals,
                1.0,
            ),
            (
                "blockworm_commits_total",
                "Durable batches written.",
                &self.commits,
                1.0,
            ),
            (
                "blockworm_commit_seconds_total",
                "Time writing them.",
                &self.commit_us,
                1e6,
            ),
            (
                "blockworm_execute_seconds_total",
                "Time executing.",
                &self.execute_us,
                1e6,
            ),
            (
                "blockworm_nullified_views_total",
                NULLIFIED,
                &self.nullified_views,
                1.0,
            ),
            (
                "blockworm_conflicting_votes_total",
                CONFLICTS,
                &self.conflicting_votes,
                1.0,
            ),
        ]
    }
}
