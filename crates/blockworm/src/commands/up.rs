//! `blockworm up`: founds a local consortium if there is none, starts its nodes and shows that
//! they agree by committing a transaction.

use super::{
    key_holder,
    member::{contract, registration},
    nodes::{Nodes, Told},
    pins,
    story::{self, StoryReport},
    summary::{self, NodeSummary, OrganisationSummary},
};
use crate::{
    builtins::local_ledgers,
    cli::UpArgs,
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::{Remote, client_failure, folder_failure, recorded},
    signer::{Signer, now_ms},
};
use blockworm_api::model::ReceiptView;
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_service::{
    consortium::{REGISTRY, TRADE, first_members, local_parameters},
    identity::{self, Identity, Lifetimes},
    network::{
        ConsortiumFolder, ConsortiumRecord, CreateError, LedgerRecord, create, local::LocalPlan,
    },
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// How long the first transaction may take.
const FIRST: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Up {
    dir: String,
    ledgers: Vec<LedgerUp>,
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

#[derive(Serialize)]
struct LedgerUp {
    #[serde(flatten)]
    record: LedgerRecord,
    genesis_digest: String,
    genesis_file: String,
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
    let mut ledgers = Vec::with_capacity(record.ledgers.len());
    let mut remotes = BTreeMap::new();
    for ledger in &record.ledgers {
        let view = client.ledger(&ledger.id).await.map_err(client_failure)?;
        remotes.insert(ledger.name.as_str(), Remote::of(client.clone(), &view)?);
        ledgers.push(LedgerUp {
            record: ledger.clone(),
            genesis_digest: view.genesis_digest,
            genesis_file: folder.genesis_file(&ledger.name).display().to_string(),
        });
    }
    progress.doing("waiting for the first committed transaction on each ledger");
    let is_new = founded.is_some();
    let first = first_transactions(folder, record, founded, &remotes).await?;
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    progress.doing("letting each ledger follow the other");
    pins::ensure(folder, record, &remotes).await?;
    key_holder::ensure(folder, remote_of(&remotes, REGISTRY)?).await?;
    let sample = match args.sample {
        true => {
            let both = [remote_of(&remotes, TRADE)?, remote_of(&remotes, REGISTRY)?];
            Some(story::play(folder, both, progress).await?)
        }
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
        ledgers,
        founded: is_new,
        organisations: summary::organisations(record),
        nodes: summary::nodes(folder, record).await,
        console_url: client.base().to_owned(),
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
        format!("{program} verify proof.json --genesis {dir}/genesis/{TRADE}.json"),
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
        let record = recorded(folder)?;
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
    let nodes = args.nodes.unwrap_or(5);
    progress.doing(format!(
        "founding a consortium of five organisations, {nodes} nodes"
    ));
    let plan = LocalPlan {
        nodes,
        now_ms: now_ms(),
        parameters: local_parameters(),
        ledgers: local_ledgers(nodes),
        lifetimes: args
            .certificate_hours
            .map_or_else(Lifetimes::default, |hours| {
                Lifetimes::short(hours * HOUR_MS)
            }),
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

fn remote_of<'a>(remotes: &'a BTreeMap<&str, Remote>, ledger: &str) -> Result<&'a Remote> {
    remotes.get(ledger).ok_or_else(|| {
        let what = format!("the consortium's record names no ledger `{ledger}`");
        Failure::new("folder.damaged", what)
    })
}

/// The founding's first transactions register the operators and the traders: registration has then run on these
/// very ledgers. Later starts ask for the same again, which is refused and changes nothing; that
/// the refusal stands in a block is what shows that the nodes agree.
async fn first_transactions(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    founded: Founded,
    remotes: &BTreeMap<&str, Remote>,
) -> Result<ReceiptView> {
    let known = founded.unwrap_or_default();
    let is_new = !known.is_empty();
    let mut requests = Vec::new();
    for ledger in &record.ledgers {
        let remote = remote_of(remotes, &ledger.name)?;
        let asked = if is_new {
            ledger.organisations.len()
        } else {
            1
        };
        for organisation in ledger.organisations.iter().take(asked) {
            let admin = identity_of(folder, &known, organisation, "admin")?;
            let members = first_members(&ledger.name, organisation).iter();
            for name in members.take(if is_new { usize::MAX } else { 1 }) {
                let member = identity_of(folder, &known, organisation, name)?;
                let signer = Signer::new(member_id(organisation, "admin")?, admin.key.clone());
                let message = registration("register", remote.ledger, &member);
                requests.push((remote, signer, message));
            }
        }
    }
    let contract = contract();
    let submitted = requests
        .into_iter()
        .map(|(remote, signer, message)| {
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

/// A member's key and certificate: just made, or else the folder's.
fn identity_of(
    folder: &ConsortiumFolder,
    known: &BTreeMap<MemberId, Identity>,
    organisation: &OrganisationId,
    name: &str,
) -> Result<Identity> {
    let id = member_id(organisation, name)?;
    if let Some(identity) = known.get(&id) {
        return Ok(identity.clone());
    }
    identity::load(folder, &id).map_err(|error| {
        Failure::of("key.unusable", &error)
            .during(format!("the key of {id}"))
            .next(format!(
                "blockworm doctor --dir {}",
                folder.root().display()
            ))
    })
}

fn member_id(organisation: &OrganisationId, name: &str) -> Result<MemberId> {
    MemberId::new(organisation, name).map_err(|error| Failure::of("member.bad_name", &error))
}

fn render(up: &Up) -> String {
    let story = up
        .sample
        .as_ref()
        .map_or_else(String::new, |story| format!("{story}\n\n"));
    format!(
        "{story}{}\n\n{}\n\n{}\n\nconsole  {}\nup in    {} ms to the first committed transaction on each ledger\n\nnext:\n  {}",
        summary::organisations_table(&up.organisations),
        summary::ledgers_table(up.ledgers.iter().map(|ledger| &ledger.record)),
        summary::nodes_table(&up.nodes),
        up.console_url,
        up.elapsed_ms,
        up.next.join("\n  "),
    )
}
