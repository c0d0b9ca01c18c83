//! Evidence: commitments to files, chained into matters, attested by notaries and courts, disputed and decided, kept and held; never a file itself.
//!
//! docs/contracts/evidence.md draws the states and lists roles, messages and codes.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub(crate) mod acts;
pub mod chain;
pub(crate) mod deposits;
pub mod error;
pub mod execute;
pub mod lifecycle;
pub mod msg;
pub mod query;
pub mod state;

pub use error::EvidenceError;
pub use execute::{execute, instantiate};
pub use msg::{Deposit, ExecuteMsg, InstantiateMsg, QueryMsg};
pub use query::query;

blockworm_kit::entry_points!();
