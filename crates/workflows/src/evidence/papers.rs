//! Acts that rest on a paper, kept like originals: a notary's findings, orders, decisions, reasons; and the end of an original.

use super::{
    import::{CaptureError, check_name},
    kept::{Kept, Part},
    steps::{EvidenceError, Way, attribute},
    store::Store,
};
use crate::{
    commitment::Opening,
    receivable::{Outcome, Submitter},
};
use blockworm_crypto::sha256;
use blockworm_evidence::ExecuteMsg;
use blockworm_ledger::MemberId;

/// The contract's code where the original was destroyed before.
const ALREADY_ERASED: &str = "evidence.already_erased";

/// A paper that an act rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Its name without folders.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Paper {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn check(&self) -> Result<(), CaptureError> {
        check_name(&self.name)?;
        if self.bytes.is_empty() {
            let name = self.name.clone();
            return Err(CaptureError::Empty { name });
        }
        Ok(())
    }

    /// What the ledger holds of it where it is cited plainly.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(&[&self.bytes]).to_string()
    }
}

/// A notary or a court says of an entry what it found; its findings are kept first and committed to.
///
/// # Errors
/// [`EvidenceError`].
pub async fn attest<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    (matter, entry, statement): (&str, u32, &str),
    findings: Option<&Paper>,
    now_ms: u64,
) -> Result<Outcome, EvidenceError<S::Error>> {
    let kept = match findings {
        None => None,
        Some(paper) => {
            let opening = Opening::of(&paper.bytes).map_err(EvidenceError::NoRandomness)?;
            let (place, file) = (
                (way.ledger, matter),
                (paper.name.as_str(), &paper.bytes[..]),
            );
            Some(store.keep_paper(place, file, Some(&opening), who.as_str(), now_ms)?)
        }
    };
    let message = ExecuteMsg::Attest {
        matter: matter.to_owned(),
        entry,
        statement: statement.to_owned(),
        findings: kept.as_ref().map(|kept| kept.commitment.to_string()),
    };
    take(way, store, who, &message, kept).await
}

/// An act that cites a paper by its digest, which stands in the message; the paper is kept first.
///
/// # Errors
/// [`EvidenceError`].
pub async fn cite<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    (matter, message): (&str, &ExecuteMsg),
    paper: &Paper,
    now_ms: u64,
) -> Result<Outcome, EvidenceError<S::Error>> {
    let (place, file) = (
        (way.ledger, matter),
        (paper.name.as_str(), &paper.bytes[..]),
    );
    let kept = store.keep_paper(place, file, None, who.as_str(), now_ms)?;
    take(way, store, who, message, Some(kept)).await
}

async fn take<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    message: &ExecuteMsg,
    kept: Option<Kept>,
) -> Result<Outcome, EvidenceError<S::Error>> {
    let request = way.evidence.ask(who, message);
    let taken = way.take(request).await;
    let Some(mut kept) = kept else { return taken };
    match &taken {
        Ok(outcome) => {
            let name = match kept.part {
                Part::Findings => "attestation",
                Part::Original | Part::Document => "act",
            };
            let own = outcome.events.iter();
            let own = own.filter(|event| event.contract == way.evidence.contract);
            let number = own.filter_map(|event| attribute(event, name)).next();
            if let Some(number) = number.and_then(|text| text.parse().ok()) {
                store.settle(&mut kept, number, &outcome.transaction.to_string())?;
            }
        }
        // A paper that an earlier act cites stays.
        Err(EvidenceError::Refused { .. }) if kept.number.is_none() => store.forget(&kept)?,
        Err(_) => {}
    }
    taken
}

/// Says on the ledger that an original is destroyed, and then destroys it: what the ledger refuses is
/// not done. Where the ledger has it already, what was left undone here is done.
///
/// # Errors
/// [`EvidenceError`].
pub async fn erase<S: Submitter + Send>(
    way: &mut Way<'_, S>,
    store: &Store,
    who: &MemberId,
    matter: &str,
    entry: u32,
) -> Result<Option<Outcome>, EvidenceError<S::Error>> {
    super::settle(way, store, matter).await?;
    let message = ExecuteMsg::Erase {
        matter: matter.to_owned(),
        entry,
    };
    let found = store.find(way.ledger, matter, entry)?;
    let request = way.evidence.ask(who, &message);
    let taken = match way.take(request).await {
        Ok(outcome) => Some(outcome),
        Err(EvidenceError::Refused { code, .. })
            if code == ALREADY_ERASED && found.as_ref().is_some_and(|kept| !kept.erased) =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    if let Some(mut kept) = found {
        store.erase(&mut kept)?;
    }
    Ok(taken)
}
