//! The story that shows what the ledgers are for: one invoice, one receivable, one financing, and every second one refused.

use super::import::{Claim, ImportError, Opening, Salt, import, sample_invoice};
use super::steps::{Contracts, IssueTerms, On, Request, StepError};
use crate::registry::{Registry, USUAL_RESERVATION_MS, fingerprint};
use blockworm_crypto::Digest;
use blockworm_ledger::{Amount, ContractName, Event, MemberId};
use serde::Serialize;
use std::future::Future;

/// The receipt's code of a transaction that did what it asked.
const OK: &str = "ok";
/// How often the shipped invoice's story can be told on one ledger, each time under another number.
const MOST_TELLINGS: u32 = 1_000;

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
        contract: &ContractName,
        message: &[u8],
    ) -> impl Future<Output = Result<Option<serde_json::Value>, Self::Error>> + Send;
}

/// Who plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Who is owed: a member of an organisation with the role `supplier` or `platform`.
    pub supplier: MemberId,
    /// Who owes, and confirms.
    pub buyer: MemberId,
    /// A bank's maker: issues money and finances.
    pub financier: MemberId,
    /// A bank's member who finances the same receivable again, and is refused.
    pub second_financier: MemberId,
    /// A maker of another bank, who sees the registry alone, is offered the same invoice and is
    /// refused.
    pub rival: MemberId,
}

/// One transaction of the story, for printing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// A short name: `issue`, `confirm`, `reserve`, `money`, `finance`, `register`, `finance_again`,
    /// `reserve_again`.
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

/// The whole story, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The receivable's id.
    pub receivable: String,
    /// The imported invoice and what the ledger holds of it.
    pub claim: Claim,
    /// What opens the commitment to the invoice's file.
    pub opening: Opening,
    /// The transactions, in order.
    pub steps: Vec<Step>,
}

impl Story {
    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

/// Why a story stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoryError<E> {
    /// The invoice is no claim.
    #[error("{0}")]
    Import(#[from] ImportError),
    /// A message could not be written.
    #[error("{0}")]
    Step(#[from] StepError),
    /// No salt from the operating system.
    #[error("the operating system gave no random bytes: {0}")]
    NoRandomness(String),
    /// The ledger could not be reached or answered strangely.
    #[error("{0}")]
    Submitter(E),
    /// A receipt other than the story's.
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
            Self::Step(error) => Some(error.code()),
            Self::NoRandomness(_) => Some("system.no_randomness"),
            Self::Submitter(_) => None,
            Self::Unexpected { .. } => Some("story.unexpected"),
            Self::ToldTooOften => Some("story.told_too_often"),
        }
    }
}

/// Plays the story on the shipped invoice; on a ledger that knows it already, on a copy with the next
/// free number. `tell` hears every step as soon as it is final.
pub async fn play_sample<S: Submitter>(
    submitter: &mut S,
    contracts: &Contracts,
    cast: &Cast,
    tell: impl FnMut(&Step),
) -> Result<Story, StoryError<S::Error>> {
    for copy in 0..MOST_TELLINGS {
        let file = sample_invoice(copy);
        let question = contracts.invoice_query(&import(&file)?)?;
        let known = submitter
            .query(&contracts.receivable, &question)
            .await
            .map_err(StoryError::Submitter)?;
        if known.is_none_or(|answer| answer.is_null()) {
            return play(submitter, contracts, cast, &file, tell).await;
        }
    }
    Err(StoryError::ToldTooOften)
}

/// Plays the story on any invoice that the ledger does not know yet.
pub async fn play<S: Submitter>(
    submitter: &mut S,
    contracts: &Contracts,
    cast: &Cast,
    invoice: &[u8],
    tell: impl FnMut(&Step),
) -> Result<Story, StoryError<S::Error>> {
    let claim = import(invoice)?;
    let opening =
        claim.opening(Salt::random().map_err(|error| StoryError::NoRandomness(error.to_string()))?);
    let id = claim.receivable_id();
    let scenes = scenes(contracts, cast, &claim, &opening, &id)?;
    let mut stage = Stage {
        submitter,
        tell,
        steps: Vec::new(),
    };
    for scene in &scenes {
        stage.act(scene).await?;
    }
    let steps = stage.steps;
    Ok(Story {
        receivable: id,
        claim,
        opening,
        steps,
    })
}

