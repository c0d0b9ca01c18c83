//! What can go wrong when asking a node, and what to do next.

use crate::problem::Problem;

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one of a node's API.
    #[error("{address:?} is not an address of a node: give one like http://127.0.0.1:7400")]
    Address {
        /// What was given.
        address: String,
    },
    /// Nobody was named whom an `https://` node's certificate must come from.
    #[error("{address} speaks TLS: say which root certificate to trust (--server-ca FILE)")]
    NoRoots {
        /// What was given.
        address: String,
    },
    /// A certificate or key cannot be used for TLS.
    #[error("{what} cannot be used for TLS: {reason}")]
    Tls {
        /// Which.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// An API key would cross the network unencrypted.
    #[error("an API key is not sent to {address} in the clear: use an https:// address")]
    KeyInTheClear {
        /// Where it would have gone.
        address: String,
    },
    /// The text is no API key.
    #[error("an API key is `bwk_` and 64 hex digits")]
    BadKey,
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot start")]
    Setup {
        /// What it said.
        #[source]
        source: reqwest::Error,
    },
    /// Nobody answers there.
    #[error("no node answers at {address}: is it running? See `blockworm status --dir DIR`")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        #[source]
        source: reqwest::Error,
    },
    /// It did not answer in time.
    #[error(
        "the node at {address} did not answer within {limit_s} s; see `blockworm status --dir DIR`"
    )]
    Timeout {
        /// Where.
        address: String,
        /// The limit, seconds.
        limit_s: u64,
    },
    /// The node refused.
    #[error("{}: {}{}{}", .0.code, .0.detail, if .0.next.is_empty() { "" } else { ". " }, .0.next)]
    Problem(Box<Problem>),
    /// Something else answers there, or a node of another version.
    #[error("what answers at {address} is not a node of this version: {reason}")]
    Unexpected {
        /// Where.
        address: String,
        /// What was odd.
        reason: String,
    },
}

impl ClientError {
    /// The problem's stable code, when the node refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Problem(problem) => matches!(problem.status, 409 | 429 | 503),
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            _ => false,
        }
    }
}
