//! A key holder's service: evaluates what banks ask blindly; each request signed, counted and written down (docs/formats/evaluation.md).
//!
//! Here is the pure core: no clock, no network. [`Desk`] gives it the time, the keys of a folder and
//! a thread of its own; a node's API gives it the requests and what the ledger says of who asks.

mod audit;
mod desk;
mod keys;
mod refusal;
mod request;
mod window;

pub use audit::{Audit, AuditError, AuditFile, AuditRow, Outcome, last_rows};
pub use desk::{Desk, DeskError, DeskPlan};
pub use keys::{KeyFolder, KeyFolderError};
pub use refusal::Refusal;
pub use request::{EvaluationRequest, Nonce, SentElement, SignedRequest};

use blockworm_crypto::{
    Digest, PublicKey, SecretKey,
    oprf::{Evaluation, EvaluationKey, KeyVersion, MAX_BATCH},
};
use blockworm_ledger::{LedgerId, OrganisationId};
use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};
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
    /// Signed requests within any minute, answered or refused: each leaves a row in the audit.
    pub requests_per_minute: u32,
}

impl Limit {
    /// The pace as a limit of its own.
    const fn pace(&self) -> Self {
        Self {
            elements: self.requests_per_minute,
            window_ms: 60_000,
            requests_per_minute: self.requests_per_minute,
        }
    }
}

impl Default for Limit {
    /// 100,000 elements a day, two to four thousand documents; ten requests a second.
    fn default() -> Self {
        Self {
            elements: 100_000,
            window_ms: 86_400_000,
            requests_per_minute: 600,
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

/// A request that its asker's registered key signed for this holder, and what the ledger says of the
/// asker. Whatever is no such request is anybody's noise: it costs a signature, and leaves no row.
#[derive(Clone, Debug)]
pub struct Genuine {
    request: EvaluationRequest,
    digest: Digest,
    standing: Standing,
}

/// Whose signature is checked where there is no such member: a name that is not there must not be
/// told by a quicker answer.
static NOBODY: LazyLock<PublicKey> =
    LazyLock::new(|| SecretKey::from_ed25519_seed([0; 32]).public_key());

impl Genuine {
    /// Whether the member really asks this holder.
    ///
    /// # Errors
    /// [`Refusal::OtherHolder`], [`Refusal::OtherLedger`], [`Refusal::BadSignature`]: who is no member
    /// is told what a member with another key is told, so that nobody can try names.
    pub fn check(
        holder: &OrganisationId,
        ledger: LedgerId,
        signed: SignedRequest,
        standing: Option<Standing>,
    ) -> Result<Self, Refusal> {
        let request = &signed.request;
        if request.holder != *holder {
            return Err(Refusal::OtherHolder {
                asked: request.holder.clone(),
            });
        }
        if request.ledger != ledger {
            return Err(Refusal::OtherLedger {
                asked: request.ledger,
            });
        }
        let key = standing.as_ref().map_or(&*NOBODY, |member| &member.key);
        let signed_by_key = signed.is_signed_by(key);
        match standing {
            Some(standing) if signed_by_key => Ok(Self {
                digest: request.digest(),
                request: signed.request,
                standing,
            }),
            _ => Err(Refusal::BadSignature {
                member: request.asker.clone(),
            }),
        }
    }

    /// Whose member asks.
    #[must_use]
    pub fn bank(&self) -> OrganisationId {
        self.request.asker.organisation()
    }
}

/// One organisation's keys and what was asked of them.
pub struct KeyHolder<A> {
    organisation: OrganisationId,
    ledger: LedgerId,
    keys: BTreeMap<KeyVersion, EvaluationKey>,
    limit: Limit,
    /// Of organisations whose signature was seen: as many as the ledger has banks.
    asked: HashMap<OrganisationId, Window>,
    /// When each of them sent a signed request within the last minute.
    paces: HashMap<OrganisationId, Window>,
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
            paces: HashMap::new(),
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

    /// Which versions of the key there are.
    pub fn versions(&self) -> impl Iterator<Item = KeyVersion> {
        self.keys.keys().copied()
    }

    /// Adds a version of the key.
    pub fn add(&mut self, key: EvaluationKey) {
        self.keys.insert(key.version(), key);
    }

    /// Forgets all versions but these.
    pub fn retain(&mut self, kept: impl Fn(KeyVersion) -> bool) {
        self.keys.retain(|version, _| kept(*version));
    }

    /// Checks who sends a request, and answers it or says why not.
    ///
    /// # Errors
    /// [`Refusal`], in its order.
    pub fn answer(
        &mut self,
        signed: &SignedRequest,
        standing: Option<&Standing>,
        now_ms: u64,
    ) -> Result<Evaluation, Refusal> {
        let (signed, standing) = (signed.clone(), standing.cloned());
        let genuine = Genuine::check(&self.organisation, self.ledger, signed, standing)?;
        self.answer_genuine(&genuine, now_ms)
    }

    /// Answers a request of a known sender, or says why not. It leaves a row in the audit before
    /// anything is answered, unless its bank asks too often.
    ///
    /// # Errors
    /// [`Refusal`], in its order.
    pub fn answer_genuine(
        &mut self,
        genuine: &Genuine,
        now_ms: u64,
    ) -> Result<Evaluation, Refusal> {
        let request = &genuine.request;
        let pace = self.limit.pace();
        let window = self.paces.entry(request.asker.organisation()).or_default();
        if let Some(retry_after_ms) = window.wait(now_ms, 1, &pace) {
            return Err(Refusal::TooOften { retry_after_ms });
        }
        window.take(now_ms, 1, &pace);
        let elements = u32::try_from(request.elements.len()).unwrap_or(u32::MAX);
        let mut row = AuditRow {
            at_ms: now_ms,
            member: request.asker.clone(),
            request: genuine.digest,
            version: request.version,
            elements,
            outcome: Outcome::Answered,
        };
        let result = self.evaluate(request, genuine.digest, &genuine.standing, now_ms);
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
        let elements = request.elements.iter().enumerate();
        let elements = elements.map(|(index, sent)| {
            let bad = |source| Refusal::BadElement { index, source };
            sent.read().map_err(bad)
        });
        let elements = elements.collect::<Result<Vec<_>, _>>()?;
        let evaluation = key.evaluate(&elements).map_err(Refusal::Evaluation)?;
        window.take(now_ms, wanted, &self.limit);
        self.answered.insert(digest, now_ms);
        Ok(evaluation)
    }
}

#[cfg(test)]
mod tests;
