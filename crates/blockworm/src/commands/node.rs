//! `blockworm node run`: one organisation's node and its API, until told to end.

use crate::{
    builtins::builtins,
    cli::NodeRunArgs,
    failure::{Failure, Result},
    log,
};
use blockworm_api::{Server, ServerConfig};
use blockworm_node::RunningNode;
use blockworm_service::network::{NodeConfigFile, NodeLock, Overrides};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Threads that serve the API; consensus and execution have their own.
const API_THREADS: usize = 2;

/// Runs a node.
pub fn run(args: &NodeRunArgs) -> Result<ExitCode> {
    let overrides = Overrides {
        listen: args.listen,
        api: args.api,
        passphrase_file: args.passphrase_file.clone(),
    };
    let file = NodeConfigFile::read(&args.config, overrides).map_err(|error| {
        Failure::of("config.unusable", &error).next("correct the file, then run it again")
    })?;
    // The lock comes before the log: a second process must not write into the first one's.
    let lock = NodeLock::acquire(&file.directory).map_err(|error| {
        Failure::of("node.already_running", &error).next("blockworm status; blockworm down")
    })?;
    log::start(&args.log_level, args.log.as_deref())?;
    let outcome = run_logged(&file);
    match &outcome {
        Ok(_) => tracing::info!("stopped"),
        Err(failure) => tracing::error!(code = failure.code, "{}", failure.what),
    }
    if outcome.is_ok() {
        lock.release();
    }
    outcome
}

fn run_logged(file: &NodeConfigFile) -> Result<ExitCode> {
    let config = file.load().map_err(|error| {
        Failure::of("config.unusable", &error).next(format!(
            "blockworm doctor; look at {}",
            file.consensus_key_file.display()
        ))
    })?;
    tracing::info!(organisation = %file.organisation, listen = %file.listen, api = %file.api, "starting");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(API_THREADS)
        .thread_name("api")
        .enable_all()
        .build()
        .map_err(|error| Failure::of("system.runtime", &error))?;
    let node = blockworm_node::start(config, builtins()).map_err(|error| {
        Failure::of("node.start", &error).next(format!(
            "blockworm doctor; the log of {}",
            file.organisation
        ))
    })?;
    let served = runtime.block_on(serve(file, &node));
    let stopped = node.stop().map_err(|error| {
        Failure::of("node.stop", &error).next("the next start recovers from disk")
    });
    served?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(file: &NodeConfigFile, node: &RunningNode) -> Result<()> {
    let listening = |error: std::io::Error| Failure::of("system.signal", &error);
    let mut terminate = signal(SignalKind::terminate()).map_err(listening)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(listening)?;
    let mut failed = node.failed();
    let server = Server::bind(ServerConfig::new(file.api), node.handle())
        .await
        .map_err(|error| {
            Failure::of("api.start", &error).next(format!(
                "stop the program on {}, or change `api` in node.toml",
                file.api
            ))
        })?;
    let pages = blockworm_console::pages(node.handle(), server.stopping());
    let server = server.with_pages(pages);
    tracing::info!(address = %server.local_addr(), "serving");
    let mut failure = None;
    let end = async {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
            reason = failed.wait_for(Option::is_some) => {
                failure = reason.ok().and_then(|reason| reason.clone());
            }
        }
    };
    server.run(end).await;
    match failure {
        None => Ok(()),
        Some(reason) => Err(Failure::new("node.failed", reason)
            .next("free disk space if it is full; then blockworm up again")),
    }
}
