//! The messages about evidence, the questions, and how both are taken to a ledger.

use super::store::StoreError;
use crate::receivable::{
    Outcome, Request, Submitter,
    steps::{On, StepError, json, request},
};
use blockworm_evidence::{
    Deposit, ExecuteMsg, QueryMsg,
    msg::{MAX_DEPOSITS, MAX_PAGE},
    state::{Act, Attestation, Entry, Matter, Relation, RelationKind},
};
use blockworm_ledger::{ContractName, Event, MemberId};
use cosmwasm_std::Uint64;
use serde::{Serialize, de::DeserializeOwned};

/// The receipt's code of a transaction that did what it asked.
pub(super) const OK: &str = "ok";

/// The evidence contract, by its name on the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// `evidence@1`.
    pub contract: ContractName,
}

impl Default for Evidence {
    /// As a local consortium names it: `evidence`.
    fn default() -> Self {
        Self {
            contract: "evidence"
                .parse()
                .expect("invariant: a constant slug is well formed"),
        }
    }
}

/// Why a step was not taken; `E` is the submitter's.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError<E> {
    /// The store did not do its part; nothing was submitted after that.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message could not be written.
    #[error(transparent)]
    Step(#[from] StepError),
    /// No receipt could be had. What was kept stays kept: the ledger may have it.
    #[error(
        "no receipt could be had; what was to be deposited is kept, and the same command goes on"
    )]
    Submitter(E),
    /// The contract refused.
    #[error("{message} (block {height})")]
    Refused {
        /// Its stable code.
        code: String,
        /// Its sentence.
        message: String,
        /// The transaction, 64 hex digits.
        transaction: String,
        /// The block that holds it.
        height: u64,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    NoRandomness(String),
    /// Too many files for one command.
    #[error("one command deposits at most {most} files, not {count}", most = MAX_DEPOSITS)]
    TooMany {
        /// How many there were.
        count: usize,
    },
    /// An answer that this program does not understand.
    #[error("the ledger answered strangely: {0}")]
    Strange(String),
}

impl<E> EvidenceError<E> {
    /// The stable code; `None` where the submitter has its own.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Store(error) => Some(error.code()),
            Self::Step(error) => Some(error.code()),
            Self::Submitter(_) => None,
            Self::Refused { code, .. } => Some(code),
            Self::NoRandomness(_) => Some("system.random"),
            Self::TooMany { .. } => Some("evidence.bad_count"),
            Self::Strange(_) => Some("node.unexpected"),
        }
    }
}

impl Evidence {
    /// Any message to the contract.
    ///
    /// # Errors
    /// [`StepError::Json`], as of every function here.
    pub fn ask(&self, who: &MemberId, message: &ExecuteMsg) -> Result<Request, StepError> {
        request(On::Trade, who, &self.contract, message)
    }

    /// Opens a matter for several parties.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn open(
        &self,
        who: &MemberId,
        matter: &str,
        parties: &[String],
    ) -> Result<Request, StepError> {
        let (matter, parties) = (matter.to_owned(), parties.to_vec());
        self.ask(who, &ExecuteMsg::Open { matter, parties })
    }

    /// Deposits, all or none.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn deposit(&self, who: &MemberId, deposits: Vec<Deposit>) -> Result<Request, StepError> {
        self.ask(who, &ExecuteMsg::Deposit { deposits })
    }

    /// What an organisation says that it is to another.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn declare(
        &self,
        who: &MemberId,
        to: &str,
        relation: RelationKind,
    ) -> Result<Request, StepError> {
        let to = to.to_owned();
        self.ask(who, &ExecuteMsg::Declare { to, relation })
    }

    /// Lengthens how long originals are kept.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn retain(
        &self,
        who: &MemberId,
        matter: &str,
        until_ms: u64,
    ) -> Result<Request, StepError> {
        let (matter, until_ms) = (matter.to_owned(), Uint64::new(until_ms));
        self.ask(who, &ExecuteMsg::Retain { matter, until_ms })
    }

    /// What the contract told of one type.
    pub fn told<'a>(
        &'a self,
        outcome: &'a Outcome,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Event> {
        let own = move |event: &&Event| event.contract == self.contract && event.kind == kind;
        outcome.events.iter().filter(own)
    }

    /// The question for a matter.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn matter_query(&self, matter: &str) -> Result<Vec<u8>, StepError> {
        let matter = matter.to_owned();
        json(&QueryMsg::Matter { matter })
    }

    /// The question which entry of a matter has a commitment.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn commitment_query(&self, matter: &str, commitment: &str) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::ByCommitment {
            matter: matter.to_owned(),
            commitment: commitment.to_owned(),
        })
    }
}

/// What a refusal says.
pub(super) fn refused<E>(outcome: Outcome) -> EvidenceError<E> {
    EvidenceError::Refused {
        code: outcome.code,
        message: outcome.message,
        transaction: outcome.transaction.to_string(),
        height: outcome.height,
    }
}

