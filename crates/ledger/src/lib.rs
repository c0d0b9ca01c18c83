//! Transactions, blocks, receipts, canonical encoding, proofs and their offline verification.
//! No I/O, no clock, no engine.

pub mod amount;
pub mod block;
pub mod finality;
pub mod genesis;
pub mod names;
pub mod proof;
pub mod receipt;
pub mod state_proof;
pub mod transaction;

pub use amount::{Amount, Currency};
pub use block::{Block, Header, Transactions};
pub use genesis::Genesis;
pub use names::{ContractName, LedgerId, MemberId, OrganisationId};
pub use receipt::{Event, Receipt};
pub use transaction::{Transaction, TransactionBody, TransactionId};
