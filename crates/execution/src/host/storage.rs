//! A contract's own keys, every operation priced.

use crate::{
    guard::stop_contract,
    merge::after,
    pricing::{Price, price},
    session::{Session, Stop, state_key},
};
use blockworm_state::{self as state, Row};
use cosmwasm_std::{Order, Record, Storage};
use std::{iter, vec::IntoIter};

/// Rows fetched at once; contracts pay for the rows that they take.
const PORTION: usize = 32;

/// Storage of one contract within a session.
pub(crate) struct HostStorage<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) contract: u32,
    /// Queries and scans never write.
    pub(crate) read_only: bool,
}

impl<'a> HostStorage<'a> {
    /// The value under a key.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
        self.session.get(self.contract, key)
    }

    /// Writes, or removes with `None`.
    pub(crate) fn write(&self, key: &[u8], value: Option<Vec<u8>>) -> Result<(), Stop> {
        if self.read_only {
            let what = "a query cannot change state";
            return Err(Stop::refused("execution.read_only", what));
        }
        self.session.put(self.contract, key, value)
    }

    /// Opens a scan of the keys with `start <= key < end`.
    pub(crate) fn scan(
        &self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Result<Scan<'a>, Stop> {
        self.session.charge(Price::SCAN)?;
        let end = end.map_or_else(
            || (self.contract + 1).to_be_bytes().to_vec(),
            |end| state_key(self.contract, end),
        );
        let start = state_key(self.contract, start.unwrap_or_default());
        let order = match order {
            Order::Ascending => state::Order::Ascending,
            Order::Descending => state::Order::Descending,
        };
        Ok(Scan {
            session: self.session,
            start,
            end,
            order,
            rows: Vec::new().into_iter(),
            portion: PORTION,
            sparing: false,
            last: false,
        })
    }
}

/// Unwinds the contract when the host cannot go on.
fn expect<T>(session: &Session<'_>, outcome: Result<T, Stop>) -> T {
    match outcome {
        Ok(value) => value,
        Err(stop) => {
            session.stop(stop);
            stop_contract()
        }
    }
}

impl Storage for HostStorage<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        expect(self.session, self.read(key))
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        // As the WASM shim of cosmwasm-std does: an empty value could not be told from absence.
        assert!(!value.is_empty(), "a value must not be empty");
        expect(self.session, self.write(key, Some(value.to_vec())));
    }

    fn remove(&mut self, key: &[u8]) {
        expect(self.session, self.write(key, None));
    }

    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        let mut scan = expect(self.session, self.scan(start, end, order));
        Box::new(iter::from_fn(move || expect(scan.session, scan.take())))
    }
}

/// A scan, fetched in portions.
pub(crate) struct Scan<'a> {
    session: &'a Session<'a>,
    start: Vec<u8>,
    end: Vec<u8>,
    order: state::Order,
    rows: IntoIter<Row>,
    /// Rows to fetch at once.
    portion: usize,
    /// Begins with one row and doubles, so that no more is fetched than was paid for.
    sparing: bool,
    last: bool,
}

impl Scan<'_> {
    fn fetch(&mut self) -> Result<(), Stop> {
        let found = self
            .session
            .scan(&self.start, &self.end, self.order, self.portion)?;
        self.last = found.len() < self.portion;
        if self.sparing {
            self.portion = (self.portion * 2).min(PORTION);
        }
        self.rows = found.into_iter();
        Ok(())
    }

    /// The next row, priced.
    pub(crate) fn take(&mut self) -> Result<Option<Record>, Stop> {
        if self.rows.len() == 0 && !self.last {
            self.fetch()?;
        }
        let Some((key, value)) = self.rows.next() else {
            return Ok(None);
        };
        let units = price(Price::SCAN_ROW, Price::READ_BYTE, key.len() + value.len());
        self.session.charge(units)?;
        match self.order {
            state::Order::Ascending => self.start = after(&key),
            state::Order::Descending => self.end.clone_from(&key),
        }
        Ok(Some((key[4..].to_vec(), value)))
    }
}

#[cfg(feature = "wasm")]
impl Scan<'_> {
    /// For contracts that are not trusted to read on.
    pub(crate) fn sparing(mut self) -> Self {
        (self.sparing, self.portion) = (true, 1);
        self
    }

    /// Forgets what was fetched and not taken; the scan goes on where it is.
    pub(crate) fn let_go(&mut self) {
        if self.rows.len() > 0 {
            self.last = false;
        }
        (self.rows, self.portion) = (Vec::new().into_iter(), 1);
    }
}
