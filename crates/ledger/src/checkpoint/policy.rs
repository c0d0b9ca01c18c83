//! The policy that a verifier pins: which cosigners it knows and which of them together are enough.

mod evaluate;

pub use evaluate::{GroupVerdict, Outsider, PolicyReport, Verdict, WitnessVerdict};

use super::{CheckpointError, CosignerKey, parse_origin};
use crate::names::LedgerId;
use std::collections::BTreeSet;

/// Most bytes of a policy.
pub const MAX_POLICY_BYTES: usize = 256 << 10;
/// Most witnesses, and most groups, of a policy.
const MAX_NAMES: usize = 256;

/// A policy: what counts as cosigned by enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The ledger whose checkpoints it judges.
    pub ledger: LedgerId,
    /// The cosigners that it knows.
    pub witnesses: Vec<Witness>,
    /// Its groups; each names only what stands above it.
    pub groups: Vec<Group>,
    /// The witness or group whose cosignature is enough.
    pub quorum: String,
}

/// A cosigner that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: CosignerKey,
}

/// So many of these must have cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name within the policy.
    pub name: String,
    /// How many of the members.
    pub threshold: usize,
    /// Witnesses and groups.
    pub members: Vec<String>,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More bytes than are read.
    #[error("the policy has {size} bytes; at most {MAX_POLICY_BYTES} are read")]
    TooLarge {
        /// How many there are.
        size: usize,
    },
    /// Not UTF-8, or with control characters other than tab and line feed.
    #[error("the policy is not UTF-8 text without control characters")]
    NotText,
    /// The first line that says something is not the origin, or it is said twice.
    #[error("line {line}: a policy begins with one line 'origin blockworm/<ledger id>'")]
    Origin {
        /// Which line, from 1.
        line: usize,
    },
    /// A line that is none of the grammar's.
    #[error("line {line}: {reason}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What was expected.
        reason: &'static str,
    },
    /// A witness's key is not one.
    #[error("line {line}: {source}")]
    Key {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: CheckpointError,
    },
    /// A name is given twice.
    #[error("line {line}: the name {name} is taken")]
    DuplicateName {
        /// Which line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// One key under two names would count twice.
    #[error("line {line}: witness {name} has the key of witness {other}")]
    DuplicateKey {
        /// Which line, from 1.
        line: usize,
        /// The second name.
        name: String,
        /// The first.
        other: String,
    },
    /// A member that no line above defines: so groups never form a cycle.
    #[error("line {line}: no line above defines {name}")]
    UnknownMember {
        /// Which line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// A member that stands twice in one group.
    #[error("line {line}: {name} stands twice in the group")]
    RepeatedMember {
        /// Which line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// Nobody, or more than all, would have to sign.
    #[error("line {line}: the threshold is all, any, or 1 to {members}, the number of members")]
    Threshold {
        /// Which line, from 1.
        line: usize,
        /// How many members the group has.
        members: usize,
    },
    /// There is not exactly one quorum, or it is none.
    #[error("a policy has exactly one line 'quorum <witness or group>', and it is not none")]
    Quorum,
    /// More witnesses or groups than are read.
    #[error("a policy has at most {MAX_NAMES} witnesses and as many groups")]
    TooMany,
}

impl PolicyError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "policy.too_large",
            Self::NotText => "policy.not_text",
            Self::Origin { .. } => "policy.origin",
            Self::Line { .. } => "policy.line",
            Self::Key { .. } => "policy.key",
            Self::DuplicateName { .. } => "policy.duplicate_name",
            Self::DuplicateKey { .. } => "policy.duplicate_key",
            Self::UnknownMember { .. } => "policy.unknown_member",
            Self::RepeatedMember { .. } => "policy.repeated_member",
            Self::Threshold { .. } => "policy.threshold",
            Self::Quorum => "policy.quorum",
            Self::TooMany => "policy.too_many",
        }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first rule of docs/formats/checkpoint.md that it breaks.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLarge { size: text.len() });
        }
        let text = str::from_utf8(text).map_err(|_| PolicyError::NotText)?;
        let control = |letter: char| letter.is_ascii_control() && !matches!(letter, '\n' | '\t');
        if text.chars().any(control) {
            return Err(PolicyError::NotText);
        }
        let mut reading = Reading::default();
        for (index, line) in text.split('\n').enumerate() {
            let words: Vec<&str> = line
                .split([' ', '\t'])
                .filter(|word| !word.is_empty())
                .collect();
            if words.first().is_some_and(|word| !word.starts_with('#')) {
                reading.line(index + 1, &words)?;
            }
        }
        Ok(Self {
            ledger: reading.ledger.ok_or(PolicyError::Origin { line: 1 })?,
            witnesses: reading.witnesses,
            groups: reading.groups,
            quorum: reading.quorum.ok_or(PolicyError::Quorum)?,
        })
    }
}

