//! What a node is told at start: who it is, where it listens, whom it talks to, which ledgers it keeps.

use blockworm_crypto::{PublicKey, SecretKey, Signing};
use blockworm_ledger::{Genesis, LedgerId, OrganisationId};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Another organisation's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its consensus key (Ed25519); connections are authenticated by it.
    pub key: PublicKey,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Which rules of caution apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A consortium on one machine: loopback addresses only.
    Local,
    /// A consortium over a network.
    Network,
}

/// Bounds on memory and threads. The defaults keep a node under 300 MB under load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most transactions of one organisation that wait in the mempool.
    pub mempool_transactions_per_organisation: usize,
    /// Most bytes of one organisation's transactions that wait in the mempool.
    pub mempool_bytes_per_organisation: usize,
    /// Threads of the asynchronous runtime.
    pub worker_threads: usize,
    /// Threads that check signatures.
    pub signature_threads: usize,
    /// Messages per second and channel that a peer may send.
    pub peer_messages_per_s: u32,
    /// Most nodes, of all ledgers together, that this node speaks with; each takes about 1.7 MB for
    /// its messages, whether it is there or not.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mempool_transactions_per_organisation: 40_000,
            mempool_bytes_per_organisation: 16 << 20,
            worker_threads: 2,
            signature_threads: 2,
            peer_messages_per_s: 512,
            nodes: 16,
        }
    }
}

/// What a node cosigns checkpoints with, apart from the key that votes.
#[derive(Clone)]
pub struct Cosigner {
    /// The key (Ed25519).
    pub key: Arc<dyn Signing>,
    /// The chain of its certificate as it is now, DER: certificates are renewed while nodes run.
    pub chain: Arc<dyn Fn() -> Option<Vec<u8>> + Send + Sync>,
}

/// Everything a node needs to run.
pub struct NodeConfig {
    /// The organisation that this node belongs to.
    pub organisation: OrganisationId,
    /// Where `ledgers/<id>/{blocks,state,votes}` are; created when missing.
    pub directory: PathBuf,
    /// The key that votes and authenticates connections (Ed25519).
    pub consensus_key: SecretKey,
    /// What it cosigns checkpoints with; a node without it works and cosigns nothing.
    pub cosigner: Option<Cosigner>,
    /// Where to listen for other nodes.
    pub listen: SocketAddr,
    /// The other nodes, in any order; this node's own key is ignored.
    pub peers: Vec<Peer>,
    /// The ledgers to keep; each must be known to all its validators.
    pub ledgers: Vec<Genesis>,
    /// Whether the key has surely never voted on these ledgers: a first start. A node that lost its
    /// votes watches for some epochs before it votes again.
    pub never_voted: bool,
    /// Ledgers on which the key has surely never voted though it may have on others: those that the
    /// node was told to keep since it last ran.
    pub never_voted_on: Vec<LedgerId>,
    /// Which rules of caution apply.
    pub profile: Profile,
    /// Bounds on memory and threads.
    pub limits: Limits,
}
