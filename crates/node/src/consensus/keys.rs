//! Validators in the engine's own types: keys, committees and the scheme of each epoch.

use blockworm_crypto::{PublicKey, SecretKey};
use blockworm_ledger::{Genesis, finality::consensus_namespace};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::{simplex::scheme::ed25519::Scheme, types::Epoch};
use commonware_cryptography::{
    certificate::{Provider, Scheme as _, Scoped},
    ed25519,
};
use commonware_utils::{TryCollect as _, ordered::Set};
use std::sync::Arc;

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

/// The voting keys of a ledger, ordered as the engine orders them: by their bytes.
pub fn committee(genesis: &Genesis) -> Result<Set<ed25519::PublicKey>, KeyError> {
    let keys: Vec<_> = genesis
        .validators
        .iter()
        .map(|validator| public(&validator.key))
        .collect::<Result<_, _>>()?;
    keys.into_iter()
        .try_collect()
        .map_err(|_| KeyError::Repeated)
}

/// Who votes in which epoch. The set is the same in every epoch until membership can change.
#[derive(Clone)]
pub struct Schemes {
    scheme: Arc<Scheme>,
}

impl Schemes {
    /// The schemes of a ledger for this node, which signs if it is a validator.
    pub fn new(genesis: &Genesis, signer: &ed25519::PrivateKey) -> Result<Self, KeyError> {
        let namespace = consensus_namespace(&genesis.ledger_id());
        let committee = committee(genesis)?;
        let scheme = Scheme::signer(&namespace, committee.clone(), signer.clone())
            .unwrap_or_else(|| Scheme::verifier(&namespace, committee));
        Ok(Self {
            scheme: Arc::new(scheme),
        })
    }

    /// This node's place among the validators.
    #[must_use]
    pub fn place(&self) -> Option<u32> {
        self.scheme
            .me()
            .and_then(|place| place.signer())
            .map(|place| place.get())
    }

    /// The scheme of an epoch.
    #[must_use]
    pub fn of(&self, _epoch: Epoch) -> Scheme {
        Scheme::clone(&self.scheme)
    }
}

impl Provider for Schemes {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, _epoch: Epoch) -> Option<Scoped<Scheme>> {
        Some(Scoped::scheme(self.scheme.clone()))
    }
}
