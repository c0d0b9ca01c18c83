//! Public keys as X.509 SubjectPublicKeyInfo (RFC 5280, RFC 8410, RFC 5480), as openssl reads them.

use crate::{
    p256,
    signature::{PublicKey, SignatureError},
};
use const_oid::ObjectIdentifier;
use der::{Decode as _, asn1::AnyRef};
use spki::SubjectPublicKeyInfoRef;

pub(crate) const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const EC_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const P256_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 3, 1, 7, 3, 0x42, 0,
];

/// Why a SubjectPublicKeyInfo holds no key that the ledger knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyInfoError {
    /// The bytes are no SubjectPublicKeyInfo.
    #[error("the bytes are no SubjectPublicKeyInfo")]
    Malformed,
    /// The key is of an algorithm or curve other than Ed25519 and P-256.
    #[error("the key is of an algorithm other than Ed25519 and P-256")]
    UnsupportedAlgorithm,
    /// The key itself is unsound.
    #[error(transparent)]
    Key(#[from] SignatureError),
}

impl PublicKey {
    /// The key as DER-encoded SubjectPublicKeyInfo; P-256 points uncompressed.
    ///
    /// # Errors
    /// [`SignatureError::MalformedKey`] when the bytes of a P-256 key are no point.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, SignatureError> {
        match self {
            Self::Ed25519(key) => Ok([&ED25519_PREFIX[..], key].concat()),
            Self::P256(key) => Ok([&P256_PREFIX[..], &p256::uncompress(key)?].concat()),
        }
    }

    /// Reads a DER-encoded SubjectPublicKeyInfo; P-256 points in either form.
    ///
    /// # Errors
    /// Malformed bytes, another algorithm, or bytes that are no point of the curve.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, PublicKeyInfoError> {
        let info =
            SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PublicKeyInfoError::Malformed)?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or(PublicKeyInfoError::Malformed)?;
        Self::from_parts(info.algorithm.oid, info.algorithm.parameters, bits)
    }

    pub(crate) fn from_parts(
        algorithm: ObjectIdentifier,
        parameters: Option<AnyRef<'_>>,
        bits: &[u8],
    ) -> Result<Self, PublicKeyInfoError> {
        match (algorithm, parameters) {
            (ED25519_OID, None) => bits
                .try_into()
                .map(Self::Ed25519)
                .map_err(|_| PublicKeyInfoError::Malformed),
            (EC_OID, Some(curve)) if curve.decode_as::<ObjectIdentifier>() == Ok(P256_OID) => {
                Ok(Self::P256(p256::compress(bits)?))
            }
            _ => Err(PublicKeyInfoError::UnsupportedAlgorithm),
        }
    }
}
