//! What a verification found: every check by name, whether it passed and why.

use crate::names::{LedgerId, OrganisationId};
use blockworm_crypto::Digest;
use serde::Serialize;
use std::{fmt, ops::Deref};

/// The conclusion over all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything holds, back to the pinned genesis.
    Valid,
    /// At least one check failed.
    Broken,
    /// Everything agrees with itself, but nobody said which genesis to trust.
    Unpinned,
}

impl Outcome {
    /// The exit status of `blockworm verify`: 0 valid, 1 broken, 2 unpinned.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Broken => 1,
            Self::Unpinned => 2,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Broken => "broken",
            Self::Unpinned => "consistent but unpinned",
        })
    }
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It needs a pin that was not given.
    Unpinned,
    /// There was nothing to check, or no means to; the reason says which.
    Unchecked,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its stable name, as in docs/formats/proof.md.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub reason: String,
}

/// The checks of a report, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CheckList(Vec<Check>);

impl CheckList {
    /// The check of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Check> {
        self.iter().find(|check| check.name == name)
    }

    /// The checks that ended so.
    pub fn ended(&self, verdict: Verdict) -> impl Iterator<Item = &Check> {
        self.iter().filter(move |check| check.verdict == verdict)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.ended(Verdict::Fail)
    }
}

impl Deref for CheckList {
    type Target = [Check];

    fn deref(&self) -> &[Check] {
        &self.0
    }
}

impl IntoIterator for CheckList {
    type Item = Check;
    type IntoIter = std::vec::IntoIter<Check>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a CheckList {
    type Item = &'a Check;
    type IntoIter = std::slice::Iter<'a, Check>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// All checks of a proof and the conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerificationReport {
    /// The conclusion.
    pub outcome: Outcome,
    /// The ledger that the proof names.
    pub ledger: LedgerId,
    /// The genesis digest that the proof names.
    pub genesis_digest: Digest,
    /// Height of the header that the validators signed.
    pub certified_height: u64,
    /// Block time of that header, milliseconds since 1970.
    pub certified_time_ms: u64,
    /// Organisations whose validators signed, in the order of the validator set; empty unless every
    /// signature holds.
    pub signers: Vec<OrganisationId>,
    /// Every check, in the order in which they were made.
    pub checks: CheckList,
}

/// Gathers checks while something is verified.
#[derive(Debug, Default)]
pub struct Checks {
    list: CheckList,
    /// Whose signatures were found good.
    pub(crate) signers: Vec<OrganisationId>,
}

impl Checks {
    /// Notes a check that found `Ok(what holds)` or `Err(what does not)`.
    pub fn note(&mut self, name: impl Into<String>, found: Result<String, String>) {
        let (verdict, reason) = match found {
            Ok(reason) => (Verdict::Pass, reason),
            Err(reason) => (Verdict::Fail, reason),
        };
        self.push(name, verdict, reason);
    }

    /// Notes a check that needs a pin which was not given.
    pub fn unpinned(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.push(name, Verdict::Unpinned, reason);
    }

    /// Notes a check that there was nothing to make of.
    pub fn unchecked(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.push(name, Verdict::Unchecked, reason);
    }

    /// Notes a check with its verdict.
    pub fn push(&mut self, name: impl Into<String>, verdict: Verdict, reason: impl Into<String>) {
        self.list.0.push(Check {
            name: name.into(),
            verdict,
            reason: reason.into(),
        });
    }

    /// The checks so far.
    #[must_use]
    pub fn list(&self) -> &[Check] {
        &self.list
    }

    /// The conclusion: one failure breaks; one missing pin leaves the rest unpinned.
    #[must_use]
    pub fn conclude(self) -> (Outcome, CheckList, Vec<OrganisationId>) {
        let any = |verdict| self.list.ended(verdict).next().is_some();
        let outcome = if any(Verdict::Fail) {
            Outcome::Broken
        } else if any(Verdict::Unpinned) {
            Outcome::Unpinned
        } else {
            Outcome::Valid
        };
        (outcome, self.list, self.signers)
    }
}
