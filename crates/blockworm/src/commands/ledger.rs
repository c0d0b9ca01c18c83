//! `blockworm ledger list|join|archive`: which ledgers a node keeps.

use super::{
    lifecycle::{locked, no_node, start_one, stop_one},
    packages::{config_failure, elsewhere_failure},
};
use crate::{
    cli::{LedgerArchiveArgs, LedgerCommand, LedgerJoinArgs, Target},
    failure::{Failure, Result},
    output::{Format, table},
    progress::Progress,
    remote::{Remote, client_failure, folder_failure, recorded},
};
use blockworm_api::Client;
use blockworm_ledger::{Genesis, OrganisationId};
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, NodeConfigFile, NodeRecord, NodeState,
    config::{Overrides, read_genesis},
    elsewhere::{ElsewhereError, JoinFile},
    ledgers::{self, Coming, Kept, LedgersError},
    process,
};
use serde::Serialize;
use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long a node may take to end, and to come back without a ledger.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a node is asked again.
const POLL: Duration = Duration::from_millis(100);

#[derive(Serialize)]
struct Listed {
    name: String,
    id: String,
    height: u64,
    epoch: u64,
    validators: usize,
    /// `votes` or `watches`.
    role: &'static str,
    catching_up: bool,
    genesis_digest: String,
}

#[derive(Serialize)]
struct Changed {
    organisation: String,
    name: String,
    id: String,
    /// Where its blocks and state are.
    files: String,
    /// Whether a node runs that was restarted.
    restarted: bool,
    height: Option<u64>,
    elapsed_ms: u64,
}

/// Runs one of the verbs.
pub async fn run(command: &LedgerCommand, format: Format) -> Result<ExitCode> {
    match command {
        LedgerCommand::List(target) => list(target, format).await,
        LedgerCommand::Join(args) => join(args, format).await,
        LedgerCommand::Archive(args) => archive(args, format).await,
    }
}

async fn list(target: &Target, format: Format) -> Result<ExitCode> {
    let client = Remote::node(target)?;
    let views = client.ledgers().await.map_err(client_failure)?;
    let listed: Vec<Listed> = views
        .into_iter()
        .map(|view| Listed {
            role: if view.votes { "votes" } else { "watches" },
            name: view.name,
            id: view.id,
            height: view.height,
            epoch: view.epoch,
            validators: view.validators,
            catching_up: view.catching_up,
            genesis_digest: view.genesis_digest,
        })
        .collect();
    let rows: Vec<[String; 6]> = listed
        .iter()
        .map(|one| {
            [
                one.name.clone(),
                one.id.clone(),
                one.height.to_string(),
                one.epoch.to_string(),
                one.validators.to_string(),
                one.role.to_owned(),
            ]
        })
        .collect();
    let header = ["LEDGER", "ID", "HEIGHT", "EPOCH", "VALIDATORS", "ROLE"];
    format.print(&listed, table(header, &rows))?;
    Ok(ExitCode::SUCCESS)
}

/// The node that is meant: the only one of the folder, or that of the organisation named.
fn own_node(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    wanted: Option<&OrganisationId>,
) -> Result<NodeRecord> {
    let mut nodes = record.nodes.iter();
    let mut meant = nodes
        .by_ref()
        .filter(|node| wanted.is_none_or(|organisation| node.organisation == *organisation));
    match (meant.next(), meant.next()) {
        (Some(node), None) => Ok(node.clone()),
        (Some(_), Some(_)) => Err(Failure::new(
            "node.ambiguous",
            format!("{} holds several nodes", folder.root().display()),
        )
        .next("say whose with --as-org ORG")),
        (None, _) => {
            let wanted = wanted.map_or("any organisation", |id| id.as_str());
            Err(no_node(record, wanted, folder))
        }
    }
}

