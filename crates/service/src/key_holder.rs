//! A key holder's service: evaluates what banks ask blindly; each request signed, counted and written down (docs/formats/evaluation.md).
//!
//! This is the pure core: no clock, no network. Whoever wires it gives it the time, what the ledger
//! says of a member, and a place for its audit.

mod audit;
mod request;
mod window;

pub use audit::{Audit, AuditError, AuditFile, AuditRow, Outcome};
pub use request::{EvaluationRequest, Nonce, SignedRequest};

use blockworm_crypto::{
    Digest, PublicKey,
    oprf::{Evaluation, EvaluationKey, KeyVersion, MAX_BATCH, OprfError},
};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use std::collections::{BTreeMap, HashMap};
use window::Window;

/// A request counts this long before and after the holder's clock; within it, once.
pub const TOLERANCE_MS: u64 = 60_000;
/// The role that may ask.
pub const ASKING_ROLE: &str = "bank";

/// How much one bank may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Elements within any window.
    pub elements: u32,
    /// Its length.
    pub window_ms: u64,
}

impl Default for Limit {
    /// 100,000 elements a day: some two thousand documents.
    fn default() -> Self {
        Self {
            elements: 100_000,
            window_ms: 86_400_000,
        }
    }
}

/// What the ledger says of a member at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its registered key.
    pub key: PublicKey,
    /// Neither it nor its organisation is revoked, suspended or past its certificate's end.
    pub active: bool,
    /// Roles that votes gave its organisation.
    pub roles: Vec<String>,
}

/// Why a request was not answered, in order of precedence.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// For another organisation's key.
    #[error("the request is for the key of {asked}, this is {holder}")]
    OtherHolder {
        /// Whom it names.
        asked: OrganisationId,
        /// Who was asked.
        holder: OrganisationId,
    },
    /// For another ledger's registry.
    #[error("the request is for the registry on ledger {asked}, this holder serves {served}")]
    OtherLedger {
        /// Which it names.
        asked: LedgerId,
        /// Which is served.
        served: LedgerId,
    },
    /// The ledger knows no such member.
    #[error("{member} is not registered on the ledger")]
    UnknownMember {
        /// Who asks.
        member: MemberId,
    },
    /// Not signed with the member's registered key.
    #[error("the signature is not that of {member}")]
    BadSignature {
        /// Who asks.
        member: MemberId,
    },
    /// Revoked, suspended or expired.
    #[error("{member} or its organisation may not act at present")]
    Inactive {
        /// Who asks.
        member: MemberId,
    },
    /// Not of a bank.
    #[error("the organisation of {member} has no role `{ASKING_ROLE}`")]
    MissingRole {
        /// Who asks.
        member: MemberId,
    },
    /// Too old, or from a clock that is ahead.
    #[error("the request is of {asked_at_ms}, the holder's clock says {now_ms}; sign it again")]
    Stale {
        /// Of the request.
        asked_at_ms: u64,
        /// The holder's.
        now_ms: u64,
    },
    /// The same request was answered already.
    #[error("this request was answered already; sign another with a new nonce")]
    Repeated,
    /// The holder has no such key, or no longer.
    #[error("there is no version {version} of the key; there are {}", list(known))]
    UnknownVersion {
        /// Which was asked for.
        version: KeyVersion,
        /// Which there are.
        known: Vec<KeyVersion>,
    },
    /// No element, or too many.
    #[error("a request has 1 to {MAX_BATCH} elements, this one has {count}")]
    BatchSize {
        /// How many there are.
        count: usize,
    },
    /// The bank has asked for as much as it may.
    #[error(
        "the bank has asked for as much as it may; the next is answered in {retry_after_ms} ms"
    )]
    OverLimit {
        /// When there is room for this request again.
        retry_after_ms: u64,
    },
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(OprfError),
    /// The audit could not be written, so nothing was answered.
    #[error("the audit could not be written, so nothing is answered")]
    NotAudited(#[source] AuditError),
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherHolder { .. } => "evaluation.other_holder",
            Self::OtherLedger { .. } => "evaluation.other_ledger",
            Self::UnknownMember { .. } => "evaluation.unknown_member",
            Self::BadSignature { .. } => "evaluation.bad_signature",
            Self::Inactive { .. } => "evaluation.inactive",
            Self::MissingRole { .. } => "evaluation.missing_role",
            Self::Stale { .. } => "evaluation.stale",
            Self::Repeated => "evaluation.repeated",
            Self::UnknownVersion { .. } => "evaluation.unknown_version",
            Self::BatchSize { .. } => "evaluation.batch_size",
            Self::OverLimit { .. } => "evaluation.over_limit",
            Self::Evaluation(_) => "evaluation.failed",
            Self::NotAudited(_) => "evaluation.not_audited",
        }
    }
}

fn list(versions: &[KeyVersion]) -> String {
    let texts: Vec<String> = versions.iter().map(KeyVersion::to_string).collect();
    texts.join(", ")
}

