//! What a verifier knows of a ledger: its numbers and its validators, led from the genesis through every change of the set.

use crate::{
    block::{HEADER_VERSION, Header},
    chain::CertifiedHeaders,
    finality::{FinalityProof, MAX_VALIDATORS, validator_set_digest},
    genesis::{Genesis, Validator},
    names::LedgerId,
};
use blockworm_crypto::{Algorithm, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most changes of the validators that one proof leads through.
pub const MAX_HANDOVERS: usize = 1024;

/// A check that failed, by its name in docs/formats/proof.md.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {reason}")]
pub struct Broken {
    /// Which check.
    pub check: &'static str,
    /// What was found, in a sentence.
    pub reason: String,
}

/// One set of validators hands the ledger over to the next: the last block of an epoch names the
/// set that follows, and those who leave sign it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Header of the last block of an epoch.
    pub header: Header,
    /// Its signatures, by the set that ends with it.
    pub finality: FinalityProof,
    /// The set that votes from the next height on, ordered by key.
    pub validators: Vec<Validator>,
}

impl Handover {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("invariant: writing to memory does not fail")
    }
}

/// Enough of a ledger to judge its finality: a light client's state. It starts from a pinned
/// genesis and moves on by handovers alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Anchor {
    /// The ledger.
    pub ledger: LedgerId,
    /// How many blocks later a header carries a block's roots.
    pub root_lag: u64,
    /// Blocks in an epoch.
    pub epoch_length: u64,
    /// The state tree has 2^bucket_bits buckets.
    pub bucket_bits: u8,
    /// The first height on which `validators` vote.
    pub since: u64,
    /// Those who vote, ordered by key.
    pub validators: Vec<Validator>,
}

impl Anchor {
    /// The anchor of a genesis that the verifier trusts.
    #[must_use]
    pub fn of(genesis: &Genesis) -> Self {
        Self {
            ledger: genesis.ledger_id(),
            root_lag: genesis.parameters.root_lag,
            epoch_length: genesis.parameters.epoch_length,
            bucket_bits: genesis.parameters.bucket_bits,
            since: 0,
            validators: genesis.validators.clone(),
        }
    }

    /// The epoch of a height.
    ///
    /// # Errors
    /// When epochs have no blocks, which `Genesis::check` refuses.
    pub(crate) fn epoch(&self, height: u64) -> Result<u64, String> {
        height
            .checked_div(self.epoch_length)
            .ok_or_else(|| "the genesis has epochs without blocks".into())
    }

    /// Whether the height is the last of its epoch.
    #[must_use]
    pub fn ends_epoch(&self, height: u64) -> bool {
        height
            .checked_add(1)
            .is_some_and(|next| self.epoch_length > 0 && next.is_multiple_of(self.epoch_length))
    }

    /// Moves on to the next set.
    ///
    /// # Errors
    /// Why the handover does not follow; the anchor stays as it was.
    pub fn hand_over(&mut self, handover: &Handover) -> Result<(), String> {
        let Handover {
            header,
            finality,
            validators,
        } = handover;
        let height = header.height;
        if header.version != HEADER_VERSION || header.ledger != self.ledger {
            return Err(format!("header {height} is not one of this ledger"));
        }
        if !self.ends_epoch(height) {
            return Err(format!("height {height} is not the last of an epoch"));
        }
        if height < self.since {
            return Err(format!(
                "height {height} lies before {}, from which the known validators vote",
                self.since
            ));
        }
        if header.next_validators != validator_set_digest(validators) {
            return Err(format!("header {height} names another set to follow"));
        }
        self.signed(header, finality)?;
        check_set(validators)?;
        self.since = height.saturating_add(1);
        self.validators.clone_from(validators);
        Ok(())
    }

    /// That the known validators made the header final.
    fn signed(&self, header: &Header, finality: &FinalityProof) -> Result<(), String> {
        let height = header.height;
        if finality.payload != header.digest() {
            return Err(format!("the signatures are not under header {height}"));
        }
        if finality.epoch != self.epoch(height)? {
            return Err(format!("the vote on header {height} is of another epoch"));
        }
        finality
            .verify(&self.ledger, &self.validators)
            .map_err(|error| error.to_string())
    }

    /// Moves on through all of them, oldest first.
    ///
    /// # Errors
    /// The first that does not follow; the anchor stands before it.
    pub fn hand_over_all(&mut self, handovers: &[Handover]) -> Result<(), String> {
        if handovers.len() > MAX_HANDOVERS {
            return Err(format!("more than {MAX_HANDOVERS} handovers"));
        }
        for (index, handover) in handovers.iter().enumerate() {
            self.hand_over(handover)
                .map_err(|reason| format!("handover {index}: {reason}"))?;
        }
        Ok(())
    }

    /// The certified header of a chain that the known validators signed. Its cost is bounded by
    /// the headers and the signatures: one SHA-256 a header, one Ed25519 verification a signature.
    /// Handovers move the anchor and are given to `hand_over` beforehand; none may be left in the
    /// chain, where nobody would check them.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn certify<'a>(&self, chain: &'a CertifiedHeaders) -> Result<&'a Header, Broken> {
        if !chain.handovers.is_empty() {
            return Err(Broken {
                check: "validators.genesis",
                reason: "the headers come with handovers, which move the anchor first".into(),
            });
        }
        for (check, run) in CertifiedHeaders::CHECKS {
            run(chain, self).map_err(|reason| Broken { check, reason })?;
        }
        chain.certified().ok_or_else(|| Broken {
            check: "headers.contiguous",
            reason: "the proof has no headers".into(),
        })
    }
}

/// That this can vote: some validators, at most 256, ordered by key, each key once, each a sound
/// Ed25519 key. Under any other key a signature would prove nothing.
///
/// # Errors
/// What is wrong with the set.
pub fn check_set(validators: &[Validator]) -> Result<(), String> {
    if validators.is_empty() || validators.len() > MAX_VALIDATORS {
        return Err(format!("a ledger has 1 to {MAX_VALIDATORS} validators"));
    }
    if validators.windows(2).any(|two| two[0].key >= two[1].key) {
        return Err("validators are ordered by key, each key once".into());
    }
    validators
        .iter()
        .try_for_each(|validator| check_validator_key(&validator.key))
}

/// That a validator can vote with this key.
///
/// # Errors
/// What is wrong with the key.
pub(crate) fn check_validator_key(key: &PublicKey) -> Result<(), String> {
    if key.algorithm() != Algorithm::Ed25519 {
        return Err("validators sign with Ed25519".into());
    }
    key.check_registrable().map_err(|error| error.to_string())
}
