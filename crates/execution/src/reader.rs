//! Answers queries on any thread, over the state after the last executed block.

use crate::{
    call,
    error::{ExecutionError, Refusal},
    executor::Shared,
    records::{self, MemberRecord, OrganisationRecord},
    session::{BlockFacts, Failure, Session, Stop, state_key},
    system::Membership,
};
use blockworm_state::Store;
use std::sync::Arc;

/// Most units of work that a query may cost; nobody pays, so it is bounded apart from transactions.
const QUERY_COST: u64 = 5_000_000;

/// A handle for reading.
pub struct Reader<S: Store>(Arc<Shared<S>>);

impl<S: Store> Clone for Reader<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store> Reader<S> {
    pub(crate) const fn new(shared: Arc<Shared<S>>) -> Self {
        Self(shared)
    }

    /// Asks a contract; question and answer are JSON.
    ///
    /// # Errors
    /// `contract.unknown`, `contract.bad_message`, the contract's own refusal,
    /// `execution.cost_exceeded`, or `node.unavailable` when the store fails.
    pub fn query(&self, contract: &str, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let shared = &*self.0;
        let tip = shared.tip();
        let block = BlockFacts {
            height: tip.height.unwrap_or_default(),
            time_ms: tip.time_ms,
            ledger: &shared.ledger_hex,
        };
        let view = shared.state.view();
        // The directory is filled from the state as it is now, never from the view: a record from
        // an older picture must not be kept for blocks to come.
        let session = Session::new(
            &view,
            &shared.state,
            &shared.directory,
            &shared.contracts,
            block,
            QUERY_COST,
        );
        let outcome = match shared.contracts.get(contract) {
            Some(contract) => call::query(&session, contract, message, 0),
            None => Err(call::unknown_contract(contract)),
        };
        outcome.map_err(|failure| match failure {
            Failure::Refused(refusal, _) => refusal,
            Failure::Stopped(Stop::Refused(refusal)) => refusal,
            Failure::Stopped(Stop::Failed(error)) => unavailable(&error),
        })
    }

    /// The id that prefixes a contract's keys in the state: `u32, big-endian ‖ contract key`.
    #[must_use]
    pub fn contract_id(&self, contract: &str) -> Option<u32> {
        Some(self.0.contracts.get(contract)?.id)
    }

    /// A member's record as of the next block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn member(&self, id: &str) -> Result<Option<MemberRecord>, ExecutionError> {
        let found = self.0.directory.find(id, &self.0.state)?;
        Ok(found.map(|known| known.member.clone()))
    }

    /// An organisation's record after the last executed block.
    ///
    /// # Errors
    /// When the store fails or the record is damaged.
    pub fn organisation(&self, slug: &str) -> Result<Option<OrganisationRecord>, ExecutionError> {
        let key = state_key(records::ORGANISATIONS, slug.as_bytes());
        let bytes = self.0.state.view().get(&key)?;
        bytes
            .map(|bytes| records::read(&bytes, "organisation"))
            .transpose()
    }

    /// The nodes and validators after the last executed block.
    ///
    /// # Errors
    /// When the store fails or a row is damaged.
    pub fn membership(&self) -> Result<Membership, ExecutionError> {
        Membership::read(&self.0.state.view())
    }

    /// The last executed height; `None` before the genesis was applied.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.0.tip().height
    }

    /// Time of the last executed block, milliseconds since 1970.
    #[must_use]
    pub fn time_ms(&self) -> u64 {
        self.0.tip().time_ms
    }
}

fn unavailable(error: &ExecutionError) -> Refusal {
    Refusal::new("node.unavailable", error.to_string())
}
