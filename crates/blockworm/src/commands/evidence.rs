//! `blockworm evidence`: deposits, what notaries and courts say of them, and what is kept of them here.

mod capture;
mod show;

use super::{evidence_package, evidence_sample, submitter::FolderSubmitter, tx::print_receipt};
use crate::{
    cli::{
        Acting, EvidenceAttestArgs, EvidenceCommand, EvidenceDecideArgs, EvidenceDisputeArgs,
        EvidenceEraseArgs, EvidenceOrderArgs,
    },
    failure::{Failure, Result},
    output::Format,
    remote::{Remote, client_failure},
    signer::{Signer, now_ms},
};
use blockworm_evidence::ExecuteMsg;
use blockworm_ledger::OrganisationId;
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    evidence::{Evidence, EvidenceError, Paper, Store, StoreError, Way, attest, cite, erase},
    receivable::{On, Outcome},
};
use cosmwasm_std::Uint64;
use std::{path::Path, process::ExitCode, time::Duration};

/// Runs one of the verbs.
pub async fn run(command: &EvidenceCommand, format: Format) -> Result<ExitCode> {
    use EvidenceCommand as C;
    match command {
        C::Deposit(args) => capture::deposit(args, format).await,
        C::Phase(args) => capture::phase(args, format).await,
        C::Attest(args) => say(args, format).await,
        C::Dispute(args) => dispute(args, format).await,
        C::Decide(args) => decide(args, format).await,
        C::Hold(args) => order(args, true, format).await,
        C::Release(args) => order(args, false, format).await,
        C::Erase(args) => destroy(args, format).await,
        C::Show(args) => show::show(args, format).await,
        C::List(args) => show::list(args, format).await,
        C::Export(args) => evidence_package::run(args, format).await,
        C::Seal(args) => evidence_package::seal(args, format),
        C::Sample(args) => evidence_sample::run(args, format).await,
        C::Open(_) | C::Withdraw(_) | C::Retain(_) | C::Declare(_) | C::Close(_) => {
            let (acting, message) = plain(command);
            let folder = folder_of(acting);
            let mut desk = Desk::open(acting, &folder).await?;
            let request = desk.evidence.ask(&acting.member, &message);
            let taken = desk.way().take(request).await;
            desk.done(taken, format).await
        }
    }
}

/// Whoever asks, and a message that needs nothing of this machine.
fn plain(command: &EvidenceCommand) -> (&Acting, ExecuteMsg) {
    use EvidenceCommand as C;
    match command {
        C::Open(args) => {
            let parties = args.parties.iter().map(ToString::to_string).collect();
            let matter = args.matter.clone();
            (&args.acting, ExecuteMsg::Open { matter, parties })
        }
        C::Withdraw(args) => {
            let (matter, attestation) = (args.matter.clone(), args.attestation);
            let message = ExecuteMsg::Withdraw {
                matter,
                attestation,
            };
            (&args.acting, message)
        }
        C::Retain(args) => {
            let (matter, until_ms) = (args.matter.clone(), Uint64::new(args.until));
            (&args.acting, ExecuteMsg::Retain { matter, until_ms })
        }
        C::Declare(args) => {
            let (to, relation) = (args.to.to_string(), args.relation);
            (&args.acting, ExecuteMsg::Declare { to, relation })
        }
        C::Close(args) => {
            let matter = args.matter.clone();
            (&args.acting, ExecuteMsg::Close { matter })
        }
        _ => unreachable!("invariant: the others were told apart"),
    }
}

/// A member at a ledger that has the evidence contract.
pub(super) struct Desk<'a> {
    acting: &'a Acting,
    remote: Remote,
    ledger: String,
    evidence: Evidence,
    submitter: FolderSubmitter<'a>,
}

impl<'a> Desk<'a> {
    pub(super) async fn open(acting: &'a Acting, folder: &'a ConsortiumFolder) -> Result<Self> {
        let remote = Remote::connect(&acting.target).await?;
        let signer = Signer::open(folder, &acting.member, &acting.signing)?;
        let wait = Duration::from_secs(acting.signing.wait_s);
        let submitter = FolderSubmitter::new(folder, wait)
            .on(On::Trade, &remote)
            .with(signer);
        Ok(Self {
            acting,
            ledger: remote.ledger_text(),
            remote,
            evidence: Evidence::default(),
            submitter,
        })
    }

    pub(super) fn way(&mut self) -> Way<'_, FolderSubmitter<'a>> {
        Way {
            submitter: &mut self.submitter,
            evidence: &self.evidence,
            ledger: &self.ledger,
        }
    }

    /// Where the organisation of whoever asks keeps originals.
    pub(super) fn store(&self) -> Result<Store> {
        store(&self.acting.target.place.dir, &self.acting.organisation())
    }

