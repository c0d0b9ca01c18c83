//! What convinces a stranger: proofs of transactions and of values of the state.

use super::{Access, LedgerAccess as _};
use crate::{
    handle::{ProofError, ReadError},
    pipeline::rows,
};
use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::{
    CertifiedHeaders, ContractName, Receipt, TransactionId, TransactionProof,
    state_proof::StateProof,
};
use blockworm_state::{StateError, Store};
use commonware_parallel::Strategy;
use std::time::Duration;

/// How long a state proof waits for the header that carries its root.
const ROOT_WAIT: Duration = Duration::from_secs(3);

/// A value with what convinces a stranger.
#[derive(Clone, Debug, PartialEq)]
pub struct StateAnswer {
    /// The value; none when the key is absent, which the proof shows too.
    pub value: Option<Vec<u8>>,
    /// After which block.
    pub height: u64,
    /// Path from the value (or its absence) to the state root.
    pub proof: StateProof,
    /// From the header of block `height`, whose time is the answer's, past the one that carries the
    /// root to a certified one.
    pub chain: CertifiedHeaders,
}

/// Several values of one height with what convinces a stranger.
#[derive(Clone, Debug, PartialEq)]
pub struct StatesAnswer {
    /// In the order of the keys: the value, none when the key is absent, and its path to the root.
    pub states: Vec<(Option<Vec<u8>>, StateProof)>,
    /// After which block.
    pub height: u64,
    /// As [`StateAnswer::chain`].
    pub chain: CertifiedHeaders,
}

impl<S: Store, T: Strategy> Access<S, T> {
    pub(super) async fn prove_transaction(
        &self,
        id: &TransactionId,
    ) -> Result<TransactionProof, ProofError> {
        let (block, index) = self.find(id).await?.ok_or(ProofError::NotFound)?;
        let height = block.header().height;
        let lag = self.ledger.rules.root_lag();
        let chain = self.certified(height, height + lag).await?;
        let at = index as usize;
        let leaves: Vec<_> = block.block().transactions.leaves().collect();
        let receipts = rows::receipts(&self.state, height, block.ids()).map_err(ReadError::from)?;
        let receipt_leaves: Vec<_> = receipts.iter().map(Receipt::leaf).collect();
        let missing = || ProofError::Unavailable("the transaction is not in its block".into());
        Ok(TransactionProof {
            ledger: self.ledger.rules.id,
            genesis_digest: self.ledger.rules.genesis_digest,
            transaction: block
                .block()
                .transactions
                .get(at)
                .ok_or_else(missing)?
                .to_vec(),
            inclusion: merkle::prove(&leaves, at).ok_or_else(missing)?,
            receipt: receipts.into_iter().nth(at).ok_or_else(missing)?,
            receipt_inclusion: merkle::prove(&receipt_leaves, at).ok_or_else(missing)?,
            chain,
            states: Vec::new(),
            genesis: (*self.ledger.rules.genesis).clone(),
        })
    }

    /// The lowest committed header that carries this root of the state after `height` or of an
    /// earlier block since which nothing changed.
    fn header_with_root(&self, root: Digest, height: u64) -> Result<Option<u64>, ReadError> {
        let lag = self.ledger.rules.root_lag();
        let head = self.ledger.head().height;
        for candidate in (lag + 1..=head.min(height + lag))
            .rev()
            .take(2 * lag as usize + 2)
        {
            if self
                .header(candidate)?
                .is_some_and(|header| header.state_root == root)
            {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    pub(super) async fn prove_state(
        &self,
        contract: &ContractName,
        key: &[u8],
    ) -> Result<StateAnswer, ProofError> {
        let keys = [(contract.clone(), key.to_vec())];
        let StatesAnswer {
            mut states,
            height,
            chain,
        } = self.prove_states(&keys).await?;
        let (value, proof) = states.pop().ok_or(ProofError::NotFound)?;
        Ok(StateAnswer {
            value,
            height,
            proof,
            chain,
        })
    }

    pub(super) async fn prove_states(
        &self,
        keys: &[(ContractName, Vec<u8>)],
    ) -> Result<StatesAnswer, ProofError> {
        let keys: Option<Vec<_>> = keys
            .iter()
            .map(|(contract, key)| self.contract_key(contract, key))
            .collect();
        let keys = keys.ok_or(ProofError::NotFound)?;
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let unavailable = |error: StateError| ProofError::Unavailable(error.to_string());
        let states = self.state.prove_all(&keys).map_err(unavailable)?;
        let proved = states.first().ok_or(ProofError::NotFound)?;
        let lag = self.ledger.rules.root_lag();
        let mut head = self.ledger.head.subscribe();
        let mut patience = (self.sleeper)(ROOT_WAIT);
        let carrier = loop {
            if let Some(carrier) = self.header_with_root(proved.root, proved.height)? {
                break carrier;
            }
            let changed = std::pin::pin!(head.changed());
            match futures::future::select(changed, patience).await {
                futures::future::Either::Left((Ok(()), rest)) => patience = rest,
                _ => {
                    let (height, needs) = (proved.height, proved.height + lag);
                    return Err(ProofError::NotYetProvable { height, needs });
                }
            }
        };
        let height = carrier - lag;
        let chain = self.certified(height, carrier).await?;
        let states = states.into_iter().map(|one| (one.value, one.proof));
        Ok(StatesAnswer {
            states: states.collect(),
            height,
            chain,
        })
    }
}
