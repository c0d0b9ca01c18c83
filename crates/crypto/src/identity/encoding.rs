//! How names, times and signatures stand in certificates, requests and lists of revocations.

use super::{IdentityError, Validity};
use crate::{Algorithm, PublicKey, Signature, Signing, SigningError, spki::ED25519_OID};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME},
        rfc5912::ECDSA_WITH_SHA_256,
    },
};
use der::{
    DateTime, Decode as _, Encode as _, Sequence, Tag,
    asn1::{Any, GeneralizedTime, UintRef, UtcTime},
};
use spki::AlgorithmIdentifierOwned;
use std::time::Duration;
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
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
