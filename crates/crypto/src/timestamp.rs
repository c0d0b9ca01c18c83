//! Trusted time: requests, tokens and an authority (RFC 3161), and evidence records that renew tokens (RFC 4998).
//!
//! Everything here is computed from bytes: no clock, no network, no randomness.

mod authority;
mod error;
mod record;
mod request;
mod response;
mod time;
mod token;

pub use authority::{Answer, Authority};
pub use error::TimestampError;
pub use record::{EvidenceRecord, Imprint};
pub use request::Request;
pub use response::{Refusal, Response};
pub use token::{Token, Verified};

use const_oid::ObjectIdentifier;

/// No request is larger, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4096;
/// No token and no response is larger, in bytes.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// No evidence record is larger, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// Most timestamps in one evidence record.
pub const MAX_RENEWALS: usize = 64;
/// Longest nonce and longest serial number, in bytes of their integers.
const MAX_INTEGER_BYTES: usize = 33;

const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