/// The first attribute of this name.
#[must_use]
pub fn attribute<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    let mut named = event.attributes.iter().filter(|(key, _)| key == name);
    named.next().map(|(_, value)| value.as_str())
}

/// A matter with all that stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The matter.
    pub matter: Matter,
    /// All entries by number.
    pub entries: Vec<Entry>,
    /// All attestations by number.
    pub attestations: Vec<Attestation>,
    /// All other acts by number.
    pub acts: Vec<Act>,
}

/// Whom to ask.
pub struct Way<'a, S> {
    /// Signs, submits and asks.
    pub submitter: &'a mut S,
    /// The contract.
    pub evidence: &'a Evidence,
    /// The ledger's id.
    pub ledger: &'a str,
}

impl<S: Submitter + Send> Way<'_, S> {
    /// Submits; a refusal is an error.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub async fn take(
        &mut self,
        request: Result<Request, StepError>,
    ) -> Result<Outcome, EvidenceError<S::Error>> {
        let outcome = self.submit(request).await?;
        if outcome.code == OK {
            return Ok(outcome);
        }
        Err(refused(outcome))
    }

    pub(super) async fn submit(
        &mut self,
        request: Result<Request, StepError>,
    ) -> Result<Outcome, EvidenceError<S::Error>> {
        let submitted = self.submitter.submit(&request?).await;
        submitted.map_err(EvidenceError::Submitter)
    }

    pub(super) async fn query<A: DeserializeOwned>(
        &mut self,
        question: Result<Vec<u8>, StepError>,
    ) -> Result<A, EvidenceError<S::Error>> {
        let contract = &self.evidence.contract;
        let asked = self.submitter.query(On::Trade, contract, &question?).await;
        let answer = asked.map_err(EvidenceError::Submitter)?.unwrap_or_default();
        serde_json::from_value(answer).map_err(|error| EvidenceError::Strange(error.to_string()))
    }

    /// A matter, if there is one.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub async fn matter(
        &mut self,
        matter: &str,
    ) -> Result<Option<Matter>, EvidenceError<S::Error>> {
        self.query(self.evidence.matter_query(matter)).await
    }

    /// A page of matters after one.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub async fn matters(
        &mut self,
        start_after: Option<String>,
    ) -> Result<Vec<Matter>, EvidenceError<S::Error>> {
        let limit = Some(MAX_PAGE);
        self.query(json(&QueryMsg::Matters { start_after, limit }))
            .await
    }

    /// What organisations say of their relations, all of it.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub async fn relations(&mut self) -> Result<Vec<Relation>, EvidenceError<S::Error>> {
        let mut all: Vec<Relation> = Vec::new();
        loop {
            let last = all.last();
            let start_after = last.map(|said| (said.organisation.clone(), said.to.clone()));
            let question = QueryMsg::Relations {
                organisation: None,
                start_after,
                limit: None,
            };
            let page: Vec<Relation> = self.query(json(&question)).await?;
            let whole = page.len() < MAX_PAGE as usize;
            all.extend(page);
            if whole {
                return Ok(all);
            }
        }
    }

    /// All of a matter; `None` where there is no such.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub async fn story(&mut self, id: &str) -> Result<Option<Story>, EvidenceError<S::Error>> {
        let Some(matter) = self.matter(id).await? else {
            return Ok(None);
        };
        let page = |from: u32, rows: fn(String, Option<u32>) -> QueryMsg| {
            json(&rows(id.to_owned(), Some(from)))
        };
        let (mut entries, mut attestations, mut acts) = (Vec::new(), Vec::new(), Vec::new());
        while entries.len() < matter.entries as usize {
            let question = page(entries.len() as u32 + 1, |matter, from| QueryMsg::Entries {
                matter,
                from,
                limit: None,
            });
            extend(&mut entries, self.query(question).await?)?;
        }
        while attestations.len() < matter.attestations as usize {
            let from = attestations.len() as u32 + 1;
            let question = page(from, |matter, from| QueryMsg::Attestations {
                matter,
                from,
                limit: None,
            });
            extend(&mut attestations, self.query(question).await?)?;
        }
        while acts.len() < matter.acts as usize {
            let question = page(acts.len() as u32 + 1, |matter, from| QueryMsg::Acts {
                matter,
                from,
                limit: None,
            });
            extend(&mut acts, self.query(question).await?)?;
        }
        Ok(Some(Story {
            matter,
            entries,
            attestations,
            acts,
        }))
    }
}

fn extend<T, E>(all: &mut Vec<T>, page: Vec<T>) -> Result<(), EvidenceError<E>> {
    if page.is_empty() {
        let what = "a matter counts more than it shows".to_owned();
        return Err(EvidenceError::Strange(what));
    }
    all.extend(page);
    Ok(())
}
