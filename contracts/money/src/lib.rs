//! Settlement money: units issued by a bank and transferred by their holders.
//!
//! A unit is the claim that a bank's `issue` booked on the ledger; what it is worth outside is the
//! agreement between that bank and the consortium. docs/contracts/money.md has the rules.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod error;
pub mod execute;
pub mod msg;
pub mod query;
pub mod state;

pub use error::MoneyError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, QueryMsg};
pub use query::query;

blockworm_kit::entry_points!();
