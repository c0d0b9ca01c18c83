//! Salted commitments to files: what goes on a ledger in a file's place, and what opens it.

use blockworm_crypto::{Digest, sha256};
use serde::{Deserialize, Serialize};

/// What a file is committed to as: a commitment of one kind never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// A document that an asset stands on.
    Document,
    /// An original that was deposited as evidence.
    Original,
    /// The record of how an original was captured.
    Capture,
    /// What a notary or a court found.
    Findings,
}

impl Domain {
    /// First part of what is hashed.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Document => "blockworm/document-commitment/1",
            Self::Original => "blockworm/evidence/original",
            Self::Capture => "blockworm/evidence/capture",
            Self::Findings => "blockworm/evidence/findings",
        }
    }
}

/// Thirty-two random bytes that keep a commitment from being guessed; hex in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// A fresh one from the operating system.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As packages and openings write it: 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Salt(..)")
    }
}

impl Serialize for Salt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// Shows which file a commitment is to: a secret of those who hold the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// SHA-256 of the file's bytes.
    pub file_digest: Digest,
    /// The salt.
    pub salt: Salt,
}

impl Opening {
    /// Of any file, with a fresh salt.
    ///
    /// # Errors
    /// Why the operating system gave no random bytes.
    pub fn of(file: &[u8]) -> Result<Self, String> {
        let salt = Salt::random().map_err(|error| error.to_string())?;
        let file_digest = sha256(&[file]);
        Ok(Self { file_digest, salt })
    }

    /// What the ledger holds of a document: [`Self::commitment_as`] of [`Domain::Document`].
    pub fn commitment(&self) -> Digest {
        self.commitment_as(Domain::Document)
    }

    /// What the ledger holds: SHA-256 of the domain's text, a zero byte, the salt and the file's
    /// SHA-256.
    #[must_use]
    pub fn commitment_as(&self, domain: Domain) -> Digest {
        sha256(&[
            domain.text().as_bytes(),
            &[0],
            &self.salt.0,
            self.file_digest.as_bytes(),
        ])
    }

    /// Whether `file` is the one that a document's `commitment` was made for.
    pub fn opens(&self, commitment: &Digest, file: &[u8]) -> bool {
        sha256(&[file]) == self.file_digest && self.commitment() == *commitment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{ printf 'blockworm/evidence/original\0'; printf '%064d' 0 | xxd -r -p; printf x | sha256sum | cut -c1-64 | xxd -r -p; } | sha256sum`
    #[test]
    fn a_commitment_is_what_sha256sum_says() {
        let opening = Opening {
            file_digest: sha256(&[b"x"]),
            salt: Salt([0; 32]),
        };
        let original = opening.commitment_as(Domain::Original);
        assert_eq!(
            original.to_string(),
            "422e02f2ba137078758a9aa2eeaa8b44f74fd5671dc954c6d81340f65a52fa7c"
        );
        let all = [
            Domain::Document,
            Domain::Original,
            Domain::Capture,
            Domain::Findings,
        ];
        let mut made: Vec<Digest> = all.map(|domain| opening.commitment_as(domain)).to_vec();
        made.sort_by_key(ToString::to_string);
        made.dedup();
        assert_eq!(made.len(), all.len());
    }
}
