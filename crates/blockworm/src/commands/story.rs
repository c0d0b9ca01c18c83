//! `up --sample`: the story of one invoice, financed once, and the proof that it leaves.

use super::{proof, verify};
use crate::{
    failure::{Failure, Result},
    progress::Progress,
    remote::{Remote, check_ok, client_failure},
    signer::Signer,
};
use blockworm_api::{ClientError, model::ReceiptView};
use blockworm_ledger::{ContractName, Event, MemberId, Pin, TransactionId, VerificationReport};
use blockworm_service::{
    consortium::{BUYER, REGISTRY, RIVAL, SUPPLIER, TRADE},
    network::ConsortiumFolder,
};
use blockworm_workflows::receivable::{
    Cast, Contracts, On, Outcome, Request, Step, Story, StoryError, Submitter, story::play_sample,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt, time::Duration};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(30);

/// What the story leaves.
#[derive(Serialize)]
pub struct StoryReport {
    /// The receivable's id.
    pub receivable: String,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The financing's transaction.
    pub transaction: String,
    /// The refusal of the second financing by the same bank.
    pub second_financing: Refused,
    /// The refusal that another bank got, which sees nothing of the trade.
    pub rival_financing: Refused,
    /// Where the proof of the financing is.
    pub proof_file: String,
    /// What a stranger finds in it.
    pub verification: VerificationReport,
}

/// A refusal by a contract.
#[derive(Serialize)]
pub struct Refused {
    /// Its stable code.
    pub code: String,
    /// Its sentence.
    pub message: String,
}

impl Refused {
    fn of(step: &Step) -> Self {
        Self {
            code: step.code.clone(),
            message: step.message.clone(),
        }
    }
}

/// Signs for any member whose key lies in the folder and submits to one node.
pub struct FolderSubmitter<'a> {
    folder: &'a ConsortiumFolder,
    /// Where a request for neither ledger below goes.
    remote: &'a Remote,
    /// The registry, where requests go to both ledgers.
    registry: Option<&'a Remote>,
    wait: Duration,
    signers: BTreeMap<MemberId, Signer>,
}

impl<'a> FolderSubmitter<'a> {
    /// No key is opened before it is needed.
    pub const fn new(folder: &'a ConsortiumFolder, remote: &'a Remote, wait: Duration) -> Self {
        Self {
            folder,
            remote,
            registry: None,
            wait,
            signers: BTreeMap::new(),
        }
    }

    /// Sends what is for the registry there, and only the rest to the first ledger.
    #[must_use]
    pub const fn with_registry(mut self, registry: &'a Remote) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Signs with this key instead of looking for the member's in the folder.
    #[must_use]
    pub fn with(mut self, signer: Signer) -> Self {
        self.signers.insert(signer.member().clone(), signer);
        self
    }

    /// Signs, submits and waits for the receipt; the receipt may be a refusal.
    pub async fn receipt(&mut self, request: &Request) -> Result<ReceiptView> {
        if !self.signers.contains_key(&request.sender) {
            let signer = Signer::of_folder(self.folder, &request.sender)?;
            self.signers.insert(request.sender.clone(), signer);
        }
        let signer = &self.signers[&request.sender];
        let remote = match (request.on, self.registry) {
            (On::Registry, Some(registry)) => registry,
            _ => self.remote,
        };
        remote
            .submit(
                signer,
                &request.contract,
                request.message.clone(),
                self.wait,
            )
            .await
    }
}

impl Submitter for FolderSubmitter<'_> {
    type Error = Failure;

    async fn submit(&mut self, request: &Request) -> Result<Outcome> {
        let receipt = self.receipt(request).await?;
        Ok(Outcome {
            transaction: transaction_id(&receipt)?,
            height: receipt.height,
            events: receipt.events.iter().filter_map(event).collect(),
            code: receipt.code,
            message: receipt.message,
        })
    }

    async fn query(
        &mut self,
        contract: &ContractName,
        message: &[u8],
    ) -> Result<Option<serde_json::Value>> {
        let message: serde_json::Value = serde_json::from_slice(message)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        let ledger = self.remote.ledger_text();
        match self
            .remote
            .client
            .query(&ledger, contract.as_str(), &message)
            .await
        {
            Ok(answer) => Ok(Some(answer)),
            Err(ClientError::Problem(problem)) if is_absence(&problem.code) => Ok(None),
            Err(error) => Err(client_failure(error)),
        }
    }
}

