//! Transactions, blocks, receipts, canonical encoding, proofs and their offline verification.
//! No I/O, no clock, no engine.
#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod amount;
pub mod anchor;
pub mod block;
pub mod chain;
pub mod checkpoint;
pub mod codes;
pub mod finality;
pub mod genesis;
pub mod genesis_check;
pub mod history;
pub mod json_bytes;
pub mod names;
pub mod proof;
pub mod proof_file;
pub mod receipt;
pub mod records;
pub mod report;
pub mod state_claim;
pub mod state_proof;
pub mod transaction;
pub mod transaction_view;
pub mod transactions;

pub use amount::{Amount, Currency};
pub use anchor::{Anchor, Handover};
pub use block::{Block, BlockLimits, Header, Transactions};
pub use chain::CertifiedHeaders;
pub use checkpoint::{Checkpoint, CosignerKey, SignedCheckpoint};
pub use finality::FinalityProof;
pub use genesis::{Genesis, Parameters};
pub use history::History;
pub use names::{ContractName, LedgerId, MemberId, OrganisationId};
pub use proof::{Pin, TransactionProof};
pub use receipt::{Event, Receipt};
pub use report::{Outcome, VerificationReport};
pub use state_claim::{ForeignState, StateAnswerProof, StateClaim};
pub use state_proof::StateProof;
pub use transaction::{Transaction, TransactionBody, TransactionId, TransactionView};
