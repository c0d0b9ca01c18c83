//! A bank asks both key holders at once, for each version of their keys, and ends with a document's fingerprints.

use super::{
    Document, FingerprintError, Fingerprinted,
    forms::{self, Input},
    keyed::{Asking, KeySet},
};
use blockworm_crypto::{
    SigningError,
    oprf::{Evaluation, KeyVersion},
};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use blockworm_service::key_holder::{EvaluationRequest, Nonce, SentElement, SignedRequest};
use futures::future::{try_join, try_join_all};

/// Most versions that are asked for one document: far more than a registry requires at a time.
pub const MAX_VERSIONS: usize = 8;

/// Whose keys make a registry's fingerprints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The ledger of the registry.
    pub ledger: LedgerId,
    /// The first holder and the second, in the order of the key sets.
    pub holders: [OrganisationId; 2],
    /// Their public keys, one set for each version that is required.
    pub keys: Vec<KeySet>,
}

/// The bank's member who asks, and its key.
pub trait Asker: Sync {
    /// Who asks.
    fn member(&self) -> &MemberId;
    /// Signs a question as this member.
    ///
    /// # Errors
    /// A key that lies elsewhere and did not sign.
    fn sign(&self, request: EvaluationRequest) -> Result<SignedRequest, SigningError>;
}

/// The way to the key holders.
pub trait Holders: Sync {
    /// Why no answer could be had; a holder's refusal is one.
    type Error;

    /// Sends a question to the holder that it names, and brings back the answer, unchecked.
    fn evaluate(
        &self,
        signed: &SignedRequest,
    ) -> impl Future<Output = Result<Evaluation, Self::Error>> + Send;
}

/// Why a document has no fingerprints from the key holders.
#[derive(Debug, thiserror::Error)]
pub enum AskError<E> {
    /// The registry names no key, or more versions than anybody uses.
    #[error("the registry requires {count} versions of its holders' keys, not 1 to {MAX_VERSIONS}")]
    Versions {
        /// How many.
        count: usize,
    },
    /// The document cannot be asked for, or an answer does not count.
    #[error("{source} (key holder 1 is {}, 2 is {})", holders[0], holders[1])]
    Fingerprint {
        /// Who they are.
        holders: [OrganisationId; 2],
        /// Why.
        #[source]
        source: FingerprintError,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The bank's own key did not sign.
    #[error("the question could not be signed")]
    NotSigned(#[source] SigningError),
    /// A holder did not answer.
    #[error("the key holder {holder} did not answer for version {version} of its key")]
    Holder {
        /// Which.
        holder: OrganisationId,
        /// Of its key.
        version: KeyVersion,
        /// Why not.
        #[source]
        source: E,
    },
}

impl<E> AskError<E> {
    /// The stable code, unless the transport has a better one.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Versions { .. } => "fingerprint.no_keys",
            Self::Fingerprint { source, .. } => source.code(),
            Self::NoRandomness => "fingerprint.not_blinded",
            Self::NotSigned(_) => "key.not_signed",
            Self::Holder { .. } => "fingerprint.no_answer",
        }
    }
}

/// What a financing registers of a document, under each version of the panel's keys.
///
/// # Errors
/// [`AskError`].
pub async fn registered<H: Holders>(
    document: &Document,
    panel: &Panel,
    asker: &impl Asker,
    holders: &H,
    now_ms: u64,
) -> Result<Vec<Fingerprinted>, AskError<H::Error>> {
    ask(&forms::registered(document), panel, asker, holders, now_ms).await
}

/// What a bank asks the registry for before it finances, under each version of the panel's keys.
///
/// # Errors
/// [`AskError`].
pub async fn asked<H: Holders>(
    document: &Document,
    panel: &Panel,
    asker: &impl Asker,
    holders: &H,
    now_ms: u64,
) -> Result<Vec<Fingerprinted>, AskError<H::Error>> {
    ask(&forms::asked(document), panel, asker, holders, now_ms).await
}

/// Asks both holders about all versions at the same time: one question to each for each version. An
/// answer counts only with its proof. `now_ms` is the asker's clock.
async fn ask<H: Holders>(
    inputs: &[Input],
    panel: &Panel,
    asker: &impl Asker,
    holders: &H,
    now_ms: u64,
) -> Result<Vec<Fingerprinted>, AskError<H::Error>> {
    let count = panel.keys.len();
    if !(1..=MAX_VERSIONS).contains(&count) {
        return Err(AskError::Versions { count });
    }
    let round = Round {
        panel,
        asker,
        holders,
        now_ms,
    };
    let versions = panel.keys.iter().map(|keys| round.version(*keys, inputs));
    try_join_all(versions).await
}

/// What all questions about one document share.
struct Round<'a, A, H> {
    panel: &'a Panel,
    asker: &'a A,
    holders: &'a H,
    now_ms: u64,
}

impl<A: Asker, H: Holders> Round<'_, A, H> {
    async fn version(
        &self,
        keys: KeySet,
        inputs: &[Input],
    ) -> Result<Fingerprinted, AskError<H::Error>> {
        let unusable = |source| AskError::Fingerprint {
            holders: self.panel.holders.clone(),
            source,
        };
        let asking = Asking::new(keys, inputs).map_err(unusable)?;
        let [one, other] = asking.blinded();
        let ask = |index, elements: &[_]| {
            let elements = elements.iter().map(SentElement::from).collect();
            self.holder(index, keys.version, elements)
        };
        let (one, other) = try_join(ask(0, one), ask(1, other)).await?;
        let found = asking.fingerprints([&one, &other]).map_err(unusable)?;
        let forms = inputs.iter().map(|input| input.form);
        Ok(Fingerprinted {
            version: keys.version,
            known: forms.zip(found).collect(),
        })
    }

    async fn holder(
        &self,
        index: usize,
        version: KeyVersion,
        elements: Vec<SentElement>,
    ) -> Result<Evaluation, AskError<H::Error>> {
        let holder = &self.panel.holders[index];
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| AskError::NoRandomness)?;
        let request = EvaluationRequest {
            ledger: self.panel.ledger,
            holder: holder.clone(),
            asker: self.asker.member().clone(),
            version,
            asked_at_ms: self.now_ms,
            nonce: Nonce(nonce),
            elements,
        };
        let signed = self.asker.sign(request).map_err(AskError::NotSigned)?;
        let answered = self.holders.evaluate(&signed).await;
        answered.map_err(|source| AskError::Holder {
            holder: holder.clone(),
            version,
            source,
        })
    }
}
