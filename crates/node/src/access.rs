//! Reads and writes of one ledger for the rest of the house, behind one object-safe trait.

mod proving;

pub use proving::{StateAnswer, StatesAnswer};

use crate::{
    consensus::{block::SealedBlock, finality::finality_proof},
    engine::Marshal,
    handle::{Admitted, LedgerStatus, ProofError, ReadError, Refusal, StateValue, ValidatorSeen},
    ledger::Ledger,
    mempool::{Admission, Admitting, Now, Origin},
    pipeline::rows::{self, RowError},
};
use blockworm_crypto::Digest;
use blockworm_execution::Reader;
use blockworm_ledger::{
    Block, CertifiedHeaders, ContractName, FinalityProof, Handover, Header, Receipt, TransactionId,
    TransactionProof, TransactionView,
};
use blockworm_state::{Column, State, StateError, Store};
use bytes::Bytes;
use commonware_consensus::{marshal::Identifier, types::Height};
use commonware_parallel::Strategy;
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// Sleeps by the runtime's clock.
pub type Sleeper = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// A committed transaction, its height and its place in the block.
pub type Placed = (Bytes, u64, u32);

/// Heights above a block that are searched for a certificate.
const CERTIFICATE_SEARCH: u64 = 256;

/// What a ledger handle stands on.
pub trait LedgerAccess: Send + Sync {
    /// The shared parts.
    fn ledger(&self) -> &Arc<Ledger>;
    /// Sleeps by the runtime's clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// See `LedgerHandle::submit`.
    fn submit(&self, transactions: Vec<Bytes>) -> BoxFuture<'_, Vec<Result<Admitted, Refusal>>>;
    /// See `LedgerHandle::receipt`.
    fn receipt<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>>;
    /// See `LedgerHandle::transaction`.
    fn transaction<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<Option<Placed>, ReadError>>;
    /// See `LedgerHandle::block`.
    fn block(&self, height: u64) -> BoxFuture<'_, Result<Option<Block>, ReadError>>;
    /// See `LedgerHandle::header`.
    fn header(&self, height: u64) -> Result<Option<Header>, ReadError>;
    /// See `LedgerHandle::summary`.
    fn summary(&self, height: u64) -> Result<Option<(Header, usize)>, ReadError>;
    /// See `LedgerHandle::receipts_of`.
    fn receipts_of(&self, height: u64) -> BoxFuture<'_, Result<Option<Vec<Receipt>>, ReadError>>;
    /// See `LedgerHandle::transaction_proof`.
    fn transaction_proof<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<TransactionProof, ProofError>>;
    /// See `LedgerHandle::state`.
    fn state(&self, contract: &ContractName, key: &[u8]) -> Result<StateValue, ReadError>;
    /// See `LedgerHandle::state_with_proof`.
    fn state_with_proof<'a>(
        &'a self,
        contract: &'a ContractName,
        key: &'a [u8],
    ) -> BoxFuture<'a, Result<StateAnswer, ProofError>>;
    /// See `LedgerHandle::states_with_proof`.
    fn states_with_proof<'a>(
        &'a self,
        keys: &'a [(ContractName, Vec<u8>)],
    ) -> BoxFuture<'a, Result<StatesAnswer, ProofError>>;
    /// See `LedgerHandle::query`.
    fn query(&self, contract: &ContractName, message: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// See `LedgerHandle::finality`.
    fn finality(&self, height: u64) -> BoxFuture<'_, Option<(u64, FinalityProof)>>;
    /// See `LedgerHandle::validators`.
    fn validators(&self) -> Vec<ValidatorSeen>;
    /// See `LedgerHandle::status`.
    fn status(&self) -> LedgerStatus;
    /// See `LedgerHandle::now_ms`.
    fn now_ms(&self) -> u64;
    /// A full subtree of the history tree, of two headers and more.
    fn history_node(&self, level: u32, index: u64) -> Result<Option<Digest>, ReadError>;
    /// A row beside the state, of the small facts.
    fn side_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;
}

/// The rules of the state at admission.
pub struct Gate<S: Store> {
    admission: blockworm_execution::Admission<S>,
    state: State<S>,
}

impl<S: Store> Gate<S> {
    /// The rules over this state.
    pub fn new(admission: blockworm_execution::Admission<S>, state: State<S>) -> Self {
        Self { admission, state }
    }
}

impl<S: Store> Admission for Gate<S> {
    fn check(&self, view: &TransactionView<'_>, time_ms: u64) -> Result<(), Refusal> {
        self.admission.check(view, time_ms).map_err(refusal)
    }

    fn is_committed(&self, view: &TransactionView<'_>) -> bool {
        matches!(rows::place(&self.state, &view.id()), Ok(Some(_)))
    }
}

