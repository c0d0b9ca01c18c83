//! `blockworm registry`: an invoice's claims on the ledger that rival banks share.

use super::{
    acting::step_failure,
    counterpart,
    financing::check_failure,
    fingerprints::{Way, claims, open_claim, question},
    mutations, reregister,
    story::line as step_line,
    submitter::{FolderSubmitter, read_proof, stopped},
    tx::print_receipt,
};
use crate::{
    cli::{
        RegistryActArgs, RegistryCommand, RegistryFollowArgs, RegistryReserveArgs,
        RegistryShowArgs, Target,
    },
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::Remote,
    signer::Signer,
};
use blockworm_registry::{DocumentSet, Part};
use blockworm_service::{consortium::REGISTRY, network::ConsortiumFolder};
use blockworm_workflows::{
    fingerprint::{
        Shares,
        check::{WHOLE, panel},
    },
    receivable::{
        Contracts, On, Request, Step,
        financing::{self, Plan},
        steps::StepError,
    },
    registry::{Registry, Sealed},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

#[derive(Serialize)]
struct Shown {
    fingerprint: String,
    standing: Value,
    taken: Value,
    reserved_until_ms: Value,
    claims: Vec<Value>,
}

/// Runs one of the verbs.
pub async fn run(command: &RegistryCommand, format: Format) -> Result<ExitCode> {
    let registry = Registry::default();
    match command {
        RegistryCommand::Show(args) => show(args, &registry, format).await,
        RegistryCommand::Reserve(args) => reserve(args, &registry, format).await,
        RegistryCommand::Confirm(args) => follow(args, registry, true, format).await,
        RegistryCommand::Release(args) => follow(args, registry, false, format).await,
        RegistryCommand::Reregister(args) => reregister::run(args, format).await,
        RegistryCommand::Mutations(args) => mutations::run(args, format),
    }
}

async fn show(args: &RegistryShowArgs, registry: &Registry, format: Format) -> Result<ExitCode> {
    let target = on_registry(&args.target);
    let remote = Remote::connect(&target).await?;
    let folder = ConsortiumFolder::new(&target.place.dir);
    let way = Way {
        folder: &folder,
        holders: &args.holders.holders,
        credentials: &target.credentials,
    };
    let asker = || Signer::open_key(&folder, &args.member, &args.key);
    let documents = way.documents(&remote, asker, &args.document).await?;
    let ask = question(registry.check_query(&documents))?;
    let mut checked = remote.query(registry.contract.as_str(), &ask).await?;
    let checked = checked
        .as_array_mut()
        .map(std::mem::take)
        .unwrap_or_default();
    // Where claims stand under several versions of the keys, one of these has them all.
    let whole = checked.iter().max_by_key(|one| one["taken"].as_u64());
    let whole = whole.cloned().unwrap_or_default();
    let claims = claims(&remote, registry, &documents).await?;
    let shown = Shown {
        fingerprint: documents.into_iter().next().unwrap_or_default(),
        standing: whole["standing"].clone(),
        taken: whole["taken"].clone(),
        reserved_until_ms: whole["reserved_until_ms"].clone(),
        claims: claims.into_iter().map(flat).collect(),
    };
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut text = format!(
        "fingerprint  {}\nstanding     {}\n",
        shown.fingerprint,
        word(&shown.standing)
    );
    for claim in &shown.claims {
        text.push_str(&line(claim));
    }
    format.print(&shown, text)?;
    Ok(ExitCode::SUCCESS)
}

/// A claim that bears its number.
fn flat(mut numbered: Value) -> Value {
    let mut claim = numbered["claim"].take();
    claim["number"] = numbered["number"].take();
    claim
}

/// A claim in words.
fn line(claim: &Value) -> String {
    let mut text = format!(
        "claim {:<6} {}: reserved in block {}",
        claim["number"],
        claim["bank"].as_str().unwrap_or("?"),
        claim["reserved_at"]
    );
    if !claim["financed_at"].is_null() {
        let _ = write!(text, ", financed in {}", claim["financed_at"]);
    }
    if let Some(end) = claim["end"].as_str() {
        let _ = write!(text, ", {end} in {}", claim["ended_at"]);
    }
    text.push('\n');
    text
}

async fn reserve(
    args: &RegistryReserveArgs,
    registry: &Registry,
    format: Format,
) -> Result<ExitCode> {
    let act = &args.act;
    let for_ms = args.seconds.unwrap_or(args.minutes * 60) * 1_000;
    let target = on_registry(&act.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &act.member, &act.signing)?;
    let remote = Remote::connect(&target).await?;
    let sets = match (&act.document.fingerprint, &act.document.invoice) {
        (None, Some(invoice)) => {
            let shares = Shares {
                named: args.of_order.0,
                ..Shares::ALL
            };
            let way = way(act, &folder, &target);
            way.sets(&remote, &signer, invoice, shares).await?
        }
        (fingerprint, _) => {
            let fingerprint = fingerprint.map(|one| one.to_string()).unwrap_or_default();
            vec![alone(&remote, fingerprint).await?]
        }
    };
    let sealed = Sealed::new(sets)
        .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
    let written = |request: std::result::Result<Request, StepError>| {
        request.map_err(|error| step_failure(&error))
    };
    let commit = written(registry.commit(&act.member, &sealed))?;
    let reserve = written(registry.reserve(&act.member, &sealed, &args.trade, for_ms))?;
    let wait = Duration::from_secs(act.signing.wait_s);
    let submitter = FolderSubmitter::new(&folder, wait).on(On::Registry, &remote);
    let mut submitter = submitter.with(signer);
    submitter.receipt_ok(&commit).await?;
    let receipt = submitter.receipt_ok(&reserve).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

/// All of a document of which nothing but its fingerprint under the newest keys is known.
async fn alone(remote: &Remote, fingerprint: String) -> Result<DocumentSet> {
    let panel = panel(remote, remote.ledger).await.map_err(check_failure)?;
    let version = panel.keys.last().map_or(0, |keys| keys.version.0);
    let parts = vec![Part {
        fingerprint: fingerprint.clone(),
        share: WHOLE,
    }];
    Ok(DocumentSet {
        version,
        document: fingerprint,
        share: WHOLE,
        parts,
    })
}

fn way<'a>(act: &'a RegistryActArgs, folder: &'a ConsortiumFolder, target: &'a Target) -> Way<'a> {
    Way {
        folder,
        holders: &act.holders.holders,
        credentials: &target.credentials,
    }
}

