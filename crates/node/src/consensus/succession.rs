//! Who votes in which epoch, as the executed blocks decide it.
//!
//! A block decides a set; the set votes from the first epoch on whose beginning lies more than
//! `root_lag` blocks later. So whoever builds or judges the last header of an epoch has executed
//! the block that decides, and the state root in that very header covers the decision.

use super::keys::{self, KeyError};
use blockworm_crypto::Digest;
use blockworm_execution::Membership;
use blockworm_ledger::{
    Genesis,
    finality::{consensus_namespace, validator_set_digest},
    genesis::Validator,
};
use commonware_consensus::{
    simplex::scheme::ed25519::Scheme,
    types::{Epoch, FixedEpocher},
};
use commonware_cryptography::{
    Signer as _,
    certificate::{Provider, Scoped},
    ed25519,
};
use commonware_utils::ordered::Set;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One set of validators.
pub struct Committee {
    /// The set, ordered by key.
    pub validators: Vec<Validator>,
    /// What headers call it.
    pub digest: Digest,
    /// The keys in the engine's order, which is the same.
    pub keys: Set<ed25519::PublicKey>,
    /// Checks votes, and casts ours if we are in the set.
    voting: Arc<Scheme>,
    /// Checks votes.
    watching: Arc<Scheme>,
    /// Whether this node is in the set.
    pub has_us: bool,
}

/// See the module. Clones share it.
#[derive(Clone)]
pub struct Succession(Arc<Shared>);

struct Shared {
    namespace: Vec<u8>,
    signer: ed25519::PrivateKey,
    root_lag: u64,
    epoch_length: NonZeroU64,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// By the height that decided; height 0 is the genesis.
    decided: BTreeMap<u64, Arc<Committee>>,
    /// Decisions are known up to this height.
    executed: u64,
    /// Epochs in which this node casts no vote although it is in the set.
    muted: BTreeSet<Epoch>,
}

