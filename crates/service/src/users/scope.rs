//! What a key or a person may do at a node's API.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a key lets its holder do, and what a person who signed in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read ledgers: blocks, transactions, receipts, state, proofs, events, queries.
    Read,
    /// Submit signed transactions and follow their receipts.
    Submit,
    /// Read the node's figures.
    Metrics,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Metrics];

    /// As it is written in files, flags and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| "a scope is read, submit or metrics".to_owned())
    }
}
