//! One proof file, checked against the genesis that somebody pinned.

use blockworm_crypto::Digest;
use blockworm_ledger::{
    Genesis, Pin, VerificationReport, proof::ProofError, proof_file::ProofFile,
};

/// Checks a proof's text (docs/formats/proof.md).
///
/// # Errors
/// A text that is no proof file.
pub fn verify_proof(text: &str, pin: Option<&Pin>) -> Result<VerificationReport, ProofError> {
    Ok(match ProofFile::from_json(text)? {
        ProofFile::Transaction(proof) => proof.verify(pin),
        ProofFile::State(proof) => proof.verify(pin),
    })
}

/// The digest that a pin gives: 64 hex digits, or the text of a genesis file.
///
/// # Errors
/// Text that is neither, in words.
pub fn genesis_pin(text: &str) -> Result<Digest, String> {
    if let Ok(digest) = text.trim().parse() {
        return Ok(digest);
    }
    Genesis::from_json(text)
        .map(|genesis| genesis.digest())
        .map_err(|error| error.to_string())
}
