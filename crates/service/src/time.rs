//! Trusted time: the built-in timestamp authority, stamps of checkpoints by any authority, their store and their renewal (docs/time.md).
//!
//! A stamp covers the body of a checkpoint, and so every deposit below its size. A timestamp
//! authority that is down never stops the node, and loses nothing: a later stamp covers the same
//! deposits.

mod authority;
mod client;
mod drift;
mod error;
mod hashes;
mod renewal;
mod serials;
mod stamper;
mod standing;
mod store;

pub use authority::{AuthorityPlan, AuthorityRefusal, TimeAuthority};
pub use client::{Source, Stamped, TimeClient, read_roots};
pub use drift::drift_ms;
pub use error::TimeError;
pub use hashes::{HashAges, parse_date};
pub use stamper::{Checkpoints, StampPlan, Stampable, Stamper};
pub use standing::{Failing, LedgerTime, Standing};
pub use store::{About, Stamp, StampStore};

/// The media type of a request (RFC 3161, section 3.4).
pub const QUERY_MEDIA: &str = "application/timestamp-query";
/// The media type of an answer.
pub const REPLY_MEDIA: &str = "application/timestamp-reply";
/// The policy of the built-in authority unless settings name another: no registered arc, but one
/// under 2.25, which needs no registration (docs/formats/time.md).
pub const POLICY: &str = "2.25.1735552877";
/// The folder of serial numbers and stamps in a node's folder.
pub const TIMESTAMPS: &str = "timestamps";

#[cfg(test)]
mod tests;
