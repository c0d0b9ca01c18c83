//! One transaction's (or query's) view of the state: its own writes in front, every operation
//! priced, and the reason why it had to stop, if it had to.

use crate::{
    base::Base,
    contracts::ContractTable,
    directory::{Directory, Known},
    error::{ExecutionError, Refusal},
    merge::merge,
    pricing::{CostExceeded, Meter, Price, price},
};
use blockworm_ledger::{Event, codes};
use blockworm_state::{Order, Row, StateError, Writes};
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

/// The longest key of a contract, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 1024;
/// The longest value, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 128 * 1024;

/// Facts about the block that contracts may know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockFacts<'a> {
    pub(crate) height: u64,
    pub(crate) time_ms: u64,
    /// The ledger id in hex.
    pub(crate) ledger: &'a str,
}

/// Why a session had to stop in the middle of an operation.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The transaction is refused.
    Refused(Refusal),
    /// The node cannot go on.
    Failed(ExecutionError),
}

impl Stop {
    pub(crate) fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, message))
    }
}

impl From<CostExceeded> for Stop {
    fn from(CostExceeded: CostExceeded) -> Self {
        Self::refused(
            codes::EXECUTION_COST_EXCEEDED,
            "the work costs more than one transaction may on this ledger",
        )
    }
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ExecutionError> for Stop {
    fn from(error: ExecutionError) -> Self {
        Self::Failed(error)
    }
}

/// What a transaction's contracts work with. Interior mutability, because a contract holds its
/// storage and its querier at the same time.
pub(crate) struct Session<'a> {
    /// The state with the block's earlier transactions.
    base: &'a dyn Base,
    /// The state at the block's start: what the directory shows.
    start: &'a dyn Base,
    directory: &'a Directory,
    pub(crate) contracts: &'a ContractTable,
    pub(crate) block: BlockFacts<'a>,
    meter: Meter,
    writes: RefCell<Writes>,
    events: RefCell<Vec<Event>>,
    messages: Cell<usize>,
    stop: RefCell<Option<Stop>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        base: &'a dyn Base,
        start: &'a dyn Base,
        directory: &'a Directory,
        contracts: &'a ContractTable,
        block: BlockFacts<'a>,
        limit: u64,
    ) -> Self {
        Self {
            base,
            start,
            directory,
            contracts,
            block,
            meter: Meter::new(limit),
            writes: RefCell::default(),
            events: RefCell::default(),
            messages: Cell::new(0),
            stop: RefCell::default(),
        }
    }

    pub(crate) fn charge(&self, units: u64) -> Result<(), Stop> {
        Ok(self.meter.charge(units)?)
    }

    pub(crate) fn cost(&self) -> u64 {
        self.meter.used()
    }

    /// What is left of the price that the transaction may cost.
    #[cfg(feature = "wasm")]
    pub(crate) fn remaining(&self) -> u64 {
        self.meter.remaining()
    }

    /// The member behind an address, as of the block's start.
    pub(crate) fn member(&self, address: &str) -> Result<Option<Arc<Known>>, Stop> {
        self.charge(Price::MEMBER)?;
        Ok(self.directory.find(address, self.start)?)
    }

    /// The value under a contract's key.
    pub(crate) fn get(&self, contract: u32, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
        self.charge(price(Price::READ, Price::READ_BYTE, key.len()))?;
        let key = state_key(contract, key);
        let written = self.writes.borrow().get(&key).cloned();
        let value = match written {
            Some(value) => value,
            None => self.base.get(&key)?,
        };
        self.charge(price(
            0,
            Price::READ_BYTE,
            value.as_ref().map_or(0, Vec::len),
        ))?;
        Ok(value)
    }

    /// Writes, or removes with `None`.
    pub(crate) fn put(
        &self,
        contract: u32,
        key: &[u8],
        value: Option<Vec<u8>>,
    ) -> Result<(), Stop> {
        let length = value.as_ref().map_or(0, Vec::len);
        self.charge(price(Price::WRITE, Price::WRITE_BYTE, key.len() + length))?;
        if key.len() > MAX_KEY_BYTES || length > MAX_VALUE_BYTES {
            return Err(Stop::refused(
                "execution.value_too_large",
                "a key has at most 1,024 bytes and a value at most 131,072",
            ));
        }
        self.writes
            .borrow_mut()
            .insert(state_key(contract, key), value);
        Ok(())
    }

    /// At most `limit` rows with `start <= key < end`, by whole state keys, unpriced.
    pub(crate) fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        merge(
            &self.writes.borrow(),
            (start, end),
            order,
            limit,
            &mut |start, end, limit| self.base.scan(start, end, order, limit),
        )
    }

    /// Records an event and its price.
    pub(crate) fn emit(&self, event: Event) -> Result<(), Stop> {
        let attributes: usize = event
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        let bytes = event.kind.len() + event.subject.len() + attributes;
        self.charge(price(Price::EVENT, Price::EVENT_BYTE, bytes))?;
        self.events.borrow_mut().push(event);
        Ok(())
    }

    /// Counts a message between contracts and returns how many there have been.
    pub(crate) fn count_message(&self) -> usize {
        self.messages.set(self.messages.get() + 1);
        self.messages.get()
    }

    /// Remembers why the contract is being unwound.
    pub(crate) fn stop(&self, stop: Stop) {
        self.stop.borrow_mut().get_or_insert(stop);
    }

    /// Why the contract was unwound, if the host did it.
    pub(crate) fn take_stop(&self) -> Option<Stop> {
        self.stop.borrow_mut().take()
    }

    /// The writes and events of a transaction that succeeded.
    pub(crate) fn into_effects(self) -> (Writes, Vec<Event>) {
        (self.writes.into_inner(), self.events.into_inner())
    }
}

/// `u32 contract id, big-endian ‖ contract key`.
pub(crate) fn state_key(contract: u32, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(4 + key.len());
    full.extend_from_slice(&contract.to_be_bytes());
    full.extend_from_slice(key);
    full
}

/// How a call ended when it did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The contract refused; the note, if any, is for this node's log only.
    Refused(Refusal, Option<String>),
    /// The host stopped the whole transaction, whoever called.
    Stopped(Stop),
}

impl Failure {
    pub(crate) fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, message), None)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}