fn refusal(refusal: blockworm_execution::Refusal) -> Refusal {
    Refusal {
        code: refusal.code,
        message: refusal.message,
    }
}

impl From<RowError> for ReadError {
    fn from(error: RowError) -> Self {
        Self(error.to_string())
    }
}

impl From<StateError> for ReadError {
    fn from(error: StateError) -> Self {
        Self(error.to_string())
    }
}

impl From<ReadError> for ProofError {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.0)
    }
}

/// A running ledger over its real stores.
pub struct Access<S: Store, T: Strategy> {
    /// The shared parts.
    pub ledger: Arc<Ledger>,
    /// The committed state.
    pub state: State<S>,
    /// Answers queries.
    pub reader: Reader<S>,
    /// The way into the mempool.
    pub admitting: Arc<Admitting<T>>,
    /// The blocks and certificates.
    pub marshal: Marshal,
    /// Sleeps by the runtime's clock.
    pub sleeper: Sleeper,
    /// The runtime's clock.
    pub now: Now,
}

impl<S: Store, T: Strategy> Access<S, T> {
    async fn sealed(&self, height: u64) -> Result<Option<Arc<SealedBlock>>, ReadError> {
        if height > self.ledger.head().height {
            return Ok(None);
        }
        let block = self
            .marshal
            .get_block(Identifier::Height(Height::new(height)))
            .await;
        let block = block.ok_or_else(|| ReadError(format!("block {height} is not readable")))?;
        Ok(Some(block.inner_shared()))
    }

    async fn find(&self, id: &TransactionId) -> Result<Option<(Arc<SealedBlock>, u32)>, ReadError> {
        let Some((height, index)) = rows::place(&self.state, id)? else {
            return Ok(None);
        };
        let Some(block) = self.sealed(height).await? else {
            return Ok(None);
        };
        let same = block.ids().get(index as usize) == Some(id);
        Ok(same.then_some((block, index)))
    }

    fn contract_key(&self, contract: &ContractName, key: &[u8]) -> Option<Vec<u8>> {
        let id = self.reader.contract_id(contract.as_str())?;
        Some([&id.to_be_bytes(), key].concat())
    }

    /// Headers from `first` to the lowest certified height at or above `through`.
    async fn certified(&self, first: u64, through: u64) -> Result<CertifiedHeaders, ProofError> {
        let not_yet = ProofError::NotYetProvable {
            height: first,
            needs: through,
        };
        let (height, finality) = self.certificate(through).await.ok_or(not_yet)?;
        let headers = (first..=height)
            .map(|height| {
                self.header(height)?
                    .ok_or_else(|| ReadError("a header is missing".into()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(CertifiedHeaders {
            handovers: self.handovers(height).await?,
            headers,
            finality,
        })
    }

    /// The links from the genesis's validators to those who vote at `height`.
    async fn handovers(&self, height: u64) -> Result<Vec<Handover>, ProofError> {
        let succession = &self.ledger.succession;
        let mut handovers = Vec::new();
        for (last, committee) in succession.changes(succession.epoch(height)) {
            let finalization = self.marshal.get_finalization(Height::new(last)).await;
            let finality = finalization.and_then(|finalization| finality_proof(&finalization));
            let missing = || ReadError(format!("the end of an epoch, {last}, is not certified"));
            handovers.push(Handover {
                header: self.header(last)?.ok_or_else(missing)?,
                finality: finality.ok_or_else(missing)?,
                validators: committee.validators.clone(),
            });
        }
        Ok(handovers)
    }

    /// The lowest certified height at or above `through`, with its certificate.
    async fn certificate(&self, through: u64) -> Option<(u64, FinalityProof)> {
        let head = self.ledger.head().height;
        for height in through..=head.min(through.saturating_add(CERTIFICATE_SEARCH)) {
            if let Some(finalization) = self.marshal.get_finalization(Height::new(height)).await {
                return Some((height, finality_proof(&finalization)?));
            }
        }
        None
    }
}

impl<S: Store, T: Strategy> LedgerAccess for Access<S, T> {
    fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (self.sleeper)(duration)
    }

    fn submit(&self, transactions: Vec<Bytes>) -> BoxFuture<'_, Vec<Result<Admitted, Refusal>>> {
        Box::pin(self.admitting.admit(transactions, Origin::Client))
    }

    fn receipt<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        Box::pin(async move {
            let Some((block, index)) = self.find(id).await? else {
                return Ok(None);
            };
            let receipts = rows::receipts(&self.state, block.header().height, block.ids())?;
            Ok(receipts.into_iter().nth(index as usize))
        })
    }

    fn transaction<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<Option<Placed>, ReadError>> {
        Box::pin(async move {
            let Some((block, index)) = self.find(id).await? else {
                return Ok(None);
            };
            let bytes = block
                .block()
                .transactions
                .get(index as usize)
                .map(Bytes::copy_from_slice);
            Ok(bytes.map(|bytes| (bytes, block.header().height, index)))
        })
    }

    fn block(&self, height: u64) -> BoxFuture<'_, Result<Option<Block>, ReadError>> {
        Box::pin(async move {
            Ok(self
                .sealed(height)
                .await?
                .map(|block| block.block().clone()))
        })
    }

