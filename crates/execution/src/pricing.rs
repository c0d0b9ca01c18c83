//! The price of a transaction: storage operations and bytes, never time (docs/formats/pricing.md).

use std::cell::Cell;

/// What the operations of the host cost, in units of work.
pub struct Price;

impl Price {
    /// Calling a contract: the transaction itself, each message and each query between contracts.
    pub const CALL: u64 = 1_000;
    /// Each byte of a message or query, and of the answer to a query.
    pub const MESSAGE_BYTE: u64 = 2;
    /// Reading a key, present or absent.
    pub const READ: u64 = 500;
    /// Each byte of key and value read.
    pub const READ_BYTE: u64 = 1;
    /// Writing or removing a key.
    pub const WRITE: u64 = 2_000;
    /// Each byte of key and value written.
    pub const WRITE_BYTE: u64 = 4;
    /// Opening a scan.
    pub const SCAN: u64 = 1_000;
    /// Each row that a scan yields, besides `READ_BYTE`.
    pub const SCAN_ROW: u64 = 200;
    /// Asking who is behind an address.
    pub const MEMBER: u64 = 500;
    /// Each event.
    pub const EVENT: u64 = 200;
    /// Each byte of an event or of returned data.
    pub const EVENT_BYTE: u64 = 5;
    /// Validating a certificate's chain and the proof that its key is held.
    pub const CERTIFICATE: u64 = 2_000;
    /// Each header of another ledger in a proof.
    pub const HEADER: u64 = 100;
    /// Each signature of another ledger's validators that a proof lists.
    pub const SIGNATURE: u64 = 1_000;
    /// Each byte of a proof's pairs and siblings, of another ledger's genesis and of a list of
    /// validators.
    pub const PROOF_BYTE: u64 = 2;
    /// Instructions of a WASM module that one unit pays for; a begun unit counts whole at the end of a call.
    #[cfg(feature = "wasm")]
    pub const FUEL: u64 = 20;
    /// A fresh instance of a WASM module, for every call.
    #[cfg(feature = "wasm")]
    pub const INSTANCE: u64 = 2_000;
    /// Each KiB of the module and of the memory with which an instance begins.
    #[cfg(feature = "wasm")]
    pub const INSTANCE_KIB: u64 = 5;
    /// Each byte of a WASM module's answer, read as JSON.
    #[cfg(feature = "wasm")]
    pub const ANSWER_BYTE: u64 = 1;
}

/// The transaction may not go on: its price is above the ledger's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CostExceeded;

/// Adds up one transaction's price.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: u64,
    used: Cell<u64>,
}

impl Meter {
    pub(crate) const fn new(limit: u64) -> Self {
        Self {
            limit,
            used: Cell::new(0),
        }
    }

    /// Adds `units`; once the limit is passed the price stands at the limit.
    pub(crate) fn charge(&self, units: u64) -> Result<(), CostExceeded> {
        let used = self.used.get().saturating_add(units);
        if used > self.limit {
            self.used.set(self.limit);
            return Err(CostExceeded);
        }
        self.used.set(used);
        Ok(())
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.get()
    }

    #[cfg(feature = "wasm")]
    pub(crate) fn remaining(&self) -> u64 {
        self.limit - self.used.get()
    }
}

/// `fixed + per_byte * bytes`.
pub(crate) fn price(fixed: u64, per_byte: u64, bytes: usize) -> u64 {
    fixed.saturating_add(per_byte.saturating_mul(bytes as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_may_be_spent_and_no_more() {
        let meter = Meter::new(10);
        assert_eq!(meter.charge(10), Ok(()));
        assert_eq!(meter.charge(1), Err(CostExceeded));
        assert_eq!(meter.used(), 10);
        assert_eq!(meter.charge(u64::MAX), Err(CostExceeded));
    }
}