/// A genesis file, or the ledgers of a join file with what it vouches for.
fn read_file(path: &Path, organisation: &OrganisationId) -> Result<(Vec<Genesis>, Coming)> {
    let genesis = read_genesis(path);
    if let Ok(genesis) = genesis {
        return Ok((vec![genesis], Coming::default()));
    }
    let folder = ConsortiumFolder::new(".");
    let join = JoinFile::read(path).map_err(|error| match (&error, genesis) {
        // Neither: what it looks like more is told.
        (ElsewhereError::Malformed { reason, .. }, Err(other)) if !reason.contains("genesis") => {
            let both = format!("{other}; nor is it a join file: {reason}");
            Failure::new("ledger.malformed", both).next(
                "give a genesis file, or a join file made by blockworm node package ORG --for join",
            )
        }
        _ => elsewhere_failure(&folder, &error),
    })?;
    if join.organisation != *organisation {
        let wanted = &join.organisation;
        let what = format!(
            "{} was made for {wanted}, not for {organisation}",
            path.display()
        );
        return Err(Failure::new("node.other_organisation", what)
            .next(format!("have one made for {organisation}")));
    }
    let coming = Coming {
        peers: join.peers,
        vouched: true,
        has_voted: false,
    };
    Ok((join.ledgers, coming))
}

fn check_digest(genesis: &Genesis, expected: &[String]) -> Result<()> {
    let found = genesis.digest().to_string();
    if expected.is_empty() || expected.contains(&found) {
        return Ok(());
    }
    let what = format!(
        "the genesis of {} has the digest {found}, which is not the one given",
        genesis.name
    );
    Err(Failure::new("ledger.other_genesis", what)
        .next("do not use this file: ask its maker, and compare the digests by another way"))
}

