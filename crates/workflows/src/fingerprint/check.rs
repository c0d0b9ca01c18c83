//! What a bank asks before it finances: does the registry know this document, and how much of it is taken.

use super::{
    Document, Finding, Fingerprinted, Verdict,
    asking::{self, AskError, Asker, Holders, Panel},
    forms::Form,
    keyed::KeySet,
    verdict,
};
use blockworm_crypto::oprf::{Element, KeyVersion};
pub use blockworm_kit::claims::WHOLE;
use blockworm_ledger::{LedgerId, OrganisationId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Most fingerprints of one question to the registry.
const MAX_FINGERPRINTS: usize = 128;

/// The way to the registry's contract.
pub trait Registry: Sync {
    /// Why no answer could be had.
    type Error;

    /// Asks the contract.
    fn query(&self, message: &Value) -> impl Future<Output = Result<Value, Self::Error>> + Send;
}

/// Where a fingerprint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No open claim counts it.
    Free,
    /// A bank keeps it for a while.
    Reserved,
    /// A bank has paid on it.
    Financed,
}

/// The registry's answer about one fingerprint. It never says whose claim it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Where it stands.
    pub standing: Standing,
    /// How much of the document is claimed, in parts of [`WHOLE`].
    #[serde(default)]
    pub taken: u32,
    /// Whether a claim bears it as a mark, which takes nothing and warns.
    #[serde(default)]
    pub marked: bool,
    /// Until when the last reservation lasts.
    #[serde(default)]
    pub reserved_until_ms: Option<u64>,
}

impl Known {
    /// Whether any claim bears the fingerprint.
    const fn is_borne(&self) -> bool {
        !matches!(self.standing, Standing::Free) || self.taken > 0 || self.marked
    }
}

/// A form of the document that the registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Which.
    pub form: Form,
    /// Under which version of the keys.
    pub version: KeyVersion,
    /// What of it.
    #[serde(flatten)]
    pub known: Known,
}

/// What is known of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What it means, and the forms that it rests on.
    #[serde(flatten)]
    pub finding: Finding,
    /// The most that is taken of the document, or of the trade that it belongs to, in parts of
    /// [`WHOLE`]. The registry requires every version under which its open claims add up, so the most
    /// under any of them is all of it.
    pub taken: u32,
    /// Each form that the registry knows.
    pub matches: Vec<Match>,
    /// Under which versions of the keys was asked.
    pub versions: Vec<KeyVersion>,
    /// How many fingerprints were asked for under each.
    pub asked: usize,
}

impl Checked {
    /// Whether nothing known stands in the way: free, or of a trade with something left.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        match self.finding.verdict {
            Verdict::Free => true,
            Verdict::Linked => self.taken < WHOLE,
            Verdict::Warning | Verdict::Duplicate => false,
        }
    }
}

/// Why a document could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError<E> {
    /// The registry gave no answer.
    #[error("the registry did not answer")]
    Registry(#[source] E),
    /// Its answer is none that this program knows.
    #[error("the registry's answer to `{question}` cannot be read: {reason}")]
    Unexpected {
        /// What was asked.
        question: &'static str,
        /// What is odd.
        reason: String,
    },
    /// The key holders gave no fingerprints.
    #[error(transparent)]
    Ask(#[from] AskError<E>),
}

impl<E> CheckError<E> {
    /// The stable code, unless the transport has a better one.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Registry(_) => "registry.no_answer",
            Self::Unexpected { .. } => "registry.unexpected",
            Self::Ask(error) => error.code(),
        }
    }
}

/// The registry's answer to `keys {}`.
#[derive(Deserialize)]
struct Keys {
    holders: [OrganisationId; 2],
    in_force: Vec<InForce>,
    required: Vec<KeyVersion>,
}

#[derive(Deserialize)]
struct InForce {
    version: KeyVersion,
    public_keys: [Element; 2],
}

/// Whose keys make the registry's fingerprints, and the versions that it requires now.
///
/// # Errors
/// [`CheckError::Registry`], [`CheckError::Unexpected`].
pub async fn panel<R: Registry>(
    registry: &R,
    ledger: LedgerId,
) -> Result<Panel, CheckError<R::Error>> {
    let keys: Keys = ask(registry, "keys", json!({ "keys": {} })).await?;
    let set = |version: &KeyVersion| {
        let mut in_force = keys.in_force.iter();
        let found = in_force.find(|one| one.version == *version);
        found.map(|one| KeySet {
            version: *version,
            holders: one.public_keys,
        })
    };
    let sets: Option<Vec<KeySet>> = keys.required.iter().map(set).collect();
    Ok(Panel {
        ledger,
        keys: sets.ok_or_else(|| CheckError::Unexpected {
            question: "keys",
            reason: "it requires a version that is not in force".to_owned(),
        })?,
        holders: keys.holders,
    })
}

/// Fingerprints the document through both key holders and asks the registry. `now_ms` is the asker's
/// clock.
///
/// # Errors
/// [`CheckError`].
pub async fn check<E, R, H>(
    document: &Document,
    ledger: LedgerId,
    registry: &R,
    asker: &impl Asker,
    holders: &H,
    now_ms: u64,
) -> Result<Checked, CheckError<E>>
where
    R: Registry<Error = E>,
    H: Holders<Error = E>,
{
    let panel = panel(registry, ledger).await?;
    let fingerprinted = asking::asked(document, &panel, asker, holders, now_ms).await?;
    let matches = matches(registry, &fingerprinted).await?;
    let finding = verdict(matches.iter().map(|one| one.form));
    let of_document = |form| {
        use Form::{Exact, Linked, Number, WithoutDate};
        matches!(form, Exact | Number | WithoutDate | Linked)
    };
    let taken = matches.iter().filter(|one| of_document(one.form));
    Ok(Checked {
        taken: taken.map(|one| one.known.taken).max().unwrap_or(0),
        versions: fingerprinted.iter().map(|one| one.version).collect(),
        asked: fingerprinted.first().map_or(0, |one| one.known.len()),
        finding,
        matches,
    })
}

/// What the registry knows of these fingerprints.
async fn matches<R: Registry>(
    registry: &R,
    fingerprinted: &[Fingerprinted],
) -> Result<Vec<Match>, CheckError<R::Error>> {
    let all: Vec<_> = fingerprinted
        .iter()
        .flat_map(|one| {
            one.known
                .iter()
                .map(|(form, print)| (one.version, *form, *print))
        })
        .collect();
    let mut matches = Vec::new();
    for part in all.chunks(MAX_FINGERPRINTS) {
        let texts: Vec<String> = part.iter().map(|(_, _, print)| print.to_string()).collect();
        let question = json!({ "check": { "fingerprints": texts } });
        let answers: Vec<Known> = ask(registry, "check", question).await?;
        if answers.len() != part.len() {
            return Err(CheckError::Unexpected {
                question: "check",
                reason: format!("{} were asked for, {} came back", part.len(), answers.len()),
            });
        }
        for ((version, form, _), known) in part.iter().zip(answers) {
            let (version, form) = (*version, *form);
            if known.is_borne() {
                matches.push(Match {
                    form,
                    version,
                    known,
                });
            }
        }
    }
    Ok(matches)
}

async fn ask<R: Registry, A: DeserializeOwned>(
    registry: &R,
    question: &'static str,
    message: Value,
) -> Result<A, CheckError<R::Error>> {
    let answer = registry
        .query(&message)
        .await
        .map_err(CheckError::Registry)?;
    serde_json::from_value(answer).map_err(|error| CheckError::Unexpected {
        question,
        reason: error.to_string(),
    })
}
