//! Ordered key-value state with an authenticated root.
//!
//! [`State`] keeps the values of a ledger in an ordered [`Store`], shows staged blocks to readers
//! at once, and commits blocks as one atomic, durable batch: values, the pairs behind the root,
//! side rows, height and root. The root is a Merkle bucket tree (docs/state.md,
//! docs/formats/state-root.md) that depends on the content alone, never on its history.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

mod cache;
mod commit;
mod compression;
mod digests;
mod error;
mod fjall_store;
mod load;
mod memory_store;
mod overlay;
mod pairs;
mod prove;
mod session;
mod side;
mod state;
mod store;
mod system;
mod view;

pub use compression::{CompressionError, compress, decompress};
pub use error::{StateError, StoreError};
pub use fjall_store::{FjallOptions, FjallStore};
pub use memory_store::MemoryStore;
pub use overlay::Writes;
pub use prove::Proved;
pub use side::{Column, SideRow};
pub use state::{RECENT_ROOTS, State, StateOptions};
pub use store::{Order, Row, Store, StoreView, Table, Visitor, Write};
pub use view::StateView;
