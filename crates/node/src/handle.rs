//! What the rest of the house sees of a running node: cheap handles that work under any async runtime.

use crate::{
    access::{LedgerAccess, Placed},
    access::{StateAnswer, StatesAnswer},
    consensus::keys,
    ledger::Ledger,
    metrics::{Metric, MetricKind},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::TransactionView;
use blockworm_ledger::{
    Block, ContractName, Genesis, Header, LedgerId, OrganisationId, Receipt, TransactionId,
    finality::FinalityProof, genesis::Validator, proof::TransactionProof,
};
use bytes::Bytes;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Either, Fuse, FusedFuture as _, select},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{broadcast, oneshot};

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
    /// The epoch of the next block.
    pub epoch: u64,
    /// Whether this node votes in it.
    pub votes: bool,
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

/// What this node knows of a validator, from its votes alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSeen {
    /// Whose validator it is.
    pub organisation: OrganisationId,
    /// Its consensus key.
    pub key: PublicKey,
    /// True for this node itself.
    pub this_node: bool,
    /// How long ago it was last heard; none since this node started.
    pub heard_ago_ms: Option<u64>,
    /// Whether it was heard lately enough to count as connected.
    pub connected: bool,
    /// The highest block that this node has heard it vote for: at least that high it stands.
    pub voted_height: Option<u64>,
}

/// A value of the state as of `height`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateValue {
    /// The value; none when the key is absent.
    pub value: Option<Vec<u8>>,
    /// After which block.
    pub height: u64,
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

/// A running node.
#[derive(Clone)]
pub struct NodeHandle {
    organisation: OrganisationId,
    directory: Arc<Path>,
    ledgers: Arc<[LedgerHandle]>,
}

impl NodeHandle {
    pub(crate) fn new(
        organisation: OrganisationId,
        directory: &Path,
        ledgers: Vec<LedgerHandle>,
    ) -> Self {
        Self {
            organisation,
            directory: directory.into(),
            ledgers: ledgers.into(),
        }
    }

    /// The folder that holds `ledgers/`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

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
    access: Arc<dyn LedgerAccess>,
}

impl LedgerHandle {
    pub(crate) fn new(access: Arc<dyn LedgerAccess>) -> Self {
        Self { access }
    }

    pub(crate) fn access(&self) -> &dyn LedgerAccess {
        self.access.as_ref()
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        self.access.ledger()
    }

