//! That a key had a value, or none, after a block: a state proof with the headers that vouch for it.

use crate::{
    anchor::{Anchor, Handover},
    block::Header,
    chain::{CertifiedHeaders, Origin, Pin},
    genesis::Genesis,
    json_bytes::{hex_text, optional_hex_text},
    names::LedgerId,
    report::{Checks, VerificationReport},
    state_proof::{StateProof, key_hash, state_key},
};
use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most state claims in a proof.
pub const MAX_STATE_CLAIMS: usize = 512;

/// What one key held after block `height`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateClaim {
    /// The block after which the state is meant; its root stands in header `height + root_lag`.
    pub height: u64,
    /// The contract's number on its ledger.
    pub contract: u32,
    /// The contract's own key.
    #[serde(with = "hex_text")]
    pub key: Vec<u8>,
    /// SHA-256 of u32 big-endian contract ‖ key: the way down the tree, and a guard against a claim
    /// of absence that was bent to another absent key.
    pub key_hash: Digest,
    /// What it held; null when there was no entry.
    #[serde(with = "optional_hex_text")]
    pub value: Option<Vec<u8>>,
    /// The way to the root.
    pub proof: StateProof,
}

impl StateClaim {
    /// The claim that `key` of `contract` held `value` after block `height`.
    #[must_use]
    pub fn new(
        height: u64,
        contract: u32,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
        proof: StateProof,
    ) -> Self {
        let key_hash = key_hash(&state_key(contract, &key));
        Self {
            height,
            contract,
            key,
            key_hash,
            value,
            proof,
        }
    }

    /// Checks the claim under the roots of these headers, whatever certifies them.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn check(&self, chain: &CertifiedHeaders, anchor: &Anchor) -> Result<String, String> {
        let at = self
            .height
            .checked_add(anchor.root_lag)
            .ok_or("the height is out of range")?;
        let header = chain.header(at).ok_or_else(|| {
            format!(
                "header {at}, which carries the state root of block {}, is missing",
                self.height
            )
        })?;
        let key = state_key(self.contract, &self.key);
        if key_hash(&key) != self.key_hash {
            return Err("the key hash is not the key's".into());
        }
        self.proof
            .verify(
                &header.state_root,
                anchor.bucket_bits,
                &key,
                self.value.as_deref(),
            )
            .map_err(|error| error.to_string())?;
        let held = if self.value.is_some() {
            "the value"
        } else {
            "no value"
        };
        Ok(format!(
            "after block {} the state held {held}, by the root in header {at}",
            self.height
        ))
    }
}

/// An answer about the state that a stranger checks without a node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StateAnswerProof {
    /// The ledger.
    pub ledger: LedgerId,
    /// Digest of the genesis.
    pub genesis_digest: Digest,
    /// The claims.
    pub states: Vec<StateClaim>,
    /// From the first header that a claim needs to a certified one.
    pub chain: CertifiedHeaders,
    /// The genesis; it counts only when the verifier pinned its digest.
    pub genesis: Genesis,
}

impl StateAnswerProof {
    /// Checks everything; see docs/formats/proof.md for the names of the checks.
    #[must_use]
    pub fn verify(&self, pin: Option<&Pin>) -> VerificationReport {
        let origin = Origin {
            genesis: &self.genesis,
            ledger: &self.ledger,
            genesis_digest: &self.genesis_digest,
        };
        let mut checks = Checks::default();
        let anchor = self.chain.check(origin, pin, &mut checks);
        if self.states.is_empty() {
            checks.note("state", Err("the proof makes no claim".into()));
        }
        check_states(&self.states, &self.chain, &anchor, &mut checks);
        self.chain.report(origin, checks)
    }
}

/// One claim with the headers that vouch for it: what a contract of another ledger is shown. It
/// carries no genesis and no handovers, because that ledger follows this one by an anchor of its
/// own; `docs/formats/foreign-state.md` draws the bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ForeignState {
    /// What one key held.
    pub claim: StateClaim,
    /// From the header of the claim's own height, whose time is the answer's, to a certified one.
    pub chain: CertifiedHeaders,
}

impl ForeignState {
    /// The answer's only claim without its genesis, and the handovers that lead to its signers;
    /// `None` when the answer makes another number of claims than one.
    #[must_use]
    pub fn of(mut answer: StateAnswerProof) -> Option<(Self, Vec<Handover>)> {
        let handovers = std::mem::take(&mut answer.chain.handovers);
        let claim = answer.states.pop()?;
        let alone = answer.states.is_empty();
        let chain = answer.chain;
        alone.then_some((Self { claim, chain }, handovers))
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("invariant: writing to memory does not fail")
    }

    /// Reads the canonical bytes; nothing may follow them. They prove nothing before
    /// [`Anchor::certify`] and [`StateClaim::check`] have passed.
    ///
    /// # Errors
    /// Where the bytes leave the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        borsh::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// The header of the block after which the claim is meant.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.chain.header(self.claim.height)
    }
}

/// Checks every claim, each under the name `state[<index>]`.
pub(crate) fn check_states(
    states: &[StateClaim],
    chain: &CertifiedHeaders,
    anchor: &Anchor,
    checks: &mut Checks,
) {
    if states.len() > MAX_STATE_CLAIMS {
        checks.note("state", Err(format!("more than {MAX_STATE_CLAIMS} claims")));
        return;
    }
    for (index, claim) in states.iter().enumerate() {
        checks.note(format!("state[{index}]"), claim.check(chain, anchor));
    }
}
