//! A verifiable oblivious pseudorandom function: RFC 9497, suite ristretto255-SHA512.
//!
//! The asker blinds its inputs, the key holder evaluates what it cannot read and proves with which
//! key, the asker unblinds. [`Blinding::new`] → [`EvaluationKey::evaluate`] → [`Blinding::finalise`].

mod proof;
mod suite;

pub use proof::Proof;

use crate::SecretKey;
use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha512};
use std::{fmt, str::FromStr};
use zeroize::Zeroizing;

/// Most elements of one request: a document needs some thirty.
pub const MAX_BATCH: usize = 64;

/// First part of what a key is derived with, before its version.
const KEY_INFO: &[u8] = b"blockworm/evaluation-key/";

/// Why a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OprfError {
    /// Not 32 bytes, or not the canonical encoding of an element other than the neutral one.
    #[error("it is not the encoding of a ristretto255 element")]
    MalformedElement,
    /// Not 64 bytes of two canonical scalars.
    #[error("it is not the encoding of two ristretto255 scalars")]
    MalformedProof,
    /// No element, or too many.
    #[error("a request has 1 to {MAX_BATCH} elements, this one has {count}")]
    BatchSize {
        /// How many there were.
        count: usize,
    },
    /// The answer has another number of elements than the question.
    #[error("{asked} elements were asked for and {answered} came back")]
    AnswerSize {
        /// Of the question.
        asked: usize,
        /// Of the answer.
        answered: usize,
    },
    /// The answer was not made with the key that was asked for.
    #[error("the answer was not made with the key behind the public key")]
    WrongKey,
    /// More bytes than can be hashed.
    #[error("an input has at most 65,535 bytes, this one has {bytes}")]
    InputTooLong {
        /// How many there were.
        bytes: usize,
    },
    /// An input that hashes to the neutral element; nobody knows one.
    #[error("the input hashes to the neutral element")]
    InvalidInput,
    /// A seed that gives no key; nobody knows one, or a seed of another kind.
    #[error("the seed gives no key: it must be an Ed25519 seed")]
    InvalidSeed,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Which of a holder's keys: counted from 1, one more at each rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyVersion(pub u32);

impl fmt::Display for KeyVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An element of the group other than the neutral one; 64 hex digits in text and JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Element(RistrettoPoint);

impl Element {
    /// Its one encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.compress().to_bytes()
    }

    /// Reads its one encoding.
    ///
    /// # Errors
    /// [`OprfError::MalformedElement`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, OprfError> {
        suite::element(bytes)
            .map(Self)
            .ok_or(OprfError::MalformedElement)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Element({self})")
    }
}

impl FromStr for Element {
    type Err = OprfError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| OprfError::MalformedElement)?;
        Self::from_bytes(&bytes)
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| serde::de::Error::custom(OprfError::MalformedProof))?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

/// What a key holder keeps to itself: one version of its key. Wiped when dropped, never printed.
pub struct EvaluationKey {
    version: KeyVersion,
    scalar: Zeroizing<Scalar>,
    public: RistrettoPoint,
}

impl fmt::Debug for EvaluationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EvaluationKey(version {}, ..)", self.version)
    }
}

/// A holder's answer to one request: the elements in the request's order and one proof for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The key that was used.
    pub version: KeyVersion,
    /// One for each blinded element.
    pub elements: Vec<Element>,
    /// That all were made with that key.
    pub proof: Proof,
}

impl EvaluationKey {
    /// One version of a holder's key, from the seed in its key file: `DeriveKeyPair` of RFC 9497
    /// with the seed and `blockworm/evaluation-key/<version>`. The seed is that of an Ed25519 key,
    /// so that it rests in the same encrypted files as every other; nothing is ever signed with it.
    ///
    /// # Errors
    /// [`OprfError::InvalidSeed`] for a P-256 key.
    pub fn derive(seed: &SecretKey, version: KeyVersion) -> Result<Self, OprfError> {
        let seed = seed.ed25519_seed().ok_or(OprfError::InvalidSeed)?;
        let info = [KEY_INFO, version.to_string().as_bytes()].concat();
        Self::from_seed(&seed, &info, version)
    }

    fn from_seed(seed: &[u8; 32], info: &[u8], version: KeyVersion) -> Result<Self, OprfError> {
        let scalar = suite::derive_key(seed, info).ok_or(OprfError::InvalidSeed)?;
        Ok(Self {
            version,
            public: RistrettoPoint::mul_base(&scalar),
            scalar,
        })
    }

    /// Which of the holder's keys it is.
    #[must_use]
    pub const fn version(&self) -> KeyVersion {
        self.version
    }

    /// What everybody checks the answers by.
    #[must_use]
    pub const fn public_key(&self) -> Element {
        Element(self.public)
    }

