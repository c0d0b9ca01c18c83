//! How the stamping of each ledger is doing: for `status`, `doctor`, metrics and the API.

use blockworm_ledger::LedgerId;
use blockworm_node::{Metric, MetricKind};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// An authority that gives no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Since when no authority has given one, milliseconds since 1970 UTC.
    pub since_ms: u64,
    /// The code of the last refusal.
    pub code: String,
    /// In words.
    pub detail: String,
}

/// How the stamping of one ledger is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerTime {
    /// Whether anything stamps it.
    pub stamping: bool,
    /// Stamps that were made since the node started.
    pub stamps: u64,
    /// Requests that brought none.
    pub failures: u64,
    /// Stamps that were renewed.
    pub renewals: u64,
    /// Stamps whose certificate or hash ended before they were renewed.
    pub lapsed: u64,
    /// The size of the newest stamped checkpoint.
    pub newest_size: Option<u64>,
    /// When it was stamped, by the token.
    pub newest_ms: Option<u64>,
    /// How far the authority's time lay off when it was last asked.
    pub drift_ms: i64,
    /// Whether that is more than the limit.
    pub drifting: bool,
    /// Why there is no newer one.
    pub failing: Option<Failing>,
}

/// All ledgers of a node.
#[derive(Debug, Default)]
pub struct Standing(Mutex<BTreeMap<LedgerId, LedgerTime>>);

impl Standing {
    /// How a ledger's stamping is doing.
    #[must_use]
    pub fn of(&self, ledger: &LedgerId) -> LedgerTime {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(ledger).cloned().unwrap_or_default()
    }

    /// Changes it.
    pub(super) fn change(&self, ledger: LedgerId, change: impl FnOnce(&mut LedgerTime)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(ledger).or_default());
    }

    /// Figures for Prometheus.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut metrics = Vec::new();
        for (ledger, time) in all.iter() {
            let mut push = |name, help, kind, value| {
                metrics.push(Metric {
                    name,
                    help,
                    kind,
                    labels: vec![("ledger", ledger.to_string())],
                    value,
                });
            };
            let (counter, gauge) = (MetricKind::Counter, MetricKind::Gauge);
            push(
                "blockworm_timestamps_total",
                "Checkpoints stamped by a timestamp authority.",
                counter,
                time.stamps as f64,
            );
            push(
                "blockworm_timestamp_failures_total",
                "Rounds in which no timestamp authority gave a token.",
                counter,
                time.failures as f64,
            );
            push(
                "blockworm_timestamp_renewals_total",
                "Evidence records renewed.",
                counter,
                time.renewals as f64,
            );
            push(
                "blockworm_timestamps_lapsed",
                "Stamps whose certificate or hash ended before they were renewed.",
                gauge,
                time.lapsed as f64,
            );
            push(
                "blockworm_timestamp_drift_seconds",
                "How far the authority's time lay off when it was last asked.",
                gauge,
                time.drift_ms as f64 / 1000.0,
            );
            push(
                "blockworm_timestamp_newest_size",
                "Size of the newest stamped checkpoint.",
                gauge,
                time.newest_size.unwrap_or(0) as f64,
            );
        }
        metrics
    }
}
