//! What an organisation keeps of a deposit beside the original: openings, the capture record, and where it stands on the ledger.

use crate::commitment::{Domain, Opening, Salt};
use blockworm_crypto::Digest;
use serde::{Deserialize, Serialize};

/// What stands in a kept record's `format`.
pub(super) const KEPT_FORMAT: &str = "blockworm-evidence-kept/1";

/// What a kept file is to its matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// An entry's original; numbers are those of entries.
    Original,
    /// What a notary or a court found; numbers are those of attestations.
    Findings,
    /// An order, a decision or a dispute's reasons, by its plain digest; numbers are those of acts.
    Document,
}

/// A file that lies in the store, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub(super) format: String,
    /// The ledger's id.
    pub ledger: String,
    /// The matter.
    pub matter: String,
    /// What it is to the matter.
    pub part: Part,
    /// What stands on the ledger: a commitment, or a document's digest.
    pub commitment: Digest,
    /// The salt of the commitment; none of a document.
    pub salt: Option<Salt>,
    /// Of the file.
    pub sha256: Digest,
    /// Bytes of the file.
    pub size: u64,
    /// Its name as it came.
    pub name: String,
    /// What it is by its first bytes and its name, or by whoever brought it.
    pub media_type: String,
    /// How it was captured; of an original alone.
    pub capture: Option<KeptCapture>,
    /// The member who brought it.
    pub by: String,
    /// When it was kept, milliseconds since 1970.
    pub kept_ms: u64,
    /// In its matter, once the ledger has it. Of a document the first act that cites it.
    pub number: Option<u32>,
    /// The transaction that put it there.
    pub transaction: Option<String>,
    /// Whether the original was destroyed here.
    pub erased: bool,
}

/// How an original was captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptCapture {
    /// The record, as its commitment covers it.
    pub record: String,
    /// Of the record's bytes.
    pub sha256: Digest,
    /// The salt of the commitment to it.
    pub salt: Salt,
    /// What stands on the ledger.
    pub commitment: Digest,
    /// As the ledger has it, or will have it.
    pub phase: String,
    /// Likewise.
    pub kind: String,
    /// Likewise.
    pub method: String,
    /// Likewise, milliseconds since 1970.
    pub captured_ms: u64,
}

impl Kept {
    /// Whether the openings are those of the commitments, and the record is the one committed to.
    pub(super) fn is_sound(&self) -> bool {
        let domain = match self.part {
            Part::Original => Some(Domain::Original),
            Part::Findings => Some(Domain::Findings),
            Part::Document => None,
        };
        let opens = match (domain, self.salt) {
            (Some(domain), Some(salt)) => {
                let file_digest = self.sha256;
                let opening = Opening { file_digest, salt };
                opening.commitment_as(domain) == self.commitment
            }
            (None, None) => self.sha256 == self.commitment,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let captured = match (&self.capture, self.part) {
            (Some(capture), Part::Original) => capture.is_sound(),
            (None, Part::Findings | Part::Document) => true,
            (Some(_), _) | (None, Part::Original) => false,
        };
        self.format == KEPT_FORMAT && opens && captured
    }
}

impl KeptCapture {
    fn is_sound(&self) -> bool {
        let file_digest = blockworm_crypto::sha256(&[self.record.as_bytes()]);
        let salt = self.salt;
        let opening = Opening { file_digest, salt };
        file_digest == self.sha256 && opening.commitment_as(Domain::Capture) == self.commitment
    }
}
