//! Side columns: rows committed with the state but outside its root.

use crate::store::{Table, Write};

/// A column beside the authenticated state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Receipts.
    Receipts,
    /// Where a transaction stands: id to height and index.
    TransactionIndex,
    /// Transaction ids inside the expiry window.
    RecentIds,
    /// Small facts of the layers above.
    Meta,
}

impl Column {
    pub(crate) const fn table(self) -> Table {
        match self {
            Self::Receipts => Table::Receipts,
            Self::TransactionIndex => Table::TransactionIndex,
            Self::RecentIds => Table::RecentIds,
            Self::Meta => Table::Meta,
        }
    }
}

/// A row of a side column to write, or to delete when `value` is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideRow {
    /// Where.
    pub column: Column,
    /// The row's key.
    pub key: Vec<u8>,
    /// The new value; `None` deletes.
    pub value: Option<Vec<u8>>,
}

impl SideRow {
    /// A row to write.
    #[must_use]
    pub fn put(column: Column, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            column,
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// A row to delete.
    #[must_use]
    pub fn delete(column: Column, key: impl Into<Vec<u8>>) -> Self {
        Self {
            column,
            key: key.into(),
            value: None,
        }
    }
}

impl<'a> From<&'a SideRow> for Write<'a> {
    fn from(row: &'a SideRow) -> Self {
        Self {
            table: row.column.table(),
            key: &row.key,
            value: row.value.as_deref(),
        }
    }
}
