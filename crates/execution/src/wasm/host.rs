//! What one call's instance works with: the session, its open scans, and the price of its instructions.

use super::{IMPORT_FUEL, MAX_CALL_FUEL, MAX_MEMORY_BYTES, MAX_TABLE_ELEMENTS, fault::Fault};
use crate::{
    host::{HostQuerier, HostStorage, Scan},
    pricing::Price,
    session::{Session, Stop},
};
use wasmi::{Caller, Error, Memory, StoreLimits, StoreLimitsBuilder, TypedFunc};

/// The data of a store.
pub(super) struct Host<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) storage: HostStorage<'a>,
    pub(super) querier: HostQuerier<'a>,
    pub(super) scans: Vec<Scan<'a>>,
    /// The scan that holds fetched rows; the others have let go of theirs.
    pub(super) scanning: usize,
    pub(super) limits: StoreLimits,
    /// The module's `allocate` is running and may not ask anything.
    pub(super) allocating: bool,
    /// The module has asked for something, so its own code has begun.
    pub(super) asked: bool,
    /// The text of a panic.
    pub(super) panic: Option<String>,
    memory: Option<Memory>,
    allocate: Option<TypedFunc<u32, u32>>,
    /// What the store was given last.
    granted: u64,
    /// Instructions not yet paid, less than a unit's worth.
    owed: u64,
    /// All instructions of this call.
    spent: u64,
}

impl<'a> Host<'a> {
    pub(super) fn new(storage: HostStorage<'a>, querier: HostQuerier<'a>) -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size(MAX_MEMORY_BYTES)
            .table_elements(MAX_TABLE_ELEMENTS)
            .instances(1)
            .memories(1)
            .tables(4)
            .trap_on_grow_failure(true)
            .build();
        Self {
            session: storage.session,
            storage,
            querier,
            scans: Vec::new(),
            scanning: 0,
            limits,
            allocating: false,
            asked: false,
            panic: None,
            memory: None,
            allocate: None,
            granted: 0,
            owed: 0,
            spent: 0,
        }
    }

    pub(super) fn attach(&mut self, memory: Memory, allocate: TypedFunc<u32, u32>) {
        self.memory = Some(memory);
        self.allocate = Some(allocate);
    }

    pub(super) fn memory(&self) -> Result<Memory, Fault> {
        self.memory.ok_or(Fault::Reentered)
    }

    pub(super) fn allocate(&self) -> Result<TypedFunc<u32, u32>, Fault> {
        self.allocate.ok_or(Fault::Reentered)
    }

    /// How many instructions the rest of the price pays for.
    pub(super) fn grant(&mut self) -> u64 {
        let paid = self.session.remaining().saturating_mul(Price::FUEL);
        let capped = MAX_CALL_FUEL.saturating_sub(self.spent);
        self.granted = paid.saturating_sub(self.owed).min(capped);
        self.granted
    }

    /// Charges what was run since the last grant, and `more`.
    pub(super) fn settle(&mut self, left: u64, more: u64) -> Result<(), Stop> {
        let used = self.granted.saturating_sub(left).saturating_add(more);
        self.granted = left;
        self.spent = self.spent.saturating_add(used);
        self.owed += used;
        let units = self.owed / Price::FUEL;
        self.owed %= Price::FUEL;
        self.session.charge(units).map_err(|_| self.exhausted())
    }

    /// The last instructions of the call; a begun unit counts whole.
    pub(super) fn settle_all(&mut self, left: u64) -> Result<(), Stop> {
        self.settle(left, 0)?;
        let begun = u64::from(self.owed > 0);
        self.owed = 0;
        self.session.charge(begun)
    }

    /// The module ran for as long as it may: the whole price is spent.
    pub(super) fn exhausted(&self) -> Stop {
        // Whether that is more than the limit does not matter any more.
        let _ = self.session.charge(u64::MAX);
        Stop::refused(
            "wasm.out_of_fuel",
            "the contract's code ran longer than one transaction may on this ledger",
        )
    }
}

/// One question of the module: its instructions so far are paid, then the work is done, then the
/// rest of the price is granted again.
pub(super) fn asked<'a, T>(
    caller: &mut Caller<'_, Host<'a>>,
    work: impl FnOnce(&mut Host<'a>) -> Result<T, Stop>,
) -> Result<T, Error> {
    let left = caller.get_fuel()?;
    let host = caller.data_mut();
    if host.allocating {
        return Err(Fault::Reentered.into());
    }
    host.asked = true;
    let outcome = host.settle(left, IMPORT_FUEL).and_then(|()| work(host));
    match outcome {
        Ok(value) => {
            let fuel = host.grant();
            caller.set_fuel(fuel)?;
            Ok(value)
        }
        Err(stop) => {
            host.session.stop(stop);
            Err(Fault::Stopped.into())
        }
    }
}
