//! Claims on shares of documents that rival banks finance: reserved, financed, released; nothing else is known of a document than its fingerprints.
//!
//! docs/contracts/registry.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

mod commitment;
pub mod error;
pub mod execute;
mod keys;
pub mod msg;
pub mod query;
mod reserve;
mod sets;
pub mod state;

pub use commitment::{DOMAIN, commitment};
pub use error::RegistryError;
pub use execute::{execute, instantiate};
pub use msg::{DocumentSet, ExecuteMsg, InstantiateMsg, Part, QueryMsg, Standing};
pub use query::query;

blockworm_kit::entry_points!();
