//! Taking steps on ledgers: who signs and submits, what came of it, and proofs carried from one ledger to the other.

use super::import::ImportError;
use super::steps::{On, Request, StepError, ledger_request};
use crate::fingerprint::{Document, FingerprintError, Fingerprinted};
use blockworm_crypto::Digest;
use blockworm_ledger::{ContractName, Currency, Event, ForeignState, Handover, MemberId};
use cosmwasm_std::Binary;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::future::Future;

/// The receipt's code of a transaction that did what it asked.
pub(crate) const OK: &str = "ok";
/// How often the shipped invoice's story can be told on one ledger, each time under another number and
/// of the same order, of which the registry counts so many open claims.
pub(crate) const MOST_TELLINGS: u32 = 64;
/// Most handovers that the contract `ledger` takes at once.
const MOST_HANDOVERS: usize = 16;

/// What came of a request: its receipt, final and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The transaction's id.
    pub transaction: Digest,
    /// The block that holds it.
    pub height: u64,
    /// `ok`, or the refusal's stable code.
    pub code: String,
    /// The refusal in a sentence; empty when `ok`.
    pub message: String,
    /// What happened.
    pub events: Vec<Event>,
}

/// Who signs requests and takes them to the ledger: the command line, a gateway, a test.
pub trait Submitter {
    /// Why no receipt could be had. A contract's refusal is a receipt, not an error.
    type Error;

    /// Signs as `request.sender`, submits and waits for the receipt.
    fn submit(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;

    /// Asks a contract; `Ok(None)` when it refuses because what is asked for is not there.
    fn query(
        &mut self,
        on: On,
        contract: &ContractName,
        message: &[u8],
    ) -> impl Future<Output = Result<Option<serde_json::Value>, Self::Error>> + Send;

    /// Proves what a contract's key holds, waiting until that can be proved of such a state, or for as
    /// long as this submitter waits; whether what was had is good enough decides the contract that is
    /// shown it.
    fn prove(
        &mut self,
        on: On,
        contract: &ContractName,
        key: &[u8],
        since: Since,
    ) -> impl Future<Output = Result<Shown, Self::Error>> + Send;

    /// What the registry's key holders make of a document, asked by a member of a bank, under each
    /// version that the registry requires now.
    fn fingerprint(
        &mut self,
        bank: &MemberId,
        document: &Document,
    ) -> impl Future<Output = Result<Vec<Fingerprinted>, Self::Error>> + Send;
}

/// Of which states a proof is good enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// After this block or a later one.
    pub height: u64,
    /// Of an absence: of a block of this time or a later one, milliseconds since 1970.
    pub absent_ms: u64,
}

/// What a ledger proves to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The claim with the headers that vouch for it, and what leads to their signers.
    pub state: ForeignState,
    /// From the genesis's validators to those who signed, oldest first.
    pub handovers: Vec<Handover>,
}

/// A step before it is taken.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) request: Request,
    pub(crate) sentence: String,
    pub(crate) expected: &'static str,
}

impl Scene {
    /// One that must succeed.
    pub(crate) fn new(name: &'static str, request: Request, sentence: impl Into<String>) -> Self {
        Self {
            name,
            request,
            sentence: sentence.into(),
            expected: OK,
        }
    }
}

/// One transaction on the way, for printing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// A short name: `issue`, `confirm`, `draft`, `propose`, `approve`, `activate`, `give`, `commit`,
    /// `reserve`, `finance`, `register`, `finance_again`, `commit_again`, `reserve_again`; `mint`,
    /// `release` and `advance` where they are needed.
    pub name: &'static str,
    /// Who signed.
    pub who: MemberId,
    /// What was asked, in a sentence.
    pub sentence: String,
    /// The transaction's id.
    pub transaction: Digest,
    /// On which ledger.
    pub on: On,
    /// The block that holds it.
    pub height: u64,
    /// The receipt's code.
    pub code: String,
    /// The receipt's sentence; empty when `ok`.
    pub message: String,
}

