//! Public keys and signatures with one acceptance rule on every node.
//!
//! Ed25519 follows ZIP-215, so that checking one by one and checking in batches cannot differ;
//! P-256 follows FIPS 186-5. [`PublicKey::verify_strict`] is for signatures that outsiders check
//! with their own tools: whatever passes it, openssl accepts too.

use crate::{Digest, ed25519, p256};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, str::FromStr};

/// A signature algorithm that members may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// RFC 8032, verified by the rule of ZIP-215.
    Ed25519,
    /// ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), signatures as `r ‖ s`.
    P256,
}

impl Algorithm {
    /// The prefix of the text form of keys and signatures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ed25519" => Ok(Self::Ed25519),
            "p256" => Ok(Self::P256),
            _ => Err(ParseKeyError::UnknownAlgorithm),
        }
    }
}

/// A public key. Text form: `ed25519:<64 hex>` or `p256:<66 hex>` (SEC 1 compressed).
///
/// Any bytes can be held; [`PublicKey::check_registrable`] tells whether they are a sound key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum PublicKey {
    /// A compressed Edwards point.
    Ed25519([u8; 32]),
    /// A SEC 1 compressed point.
    P256([u8; 33]),
}

/// A signature, tagged by its algorithm. Text form: `ed25519:<128 hex>` or `p256:<128 hex>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub enum Signature {
    /// `R ‖ s` of RFC 8032.
    Ed25519([u8; 64]),
    /// `r ‖ s`, each 32 bytes, big-endian.
    P256([u8; 64]),
}

/// What a signature is for: `blockworm/<ledger id>/<operation>`. The signed bytes are the
/// namespace, one zero byte and the 32-byte digest, so a signature never counts elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace(Cow<'static, str>);

impl Namespace {
    /// The namespace of one operation on one ledger, whose id is given in hex.
    #[must_use]
    pub fn new(ledger_hex: &str, operation: &str) -> Self {
        Self(Cow::Owned(format!("blockworm/{ledger_hex}/{operation}")))
    }

    /// A namespace outside every ledger, such as `blockworm/genesis`.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes that are signed for `digest`: namespace, a zero byte, digest.
    #[must_use]
    pub fn signed_bytes(&self, digest: &Digest) -> Vec<u8> {
        self.parts(digest).concat()
    }

    /// [`Namespace::signed_bytes`] in pieces, for hashing without a copy.
    pub(crate) fn parts<'a>(&'a self, digest: &'a Digest) -> [&'a [u8]; 3] {
        [self.0.as_bytes(), &[0], digest.as_bytes()]
    }
}

/// Why a signature or key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature does not belong to this key, namespace and digest.
    #[error("the signature does not match the key and the signed digest")]
    Mismatch,
    /// Key and signature are of different algorithms.
    #[error("the signature's algorithm is not the key's")]
    WrongAlgorithm,
    /// The key's bytes are no point of its curve.
    #[error("the public key is no point of its curve")]
    MalformedKey,
    /// The signature's `R` is no point, or its `s` is not below the group order.
    #[error("the signature's bytes are malformed")]
    MalformedSignature,
    /// The key is a second encoding of its point.
    #[error("the public key is not in its canonical encoding")]
    NonCanonicalKey,
    /// The key is one of the eight points for which one signature fits every message.
    #[error("the public key has a small order")]
    SmallOrderKey,
    /// The key carries a component of small order: verifiers of different rules disagree on it.
    #[error("the public key lies outside the subgroup of prime order")]
    MixedOrderKey,
    /// The ledger accepts the signature, but verifiers of a stricter rule do not.
    #[error("the signature passes the ledger's rule but not the strict one")]
    NotStrict,
}

