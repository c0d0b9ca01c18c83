//! The way of a deposit: kept here first, then submitted, then written down where the ledger has it.

use super::{
    import::Captured,
    kept::{Kept, Part},
    steps::{Evidence, EvidenceError, OK, Way, attribute, refused},
    store::{Store, StoreError},
};
use crate::receivable::{Outcome, Submitter};
use blockworm_evidence::{Deposit, msg::MAX_DEPOSITS, state::Entry};
use blockworm_ledger::MemberId;
use cosmwasm_std::Uint64;
use serde::Serialize;

/// The contract's code where an entry of the matter has the commitment already.
const ALREADY: &str = "evidence.already_deposited";

/// An entry that was just made, or was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Its number.
    pub number: u32,
    /// The file's name.
    pub name: String,
    /// What stands on the ledger.
    pub commitment: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub size: u64,
    /// An earlier entry of the matter with the same file.
    pub duplicate_of: Option<u32>,
    /// Whether an earlier command had kept it and never learnt what became of it.
    pub resumed: bool,
}

/// What a deposit came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deposited {
    /// The matter.
    pub matter: String,
    /// The entries, in the order of the files.
    pub entries: Vec<Made>,
    /// The transaction that made them; `None` where all were there before.
    pub transaction: Option<String>,
    /// Its block.
    pub height: Option<u64>,
}

/// Asks the ledger about every leftover of a matter and writes down where it has them; all of them, those
/// that the ledger does not have without a number.
///
/// # Errors
/// [`EvidenceError`].
pub async fn settle<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    matter: &str,
) -> Result<Vec<Kept>, EvidenceError<S::Error>> {
    let mut leftovers = store.leftovers(way.ledger, matter)?;
    for kept in &mut leftovers {
        let commitment = kept.commitment.to_string();
        let question = way.evidence.commitment_query(matter, &commitment);
        if let Some(entry) = way.query::<Option<Entry>>(question).await? {
            store.settle(kept, entry.number, &entry.transaction)?;
        }
    }
    Ok(leftovers)
}

/// Deposits files of one matter: each is kept before anything is submitted. A file that an earlier
/// command kept and never learnt the end of goes on under the commitment that it had then, or has arrived
/// under it, so that going on never puts it there twice.
///
/// # Errors
/// [`EvidenceError`]; after [`EvidenceError::Refused`] nothing of this call is kept, after
/// [`EvidenceError::Submitter`] all of it.
pub async fn deposit<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    files: Vec<Captured>,
    now_ms: u64,
) -> Result<Deposited, EvidenceError<S::Error>> {
    let count = files.len();
    let matter = files.first().map(|file| file.terms.matter.clone());
    let matter = matter
        .filter(|_| count <= MAX_DEPOSITS)
        .ok_or(EvidenceError::TooMany { count })?;
    let _alone = store.lock(way.ledger, &matter)?;
    store.tidy(way.ledger, &matter)?;
    let mut leftovers = settle(way, store, &matter).await?;
    let known = store.matter(way.ledger, &matter)?;
    let mut plans: Vec<Plan> = Vec::new();
    for file in files {
        let plan = Plan::of(way.ledger, store, file, &known, &mut leftovers, now_ms);
        match plan {
            Ok(plan) => plans.push(plan),
            Err(error) => {
                forget(store, &plans)?;
                return Err(error.into());
            }
        }
    }
    submit(way, store, who, matter, plans).await
}

/// A file that is kept and not deposited yet.
struct Plan {
    kept: Kept,
    deposit: Deposit,
    duplicate_of: Option<u32>,
    resumed: bool,
}

