//! `blockworm down`: stops the nodes of a local consortium in good order.

use crate::{
    cli::DownArgs,
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::recorded,
};
use blockworm_service::network::{ConsortiumFolder, NodeState, ProcessError, process};
use serde::Serialize;
use std::{process::ExitCode, time::Duration};

#[derive(Serialize)]
struct Down {
    stopped: Vec<String>,
    not_running: Vec<String>,
}

/// Stops all nodes.
pub fn run(args: &DownArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let record = recorded(&folder)?;
    let progress = Progress::new();
    progress.doing("stopping the nodes");
    // All are asked before any is waited for: they end side by side.
    let mut running = Vec::new();
    let mut down = Down {
        stopped: Vec::new(),
        not_running: Vec::new(),
    };
    for node in &record.nodes {
        match process::request_stop(&folder, &node.organisation).map_err(|e| stop_failure(&e))? {
            NodeState::Running(_) => running.push(&node.organisation),
            _ => down.not_running.push(node.organisation.to_string()),
        }
    }
    for organisation in running {
        process::wait_stopped(&folder, organisation, Duration::from_secs(args.wait_s))
            .map_err(|error| stop_failure(&error))?;
        down.stopped.push(organisation.to_string());
    }
    progress.done();
    let text = match down.stopped.as_slice() {
        [] => "no node was running".to_owned(),
        stopped => format!("stopped {}", stopped.join(", ")),
    };
    format.print(&down, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What a node that does not end means for the user.
pub fn stop_failure(error: &ProcessError) -> Failure {
    let failure = Failure::of("node.still_running", error);
    match error {
        ProcessError::StillRunning { pid, .. } => failure.next(format!(
            "look at its log; `kill -9 {pid}` loses nothing that was acknowledged"
        )),
        _ => failure.next("blockworm doctor"),
    }
}
