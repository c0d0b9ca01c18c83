//! The node processes of a local consortium while `up` starts, watches and ends them.

use super::down::stop_failure;
use crate::{
    failure::{Failure, Result},
    progress::Progress,
    remote::client_failure,
};
use blockworm_api::{Client, ClientError, model::LedgerView};
use blockworm_ledger::OrganisationId;
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, NodeRecord, NodeState, process,
};
use std::{
    collections::BTreeMap,
    process::{Child, ExitCode},
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long a node may take to end.
const STOP: Duration = Duration::from_secs(20);
/// How often a starting node is asked again.
const POLL: Duration = Duration::from_millis(25);
/// How long nodes that answer may take to find each other.
const CONNECTED: Duration = Duration::from_secs(3);
/// How long nodes may take until they answer and agree: replaying a long ledger takes a while.
const READY: Duration = Duration::from_secs(120);
/// How long a node that answers may look for others before it is left to itself.
const ALONE: Duration = Duration::from_secs(15);
/// SIGINT and SIGTERM to this command.
pub struct Told {
    interrupt: Signal,
    terminate: Signal,
}

impl Told {
    pub fn listen() -> Result<Self> {
        let failed = |error: std::io::Error| Failure::of("system.signal", &error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Returns when either has come.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The node processes that this command started, and those that ran before.
pub struct Nodes<'a> {
    folder: &'a ConsortiumFolder,
    record: &'a ConsortiumRecord,
    children: BTreeMap<OrganisationId, Child>,
}

impl<'a> Nodes<'a> {
    pub fn start(
        folder: &'a ConsortiumFolder,
        record: &'a ConsortiumRecord,
        progress: &Progress,
    ) -> Result<Self> {
        let program =
            std::env::current_exe().map_err(|error| Failure::of("system.program", &error))?;
        let mut nodes = Self {
            folder,
            record,
            children: BTreeMap::new(),
        };
        let s = if record.nodes.len() == 1 { "" } else { "s" };
        progress.doing(format!("starting {} node{s}", record.nodes.len()));
        for node in &record.nodes {
            let id = &node.organisation;
            let state = process::state(folder, id).map_err(|error| stop_failure(&error))?;
            if let NodeState::Running(_) = state {
                continue;
            }
            match process::spawn(&program, folder, id) {
                Ok(child) => drop(nodes.children.insert(id.clone(), child)),
                Err(error) => {
                    nodes.stop(progress)?;
                    return Err(Failure::of("node.start", &error).next("blockworm doctor"));
                }
            }
        }
        Ok(nodes)
    }

    /// Waits until all nodes answer, are ready and see each other; returns the first one's client.
    pub async fn wait_ready(&mut self, progress: &Progress) -> Result<Client> {
        let begun = Instant::now();
        let mut clients = Vec::new();
        for node in &self.record.nodes {
            progress.doing(format!("waiting for the node of {}", node.organisation));
            let client = Client::new(&node.api_url()).map_err(client_failure)?;
            while let Err(error) = client.ready().await {
                self.check_alive(&node.organisation)?;
                if begun.elapsed() > READY {
                    let what = format!("the node of {} is not ready: {error}", node.organisation);
                    let failure = Failure::new("node.not_ready", what);
                    return Err(self.with_log(&node.organisation, failure));
                }
                tokio::time::sleep(POLL).await;
            }
            clients.push(client);
        }
        self.wait_connected(&clients).await?;
        clients
            .into_iter()
            .next()
            .ok_or_else(|| Failure::new("folder.damaged", "the consortium's record names no node"))
    }

    /// Gives the nodes a moment to find each other: a transaction that meets no peer waits until
    /// its own node leads. Who is missing after that is `status`'s and `doctor`'s to say.
    async fn wait_connected(&self, clients: &[Client]) -> Result<()> {
        let begun = Instant::now();
        for client in clients {
            loop {
                let views = client.ledgers().await.map_err(client_failure)?;
                let met = |view: &LedgerView| view.connected_peers + 1 >= view.validators;
                if views.iter().all(met) || begun.elapsed() > CONNECTED {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Waits until one node answers and keeps up with what it knows; returns its client.
    pub async fn wait_one(&mut self, node: &NodeRecord) -> Result<Client> {
        let begun = Instant::now();
        let client = Client::new(&node.api_url()).map_err(client_failure)?;
        while let Err(error) = client.ledgers().await {
            self.check_alive(&node.organisation)?;
            if begun.elapsed() > READY {
                let what = format!("the node of {} does not answer: {error}", node.organisation);
                let failure = Failure::new("node.not_ready", what);
                return Err(self.with_log(&node.organisation, failure));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(client)
    }

    /// Waits until one node answers and has caught up on all its ledgers; returns its client. Where
    /// it hears nobody with whom it could catch up it is left to itself after a while.
    pub async fn wait_caught_up(
        &mut self,
        node: &NodeRecord,
        patience: Duration,
        progress: &Progress,
    ) -> Result<Client> {
        let begun = Instant::now();
        progress.doing(format!("waiting for the node of {}", node.organisation));
        let client = Client::new(&node.api_url()).map_err(client_failure)?;
        loop {
            self.check_alive(&node.organisation)?;
            let why = match caught_up(&client).await {
                Ok(None) => return Ok(client),
                Ok(Some(lonely)) if begun.elapsed() > ALONE => {
                    progress.say(&format!("the node of {} runs; {lonely}", node.organisation));
                    return Ok(client);
                }
                Ok(Some(lonely)) => lonely,
                Err(error) => error.to_string(),
            };
            if begun.elapsed() > patience {
                let what = format!(
                    "the node of {} is not ready after {} s: {why}",
                    node.organisation,
                    patience.as_secs()
                );
                let failure = Failure::new("node.not_ready", what);
                return Err(self.with_log(&node.organisation, failure));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn check_alive(&mut self, organisation: &OrganisationId) -> Result<()> {
        let Some(child) = self.children.get_mut(organisation) else {
            return Ok(());
        };
        match child.try_wait() {
            Ok(Some(status)) => {
                let what = format!("the node of {organisation} ended while starting ({status})");
                Err(self.with_log(organisation, Failure::new("node.start", what)))
            }
            Ok(None) => Ok(()),
            Err(error) => Err(Failure::of("node.start", &error)),
        }
    }

    /// The end of a node's log beside a failure.
    fn with_log(&self, organisation: &OrganisationId, mut failure: Failure) -> Failure {
        let words = process::last_words(self.folder, organisation, 5);
        if !words.is_empty() {
            failure.what = format!("{}\n{}", failure.what, words.join("\n"));
        }
        let log = self.folder.organisation(organisation).join("node.log");
        let dir = self.folder.root().display();
        failure.next(format!(
            "look at {}; blockworm doctor --dir {dir}",
            log.display()
        ))
    }

    /// Stops what this command started.
    pub fn stop(&mut self, progress: &Progress) -> Result<()> {
        progress.doing("stopping the nodes");
        for organisation in self.children.keys() {
            process::request_stop(self.folder, organisation)
                .map_err(|error| stop_failure(&error))?;
        }
        let mut failure = None;
        for (organisation, child) in &mut self.children {
            let stopped = process::wait_stopped(self.folder, organisation, STOP);
            if let Err(error) = stopped {
                failure = Some(stop_failure(&error));
            } else {
                // Reaped, so that it does not stay as a zombie; how it ended is in its log.
                let _ = child.wait();
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Stays in the foreground until told to end or until no node is left.
    pub async fn stay(&mut self, told: &mut Told, progress: &Progress) -> Result<ExitCode> {
        if self.children.is_empty() {
            progress.say("the nodes ran before and go on; `blockworm down` stops them");
            return Ok(ExitCode::SUCCESS);
        }
        progress.say("running; Ctrl-C stops the nodes");
        let mut died = false;
        loop {
            tokio::select! {
                () = told.end() => break,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    died |= self.notice_ended(progress);
                    if self.children.is_empty() {
                        progress.say("no node is left");
                        return Ok(if died { ExitCode::FAILURE } else { ExitCode::SUCCESS });
                    }
                }
            }
        }
        self.stop(progress)?;
        progress.done();
        Ok(ExitCode::SUCCESS)
    }

    /// Tells which nodes ended since the last look; true if one did so without being asked.
    fn notice_ended(&mut self, progress: &Progress) -> bool {
        let mut died = false;
        let (folder, dir) = (self.folder, self.folder.root().display());
        self.children.retain(|organisation, child| {
            let Ok(Some(status)) = child.try_wait() else {
                return true;
            };
            if status.success() {
                progress.say(&format!("the node of {organisation} was stopped"));
            } else {
                died = true;
                let words = process::last_words(folder, organisation, 1).join(" ");
                progress.say(&format!(
                    "the node of {organisation} died ({status}): {words}\n\
                     next: blockworm up --detach --dir {dir}"
                ));
            }
            false
        });
        died
    }
}

/// Nothing, or on which ledger a node hears none of the others yet, so that it cannot know whether
/// it is behind. A ledger that has not begun has nothing to catch up with.
async fn caught_up(client: &Client) -> std::result::Result<Option<String>, ClientError> {
    client.ready().await?;
    let views = client.ledgers().await?;
    let lonely = views.iter().find(|ledger| {
        let others = ledger.validators - usize::from(ledger.votes);
        others > 0 && ledger.connected_peers == 0 && ledger.height > 0
    });
    Ok(lonely.map(|ledger| {
        let name = &ledger.name;
        format!("no other validator of {name} is heard yet: see blockworm network health")
    }))
}
