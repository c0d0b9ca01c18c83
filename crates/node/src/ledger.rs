//! What the parts of one ledger share: its rules, its books, its mempool, its figures and its waiters.

use crate::{
    consensus::{
        chain::ChainBook,
        keys::{self, KeyError},
        roots::RootBook,
        succession::{Committee, Succession},
    },
    cosigning::CheckpointBook,
    mempool::{Limits, Mempool},
    metrics::Counters,
    peers::LedgerPeers,
    presence::Presence,
    waiters::Waiters,
};
use blockworm_crypto::{Digest, Namespace, batch::KeyCache};
use blockworm_execution::Membership;
use blockworm_ledger::{
    BlockLimits, Genesis, Header, LedgerId, genesis::Validator, transaction::transaction_namespace,
};
use commonware_utils::ordered::Set;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, broadcast, watch};

/// Committed blocks that a slow subscriber may lag behind.
const SUBSCRIBER_LAG: usize = 256;
/// Final header digests remembered by height.
const FINAL_KEPT: u64 = 256;

/// What never changes about a ledger.
pub struct Rules {
    /// What it began with.
    pub genesis: Arc<Genesis>,
    /// Its id.
    pub id: LedgerId,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
    /// Header of height 0.
    pub genesis_header: Header,
    /// How much a block may hold.
    pub block: BlockLimits,
    /// What transactions are signed in.
    pub namespace: Namespace,
}

impl Rules {
    /// The rules of a ledger.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        let id = genesis.ledger_id();
        Self {
            id,
            genesis_digest: genesis.digest(),
            genesis_header: genesis.header(),
            block: BlockLimits::from(&genesis.parameters),
            namespace: transaction_namespace(&id),
            genesis: Arc::new(genesis),
        }
    }

    /// How many blocks later a header carries a block's roots.
    #[must_use]
    pub fn root_lag(&self) -> u64 {
        self.genesis.parameters.root_lag
    }
}

/// The last durable block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: u64,
    /// The state root after it.
    pub state_root: Digest,
}

/// One ledger of this node, shared by its parts.
pub struct Ledger {
    /// What never changes.
    pub rules: Rules,
    /// Recent blocks of all forks.
    pub chain: ChainBook,
    /// Roots of executed blocks.
    pub roots: RootBook,
    /// Senders' keys, decoded.
    pub keys: KeyCache,
    /// Told when the mempool has something new.
    pub arrivals: Notify,
    /// The last durable block.
    pub head: watch::Sender<Head>,
    /// The highest finalized height heard of.
    pub tip: watch::Sender<u64>,
    /// Set once when the ledger cannot go on, with the reason.
    pub failure: watch::Sender<Option<String>>,
    /// Who waits for receipts.
    pub waiters: Waiters,
    /// Committed blocks, as they become durable.
    pub commits: broadcast::Sender<Arc<crate::handle::CommittedBlock>>,
    /// Which validators were heard lately.
    pub presence: Presence,
    /// Which nodes keep it.
    pub peers: LedgerPeers,
    /// Who votes when.
    pub succession: Succession,
    /// The nodes that keep it and whose they are; as many as votes admitted, and the founders.
    pub nodes: watch::Sender<Vec<Validator>>,
    /// Figures.
    pub counters: Counters,
    /// Checkpoints that were cosigned.
    pub checkpoints: CheckpointBook,
    /// Who keeps it, as of the block executed last.
    membership: Mutex<Membership>,
    mempool: Mutex<Mempool>,
    finals: Mutex<BTreeMap<u64, Digest>>,
}