impl PublicKey {
    /// The algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::P256,
        }
    }

    /// The encoded point.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(bytes) => bytes,
            Self::P256(bytes) => bytes,
        }
    }

    /// Checks a signature by the rule of consensus: ZIP-215 for Ed25519, FIPS 186-5 for P-256.
    ///
    /// # Errors
    /// A malformed key or signature, differing algorithms, or a signature that does not fit.
    pub fn verify(
        &self,
        namespace: &Namespace,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_parts(&namespace.parts(digest), signature)
    }

    /// Checks a signature over bytes that another protocol defines (the consensus engine's votes),
    /// by the same rule as [`PublicKey::verify`].
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify_message(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_parts(&[message], signature)
    }

    /// Checks by the rule that outsiders apply: canonical encodings, no small orders, no cofactor.
    /// A signature that passes here passes [`PublicKey::verify`] and openssl.
    ///
    /// # Errors
    /// As [`PublicKey::verify`], and [`SignatureError::NotStrict`] for what only consensus accepts.
    pub fn verify_strict(
        &self,
        namespace: &Namespace,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_message_strict(&namespace.signed_bytes(digest), signature)
    }

    /// [`PublicKey::verify_strict`] over bytes that another format defines (certificates).
    ///
    /// # Errors
    /// As [`PublicKey::verify_strict`].
    pub fn verify_message_strict(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        match (self, signature) {
            (Self::Ed25519(key), Signature::Ed25519(bytes)) => {
                ed25519::verify_strict(key, &[message], bytes)
            }
            (Self::P256(key), Signature::P256(bytes)) => p256::verify(key, message, bytes),
            _ => Err(SignatureError::WrongAlgorithm),
        }
    }

    /// Refuses keys that must never be registered: no point of the curve, a non-canonical
    /// encoding, a small order or a component of small order.
    ///
    /// # Errors
    /// The reason for the refusal.
    pub fn check_registrable(&self) -> Result<(), SignatureError> {
        match self {
            Self::Ed25519(key) => ed25519::check_registrable(key),
            Self::P256(key) => p256::check(key),
        }
    }

    fn verify_parts(&self, message: &[&[u8]], signature: &Signature) -> Result<(), SignatureError> {
        match (self, signature) {
            (Self::Ed25519(key), Signature::Ed25519(bytes)) => ed25519::verify(key, message, bytes),
            (Self::P256(key), Signature::P256(bytes)) => {
                p256::verify(key, &message.concat(), bytes)
            }
            _ => Err(SignatureError::WrongAlgorithm),
        }
    }
}

impl Signature {
    /// The algorithm of the signature.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::P256,
        }
    }

    /// The 64 bytes: `R ‖ s` or `r ‖ s`.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        match self {
            Self::Ed25519(bytes) | Self::P256(bytes) => bytes,
        }
    }
}

/// The text is no key or signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// There is no `:` between algorithm and digits.
    #[error("expected `<algorithm>:<hex digits>`")]
    MissingAlgorithm,
    /// Neither `ed25519` nor `p256`.
    #[error("the algorithm is neither ed25519 nor p256")]
    UnknownAlgorithm,
    /// Not hex digits, or not the number of them that the algorithm needs.
    #[error("the hex digits are malformed or of the wrong number")]
    MalformedHex,
}

fn parse_text(text: &str) -> Result<(Algorithm, &str), ParseKeyError> {
    let (algorithm, digits) = text
        .split_once(':')
        .ok_or(ParseKeyError::MissingAlgorithm)?;
    Ok((algorithm.parse()?, digits))
}

fn parse_hex<const N: usize>(digits: &str) -> Result<[u8; N], ParseKeyError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| ParseKeyError::MalformedHex)?;
    Ok(bytes)
}

impl FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse_text(text)? {
            (Algorithm::Ed25519, digits) => parse_hex(digits).map(Self::Ed25519),
            (Algorithm::P256, digits) => parse_hex(digits).map(Self::P256),
        }
    }
}

impl FromStr for Signature {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse_text(text)? {
            (Algorithm::Ed25519, digits) => parse_hex(digits).map(Self::Ed25519),
            (Algorithm::P256, digits) => parse_hex(digits).map(Self::P256),
        }
    }
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.algorithm(), hex::encode(self.as_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <Cow<'_, str> as Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_form!(PublicKey);
text_form!(Signature);
