//! Signatures of other people's certificates and tokens, checked by their algorithm identifier in one place.

use crate::{
    PublicKey, Signature,
    asn1::{Element, Malformed, NULL, OID, SEQUENCE, oid, tlv},
    backend::{self, Curve, Hash, Padding},
    spki::{EC_OID, ED25519_OID, P256_OID},
};
use const_oid::{
    ObjectIdentifier,
    db::rfc5912::{
        ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_RSASSA_PSS, ID_SHA_256,
        ID_SHA_384, ID_SHA_512, RSA_ENCRYPTION, SECP_384_R_1, SHA_256_WITH_RSA_ENCRYPTION,
        SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
    },
};
use rustls_pki_types::alg_id;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A hash function of outsiders' formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name, as openssl and settings write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The hash function of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.as_str() == name)
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// Bytes of a digest.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn backend(self) -> Hash {
        match self {
            Self::Sha256 => Hash::Sha256,
            Self::Sha384 => Hash::Sha384,
            Self::Sha512 => Hash::Sha512,
        }
    }

    const fn object_identifier(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => ID_SHA_256,
            Self::Sha384 => ID_SHA_384,
            Self::Sha512 => ID_SHA_512,
        }
    }

    /// Its AlgorithmIdentifier without parameters (RFC 5754, section 2).
    pub(crate) fn identifier(self) -> Vec<u8> {
        tlv(SEQUENCE, &[&oid(self.object_identifier())])
    }

    /// Reads an AlgorithmIdentifier, its parameters absent or NULL.
    pub(crate) fn from_identifier(identifier: &Element<'_>) -> Result<Self, PkixError> {
        let (named, parameters) = algorithm(identifier)?;
        let known = Self::ALL
            .into_iter()
            .find(|hash| hash.object_identifier() == named)
            .ok_or(PkixError::UnsupportedAlgorithm)?;
        plain(parameters).map(|()| known)
    }
}

/// A signature algorithm with its hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RFC 8032, by the strict rule.
    Ed25519,
    /// ECDSA over the key's curve, P-256 or P-384; signatures in DER (RFC 3279).
    Ecdsa(HashAlgorithm),
    /// RSASSA-PKCS1-v1_5 (RFC 8017), 2048 to 8192 bits.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS with MGF1 of the same hash and a salt as long as the digest, 2048 to 8192 bits.
    RsaPss(HashAlgorithm),
}

/// Why a signature by an outsider's key does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkixError {
    /// An algorithm, curve or set of parameters that is not taken.
    #[error(
        "the algorithm is none of Ed25519, ECDSA on P-256 or P-384, RSA of 2048 to 8192 bits, with SHA-256, SHA-384 or SHA-512"
    )]
    UnsupportedAlgorithm,
    /// The key's or algorithm's bytes have not the right shape.
    #[error("the key or its algorithm is malformed")]
    Malformed,
    /// The key is of another algorithm than the signature.
    #[error("the key is of another algorithm than the signature")]
    WrongAlgorithm,
    /// The signature does not belong to this key and message.
    #[error("the signature does not match the key and the signed bytes")]
    Mismatch,
}

impl From<Malformed> for PkixError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier. `hash` is what another field says, for the identifiers of CMS
    /// that name the key's kind alone; where both name a hash they must be the same one.
    pub(crate) fn from_identifier(
        identifier: &Element<'_>,
        hash: Option<HashAlgorithm>,
    ) -> Result<Self, PkixError> {
        let (named, parameters) = algorithm(identifier)?;
        let known = match named {
            ED25519_OID if parameters.is_none() => return Ok(Self::Ed25519),
            ECDSA_WITH_SHA_256 => Self::Ecdsa(HashAlgorithm::Sha256),
            ECDSA_WITH_SHA_384 => Self::Ecdsa(HashAlgorithm::Sha384),
            ECDSA_WITH_SHA_512 => Self::Ecdsa(HashAlgorithm::Sha512),
            SHA_256_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(HashAlgorithm::Sha256),
            SHA_384_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(HashAlgorithm::Sha384),
            SHA_512_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(HashAlgorithm::Sha512),
            RSA_ENCRYPTION => Self::RsaPkcs1(hash.ok_or(PkixError::UnsupportedAlgorithm)?),
            ID_RSASSA_PSS => pss(identifier.value)?,
            _ => return Err(PkixError::UnsupportedAlgorithm),
        };
        if !matches!(known, Self::RsaPss(_)) {
            plain(parameters)?;
        }
        match hash {
            Some(hash) if known.hash() != Some(hash) => Err(PkixError::UnsupportedAlgorithm),
            _ => Ok(known),
        }
    }

    /// The AlgorithmIdentifier of a signature that is given as DER.
    ///
    /// # Errors
    /// [`PkixError::Malformed`] and [`PkixError::UnsupportedAlgorithm`].
    pub fn from_der(identifier: &[u8]) -> Result<Self, PkixError> {
        Self::from_identifier(&Element::whole(identifier, SEQUENCE)?, None)
    }

    /// The hash function, where the algorithm does not bring its own.
    #[must_use]
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::Ed25519 => None,
            Self::Ecdsa(hash) | Self::RsaPkcs1(hash) | Self::RsaPss(hash) => Some(hash),
        }
    }
}

