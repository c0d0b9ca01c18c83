//! What the checks of a package found.

use blockworm_ledger::report::{CheckList, Outcome};
use serde::Serialize;

/// The earliest time that somebody outside the consortium vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarliestTime {
    /// The token's time, milliseconds since 1970.
    pub time_ms: u64,
    /// Whose certificate signed the token.
    pub authority: String,
    /// The root that was pinned.
    pub root: String,
    /// The checkpoint that was stamped: its number of headers.
    pub checkpoint: u64,
}

/// All checks of a package and the conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageReport {
    /// `blockworm-verification/1`.
    pub format: &'static str,
    /// The conclusion.
    pub outcome: Outcome,
    /// The matter, where the package could be read.
    pub matter: Option<String>,
    /// The ledger that it names.
    pub ledger: Option<String>,
    /// The genesis digest that it names.
    pub genesis_digest: Option<String>,
    /// The earliest time by an authority outside the consortium whose root was pinned.
    pub earliest_outside_time: Option<EarliestTime>,
    /// Every check, in the order in which they were made.
    pub checks: CheckList,
}
