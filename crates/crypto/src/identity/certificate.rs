//! Reading certificates: subjects, functions, keys and validity out of X.509 (RFC 5280).

use super::{FUNCTIONS, IdentityError, MAX_CERTIFICATE_BYTES, Validity};
use crate::{PublicKey, spki::PublicKeyInfoError};
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME};
use der::{Decode as _, Encode as _, Tag, Tagged as _, asn1::Any};
use x509_cert::{
    Certificate, Version,
    ext::pkix::{BasicConstraints, KeyUsage},
    name::Name,
};

/// Whom a certificate is issued to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSubject {
    /// The organisation's slug: 1 to 32 of `a-z 0-9 -`, starting with a letter.
    pub organisation: String,
    /// The member's name within it: 1 to 48 of `a-z 0-9 - . _`.
    pub name: String,
    /// Some of [`FUNCTIONS`], none twice.
    pub functions: Vec<String>,
}

/// What a member's certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberCertificate {
    /// The organisation's slug.
    pub organisation: String,
    /// The member's name within it.
    pub name: String,
    /// The functions, in the order of the certificate.
    pub functions: Vec<String>,
    /// The member's key, checked to be registrable.
    pub public_key: PublicKey,
    /// Start of the validity, milliseconds since 1970 UTC.
    pub not_before_ms: u64,
    /// End of the validity; its whole second still counts.
    pub not_after_ms: u64,
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
}

/// What the certificate of an organisation's authority says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// The organisation's slug.
    pub organisation: String,
    /// The authority's name, for people.
    pub name: String,
    /// The authority's key, checked to be registrable.
    pub public_key: PublicKey,
    /// When the authority may be relied on.
    pub validity: Validity,
}

/// Reads a member's certificate. Who issued it and whether it holds now is not asked here: see
/// [`verify_chain`](super::verify_chain).
///
/// # Errors
/// The first rule of docs/formats/identity.md that the certificate breaks.
pub fn parse_member(der: &[u8]) -> Result<MemberCertificate, IdentityError> {
    let certificate = decode(der)?;
    if is_authority(&certificate)? {
        return Err(IdentityError::AuthorityAsMember);
    }
    let subject = read_subject(certificate.tbs_certificate().subject())?;
    let subject = MemberSubject {
        organisation: subject.organisation,
        name: subject.name,
        functions: subject.units,
    };
    subject.check()?;
    let validity = read_validity(&certificate)?;
    Ok(MemberCertificate {
        organisation: subject.organisation,
        name: subject.name,
        functions: subject.functions,
        public_key: read_key(&certificate)?,
        not_before_ms: validity.not_before_ms,
        not_after_ms: validity.not_after_ms,
        serial: certificate
            .tbs_certificate()
            .serial_number()
            .as_bytes()
            .to_vec(),
    })
}

/// Reads the certificate of an organisation's authority. It is trusted because the ledger's
/// genesis or a vote names it, so its own issuer is not asked.
///
/// # Errors
/// The first rule of docs/formats/identity.md that the certificate breaks.
pub fn parse_authority(der: &[u8]) -> Result<AuthorityCertificate, IdentityError> {
    let certificate = decode(der)?;
    if !is_authority(&certificate)? {
        return Err(IdentityError::NotAnAuthority);
    }
    let subject = read_subject(certificate.tbs_certificate().subject())?;
    if !subject.units.is_empty() {
        return Err(IdentityError::Malformed("an authority has no functions"));
    }
    check_organisation(&subject.organisation)?;
    check_authority_name(&subject.name)?;
    Ok(AuthorityCertificate {
        organisation: subject.organisation,
        name: subject.name,
        public_key: read_key(&certificate)?,
        validity: read_validity(&certificate)?,
    })
}

impl MemberSubject {
    pub(super) fn check(&self) -> Result<(), IdentityError> {
        check_organisation(&self.organisation)?;
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
        if !(1..=48).contains(&self.name.len()) || !self.name.bytes().all(allowed) {
            return Err(IdentityError::Name);
        }
        for (position, function) in self.functions.iter().enumerate() {
            if !FUNCTIONS.contains(&function.as_str()) {
                return Err(IdentityError::UnknownFunction);
            }
            if self.functions[..position].contains(function) {
                return Err(IdentityError::RepeatedFunction);
            }
        }
        Ok(())
    }
}

