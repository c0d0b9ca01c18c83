//! `blockworm registry`: an invoice's claims on the ledger that rival banks share.

use super::{
    receivable::{import_file, step_failure},
    story::{FolderSubmitter, submit_ok},
    tx::print_receipt,
};
use crate::{
    cli::{
        Document, RegistryActArgs, RegistryCommand, RegistryReserveArgs, RegistryShowArgs, Target,
    },
    failure::{Failure, Result},
    output::Format,
    remote::Remote,
    signer::Signer,
};
use blockworm_crypto::Digest;
use blockworm_ledger::MemberId;
use blockworm_service::{consortium::REGISTRY, network::ConsortiumFolder};
use blockworm_workflows::{
    receivable::{Request, steps::StepError},
    registry::{Registry, fingerprint},
};
use serde::Serialize;
use serde_json::Value;
use std::{fmt::Write as _, process::ExitCode, time::Duration};

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
        RegistryCommand::Reserve(RegistryReserveArgs { minutes, act: args }) => {
            let for_ms = minutes * 60_000;
            let ask = |member: &MemberId, of: &Digest| registry.reserve(member, of, for_ms);
            act(args, ask, format).await
        }
        RegistryCommand::Confirm(args) => {
            act(args, |member, of| registry.confirm(member, of), format).await
        }
        RegistryCommand::Release(args) => {
            act(args, |member, of| registry.release(member, of), format).await
        }
    }
}

async fn show(args: &RegistryShowArgs, registry: &Registry, format: Format) -> Result<ExitCode> {
    let fingerprint = fingerprint_of(&args.document)?;
    let remote = Remote::connect(&on_registry(&args.target)).await?;
    let contract = registry.contract.as_str();
    let question = |message: std::result::Result<Vec<u8>, StepError>| {
        let message = message.map_err(|error| step_failure(&error))?;
        serde_json::from_slice::<Value>(&message)
            .map_err(|error| Failure::of("message.malformed", &error))
    };
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

async fn act(
    args: &RegistryActArgs,
    ask: impl FnOnce(&MemberId, &Digest) -> std::result::Result<Request, StepError>,
    format: Format,
) -> Result<ExitCode> {
    let fingerprint = fingerprint_of(&args.document)?;
    let request = ask(&args.member, &fingerprint).map_err(|error| step_failure(&error))?;
    let target = on_registry(&args.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let remote = Remote::connect(&target).await?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let mut submitter = FolderSubmitter::new(&folder, &remote, wait).with(signer);
    let receipt = submit_ok(&mut submitter, &request).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

/// The registry is meant where no ledger is named.
fn on_registry(target: &Target) -> Target {
    let mut target = target.clone();
    target.ledger.get_or_insert_with(|| REGISTRY.to_owned());
    target
}

fn fingerprint_of(document: &Document) -> Result<Digest> {
    match (&document.fingerprint, &document.invoice) {
        (Some(fingerprint), _) => Ok(*fingerprint),
        (None, Some(path)) => Ok(fingerprint(&import_file(path)?)),
        (None, None) => Err(Failure::new(
            "registry.no_document",
            "neither an invoice nor a fingerprint was given",
        )),
    }
}
