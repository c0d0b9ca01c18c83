//! Deterministic block execution: the contract host, pricing and the system contracts.
//!
//! [`Executor`] runs the blocks of one ledger in order over [`blockworm_state::State`]. Whatever a
//! transaction does, every node computes the same receipts and writes: contracts see only their
//! state, the block's height and time, and the member who asks. [`Admission`] and [`Reader`] are
//! cheap handles for other threads.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

mod admission;
mod base;
mod block;
mod builtins;
mod call;
mod contracts;
mod directory;
mod error;
mod executor;
mod genesis;
mod guard;
mod host;
pub mod invitation;
mod merge;
mod pricing;
mod reader;
mod records;
mod replay;
mod session;
mod system;
#[cfg(feature = "wasm")]
mod wasm;

pub use admission::Admission;
pub use block::BlockOutcome;
pub use builtins::{Builtins, CallError, Native, NativeContract};
pub use contracts::FIRST_BUSINESS_CONTRACT;
pub use error::{ExecutionError, Refusal};
pub use executor::Executor;
pub use pricing::Price;
pub use reader::Reader;
pub use records::{AnchorRecord, ContractRecord, MemberRecord, OrganisationRecord};
pub use system::{
    Act, Action, ActionKind, AdmittedNode, ContractsQuery, Difference, DismissedNode, LedgerMsg,
    LedgerQuery, MembersMsg, MembersQuery, Membership, MembershipAction, NewMember,
    OrganisationsQuery, ProposalsMsg, ProposalsQuery,
};