/// Whether a contract refused a question because what is asked for is not there.
fn is_absence(code: &str) -> bool {
    code.starts_with("receivable.")
}

fn transaction_id(receipt: &ReceiptView) -> Result<TransactionId> {
    receipt.transaction.parse().map_err(|_| {
        Failure::new(
            "node.unexpected",
            format!("`{}` is no transaction's id", receipt.transaction),
        )
    })
}

fn event(view: &blockworm_api::model::EventView) -> Option<Event> {
    Some(Event {
        contract: view.contract.parse().ok()?,
        kind: view.kind.clone(),
        subject: view.subject.clone(),
        attributes: view
            .attributes
            .iter()
            .map(|a| (a.key.clone(), a.value.clone()))
            .collect(),
    })
}

/// Plays the story, exports the financing's proof and verifies it as a stranger would.
pub async fn play(
    folder: &ConsortiumFolder,
    [remote, registry]: [&Remote; 2],
    progress: &Progress,
) -> Result<StoryReport> {
    let mut submitter = FolderSubmitter::new(folder, remote, STEP).with_registry(registry);
    // The result tells the steps once more; on a terminal they need not stay twice.
    let tell = |step: &Step| progress.doing(line(step));
    let story = play_sample(&mut submitter, &Contracts::default(), &cast()?, tell)
        .await
        .map_err(story_failure)?;
    let financing = step(&story, "finance")?;
    let second = step(&story, "finance_again")?;
    let rival = step(&story, "reserve_again")?;
    progress.doing("waiting until the proof can be made");
    let text = remote.proof(&financing.transaction, STEP).await?;
    let path = folder.root().join("financing.proof.json");
    proof::write(&path, &text)?;
    let genesis = folder
        .genesis(TRADE)
        .map_err(|error| Failure::of("genesis.unusable", &error))?;
    let verification = verify::check(&text, Some(&Pin::genesis(&genesis)))?;
    if verification.outcome.exit_code() != 0 {
        let what = format!("the proof is {}", verification.outcome);
        return Err(Failure::new("proof.broken", what).next(format!(
            "blockworm verify {} and report this",
            path.display()
        )));
    }
    Ok(StoryReport {
        receivable: story.receivable.clone(),
        transaction: financing.transaction.to_string(),
        second_financing: Refused::of(second),
        rival_financing: Refused::of(rival),
        proof_file: path.display().to_string(),
        verification,
        steps: story.steps,
    })
}

fn cast() -> Result<Cast> {
    let member = |text: &str| {
        text.parse::<MemberId>()
            .map_err(|error| Failure::of("member.bad_name", &error))
    };
    Ok(Cast {
        supplier: member(&format!("platform/{SUPPLIER}"))?,
        buyer: member(&format!("platform/{BUYER}"))?,
        financier: member("bank/maker")?,
        second_financier: member("bank/maker-2")?,
        rival: member(&format!("{RIVAL}/maker"))?,
    })
}

fn step<'a>(story: &'a Story, name: &str) -> Result<&'a Step> {
    story.step(name).ok_or_else(|| {
        Failure::new(
            "story.unexpected",
            format!("the story ended without its step `{name}`"),
        )
    })
}

fn story_failure(error: StoryError<Failure>) -> Failure {
    let code = error.code().unwrap_or("story.stopped").to_owned();
    match error {
        StoryError::Submitter(failure) => failure.during("the sample's story"),
        other => Failure::of(code, &other).during("the sample's story"),
    }
}

fn line(step: &Step) -> String {
    let outcome = if step.code == "ok" {
        "ok".to_owned()
    } else {
        format!("refused, {}: {}", step.code, step.message)
    };
    let ledger = match step.on {
        On::Trade => TRADE,
        On::Registry => REGISTRY,
    };
    format!(
        "{ledger:<8} block {:>4}  {} {}: {outcome}",
        step.height, step.who, step.sentence
    )
}

impl fmt::Display for StoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{}", line(step))?;
        }
        writeln!(f, "\nproof of the financing: {}", self.proof_file)?;
        f.write_str(&verify::render(&self.verification))
    }
}

/// Submits one request; a refusal is a failure.
pub async fn submit_ok(
    submitter: &mut FolderSubmitter<'_>,
    request: &Request,
) -> Result<ReceiptView> {
    let receipt = submitter.receipt(request).await?;
    check_ok(&receipt)?;
    Ok(receipt)
}