/// One organisation's keys and what was asked of them.
pub struct KeyHolder<A> {
    organisation: OrganisationId,
    ledger: LedgerId,
    keys: BTreeMap<KeyVersion, EvaluationKey>,
    limit: Limit,
    /// Of organisations whose signature was seen: as many as the ledger has banks.
    asked: HashMap<OrganisationId, Window>,
    /// Requests answered within the tolerance, with their time: bounded by the banks' limits.
    answered: HashMap<Digest, u64>,
    audit: A,
}

impl<A: Audit> KeyHolder<A> {
    /// A holder with its keys, new and old. What earlier rows of its audit say still counts against
    /// the limits and against repetition, so that a restart forgives nothing.
    pub fn new(
        organisation: OrganisationId,
        ledger: LedgerId,
        keys: impl IntoIterator<Item = EvaluationKey>,
        limit: Limit,
        audit: A,
        earlier: impl IntoIterator<Item = AuditRow>,
    ) -> Self {
        let mut holder = Self {
            organisation,
            ledger,
            keys: keys.into_iter().map(|key| (key.version(), key)).collect(),
            limit,
            asked: HashMap::new(),
            answered: HashMap::new(),
            audit,
        };
        for row in earlier {
            if row.outcome == Outcome::Answered {
                let bank = row.member.organisation();
                let window = holder.asked.entry(bank).or_default();
                window.take(row.at_ms, row.elements, &limit);
                holder.answered.insert(row.request, row.at_ms);
            }
        }
        holder
    }

    /// Answers one request, or says why not. Every request that its member has signed leaves a row in
    /// the audit, before anything is answered.
    ///
    /// # Errors
    /// [`Refusal`], in its order.
    pub fn answer(
        &mut self,
        signed: &SignedRequest,
        standing: Option<&Standing>,
        now_ms: u64,
    ) -> Result<Evaluation, Refusal> {
        let request = &signed.request;
        let standing = self.check_sender(signed, standing)?;
        let digest = request.digest();
        let elements = u32::try_from(request.elements.len()).unwrap_or(u32::MAX);
        let mut row = AuditRow {
            at_ms: now_ms,
            member: request.asker.clone(),
            request: digest,
            version: request.version,
            elements,
            outcome: Outcome::Answered,
        };
        let result = self.evaluate(request, digest, standing, now_ms);
        if let Err(refusal) = &result {
            row.outcome = Outcome::Refused(refusal.code().to_owned());
        }
        self.audit.write(&row).map_err(Refusal::NotAudited)?;
        result
    }

    /// What the audit writes to.
    pub const fn audit(&self) -> &A {
        &self.audit
    }

    /// Whether the member really asks this holder; what fails here is anybody's noise, and leaves no
    /// row.
    fn check_sender<'a>(
        &self,
        signed: &SignedRequest,
        standing: Option<&'a Standing>,
    ) -> Result<&'a Standing, Refusal> {
        let request = &signed.request;
        if request.holder != self.organisation {
            return Err(Refusal::OtherHolder {
                asked: request.holder.clone(),
                holder: self.organisation.clone(),
            });
        }
        if request.ledger != self.ledger {
            return Err(Refusal::OtherLedger {
                asked: request.ledger,
                served: self.ledger,
            });
        }
        let member = || request.asker.clone();
        let standing = standing.ok_or_else(|| Refusal::UnknownMember { member: member() })?;
        if !signed.is_signed_by(&standing.key) {
            return Err(Refusal::BadSignature { member: member() });
        }
        Ok(standing)
    }

    fn evaluate(
        &mut self,
        request: &EvaluationRequest,
        digest: Digest,
        standing: &Standing,
        now_ms: u64,
    ) -> Result<Evaluation, Refusal> {
        let member = || request.asker.clone();
        if !standing.active {
            return Err(Refusal::Inactive { member: member() });
        }
        if !standing.roles.iter().any(|role| role == ASKING_ROLE) {
            return Err(Refusal::MissingRole { member: member() });
        }
        let asked_at_ms = request.asked_at_ms;
        if asked_at_ms.abs_diff(now_ms) > TOLERANCE_MS {
            return Err(Refusal::Stale {
                asked_at_ms,
                now_ms,
            });
        }
        // A request signed ahead of the clock counts for twice the tolerance after it was answered.
        self.answered
            .retain(|_, at_ms| at_ms.saturating_add(2 * TOLERANCE_MS) >= now_ms);
        if self.answered.contains_key(&digest) {
            return Err(Refusal::Repeated);
        }
        let version = request.version;
        let Some(key) = self.keys.get(&version) else {
            let known = self.keys.keys().copied().collect();
            return Err(Refusal::UnknownVersion { version, known });
        };
        let count = request.elements.len();
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(Refusal::BatchSize { count });
        }
        let wanted = u32::try_from(count).unwrap_or(u32::MAX);
        let window = self.asked.entry(request.asker.organisation()).or_default();
        if let Some(retry_after_ms) = window.wait(now_ms, wanted, &self.limit) {
            return Err(Refusal::OverLimit { retry_after_ms });
        }
        let evaluation = key
            .evaluate(&request.elements)
            .map_err(Refusal::Evaluation)?;
        window.take(now_ms, wanted, &self.limit);
        self.answered.insert(digest, now_ms);
        Ok(evaluation)
    }
}

#[cfg(test)]
mod tests;
