//! `blockworm proposal`: what the consortium changes by vote.

mod change;

use super::tx::print_receipt;
use crate::{
    cli::{
        Asking, ProposalAskArgs, ProposalCommand, ProposalListArgs, ProposalShowArgs,
        ProposalVoteArgs, Signing, Target,
    },
    failure::{Failure, Result},
    output::{Format, table, utc},
    progress::Progress,
    remote::{Remote, check_ok},
    signer::Signer,
};
use blockworm_api::model::ReceiptView;
use blockworm_crypto::Digest;
use blockworm_execution::{Action, Difference, ProposalsMsg};
use blockworm_ledger::{ContractName, MemberId};
use blockworm_service::network::ConsortiumFolder;
use serde::Serialize;
use serde_json::{Value, json};
use std::{fmt::Write as _, process::ExitCode, time::Duration};

const HOUR_MS: u64 = 3_600_000;
/// Proposals asked for at once, the most that the contract gives.
const PAGE: u64 = 100;

/// Runs one of the verbs.
pub async fn run(command: &ProposalCommand, format: Format) -> Result<ExitCode> {
    match command {
        ProposalCommand::List(args) => list(args, format).await,
        ProposalCommand::Show(args) => show(args, format).await,
        ProposalCommand::Make(args) => make(args, format).await,
        ProposalCommand::Vote(args) => vote(args, format).await,
    }
}

async fn list(args: &ProposalListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let mut proposals = all(&remote).await?;
    proposals.retain(|proposal| !args.open || proposal["outcome"] == "open");
    let rows: Vec<[String; 4]> = proposals
        .iter()
        .map(|proposal| {
            [
                proposal["number"].to_string(),
                lines(&differences(proposal)).join("\n"),
                text(&proposal["outcome"]),
                format!("{} of {}", proposal["approvals"], proposal["needed"]),
            ]
        })
        .collect();
    let header = ["NUMBER", "CHANGE", "OUTCOME", "APPROVALS"];
    format.print(&proposals, table(header, &rows))?;
    Ok(ExitCode::SUCCESS)
}

/// The open proposal of exactly this change, if there is one.
pub async fn open_one(remote: &Remote, action: &Action) -> Result<Option<u64>> {
    let digest = action.digest().to_string();
    let mut proposals = all(remote).await?.into_iter();
    let same = proposals.find(|one| one["outcome"] == "open" && one["digest"] == digest.as_str());
    Ok(same.and_then(|one| one["number"].as_u64()))
}

pub async fn all(remote: &Remote) -> Result<Vec<Value>> {
    let mut proposals: Vec<Value> = Vec::new();
    loop {
        let last = proposals.last().map(|last| last["number"].clone());
        let question = json!({ "list": { "start_after": last, "limit": PAGE } });
        let answer = remote.query("proposals", &question).await?;
        let page = answer.as_array().cloned().unwrap_or_default();
        let full = page.len() as u64 == PAGE;
        proposals.extend(page);
        if !full {
            return Ok(proposals);
        }
    }
}

async fn show(args: &ProposalShowArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let proposal = find(&remote, args.number).await?;
    let action = action_of(&proposal)?;
    let mut shown = String::new();
    let _ = writeln!(shown, "proposal   {}", args.number);
    let _ = writeln!(shown, "digest     {}", action.digest());
    let _ = writeln!(shown, "outcome    {}", outcome(&proposal));
    let votes = proposal["votes"].as_array().cloned().unwrap_or_default();
    let _ = writeln!(
        shown,
        "approvals  {} of {} needed",
        proposal["approvals"], proposal["needed"]
    );
    for line in lines(&differences(&proposal)) {
        let _ = writeln!(shown, "changes    {line}");
    }
    for vote in &votes {
        let how = if vote["approve"] == true {
            "for"
        } else {
            "against"
        };
        let member = text(&vote["member"]);
        let _ = writeln!(
            shown,
            "vote       {how}, by {member} in block {}",
            vote["height"]
        );
    }
    if proposal["outcome"] == "open" {
        let number = args.number;
        let _ = writeln!(
            shown,
            "next       blockworm proposal vote {number} --as ORG/admin, or with --reject"
        );
    }
    format.print(&proposal, shown)?;
    Ok(ExitCode::SUCCESS)
}

/// The outcome; how long an open one may be voted on.
fn outcome(proposal: &Value) -> String {
    let outcome = text(&proposal["outcome"]);
    match proposal["expires_at_ms"]
        .as_u64()
        .filter(|_| outcome == "open")
    {
        Some(ms) => format!("open until {} UTC", utc(ms)),
        None => outcome,
    }
}

async fn make(args: &ProposalAskArgs, format: Format) -> Result<ExitCode> {
    let asking = args.change.asking();
    let remote = Remote::connect(&asking.target).await?;
    let action = change::action(&args.change, &remote).await?;
    propose(&remote, asking, action, format).await
}

