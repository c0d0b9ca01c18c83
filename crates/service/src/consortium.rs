//! Consortia: founding one by signatures from several machines, inviting organisations, and the plan of a local one.

mod error;
mod files;
pub mod founding;
pub mod invitation;
mod own;
mod plan;

pub use error::ConsortiumError;
pub use files::{read_file, write_file};
pub use own::{Own, OwnPlan};
pub use plan::{
    BUYER, Founder, FounderPlan, KEY_HOLDERS, LedgerPlan, MemberPlan, REGISTRY, RIVAL, SUPPLIER,
    TRADE, first_members, genesis, local_founders, local_ledgers, local_parameters,
};