/// Why it stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoryError<E> {
    /// The invoice is no claim.
    #[error("{0}")]
    Import(#[from] ImportError),
    /// The invoice cannot be fingerprinted.
    #[error("{0}")]
    Fingerprint(#[from] FingerprintError),
    /// Nothing tells what to reserve.
    #[error("the registry knows documents by their fingerprints: the invoice itself is needed")]
    NoInvoice,
    /// A message could not be written.
    #[error("{0}")]
    Step(#[from] StepError),
    /// No salt from the operating system.
    #[error("the operating system gave no random bytes: {0}")]
    NoRandomness(String),
    /// The ledger could not be reached or answered strangely.
    #[error("{0}")]
    Submitter(E),
    /// A receipt other than the expected one.
    #[error("{name}: {who} got `{code}` instead of `{expected}`: {message}")]
    Unexpected {
        /// Which step.
        name: &'static str,
        /// Who asked.
        who: MemberId,
        /// The code that the story expects.
        expected: &'static str,
        /// The receipt's code.
        code: String,
        /// The receipt's sentence.
        message: String,
        /// The transaction's id.
        transaction: Digest,
        /// The block that holds it.
        height: u64,
    },
    /// More than one part, and it was not said which.
    #[error("{0} has more than one part to choose from; name one")]
    WhichPart(String),
    /// An issue of settlement money that was not brought to its end.
    #[error(
        "the bank's settlement money {0} waits to be proposed, approved or activated, or to be sent back; `blockworm asset show {0}` tells, `asset propose|approve|reject|activate|cancel` ends it"
    )]
    MoneyWaits(String),
    /// Nobody has issued settlement money of this currency.
    #[error("there is no settlement money in {0} on this ledger")]
    NoMoney(Currency),
    /// There is nothing to finance.
    #[error("there is no receivable {0} on this ledger")]
    NotFound(String),
    /// A contract answered in another form than it should.
    #[error("the contract {contract} answers strangely: {reason}")]
    Strange {
        /// Which.
        contract: String,
        /// What could not be read.
        reason: String,
    },
    /// The shipped invoice has been told too often on this ledger.
    #[error("the sample's story has been told {MOST_TELLINGS} times on this ledger")]
    ToldTooOften,
}

impl<E> StoryError<E> {
    /// The stable code; `None` when the submitter's error has its own.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Import(error) => Some(error.code()),
            Self::Fingerprint(error) => Some(error.code()),
            Self::NoInvoice => Some("receivable.invoice_needed"),
            Self::Step(error) => Some(error.code()),
            Self::NoRandomness(_) => Some("system.no_randomness"),
            Self::Submitter(_) => None,
            Self::Unexpected { .. } => Some("story.unexpected"),
            Self::WhichPart(_) => Some("receivable.which_part"),
            Self::MoneyWaits(_) => Some("voucher.waiting"),
            Self::NoMoney(_) => Some("voucher.none"),
            Self::NotFound(_) => Some("receivable.not_found"),
            Self::Strange { .. } => Some("node.unexpected"),
            Self::ToldTooOften => Some("story.told_too_often"),
        }
    }
}

/// Where the proof of a key's value comes from, and who is to be shown it.
pub(crate) struct Crossing<'a> {
    /// The ledger that holds the key.
    pub(crate) from: On,
    /// The contract there.
    pub(crate) contract: &'a ContractName,
    /// Its key.
    pub(crate) key: &'a [u8],
    /// Of which states it is good enough.
    pub(crate) since: Since,
    /// The other ledger, and what it calls the first.
    pub(crate) to: On,
    /// What the other ledger calls it.
    pub(crate) known_as: &'a str,
    /// Who tells the other ledger of changed validators, where that is needed.
    pub(crate) who: &'a MemberId,
}

