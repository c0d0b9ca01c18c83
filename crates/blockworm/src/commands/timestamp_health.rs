//! What `doctor` says of the stamping of each ledger, one line a node.

use super::summary::NodeSummary;
use blockworm_api::{Client, model::StampsView};
use blockworm_service::operations::Finding;

/// Asks each node that answers how the stamping of its ledgers is doing.
pub async fn check(nodes: &[NodeSummary]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in nodes {
        let Ok(client) = Client::new(&node.api_url) else {
            continue;
        };
        for ledger in &node.ledgers {
            // A node that does not answer has a line of its own.
            if let Ok(view) = client.stamps(&ledger.id, None, 1).await
                && view.stamping
            {
                let check = format!("timestamps of {} at {}", ledger.name, node.organisation);
                findings.push(finding(check, &view));
            }
        }
    }
    findings
}

fn finding(check: String, view: &StampsView) -> Finding {
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
            "docs/time.md: what a stamp that has ended is worth",
        );
    }
    let text = match view.stamps.first() {
        Some(newest) => format!("stamped up to size {} by {}", newest.size, newest.authority),
        None => "nothing to stamp yet".to_owned(),
    };
    Finding::ok(check, text)
}
