//! Holdings of assets: moved, split, merged, pledged, locked, exchanged both ways at once, frozen by a court.
//!
//! docs/contracts/asset-transaction.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod error;
pub mod execute;
pub(crate) mod holdings;
pub(crate) mod issuance;
pub(crate) mod manager;
pub mod msg;
pub(crate) mod offers;
pub(crate) mod parts;
pub(crate) mod proposals;
pub mod query;
pub mod state;

pub use error::AssetError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, QueryMsg};
pub use query::query;

blockworm_kit::entry_points!();
