//! Cosigning the history tree's checkpoints: which are cosigned, by whom, what is passed on and what is kept.
//!
//! Every node executes the same blocks, so all of them choose the same sizes: those after which a
//! block's time begins another second. A node with a cosigner's key signs each of them and tells
//! the others of the ledger; what they tell is checked against the organisation's root in the
//! ledger's state. Nothing waits for any of it: a ledger goes on without a single cosignature.

mod book;
mod handle;
mod judge;
mod task;
mod thinning;
mod wire;

pub use book::CheckpointBook;
pub use handle::{Kept, KeptCosigner};
pub use task::{Cosigning, Standing};
pub use wire::{MESSAGE_BYTES, Message, Told};

/// Whether the tree that ends with a block of time `time_ms`, after one of time `before_ms`, is
/// cosigned. It depends on the blocks alone.
#[must_use]
pub const fn is_chosen(before_ms: u64, time_ms: u64) -> bool {
    before_ms / 1000 != time_ms / 1000
}
