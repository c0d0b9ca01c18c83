//! `blockworm node join|leave|list`: nodes of a local consortium come, vote, watch and go.

use super::{decide::decide, nodes::Nodes};
use crate::{
    cli::{NodeJoinArgs, NodeLeaveArgs, NodeListArgs},
    failure::{Failure, Result},
    output::{Format, table},
    progress::Progress,
    remote::{Remote, client_failure, folder_failure, recorded},
};
use blockworm_api::{Client, model::LedgerView};
use blockworm_crypto::PublicKey;
use blockworm_execution::{Action, MembershipAction};
use blockworm_ledger::OrganisationId;
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, LedgerRecord, NodeRecord, NodeState, join, process,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long a node may take to catch up, and validators to change.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often a node is asked again.
const POLL: Duration = Duration::from_millis(50);
/// How long a dismissed node may take to end.
const STOP: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Joined {
    organisation: String,
    key: String,
    api_url: String,
    ledgers: Vec<JoinedLedger>,
    elapsed_ms: u64,
}

#[derive(Serialize)]
struct JoinedLedger {
    name: String,
    /// Whether the node votes now.
    votes: bool,
    validators: usize,
    /// From the request until the node kept the ledger as far as the others.
    caught_up_ms: u64,
    /// From the request until it voted.
    #[serde(skip_serializing_if = "Option::is_none")]
    voting_ms: Option<u64>,
}

#[derive(Serialize)]
struct Left {
    organisation: String,
    ledgers: Vec<String>,
    dismissed: bool,
    elapsed_ms: u64,
}

/// Gives an organisation a node: it is let in by vote, catches up, and votes unless told to watch.
pub async fn join(args: &NodeJoinArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let elapsed_ms = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let folder = ConsortiumFolder::new(&args.place.dir);
    let lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let progress = Progress::new();
    let (record, joining) = join::prepare(&folder, &args.organisation)
        .map_err(|error| join_failure(&folder, &error))?;
    let node = &joining.node;
    let mut ledgers = Vec::with_capacity(joining.ledgers.len());
    let mut reached = Vec::with_capacity(joining.ledgers.len());
    for ledger in &joining.ledgers {
        let other = neighbour(&folder, &record, &node.organisation, ledger).await?;
        progress.doing(format!("voting to let the node into {}", ledger.name));
        let admit = MembershipAction::AdmitNode {
            organisation: node.organisation.clone(),
            certificate: joining.certificate.clone(),
            address: node.listen.to_string(),
        };
        if !is_founder(&other, &joining.key).await? {
            decide(&folder, ledger, &other, Action::Membership(admit)).await?;
        }
        let view = other.client.ledger(&ledger.id).await;
        reached.push(view.map_err(client_failure)?.height);
        ledgers.push((ledger, other));
    }
    progress.doing(format!("starting the node of {}", node.organisation));
    let client = start(&folder, node, &progress).await?;
    let mut joined = Vec::with_capacity(ledgers.len());
    for ((ledger, other), height) in ledgers.into_iter().zip(reached) {
        progress.doing(format!("catching up on {}", ledger.name));
        wait(&client, ledger, |view| view.height >= height).await?;
        let caught_up_ms = elapsed_ms();
        let mut voting_ms = None;
        if !args.watch {
            progress.doing(format!("voting for a vote on {}", ledger.name));
            let add = MembershipAction::AddValidator { key: joining.key };
            decide(&folder, ledger, &other, Action::Membership(add)).await?;
            wait(&client, ledger, |view| view.votes).await?;
            voting_ms = Some(elapsed_ms());
        }
        let view = client.ledger(&ledger.id).await.map_err(client_failure)?;
        joined.push(JoinedLedger {
            name: ledger.name.clone(),
            votes: view.votes,
            validators: view.validators,
            caught_up_ms,
            voting_ms,
        });
    }
    progress.done();
    drop(lock);
    let joined = Joined {
        organisation: node.organisation.to_string(),
        key: joining.key.to_string(),
        api_url: node.api_url(),
        ledgers: joined,
        elapsed_ms: elapsed_ms(),
    };
    let text = render(&joined);
    format.print(&joined, text)?;
    Ok(ExitCode::SUCCESS)
}

