//! The figures, as a table for people and as JSON objects for programs.

use super::disk::Bytes;
use crate::output;
use serde::Serialize;
use serde_json::{Value, json};

/// One case.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// `distinct` or `hot`.
    pub case: &'static str,
    /// How many nodes.
    pub nodes: usize,
    /// In the closed loop.
    pub transfers_per_s: f64,
    /// In the open loop at half of that, from the time meant to the receipt.
    pub p50_ms: f64,
    /// The same, the slowest hundredth.
    pub p99_ms: f64,
    /// From asking for the console's first page to its first byte, in the open loop.
    pub page_p50_ms: f64,
    /// The same, the slowest hundredth.
    pub page_p99_ms: f64,
    /// Processor milliseconds for one transfer on one node, in the closed loop.
    pub cpu_ms_per_tx: f64,
    /// The largest resident memory of a node under load, in MB.
    pub rss_mb: f64,
    /// Bytes on disk for one transaction on one node.
    pub bytes_per_tx: f64,
    /// Transfers that were not done.
    pub failed: u64,
    /// `bytes_per_tx` in its parts.
    pub bytes_split: Bytes,
}

/// What is measured once.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Summary {
    /// Transfers a second with one hot account, divided by those with distinct accounts; the smallest
    /// of the measured numbers of nodes.
    pub hot_ratio: f64,
    /// Ed25519 verifications a second on all cores.
    pub verify_limit_per_s: f64,
    /// The slowest `up` to its first committed transaction.
    pub up_ms: u64,
}

/// All figures.
pub struct Report {
    cases: Vec<Case>,
    summary: Summary,
}

impl Report {
    /// Puts them together; the ratio of the hot account follows from the cases.
    pub fn new(cases: Vec<Case>, summary: Summary) -> Self {
        let ratios = cases
            .iter()
            .filter(|case| case.case == "hot")
            .filter_map(|hot| {
                let distinct = cases
                    .iter()
                    .find(|case| case.case == "distinct" && case.nodes == hot.nodes)?;
                Some(hot.transfers_per_s / distinct.transfers_per_s)
            });
        let hot_ratio = ratios.fold(f64::INFINITY, f64::min);
        let hot_ratio = if hot_ratio.is_finite() {
            hot_ratio
        } else {
            0.0
        };
        Self {
            summary: Summary {
                hot_ratio,
                ..summary
            },
            cases,
        }
    }

    /// One object for each case and one for what was measured once.
    pub fn objects(&self) -> Vec<Value> {
        let rounded = |value: f64, digits: i32| {
            let scale = 10f64.powi(digits);
            (value * scale).round() / scale
        };
        let case = |case: &Case| {
            let split = &case.bytes_split;
            json!({
                "case": case.case,
                "nodes": case.nodes,
                "transfers_per_s": rounded(case.transfers_per_s, 0),
                "p50_ms": rounded(case.p50_ms, 1),
                "p99_ms": rounded(case.p99_ms, 1),
                "page_p50_ms": rounded(case.page_p50_ms, 1),
                "page_p99_ms": rounded(case.page_p99_ms, 1),
                "cpu_ms_per_tx": rounded(case.cpu_ms_per_tx, 4),
                "rss_mb": rounded(case.rss_mb, 1),
                "bytes_per_tx": rounded(case.bytes_per_tx, 0),
                "failed": case.failed,
                "bytes_split": {
                    "blocks": rounded(split.blocks, 0),
                    "receipts": rounded(split.receipts, 0),
                    "state": rounded(split.state, 0),
                    "indexes": rounded(split.indexes, 0),
                },
            })
        };
        let summary = json!({
            "hot_ratio": rounded(self.summary.hot_ratio, 3),
            "verify_limit_per_s": rounded(self.summary.verify_limit_per_s, 0),
            "up_ms": self.summary.up_ms,
        });
        self.cases.iter().map(case).chain([summary]).collect()
    }

    /// For people: every rate also as a part of what the machine's cores could verify.
    pub fn table(&self) -> String {
        let header = [
            "case",
            "nodes",
            "transfers/s",
            "of limit",
            "p50 ms",
            "p99 ms",
            "page p50 ms",
            "page p99 ms",
            "CPU ms/tx",
            "RSS MB",
            "bytes/tx",
            "blocks+receipts+state+indexes",
            "failed",
        ];
        let rows: Vec<[String; 13]> = self.cases.iter().map(|case| self.row(case)).collect();
        format!(
            "{}\n\nhot account        {:.2} of distinct accounts\nlimit              {:.0} Ed25519 verifications/s on all cores\nup                 {} ms to the first committed transaction",
            output::table(header, &rows),
            self.summary.hot_ratio,
            self.summary.verify_limit_per_s,
            self.summary.up_ms,
        )
    }

    fn row(&self, case: &Case) -> [String; 13] {
        let split = &case.bytes_split;
        [
            case.case.to_owned(),
            case.nodes.to_string(),
            format!("{:.0}", case.transfers_per_s),
            format!(
                "{:.2}",
                case.transfers_per_s / self.summary.verify_limit_per_s
            ),
            format!("{:.1}", case.p50_ms),
            format!("{:.1}", case.p99_ms),
            format!("{:.1}", case.page_p50_ms),
            format!("{:.1}", case.page_p99_ms),
            format!("{:.4}", case.cpu_ms_per_tx),
            format!("{:.0}", case.rss_mb),
            format!("{:.0}", case.bytes_per_tx),
            format!(
                "{:.0}+{:.0}+{:.0}+{:.0}",
                split.blocks, split.receipts, split.state, split.indexes
            ),
            case.failed.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(case: &'static str, nodes: usize, transfers_per_s: f64) -> Case {
        Case {
            case,
            nodes,
            transfers_per_s,
            p50_ms: 1.0,
            p99_ms: 2.0,
            page_p50_ms: 3.0,
            page_p99_ms: 4.0,
            cpu_ms_per_tx: 0.03,
            rss_mb: 70.0,
            bytes_per_tx: 500.0,
            failed: 0,
            bytes_split: Bytes::default(),
        }
    }

    #[test]
    fn the_ratio_of_the_hot_account_is_the_smallest() {
        let cases = vec![
            case("distinct", 1, 100.0),
            case("hot", 1, 95.0),
            case("distinct", 4, 50.0),
            case("hot", 4, 60.0),
        ];
        let summary = Summary {
            hot_ratio: 0.0,
            verify_limit_per_s: 1_000.0,
            up_ms: 3,
        };
        let report = Report::new(cases, summary);
        let objects = report.objects();
        assert_eq!(objects.len(), 5);
        assert_eq!(
            objects[4],
            json!({ "hot_ratio": 0.95, "verify_limit_per_s": 1000.0, "up_ms": 3 })
        );
        for field in [
            "case",
            "nodes",
            "transfers_per_s",
            "p50_ms",
            "p99_ms",
            "page_p50_ms",
            "page_p99_ms",
            "cpu_ms_per_tx",
            "rss_mb",
            "bytes_per_tx",
            "failed",
        ] {
            assert!(objects[0].get(field).is_some(), "{field}");
        }
        assert!(report.table().contains("0.95 of distinct accounts"));
    }
}