async fn join(args: &LedgerJoinArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.place)?;
    let record = recorded(&folder)?;
    let node = own_node(&folder, &record, args.as_org.as_ref())?;
    let (found, mut coming) = read_file(&args.file, &node.organisation)?;
    coming.has_voted = args.has_voted;
    let mut kept = Vec::new();
    let several = found.len() > 1;
    for genesis in &found {
        check_digest(genesis, &args.digests)?;
        match ledgers::keep(&folder, &node.organisation, genesis, &coming) {
            Ok(one) => kept.push(one),
            // A join file may name ledgers that the node keeps already beside a new one.
            Err(LedgersError::AlreadyKept { .. }) if several => {}
            Err(error) => return Err(ledgers_failure(&folder, &error)),
        }
    }
    if kept.is_empty() {
        let what = format!(
            "the node of {} keeps all of them already",
            node.organisation
        );
        return Err(Failure::new("ledger.already_kept", what).next("blockworm ledger list"));
    }
    let progress = Progress::new();
    let patience = Duration::from_secs(args.wait_s);
    let client = restart(&folder, &record, &node, patience, &progress).await?;
    let mut changed = Vec::with_capacity(kept.len());
    for one in kept {
        let mut height = None;
        if let Some(client) = &client {
            progress.doing(format!("catching up on {}", one.name));
            height = Some(catch_up(&folder, &record, &node, client, &one, patience).await?);
        }
        changed.push(told(&node, one, client.is_some(), height, begun));
    }
    progress.done();
    drop(lock);
    let lines: Vec<String> = changed
        .iter()
        .map(|one| {
            let how = match one.height {
                Some(height) => format!("and has caught up at block {height}"),
                None => format!(
                    "from its next start on (blockworm node start {})",
                    node.organisation
                ),
            };
            format!(
                "the node of {} keeps {} ({}) {how}",
                node.organisation, one.name, one.id
            )
        })
        .collect();
    format.print(&changed, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn told(
    node: &NodeRecord,
    kept: Kept,
    restarted: bool,
    height: Option<u64>,
    begun: Instant,
) -> Changed {
    Changed {
        organisation: node.organisation.to_string(),
        name: kept.name,
        id: kept.id.to_string(),
        files: kept.files.display().to_string(),
        restarted,
        height,
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Restarts the node if it runs.
async fn restart(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    node: &NodeRecord,
    patience: Duration,
    progress: &Progress,
) -> Result<Option<Client>> {
    let state = process::state(folder, &node.organisation)
        .map_err(|error| super::down::stop_failure(&error))?;
    if !matches!(state, NodeState::Running(_)) {
        return Ok(None);
    }
    progress.doing(format!("restarting the node of {}", node.organisation));
    stop_one(folder, node, patience)?;
    start_one(folder, record, node, patience, progress)
        .await
        .map(Some)
}

/// Waits until the node stands where others of the ledger stand, as far as they are heard; at once
/// for a ledger that has not begun.
async fn catch_up(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    node: &NodeRecord,
    client: &Client,
    ledger: &Kept,
    patience: Duration,
) -> Result<u64> {
    let begun = Instant::now();
    let id = ledger.id.to_string();
    let mut goal = 0;
    for other in record
        .nodes
        .iter()
        .filter(|other| other.organisation != node.organisation)
    {
        let runs = process::state(folder, &other.organisation);
        if matches!(runs, Ok(NodeState::Running(_)))
            && let Ok(client) = Client::new(&other.api_url())
            && let Ok(view) = client.ledger(&id).await
        {
            goal = goal.max(view.height);
        }
    }
    loop {
        let view = client.ledger(&id).await.map_err(client_failure)?;
        if view.height >= goal && !view.catching_up {
            return Ok(view.height);
        }
        if begun.elapsed() > patience {
            let what = format!(
                "the node of {} stands at block {} of {} after {} s, others at {goal}",
                node.organisation,
                view.height,
                ledger.name,
                patience.as_secs()
            );
            return Err(Failure::new("node.not_ready", what)
                .next("blockworm network health; it goes on catching up by itself"));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn archive(args: &LedgerArchiveArgs, format: Format) -> Result<ExitCode> {
    if args.drop {
        return drop_ledger(args, format).await;
    }
    super::archiving::propose(args, format).await
}

/// Takes an archived ledger out of a node's settings.
async fn drop_ledger(args: &LedgerArchiveArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.place)?;
    let record = recorded(&folder)?;
    let node = own_node(&folder, &record, args.as_org.as_ref())?;
    let file = folder.node_file(&node.organisation);
    NodeConfigFile::read(&file, Overrides::default()).map_err(|error| config_failure(&error))?;
    super::archiving::check_archived(&folder, &node, &args.ledger).await?;
    let kept = ledgers::drop_ledger(&folder, &node.organisation, &args.ledger)
        .map_err(|error| ledgers_failure(&folder, &error))?;
    let progress = Progress::new();
    let client = restart(&folder, &record, &node, PATIENCE, &progress).await?;
    progress.done();
    drop(lock);
    let changed = told(&node, kept, client.is_some(), None, begun);
    let text = format!(
        "the node of {} keeps {} no more; its blocks and state stay in {}, its genesis file beside the others",
        changed.organisation, changed.name, changed.files
    );
    format.print(&changed, text)?;
    Ok(ExitCode::SUCCESS)
}

fn ledgers_failure(folder: &ConsortiumFolder, error: &LedgersError) -> Failure {
    let dir = folder.root().display();
    let (code, next) = match error {
        LedgersError::Elsewhere(inner) => return elsewhere_failure(folder, inner),
        LedgersError::Config(inner) => return config_failure(inner),
        LedgersError::Folder(inner) => return folder_failure(folder, inner),
        LedgersError::AlreadyKept { .. } => {
            ("ledger.already_kept", "blockworm ledger list".to_owned())
        }
        LedgersError::NotKept { .. } => (
            "ledger.not_found",
            format!("blockworm ledger list --dir {dir}"),
        ),
        LedgersError::LastLedger { organisation, .. } => (
            "ledger.last",
            format!("a node keeps at least one: blockworm node stop {organisation} ends it"),
        ),
        LedgersError::NotAMember { organisation, .. } => (
            "ledger.not_a_member",
            format!(
                "where a vote took {organisation} in, have a member make a join file: blockworm node package {organisation} --for join"
            ),
        ),
        LedgersError::UnknownPeers { .. } => (
            "ledger.unknown_peers",
            "add them as [[peers]] to node.toml, or have a member make a join file: blockworm node package ORG --for join".to_owned(),
        ),
        LedgersError::Identity(_) => ("key.unusable", format!("blockworm doctor --dir {dir}")),
    };
    Failure::of(code, error).next(next)
}