impl Ledger {
    /// A ledger about to start from these books.
    #[must_use]
    pub fn new(
        rules: Rules,
        chain: ChainBook,
        head: Head,
        limits: Limits,
        succession: Succession,
    ) -> Self {
        let founders = succession.current().keys.clone();
        let heartbeat_ms = rules.genesis.parameters.heartbeat_ms;
        Self {
            presence: Presence::new(succession.me(), heartbeat_ms),
            peers: LedgerPeers::new(succession.me(), founders),
            nodes: watch::Sender::new(rules.genesis.validators.clone()),
            succession,
            rules,
            chain,
            roots: RootBook::new(),
            keys: KeyCache::default(),
            arrivals: Notify::new(),
            head: watch::Sender::new(head),
            tip: watch::Sender::new(head.height),
            failure: watch::Sender::new(None),
            waiters: Waiters::default(),
            commits: broadcast::Sender::new(SUBSCRIBER_LAG),
            counters: Counters::default(),
            checkpoints: CheckpointBook::default(),
            membership: Mutex::default(),
            mempool: Mutex::new(Mempool::new(limits)),
            finals: Mutex::default(),
        }
    }

    /// Takes in who keeps the ledger and who votes, as of the block executed last.
    ///
    /// # Errors
    /// A key that no node can have; execution admits none.
    pub fn learn(&self, membership: &Membership) -> Result<(), KeyError> {
        self.succession.learn(membership)?;
        let mut known = self.membership();
        known.clone_from(membership);
        self.keep(&known, &self.succession.current())?;
        drop(known);
        // A proposer who waits for transactions may have an epoch to fill now.
        self.arrivals.notify_waiters();
        Ok(())
    }

    /// These validators vote from now on: dismissed nodes that voted until now are sent nothing more.
    ///
    /// # Errors
    /// A key that no node can have; execution admits none.
    pub fn enter(&self, committee: &Committee) -> Result<(), KeyError> {
        self.keep(&self.membership(), committee)
    }

    fn membership(&self) -> MutexGuard<'_, Membership> {
        let known = self.membership.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever votes is sent everything to the end of its last epoch, dismissed or not.
    fn keep(&self, membership: &Membership, committee: &Committee) -> Result<(), KeyError> {
        let mut dismissed: BTreeMap<_, _> = membership
            .dismissed
            .iter()
            .map(|node| (node.key, node))
            .collect();
        dismissed.retain(|key, _| !committee.validators.iter().any(|one| one.key == *key));
        let admitted = membership.admitted.iter().map(|node| Validator {
            organisation: node.organisation.clone(),
            key: node.key,
        });
        let founders = self.rules.genesis.validators.iter().cloned();
        let voting = committee.validators.iter().cloned();
        let nodes: BTreeMap<_, _> = founders
            .chain(admitted)
            .chain(voting)
            .filter(|node| !dismissed.contains_key(&node.key))
            .map(|node| (node.key, node))
            .collect();
        let keys = nodes.keys().map(keys::public);
        let admitted = membership.admitted.iter();
        let admitted = admitted.map(|node| (node.key, Some(node.address)));
        let leaving = membership.dismissed.iter();
        let leaving = leaving
            .filter(|node| !dismissed.contains_key(&node.key))
            .map(|node| (node.key, node.address));
        let mut addresses = Vec::new();
        for (key, address) in admitted.chain(leaving) {
            if let Some(address) = address {
                addresses.push((keys::public(&key)?, address));
            }
        }
        self.peers.change(
            Set::from_iter_dedup(keys.collect::<Result<Vec<_>, _>>()?),
            addresses,
        );
        self.nodes.send_replace(nodes.into_values().collect());
        Ok(())
    }

    /// The mempool, locked; hold it for no await.
    pub fn mempool(&self) -> MutexGuard<'_, Mempool> {
        self.mempool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last durable block.
    #[must_use]
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Remembers which block became final at a height.
    pub fn note_final(&self, height: u64, digest: Digest) {
        let mut finals = self.finals.lock().unwrap_or_else(PoisonError::into_inner);
        finals.insert(height, digest);
        *finals = finals.split_off(&height.saturating_sub(FINAL_KEPT));
    }

    /// The final block at a height, while it is recent.
    #[must_use]
    pub fn final_at(&self, height: u64) -> Option<Digest> {
        self.finals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&height)
            .copied()
    }

    /// Says once why the ledger cannot go on.
    pub fn fail(&self, reason: String) {
        tracing::error!(ledger = %self.rules.id, %reason, "the ledger stopped");
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            if first {
                *failure = Some(reason);
            }
            first
        });
    }
}
