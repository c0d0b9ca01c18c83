//! `blockworm status`: the nodes of a local consortium and how far each ledger is.

use super::summary::{self, NodeSummary};
use crate::{cli::Place, failure::Result, output::Format, remote::recorded};
use blockworm_service::network::{ConsortiumFolder, LedgerRecord};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Status {
    dir: String,
    ledgers: Vec<LedgerRecord>,
    nodes: Vec<NodeSummary>,
}

/// Prints the status; exits with 1 unless every node answers.
pub async fn run(place: &Place, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&place.dir);
    let record = recorded(&folder)?;
    let nodes = summary::nodes(&folder, &record).await;
    let all_run = nodes.iter().all(|node| node.state == "running");
    let mut text = format!(
        "{}\n\n{}",
        summary::ledgers_table(&record.ledgers),
        summary::nodes_table(&nodes)
    );
    if !all_run {
        text.push_str(&format!(
            "\n\nnext: blockworm up --detach --dir {}",
            place.dir.display()
        ));
    }
    let status = Status {
        dir: place.dir.display().to_string(),
        ledgers: record.ledgers,
        nodes,
    };
    format.print(&status, text)?;
    Ok(if all_run {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
