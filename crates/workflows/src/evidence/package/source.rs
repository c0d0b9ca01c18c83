//! What the exporter asks of others: a node for what the ledger proves, the holder's own folder for originals.

use blockworm_crypto::{Digest, sha256};
use serde::Deserialize;
use serde_json::Value;

/// A node of the ledger.
pub trait Source {
    /// Why it did not answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Asks a contract.
    fn query(
        &mut self,
        contract: &str,
        question: &Value,
    ) -> impl Future<Output = Result<Value, Self::Error>> + Send;

    /// The `blockworm-proof` file of a transaction, waiting until it can be made.
    fn proof(
        &mut self,
        transaction: &str,
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// One `blockworm-state` file of all these values (contract, key), waiting likewise.
    fn states(
        &mut self,
        keys: &[(String, Vec<u8>)],
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// The earliest checkpoint that the node keeps whose tree holds a height, or else its newest.
    fn checkpoint(
        &mut self,
        covering: u64,
    ) -> impl Future<Output = Result<Option<CheckpointAnswer>, Self::Error>> + Send;

    /// A header with its path in the history tree of a size.
    fn history(
        &mut self,
        height: u64,
        size: u64,
    ) -> impl Future<Output = Result<HistoryAnswer, Self::Error>> + Send;

    /// The earliest timestamped checkpoint whose tree holds a height.
    fn stamped(
        &mut self,
        covering: u64,
    ) -> impl Future<Output = Result<Option<StampAnswer>, Self::Error>> + Send;

    /// An organisation's list of revoked certificates, DER.
    fn revocations(
        &mut self,
        organisation: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;

    /// The nodes that keep the ledger.
    fn nodes(&mut self) -> impl Future<Output = Result<Vec<NodeSeen>, Self::Error>> + Send;
}

/// A checkpoint with those who cosigned it.
#[derive(Clone, Debug, Deserialize)]
pub struct CheckpointAnswer {
    /// The C2SP note.
    pub note: String,
    /// How many headers its tree holds.
    pub size: u64,
    /// Who cosigned.
    #[serde(default)]
    pub cosigners: Vec<CosignerSeen>,
}

/// A cosigner as a node tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct CosignerSeen {
    /// Its name in the note.
    pub name: String,
    /// Whose node it is.
    pub organisation: String,
    /// Its key as policies name it.
    pub vkey: String,
    /// Its certificate's chain.
    #[serde(default)]
    pub chain_pem: Option<String>,
}

/// A header with its path.
#[derive(Clone, Debug, Deserialize)]
pub struct HistoryAnswer {
    /// `index`, `size` and `path`.
    pub inclusion: Inclusion,
}

/// A path in a Merkle tree.
#[derive(Clone, Debug, Deserialize)]
pub struct Inclusion {
    /// The leaf's place.
    pub index: u64,
    /// The tree's size.
    pub size: u64,
    /// Siblings, from the leaf upwards.
    pub path: Vec<Digest>,
}

/// A timestamped checkpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct StampAnswer {
    /// How many headers its tree holds.
    pub size: u64,
    /// The C2SP note.
    pub note: String,
    /// The RFC 3161 token, base64.
    pub token: String,
    /// The RFC 4998 record, base64.
    #[serde(default)]
    pub evidence_record: Option<String>,
    /// The authority's chain.
    #[serde(default)]
    pub tsa_chain_pem: Option<String>,
}

/// A node that keeps the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeen {
    /// Whose it is.
    pub organisation: String,
    /// Its consensus key.
    pub key: String,
    /// Whether it votes.
    pub votes: bool,
}

/// What a member holds of a matter, in its own folder.
pub trait Holdings {
    /// The original of an entry with this commitment, in plain or encrypted form.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn original(
        &self,
        matter: &str,
        number: u32,
        commitment: &str,
    ) -> Result<Option<Original>, String>;

    /// The file behind a salted digest: a capture record or a notary's findings.
    ///
    /// # Errors
    /// Likewise.
    fn opened(&self, matter: &str, committed: &str) -> Result<Option<Opened>, String>;

    /// A document by its plain digest, with its name: reasons, orders, decisions.
    ///
    /// # Errors
    /// Likewise.
    fn document(&self, matter: &str, digest: &str) -> Result<Option<(String, Vec<u8>)>, String>;
}

/// An original as it goes into the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The file's name.
    pub name: String,
    /// The file, or its encrypted form.
    pub bytes: Vec<u8>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// SHA-256 of the plain file and the salt, where they are handed over.
    pub opening: Option<(Digest, [u8; 32])>,
}

/// A file with the salt that opens its commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file.
    pub bytes: Vec<u8>,
    /// The salt.
    pub salt: [u8; 32],
}

/// The salted digest of a file: SHA-256 of `blockworm/evidence/` what ‖ 00 ‖ salt ‖ SHA-256 of the file.
#[must_use]
pub fn commitment(what: &str, salt: &[u8; 32], file: &Digest) -> Digest {
    let label = format!("blockworm/evidence/{what}");
    sha256(&[label.as_bytes(), &[0], salt, file.as_bytes()])
}
