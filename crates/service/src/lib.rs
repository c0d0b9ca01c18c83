//! The management modules: `consortium`, `hsm`, `identity`, `key_holder`, `network`, `operations`, `time`
//! and `users`; `file_error` and `private_file` are what they share about files.
//!
//! **Invariant**: nothing here decides what a ledger accepts. These modules prepare files, keys and
//! processes; every rule that counts is checked again by each node.

pub mod consortium;
pub mod file_error;
pub mod hsm;
pub mod identity;
pub mod key_holder;
pub mod network;
pub mod operations;
pub mod private_file;
pub mod time;
pub mod users;