/// A policy as far as it is read.
#[derive(Default)]
struct Reading {
    ledger: Option<LedgerId>,
    names: BTreeSet<String>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<String>,
}

impl Reading {
    fn line(&mut self, line: usize, words: &[&str]) -> Result<(), PolicyError> {
        if self.ledger.is_some() == (words[0] == "origin") {
            return Err(PolicyError::Origin { line });
        }
        match words {
            ["origin", origin] => {
                let ledger = parse_origin(origin).map_err(|_| PolicyError::Origin { line })?;
                self.ledger = Some(ledger);
                Ok(())
            }
            ["origin", ..] => Err(PolicyError::Origin { line }),
            // The URL says where a witness is asked; nobody is asked here.
            ["witness", name, key] | ["witness", name, key, _] => self.witness(line, name, key),
            ["group", name, threshold, members @ ..] => self.group(line, name, threshold, members),
            ["quorum", name] => self.quorum(line, name),
            ["log", ..] => Err(PolicyError::Line {
                line,
                reason: "nobody runs this log alone, so no key signs for it: leave the line out",
            }),
            _ => Err(PolicyError::Line {
                line,
                reason: "expected 'witness <name> <key>', 'group <name> <number|all|any> <member>…' or 'quorum <name>'",
            }),
        }
    }

    fn define(&mut self, line: usize, name: &str) -> Result<(), PolicyError> {
        if self.witnesses.len() > MAX_NAMES || self.groups.len() > MAX_NAMES {
            return Err(PolicyError::TooMany);
        }
        if name == "none" || !self.names.insert(name.into()) {
            let name = name.into();
            return Err(PolicyError::DuplicateName { line, name });
        }
        Ok(())
    }

    fn witness(&mut self, line: usize, name: &str, key: &str) -> Result<(), PolicyError> {
        self.define(line, name)?;
        let key: CosignerKey = key
            .parse()
            .map_err(|source| PolicyError::Key { line, source })?;
        let same = |other: &&Witness| other.key.bytes() == key.bytes();
        if let Some(other) = self.witnesses.iter().find(same) {
            return Err(PolicyError::DuplicateKey {
                line,
                name: name.into(),
                other: other.name.clone(),
            });
        }
        self.witnesses.push(Witness {
            name: name.into(),
            key,
        });
        if self.witnesses.len() > MAX_NAMES {
            return Err(PolicyError::TooMany);
        }
        Ok(())
    }

    fn group(
        &mut self,
        line: usize,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), PolicyError> {
        let mut seen = BTreeSet::new();
        for &member in members {
            let name = member.to_owned();
            if !self.names.contains(member) {
                return Err(PolicyError::UnknownMember { line, name });
            }
            if !seen.insert(member) {
                return Err(PolicyError::RepeatedMember { line, name });
            }
        }
        let decimal = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            text.parse::<usize>().ok().filter(|_| digits)
        };
        let wanted = match threshold {
            "all" => Some(members.len()),
            "any" => Some(1),
            number => decimal(number),
        };
        let threshold = wanted
            .filter(|wanted| (1..=members.len()).contains(wanted))
            .ok_or(PolicyError::Threshold {
                line,
                members: members.len(),
            })?;
        self.define(line, name)?;
        self.groups.push(Group {
            name: name.into(),
            threshold,
            members: members.iter().map(|&member| member.into()).collect(),
        });
        if self.groups.len() > MAX_NAMES {
            return Err(PolicyError::TooMany);
        }
        Ok(())
    }

    fn quorum(&mut self, line: usize, name: &str) -> Result<(), PolicyError> {
        if name == "none" || self.quorum.is_some() {
            return Err(PolicyError::Quorum);
        }
        if !self.names.contains(name) {
            let name = name.into();
            return Err(PolicyError::UnknownMember { line, name });
        }
        self.quorum = Some(name.into());
        Ok(())
    }
}
