//! One proof file, checked against the genesis that somebody pinned.

use blockworm_crypto::Digest;
use blockworm_ledger::{
    Genesis, Pin, VerificationReport, proof::ProofError, proof_file::ProofFile,
};

/// The genesis that somebody trusts, learned outside the proof.
#[derive(Clone, Debug)]
pub struct GenesisPin {
    /// Its digest.
    pub digest: Digest,
    /// The genesis itself, where its file was given.
    pub genesis: Option<Genesis>,
}

impl GenesisPin {
    /// A pin by a genesis's file: it also stands in where a proof does not hold its genesis.
    #[must_use]
    pub fn of(genesis: Genesis) -> Self {
        Self {
            digest: genesis.digest(),
            genesis: Some(genesis),
        }
    }

    /// Reads a pin: 64 hex digits, or the text of a genesis file.
    ///
    /// # Errors
    /// Text that is neither, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Ok(digest) = text.trim().parse() {
            return Ok(Self {
                digest,
                genesis: None,
            });
        }
        Genesis::from_json(text)
            .map(Self::of)
            .map_err(|error| error.to_string())
    }
}

/// Checks a proof's text (docs/formats/proof.md).
///
/// # Errors
/// A text that is no proof file, or a proof that does not hold its genesis where the pin has none.
pub fn verify_proof(
    text: &str,
    pin: Option<&GenesisPin>,
) -> Result<VerificationReport, ProofError> {
    let genesis = pin.and_then(|pin| pin.genesis.as_ref());
    let digest = pin.map(|pin| Pin::digest(pin.digest));
    ProofFile::from_json_with(text, genesis).map(|proof| proof.verify(digest.as_ref()))
}
