//! `blockworm node start|stop|restart|logs|ping`: the processes of a folder's nodes.

use super::{
    down::stop_failure,
    nodes::Nodes,
    voting::{self, Standing},
};
use crate::{
    cli::{NodeLogsArgs, NodePingArgs, NodeStartArgs, NodeStopArgs, Place, WhichNodes},
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::{client_failure, folder_failure, recorded},
};
use blockworm_api::Client;
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, NodeRecord, NodeState,
    logs::{Line, NodeLog},
    process,
};
use serde::Serialize;
use serde_json::json;
use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::{Duration, Instant},
};

/// How often a followed log is looked at.
const POLL: Duration = Duration::from_millis(200);

#[derive(Serialize)]
struct Done {
    nodes: Vec<OneDone>,
    elapsed_ms: u64,
}

#[derive(Serialize)]
struct OneDone {
    organisation: String,
    /// `started`, `running` (it ran before), `stopped`, `not_running` or `restarted`.
    outcome: &'static str,
    api_url: String,
    /// Until it had caught up, or had ended.
    elapsed_ms: u64,
}

/// The nodes that are meant.
fn chosen(
    folder: &ConsortiumFolder,
    which: &WhichNodes,
) -> Result<(ConsortiumRecord, Vec<NodeRecord>)> {
    let record = recorded(folder)?;
    let meant = |node: &&NodeRecord| {
        let named = which.organisation.as_ref();
        named.is_none_or(|organisation| node.organisation == *organisation)
    };
    let nodes: Vec<NodeRecord> = record.nodes.iter().filter(meant).cloned().collect();
    if let (true, Some(organisation)) = (nodes.is_empty(), &which.organisation) {
        return Err(no_node(&record, organisation.as_str(), folder));
    }
    Ok((record, nodes))
}

/// The folder has no node of that name.
pub fn no_node(record: &ConsortiumRecord, wanted: &str, folder: &ConsortiumFolder) -> Failure {
    let nodes = record.nodes.iter().map(|node| node.organisation.as_str());
    let nodes: Vec<&str> = nodes.collect();
    let what = format!("{wanted} has no node in {}", folder.root().display());
    let failure = Failure::new("node.not_found", what);
    if nodes.is_empty() {
        return failure.next("blockworm node install JOINFILE sets one up");
    }
    failure.next(format!("its nodes are those of {}", nodes.join(", ")))
}

fn ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The folder of a consortium, under its lock.
pub fn locked(place: &Place) -> Result<(ConsortiumFolder, impl Sized + use<>)> {
    let folder = ConsortiumFolder::new(&place.dir);
    // A folder that is not there must not be made by asking for its lock.
    recorded(&folder)?;
    let lock = folder.lock();
    let lock = lock.map_err(|error| folder_failure(&folder, &error))?;
    Ok((folder, lock))
}

pub fn is_running(folder: &ConsortiumFolder, node: &NodeRecord) -> Result<bool> {
    let state = process::state(folder, &node.organisation).map_err(|error| stop_failure(&error))?;
    Ok(matches!(state, NodeState::Running(_)))
}

/// Starts one node and waits until it has caught up.
pub async fn start_one(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    node: &NodeRecord,
    patience: Duration,
    progress: &Progress,
) -> Result<Client> {
    let alone = ConsortiumRecord {
        nodes: vec![node.clone()],
        ..record.clone()
    };
    let mut nodes = Nodes::start(folder, &alone, progress)?;
    nodes.wait_caught_up(node, patience, progress).await
}

/// Stops one node in good order.
pub fn stop_one(folder: &ConsortiumFolder, node: &NodeRecord, patience: Duration) -> Result<()> {
    process::request_stop(folder, &node.organisation)
        .and_then(|_| process::wait_stopped(folder, &node.organisation, patience))
        .map_err(|error| stop_failure(&error))
}

/// Starts nodes and waits until each has caught up.
pub async fn start(args: &NodeStartArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.which.place)?;
    let (record, chosen) = chosen(&folder, &args.which)?;
    let progress = Progress::new();
    let patience = Duration::from_secs(args.wait_s);
    let mut ran = Vec::with_capacity(chosen.len());
    for node in &chosen {
        ran.push(is_running(&folder, node)?);
    }
    // All are started before any is waited for: those of one folder may need each other.
    let these = ConsortiumRecord {
        nodes: chosen.clone(),
        ..record
    };
    let mut nodes = Nodes::start(&folder, &these, &progress)?;
    let mut done = Vec::with_capacity(chosen.len());
    for (node, ran) in chosen.iter().zip(ran) {
        nodes.wait_caught_up(node, patience, &progress).await?;
        done.push(OneDone {
            organisation: node.organisation.to_string(),
            outcome: if ran { "running" } else { "started" },
            api_url: node.api_url(),
            elapsed_ms: ms(begun),
        });
    }
    progress.done();
    drop(lock);
    print(done, begun, format)
}

