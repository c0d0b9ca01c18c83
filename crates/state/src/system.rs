//! This crate's own rows: what is committed, recent roots, and an unfinished reset.

use crate::{
    error::StateError,
    store::{Order, Store, StoreView, Table, Write},
};
use blockworm_crypto::Digest;
use std::collections::VecDeque;

/// A row of this crate's own: key, and its value or `None` to delete.
pub(crate) type SystemRow = (Vec<u8>, Option<Vec<u8>>);

/// A row as a store takes it.
pub(crate) fn write((key, value): &SystemRow) -> Write<'_> {
    Write {
        table: Table::System,
        key,
        value: value.as_deref(),
    }
}

/// The version of the layout that docs/state.md draws.
const FORMAT: u8 = 1;
const HEAD: &[u8] = b"head";
const RESETTING: &[u8] = b"resetting";
const ROOT: &[u8] = b"root";

/// What is committed: format u8 ‖ bucket bits u8 ‖ height u64 BE ‖ root, under `head`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) bits: u8,
    pub(crate) height: u64,
    pub(crate) root: Digest,
}

impl Head {
    pub(crate) fn row(&self) -> SystemRow {
        let mut value = vec![FORMAT, self.bits];
        value.extend_from_slice(&self.height.to_be_bytes());
        value.extend_from_slice(&self.root.0);
        (HEAD.to_vec(), Some(value))
    }

    /// The committed head, `None` before the first commit.
    pub(crate) fn read(view: &impl StoreView) -> Result<Option<Self>, StateError> {
        let Some(value) = view.get(Table::System, HEAD)? else {
            return Ok(None);
        };
        let malformed = StateError::RowMalformed {
            table: Table::System,
            length: value.len(),
        };
        match value.split_first() {
            Some((&FORMAT, rest)) => Self::parse(rest).map(Some).ok_or(malformed),
            Some((&stored, _)) => Err(StateError::FormatUnsupported {
                stored,
                supported: FORMAT,
            }),
            None => Err(malformed),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (bits, bytes) = bytes.split_first()?;
        let (height, root) = bytes.split_first_chunk()?;
        Some(Self {
            bits: *bits,
            height: u64::from_be_bytes(*height),
            root: Digest(root.try_into().ok()?),
        })
    }
}

/// The row of a height's root: root under `root` ‖ height u64 BE.
pub(crate) fn root_row(height: u64, root: &Digest) -> SystemRow {
    (root_key(height), Some(root.0.to_vec()))
}

/// The deletion of a height's root.
pub(crate) fn forget_root(height: u64) -> SystemRow {
    (root_key(height), None)
}

/// The recent roots, oldest first.
pub(crate) fn read_roots(view: &impl StoreView) -> Result<VecDeque<(u64, Digest)>, StateError> {
    let mut roots = VecDeque::new();
    let mut malformed = None;
    let end = root_key(u64::MAX);
    let mut visit = |key: &[u8], value: &[u8]| {
        let height = key[ROOT.len()..].try_into().map(u64::from_be_bytes);
        match (height, value.try_into().map(Digest)) {
            (Ok(height), Ok(root)) => roots.push_back((height, root)),
            _ => malformed = Some(key.len() + value.len()),
        }
        malformed.is_none()
    };
    view.scan(
        Table::System,
        ROOT,
        Some(&end),
        Order::Ascending,
        &mut visit,
    )?;
    match malformed {
        Some(length) => Err(StateError::RowMalformed {
            table: Table::System,
            length,
        }),
        None => Ok(roots),
    }
}

fn root_key(height: u64) -> Vec<u8> {
    [ROOT, &height.to_be_bytes()].concat()
}

/// Empties every table. A crash on the way leaves a marker, and opening finishes the work.
pub(crate) fn reset(store: &impl Store) -> Result<(), StateError> {
    let forget_head = Write {
        table: Table::System,
        key: HEAD,
        value: None,
    };
    let mark = Write {
        table: Table::System,
        key: RESETTING,
        value: Some(&[FORMAT]),
    };
    store.write(&[forget_head, mark])?;
    for table in Table::ALL {
        if table != Table::System {
            store.clear(table)?;
        }
    }
    // The marker goes last, in a durable batch behind the clearings.
    let mut rows: Vec<SystemRow> = Vec::new();
    store
        .view()
        .scan(Table::System, &[], None, Order::Ascending, &mut |key, _| {
            rows.push((key.to_vec(), None));
            true
        })?;
    let batch: Vec<Write<'_>> = rows.iter().map(write).collect();
    Ok(store.write(&batch)?)
}

/// Finishes a reset that a crash cut short.
pub(crate) fn finish_reset(store: &impl Store) -> Result<(), StateError> {
    if store.get(Table::System, RESETTING)?.is_some() {
        reset(store)
    } else {
        Ok(())
    }
}