impl Succession {
    /// The succession of a ledger that has executed nothing, for the node of this key.
    ///
    /// # Errors
    /// A validator's key that cannot vote.
    pub fn new(genesis: &Genesis, signer: ed25519::PrivateKey) -> Result<Self, KeyError> {
        let parameters = &genesis.parameters;
        let shared = Shared {
            namespace: consensus_namespace(&genesis.ledger_id()),
            signer,
            root_lag: parameters.root_lag,
            epoch_length: NonZeroU64::new(parameters.epoch_length).unwrap_or(NonZeroU64::MAX),
            book: Mutex::default(),
        };
        let founders = Arc::new(shared.committee(&genesis.validators)?);
        let succession = Self(Arc::new(shared));
        succession.lock().decided.insert(0, founders);
        Ok(succession)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which heights are in which epoch.
    #[must_use]
    pub fn epocher(&self) -> FixedEpocher {
        FixedEpocher::new(self.0.epoch_length)
    }

    /// The epoch of a height.
    #[must_use]
    pub fn epoch(&self, height: u64) -> Epoch {
        Epoch::new(height / self.0.epoch_length)
    }

    /// This node's key.
    #[must_use]
    pub fn me(&self) -> ed25519::PublicKey {
        self.0.signer.public_key()
    }

    /// Takes in what blocks up to `height` decided.
    ///
    /// # Errors
    /// A validator's key that cannot vote; execution admits none.
    pub fn learn(&self, membership: &Membership) -> Result<(), KeyError> {
        let known = self.lock().decided.clone();
        let mut fresh = Vec::new();
        for (height, validators) in &membership.validators {
            let same = |committee: &Arc<Committee>| committee.validators == *validators;
            if !known.get(height).is_some_and(same) {
                fresh.push((*height, Arc::new(self.0.committee(validators)?)));
            }
        }
        self.lock().decided.extend(fresh);
        Ok(())
    }

    /// Every decision up to `height` has been learned.
    pub fn executed(&self, height: u64) {
        let mut book = self.lock();
        book.executed = book.executed.max(height);
    }

    /// The set of an epoch; `None` while the block that decides it is not executed.
    #[must_use]
    pub fn of(&self, epoch: Epoch) -> Option<Arc<Committee>> {
        self.0.of(&self.lock(), epoch)
    }

    /// The digest that the header at this height carries: of the set that votes on the next.
    #[must_use]
    pub fn next_validators(&self, height: u64) -> Option<Digest> {
        let committee = self.of(self.epoch(height.saturating_add(1)))?;
        Some(committee.digest)
    }

    /// Every change of the set that took effect up to `epoch`: the last height of the epoch that
    /// ended with it, and the set that followed.
    #[must_use]
    pub fn changes(&self, epoch: Epoch) -> Vec<(u64, Arc<Committee>)> {
        let length = self.0.epoch_length.get();
        let book = self.lock();
        let effective = |height: &u64| (height + self.0.root_lag) / length + 1;
        let epochs: BTreeSet<u64> = book.decided.keys().skip(1).map(effective).collect();
        let mut changes = Vec::new();
        let mut before = self.0.of(&book, Epoch::zero());
        for first in epochs.into_iter().filter(|first| *first <= epoch.get()) {
            let next = self.0.of(&book, Epoch::new(first));
            let digest = |set: &Option<Arc<Committee>>| set.as_ref().map(|set| set.digest);
            if digest(&next) != digest(&before) {
                changes.extend(next.clone().map(|next| (first * length - 1, next)));
            }
            before = next;
        }
        changes
    }

    /// Whether a decision waits for the end of the epoch in which the block at `height` stands.
    #[must_use]
    pub fn is_pending(&self, height: u64) -> bool {
        let book = self.lock();
        let newest = book
            .decided
            .last_key_value()
            .map(|(_, newest)| newest.digest);
        let now = self.0.of(&book, self.epoch(height));
        now.map(|committee| committee.digest) != newest
    }

    /// The set that votes after the last executed block.
    #[must_use]
    pub fn current(&self) -> Arc<Committee> {
        let book = self.lock();
        let epoch = self.epoch(book.executed.saturating_add(1));
        let known = self.0.of(&book, epoch);
        known.expect("invariant: what decides the next block's set lies behind the last one")
    }

    /// From now on this node casts no vote in this epoch.
    pub fn mute(&self, epoch: Epoch) {
        let mut book = self.lock();
        book.muted.retain(|muted| *muted >= epoch);
        book.muted.insert(epoch);
    }

    /// Whether this node votes in an epoch.
    #[must_use]
    pub fn votes_in(&self, epoch: Epoch) -> bool {
        let book = self.lock();
        let committee = self.0.of(&book, epoch);
        committee.is_some_and(|committee| committee.has_us) && !book.muted.contains(&epoch)
    }

    /// The scheme of an epoch; it signs where this node votes.
    #[must_use]
    pub fn scheme(&self, epoch: Epoch) -> Option<Arc<Scheme>> {
        let book = self.lock();
        let committee = self.0.of(&book, epoch)?;
        Some(if book.muted.contains(&epoch) {
            committee.watching.clone()
        } else {
            committee.voting.clone()
        })
    }
}

impl Shared {
    fn committee(&self, validators: &[Validator]) -> Result<Committee, KeyError> {
        let keys = keys::committee(validators)?;
        let watching = Arc::new(Scheme::verifier(&self.namespace, keys.clone()));
        let signing = Scheme::signer(&self.namespace, keys.clone(), self.signer.clone());
        Ok(Committee {
            validators: validators.to_vec(),
            digest: validator_set_digest(validators),
            has_us: signing.is_some(),
            voting: signing.map_or_else(|| watching.clone(), Arc::new),
            watching,
            keys,
        })
    }