impl Plan {
    fn of(
        ledger: &str,
        store: &Store,
        file: Captured,
        known: &[Kept],
        leftovers: &mut Vec<Kept>,
        now_ms: u64,
    ) -> Result<Self, StoreError> {
        let digest = file.original.file_digest;
        let same = |kept: &&Kept| kept.part == Part::Original && kept.sha256 == digest;
        let before = known.iter().filter(same);
        let duplicate_of = |but: Option<u32>| {
            let numbers = before.filter_map(|kept| kept.number);
            numbers.filter(|number| Some(*number) != but).max()
        };
        let deposit = file.deposit();
        // What it was to be then, too: another phase is another deposit.
        let place = leftovers.iter().position(|kept| {
            let capture = kept.capture.as_ref();
            let fits = capture.is_some_and(|capture| {
                capture.phase == deposit.phase && capture.kind == deposit.kind
            });
            kept.sha256 == digest && fits && kept.by == file.terms.by.as_str()
        });
        if let Some(kept) = place.map(|place| leftovers.remove(place)) {
            let deposit = again(&kept).unwrap_or(deposit);
            return Ok(Self {
                duplicate_of: duplicate_of(kept.number),
                kept,
                deposit,
                resumed: true,
            });
        }
        Ok(Self {
            duplicate_of: duplicate_of(None),
            kept: store.keep(ledger, &file, now_ms)?,
            deposit,
            resumed: false,
        })
    }

    fn made(&self) -> Made {
        Made {
            number: self.kept.number.unwrap_or_default(),
            name: self.kept.name.clone(),
            commitment: self.kept.commitment.to_string(),
            sha256: self.kept.sha256.to_string(),
            size: self.kept.size,
            duplicate_of: self.duplicate_of,
            resumed: self.resumed,
        }
    }
}

/// The deposit of what was kept before.
fn again(kept: &Kept) -> Option<Deposit> {
    let capture = kept.capture.as_ref()?;
    Some(Deposit {
        matter: kept.matter.clone(),
        phase: capture.phase.clone(),
        kind: capture.kind.clone(),
        method: capture.method.clone(),
        commitment: kept.commitment.to_string(),
        size: Uint64::new(kept.size),
        capture: capture.commitment.to_string(),
        captured_ms: Uint64::new(capture.captured_ms),
    })
}

fn forget(store: &Store, plans: &[Plan]) -> Result<(), StoreError> {
    let mut new = plans.iter().filter(|plan| !plan.resumed);
    new.try_for_each(|plan| store.forget(&plan.kept))
}

async fn submit<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    matter: String,
    mut plans: Vec<Plan>,
) -> Result<Deposited, EvidenceError<S::Error>> {
    let (mut transaction, mut height) = (None, None);
    // A second time, where an earlier command's transaction arrived meanwhile.
    for attempt in 0..2 {
        let open = plans.iter().filter(|plan| plan.kept.number.is_none());
        let deposits: Vec<Deposit> = open.map(|plan| plan.deposit.clone()).collect();
        if deposits.is_empty() {
            break;
        }
        let request = way.evidence.deposit(who, deposits);
        let outcome = way.submit(request).await?;
        if outcome.code == OK {
            let id = outcome.transaction.to_string();
            for plan in plans.iter_mut().filter(|plan| plan.kept.number.is_none()) {
                let number = numbered(way.evidence, &outcome, &plan.deposit.commitment);
                let number = number.ok_or_else(|| {
                    let what = format!("transaction {id} does not tell of a deposit");
                    EvidenceError::Strange(what)
                })?;
                store.settle(&mut plan.kept, number, &id)?;
            }
            (transaction, height) = (Some(id), Some(outcome.height));
            break;
        }
        if outcome.code == ALREADY && attempt == 0 {
            settle(way, store, &matter).await?;
            for plan in &mut plans {
                let commitment = &plan.deposit.commitment;
                let now = store.find_commitment(way.ledger, &matter, commitment)?;
                plan.kept = now.unwrap_or_else(|| plan.kept.clone());
            }
            continue;
        }
        // Whatever the ledger has keeps its opening.
        if outcome.code != ALREADY {
            forget(store, &plans)?;
        }
        return Err(refused(outcome));
    }
    Ok(Deposited {
        matter,
        entries: plans.iter().map(Plan::made).collect(),
        transaction,
        height,
    })
}

/// The number that the contract gave a commitment.
fn numbered(evidence: &Evidence, outcome: &Outcome, commitment: &str) -> Option<u32> {
    let mut told = evidence.told(outcome, "deposited");
    let event = told.find(|event| attribute(event, "commitment") == Some(commitment));
    attribute(event?, "entry")?.parse().ok()
}