/// A public key out of its SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key<'a> {
    Ed25519(&'a [u8]),
    P256(&'a [u8]),
    P384(&'a [u8]),
    /// RSAPublicKey (RFC 8017), DER.
    Rsa(&'a [u8]),
}

impl<'a> Key<'a> {
    fn read(spki_der: &'a [u8]) -> Result<Self, PkixError> {
        let mut info = Element::whole(spki_der, SEQUENCE)?.elements()?;
        let (named, parameters) = algorithm(&info.expect(SEQUENCE)?)?;
        let bits = info.expect(0x03)?;
        info.finish()?;
        let [0, bits @ ..] = bits.value else {
            return Err(PkixError::Malformed);
        };
        match (named, parameters) {
            (ED25519_OID, None) => Ok(Self::Ed25519(bits)),
            (EC_OID, Some(curve)) if curve.tag == OID => match curve.oid()? {
                P256_OID => Ok(Self::P256(bits)),
                SECP_384_R_1 => Ok(Self::P384(bits)),
                _ => Err(PkixError::UnsupportedAlgorithm),
            },
            (RSA_ENCRYPTION, parameters) => plain(parameters).map(|()| Self::Rsa(bits)),
            _ => Err(PkixError::UnsupportedAlgorithm),
        }
    }
}

/// Checks a signature by a key that is given as SubjectPublicKeyInfo: every signature of an
/// outsider's certificate, list, token or document passes through here.
///
/// # Errors
/// The first of: a key that is malformed or of an unknown algorithm, a key of another algorithm than
/// the signature, a signature that does not match.
pub fn verify_signature(
    algorithm: SignatureAlgorithm,
    spki_der: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), PkixError> {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    let holds = match (algorithm, Key::read(spki_der)?) {
        (Ed25519, Key::Ed25519(key)) => return verify_ed25519(key, message, signature),
        (Ecdsa(hash), Key::P256(key)) => {
            backend::verify_ecdsa(Curve::P256, hash.backend(), key, message, signature)
        }
        (Ecdsa(hash), Key::P384(key)) => {
            backend::verify_ecdsa(Curve::P384, hash.backend(), key, message, signature)
        }
        (RsaPkcs1(hash), Key::Rsa(key)) => {
            backend::verify_rsa(Padding::Pkcs1, hash.backend(), key, message, signature)
        }
        (RsaPss(hash), Key::Rsa(key)) => {
            backend::verify_rsa(Padding::Pss, hash.backend(), key, message, signature)
        }
        _ => return Err(PkixError::WrongAlgorithm),
    };
    if holds {
        Ok(())
    } else {
        Err(PkixError::Mismatch)
    }
}

fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), PkixError> {
    let key = PublicKey::Ed25519(key.try_into().map_err(|_| PkixError::Malformed)?);
    let signature = signature.try_into().map_err(|_| PkixError::Mismatch)?;
    key.verify_message_strict(message, &Signature::Ed25519(signature))
        .map_err(|_| PkixError::Mismatch)
}

/// The algorithm and its parameters.
fn algorithm<'a>(
    identifier: &Element<'a>,
) -> Result<(ObjectIdentifier, Option<Element<'a>>), PkixError> {
    let mut elements = identifier.elements()?;
    let named = elements.expect(OID)?.oid()?;
    let parameters = if elements.is_finished() {
        None
    } else {
        Some(elements.next()?)
    };
    elements.finish()?;
    Ok((named, parameters))
}

/// Parameters that say nothing.
fn plain(parameters: Option<Element<'_>>) -> Result<(), PkixError> {
    match parameters {
        None => Ok(()),
        Some(null) if null.der == [NULL, 0] => Ok(()),
        Some(_) => Err(PkixError::UnsupportedAlgorithm),
    }
}

/// RSASSA-PSS in the one set of parameters for each hash that everybody uses (RFC 4055, section 3.1).
fn pss(identifier: &[u8]) -> Result<SignatureAlgorithm, PkixError> {
    [
        (alg_id::RSA_PSS_SHA256, HashAlgorithm::Sha256),
        (alg_id::RSA_PSS_SHA384, HashAlgorithm::Sha384),
        (alg_id::RSA_PSS_SHA512, HashAlgorithm::Sha512),
    ]
    .into_iter()
    .find(|(known, _)| known.as_ref() == identifier)
    .map(|(_, hash)| SignatureAlgorithm::RsaPss(hash))
    .ok_or(PkixError::UnsupportedAlgorithm)
}