pub(super) fn check_organisation(slug: &str) -> Result<(), IdentityError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if (1..=32).contains(&slug.len())
        && slug.as_bytes()[0].is_ascii_lowercase()
        && slug.bytes().all(allowed)
    {
        Ok(())
    } else {
        Err(IdentityError::OrganisationName)
    }
}

pub(super) fn check_authority_name(name: &str) -> Result<(), IdentityError> {
    let length = name.chars().count();
    if (1..=64).contains(&length) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(IdentityError::Name)
    }
}

pub(super) fn decode(der: &[u8]) -> Result<Certificate, IdentityError> {
    if der.len() > MAX_CERTIFICATE_BYTES {
        return Err(IdentityError::TooLarge { size: der.len() });
    }
    let certificate =
        Certificate::from_der(der).map_err(|_| IdentityError::Malformed("no X.509 certificate"))?;
    if certificate.tbs_certificate().version() != Version::V3 {
        return Err(IdentityError::Malformed("not version 3"));
    }
    Ok(certificate)
}

/// The issuer's name as DER, for a byte-wise comparison.
pub(super) fn name_der(name: &Name) -> Result<Vec<u8>, IdentityError> {
    name.to_der()
        .map_err(|_| IdentityError::Malformed("a name"))
}

fn is_authority(certificate: &Certificate) -> Result<bool, IdentityError> {
    let tbs = certificate.tbs_certificate();
    let constraints = tbs
        .get_extension::<BasicConstraints>()
        .map_err(|_| IdentityError::Malformed("the basic constraints"))?;
    let usage = tbs
        .get_extension::<KeyUsage>()
        .map_err(|_| IdentityError::Malformed("the key usage"))?;
    let may_sign = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    Ok(may_sign && constraints.is_some_and(|(_, constraints)| constraints.ca))
}

struct Subject {
    organisation: String,
    name: String,
    units: Vec<String>,
}

fn read_subject(name: &Name) -> Result<Subject, IdentityError> {
    let (mut organisation, mut common_name, mut units) = (None, None, Vec::new());
    for attribute in name.iter() {
        let text = read_text(&attribute.value)?;
        let replaced = match attribute.oid {
            ORGANIZATION_NAME => organisation.replace(text),
            COMMON_NAME => common_name.replace(text),
            ORGANIZATIONAL_UNIT_NAME => {
                units.push(text);
                None
            }
            _ => {
                return Err(IdentityError::Malformed(
                    "a subject of other than O, OU and CN",
                ));
            }
        };
        if replaced.is_some() {
            return Err(IdentityError::Malformed("a subject with two O or two CN"));
        }
    }
    match (organisation, common_name) {
        (Some(organisation), Some(name)) => Ok(Subject {
            organisation,
            name,
            units,
        }),
        _ => Err(IdentityError::Malformed(
            "a subject without O or without CN",
        )),
    }
}

fn read_text(value: &Any) -> Result<String, IdentityError> {
    // The other string types of X.520 have no one mapping to Unicode.
    if !matches!(value.tag(), Tag::Utf8String | Tag::PrintableString) {
        return Err(IdentityError::Malformed(
            "a name that is neither UTF-8 nor printable",
        ));
    }
    std::str::from_utf8(value.value())
        .map(str::to_owned)
        .map_err(|_| IdentityError::Malformed("a name that is not UTF-8"))
}

fn read_key(certificate: &Certificate) -> Result<PublicKey, IdentityError> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let bits = info
        .subject_public_key
        .as_bytes()
        .ok_or(IdentityError::Malformed("the subject's public key"))?;
    let parameters = info.algorithm.parameters.as_ref().map(Into::into);
    let key = PublicKey::from_parts(info.algorithm.oid, parameters, bits).map_err(|e| match e {
        PublicKeyInfoError::Malformed => IdentityError::Malformed("the subject's public key"),
        PublicKeyInfoError::UnsupportedAlgorithm => IdentityError::UnsupportedKey,
        PublicKeyInfoError::Key(reason) => IdentityError::UnsoundKey(reason),
    })?;
    key.check_registrable().map_err(IdentityError::UnsoundKey)?;
    Ok(key)
}

fn read_validity(certificate: &Certificate) -> Result<Validity, IdentityError> {
    let validity = certificate.tbs_certificate().validity();
    let validity = Validity {
        not_before_ms: validity.not_before.to_unix_duration().as_secs() * 1000,
        not_after_ms: validity.not_after.to_unix_duration().as_secs() * 1000,
    };
    if validity.not_after_ms < validity.not_before_ms {
        return Err(IdentityError::InvalidValidity);
    }
    Ok(validity)
}
