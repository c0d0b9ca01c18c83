//! Decisions of a local consortium, whose admins' keys all lie in one folder: proposed and voted at once.

use crate::{
    failure::{Failure, Result},
    remote::Remote,
    signer::Signer,
};
use blockworm_execution::{Action, ProposalsMsg};
use blockworm_ledger::{ContractName, MemberId};
use blockworm_service::network::{ConsortiumFolder, LedgerRecord};
use std::time::Duration;

/// How long a proposal may be voted on; here it takes seconds.
const OPEN_MS: u64 = 3_600_000;
/// How long one vote may take.
const STEP: Duration = Duration::from_secs(60);

/// Proposes a change on a ledger and votes for it by one admin after the other until it is
/// accepted, and returns the block that accepted it; none where it was the case already.
pub async fn decide(
    folder: &ConsortiumFolder,
    ledger: &LedgerRecord,
    remote: &Remote,
    action: Action,
) -> Result<Option<u64>> {
    let contract: ContractName = "proposals"
        .parse()
        .map_err(|error| Failure::of("contract.bad_name", &error))?;
    let mut number = None;
    for organisation in &ledger.organisations {
        let admin = MemberId::new(organisation, "admin")
            .map_err(|error| Failure::of("member.bad_name", &error))?;
        let signer = Signer::of_folder(folder, &admin)?;
        let message = match number {
            None => ProposalsMsg::Propose {
                action: action.clone(),
                for_ms: OPEN_MS,
            },
            Some(proposal) => ProposalsMsg::Vote {
                proposal,
                approve: true,
                action: action.digest(),
            },
        };
        let message = serde_json::to_vec(&message)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        let receipt = remote.submit(&signer, &contract, message, STEP).await?;
        if receipt.code == "proposal.no_change" {
            return Ok(None);
        }
        crate::remote::check_ok(&receipt)?;
        let event = |kind: &str| receipt.events.iter().find(|event| event.kind == kind);
        if event("accepted").is_some() {
            return Ok(Some(receipt.height));
        }
        if let Some(proposed) = event("proposed") {
            number = proposed.subject.parse::<u64>().ok();
        }
    }
    let what = format!(
        "the organisations of `{}` are too few to accept it",
        ledger.name
    );
    Err(Failure::new("proposal.open", what).next(format!(
        "blockworm proposal list --ledger {} --dir {}",
        ledger.name,
        folder.root().display()
    )))
}