    /// Shows the receipt of what was done.
    async fn done(
        &self,
        taken: std::result::Result<Outcome, EvidenceError<Failure>>,
        format: Format,
    ) -> Result<ExitCode> {
        let outcome = taken.map_err(failure)?;
        let id = outcome.transaction.to_string();
        let view = self.remote.client.transaction(&self.ledger, &id).await;
        let view = view.map_err(client_failure)?;
        print_receipt(&view.receipt, format)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The folder with the keys of whoever asks.
pub(super) fn folder_of(acting: &Acting) -> ConsortiumFolder {
    ConsortiumFolder::new(&acting.target.place.dir)
}

/// An organisation's originals.
pub(super) fn store(dir: &Path, organisation: &OrganisationId) -> Result<Store> {
    let opened = Store::open(dir, organisation);
    opened.map_err(|error| {
        let during = format!("cannot open what {organisation} keeps");
        store_failure(&error).during(during)
    })
}

pub(super) fn store_failure(error: &StoreError) -> Failure {
    let failure = Failure::of(error.code(), error);
    match error {
        StoreError::Identity(_) => failure.next(
            "--dir DIR names the folder that holds the organisation's keys and their passphrase",
        ),
        StoreError::Damaged { .. } | StoreError::Age { .. } | StoreError::OtherFile { .. } => {
            failure.next("put the file back from a copy of the folder")
        }
        _ => failure,
    }
}

/// A refusal with what can be done about it.
pub(super) fn failure(error: EvidenceError<Failure>) -> Failure {
    let (code, next) = match error {
        EvidenceError::Submitter(failure) => return failure,
        EvidenceError::Store(error) => return store_failure(&error),
        ref error => {
            let code = error.code().unwrap_or("evidence.stopped").to_owned();
            let next = match &code[..] {
                "evidence.unknown_matter" => "blockworm evidence list",
                "evidence.not_a_party" => {
                    "a matter's parties are named when it is opened: blockworm evidence open --party"
                }
                "evidence.on_hold" => "a court lifts the order: blockworm evidence release",
                "evidence.dispute_open" => "a court decides it: blockworm evidence decide",
                "evidence.closed" | "evidence.full" | "evidence.matter_exists" => {
                    "blockworm evidence deposit with another matter's id"
                }
                "evidence.unknown_entry"
                | "evidence.unknown_attestation"
                | "evidence.no_dispute" => "blockworm evidence show MATTER",
                "caller.missing_role" => "blockworm org list shows who holds which role",
                _ => "",
            };
            (code, next)
        }
    };
    let failure = Failure::of(code, &error);
    match next {
        "" => failure,
        next => failure.next(next),
    }
}

/// A paper that an act rests on.
fn paper(path: &Path) -> Result<Paper> {
    let paper = Paper {
        name: capture::name(path),
        bytes: super::acting::read(path)?,
    };
    let checked = paper.check();
    checked.map_err(|error| Failure::of(error.code(), &error))?;
    Ok(paper)
}

async fn say(args: &EvidenceAttestArgs, format: Format) -> Result<ExitCode> {
    let findings = args.findings.as_deref().map(paper).transpose()?;
    let folder = folder_of(&args.acting);
    let mut desk = Desk::open(&args.acting, &folder).await?;
    let store = desk.store()?;
    let (who, said) = (
        &args.acting.member,
        (&args.matter[..], args.entry, &args.statement[..]),
    );
    let mut way = desk.way();
    let taken = attest(&mut way, &store, who, said, findings.as_ref(), now_ms()).await;
    desk.done(taken, format).await
}

/// An act that rests on a paper, whose digest is in the message.
async fn on_paper(
    acting: &Acting,
    matter: &str,
    path: &Path,
    message: impl FnOnce(String) -> ExecuteMsg,
    format: Format,
) -> Result<ExitCode> {
    let paper = paper(path)?;
    let folder = folder_of(acting);
    let mut desk = Desk::open(acting, &folder).await?;
    let store = desk.store()?;
    let message = message(paper.digest());
    let mut way = desk.way();
    let what = (matter, &message);
    let taken = cite(&mut way, &store, &acting.member, what, &paper, now_ms()).await;
    desk.done(taken, format).await
}

async fn dispute(args: &EvidenceDisputeArgs, format: Format) -> Result<ExitCode> {
    let message = |document| ExecuteMsg::Dispute {
        matter: args.matter.clone(),
        entry: args.entry,
        document,
    };
    on_paper(&args.acting, &args.matter, &args.document, message, format).await
}

async fn decide(args: &EvidenceDecideArgs, format: Format) -> Result<ExitCode> {
    let message = |document| ExecuteMsg::Decide {
        matter: args.matter.clone(),
        dispute: args.dispute,
        outcome: args.outcome.clone(),
        document,
    };
    on_paper(&args.acting, &args.matter, &args.document, message, format).await
}

async fn order(args: &EvidenceOrderArgs, keeps: bool, format: Format) -> Result<ExitCode> {
    let message = |document| {
        let matter = args.matter.clone();
        match keeps {
            true => ExecuteMsg::Hold { matter, document },
            false => ExecuteMsg::Release { matter, document },
        }
    };
    on_paper(&args.acting, &args.matter, &args.document, message, format).await
}

async fn destroy(args: &EvidenceEraseArgs, format: Format) -> Result<ExitCode> {
    let folder = folder_of(&args.acting);
    let mut desk = Desk::open(&args.acting, &folder).await?;
    let store = desk.store()?;
    let who = &args.acting.member;
    let mut way = desk.way();
    match erase(&mut way, &store, who, &args.matter, args.entry).await {
        Ok(None) => {
            let text = "the ledger had it already; the original here is destroyed now";
            format.print(&serde_json::json!({ "erased": args.entry }), text)?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Some(outcome)) => desk.done(Ok(outcome), format).await,
        Err(error) => Err(failure(error)),
    }
}
