//! `blockworm up`: founds a local consortium if there is none, starts its nodes and shows that
//! they agree by committing a transaction.

use super::{
    down::stop_failure,
    member::{contract, registration},
    story::{self, StoryReport},
    summary::{self, NodeSummary, OrganisationSummary},
};
use crate::{
    builtins::local_contracts,
    cli::UpArgs,
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::{Remote, client_failure, folder_failure},
    signer::{Signer, now_ms},
};
use blockworm_api::{Client, model::ReceiptView};
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_service::{
    consortium::local_parameters,
    identity::{self, Identity},
    network::{
        ConsortiumFolder, ConsortiumRecord, CreateError, NodeState, create, local::LocalPlan,
        process,
    },
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    process::{Child, ExitCode},
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long nodes may take until they answer and agree: replaying a long ledger takes a while.
const READY: Duration = Duration::from_secs(120);
/// How long nodes that answer may take to find each other.
const CONNECTED: Duration = Duration::from_secs(3);
/// How long the first transaction may take.
const FIRST: Duration = Duration::from_secs(30);
/// How often a starting node is asked again.
const POLL: Duration = Duration::from_millis(25);
/// How long a node may take to end.
const STOP: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Up {
    dir: String,
    ledger: String,
    genesis_digest: String,
    founded: bool,
    organisations: Vec<OrganisationSummary>,
    nodes: Vec<NodeSummary>,
    console_url: String,
    first_transaction: String,
    elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<StoryReport>,
    next: [String; 3],
}

/// Brings the consortium up and, unless detached, stays until Ctrl-C.
pub async fn run(args: &UpArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let folder = ConsortiumFolder::new(&args.place.dir);
    let lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let progress = Progress::new();
    let (record, founded) = found_or_open(&folder, args, &progress)?;
    // From here on Ctrl-C must not leave nodes behind.
    let mut told = Told::listen()?;
    let mut nodes = Nodes::start(&folder, &record, &progress)?;
    let outcome = tokio::select! {
        up = bring_up(args, &folder, &record, founded, begun, &progress, &mut nodes) => up,
        () = told.end() => Err(Failure::new("up.interrupted", "interrupted while starting")),
    };
    progress.done();
    match outcome {
        Ok(up) => format.print(&up, render(&up))?,
        Err(failure) => {
            nodes.stop(&progress)?;
            return Err(failure);
        }
    }
    drop(lock);
    if args.detach {
        return Ok(ExitCode::SUCCESS);
    }
    nodes.stay(&mut told, &progress).await
}

async fn bring_up(
    args: &UpArgs,
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    founded: Option<BTreeMap<MemberId, Identity>>,
    begun: Instant,
    progress: &Progress,
    nodes: &mut Nodes<'_>,
) -> Result<Up> {
    let client = nodes.wait_ready(progress).await?;
    let ledger = client
        .ledger(&record.ledger)
        .await
        .map_err(client_failure)?;
    let remote = Remote::of(client, &ledger)?;
    progress.doing("waiting for the first committed transaction");
    let is_new = founded.is_some();
    let first = first_transaction(folder, record, founded, &remote).await?;
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let sample = match args.sample {
        true => Some(story::play(folder, &remote, progress).await?),
        false => None,
    };
    let dir = folder.root().display().to_string();
    let transaction = sample.as_ref().map_or_else(
        || first.transaction.clone(),
        |story| story.transaction.clone(),
    );
    Ok(Up {
        next: next_commands(&dir, &transaction),
        dir,
        ledger: record.ledger.clone(),
        genesis_digest: ledger.genesis_digest,
        founded: is_new,
        organisations: summary::organisations(record),
        nodes: summary::nodes(folder, record).await,
        console_url: remote.client.base().to_owned(),
        first_transaction: first.transaction,
        elapsed_ms,
        sample,
    })
}

fn next_commands(dir: &str, transaction: &str) -> [String; 3] {
    let program = program();
    [
        format!("{program} status --dir {dir}"),
        format!("{program} proof export {transaction} -o proof.json --dir {dir}"),
        format!("{program} verify proof.json --genesis {dir}/genesis.json"),
    ]
}

/// This program as it was called, so that what is printed can be typed: by its path when it is not
/// on the search path.
fn program() -> String {
    std::env::args()
        .next()
        .filter(|called| called.contains('/'))
        .unwrap_or_else(|| "blockworm".to_owned())
}

type Founded = Option<BTreeMap<MemberId, Identity>>;

fn found_or_open(
    folder: &ConsortiumFolder,
    args: &UpArgs,
    progress: &Progress,
) -> Result<(ConsortiumRecord, Founded)> {
    let exists = folder
        .exists()
        .map_err(|error| folder_failure(folder, &error))?;
    if exists {
        let record = folder
            .record()
            .map_err(|error| folder_failure(folder, &error))?;
        if let Some(wanted) = args.nodes
            && wanted != record.nodes.len()
        {
            let what = format!(
                "{} holds a consortium with {} nodes, not {wanted}",
                folder.root().display(),
                record.nodes.len()
            );
            return Err(Failure::new("folder.other_node_count", what)
                .next("leave --nodes out, or choose another folder with --dir"));
        }
        return Ok((record, None));
    }
    let nodes = args.nodes.unwrap_or(4);
    progress.doing(format!(
        "founding a consortium of four organisations, {nodes} nodes"
    ));
    let plan = LocalPlan {
        nodes,
        now_ms: now_ms(),
        parameters: local_parameters(),
        contracts: local_contracts(),
    };
    let made = create(folder, &plan).map_err(|error| match &error {
        CreateError::Folder(inner) => folder_failure(folder, inner),
        _ => Failure::of("consortium.not_founded", &error).next(format!(
            "look at {}, or choose another folder",
            folder.root().display()
        )),
    })?;
    Ok((made.record, Some(made.members)))
}

/// The founding's first transactions register the operators: registration has then run on this
/// very ledger. Later starts ask for the same again, which is refused and changes nothing; that
/// the refusal stands in a block is what shows that the nodes agree.
async fn first_transaction(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    founded: Founded,
    remote: &Remote,
) -> Result<ReceiptView> {
    let mut known = founded.unwrap_or_default();
    let is_new = !known.is_empty();
    let organisations = if is_new {
        record.organisations.len()
    } else {
        1
    };
    let mut requests = Vec::new();
    for organisation in record.organisations.iter().take(organisations) {
        let admin = take(folder, &mut known, &organisation.id, "admin")?;
        let operator = take(folder, &mut known, &organisation.id, "operator")?;
        let signer = Signer::new(member_id(&organisation.id, "admin")?, admin.key);
        let message = registration("register", remote.ledger, &operator);
        requests.push((signer, message));
    }
    let contract = contract();
    let submitted = requests
        .into_iter()
        .map(|(signer, message)| {
            let contract = &contract;
            async move { remote.submit(&signer, contract, message, FIRST).await }
        })
        .collect::<Vec<_>>();
    let receipts: Vec<ReceiptView> = futures::future::join_all(submitted)
        .await
        .into_iter()
        .collect::<Result<_>>()?;
    if is_new {
        receipts.iter().try_for_each(crate::remote::check_ok)?;
    }
    receipts.into_iter().next().ok_or_else(|| {
        Failure::new(
            "folder.damaged",
            "the consortium's record names no organisation",
        )
    })
}

fn take(
    folder: &ConsortiumFolder,
    known: &mut BTreeMap<MemberId, Identity>,
    organisation: &OrganisationId,
    name: &str,
) -> Result<Identity> {
    let id = member_id(organisation, name)?;
    match known.remove(&id) {
        Some(identity) => Ok(identity),
        None => identity::load(folder, &id).map_err(|error| {
            Failure::of("key.unusable", &error)
                .during(format!("the key of {id}"))
                .next(format!(
                    "blockworm doctor --dir {}",
                    folder.root().display()
                ))
        }),
    }
}

fn member_id(organisation: &OrganisationId, name: &str) -> Result<MemberId> {
    MemberId::new(organisation, name).map_err(|error| Failure::of("member.bad_name", &error))
}

/// SIGINT and SIGTERM to this command.
struct Told {
    interrupt: Signal,
    terminate: Signal,
}

impl Told {
    fn listen() -> Result<Self> {
        let failed = |error: std::io::Error| Failure::of("system.signal", &error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Returns when either has come.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The node processes that this command started, and those that ran before.
struct Nodes<'a> {
    folder: &'a ConsortiumFolder,
    record: &'a ConsortiumRecord,
    children: BTreeMap<OrganisationId, Child>,
}

impl<'a> Nodes<'a> {
    fn start(
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
        progress.doing(format!("starting {} nodes", record.nodes.len()));
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
    async fn wait_ready(&mut self, progress: &Progress) -> Result<Client> {
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
                let view = client
                    .ledger(&self.record.ledger)
                    .await
                    .map_err(client_failure)?;
                if view.connected_peers + 1 >= view.validators || begun.elapsed() > CONNECTED {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
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
    fn stop(&mut self, progress: &Progress) -> Result<()> {
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
    async fn stay(&mut self, told: &mut Told, progress: &Progress) -> Result<ExitCode> {
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

fn render(up: &Up) -> String {
    let story = up
        .sample
        .as_ref()
        .map_or_else(String::new, |story| format!("{story}\n\n"));
    format!(
        "{story}{}\n\n{}\n\nledger   {}\nconsole  {}\nup in    {} ms to the first committed transaction\n\nnext:\n  {}",
        summary::organisations_table(&up.organisations),
        summary::nodes_table(&up.nodes),
        up.ledger,
        up.console_url,
        up.elapsed_ms,
        up.next.join("\n  "),
    )
}
