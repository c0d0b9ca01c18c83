//! Archiving a ledger: proposed by vote, asked about, and only then dropped by a node.

use super::tx::print_receipt;
use crate::{
    cli::{LedgerArchiveArgs, Target},
    failure::{Failure, Result},
    output::Format,
    remote::{Remote, check_ok, client_failure},
    signer::Signer,
};
use blockworm_api::Client;
use blockworm_ledger::ContractName;
use blockworm_service::network::{ConsortiumFolder, NodeRecord, NodeState, process};
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// How long the proposal may be voted on.
const OPEN_MS: u64 = 72 * 3_600_000;

/// Proposes that the ledger takes no transaction any more but what reopens it.
pub async fn propose(args: &LedgerArchiveArgs, format: Format) -> Result<ExitCode> {
    let member = args.member.as_ref().ok_or_else(|| {
        Failure::new("member.missing", "nobody proposes it").next("say who with --as ORG/admin")
    })?;
    let folder = ConsortiumFolder::new(&args.place.dir);
    let signer = Signer::open(&folder, member, &args.signing)?;
    let target = Target {
        ledger: Some(args.ledger.clone()),
        ..Target::of_folder(&args.place)
    };
    let remote = Remote::connect(&target).await?;
    let contract: ContractName = "proposals"
        .parse()
        .map_err(|error| Failure::of("contract.bad_name", &error))?;
    let message = json!({ "propose": { "action": { "archive_ledger": {} }, "for_ms": OPEN_MS } });
    let wait = Duration::from_secs(args.signing.wait_s);
    let message = message.to_string().into_bytes();
    let receipt = remote.submit(&signer, &contract, message, wait).await?;
    print_receipt(&receipt, format)?;
    check_ok(&receipt)?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses to drop a ledger that goes on: its node would be missed in the quorum.
pub async fn check_archived(
    folder: &ConsortiumFolder,
    node: &NodeRecord,
    ledger: &str,
) -> Result<()> {
    let organisation = &node.organisation;
    let dir = folder.root().display();
    let state =
        process::state(folder, organisation).map_err(|error| super::down::stop_failure(&error))?;
    if !matches!(state, NodeState::Running(_)) {
        let what = format!(
            "the node of {organisation} does not run, so nobody says whether {ledger} is archived"
        );
        return Err(Failure::new("node.not_running", what)
            .next(format!("blockworm node start {organisation} --dir {dir}")));
    }
    let client = Client::new(&node.api_url()).map_err(client_failure)?;
    let view = client.ledger(ledger).await.map_err(client_failure)?;
    let question = json!({ "archived": {} });
    let answer: Value = client
        .query(&view.id, "ledger", &question)
        .await
        .map_err(client_failure)?;
    if answer.is_null() {
        let what = format!("{} ({}) is not archived", view.name, view.id);
        return Err(Failure::new("ledger.not_archived", what).next(format!(
            "blockworm ledger archive {ledger} --as {organisation}/admin --dir {dir} proposes it; the others vote"
        )));
    }
    Ok(())
}