/// Stops nodes in good order.
pub fn stop(args: &NodeStopArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.which.place)?;
    let (_, chosen) = chosen(&folder, &args.which)?;
    let progress = Progress::new();
    let patience = Duration::from_secs(args.wait_s);
    let mut states = Vec::with_capacity(chosen.len());
    for node in &chosen {
        progress.doing(format!("stopping the node of {}", node.organisation));
        let state = process::request_stop(&folder, &node.organisation);
        states.push(state.map_err(|error| stop_failure(&error))?);
    }
    let mut done = Vec::with_capacity(chosen.len());
    for (node, state) in chosen.iter().zip(states) {
        process::wait_stopped(&folder, &node.organisation, patience)
            .map_err(|error| stop_failure(&error))?;
        let ran = matches!(state, NodeState::Running(_));
        done.push(OneDone {
            organisation: node.organisation.to_string(),
            outcome: if ran { "stopped" } else { "not_running" },
            api_url: node.api_url(),
            elapsed_ms: ms(begun),
        });
    }
    progress.done();
    drop(lock);
    print(done, begun, format)
}

/// Restarts nodes one after another. Where the quorum has room for one more to be away, it is never
/// without: the next goes down only once the one before votes again.
pub async fn restart(args: &NodeStartArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.which.place)?;
    let (record, chosen) = chosen(&folder, &args.which)?;
    let progress = Progress::new();
    let patience = Duration::from_secs(args.wait_s);
    let mut done = Vec::with_capacity(chosen.len());
    for node in &chosen {
        let one = Instant::now();
        let mut before: Vec<Standing> = Vec::new();
        let ran = is_running(&folder, node)?;
        if ran {
            progress.doing(format!(
                "looking whether {} can be spared",
                node.organisation
            ));
            before = voting::wait_for_room(node, patience).await?;
            progress.doing(format!("stopping the node of {}", node.organisation));
            stop_one(&folder, node, patience)?;
        }
        let client = start_one(&folder, &record, node, patience, &progress).await?;
        progress.doing(format!(
            "waiting until the node of {} votes again",
            node.organisation
        ));
        voting::wait_until_voting(&folder, &record, node, &client, &before, patience).await?;
        done.push(OneDone {
            organisation: node.organisation.to_string(),
            outcome: if ran { "restarted" } else { "started" },
            api_url: node.api_url(),
            elapsed_ms: ms(one),
        });
    }
    progress.done();
    drop(lock);
    print(done, begun, format)
}

fn print(nodes: Vec<OneDone>, begun: Instant, format: Format) -> Result<ExitCode> {
    let lines: Vec<String> = nodes
        .iter()
        .map(|one| {
            let how = match one.outcome {
                "running" => "runs already and has caught up".to_owned(),
                "started" => format!("runs and has caught up; console {}", one.api_url),
                "restarted" => format!(
                    "was restarted in {} ms; console {}",
                    one.elapsed_ms, one.api_url
                ),
                "stopped" => "has stopped".to_owned(),
                _ => "was not running".to_owned(),
            };
            format!("the node of {} {how}", one.organisation)
        })
        .collect();
    let done = Done {
        nodes,
        elapsed_ms: ms(begun),
    };
    format.print(&done, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a node's log.
pub async fn logs(args: &NodeLogsArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let record = recorded(&folder)?;
    if record
        .nodes
        .iter()
        .all(|node| node.organisation != args.organisation)
    {
        return Err(no_node(&record, args.organisation.as_str(), &folder));
    }
    let mut log = NodeLog::new(&folder, &args.organisation);
    let least = args.level.into();
    let failed = |log: &NodeLog, error: io::Error| {
        Failure::of("log.unreadable", &error)
            .during(format!("cannot read {}", log.path().display()))
            .next("look at the file's owner and mode")
    };
    let last = log.last(args.lines, least);
    let last = last.map_err(|error| failed(&log, error))?;
    if !args.follow {
        let text: Vec<&str> = last.iter().map(|line| line.text.as_str()).collect();
        if text.is_empty() && format == Format::Text {
            return Ok(ExitCode::SUCCESS);
        }
        format.print(&last, text.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !write_lines(&last, format)? {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(POLL).await;
        let more = log.more(least);
        let more = more.map_err(|error| failed(&log, error))?;
        if !write_lines(&more, format)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Writes lines as they are, or one JSON object each; false once nobody reads any more.
fn write_lines(lines: &[Line], format: Format) -> Result<bool> {
    let mut out = io::stdout().lock();
    for line in lines {
        let written = match format {
            Format::Text => writeln!(out, "{}", line.text),
            Format::Json => writeln!(out, "{}", json!(line)),
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            Err(error) => return Err(Failure::of("output.closed", &error)),
        }
    }
    Ok(true)
}

/// Asks whether a node answers, for health checks that have nothing but this program.
pub async fn ping(args: &NodePingArgs, format: Format) -> Result<ExitCode> {
    let client = Client::new(&args.api).map_err(client_failure)?;
    client.live().await.map_err(client_failure)?;
    if args.ready {
        client.ready().await.map_err(client_failure)?;
    }
    let status = if args.ready { "ready" } else { "live" };
    format.print(&json!({ "status": status }), status)?;
    Ok(ExitCode::SUCCESS)
}
