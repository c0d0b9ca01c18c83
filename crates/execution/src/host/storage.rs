//! A contract's own keys, every operation priced.

use crate::{
    guard::stop_contract,
    merge::after,
    pricing::{Price, price},
    session::{Session, Stop, state_key},
};
use blockworm_state::{self as state, Row};
use cosmwasm_std::{Order, Record, Storage};

/// Rows fetched at once; contracts pay for the rows that they take.
const PORTION: usize = 32;

/// Storage of one contract within a session.
pub(crate) struct HostStorage<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) contract: u32,
    /// Queries and scans never write.
    pub(crate) read_only: bool,
}

impl HostStorage<'_> {
    /// Unwinds the contract when the host cannot go on.
    fn expect<T>(&self, outcome: Result<T, Stop>) -> T {
        match outcome {
            Ok(value) => value,
            Err(stop) => {
                self.session.stop(stop);
                stop_contract()
            }
        }
    }

    fn put(&self, key: &[u8], value: Option<Vec<u8>>) {
        let outcome = if self.read_only {
            Err(Stop::refused(
                "execution.read_only",
                "a query cannot change state",
            ))
        } else {
            self.session.put(self.contract, key, value)
        };
        self.expect(outcome);
    }
}

impl Storage for HostStorage<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.expect(self.session.get(self.contract, key))
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        // As the WASM shim of cosmwasm-std does: an empty value could not be told from absence.
        assert!(!value.is_empty(), "a value must not be empty");
        self.put(key, Some(value.to_vec()));
    }

    fn remove(&mut self, key: &[u8]) {
        self.put(key, None);
    }

    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        self.expect(self.session.charge(Price::SCAN));
        let end = end.map_or_else(
            || (self.contract + 1).to_be_bytes().to_vec(),
            |end| state_key(self.contract, end),
        );
        let start = state_key(self.contract, start.unwrap_or_default());
        let order = match order {
            Order::Ascending => state::Order::Ascending,
            Order::Descending => state::Order::Descending,
        };
        Box::new(Scan {
            storage: self,
            start,
            end,
            order,
            rows: Vec::new().into_iter(),
            last: false,
        })
    }
}

/// A scan, fetched in portions.
struct Scan<'a> {
    storage: &'a HostStorage<'a>,
    start: Vec<u8>,
    end: Vec<u8>,
    order: state::Order,
    rows: std::vec::IntoIter<Row>,
    last: bool,
}

impl Scan<'_> {
    fn fetch(&mut self) {
        let session = self.storage.session;
        let found = session.scan(&self.start, &self.end, self.order, PORTION);
        let rows = self.storage.expect(found.map_err(Stop::from));
        self.last = rows.len() < PORTION;
        if let Some((key, _)) = rows.last() {
            match self.order {
                state::Order::Ascending => self.start = after(key),
                state::Order::Descending => self.end.clone_from(key),
            }
        }
        self.rows = rows.into_iter();
    }
}

impl Iterator for Scan<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.rows.len() == 0 && !self.last {
            self.fetch();
        }
        let (key, value) = self.rows.next()?;
        let units = price(Price::SCAN_ROW, Price::READ_BYTE, key.len() + value.len());
        self.storage.expect(self.storage.session.charge(units));
        Some((key[4..].to_vec(), value))
    }
}
