//! What a bank's member signs to have elements evaluated.

use blockworm_crypto::{
    Digest, Namespace, PublicKey, SecretKey, Signature, Signing, SigningError,
    oprf::{Element, KeyVersion, OprfError},
    sha256,
};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// First part of what is hashed; a change of the form changes the number in it.
const DOMAIN: &[u8] = b"blockworm/evaluation-request/1";
/// The operation in the signature's namespace.
const OPERATION: &str = "evaluate";

/// Sixteen bytes by which two equal questions differ; hex in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0; 16];
        hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A blinded element as it travels: 32 bytes that nobody has read yet, 64 hex digits in JSON. Reading
/// the elements of a request costs several times what its signature does, so a holder checks first
/// who sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentElement([u8; 32]);

impl SentElement {
    /// The element.
    ///
    /// # Errors
    /// [`OprfError::MalformedElement`].
    pub fn read(&self) -> Result<Element, OprfError> {
        Element::from_bytes(&self.0)
    }
}

impl From<&Element> for SentElement {
    fn from(element: &Element) -> Self {
        Self(element.to_bytes())
    }
}

impl Serialize for SentElement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for SentElement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A question to one key holder. Nothing in it tells of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRequest {
    /// The ledger of the registry, whose members may ask.
    pub ledger: LedgerId,
    /// Whose key.
    pub holder: OrganisationId,
    /// Who asks, for its bank.
    pub asker: MemberId,
    /// Which version of the key.
    pub version: KeyVersion,
    /// The asker's clock, milliseconds since 1970.
    pub asked_at_ms: u64,
    /// Fresh for each request.
    pub nonce: Nonce,
    /// Blinded inputs.
    pub elements: Vec<SentElement>,
}

impl EvaluationRequest {
    /// What is signed: SHA-256 of the domain, a zero byte, and the fields, texts and the list with
    /// their lengths before them.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hashed = [DOMAIN, &[0]].concat();
        hashed.extend_from_slice(self.ledger.to_string().as_bytes());
        for text in [self.holder.as_str(), self.asker.as_str()] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            hashed.extend_from_slice(&length.to_be_bytes());
            hashed.extend_from_slice(text.as_bytes());
        }
        hashed.extend_from_slice(&self.version.0.to_be_bytes());
        hashed.extend_from_slice(&self.asked_at_ms.to_be_bytes());
        hashed.extend_from_slice(&self.nonce.0);
        let count = u32::try_from(self.elements.len()).unwrap_or(u32::MAX);
        hashed.extend_from_slice(&count.to_be_bytes());
        for element in &self.elements {
            hashed.extend_from_slice(&element.0);
        }
        sha256(&[&hashed])
    }

    /// Signs it as the asker.
    #[must_use]
    pub fn sign(self, key: &SecretKey) -> SignedRequest {
        let signature = key.sign(&self.namespace(), &self.digest());
        SignedRequest {
            request: self,
            signature,
        }
    }

    /// The same with a key that may lie elsewhere.
    ///
    /// # Errors
    /// [`SigningError`], in words.
    pub fn sign_with(self, key: &dyn Signing) -> Result<SignedRequest, SigningError> {
        let signature = key.sign(&self.namespace(), &self.digest())?;
        Ok(SignedRequest {
            request: self,
            signature,
        })
    }

    pub(super) fn namespace(&self) -> Namespace {
        Namespace::new(&self.ledger.to_string(), OPERATION)
    }
}

/// A question with its asker's signature: what travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The question.
    pub request: EvaluationRequest,
    /// Over [`EvaluationRequest::digest`], in the ledger's namespace `evaluate`.
    pub signature: Signature,
}

impl SignedRequest {
    /// Whether this key signed it, by the rule that outsiders apply too.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let (namespace, digest) = (self.request.namespace(), self.request.digest());
        key.verify_strict(&namespace, &digest, &self.signature)
            .is_ok()
    }
}
