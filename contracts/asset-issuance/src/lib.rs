//! Classes of assets and the life of each asset: who may issue, approve, freeze and redeem it, and on what backing.
//!
//! docs/contracts/asset-issuance.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub(crate) mod actions;
pub mod check;
pub mod error;
pub mod execute;
pub mod lifecycle;
pub(crate) mod manage;
pub mod msg;
pub mod query;
pub mod state;

pub use error::IssuanceError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, QueryMsg};
pub use query::query;

blockworm_kit::entry_points!();
