//! What `doctor` says of the stamping of each ledger.

use super::summary::NodeSummary;
use blockworm_api::{Client, model::StampingView};
use blockworm_service::operations::{Finding, Verdict};
use std::collections::BTreeMap;

/// Asks each node that answers how the stamping of its ledgers is doing: a line for each that has
/// something to say, and one for each ledger of which all is well.
pub async fn check(nodes: &[NodeSummary]) -> Vec<Finding> {
    let (mut findings, mut well) = (Vec::new(), BTreeMap::new());
    for node in nodes {
        let Ok(client) = Client::new(&node.api_url) else {
            continue;
        };
        for ledger in &node.ledgers {
            // A node that does not answer has a line of its own.
            let Ok(view) = client.stamping(&ledger.id).await else {
                continue;
            };
            if !view.stamping {
                continue;
            }
            let found = finding(
                format!("timestamps of {} at {}", ledger.name, node.organisation),
                &view,
            );
            if found.verdict == Verdict::Ok {
                let (nodes, size) = well.entry(ledger.name.clone()).or_insert((0, 0));
                *nodes += 1;
                *size = view.newest_size.unwrap_or(0).max(*size);
            } else {
                findings.push(found);
            }
        }
    }
    let line = |(name, (nodes, size)): (String, (u32, u64))| {
        Finding::ok(
            format!("timestamps of {name}"),
            format!("{nodes} nodes stamp; stamped up to size {size}"),
        )
    };
    findings.extend(well.into_iter().map(line));
    findings
}

fn finding(check: String, view: &StampingView) -> Finding {
    if let Some(failing) = &view.failing {
        return Finding::warning(
            check,
            format!("no authority stamps: {}: {}", failing.code, failing.detail),
            "look at the authority and at [[time.sources]] in node.toml; a later stamp covers what waits",
        );
    }
    if view.drifting {
        return Finding::warning(
            check,
            format!("the authority's time lies {} ms off", view.drift_ms),
            "compare the clocks of this machine, of the validators and of the authority",
        );
    }
    if view.lapsed > 0 {
        return Finding::warning(
            check,
            format!("{} stamps ended before they were renewed", view.lapsed),
            "docs/time.md says what a stamp that has ended is worth",
        );
    }
    Finding::ok(check, "stamped")
}
