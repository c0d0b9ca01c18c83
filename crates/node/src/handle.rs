//! What the rest of the house sees of a running node: cheap handles that work under any async runtime.

use blockworm_ledger::{
    Block, ContractName, Genesis, Header, LedgerId, OrganisationId, Receipt, TransactionId,
    finality::FinalityProof, proof::TransactionProof, state_proof::StateProof,
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast;

/// A refusal: a stable code and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// `<area>.<snake_case>`, such as `transaction.expired` or `mempool.full`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// A transaction that this node took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its id.
    pub id: TransactionId,
    /// True when it was waiting or committed already: submitting is idempotent.
    pub known: bool,
}

/// A block with its receipts, durable on this node.
#[derive(Clone, Debug)]
pub struct CommittedBlock {
    /// The block's header.
    pub header: Header,
    /// One receipt per transaction, in block order.
    pub receipts: Vec<Receipt>,
}

/// How a ledger is doing on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerStatus {
    /// Which ledger.
    pub ledger: LedgerId,
    /// Its name for people.
    pub name: String,
    /// The last durable height.
    pub height: u64,
    /// The highest finalized height that this node has heard of.
    pub tip: u64,
    /// Time of the last durable block, milliseconds since 1970.
    pub time_ms: u64,
    /// State root after the last durable block.
    pub state_root: blockworm_crypto::Digest,
    /// How many nodes vote.
    pub validators: usize,
    /// How many of the other nodes are connected.
    pub connected_peers: usize,
    /// Transactions waiting.
    pub mempool_transactions: usize,
    /// Their bytes.
    pub mempool_bytes: usize,
    /// True while this node is behind the others.
    pub catching_up: bool,
}

/// A value of the state as of `height`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateValue {
    /// The value; none when the key is absent.
    pub value: Option<Vec<u8>>,
    /// After which block.
    pub height: u64,
}

/// A value with what convinces a stranger.
#[derive(Clone, Debug, PartialEq)]
pub struct StateAnswer {
    /// The value; none when the key is absent, which the proof shows too.
    pub value: Option<Vec<u8>>,
    /// After which block.
    pub height: u64,
    /// Path from the value (or its absence) to the state root.
    pub proof: StateProof,
    /// Headers from the one that carries the root to the certified one.
    pub headers: Vec<Header>,
    /// The votes on the last of `headers`.
    pub finality: FinalityProof,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such transaction, contract or block here.
    #[error("not found on this ledger")]
    NotFound,
    /// Committed, but the header that carries its roots is not certified yet.
    #[error(
        "block {height} is committed; its proof needs a certified block at height {needs}, not there yet"
    )]
    NotYetProvable {
        /// The block in question.
        height: u64,
        /// The height that must be certified first.
        needs: u64,
    },
    /// The store failed or the node is stopping.
    #[error("the node cannot read its store: {0}")]
    Unavailable(String),
}

/// A failed read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the node cannot read its store: {0}")]
pub struct ReadError(pub String);

/// The kind of a metric, as Prometheus names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only rises.
    Counter,
    /// Goes both ways.
    Gauge,
}

/// One figure about a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// `blockworm_<what>_<unit>`.
    pub name: &'static str,
    /// A sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Label names and values, such as `("code", "mempool.full")`.
    pub labels: Vec<(&'static str, String)>,
    /// The figure.
    pub value: f64,
}

/// A running node.
#[derive(Clone)]
pub struct NodeHandle {
    organisation: OrganisationId,
    ledgers: Arc<[LedgerHandle]>,
}

impl NodeHandle {
    /// The organisation that this node belongs to.
    #[must_use]
    pub fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// All ledgers of this node.
    #[must_use]
    pub fn ledgers(&self) -> Vec<LedgerHandle> {
        self.ledgers.to_vec()
    }

    /// One ledger.
    #[must_use]
    pub fn ledger(&self, id: &LedgerId) -> Option<LedgerHandle> {
        self.ledgers
            .iter()
            .find(|ledger| ledger.id() == *id)
            .cloned()
    }

    /// Figures of the node and its ledgers.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        self.ledgers
            .iter()
            .flat_map(LedgerHandle::metrics)
            .collect()
    }
}

/// One ledger of a running node.
#[derive(Clone)]
pub struct LedgerHandle {
    genesis: Arc<Genesis>,
}

#[allow(clippy::unused_async, clippy::unimplemented)]
impl LedgerHandle {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> LedgerId {
        unimplemented!()
    }

    /// What it began with.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// Takes encoded transactions: checks, queues and gossips them. One answer each, in order.
    pub async fn submit(&self, _transactions: Vec<Bytes>) -> Vec<Result<Admitted, Refusal>> {
        unimplemented!()
    }

    /// Waits until the transaction is durable here, and so final; `None` after `timeout`.
    pub async fn wait_receipt(&self, _id: &TransactionId, _timeout: Duration) -> Option<Receipt> {
        unimplemented!()
    }

    /// Submits and waits for every receipt; `Ok(None)` where `timeout` came first.
    pub async fn submit_and_wait(
        &self,
        _transactions: Vec<Bytes>,
        _timeout: Duration,
    ) -> Vec<Result<Option<Receipt>, Refusal>> {
        unimplemented!()
    }

    /// The receipt of a committed transaction.
    pub async fn receipt(&self, _id: &TransactionId) -> Result<Option<Receipt>, ReadError> {
        unimplemented!()
    }

    /// A committed transaction as it was submitted, with its height and place in the block.
    pub async fn transaction(
        &self,
        _id: &TransactionId,
    ) -> Result<Option<(Bytes, u64, u32)>, ReadError> {
        unimplemented!()
    }

    /// A committed block.
    pub async fn block(&self, _height: u64) -> Result<Option<Block>, ReadError> {
        unimplemented!()
    }

    /// A committed block's header; height 0 is the genesis header.
    pub async fn header(&self, _height: u64) -> Result<Option<Header>, ReadError> {
        unimplemented!()
    }

    /// The receipts of a committed block, in block order.
    pub async fn receipts_of(&self, _height: u64) -> Result<Option<Vec<Receipt>>, ReadError> {
        unimplemented!()
    }

    /// A proof that a stranger checks offline.
    pub async fn transaction_proof(
        &self,
        _id: &TransactionId,
    ) -> Result<TransactionProof, ProofError> {
        unimplemented!()
    }

    /// A contract's value at the last durable height.
    pub async fn state(
        &self,
        _contract: &ContractName,
        _key: &[u8],
    ) -> Result<StateValue, ReadError> {
        unimplemented!()
    }

    /// A contract's value with its proof.
    pub async fn state_with_proof(
        &self,
        _contract: &ContractName,
        _key: &[u8],
    ) -> Result<StateAnswer, ProofError> {
        unimplemented!()
    }

    /// Asks a contract; the message and the answer are JSON.
    pub async fn query(
        &self,
        _contract: &ContractName,
        _message: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        unimplemented!()
    }

    /// How the ledger is doing on this node.
    #[must_use]
    pub fn status(&self) -> LedgerStatus {
        unimplemented!()
    }

    /// Blocks from now on, each once it is durable here. A slow reader misses some and is told so;
    /// `receipts_of` fills the gap.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<CommittedBlock>> {
        unimplemented!()
    }

    /// Figures of this ledger.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        unimplemented!()
    }
}
