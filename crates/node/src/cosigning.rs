//! Cosigning the history tree's checkpoints: which are cosigned, by whom, what is passed on and what is kept.
//!
//! Every node executes the same blocks, so all of them choose the same sizes: about one a second,
//! and one when blocks rest, so that every block is covered soon. A node with a cosigner's key signs each of them and tells
//! the others of the ledger; what they tell is checked against the organisation's root in the
//! ledger's state. Nothing waits for any of it: a ledger goes on without a single cosignature.

mod book;
mod handle;
mod judge;
mod task;
mod thinning;
mod wire;

use crate::consensus::chain::Link;

pub use book::CheckpointBook;
pub use handle::{Kept, KeptCosigner};
pub use task::{Cosigning, Standing};
pub use wire::{MESSAGE_BYTES, Message, Told};

/// Whether the tree that ends with a block is cosigned: the block's time begins another second, or
/// blocks may rest after it. It depends on the blocks alone.
#[must_use]
pub fn is_chosen(before: &Link, link: &Link, root_lag: u64) -> bool {
    let rests = before.owes_roots(root_lag) && !link.owes_roots(root_lag);
    before.time_ms / 1000 != link.time_ms / 1000 || rests
}
