//! `blockworm registry`: an invoice's claims on the ledger that rival banks share.

use super::{
    acting::step_failure,
    counterpart, mutations,
    receivable::import_file,
    story::line as step_line,
    submitter::{FolderSubmitter, read_proof, stopped},
    tx::print_receipt,
};
use crate::{
    cli::{
        Document, RegistryCommand, RegistryFollowArgs, RegistryReserveArgs, RegistryShowArgs,
        Target,
    },
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::Remote,
    signer::Signer,
};
use blockworm_crypto::Digest;
use blockworm_service::{consortium::REGISTRY, network::ConsortiumFolder};
use blockworm_workflows::{
    receivable::{
        Contracts, On, Step,
        financing::{self, Plan},
        steps::StepError,
    },
    registry::{Registry, fingerprint},
};
use serde::Serialize;
use serde_json::Value;
use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

#[derive(Serialize)]
struct Shown {
    fingerprint: String,
    standing: Value,
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
        RegistryCommand::Mutations(args) => mutations::run(args, format),
    }
}

async fn show(args: &RegistryShowArgs, registry: &Registry, format: Format) -> Result<ExitCode> {
    let fingerprint = fingerprint_of(&args.document)?;
    let remote = Remote::connect(&on_registry(&args.target)).await?;
    let contract = registry.contract.as_str();
    let mut standing = remote
        .query(contract, &question(registry.standing_query(&fingerprint))?)
        .await?;
    let claims = remote
        .query(contract, &question(registry.history_query(&fingerprint))?)
        .await?;
    let shown = Shown {
        fingerprint: fingerprint.to_string(),
        standing: standing["standing"].take(),
        reserved_until_ms: standing["reserved_until_ms"].take(),
        claims: claims.as_array().cloned().unwrap_or_default(),
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

/// A claim in words.
fn line(claim: &Value) -> String {
    let mut text = format!(
        "claim        {}: reserved in block {}",
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

fn question(message: std::result::Result<Vec<u8>, StepError>) -> Result<Value> {
    let message = message.map_err(|error| step_failure(&error))?;
    serde_json::from_slice(&message).map_err(|error| Failure::of("message.malformed", &error))
}

/// The newest claim on a document with its number, or null.
pub async fn newest(remote: &Remote, registry: &Registry, document: &Digest) -> Result<Value> {
    let ask = question(registry.newest_query(document))?;
    remote.query(registry.contract.as_str(), &ask).await
}

async fn reserve(
    args: &RegistryReserveArgs,
    registry: &Registry,
    format: Format,
) -> Result<ExitCode> {
    let act = &args.act;
    let fingerprint = fingerprint_of(&act.document)?;
    let for_ms = args.seconds.unwrap_or(args.minutes * 60) * 1_000;
    let request = registry
        .reserve(&act.member, &fingerprint, &args.trade, for_ms)
        .map_err(|error| step_failure(&error))?;
    let target = on_registry(&act.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &act.member, &act.signing)?;
    let remote = Remote::connect(&target).await?;
    let wait = Duration::from_secs(act.signing.wait_s);
    let submitter = FolderSubmitter::new(&folder, wait).on(On::Registry, &remote);
    let receipt = submitter.with(signer).receipt_ok(&request).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

/// Confirms or releases the newest claim by a proof of the ledger that it is for.
async fn follow(
    args: &RegistryFollowArgs,
    registry: Registry,
    confirm: bool,
    format: Format,
) -> Result<ExitCode> {
    let act = &args.act;
    let fingerprint = fingerprint_of(&act.document)?;
    let target = on_registry(&act.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &act.member, &act.signing)?;
    let remote = Remote::connect(&target).await?;
    let wait = Duration::from_secs(act.signing.wait_s);
    let mut submitter = FolderSubmitter::new(&folder, wait)
        .on(On::Registry, &remote)
        .with(signer);
    submitter = match &args.proof {
        Some(path) => submitter.with_proof(On::Trade, read_proof(&read(path)?)?),
        None => {
            let newest = newest(&remote, &registry, &fingerprint).await?;
            let contract = registry.contract.as_str();
            let trade = counterpart::trade_of(&remote, contract, &newest, &target).await?;
            submitter.on(On::Trade, &trade)
        }
    };
    let plan = Plan {
        contracts: Contracts::default(),
        part: None,
        registry,
        bank: act.member.clone(),
        receivable: String::new(),
        for_ms: 0,
    };
    let progress = Progress::new();
    let tell = |step: &Step| progress.doing(step_line(step));
    let steps = match confirm {
        true => financing::confirm(&mut submitter, &plan, &fingerprint, tell).await,
        false => financing::release(&mut submitter, &plan, &fingerprint, tell).await,
    };
    let steps = steps.map_err(stopped)?;
    progress.done();
    let lines: Vec<String> = steps.iter().map(step_line).collect();
    format.print(&steps, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Failure::of("file.unreadable", &error)
            .during(format!("cannot read {}", path.display()))
            .next("give the path of a blockworm-state file")
    })
}

/// The registry is meant where no ledger is named.
fn on_registry(target: &Target) -> Target {
    let mut target = target.clone();
    target.ledger.get_or_insert_with(|| REGISTRY.to_owned());
    target
}

/// What the registry knows the document by.
pub fn fingerprint_of(document: &Document) -> Result<Digest> {
    match (&document.fingerprint, &document.invoice) {
        (Some(fingerprint), _) => Ok(*fingerprint),
        (None, Some(path)) => Ok(fingerprint(&import_file(path)?)),
        (None, None) => Err(Failure::new(
            "registry.no_document",
            "neither an invoice nor a fingerprint was given",
        )),
    }
}