    fn header(&self, height: u64) -> Result<Option<Header>, ReadError> {
        if height == 0 {
            return Ok(Some(self.ledger.rules.genesis_header.clone()));
        }
        Ok(rows::header(&self.state, height)?.map(|row| row.header))
    }

    fn summary(&self, height: u64) -> Result<Option<(Header, usize)>, ReadError> {
        let row = rows::header(&self.state, height)?;
        Ok(row.map(|row| (row.header, row.transactions as usize)))
    }

    fn receipts_of(&self, height: u64) -> BoxFuture<'_, Result<Option<Vec<Receipt>>, ReadError>> {
        Box::pin(async move {
            let Some(block) = self.sealed(height).await? else {
                return Ok(None);
            };
            Ok(Some(rows::receipts(&self.state, height, block.ids())?))
        })
    }

    fn transaction_proof<'a>(
        &'a self,
        id: &'a TransactionId,
    ) -> BoxFuture<'a, Result<TransactionProof, ProofError>> {
        Box::pin(self.prove_transaction(id))
    }

    fn state(&self, contract: &ContractName, key: &[u8]) -> Result<StateValue, ReadError> {
        let head = self.ledger.head();
        let value = match self.contract_key(contract, key) {
            Some(key) => self.state.get(&key)?,
            None => None,
        };
        Ok(StateValue {
            value,
            height: head.height,
        })
    }

    fn state_with_proof<'a>(
        &'a self,
        contract: &'a ContractName,
        key: &'a [u8],
    ) -> BoxFuture<'a, Result<StateAnswer, ProofError>> {
        Box::pin(self.prove_state(contract, key))
    }

    fn states_with_proof<'a>(
        &'a self,
        keys: &'a [(ContractName, Vec<u8>)],
    ) -> BoxFuture<'a, Result<StatesAnswer, ProofError>> {
        Box::pin(self.prove_states(keys))
    }

    fn query(&self, contract: &ContractName, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.reader
            .query(contract.as_str(), message)
            .map_err(refusal)
    }

    fn finality(&self, height: u64) -> BoxFuture<'_, Option<(u64, FinalityProof)>> {
        Box::pin(self.certificate(height))
    }

    fn validators(&self) -> Vec<ValidatorSeen> {
        let presence = &self.ledger.presence;
        let now_ms = (self.now)();
        let committee = self.ledger.succession.current();
        let seen = committee.validators.iter().zip(&committee.keys);
        seen.map(|(validator, key)| {
            let heard = presence.heard(key);
            ValidatorSeen {
                organisation: validator.organisation.clone(),
                key: validator.key,
                this_node: presence.me() == key,
                heard_ago_ms: Some(heard.at_ms)
                    .filter(|at_ms| *at_ms > 0)
                    .map(|at_ms| now_ms.saturating_sub(at_ms)),
                connected: presence.is_lately(heard.at_ms, now_ms),
                voted_height: Some(heard.height).filter(|height| *height > 0),
            }
        })
        .collect()
    }

    fn now_ms(&self) -> u64 {
        (self.now)()
    }

    fn history_node(&self, level: u32, index: u64) -> Result<Option<Digest>, ReadError> {
        Ok(rows::history_node(&self.state, level, index)?)
    }

    fn side_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.state.side_get(Column::Meta, key)?)
    }

    fn status(&self) -> LedgerStatus {
        let ledger = &self.ledger;
        let (head, tip) = (ledger.head(), *ledger.tip.borrow());
        let committee = ledger.succession.current();
        let epoch = ledger.succession.epoch(head.height + 1);
        let (mempool_transactions, mempool_bytes) = {
            let mempool = ledger.mempool();
            (mempool.len(), mempool.bytes())
        };
        LedgerStatus {
            ledger: ledger.rules.id,
            name: ledger.rules.genesis.name.clone(),
            height: head.height,
            tip: tip.max(head.height),
            time_ms: head.time_ms,
            state_root: head.state_root,
            epoch: epoch.get(),
            votes: ledger.succession.votes_in(epoch),
            validators: committee.validators.len(),
            connected_peers: ledger.presence.count(&committee.keys, (self.now)()),
            mempool_transactions,
            mempool_bytes,
            catching_up: tip > head.height + 2 * crate::pipeline::executor::AHEAD as u64,
        }
    }
}
