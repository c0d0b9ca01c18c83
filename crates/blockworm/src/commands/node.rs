//! `blockworm node run`: one organisation's node and its API, until told to end.

use super::{renewing::Renewing, timing::Timing};
use crate::{
    builtins::builtins,
    cli::NodeRunArgs,
    failure::{Failure, Result},
    log,
};
use blockworm_api::{Access, Limits, ListenerConfig, Server, ServerConfig, ServerError, TlsFiles};
use blockworm_ledger::OrganisationId;
use blockworm_node::{NodeError, RunningNode};
use blockworm_service::{
    identity::IdentityDesk,
    key_holder::{Desk, DeskError},
    network::{
        self, ConsortiumFolder, NodeConfigFile, NodeLock, Overrides, clock,
        config::{Accepted, AccessSettings, KeyHolderSettings, ProfileName},
    },
};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// Threads that serve the API; consensus and execution have their own.
const API_THREADS: usize = 2;

/// Runs a node.
pub fn run(args: &NodeRunArgs) -> Result<ExitCode> {
    let overrides = Overrides {
        listen: args.listen,
        api: args.api,
        passphrase_file: args.passphrase_file.clone(),
        consensus_key_file: args.consensus_key_file.clone(),
    };
    let file = NodeConfigFile::read(&args.config, overrides).map_err(|error| {
        Failure::of("config.unusable", &error).next("correct the file, then run it again")
    })?;
    // The lock comes before the log: a second process must not write into the first one's.
    let lock = NodeLock::acquire(&file.directory).map_err(|error| {
        Failure::of("node.already_running", &error).next("blockworm status; blockworm down")
    })?;
    log::start(&args.log_level, args.log.as_deref())?;
    if file.profile == ProfileName::Local {
        clock::live_by(&file.directory.join(".."));
    }
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
    network::owner::check(file).map_err(|error| {
        foreign(file, &error).next(format!(
            "give the node of {} its own keys folder back",
            file.organisation
        ))
    })?;
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
    let node = blockworm_node::start(config, builtins()).map_err(|error| match &error {
        NodeError::OtherOrganisation { owner, .. } => foreign(file, &error).next(format!(
            "start it with the folder and the keys of {}, or give the folder back to {owner}: two nodes must never vote with one key",
            file.organisation
        )),
        _ => Failure::of("node.start", &error).next(format!(
            "blockworm doctor; the log of {}",
            file.organisation
        )),
    })?;
    file.note_first_start()
        .map_err(|error| Failure::of("node.folder", &error))?;
    let served = runtime.block_on(serve(file, &node));
    let stopped = node.stop().map_err(|error| {
        Failure::of("node.stop", &error).next("the next start recovers from disk")
    });
    served?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

/// The folder, or the key in it, is another organisation's.
fn foreign(file: &NodeConfigFile, error: &(dyn std::error::Error + 'static)) -> Failure {
    let node_file = file.directory.join("node.toml");
    Failure::of("node.other_organisation", error).during(format!("{}", node_file.display()))
}

/// The page that checks packages: where the environment says, else beside the program.
fn verify_page_file() -> PathBuf {
    std::env::var_os("BLOCKWORM_VERIFY_PAGE").map_or_else(
        || {
            let program = std::env::current_exe().unwrap_or_default();
            program.with_file_name(blockworm_console::VERIFY_PAGE)
        },
        PathBuf::from,
    )
}

async fn serve(file: &NodeConfigFile, node: &RunningNode) -> Result<()> {
    let listening = |error: std::io::Error| Failure::of("system.signal", &error);
    let mut terminate = signal(SignalKind::terminate()).map_err(listening)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(listening)?;
    let mut failed = node.failed();
    let server = Server::bind(server_config(file), node.handle())
        .await
        .map_err(|error| start_failure(file, &error))?;
    let renewing = looked_after(file, node);
    let pages = blockworm_console::pages(
        node.handle(),
        server.users(),
        Some(renewing.desk.clone()),
        server.stopping(),
    )
    .merge(blockworm_console::verify_page(&verify_page_file()));
    let desks = key_holders(file, node)?;
    let timing = Timing::open(file, &node.handle())?;
    let server = server
        .with_pages(pages)
        .with_key_holders(desks)
        .with_time(timing.services.clone())
        .with_identity(renewing.desk.clone());
    let renewing = tokio::spawn(renewing.run());
    let stamping = timing.start();
    for address in server.local_addrs() {
        tracing::info!(%address, "serving");
    }
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
    renewing.abort();
    stamping.iter().for_each(tokio::task::JoinHandle::abort);
    match failure {
        None => Ok(()),
        Some(reason) => Err(Failure::new("node.failed", reason)
            .next("free disk space if it is full; then blockworm up again")),
    }
}

/// The certificates of the node's organisation, and of those whose folders it was given.
fn looked_after(file: &NodeConfigFile, node: &RunningNode) -> Renewing {
    let folder = ConsortiumFolder::new(file.directory.join(".."));
    let mut organisations = vec![file.organisation.clone()];
    organisations.extend(file.identity.organisations.iter().cloned());
    let desk = IdentityDesk::new(folder.clone(), organisations, file.identity.enrol);
    Renewing {
        folder,
        desk: Arc::new(desk),
        node: node.handle(),
        pause: match file.profile {
            // A clock that may be moved is looked at often.
            ProfileName::Local => Duration::from_secs(2),
            ProfileName::Network => Duration::from_secs(30),
        },
        renews: file.identity.renew,
    }
}

/// The key holders for whom this node answers.
fn key_holders(file: &NodeConfigFile, node: &RunningNode) -> Result<Vec<Desk>> {
    let open = |settings: &KeyHolderSettings| {
        let ledger = settings.ledger;
        if node.handle().ledger(&ledger).is_none() {
            let what = format!("this node keeps no ledger {ledger}, for which it should evaluate");
            return Err(Failure::new("key_holder.unknown_ledger", what)
                .next("set `ledger` of `key_holders` in node.toml to the registry's id"));
        }
        Desk::open(settings.plan(file))
            .map_err(|error| desk_failure(&settings.organisation, &error))
    };
    let desks = file.key_holders.iter().map(open);
    let desks = desks.collect::<Result<Vec<_>>>()?;
    for desk in &desks {
        tracing::info!(holder = %desk.organisation(), ledger = %desk.ledger(), "evaluating");
    }
    Ok(desks)
}

fn desk_failure(holder: &OrganisationId, error: &DeskError) -> Failure {
    let (code, next) = match error {
        DeskError::NoKey { .. } => (
            "key_holder.no_key",
            format!("blockworm key-holder rotate --org {holder} makes the first"),
        ),
        DeskError::Keys(_) => (
            "key_holder.key_unusable",
            "restore the key files with their passphrase and mode 600".to_owned(),
        ),
        DeskError::Audit(_) => (
            "key_holder.audit_unusable",
            "stop the process that writes the audit, or restore the file".to_owned(),
        ),
        DeskError::Folder(_) | DeskError::Start { .. } => (
            "key_holder.start",
            "look at the owner and the free space of the folder".to_owned(),
        ),
    };
    Failure::of(code, error).next(next)
}

/// The API as the file describes it.
fn server_config(file: &NodeConfigFile) -> ServerConfig {
    let own = (file.api, &file.api_access);
    let further = file.api_listeners.iter();
    let all = std::iter::once(own).chain(further.map(|it| (it.address, &it.access)));
    let listeners = all.map(|(address, access)| ListenerConfig {
        address,
        access: access_of(access),
    });
    ServerConfig {
        listeners: listeners.collect(),
        keys_file: Some(file.api_keys_file.clone()),
        users_file: Some(file.console_users_file.clone()),
        limits: Limits::default(),
    }
}

fn access_of(settings: &AccessSettings) -> Access {
    Access {
        keys: settings.accept.contains(&Accepted::Key),
        certificates: settings.accept.contains(&Accepted::Certificate),
        users: settings.accept.contains(&Accepted::User),
        names: settings.names.clone(),
        tls: settings.tls.as_ref().map(|tls| TlsFiles {
            certificate_file: tls.certificate_file.clone(),
            key_file: tls.key_file.clone(),
            client_ca_file: tls.client_ca_file.clone(),
        }),
    }
}

fn start_failure(file: &NodeConfigFile, error: &ServerError) -> Failure {
    let (code, next) = match error {
        ServerError::OpenBeyondLoopback { .. } | ServerError::PlainBeyondLoopback { .. } => (
            "api.unprotected",
            "set `accept` and `tls` of the listener's access in node.toml (docs/api.md)".to_owned(),
        ),
        ServerError::NoClientAuthorities { .. } => (
            "api.no_client_authorities",
            "set `tls.client_ca_file` of the listener's access in node.toml".to_owned(),
        ),
        ServerError::NoKeys { .. } => (
            "api.no_keys",
            format!(
                "blockworm api-key create NAME --scope read --dir DIR --node {}",
                file.organisation
            ),
        ),
        ServerError::NoUsers { .. } => (
            "api.no_users",
            format!(
                "blockworm console-user add NAME --scope read --dir DIR --node {}",
                file.organisation
            ),
        ),
        ServerError::Users(_) => (
            "users.unusable",
            "chmod 600 the file, or restore it".to_owned(),
        ),
        ServerError::TlsFile { .. } => (
            "api.tls_file",
            "correct the file or its name in node.toml".to_owned(),
        ),
        ServerError::Keys(_) => (
            "keys.unusable",
            "chmod 600 the file, or restore it".to_owned(),
        ),
        ServerError::Nowhere | ServerError::Listen { .. } => (
            "api.start",
            format!(
                "stop the program on {}, or change `api` in node.toml",
                file.api
            ),
        ),
    };
    Failure::of(code, error).next(next)
}
