//! What a backing store must do: ordered tables, consistent views, one atomic durable batch.

use crate::error::StoreError;

/// An ordered table of a store; docs/state.md draws the rows of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// State key to value.
    Values,
    /// A leaf of the tree to its pairs, SHA-256 of a state key ‖ SHA-256 of its value: what the
    /// root is computed from.
    Pairs,
    /// Height, roots, format: this crate's own rows.
    System,
    /// Receipts.
    Receipts,
    /// Where a transaction stands.
    TransactionIndex,
    /// Transaction ids inside the expiry window.
    RecentIds,
    /// Small facts of the layers above.
    Meta,
}

impl Table {
    /// Every table, in a fixed order.
    pub const ALL: [Self; 7] = [
        Self::Values,
        Self::Pairs,
        Self::System,
        Self::Receipts,
        Self::TransactionIndex,
        Self::RecentIds,
        Self::Meta,
    ];
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// One row to write, or to delete when `value` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write<'a> {
    /// Where.
    pub table: Table,
    /// The row's key, 1 to 65,535 bytes.
    pub key: &'a [u8],
    /// The new value; `None` deletes.
    pub value: Option<&'a [u8]>,
}

/// The direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A visitor of rows; it returns whether it wants the next one.
pub type Visitor<'a> = dyn FnMut(&[u8], &[u8]) -> bool + 'a;

/// A consistent picture of all tables; later writes do not change it.
pub trait StoreView: Send {
    /// Shows the value under `key`, if there is one, to `visit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn read(
        &self,
        table: Table,
        key: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StoreError>;

    /// The value under `key`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = None;
        self.read(table, key, &mut |value| found = Some(value.to_vec()))?;
        Ok(found)
    }

    /// Visits the rows with `start <= key` and `key < end` (no upper bound for `None`) in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        visit: &mut Visitor<'_>,
    ) -> Result<(), StoreError>;
}

/// Ordered tables with atomic durable batches. Readers never wait for a writer.
pub trait Store: Send + Sync + 'static {
    /// Its consistent pictures.
    type View: StoreView;

    /// The newest value under `key`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// A consistent picture of what has been written so far.
    fn view(&self) -> Self::View;

    /// Applies all of `batch` or none of it; a row named twice ends as the last write says.
    /// When this returns `Ok` the batch survives the loss of power.
    ///
    /// # Errors
    /// When the batch may not be durable; reopening shows all of it or none.
    fn write(&self, batch: &[Write<'_>]) -> Result<(), StoreError>;

    /// Removes every row of a table.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn clear(&self, table: Table) -> Result<(), StoreError>;
}