    /// Evaluates what it cannot read and proves with which key (`BlindEvaluate`, section 3.3.2).
    ///
    /// # Errors
    /// [`OprfError::BatchSize`], [`OprfError::NoRandomness`].
    pub fn evaluate(&self, blinded: &[Element]) -> Result<Evaluation, OprfError> {
        let random = suite::random_scalar().ok_or(OprfError::NoRandomness)?;
        self.evaluate_with(blinded, &random)
    }

    fn evaluate_with(&self, blinded: &[Element], random: &Scalar) -> Result<Evaluation, OprfError> {
        check_batch(blinded.len())?;
        let pairs: Vec<_> = blinded
            .iter()
            .map(|element| (element.0, *self.scalar * element.0))
            .collect();
        Ok(Evaluation {
            version: self.version,
            elements: pairs.iter().map(|(_, output)| Element(*output)).collect(),
            proof: Proof::make(&self.scalar, &self.public, &pairs, random),
        })
    }
}

/// What the asker keeps until the answer comes: inputs and the random scalars that hide them.
pub struct Blinding {
    inputs: Vec<Zeroizing<Vec<u8>>>,
    scalars: Vec<Zeroizing<Scalar>>,
    blinded: Vec<Element>,
}

impl fmt::Debug for Blinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Blinding({} inputs)", self.inputs.len())
    }
}

/// What the function gives for one input: 64 bytes that look random without the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Output(pub [u8; 64]);

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Output(..)")
    }
}

impl Blinding {
    /// Hides inputs, each under a random scalar of its own (`Blind`, section 3.3.1).
    ///
    /// # Errors
    /// [`OprfError::BatchSize`], [`OprfError::InputTooLong`], [`OprfError::InvalidInput`],
    /// [`OprfError::NoRandomness`].
    pub fn new<I: AsRef<[u8]>>(inputs: &[I]) -> Result<Self, OprfError> {
        check_batch(inputs.len())?;
        let scalars = inputs
            .iter()
            .map(|_| suite::random_scalar().ok_or(OprfError::NoRandomness))
            .collect::<Result<_, _>>()?;
        Self::with(inputs, scalars)
    }

    fn with<I: AsRef<[u8]>>(
        inputs: &[I],
        scalars: Vec<Zeroizing<Scalar>>,
    ) -> Result<Self, OprfError> {
        let mut blinded = Vec::with_capacity(inputs.len());
        for (input, scalar) in inputs.iter().zip(&scalars) {
            let bytes = input.as_ref().len();
            if u16::try_from(bytes).is_err() {
                return Err(OprfError::InputTooLong { bytes });
            }
            let point = suite::hash_to_group(input.as_ref()).ok_or(OprfError::InvalidInput)?;
            blinded.push(Element(**scalar * point));
        }
        Ok(Self {
            inputs: inputs
                .iter()
                .map(|input| Zeroizing::new(input.as_ref().to_vec()))
                .collect(),
            scalars,
            blinded,
        })
    }

    /// What goes to the key holder: random elements, whatever the inputs are.
    #[must_use]
    pub fn blinded(&self) -> &[Element] {
        &self.blinded
    }

    /// Checks the answer against the holder's public key and unblinds it (`Finalize`, section
    /// 3.3.2): one output for each input, the same whoever asks and however it was blinded.
    ///
    /// # Errors
    /// [`OprfError::AnswerSize`], [`OprfError::WrongKey`].
    pub fn finalise(
        &self,
        public: &Element,
        answer: &Evaluation,
    ) -> Result<Vec<Output>, OprfError> {
        let (asked, answered) = (self.blinded.len(), answer.elements.len());
        if asked != answered {
            return Err(OprfError::AnswerSize { asked, answered });
        }
        let pairs: Vec<_> = self
            .blinded
            .iter()
            .zip(&answer.elements)
            .map(|(input, output)| (input.0, output.0))
            .collect();
        if !answer.proof.holds(&public.0, &pairs) {
            return Err(OprfError::WrongKey);
        }
        let unblinded = self.inputs.iter().zip(&self.scalars).zip(&answer.elements);
        Ok(unblinded
            .map(|((input, scalar), element)| output(input, &(scalar.invert() * element.0)))
            .collect())
    }
}

fn check_batch(count: usize) -> Result<(), OprfError> {
    if (1..=MAX_BATCH).contains(&count) {
        Ok(())
    } else {
        Err(OprfError::BatchSize { count })
    }
}

fn output(input: &[u8], element: &RistrettoPoint) -> Output {
    let length = u16::try_from(input.len()).expect("invariant: checked before it was blinded");
    let mut hash = Sha512::new();
    hash.update(length.to_be_bytes());
    hash.update(input);
    hash.update(32_u16.to_be_bytes());
    hash.update(element.compress().as_bytes());
    hash.update(b"Finalize");
    Output(hash.finalize().into())
}

#[cfg(test)]
mod tests;
