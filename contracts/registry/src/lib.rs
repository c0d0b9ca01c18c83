//! Claims on documents that rival banks share: a fingerprint is free, reserved or financed, and nothing else is known of it.
//!
//! docs/contracts/registry.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod error;
pub mod execute;
pub mod msg;
pub mod query;
pub mod state;

pub use error::RegistryError;
pub use execute::{execute, instantiate};
pub use msg::{ExecuteMsg, InstantiateMsg, QueryMsg, Standing};
pub use query::query;

blockworm_kit::entry_points!();