/// A step before it is taken.
struct Scene {
    name: &'static str,
    request: Request,
    sentence: String,
    expected: &'static str,
}

impl Scene {
    const fn new(
        name: &'static str,
        request: Request,
        sentence: String,
        expected: &'static str,
    ) -> Self {
        Self {
            name,
            request,
            sentence,
            expected,
        }
    }
}

fn scenes(
    contracts: &Contracts,
    cast: &Cast,
    claim: &Claim,
    opening: &Opening,
    id: &str,
) -> Result<Vec<Scene>, StepError> {
    let (supplier, buyer) = (&cast.supplier, &cast.buyer);
    let (first, second) = (&cast.financier, &cast.second_financier);
    let (registry, fingerprint) = (Registry::default(), fingerprint(claim));
    let price = asking_price(&claim.amount);
    let terms = IssueTerms {
        id: id.to_owned(),
        buyer: buyer.clone(),
        price: Some(price),
    };
    let scene = |name, request, sentence| Scene::new(name, request, sentence, OK);
    let issues = format!(
        "issues receivable {id} over {} on invoice {}, due {}",
        claim.amount, claim.invoice.number, claim.due_date
    );
    Ok(vec![
        scene(
            "issue",
            contracts.issue(supplier, claim, &terms, Some(opening))?,
            issues,
        ),
        scene(
            "confirm",
            contracts.confirm(buyer, id)?,
            format!("confirms that {id} is owed"),
        ),
        on_registry(
            "reserve",
            registry.reserve(first, &fingerprint, USUAL_RESERVATION_MS)?,
            OK,
        ),
        scene(
            "money",
            contracts.issue_money(first, first, &price)?,
            format!("issues {price} to {first}"),
        ),
        scene(
            "money",
            contracts.issue_money(first, second, &price)?,
            format!("issues {price} to {second}"),
        ),
        scene(
            "finance",
            contracts.finance(first, id, &price)?,
            format!("finances {id} and pays {price} to {supplier}"),
        ),
        on_registry("register", registry.confirm(first, &fingerprint)?, OK),
        Scene::new(
            "finance_again",
            contracts.finance(second, id, &price)?,
            format!("offers {price} for {id} a second time"),
            "receivable.already_financed",
        ),
        on_registry(
            "reserve_again",
            registry.reserve(&cast.rival, &fingerprint, USUAL_RESERVATION_MS)?,
            "registry.already_financed",
        ),
    ])
}

/// A bank's step on the registry, which knows the invoice by its fingerprint alone.
fn on_registry(name: &'static str, request: Request, expected: &'static str) -> Scene {
    let sentence = match name {
        "reserve" => "reserves the invoice's fingerprint",
        "register" => "registers the invoice as financed",
        _ => "is offered the same invoice and tries to reserve it",
    };
    Scene::new(name, request, sentence.to_owned(), expected)
}

/// What the story's supplier asks for its claim: 1.5 % below the amount, rounded down to the minor unit.
fn asking_price(amount: &Amount) -> Amount {
    let discount = (amount.minor / 1_000).saturating_mul(15);
    Amount::new(
        amount.minor.saturating_sub(discount).max(1),
        amount.currency,
    )
}

struct Stage<'a, S, T> {
    submitter: &'a mut S,
    tell: T,
    steps: Vec<Step>,
}

impl<S: Submitter, T: FnMut(&Step)> Stage<'_, S, T> {
    /// Submits one request and keeps it as a step if its receipt is the expected one.
    async fn act(&mut self, scene: &Scene) -> Result<(), StoryError<S::Error>> {
        let submitted = self.submitter.submit(&scene.request).await;
        let outcome = submitted.map_err(StoryError::Submitter)?;
        let who = scene.request.sender.clone();
        if outcome.code != scene.expected {
            return Err(StoryError::Unexpected {
                name: scene.name,
                who,
                expected: scene.expected,
                code: outcome.code,
                message: outcome.message,
            });
        }
        let step = Step {
            name: scene.name,
            who,
            sentence: scene.sentence.clone(),
            transaction: outcome.transaction,
            on: scene.request.on,
            height: outcome.height,
            code: outcome.code,
            message: outcome.message,
        };
        (self.tell)(&step);
        self.steps.push(step);
        Ok(())
    }
}
