//! A first receivable: issued on an invoice, confirmed by the buyer, financed once, settled.
//!
//! docs/contracts/receivable.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod error;
pub mod execute;
pub mod msg;
pub mod pledge;
pub mod query;
pub mod state;

pub use error::ReceivableError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, Payload, QueryMsg, ReceivableResponse, Reservation};
pub use query::query;

blockworm_kit::entry_points!();
