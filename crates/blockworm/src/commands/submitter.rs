//! Signs for members of the folder, submits to the nodes of two ledgers and fetches their proofs.

use super::fingerprints::Way;
use crate::{
    cli::Credentials,
    failure::{Failure, Result},
    remote::{Remote, check_ok, client_failure},
    signer::Signer,
};
use blockworm_api::{ClientError, model::ReceiptView};
use blockworm_ledger::{
    ContractName, Event, ForeignState, MemberId, StateAnswerProof, TransactionId,
};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    fingerprint::{Document, Fingerprinted},
    receivable::{On, Outcome, Request, Shown, Since, StoryError, Submitter},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How often a proof that cannot be made yet, or is too old, is asked for again.
const POLL: Duration = Duration::from_millis(100);

/// Signs for any member whose key lies in the folder and submits to one node of each ledger.
pub struct FolderSubmitter<'a> {
    folder: &'a ConsortiumFolder,
    remotes: BTreeMap<On, Remote>,
    wait: Duration,
    signers: BTreeMap<MemberId, Signer>,
    /// Shown instead of asking a node of that ledger.
    handed_over: BTreeMap<On, Shown>,
}

impl<'a> FolderSubmitter<'a> {
    /// No key is opened before it is needed.
    pub const fn new(folder: &'a ConsortiumFolder, wait: Duration) -> Self {
        Self {
            folder,
            remotes: BTreeMap::new(),
            wait,
            signers: BTreeMap::new(),
            handed_over: BTreeMap::new(),
        }
    }

    /// Reaches a ledger here.
    #[must_use]
    pub fn on(mut self, on: On, remote: &Remote) -> Self {
        self.remotes.insert(on, remote.clone());
        self
    }

    /// Signs with this key instead of looking for the member's in the folder.
    #[must_use]
    pub fn with(mut self, signer: Signer) -> Self {
        self.signers.insert(signer.member().clone(), signer);
        self
    }

    /// Takes this for whatever the ledger is asked to prove; the contract that is shown it judges.
    #[must_use]
    pub fn with_proof(mut self, on: On, shown: Shown) -> Self {
        self.handed_over.insert(on, shown);
        self
    }

    fn remote(&self, on: On) -> Result<&Remote> {
        self.remotes.get(&on).ok_or_else(|| {
            let what = match on {
                On::Trade => "this step needs a node of the trade's ledger",
                On::Registry => "this step needs a node of the registry's ledger",
            };
            Failure::new("ledger.not_found", what).next("--ledger, --node or --api")
        })
    }

    fn open(&mut self, member: &MemberId) -> Result<()> {
        if !self.signers.contains_key(member) {
            let signer = Signer::of_folder(self.folder, member)?;
            self.signers.insert(member.clone(), signer);
        }
        Ok(())
    }

    /// Signs, submits and waits for the receipt; the receipt may be a refusal.
    pub async fn receipt(&mut self, request: &Request) -> Result<ReceiptView> {
        self.open(&request.sender)?;
        let signer = &self.signers[&request.sender];
        let message = request.message.clone();
        self.remote(request.on)?
            .submit(signer, &request.contract, message, self.wait)
            .await
    }

    /// The same, where a refusal is a failure.
    pub async fn receipt_ok(&mut self, request: &Request) -> Result<ReceiptView> {
        let receipt = self.receipt(request).await?;
        check_ok(&receipt)?;
        Ok(receipt)
    }
}

impl Submitter for FolderSubmitter<'_> {
    type Error = Failure;

    async fn submit(&mut self, request: &Request) -> Result<Outcome> {
        let receipt = self.receipt(request).await?;
        Ok(Outcome {
            transaction: transaction_id(&receipt)?,
            height: receipt.height,
            events: events(&receipt),
            code: receipt.code,
            message: receipt.message,
        })
    }

    async fn query(
        &mut self,
        on: On,
        contract: &ContractName,
        message: &[u8],
    ) -> Result<Option<serde_json::Value>> {
        let message: serde_json::Value = serde_json::from_slice(message)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        let remote = self.remote(on)?;
        let ledger = remote.ledger_text();
        let asked = remote.client.query(&ledger, contract.as_str(), &message);
        match asked.await {
            Ok(answer) => Ok(Some(answer)),
            Err(ClientError::Problem(problem)) if is_absence(&problem.code) => Ok(None),
            Err(error) => Err(client_failure(error)),
        }
    }

    async fn prove(
        &mut self,
        on: On,
        contract: &ContractName,
        key: &[u8],
        since: Since,
    ) -> Result<Shown> {
        if let Some(shown) = self.handed_over.get(&on) {
            return Ok(shown.clone());
        }
        let remote = self.remote(on)?;
        let begun = Instant::now();
        loop {
            let answer = remote
                .client
                .state_proof(&remote.ledger_text(), contract.as_str(), key)
                .await;
            let left = self.wait.saturating_sub(begun.elapsed());
            match answer {
                Err(error) if error.code() == Some("proof.not_yet_provable") && !left.is_zero() => {
                }
                Err(error) => return Err(client_failure(error)),
                Ok(text) => {
                    let shown = read_proof(&text)?;
                    let time_ms = shown.state.header().map_or(0, |header| header.time_ms);
                    let missing = since.absent_ms.saturating_sub(time_ms);
                    let found = missing == 0 || shown.state.claim.value.is_some();
                    let good = found && shown.state.claim.height >= since.height;
                    // What cannot become good while we wait is shown as it is.
                    let hopeless = !found && u128::from(missing) > left.as_millis();
                    if good || hopeless || left.is_zero() {
                        return Ok(shown);
                    }
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn fingerprint(
        &mut self,
        bank: &MemberId,
        document: &Document,
    ) -> Result<Vec<Fingerprinted>> {
        self.open(bank)?;
        let way = Way {
            folder: self.folder,
            holders: &[],
            credentials: &Credentials::default(),
        };
        let registry = self.remote(On::Registry)?;
        way.registered(registry, &self.signers[bank], document)
            .await
    }
}

/// Reads a `blockworm-state` file with one claim.
pub fn read_proof(text: &str) -> Result<Shown> {
    let unusable = |what: String| Failure::new("proof.malformed", what);
    let answer = StateAnswerProof::from_json(text).map_err(|error| unusable(error.to_string()))?;
    let one = ForeignState::of(answer);
    let (state, handovers) =
        one.ok_or_else(|| unusable("the proof makes another number of claims than one".into()))?;
    Ok(Shown { state, handovers })
}

/// What a stopped sequence means for the user: a contract's refusal under its own code.
pub fn stopped(error: StoryError<Failure>) -> Failure {
    match error {
        StoryError::Submitter(failure) => failure,
        StoryError::Unexpected {
            name,
            code,
            message,
            transaction,
            height,
            ..
        } => Failure::new(code, format!("{name}: {message} (block {height})"))
            .next(format!("blockworm tx show {transaction}")),
        other => {
            let code = other.code().unwrap_or("step.stopped").to_owned();
            Failure::of(code, &other)
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

/// What happened, by a receipt.
pub fn events(receipt: &ReceiptView) -> Vec<Event> {
    receipt.events.iter().filter_map(event).collect()
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
