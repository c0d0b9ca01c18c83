//! What a change would make of what is there, for people who vote.

use crate::session::Failure;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One thing that a change touches, as it is and as it will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Which thing.
    pub what: String,
    /// As it was when the change was proposed.
    pub before: String,
    /// As the change makes it.
    pub after: String,
}

impl Difference {
    pub(crate) fn new(
        what: impl Into<String>,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            before: before.into(),
            after: after.into(),
        }
    }
}

/// A list of names, or `none`.
pub(crate) fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(" ")
}

/// Refuses a decision whose voters read of another state of things.
pub(super) fn check_unchanged(
    number: u64,
    read: &[Difference],
    now: &[Difference],
) -> Result<(), Failure> {
    let of = |list: &[Difference], what: &str| {
        let mut list = list.iter();
        list.find(|one| one.what == what)
            .map(|one| one.before.clone())
            .unwrap_or_default()
    };
    let all = read.iter().chain(now);
    for Difference { what, .. } in all {
        let (was, is) = (of(read, what), of(now, what));
        if was != is {
            return Err(Failure::refused(
                "proposal.superseded",
                format!(
                    "proposal {number} was made when {what} was `{was}`, and now it is `{is}`; propose it anew"
                ),
            ));
        }
    }
    Ok(())
}