    fn of(&self, book: &Book, epoch: Epoch) -> Option<Arc<Committee>> {
        let first = epoch.get().saturating_mul(self.epoch_length.get());
        let decides = first.saturating_sub(1).saturating_sub(self.root_lag);
        if book.executed < decides {
            return None;
        }
        let (_, committee) = book.decided.range(..=decides).next_back()?;
        Some(committee.clone())
    }
}

impl Provider for Succession {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, epoch: Epoch) -> Option<Scoped<Scheme>> {
        self.scheme(epoch).map(Scoped::scheme)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::SecretKey;
    use blockworm_ledger::Parameters;

    fn validator(seed: u8) -> Validator {
        Validator {
            organisation: "bank".parse().unwrap(),
            key: SecretKey::from_ed25519_seed([seed; 32]).public_key(),
        }
    }

    fn set(seeds: &[u8]) -> Vec<Validator> {
        let mut set: Vec<_> = seeds.iter().map(|seed| validator(*seed)).collect();
        set.sort_by_key(|validator| validator.key);
        set
    }

    /// Epochs of 10 blocks, roots 3 blocks later; this node has seed 9.
    fn succession() -> Succession {
        let genesis = Genesis {
            version: 1,
            protocol_version: 1,
            name: "trade".into(),
            time_ms: 0,
            parameters: Parameters {
                root_lag: 3,
                epoch_length: 10,
                bucket_bits: 4,
                block_bytes: 1,
                block_transactions: 1,
                transaction_bytes: 1,
                expiry_window_ms: 1,
                heartbeat_ms: 1,
                transaction_cost: 1,
            },
            organisations: Vec::new(),
            validators: set(&[1, 2]),
            contracts: Vec::new(),
        };
        let signer = keys::signer(&SecretKey::from_ed25519_seed([9; 32])).unwrap();
        Succession::new(&genesis, signer).unwrap()
    }

    fn decide(succession: &Succession, height: u64, seeds: &[u8]) {
        let membership = Membership {
            validators: BTreeMap::from([(height, set(seeds))]),
            ..Membership::default()
        };
        succession.learn(&membership).unwrap();
        succession.executed(height);
    }

    #[test]
    fn a_decision_takes_effect_where_the_roots_cover_it() {
        let succession = succession();
        assert_eq!(succession.of(Epoch::new(0)).unwrap().keys.len(), 2);
        assert!(succession.of(Epoch::new(1)).is_none(), "block 6 decides it");
        decide(&succession, 6, &[1, 2, 9]);
        let next = succession.of(Epoch::new(1)).unwrap();
        assert!(next.has_us && succession.votes_in(Epoch::new(1)));
        assert!(!succession.votes_in(Epoch::new(0)));
        assert_eq!(succession.next_validators(9), Some(next.digest));
        assert_ne!(succession.next_validators(8), Some(next.digest));
        assert!(succession.is_pending(9) && !succession.is_pending(10));
        // One block too late for epoch 1: it comes with epoch 2.
        decide(&succession, 7, &[1]);
        assert_eq!(succession.of(Epoch::new(1)).unwrap().keys.len(), 3);
        assert!(succession.is_pending(12));
        succession.executed(16);
        assert_eq!(succession.of(Epoch::new(2)).unwrap().keys.len(), 1);
        let changes = |epoch| -> Vec<(u64, usize)> {
            let changes = succession.changes(Epoch::new(epoch)).into_iter();
            changes
                .map(|(height, set)| (height, set.keys.len()))
                .collect()
        };
        assert_eq!(changes(0), []);
        assert_eq!(changes(1), [(9, 3)]);
        assert_eq!(changes(7), [(9, 3), (19, 1)]);
    }

    #[test]
    fn a_muted_epoch_is_watched_and_the_next_is_voted_in() {
        let succession = succession();
        decide(&succession, 6, &[1, 2, 9]);
        succession.executed(16);
        succession.mute(Epoch::new(1));
        assert!(!succession.votes_in(Epoch::new(1)) && succession.votes_in(Epoch::new(2)));
    }
}