    /// This node's clock, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.access.now_ms()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> LedgerId {
        self.ledger().rules.id
    }

    /// What it began with.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.ledger().rules.genesis
    }

    /// Takes encoded transactions: checks, queues and gossips them. One answer each, in order.
    pub async fn submit(&self, transactions: Vec<Bytes>) -> Vec<Result<Admitted, Refusal>> {
        self.access.submit(transactions).await
    }

    /// Waits until the transaction is durable here, and so final; `None` after `timeout`.
    pub async fn wait_receipt(&self, id: &TransactionId, timeout: Duration) -> Option<Receipt> {
        let mut waiting = self.ledger().waiters.register([*id]);
        // Asked after registering: a block that became durable before is in the index.
        if let Ok(Some(receipt)) = self.access.receipt(id).await {
            return Some(receipt);
        }
        let receipt = waiting.pop()?;
        match select(receipt, self.access.sleep(timeout)).await {
            Either::Left((receipt, _)) => receipt.ok(),
            Either::Right(_) => None,
        }
    }

    /// Submits and waits for every receipt; `Ok(None)` where `timeout` came first.
    pub async fn submit_and_wait(
        &self,
        transactions: Vec<Bytes>,
        timeout: Duration,
    ) -> Vec<Result<Option<Receipt>, Refusal>> {
        let ids: Vec<Option<TransactionId>> = transactions
            .iter()
            .map(|bytes| TransactionView::parse(bytes).ok().map(|view| view.id()))
            .collect();
        let mut waiting = self
            .ledger()
            .waiters
            .register(ids.iter().flatten().copied())
            .into_iter();
        let answers = self.access.submit(transactions).await;
        let mut deadline = self.access.sleep(timeout).fuse();
        let mut results = Vec::with_capacity(answers.len());
        for (id, answer) in ids.into_iter().zip(answers) {
            let receipt = id.and_then(|_| waiting.next());
            results.push(match (answer, receipt) {
                (Err(refusal), _) => Err(refusal),
                (Ok(admitted), Some(receipt)) => {
                    Ok(self.await_receipt(admitted, receipt, &mut deadline).await)
                }
                (Ok(_), None) => Ok(None),
            });
        }
        results
    }

    async fn await_receipt(
        &self,
        admitted: Admitted,
        mut receipt: oneshot::Receiver<Receipt>,
        deadline: &mut Fuse<BoxFuture<'static, ()>>,
    ) -> Option<Receipt> {
        if admitted.known {
            let committed = self.access.receipt(&admitted.id).await;
            if let Ok(Some(receipt)) = committed {
                return Some(receipt);
            }
        }
        if deadline.is_terminated() {
            return receipt.try_recv().ok();
        }
        match select(receipt, deadline).await {
            Either::Left((receipt, _)) => receipt.ok(),
            Either::Right(((), mut receipt)) => receipt.try_recv().ok(),
        }
    }

    /// The receipt of a committed transaction.
    pub async fn receipt(&self, id: &TransactionId) -> Result<Option<Receipt>, ReadError> {
        self.access.receipt(id).await
    }

    /// A committed transaction as it was submitted, with its height and place in the block.
    pub async fn transaction(&self, id: &TransactionId) -> Result<Option<Placed>, ReadError> {
        self.access.transaction(id).await
    }

    /// A committed block.
    pub async fn block(&self, height: u64) -> Result<Option<Block>, ReadError> {
        self.access.block(height).await
    }

    /// A committed block's header; height 0 is the genesis header.
    #[allow(
        clippy::unused_async,
        reason = "the interface does not promise an immediate answer"
    )]
    pub async fn header(&self, height: u64) -> Result<Option<Header>, ReadError> {
        self.access.header(height)
    }

    /// A committed block's header and how many transactions it has, without reading the block; none
    /// at height 0.
    pub fn summary(&self, height: u64) -> Result<Option<(Header, usize)>, ReadError> {
        self.access.summary(height)
    }

    /// The receipts of a committed block, in block order.
    pub async fn receipts_of(&self, height: u64) -> Result<Option<Vec<Receipt>>, ReadError> {
        self.access.receipts_of(height).await
    }

    /// A proof that a stranger checks offline.
    pub async fn transaction_proof(
        &self,
        id: &TransactionId,
    ) -> Result<TransactionProof, ProofError> {
        self.access.transaction_proof(id).await
    }

    /// A contract's value at the last executed height.
    #[allow(
        clippy::unused_async,
        reason = "the interface does not promise an immediate answer"
    )]
    pub async fn state(
        &self,
        contract: &ContractName,
        key: &[u8],
    ) -> Result<StateValue, ReadError> {
        self.access.state(contract, key)
    }

    /// A contract's value with its proof.
    pub async fn state_with_proof(
        &self,
        contract: &ContractName,
        key: &[u8],
    ) -> Result<StateAnswer, ProofError> {
        self.access.state_with_proof(contract, key).await
    }

    /// Values of contracts, all after the same block, with their proofs.
    pub async fn states_with_proof(
        &self,
        keys: &[(ContractName, Vec<u8>)],
    ) -> Result<StatesAnswer, ProofError> {
        self.access.states_with_proof(keys).await
    }

    /// Asks a contract; the message and the answer are JSON.
    #[allow(
        clippy::unused_async,
        reason = "the interface does not promise an immediate answer"
    )]
    pub async fn query(&self, contract: &ContractName, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.access.query(contract, message)
    }

    /// The lowest certified block at or above `height` and the votes on it; none while there is no
    /// certificate within the next 256 blocks. A block below it is final through it.
    pub async fn finality(&self, height: u64) -> Option<(u64, FinalityProof)> {
        self.access.finality(height).await
    }

    /// The validators in their order, as the votes that this node heard show them.
    #[must_use]
    pub fn validators(&self) -> Vec<ValidatorSeen> {
        self.access.validators()
    }

    /// The nodes that keep the ledger now and do not vote on its next block, ordered by key, each
    /// with whether it is this one.
    #[must_use]
    pub fn watchers(&self) -> Vec<(Validator, bool)> {
        let ledger = self.ledger();
        let committee = ledger.succession.current();
        let votes = |node: &&Validator| committee.validators.iter().any(|one| one.key == node.key);
        let me = ledger.succession.me();
        let nodes = ledger.nodes.borrow();
        nodes
            .iter()
            .filter(|node| !votes(node))
            .map(|node| {
                (
                    node.clone(),
                    keys::public(&node.key).is_ok_and(|key| key == me),
                )
            })
            .collect()
    }

    /// Those who vote on the block at `height`, ordered by key; none while it is not decided.
    #[must_use]
    pub fn committee(&self, height: u64) -> Vec<Validator> {
        let succession = &self.ledger().succession;
        let committee = succession.of(succession.epoch(height));
        committee.map_or_else(Vec::new, |committee| committee.validators.clone())
    }

    /// How the ledger is doing on this node.
    #[must_use]
    pub fn status(&self) -> LedgerStatus {
        self.access.status()
    }

    /// Blocks from now on, each once it is durable here. A slow reader misses some and is told so;
    /// `receipts_of` fills the gap.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<CommittedBlock>> {
        self.ledger().commits.subscribe()
    }

    /// Figures of this ledger.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let status = self.status();
        let gauge = |name, help, value: u64| Metric {
            name,
            help,
            kind: MetricKind::Gauge,
            labels: Vec::new(),
            value: value as f64,
        };
        let mut metrics = vec![
            gauge(
                "blockworm_height",
                "The last durable height.",
                status.height,
            ),
            gauge(
                "blockworm_tip",
                "The highest finalized height heard of.",
                status.tip,
            ),
            gauge(
                "blockworm_peers",
                "Other validators heard lately.",
                status.connected_peers as u64,
            ),
            gauge(
                "blockworm_mempool_transactions",
                "Transactions waiting.",
                status.mempool_transactions as u64,
            ),
            gauge(
                "blockworm_mempool_bytes",
                "Bytes of them.",
                status.mempool_bytes as u64,
            ),
            gauge(
                "blockworm_checkpoint_cosigners",
                "Who cosigned the newest checkpoint but one.",
                self.cosigners_lately() as u64,
            ),
        ];
        metrics.extend(self.ledger().counters.read());
        for metric in &mut metrics {
            metric
                .labels
                .insert(0, ("ledger", status.ledger.to_string()));
        }
        metrics
    }
}