/// Steps under way.
pub(crate) struct Stage<'a, S, T> {
    pub(crate) submitter: &'a mut S,
    pub(crate) tell: T,
    pub(crate) steps: Vec<Step>,
}

impl<'a, S: Submitter, T: FnMut(&Step)> Stage<'a, S, T> {
    /// Nothing is done yet.
    pub(crate) const fn new(submitter: &'a mut S, tell: T) -> Self {
        Self {
            submitter,
            tell,
            steps: Vec::new(),
        }
    }

    /// Submits one request and keeps it as a step if its receipt is the expected one.
    pub(crate) async fn act(&mut self, scene: Scene) -> Result<Outcome, StoryError<S::Error>> {
        let submitted = self.submitter.submit(&scene.request).await;
        let outcome = submitted.map_err(StoryError::Submitter)?;
        let who = scene.request.sender;
        if outcome.code != scene.expected {
            return Err(StoryError::Unexpected {
                name: scene.name,
                who,
                expected: scene.expected,
                code: outcome.code,
                message: outcome.message,
                transaction: outcome.transaction,
                height: outcome.height,
            });
        }
        let step = Step {
            name: scene.name,
            who,
            sentence: scene.sentence,
            transaction: outcome.transaction,
            on: scene.request.on,
            height: outcome.height,
            code: outcome.code.clone(),
            message: outcome.message.clone(),
        };
        (self.tell)(&step);
        self.steps.push(step);
        Ok(outcome)
    }

    /// A contract's answer, or `None` where it has none.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &mut self,
        on: On,
        contract: &ContractName,
        question: &[u8],
    ) -> Result<Option<A>, StoryError<S::Error>> {
        let answer = self.submitter.query(on, contract, question).await;
        match answer.map_err(StoryError::Submitter)? {
            None | Some(Value::Null) => Ok(None),
            Some(answer) => serde_json::from_value(answer)
                .map(Some)
                .map_err(|error| strange(contract, &error)),
        }
    }

    /// The proof of a key's value, ready to be shown on the other ledger, which first learns of
    /// every change of validators up to those who signed it.
    pub(crate) async fn carry(
        &mut self,
        crossing: &Crossing<'_>,
    ) -> Result<ForeignState, StoryError<S::Error>> {
        let Crossing {
            from,
            contract,
            key,
            since,
            ..
        } = *crossing;
        let proving = self.submitter.prove(from, contract, key, since);
        let shown = proving.await.map_err(StoryError::Submitter)?;
        if !shown.handovers.is_empty() {
            self.advance(crossing, &shown.handovers).await?;
        }
        Ok(shown.state)
    }

    async fn advance(
        &mut self,
        crossing: &Crossing<'_>,
        handovers: &[Handover],
    ) -> Result<(), StoryError<S::Error>> {
        let Crossing {
            to, known_as, who, ..
        } = *crossing;
        let ledger = ledger_request(to, who, &Value::Null)?.contract;
        let question = json!({ "anchors": {} }).to_string();
        let anchors: Option<Value> = self.ask(to, &ledger, question.as_bytes()).await?;
        let since = anchors.and_then(|anchors| anchors[known_as]["since"].as_u64());
        let news: Vec<String> = handovers
            .iter()
            .filter(|handover| since.is_none_or(|since| handover.header.height >= since))
            .map(|handover| Binary::new(handover.encode()).to_base64())
            .collect();
        for some in news.chunks(MOST_HANDOVERS) {
            let message = json!({ "advance": { "name": known_as, "handovers": some } });
            let request = ledger_request(to, who, &message)?;
            let sentence = format!("shows who validates {known_as} now");
            self.act(Scene::new("advance", request, sentence)).await?;
        }
        Ok(())
    }
}

pub(crate) fn strange<E>(contract: &ContractName, reason: &impl ToString) -> StoryError<E> {
    StoryError::Strange {
        contract: contract.to_string(),
        reason: reason.to_string(),
    }
}
