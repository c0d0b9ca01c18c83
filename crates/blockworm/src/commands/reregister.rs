//! `blockworm registry reregister`: after the key holders changed their keys, an open claim is known under the new ones too.

use super::{
    acting::step_failure,
    fingerprints::{Way, open_claim, question},
    registry::on_registry,
    submitter::FolderSubmitter,
    tx::print_receipt,
};
use crate::{
    cli::RegistryReregisterArgs,
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::{Remote, client_failure},
    signer::Signer,
};
use blockworm_kit::claims::Claim;
use blockworm_registry::{DocumentSet, msg::REREGISTER_BLOCKS};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    fingerprint::Shares,
    receivable::On,
    registry::{Registry, Sealed},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// How often the ledger is asked how far it is.
const POLL: Duration = Duration::from_millis(200);

/// Runs the verb.
pub async fn run(args: &RegistryReregisterArgs, format: Format) -> Result<ExitCode> {
    let (act, registry) = (&args.act, Registry::default());
    let target = on_registry(&act.target);
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, &act.member, &act.signing)?;
    let remote = Remote::connect(&target).await?;
    let Some(invoice) = &act.document.invoice else {
        let what = "new fingerprints are made of the invoice, not of its old fingerprint";
        return Err(Failure::new("registry.no_document", what).next("give the invoice's file"));
    };
    let way = Way {
        folder: &folder,
        holders: &act.holders.holders,
        credentials: &target.credentials,
    };
    let sets = way.sets(&remote, &signer, invoice, Shares::ALL).await?;
    let number = match args.claim {
        Some(number) => number,
        None => {
            let documents: Vec<String> = sets.iter().map(|set| set.document.clone()).collect();
            let bank = act.member.organisation();
            let open = open_claim(&remote, &registry, &documents, Some(bank.as_str())).await?;
            open["number"].as_u64().unwrap_or_default()
        }
    };
    let lacking = lacking(&remote, &registry, number, sets).await?;
    let sealed = Sealed::new(lacking)
        .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
    let commit = registry.commit(&act.member, &sealed);
    let open = registry.reregister(&act.member, number, &sealed);
    let wait = Duration::from_secs(act.signing.wait_s);
    let submitter = FolderSubmitter::new(&folder, wait).on(On::Registry, &remote);
    let mut submitter = submitter.with(signer);
    let committed = submitter
        .receipt_ok(&commit.map_err(|error| step_failure(&error))?)
        .await?;
    let config: Value = ask(&remote, &registry, registry.config_query()).await?;
    let settle = config["settle_blocks"].as_u64().unwrap_or(0);
    let from = committed.height + settle + REREGISTER_BLOCKS;
    until(&remote, from, wait).await?;
    let receipt = submitter
        .receipt_ok(&open.map_err(|error| step_failure(&error))?)
        .await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

async fn ask<A: DeserializeOwned>(
    remote: &Remote,
    registry: &Registry,
    message: std::result::Result<Vec<u8>, blockworm_workflows::receivable::steps::StepError>,
) -> Result<A> {
    let answer = remote
        .query(registry.contract.as_str(), &question(message)?)
        .await?;
    serde_json::from_value(answer).map_err(|error| Failure::of("node.unexpected", &error))
}

/// The sets of the versions that the claim is not made under, with the shares that it has under those
/// that it is: a document's forms stand in one order under every version.
async fn lacking(
    remote: &Remote,
    registry: &Registry,
    number: u64,
    sets: Vec<DocumentSet>,
) -> Result<Vec<DocumentSet>> {
    let claim: Option<Claim> = ask(remote, registry, registry.claim_query(number)).await?;
    let claim = claim.ok_or_else(|| {
        Failure::new("registry.no_claim", format!("there is no claim {number}"))
            .next("blockworm registry show INVOICE")
    })?;
    let known: Vec<DocumentSet> = ask(remote, registry, registry.parts_query(number)).await?;
    let same = |set: &&DocumentSet| sets.iter().any(|new| new.document == set.document);
    let model = known.iter().find(same).ok_or_else(|| {
        let what = format!("claim {number} is not on this invoice");
        Failure::new("registry.other_document", what).next("blockworm registry show INVOICE")
    })?;
    let versions: Vec<u32> = claim.documents.iter().map(|one| one.version).collect();
    let mut lacking = Vec::new();
    for mut set in sets {
        if versions.contains(&set.version) {
            continue;
        }
        set.share = model.share;
        for (part, before) in set.parts.iter_mut().zip(&model.parts) {
            part.share = before.share;
        }
        lacking.push(set);
    }
    if lacking.is_empty() {
        let what = format!("claim {number} is known under every version that is in use");
        return Err(Failure::new("registry.has_version", what));
    }
    Ok(lacking)
}

/// Waits until the ledger is that far; an idle one goes on by heartbeats.
async fn until(remote: &Remote, height: u64, wait: Duration) -> Result<()> {
    let (begun, progress) = (Instant::now(), Progress::new());
    progress.doing(format!("waiting for block {height}"));
    loop {
        let ledger = remote.client.ledger(&remote.ledger_text()).await;
        if ledger.map_err(client_failure)?.height + 1 >= height {
            progress.done();
            return Ok(());
        }
        if begun.elapsed() > wait {
            let what = format!("block {height} did not come within --wait-s");
            return Err(Failure::new("node.timeout", what)
                .next("the same command again, with a longer --wait-s"));
        }
        tokio::time::sleep(POLL).await;
    }
}
