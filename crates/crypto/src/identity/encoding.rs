//! How names, times and signatures stand in certificates, requests and lists of revocations.

use super::{IdentityError, Validity};
use crate::{
    Algorithm, PublicKey, SecretKeyError, Signature, Signing, SigningError, spki::ED25519_OID,
};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME},
        rfc5912::ECDSA_WITH_SHA_256,
    },
};
use der::{
    DateTime, Decode as _, Encode as _, Sequence, Tag,
    asn1::{Any, BitString, GeneralizedTime, UintRef, UtcTime},
};
use spki::{AlgorithmIdentifierOwned, Document, EncodePublicKey, SignatureBitStringEncoding};
use std::{cell::RefCell, time::Duration};
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
    serial_number::SerialNumber,
    time::Time,
};

/// A subject: `O`, one `OU` for each unit, `CN`.
pub(super) fn distinguished_name(
    organisation: &str,
    units: &[String],
    name: &str,
) -> Result<Name, IdentityError> {
    let attribute = |oid: ObjectIdentifier, text: &str| -> der::Result<_> {
        let mut rdn = RelativeDistinguishedName::default();
        let value = Any::new(Tag::Utf8String, text.as_bytes())?;
        rdn.insert(AttributeTypeAndValue { oid, value })?;
        Ok(rdn)
    };
    let encode = || -> der::Result<Name> {
        let mut sequence = RdnSequence::default();
        sequence.push(attribute(ORGANIZATION_NAME, organisation)?);
        for unit in units {
            sequence.push(attribute(ORGANIZATIONAL_UNIT_NAME, unit)?);
        }
        sequence.push(attribute(COMMON_NAME, name)?);
        Name::from_der(&sequence.to_der()?)
    };
    encode().map_err(|_| IdentityError::Malformed("the subject could not be encoded"))
}

/// A moment, rounded down to its second: until 2049 as UTCTime (RFC 5280, section 4.1.2.5).
pub(crate) fn time(ms: u64) -> Result<Time, IdentityError> {
    let since = Duration::from_secs(ms / 1000);
    if let Ok(time) = UtcTime::from_unix_duration(since) {
        return Ok(Time::UtcTime(time));
    }
    DateTime::from_unix_duration(since)
        .map(|time| Time::GeneralTime(GeneralizedTime::from_date_time(time)))
        .map_err(|_| IdentityError::InvalidValidity)
}

pub(super) fn x509_validity(
    validity: Validity,
) -> Result<x509_cert::time::Validity, IdentityError> {
    if validity.not_after_ms < validity.not_before_ms {
        return Err(IdentityError::InvalidValidity);
    }
    Ok(x509_cert::time::Validity::new(
        time(validity.not_before_ms)?,
        time(validity.not_after_ms)?,
    ))
}

/// 16 random bytes, positive and always of the same length, whatever the random bits.
pub(super) fn new_serial() -> Result<SerialNumber, IdentityError> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| SecretKeyError::NoRandomness)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::new(&serial).map_err(|_| IdentityError::Malformed("the serial"))
}

/// The algorithm of a signature by this key.
pub(crate) fn algorithm_of(key: &PublicKey) -> AlgorithmIdentifierOwned {
    let oid = match key.algorithm() {
        Algorithm::Ed25519 => ED25519_OID,
        Algorithm::P256 => ECDSA_WITH_SHA_256,
    };
    AlgorithmIdentifierOwned {
        oid,
        parameters: None,
    }
}

/// RFC 3279, section 2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Signs, and writes the signature as X.509 does.
pub(crate) fn sign(signer: &dyn Signing, message: &[u8]) -> Result<Vec<u8>, SigningError> {
    match signer.sign_message(message)? {
        Signature::Ed25519(bytes) => Ok(bytes.to_vec()),
        Signature::P256(bytes) => {
            let (r, s) = bytes.split_at(32);
            let encode = || -> der::Result<Vec<u8>> {
                EcdsaSignature {
                    r: UintRef::new(r)?,
                    s: UintRef::new(s)?,
                }
                .to_der()
            };
            encode().map_err(|_| SigningError::new("its signature cannot be written as DER"))
        }
    }
}

/// Shows a key to the certificate builder, and remembers why it did not sign.
pub(super) struct CertificateSigner<'a> {
    key: &'a dyn Signing,
    pub(super) failure: RefCell<Option<SigningError>>,
}

impl<'a> CertificateSigner<'a> {
    pub(super) fn new(key: &'a dyn Signing) -> Self {
        Self {
            key,
            failure: RefCell::new(None),
        }
    }
}

#[derive(Clone)]
pub(super) struct CertificateKey(PublicKey);

/// The bits of a certificate's signature field.
pub(super) struct CertificateSignature(Vec<u8>);

impl signature::Signer<CertificateSignature> for CertificateSigner<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<CertificateSignature, signature::Error> {
        sign(self.key, message)
            .map(CertificateSignature)
            .map_err(|error| {
                *self.failure.borrow_mut() = Some(error);
                signature::Error::new()
            })
    }
}

impl signature::Keypair for CertificateSigner<'_> {
    type VerifyingKey = CertificateKey;

    fn verifying_key(&self) -> CertificateKey {
        CertificateKey(self.key.public_key())
    }
}

impl spki::DynSignatureAlgorithmIdentifier for CertificateSigner<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(algorithm_of(&self.key.public_key()))
    }
}

impl EncodePublicKey for CertificateKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        let der = self
            .0
            .to_spki_der()
            .map_err(|_| spki::Error::KeyMalformed)?;
        Ok(Document::try_from(der)?)
    }
}

impl SignatureBitStringEncoding for CertificateSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}
