//! Proofs that the committed state has a value under a key, or has none.

use crate::{
    digests::Digests,
    error::StateError,
    pairs::{Pair, Place, bit, bucket_of},
    state::State,
    store::{Store, StoreView, Table},
    system::Head,
};
use blockworm_crypto::Digest;
use blockworm_ledger::state_proof::{StatePair, StateProof, key_hash};

/// What a key has at a height, and why a stranger may believe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The value; `None` when the key is absent.
    pub value: Option<Vec<u8>>,
    /// The proof against `root`.
    pub proof: StateProof,
    /// The committed height that this holds for.
    pub height: u64,
    /// The root of that height.
    pub root: Digest,
}

impl<S: Store> State<S> {
    /// Proves what a state key has at the committed height; staged blocks do not count.
    ///
    /// # Errors
    /// When nothing is committed yet, or the store cannot be read.
    pub fn prove(&self, key: &[u8]) -> Result<Proved, StateError> {
        let mut proved = self.prove_all(&[key])?;
        proved.pop().ok_or(StateError::NothingCommitted)
    }

    /// Proves what several keys have, all at one committed height, in the keys' order.
    ///
    /// # Errors
    /// As [`State::prove`].
    pub fn prove_all(&self, keys: &[&[u8]]) -> Result<Vec<Proved>, StateError> {
        if let Some(proved) = self.try_prove(keys)? {
            return Ok(proved);
        }
        // A commit is between its durable batch and its digests. Behind it, both agree.
        let _committer = self.committer()?;
        self.try_prove(keys)?.ok_or(StateError::NothingCommitted)
    }

    /// `None` while the store is one commit ahead of the digests in memory.
    fn try_prove(&self, keys: &[&[u8]]) -> Result<Option<Vec<Proved>>, StateError> {
        let tip = self.tip();
        let view = self.store().view();
        let head = Head::read(&view)?.ok_or(StateError::NothingCommitted)?;
        if tip.height != Some(head.height) {
            return Ok(None);
        }
        let ways = keys.iter().map(|key| path(&tip.digests, &key_hash(key).0));
        let ways: Vec<_> = ways.collect();
        drop(tip);
        let mut proved = Vec::with_capacity(keys.len());
        for (key, (place, siblings)) in keys.iter().zip(ways) {
            let pairs = place.read(&view)?.iter().map(state_pair).collect();
            proved.push(Proved {
                value: view.get(Table::Values, key)?,
                proof: StateProof { pairs, siblings },
                height: head.height,
                root: head.root,
            });
        }
        Ok(Some(proved))
    }
}

/// The leaf on the way of a key digest, and the digests beside that way, bottom-up.
fn path(digests: &Digests, key_hash: &[u8; 32]) -> (Place, Vec<Digest>) {
    let index = bucket_of(key_hash, digests.bits());
    let mut place = Place::of_bucket(index, digests.bits());
    let mut beside = Vec::new();
    let mut node = digests.split(index);
    while let Some(halves) = node.and_then(|node| node.halves.as_ref()) {
        let right = bit(key_hash, place.bits());
        let Some(child) = place.child(right) else {
            break;
        };
        beside.push(halves[usize::from(!right)].digest);
        node = Some(&halves[usize::from(right)]);
        place = child;
    }
    beside.reverse();
    beside.extend(digests.siblings(index));
    (place, beside)
}

fn state_pair(pair: &Pair) -> StatePair {
    let (mut key, mut value) = (Digest::ZERO, Digest::ZERO);
    key.0.copy_from_slice(&pair[..32]);
    value.0.copy_from_slice(&pair[32..]);
    StatePair { key, value }
}
