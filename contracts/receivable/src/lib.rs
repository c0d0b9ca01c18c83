//! Receivables as assets: issued on an invoice, confirmed by the buyer, split down the chain of suppliers, each part financed once, settled, or taken back by recourse.
//!
//! docs/contracts/receivable.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod error;
pub mod execute;
pub mod lifecycle;
pub mod msg;
pub(crate) mod overdue;
pub(crate) mod payments;
pub mod pledge;
pub mod query;
pub mod state;

pub use error::ReceivableError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, Payload, QueryMsg, ReceivableResponse, Reservation};
pub use query::query;

blockworm_kit::entry_points!();
