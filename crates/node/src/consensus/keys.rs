//! Validators' keys in the engine's own types.

use blockworm_crypto::{PublicKey, SecretKey};
use blockworm_ledger::genesis::Validator;
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::ed25519;
use commonware_utils::{TryCollect as _, ordered::Set};

/// A key that cannot vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The algorithm is not Ed25519.
    #[error("a consensus key must be Ed25519")]
    NotEd25519,
    /// The bytes are no point of the curve.
    #[error("a consensus key is no point of the curve")]
    NoPoint,
    /// Two validators share a key.
    #[error("two validators have the same key")]
    Repeated,
}

/// The engine's form of a secret key.
pub fn signer(key: &SecretKey) -> Result<ed25519::PrivateKey, KeyError> {
    let seed = key.ed25519_seed().ok_or(KeyError::NotEd25519)?;
    ed25519::PrivateKey::decode(Copying(seed.as_slice())).map_err(|_| KeyError::NoPoint)
}

/// The engine's form of a public key.
pub fn public(key: &PublicKey) -> Result<ed25519::PublicKey, KeyError> {
    let PublicKey::Ed25519(bytes) = key else {
        return Err(KeyError::NotEd25519);
    };
    ed25519::PublicKey::decode(Copying(bytes.as_slice())).map_err(|_| KeyError::NoPoint)
}

/// The keys of a set of validators, ordered as the engine orders them: by their bytes.
pub fn committee(validators: &[Validator]) -> Result<Set<ed25519::PublicKey>, KeyError> {
    let keys: Vec<_> = validators
        .iter()
        .map(|validator| public(&validator.key))
        .collect::<Result<_, _>>()?;
    keys.into_iter()
        .try_collect()
        .map_err(|_| KeyError::Repeated)
}
