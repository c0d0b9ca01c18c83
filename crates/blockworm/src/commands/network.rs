//! `blockworm network topology|health`: who keeps each ledger, and how well it is doing.

use crate::{
    cli::{NetworkCommand, Target},
    failure::{Failure, Result},
    output::{Format, table},
    remote::{self, client_failure, recorded},
};
use blockworm_api::{
    Client,
    model::{TopologyNode, TopologyView},
};
use blockworm_service::network::{ConsortiumFolder, NodeState, process};
use serde::Serialize;
use std::process::ExitCode;

/// What one node answered, or why it did not.
#[derive(Serialize)]
struct Seen {
    /// Whose node; its address where that is all that is known.
    node: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
    ledgers: Vec<TopologyView>,
}

#[derive(Serialize)]
struct Problem {
    code: String,
    message: String,
    next: String,
}

#[derive(Serialize)]
struct Report {
    /// The worst of all: `ok`, `degraded` or `failed`.
    health: &'static str,
    nodes: Vec<Seen>,
}

/// Runs one of the verbs.
pub async fn run(command: &NetworkCommand, format: Format) -> Result<ExitCode> {
    let (NetworkCommand::Topology(target) | NetworkCommand::Health(target)) = command;
    let nodes = ask(target).await?;
    if let NetworkCommand::Topology(_) = command {
        // Where only one is asked, its silence is the answer.
        if let [Seen { error: Some(_), .. }] = nodes.as_slice() {
            return Err(silence(nodes));
        }
        let text: Vec<String> = nodes.iter().map(topology_text).collect();
        format.print(&nodes, text.join("\n\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let health = worst(&nodes);
    let report = Report { health, nodes };
    format.print(&report, health_text(&report))?;
    Ok(match health {
        "failed" => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn silence(nodes: Vec<Seen>) -> Failure {
    let problem = nodes.into_iter().find_map(|seen| seen.error);
    match problem {
        Some(problem) => Failure::new(problem.code, problem.message).next(problem.next),
        None => Failure::new("node.unexpected", "no node was asked"),
    }
}

/// Asks the node that is named, or all nodes of the folder.
async fn ask(target: &Target) -> Result<Vec<Seen>> {
    if let Some(address) = &target.api {
        let client = remote::client(address, &target.credentials)?;
        return Ok(vec![ask_one(address.clone(), &client, target).await]);
    }
    let folder = ConsortiumFolder::new(&target.place.dir);
    let record = recorded(&folder)?;
    let mut seen = Vec::new();
    for node in &record.nodes {
        if target
            .node
            .as_ref()
            .is_some_and(|one| node.organisation != *one)
        {
            continue;
        }
        let name = node.organisation.to_string();
        let runs = process::state(&folder, &node.organisation);
        if !matches!(runs, Ok(NodeState::Running(_))) {
            let dir = folder.root().display();
            seen.push(Seen {
                error: Some(Problem {
                    code: "node.not_running".to_owned(),
                    message: format!("the node of {name} does not run"),
                    next: format!("blockworm node start {name} --dir {dir}"),
                }),
                node: name,
                ledgers: Vec::new(),
            });
            continue;
        }
        let client = Client::new(&node.api_url()).map_err(client_failure)?;
        seen.push(ask_one(name, &client, target).await);
    }
    if seen.is_empty() {
        let wanted = target
            .node
            .as_ref()
            .map_or("any organisation", |id| id.as_str());
        return Err(super::lifecycle::no_node(&record, wanted, &folder));
    }
    Ok(seen)
}

async fn ask_one(node: String, client: &Client, target: &Target) -> Seen {
    let meant = |id: &str, name: &str| {
        let wanted = target.ledger.as_deref();
        wanted.is_none_or(|wanted| wanted == id || wanted == name)
    };
    let mut ledgers = Vec::new();
    let asked = async {
        for ledger in client.ledgers().await? {
            if meant(&ledger.id, &ledger.name) {
                ledgers.push(client.topology(&ledger.id).await?);
            }
        }
        Ok(())
    };
    let mut error = asked.await.err().map(|error| {
        let failure = client_failure(error);
        Problem {
            code: failure.code,
            message: failure.what,
            next: failure.next.unwrap_or_default(),
        }
    });
    if let (None, true, Some(wanted)) = (&error, ledgers.is_empty(), &target.ledger) {
        error = Some(Problem {
            code: "ledger.not_found".to_owned(),
            message: format!("the node keeps no ledger `{wanted}`"),
            next: "blockworm ledger list".to_owned(),
        });
    }
    Seen {
        node,
        error,
        ledgers,
    }
}

fn worst(nodes: &[Seen]) -> &'static str {
    let mut words = nodes.iter().flat_map(|seen| {
        let own = seen.error.as_ref().map(|_| "failed");
        own.into_iter()
            .chain(seen.ledgers.iter().map(|ledger| ledger.health.as_str()))
    });
    let all: Vec<&str> = words.by_ref().collect();
    let has = |word: &str| all.contains(&word);
    match (has("failed"), has("degraded")) {
        (true, _) => "failed",
        (false, true) => "degraded",
        _ => "ok",
    }
}

fn topology_text(seen: &Seen) -> String {
    let mut parts = vec![format!("as the node of {} sees it", seen.node)];
    if let Some(problem) = &seen.error {
        parts.push(format!(
            "{}: {}\nnext: {}",
            problem.code, problem.message, problem.next
        ));
    }
    for ledger in &seen.ledgers {
        let rows: Vec<[String; 7]> = ledger.nodes.iter().map(row).collect();
        parts.push(format!(
            "{} ({}): {} of {} validators are there, {} must vote; {} more may go\n{}",
            ledger.name,
            ledger.ledger,
            ledger.reachable,
            ledger.validators,
            ledger.quorum,
            ledger.margin.max(0),
            table(
                [
                    "ORGANISATION",
                    "ROLE",
                    "SEEN",
                    "HEIGHT",
                    "LAG",
                    "ADDRESS",
                    "KEY"
                ],
                &rows
            )
        ));
    }
    parts.join("\n\n")
}

fn row(node: &TopologyNode) -> [String; 7] {
    let seen = match (node.this_node, node.reachable, node.heard_ago_ms) {
        (true, ..) => "this node".to_owned(),
        (_, Some(true), Some(ago_ms)) => format!("{ago_ms} ms ago"),
        (_, Some(false), Some(ago_ms)) => format!("not for {} s", ago_ms / 1000),
        (_, Some(false), None) => "never".to_owned(),
        _ => "unknown".to_owned(),
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let lag = match (node.lag_blocks, node.lag_ms) {
        (Some(blocks), Some(ms)) => Some(format!("{blocks} blocks, {ms} ms")),
        (Some(blocks), None) => Some(format!("{blocks} blocks")),
        _ => None,
    };
    [
        node.organisation.clone(),
        node.role.clone(),
        seen,
        or_dash(node.height.map(|height| height.to_string())),
        or_dash(lag),
        or_dash(node.address.clone()),
        node.key.clone(),
    ]
}

fn health_text(report: &Report) -> String {
    let mut lines = vec![report.health.to_owned()];
    for seen in &report.nodes {
        if let Some(problem) = &seen.error {
            lines.push(format!(
                "FAIL  {:<14} {}: {}",
                seen.node, problem.code, problem.message
            ));
            lines.push(format!("      {:<14} next: {}", "", problem.next));
        }
        for ledger in &seen.ledgers {
            if ledger.reasons.is_empty() {
                lines.push(format!(
                    "ok    {:<14} {}: block {}, {} of {} validators are there, {} more may go",
                    seen.node,
                    ledger.name,
                    ledger.height,
                    ledger.reachable,
                    ledger.validators,
                    ledger.margin.max(0)
                ));
            }
            for reason in &ledger.reasons {
                let mark = if reason.health == "failed" {
                    "FAIL"
                } else {
                    "warn"
                };
                lines.push(format!(
                    "{mark}  {:<14} {}: {} ({})",
                    seen.node, ledger.name, reason.detail, reason.code
                ));
                lines.push(format!("      {:<14} next: {}", "", reason.next));
            }
        }
    }
    lines.join("\n")
}