fn render(joined: &Joined) -> String {
    let rows: Vec<[String; 4]> = joined
        .ledgers
        .iter()
        .map(|ledger| {
            let ms = |ms: u64| format!("{ms} ms");
            [
                ledger.name.clone(),
                ledger.validators.to_string(),
                ms(ledger.caught_up_ms),
                ledger.voting_ms.map_or_else(|| "watches".to_owned(), ms),
            ]
        })
        .collect();
    format!(
        "the node of {} has joined; key {}\n\n{}\n\nconsole  {}\njoined in {} ms",
        joined.organisation,
        joined.key,
        table(["LEDGER", "VALIDATORS", "CAUGHT UP", "VOTED"], &rows),
        joined.api_url,
        joined.elapsed_ms
    )
}

/// Takes an organisation's votes; it goes on watching unless it is dismissed.
pub async fn leave(args: &NodeLeaveArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let folder = ConsortiumFolder::new(&args.place.dir);
    let lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let record = recorded(&folder)?;
    let leaving = record
        .nodes
        .iter()
        .find(|node| node.organisation == args.organisation)
        .ok_or_else(|| {
            let what = format!("{} has no node in this folder", args.organisation);
            Failure::new("node.not_found", what)
        })?;
    let leaving = join::find(&folder, leaving).map_err(|error| join_failure(&folder, &error))?;
    let progress = Progress::new();
    for ledger in &leaving.ledgers {
        let other = neighbour(&folder, &record, &args.organisation, ledger).await?;
        progress.doing(format!("voting on {}", ledger.name));
        let key = leaving.key;
        let remove = MembershipAction::RemoveValidator { key };
        if let Some(height) = decide(&folder, ledger, &other, Action::Membership(remove)).await? {
            progress.doing(format!(
                "waiting for the end of the epoch of {}",
                ledger.name
            ));
            wait_for_effect(&other, ledger, height).await?;
        }
        if args.dismiss {
            let dismiss = MembershipAction::DismissNode { key };
            decide(&folder, ledger, &other, Action::Membership(dismiss)).await?;
        }
    }
    if args.dismiss {
        process::request_stop(&folder, &args.organisation)
            .and_then(|_| process::wait_stopped(&folder, &args.organisation, STOP))
            .map_err(|error| super::down::stop_failure(&error))?;
        join::forget(&folder, &args.organisation)
            .map_err(|error| folder_failure(&folder, &error))?;
    }
    progress.done();
    drop(lock);
    let left = Left {
        organisation: args.organisation.to_string(),
        ledgers: leaving.ledgers.iter().map(|one| one.name.clone()).collect(),
        dismissed: args.dismiss,
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    let how = if args.dismiss {
        "is sent nothing any more"
    } else {
        "votes no more and goes on watching"
    };
    let text = format!(
        "the node of {} {how} on {}, after {} ms",
        left.organisation,
        left.ledgers.join(" and "),
        left.elapsed_ms
    );
    format.print(&left, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Lists who keeps a ledger: its validators, and the nodes that votes admitted or dismissed.
pub async fn list(args: &NodeListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let decided = remote.query("ledger", &json!({ "validators": {} })).await?;
    let nodes = remote
        .query("ledger", &json!({ "nodes": { "limit": 100 } }))
        .await?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let newest = list(&decided).pop().unwrap_or_default();
    let validators = list(&newest["validators"]);
    let mut rows: Vec<[String; 4]> = Vec::new();
    for validator in &validators {
        let key = &validator["key"];
        let node = list(&nodes).into_iter().find(|node| node["key"] == *key);
        let address = node.map(|node| word(&node["address"])).unwrap_or_default();
        rows.push([
            word(&validator["organisation"]),
            "votes".into(),
            word(key),
            address,
        ]);
    }
    for node in list(&nodes) {
        if validators
            .iter()
            .any(|validator| validator["key"] == node["key"])
        {
            continue;
        }
        let role = if node["dismissed_at"].is_null() {
            "watches".to_owned()
        } else {
            format!("dismissed in block {}", node["dismissed_at"])
        };
        let organisation = word(&node["organisation"]);
        rows.push([
            organisation,
            role,
            word(&node["key"]),
            word(&node["address"]),
        ]);
    }
    let text = format!(
        "{}\n\ndecided in block {}",
        table(["ORGANISATION", "ROLE", "KEY", "ADDRESS"], &rows),
        newest["decided_at"]
    );
    format.print(&json!({ "decided": decided, "nodes": nodes }), text)?;
    Ok(ExitCode::SUCCESS)
}

/// A running node of another organisation that keeps the ledger.
async fn neighbour(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    besides: &OrganisationId,
    ledger: &LedgerRecord,
) -> Result<Remote> {
    let other = record.nodes.iter().find(|node| {
        node.organisation != *besides
            && ledger.is_kept_by(&node.organisation)
            && matches!(
                process::state(folder, &node.organisation),
                Ok(NodeState::Running(_))
            )
    });
    let Some(other) = other else {
        let what = format!("no other node of `{}` runs", ledger.name);
        return Err(Failure::new("node.not_running", what).next(format!(
            "blockworm up --detach --dir {}",
            folder.root().display()
        )));
    };
    let client = Client::new(&other.api_url()).map_err(client_failure)?;
    let view = client.ledger(&ledger.id).await.map_err(client_failure)?;
    Remote::of(client, &view)
}

/// Whether the key keeps the ledger since the genesis, so that nobody has to let it in.
async fn is_founder(remote: &Remote, key: &PublicKey) -> Result<bool> {
    let decided = remote.query("ledger", &json!({ "validators": {} })).await?;
    let nodes = remote
        .query("ledger", &json!({ "nodes": { "limit": 100 } }))
        .await?;
    let text = key.to_string();
    let lists = |list: &Value| {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().any(|one| one["key"] == text)
    };
    // A node with a row of its own was admitted or dismissed by a vote since.
    Ok(decided[0]["decided_at"] == 0 && lists(&decided[0]["validators"]) && !lists(&nodes))
}

async fn start(
    folder: &ConsortiumFolder,
    node: &NodeRecord,
    progress: &Progress,
) -> Result<Client> {
    let alone = ConsortiumRecord {
        nodes: vec![node.clone()],
        ..recorded(folder)?
    };
    let mut nodes = Nodes::start(folder, &alone, progress)?;
    nodes.wait_one(node).await
}

async fn wait(
    client: &Client,
    ledger: &LedgerRecord,
    reached: impl Fn(&LedgerView) -> bool,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        let view = client.ledger(&ledger.id).await.map_err(client_failure)?;
        if reached(&view) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            let what = format!(
                "the node stands at block {} of `{}` after {} s",
                view.height,
                ledger.name,
                PATIENCE.as_secs()
            );
            return Err(
                Failure::new("node.not_ready", what).next("blockworm status; blockworm doctor")
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until what was decided in a block is in effect: from the first epoch on that begins more
/// than `root_lag` blocks later.
async fn wait_for_effect(remote: &Remote, ledger: &LedgerRecord, decided: u64) -> Result<()> {
    let parameters = remote.query("ledger", &json!({ "parameters": {} })).await?;
    let number = |name: &str| parameters[name].as_u64().unwrap_or(1);
    let epoch = (decided + number("root_lag")) / number("epoch_length").max(1) + 1;
    wait(&remote.client, ledger, |view| view.epoch >= epoch).await
}

fn join_failure(folder: &ConsortiumFolder, error: &join::JoinError) -> Failure {
    match error {
        join::JoinError::Folder(inner) => folder_failure(folder, inner),
        join::JoinError::UnknownOrganisation { .. } => Failure::of("organisation.unknown", error)
            .next(format!(
                "blockworm status --dir {}",
                folder.root().display()
            )),
        _ => Failure::of("node.not_prepared", error).next(format!(
            "blockworm doctor --dir {}",
            folder.root().display()
        )),
    }
}
