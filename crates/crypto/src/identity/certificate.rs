//! Reading certificates: subjects, functions, keys and validity out of X.509 (RFC 5280).

use super::{
    FUNCTIONS, IdentityError, MAX_CERTIFICATE_BYTES, Profile, Validity, chain::split_chain,
    profile::host_text,
};
use crate::{Algorithm, PublicKey, spki::PublicKeyInfoError};
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME};
use der::{Decode as _, Encode as _, Tag, Tagged as _, asn1::Any};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Certificate, Version,
    ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName},
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

/// What a node's certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCertificate {
    /// The organisation's slug.
    pub organisation: String,
    /// The node's name within it.
    pub name: String,
    /// The node's key: Ed25519, checked to be registrable.
    pub public_key: PublicKey,
    /// Start of the validity, milliseconds since 1970 UTC.
    pub not_before_ms: u64,
    /// End of the validity; its whole second still counts.
    pub not_after_ms: u64,
}

/// What any certificate says, of whatever profile, for lists and calendars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What it is for; `None` for an authority's.
    pub profile: Option<Profile>,
    /// The organisation's slug.
    pub organisation: String,
    /// The name within it.
    pub name: String,
    /// A member's functions, in the order of the certificate.
    pub functions: Vec<String>,
    /// A TLS server's hosts.
    pub hosts: Vec<String>,
    /// The key, checked to be registrable.
    pub public_key: PublicKey,
    /// When it holds.
    pub validity: Validity,
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Whether it names itself as its issuer.
    pub self_issued: bool,
}

/// Reads the first certificate of a chain, which must be a member's. Who issued it and whether it
/// holds now is not asked here: see [`verify_chain`](super::verify_chain).
///
/// # Errors
/// The first rule of docs/formats/identity.md that the certificate breaks.
pub fn parse_member(chain: &[u8]) -> Result<MemberCertificate, IdentityError> {
    let certificate = decode(split_chain(chain)?[0])?;
    if is_authority(&certificate)? {
        return Err(IdentityError::AuthorityAsMember);
    }
    let subject = read_subject(certificate.tbs_certificate().subject())?;
    if let Some(unit) = Profile::of_units(&subject.units).unit() {
        return Err(IdentityError::NotAMember(unit));
    }
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
        serial: serial(&certificate),
    })
}

/// Reads the first certificate of a chain, which must be a node's. Who issued it is not asked here:
/// see [`verify_node_chain`](super::verify_node_chain).
///
/// # Errors
/// The first rule of docs/formats/identity.md that the certificate breaks.
pub fn parse_node(chain: &[u8]) -> Result<NodeCertificate, IdentityError> {
    let certificate = decode(split_chain(chain)?[0])?;
    if is_authority(&certificate)? {
        return Err(IdentityError::NotANode);
    }
    let subject = read_subject(certificate.tbs_certificate().subject())?;
    if Profile::of_units(&subject.units) != Profile::Node {
        return Err(IdentityError::NotANode);
    }
    check_organisation(&subject.organisation)?;
    check_name(&subject.name)?;
    let validity = read_validity(&certificate)?;
    let public_key = read_key(&certificate)?;
    if public_key.algorithm() != Algorithm::Ed25519 {
        return Err(IdentityError::NodeKey);
    }
    Ok(NodeCertificate {
        organisation: subject.organisation,
        name: subject.name,
        public_key,
        not_before_ms: validity.not_before_ms,
        not_after_ms: validity.not_after_ms,
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

/// Reads the first certificate of a chain, whatever it is for. Nothing is verified.
///
/// # Errors
/// Bytes that are no certificate with a subject and a key that the ledger knows.
pub fn describe(chain: &[u8]) -> Result<Description, IdentityError> {
    let certificate = decode(split_chain(chain)?[0])?;
    let tbs = certificate.tbs_certificate();
    let subject = read_subject(tbs.subject())?;
    let profile = if is_authority(&certificate)? {
        None
    } else {
        Some(Profile::of_units(&subject.units))
    };
    let hosts = tbs
        .get_extension::<SubjectAltName>()
        .map_err(|_| IdentityError::Malformed("the alternative names"))?
        .map_or_else(Vec::new, |(_, names)| {
            names.0.iter().filter_map(host_text).collect()
        });
    let functions = match profile {
        Some(Profile::Member) => subject.units,
        _ => Vec::new(),
    };
    Ok(Description {
        profile,
        organisation: subject.organisation,
        name: subject.name,
        functions,
        hosts,
        public_key: read_key(&certificate)?,
        validity: read_validity(&certificate)?,
        serial: serial(&certificate),
        self_issued: name_der(tbs.issuer())? == name_der(tbs.subject())?,
    })
}

fn serial(certificate: &Certificate) -> Vec<u8> {
    let tbs = certificate.tbs_certificate();
    tbs.serial_number().as_bytes().to_vec()
}

impl MemberSubject {
    pub(super) fn check(&self) -> Result<(), IdentityError> {
        check_organisation(&self.organisation)?;
        check_name(&self.name)?;
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

/// The rule of names of members, nodes and services.
pub(super) fn check_name(name: &str) -> Result<(), IdentityError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    if (1..=48).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(IdentityError::Name)
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

/// How many authorities may stand below this one; `None` for any number.
pub(super) fn path_length(der: &[u8]) -> Result<Option<u8>, IdentityError> {
    let constraints = decode(der)?
        .tbs_certificate()
        .get_extension::<BasicConstraints>()
        .map_err(|_| IdentityError::Malformed("the basic constraints"))?;
    Ok(constraints.and_then(|(_, constraints)| constraints.path_len_constraint))
}

pub(super) struct Subject {
    pub(super) organisation: String,
    pub(super) name: String,
    pub(super) units: Vec<String>,
}

pub(super) fn read_subject(name: &Name) -> Result<Subject, IdentityError> {
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
    read_key_info(certificate.tbs_certificate().subject_public_key_info())
}

/// A key of a certificate or of a request for one, checked to be registrable.
pub(super) fn read_key_info(info: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, IdentityError> {
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