/// Confirms or releases a claim by a proof of the ledger that it is for.
async fn follow(
    args: &RegistryFollowArgs,
    registry: Registry,
    confirm: bool,
    format: Format,
) -> Result<ExitCode> {
    let act = &args.act;
    let target = on_registry(&act.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &act.member, &act.signing)?;
    let remote = Remote::connect(&target).await?;
    let open = claim_of(args, &registry, &remote, &target, confirm).await?;
    let number = open["number"].as_u64().unwrap_or_default();
    let wait = Duration::from_secs(act.signing.wait_s);
    let mut submitter = FolderSubmitter::new(&folder, wait)
        .on(On::Registry, &remote)
        .with(signer);
    submitter = match &args.proof {
        Some(path) => submitter.with_proof(On::Trade, read_proof(&read(path)?)?),
        None => {
            let contract = registry.contract.as_str();
            let trade = counterpart::trade_of(&remote, contract, &open, &target).await?;
            submitter.on(On::Trade, &trade)
        }
    };
    let plan = Plan {
        contracts: Contracts::default(),
        part: None,
        registry,
        bank: act.member.clone(),
        receivable: String::new(),
        sets: Vec::new(),
        for_ms: 0,
    };
    let progress = Progress::new();
    let tell = |step: &Step| progress.doing(step_line(step));
    let steps = match confirm {
        true => financing::confirm(&mut submitter, &plan, number, tell).await,
        false => financing::release(&mut submitter, &plan, number, tell).await,
    };
    let steps = steps.map_err(stopped)?;
    progress.done();
    let lines: Vec<String> = steps.iter().map(step_line).collect();
    format.print(&steps, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The claim that the flags name, or the newest open one on the document: the bank's own to confirm,
/// anybody's to release.
async fn claim_of(
    args: &RegistryFollowArgs,
    registry: &Registry,
    remote: &Remote,
    target: &Target,
    own: bool,
) -> Result<Value> {
    let act = &args.act;
    if let Some(number) = args.claim {
        let ask = question(registry.claim_query(number))?;
        let claim = remote.query(registry.contract.as_str(), &ask).await?;
        return Ok(json!({ "number": number, "claim": claim }));
    }
    let folder = ConsortiumFolder::new(&target.place.dir);
    let asker = || Signer::open(&folder, &act.member, &act.signing);
    let way = way(act, &folder, target);
    let documents = way.documents(remote, asker, &act.document).await?;
    let bank = act.member.organisation();
    open_claim(remote, registry, &documents, own.then_some(bank.as_str())).await
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Failure::of("file.unreadable", &error)
            .during(format!("cannot read {}", path.display()))
            .next("give the path of a blockworm-state file")
    })
}

/// The registry is meant where no ledger is named.
pub fn on_registry(target: &Target) -> Target {
    let mut target = target.clone();
    target.ledger.get_or_insert_with(|| REGISTRY.to_owned());
    target
}
