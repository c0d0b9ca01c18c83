//! Evidence from a file to the ledger and back: how it was captured, what is committed to, where originals are kept, the messages about it.

pub mod age;
mod bech32;
mod depositing;
mod disk;
pub mod import;
mod kept;
pub mod package;
mod papers;
pub mod steps;
pub mod store;

pub use depositing::{Deposited, Made, deposit, settle};
pub use import::{CaptureError, Captured, Device, File, Terms, capture};
pub use kept::{Kept, KeptCapture, Part};
pub use papers::{Paper, attest, cite, erase};
pub use steps::{Evidence, EvidenceError, Story, Way};
pub use store::{Store, StoreError};
