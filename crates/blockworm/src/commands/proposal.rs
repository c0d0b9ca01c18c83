//! `blockworm proposal`: what the consortium changes by vote.

use super::{tx::print_receipt, verify::genesis_digest};
use crate::{
    cli::{
        ProposalAskArgs, ProposalChange, ProposalCommand, ProposalListArgs, ProposalVoteArgs,
        Signing, Target,
    },
    failure::{Failure, Result},
    output::{Format, table},
    remote::{Remote, check_ok},
    signer::Signer,
};
use blockworm_execution::{Action, MembershipAction, ProposalsMsg};
use blockworm_ledger::{ContractName, MemberId};
use blockworm_service::network::ConsortiumFolder;
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

const HOUR_MS: u64 = 3_600_000;
/// Proposals asked for at once, the most that the contract gives.
const PAGE: u64 = 100;

/// Runs one of the verbs.
pub async fn run(command: &ProposalCommand, format: Format) -> Result<ExitCode> {
    match command {
        ProposalCommand::List(args) => list(args, format).await,
        ProposalCommand::Make(args) => make(args, format).await,
        ProposalCommand::Vote(args) => vote(args, format).await,
    }
}

async fn list(args: &ProposalListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let mut proposals: Vec<Value> = Vec::new();
    loop {
        let last = proposals.last().map(|last| last["number"].clone());
        let question = json!({ "list": { "start_after": last, "limit": PAGE } });
        let answer = remote.query("proposals", &question).await?;
        let page = answer.as_array().cloned().unwrap_or_default();
        let full = page.len() as u64 == PAGE;
        proposals.extend(page);
        if !full {
            break;
        }
    }
    proposals.retain(|proposal| !args.open || proposal["outcome"] == "open");
    let rows: Vec<[String; 5]> = proposals
        .iter()
        .map(|proposal| {
            [
                proposal["number"].to_string(),
                proposal["action"].to_string(),
                text(&proposal["before"]),
                text(&proposal["outcome"]),
                format!("{} of {}", proposal["approvals"], proposal["needed"]),
            ]
        })
        .collect();
    let header = ["NUMBER", "CHANGE", "BEFORE", "OUTCOME", "APPROVALS"];
    format.print(&proposals, table(header, &rows))?;
    Ok(ExitCode::SUCCESS)
}

async fn make(args: &ProposalAskArgs, format: Format) -> Result<ExitCode> {
    let action = action(&args.change)?;
    let asking = args.change.asking();
    let message = ProposalsMsg::Propose {
        action,
        for_ms: asking.hours * HOUR_MS,
    };
    let place = (&asking.signing, &asking.target);
    submit(&asking.member, &message, place, format).await
}

fn action(change: &ProposalChange) -> Result<Action> {
    Ok(match change {
        ProposalChange::Roles {
            organisation,
            roles,
            ..
        } => {
            let mut roles = roles.clone();
            roles.sort();
            roles.dedup();
            Action::SetRoles {
                organisation: organisation.clone(),
                roles,
            }
        }
        ProposalChange::Suspend { organisation, .. } => Action::Suspend {
            organisation: organisation.clone(),
        },
        ProposalChange::Reinstate { organisation, .. } => Action::Reinstate {
            organisation: organisation.clone(),
        },
        ProposalChange::Pin { name, genesis, .. } => Action::PinLedger {
            name: name.clone(),
            genesis: genesis_digest(genesis)?,
        },
        ProposalChange::AdmitNode {
            organisation,
            consensus_key: key,
            address,
            ..
        } => Action::Membership(MembershipAction::AdmitNode {
            organisation: organisation.clone(),
            key: *key,
            address: address.to_string(),
        }),
        ProposalChange::DismissNode {
            consensus_key: key, ..
        } => Action::Membership(MembershipAction::DismissNode { key: *key }),
        ProposalChange::AddValidator {
            consensus_key: key, ..
        } => Action::Membership(MembershipAction::AddValidator { key: *key }),
        ProposalChange::RemoveValidator {
            consensus_key: key, ..
        } => Action::Membership(MembershipAction::RemoveValidator { key: *key }),
    })
}

async fn vote(args: &ProposalVoteArgs, format: Format) -> Result<ExitCode> {
    let message = ProposalsMsg::Vote {
        proposal: args.number,
        approve: !args.reject,
    };
    submit(
        &args.member,
        &message,
        (&args.signing, &args.target),
        format,
    )
    .await
}

async fn submit(
    member: &MemberId,
    message: &ProposalsMsg,
    (signing, target): (&Signing, &Target),
    format: Format,
) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, member, signing)?;
    let remote = Remote::connect(target).await?;
    let contract: ContractName = "proposals"
        .parse()
        .map_err(|error| Failure::of("contract.bad_name", &error))?;
    let message =
        serde_json::to_vec(message).map_err(|error| Failure::of("message.malformed", &error))?;
    let wait = Duration::from_secs(signing.wait_s);
    let receipt = remote.submit(&signer, &contract, message, wait).await?;
    print_receipt(&receipt, format)?;
    check_ok(&receipt)?;
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
