//! What a policy says of one note: who counts, who does not and why, and whether it is enough.

use super::Policy;
use crate::checkpoint::{CheckpointError, Cosignature, SignedCheckpoint};
use std::collections::BTreeMap;

/// Whether a witness cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Signed {
        /// When, in seconds since 1970, by its own clock.
        time_s: u64,
    },
    /// There is no line of it.
    Missing,
    /// There is a line of it that does not hold.
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// There is a line of it, of an algorithm that this program does not check.
    Unsupported {
        /// The algorithm's byte.
        algorithm: u8,
    },
}

/// What became of one witness of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessVerdict {
    /// Its name within the policy.
    pub name: String,
    /// The name of its key.
    pub key_name: String,
    /// Whether it cosigned.
    pub verdict: Verdict,
    /// How many lines of it stand beside the first; they count for nothing.
    pub duplicates: usize,
}

/// How many members of a group cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupVerdict {
    /// The group's name.
    pub name: String,
    /// How many members it needs.
    pub needed: usize,
    /// How many it has.
    pub have: usize,
}

impl GroupVerdict {
    /// Whether that is enough.
    #[must_use]
    pub const fn met(&self) -> bool {
        self.have >= self.needed
    }
}

/// A line of the note that no witness of the policy signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// The name on the line.
    pub name: String,
    /// The key id on the line, as hex digits.
    pub key_id: String,
}

/// What a policy says of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReport {
    /// Whether enough of them cosigned a checkpoint of the policy's ledger.
    pub met: bool,
    /// Whether the note is of the policy's ledger at all.
    pub ledger_matches: bool,
    /// Every witness, in the order of the policy.
    pub cosigners: Vec<WitnessVerdict>,
    /// Every group, in the order of the policy.
    pub groups: Vec<GroupVerdict>,
    /// Lines of the note that are nobody's of the policy.
    pub outsiders: Vec<Outsider>,
}

impl Policy {
    /// Judges a note. Each witness counts once, whoever else signed.
    #[must_use]
    pub fn evaluate(&self, signed: &SignedCheckpoint) -> PolicyReport {
        let ledger_matches = signed.checkpoint.ledger == self.ledger;
        let mut votes = BTreeMap::new();
        let mut cosigners = Vec::new();
        for witness in &self.witnesses {
            let lines = signed.cosignatures.iter();
            let lines: Vec<_> = lines.filter(|line| line.is_of(&witness.key)).collect();
            let verdict = verdict(&lines, |line| line.verify(&signed.checkpoint, &witness.key));
            let counts = matches!(verdict, Verdict::Signed { .. }) && ledger_matches;
            votes.insert(witness.name.as_str(), counts);
            cosigners.push(WitnessVerdict {
                name: witness.name.clone(),
                key_name: witness.key.name.clone(),
                verdict,
                duplicates: lines.len().saturating_sub(1),
            });
        }
        let mut groups = Vec::new();
        for group in &self.groups {
            let voted = |member: &&String| votes.get(member.as_str()) == Some(&true);
            let group_verdict = GroupVerdict {
                name: group.name.clone(),
                needed: group.threshold,
                have: group.members.iter().filter(voted).count(),
            };
            votes.insert(group.name.as_str(), group_verdict.met());
            groups.push(group_verdict);
        }
        let known = |line: &&Cosignature| self.witnesses.iter().any(|one| line.is_of(&one.key));
        let outsiders = signed.cosignatures.iter().filter(|line| !known(line));
        PolicyReport {
            met: votes.get(self.quorum.as_str()) == Some(&true),
            ledger_matches,
            cosigners,
            groups,
            outsiders: outsiders
                .map(|line| Outsider {
                    name: line.name.clone(),
                    key_id: hex::encode(line.key_id),
                })
                .collect(),
        }
    }
}

/// The first line that holds counts; a line that does not hold is told of only where none does.
fn verdict(
    lines: &[&Cosignature],
    verify: impl Fn(&Cosignature) -> Result<u64, CheckpointError>,
) -> Verdict {
    let mut first = None;
    for line in lines {
        match verify(line) {
            Ok(time_s) => return Verdict::Signed { time_s },
            Err(CheckpointError::Unsupported { algorithm }) => {
                return Verdict::Unsupported { algorithm };
            }
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Verdict::Missing, |error| Verdict::Invalid {
        reason: error.to_string(),
    })
}
