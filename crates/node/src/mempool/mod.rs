//! Transactions that wait for a block: checked once, kept once, drained fairly.

pub mod admission;
pub mod state;

pub use admission::{Admission, Admitting, Now, Origin};
pub use state::{Limits, Mempool, Pending, Refused};
