//! Checkpoints of the history tree in C2SP form: the note that every node cosigns, the keys that cosign it and the policy that counts them.
//!
//! The bytes are those of docs/formats/checkpoint.md. Nobody runs the log alone, so a note has no
//! signature of a log: the cosignatures are all there is.

mod key;
mod note;
mod policy;

pub use key::{COSIGNATURE_V1, CosignerKey, KeyMaterial, cosigner_name};
pub use note::{Cosignature, MAX_NOTE_BYTES, MAX_SIGNATURES, SignedCheckpoint};
pub use policy::{
    Group, GroupVerdict, MAX_POLICY_BYTES, Outsider, Policy, PolicyError, PolicyReport, Verdict,
    Witness, WitnessVerdict,
};

use crate::{history::History, names::LedgerId};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blockworm_crypto::Digest;
use std::{fmt::Write as _, str::FromStr};

/// What stands before the ledger's id in the first line of a note.
pub const ORIGIN_PREFIX: &str = "blockworm/";

/// The root of the history tree over the first `size` headers of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub ledger: LedgerId,
    /// How many headers: those of the heights below it.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Why bytes are no checkpoint, no cosigner's key, or a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// More bytes than a note may have.
    #[error("the note has {size} bytes; at most {MAX_NOTE_BYTES} are read")]
    TooLarge {
        /// How many there are.
        size: usize,
    },
    /// Not UTF-8, or with control characters.
    #[error("the note is not UTF-8 text of whole lines without control characters")]
    NotText,
    /// Not three lines, a blank one and signature lines.
    #[error("a checkpoint is three lines, a blank line and signature lines: {0}")]
    Form(&'static str),
    /// The first line does not name a ledger.
    #[error("line 1 is not {ORIGIN_PREFIX}<ledger id>")]
    Origin,
    /// The second line is no size.
    #[error("line 2 is not the number of headers, from 1, in decimal digits without leading zeros")]
    Size,
    /// The third line is no digest.
    #[error("line 3 is not 32 bytes in base64")]
    Root,
    /// More signature lines than are read.
    #[error("the note has more than {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
    /// A signature line is not one.
    #[error("line {line} is no signature line: '— <name> <base64 of key id and signature>'")]
    SignatureLine {
        /// Which line, from 1.
        line: usize,
    },
    /// The text is no verifier key.
    #[error("a cosigner's key is <name>+<key id, 8 hex digits>+<base64>: {0}")]
    Key(&'static str),
    /// The id in a key's text is not the key's.
    #[error("the key id of {name} is {expected}, not {found}")]
    KeyId {
        /// The key's name.
        name: String,
        /// The id of its bytes.
        expected: String,
        /// The id in the text.
        found: String,
    },
    /// Signatures of this algorithm are not checked by this program.
    #[error("signatures of algorithm {algorithm:#04x} are not checked by this program")]
    Unsupported {
        /// The algorithm's byte.
        algorithm: u8,
    },
    /// A signature line of this key does not hold.
    #[error("the cosignature of {name} does not hold: {reason}")]
    Signature {
        /// The key's name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The key could not be used to sign.
    #[error("the cosigner's key did not sign: {0}")]
    Signing(String),
}

impl CheckpointError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "checkpoint.too_large",
            Self::NotText => "checkpoint.not_text",
            Self::Form(_) => "checkpoint.form",
            Self::Origin => "checkpoint.origin",
            Self::Size => "checkpoint.size",
            Self::Root => "checkpoint.root",
            Self::TooManySignatures => "checkpoint.too_many_signatures",
            Self::SignatureLine { .. } => "checkpoint.signature_line",
            Self::Key(_) => "checkpoint.key",
            Self::KeyId { .. } => "checkpoint.key_id",
            Self::Unsupported { .. } => "checkpoint.unsupported",
            Self::Signature { .. } => "checkpoint.signature",
            Self::Signing(_) => "checkpoint.signing",
        }
    }
}

/// The first line of a ledger's notes and policies.
#[must_use]
pub fn origin(ledger: &LedgerId) -> String {
    format!("{ORIGIN_PREFIX}{ledger}")
}

/// The ledger that an origin line names.
///
/// # Errors
/// [`CheckpointError::Origin`].
pub fn parse_origin(line: &str) -> Result<LedgerId, CheckpointError> {
    line.strip_prefix(ORIGIN_PREFIX)
        .and_then(|id| LedgerId::from_str(id).ok())
        .ok_or(CheckpointError::Origin)
}

impl Checkpoint {
    /// The checkpoint of a history as it stands.
    #[must_use]
    pub fn of(ledger: LedgerId, history: &History) -> Self {
        Self {
            ledger,
            size: history.next_height(),
            root: history.root(),
        }
    }

    /// The body of the note, which timestamps and cosignatures cover: three lines.
    #[must_use]
    pub fn body(&self) -> String {
        let mut text = origin(&self.ledger);
        let root = STANDARD.encode(self.root.as_bytes());
        let _ = write!(text, "\n{}\n{root}\n", self.size);
        text
    }

    /// Reads a body: exactly its three lines.
    ///
    /// # Errors
    /// `checkpoint.form`, `checkpoint.origin`, `checkpoint.size`, `checkpoint.root`.
    pub fn parse(body: &str) -> Result<Self, CheckpointError> {
        let lines = body.strip_suffix('\n').map(|text| text.split('\n'));
        let lines: Vec<&str> = lines.into_iter().flatten().take(4).collect();
        let [first, second, third] = lines[..] else {
            return Err(CheckpointError::Form("the body has exactly three lines"));
        };
        let root = STANDARD.decode(third).map_err(|_| CheckpointError::Root)?;
        let checkpoint = Self {
            ledger: parse_origin(first)?,
            size: parse_size(second)?,
            root: Digest(root.try_into().map_err(|_| CheckpointError::Root)?),
        };
        Ok(checkpoint)
    }

    /// The bytes that a cosigner of algorithm [`COSIGNATURE_V1`] signs.
    #[must_use]
    pub fn cosigned_bytes(&self, time_s: u64) -> Vec<u8> {
        format!("cosignature/v1\ntime {time_s}\n{}", self.body()).into_bytes()
    }
}

fn parse_size(line: &str) -> Result<u64, CheckpointError> {
    let digits = line.bytes().all(|byte| byte.is_ascii_digit()) && !line.starts_with('0');
    match line.parse() {
        Ok(size) if digits => Ok(size),
        _ => Err(CheckpointError::Size),
    }
}

#[cfg(test)]
mod tests;