/// What a proposal that was made has become.
#[derive(Serialize)]
struct Made {
    proposal: u64,
    digest: String,
    differences: Vec<Difference>,
    #[serde(flatten)]
    receipt: ReceiptView,
}

/// Asks for a change and says how the others vote on it.
pub async fn propose(
    remote: &Remote,
    asking: &Asking,
    action: Action,
    format: Format,
) -> Result<ExitCode> {
    let digest = action.digest();
    let receipt = ask(remote, asking, &action).await?;
    if !receipt.is_ok() {
        print_receipt(&receipt, format)?;
        check_ok(&receipt)?;
    }
    let proposed = receipt.events.iter().find(|event| event.kind == "proposed");
    let number = proposed.and_then(|event| event.subject.parse().ok());
    let number: u64 = number.unwrap_or_default();
    let proposal = find(remote, number).await?;
    let differences = differences(&proposal);
    let mut shown = format!(
        "transaction  {} in block {}\n",
        receipt.transaction, receipt.height
    );
    let _ = writeln!(shown, "proposal     {number}: {}", outcome(&proposal));
    let _ = writeln!(shown, "digest       {digest}");
    for line in lines(&differences) {
        let _ = writeln!(shown, "changes      {line}");
    }
    if proposal["outcome"] == "open" {
        let _ = writeln!(
            shown,
            "next         the others: blockworm proposal vote {number} --as ORG/admin --digest {digest}"
        );
    }
    let made = Made {
        proposal: number,
        digest: digest.to_string(),
        differences,
        receipt,
    };
    format.print(&made, shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Sends the proposal; the receipt may be a refusal.
pub async fn ask(remote: &Remote, asking: &Asking, action: &Action) -> Result<ReceiptView> {
    let message = ProposalsMsg::Propose {
        action: action.clone(),
        for_ms: asking.hours * HOUR_MS,
    };
    let place = (&asking.signing, &asking.target);
    submit(remote, &asking.member, &message, place).await
}

/// A vote is about what this program read itself: the digest is made here, of the change that is shown.
async fn vote(args: &ProposalVoteArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let proposal = find(&remote, args.number).await?;
    let digest = action_of(&proposal)?.digest();
    check_digest(args, &digest)?;
    let progress = Progress::new();
    let how = if args.reject { "against" } else { "for" };
    progress.say(&format!("{} votes {how} {digest}:", args.member));
    for line in lines(&differences(&proposal)) {
        progress.say(&format!("  {line}"));
    }
    progress.done();
    let message = ProposalsMsg::Vote {
        proposal: args.number,
        approve: !args.reject,
        action: digest,
    };
    let place = (&args.signing, &args.target);
    let receipt = submit(&remote, &args.member, &message, place).await?;
    print_receipt(&receipt, format)?;
    check_ok(&receipt)?;
    Ok(ExitCode::SUCCESS)
}

fn check_digest(args: &ProposalVoteArgs, digest: &Digest) -> Result<()> {
    match &args.digest {
        Some(told) if told != digest => {
            let what = format!(
                "proposal {} is the change {digest}, not {told}",
                args.number
            );
            Err(Failure::new("proposal.other_action", what).next(format!(
                "do not vote before you know why; blockworm proposal show {}",
                args.number
            )))
        }
        _ => Ok(()),
    }
}

pub async fn find(remote: &Remote, number: u64) -> Result<Value> {
    let question = json!({ "proposal": { "number": number } });
    let proposal = remote.query("proposals", &question).await?;
    if proposal.is_null() {
        let what = format!("there is no proposal {number} on this ledger");
        return Err(Failure::new("proposal.not_found", what).next("blockworm proposal list"));
    }
    Ok(proposal)
}

fn action_of(proposal: &Value) -> Result<Action> {
    serde_json::from_value(proposal["action"].clone()).map_err(|error| {
        Failure::of("proposal.unknown_action", &error)
            .next("this program does not know the change; use the version that the nodes run")
    })
}

fn differences(proposal: &Value) -> Vec<Difference> {
    serde_json::from_value(proposal["differences"].clone()).unwrap_or_default()
}

fn lines(differences: &[Difference]) -> Vec<String> {
    let line = |one: &Difference| format!("{}: {} → {}", one.what, one.before, one.after);
    differences.iter().map(line).collect()
}

async fn submit(
    remote: &Remote,
    member: &MemberId,
    message: &ProposalsMsg,
    (signing, target): (&Signing, &Target),
) -> Result<ReceiptView> {
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, member, signing)?;
    let contract: ContractName = "proposals"
        .parse()
        .map_err(|error| Failure::of("contract.bad_name", &error))?;
    let message =
        serde_json::to_vec(message).map_err(|error| Failure::of("message.malformed", &error))?;
    let wait = Duration::from_secs(signing.wait_s);
    remote.submit(&signer, &contract, message, wait).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
