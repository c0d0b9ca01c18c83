//! Secret keys: made, read, written and used for signing; wiped when dropped, never printed.

use crate::{
    Digest, p256,
    signature::{Algorithm, Namespace, PublicKey, Signature},
    spki::{EC_OID, ED25519_OID},
};
use aws_lc_rs::{
    encoding::{AsBigEndian, EcPrivateKeyBin},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use pkcs8::{PrivateKeyInfoRef, der::Decode as _};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// The DER of a PKCS#8 Ed25519 key without its public half (RFC 8410, section 7), up to the seed.
/// Version 1 on purpose: openssl 3.0 does not read version 2.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];
/// The DER of a PKCS#8 P-256 key up to its scalar (RFC 5915 inside RFC 5958).
const P256_PKCS8_PREFIX: [u8; 36] = [
    0x30, 0x81, 0x87, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 4, 0x6d, 0x30, 0x6b, 2, 1, 1, 4, 0x20,
];
/// What stands between the scalar and the uncompressed public point.
const P256_PKCS8_MIDDLE: [u8; 5] = [0xa1, 0x44, 3, 0x42, 0];

/// A secret key, wiped from memory when its last clone is dropped and never printed.
#[derive(Clone)]
pub struct SecretKey(Arc<Inner>);

enum Inner {
    Ed25519 {
        seed: Zeroizing<[u8; 32]>,
        pair: Ed25519KeyPair,
        public: PublicKey,
    },
    P256 {
        scalar: Zeroizing<[u8; 32]>,
        pair: EcdsaKeyPair,
        public: PublicKey,
    },
}

/// Why a secret key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The bytes are no PKCS#8 private key.
    #[error("the bytes are no PKCS#8 private key")]
    Malformed,
    /// The PKCS#8 file holds a key of an algorithm other than Ed25519 and P-256.
    #[error("the key is of an algorithm other than Ed25519 and P-256")]
    UnsupportedAlgorithm,
}

impl SecretKey {
    /// Makes a key from the operating system's randomness.
    ///
    /// # Errors
    /// [`SecretKeyError::NoRandomness`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, SecretKeyError> {
        match algorithm {
            Algorithm::Ed25519 => {
                let mut seed = Zeroizing::new([0; 32]);
                getrandom::fill(&mut *seed).map_err(|_| SecretKeyError::NoRandomness)?;
                Ok(Self::from_ed25519_seed(*seed))
            }
            Algorithm::P256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                    .map_err(|_| SecretKeyError::NoRandomness)?;
                Self::from_p256_pair(pair)
            }
        }
    }

    /// The Ed25519 key of a seed (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn from_ed25519_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed)
            .expect("invariant: any 32 bytes are an Ed25519 seed");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Self(Arc::new(Inner::Ed25519 {
            seed,
            pair,
            public: PublicKey::Ed25519(public),
        }))
    }

    /// The seed of an Ed25519 key, for software that keeps keys of its own; `None` for P-256.
    #[must_use]
    pub fn ed25519_seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        match &*self.0 {
            Inner::Ed25519 { seed, .. } => Some(seed.clone()),
            Inner::P256 { .. } => None,
        }
    }

    /// The algorithm of the key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public_key().algorithm()
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match &*self.0 {
            Inner::Ed25519 { public, .. } | Inner::P256 { public, .. } => *public,
        }
    }

    /// Signs the digest for one operation of one ledger.
    #[must_use]
    pub fn sign(&self, namespace: &Namespace, digest: &Digest) -> Signature {
        self.sign_message(&namespace.signed_bytes(digest))
    }

    /// Signs bytes that another format defines. Kept inside: the outside signs namespaced digests.
    pub(crate) fn sign_message(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        match &*self.0 {
            Inner::Ed25519 { pair, .. } => {
                bytes.copy_from_slice(pair.sign(message).as_ref());
                Signature::Ed25519(bytes)
            }
            Inner::P256 { pair, .. } => {
                let signature = pair
                    .sign(&SystemRandom::new(), message)
                    .expect("invariant: a checked P-256 key signs any message");
                bytes.copy_from_slice(signature.as_ref());
                Signature::P256(bytes)
            }
        }
    }

    /// The key as PKCS#8 version 1 DER, unencrypted.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        // Reserved at once, so that no half-written copy is left behind in memory.
        let mut der = Zeroizing::new(Vec::with_capacity(160));
        match &*self.0 {
            Inner::Ed25519 { seed, .. } => {
                der.extend_from_slice(&ED25519_PKCS8_PREFIX);
                der.extend_from_slice(&**seed);
            }
            Inner::P256 { scalar, pair, .. } => {
                der.extend_from_slice(&P256_PKCS8_PREFIX);
                der.extend_from_slice(&**scalar);
                der.extend_from_slice(&P256_PKCS8_MIDDLE);
                der.extend_from_slice(pair.public_key().as_ref());
            }
        }
        der
    }

    /// Reads a PKCS#8 key, version 1 or 2, as openssl and HSM tools write it.
    ///
    /// # Errors
    /// Malformed bytes, another algorithm, or a public half that does not belong to the key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, SecretKeyError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| SecretKeyError::Malformed)?;
        match info.algorithm.oid {
            ED25519_OID => {
                // RFC 8410: the private key is itself an OCTET STRING of 32 bytes.
                let seed = match info.private_key.as_bytes() {
                    [4, 32, seed @ ..] => seed.try_into().map_err(|_| SecretKeyError::Malformed)?,
                    _ => return Err(SecretKeyError::Malformed),
                };
                let key = Self::from_ed25519_seed(seed);
                match info
                    .public_key
                    .map(|bits| bits.as_bytes() == Some(key.public_key().as_bytes()))
                {
                    Some(false) => Err(SecretKeyError::Malformed),
                    _ => Ok(key),
                }
            }
            EC_OID => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map_err(|_| SecretKeyError::Malformed)?;
                Self::from_p256_pair(pair)
            }
            _ => Err(SecretKeyError::UnsupportedAlgorithm),
        }
    }

    fn from_p256_pair(pair: EcdsaKeyPair) -> Result<Self, SecretKeyError> {
        let public = p256::compress(pair.public_key().as_ref())
            .map(PublicKey::P256)
            .map_err(|_| SecretKeyError::Malformed)?;
        let bytes: EcPrivateKeyBin<'_> = pair
            .private_key()
            .as_be_bytes()
            .map_err(|_| SecretKeyError::Malformed)?;
        let mut scalar = Zeroizing::new([0; 32]);
        if bytes.as_ref().len() != scalar.len() {
            return Err(SecretKeyError::Malformed);
        }
        scalar.copy_from_slice(bytes.as_ref());
        Ok(Self(Arc::new(Inner::P256 {
            scalar,
            pair,
            public,
        })))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public_key())
    }
}
