//! An organisation's own authority: making it and issuing certificates to members.

use super::{
    IdentityError, MemberSubject, Validity,
    certificate::{check_authority_name, check_organisation, decode},
    parse_authority,
};
use crate::{Algorithm, PublicKey, SecretKey, Signature, spki::ED25519_OID};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME},
        rfc5912::ECDSA_WITH_SHA_256,
    },
};
use der::{
    DateTime, Decode as _, Encode as _, Sequence, Tag,
    asn1::{Any, BitString, GeneralizedTime, UintRef},
};
use signature::{Keypair, Signer};
use spki::{
    AlgorithmIdentifierOwned, Document, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use std::{fmt, time::Duration};
use x509_cert::{
    TbsCertificate,
    attr::AttributeTypeAndValue,
    builder::{self, Builder as _, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension as _,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
        },
    },
    name::{Name, RdnSequence, RelativeDistinguishedName},
    serial_number::SerialNumber,
    time::Time,
};

/// An organisation's certificate authority: its certificate and the key that signs members'.
#[derive(Clone)]
pub struct CertificateAuthority {
    certificate: Vec<u8>,
    key: SecretKey,
    subject: Name,
    organisation: String,
}

impl CertificateAuthority {
    /// Makes a new key and a self-signed certificate for it.
    ///
    /// # Errors
    /// Names that break their rule, an empty validity, or no randomness.
    pub fn create(
        organisation: &str,
        name: &str,
        algorithm: Algorithm,
        validity: Validity,
    ) -> Result<Self, IdentityError> {
        check_organisation(organisation)?;
        check_authority_name(name)?;
        let key = SecretKey::generate(algorithm)?;
        let subject = distinguished_name(organisation, &[], name)?;
        let profile = Profile {
            issuer: subject.clone(),
            subject: subject.clone(),
            authority: true,
        };
        let certificate = build(profile, &key.public_key(), &key, validity)?;
        Ok(Self {
            certificate,
            key,
            subject,
            organisation: organisation.to_owned(),
        })
    }

    /// Opens an authority from its certificate (DER) and its key.
    ///
    /// # Errors
    /// A certificate that is no authority's, or a key that is not the certificate's.
    pub fn open(certificate: Vec<u8>, key: SecretKey) -> Result<Self, IdentityError> {
        let parsed = parse_authority(&certificate)?;
        if parsed.public_key != key.public_key() {
            return Err(IdentityError::WrongAuthorityKey);
        }
        let subject = decode(&certificate)?.tbs_certificate().subject().clone();
        Ok(Self {
            certificate,
            key,
            subject,
            organisation: parsed.organisation,
        })
    }

    /// The certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The key that signs members' certificates.
    #[must_use]
    pub const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Issues a member's certificate, DER.
    ///
    /// # Errors
    /// A subject of another organisation or with names or functions that break their rules, a
    /// key that must not be registered, or an empty validity.
    pub fn issue(
        &self,
        subject: &MemberSubject,
        public_key: &PublicKey,
        validity: Validity,
    ) -> Result<Vec<u8>, IdentityError> {
        subject.check()?;
        if subject.organisation != self.organisation {
            return Err(IdentityError::OrganisationMismatch);
        }
        public_key
            .check_registrable()
            .map_err(IdentityError::UnsoundKey)?;
        let profile = Profile {
            issuer: self.subject.clone(),
            subject: distinguished_name(&subject.organisation, &subject.functions, &subject.name)?,
            authority: false,
        };
        build(profile, public_key, &self.key, validity)
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CertificateAuthority({}, {:?})",
            self.organisation, self.key
        )
    }
}

struct Profile {
    issuer: Name,
    subject: Name,
    authority: bool,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        subject_key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints {
            ca: self.authority,
            path_len_constraint: self.authority.then_some(0),
        };
        let usage = if self.authority {
            KeyUsages::KeyCertSign | KeyUsages::CRLSign
        } else {
            KeyUsages::DigitalSignature.into()
        };
        let subject = tbs.subject();
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            KeyUsage(usage).to_extension(subject, &[])?,
            SubjectKeyIdentifier::try_from(subject_key)?.to_extension(subject, &[])?,
            AuthorityKeyIdentifier::try_from(issuer_key)?.to_extension(subject, &[])?,
        ])
    }
}

fn build(
    profile: Profile,
    public_key: &PublicKey,
    key: &SecretKey,
    validity: Validity,
) -> Result<Vec<u8>, IdentityError> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| crate::SecretKeyError::NoRandomness)?;
    // Positive and always of 16 bytes, whatever the random bits.
    serial[0] = serial[0] & 0x7f | 0x40;
    let serial = SerialNumber::new(&serial).map_err(|_| IdentityError::Malformed("the serial"))?;
    let spki = public_key
        .to_spki_der()
        .map_err(IdentityError::UnsoundKey)?;
    let spki = SubjectPublicKeyInfoOwned::from_der(&spki)
        .map_err(|_| IdentityError::Malformed("the subject's public key"))?;
    let validity = x509_validity(validity)?;
    CertificateBuilder::new(profile, serial, validity, spki)
        .and_then(|builder| builder.build::<_, CertificateSignature>(&CertificateSigner(key)))
        .ok()
        .and_then(|certificate| certificate.to_der().ok())
        .ok_or(IdentityError::Malformed(
            "the certificate could not be encoded",
        ))
}

fn x509_validity(validity: Validity) -> Result<x509_cert::time::Validity, IdentityError> {
    if validity.not_after_ms < validity.not_before_ms {
        return Err(IdentityError::InvalidValidity);
    }
    let time = |ms: u64| {
        DateTime::from_unix_duration(Duration::from_secs(ms / 1000))
            .map(|time| Time::GeneralTime(GeneralizedTime::from_date_time(time)))
            .map_err(|_| IdentityError::InvalidValidity)
    };
    Ok(x509_cert::time::Validity::new(
        time(validity.not_before_ms)?,
        time(validity.not_after_ms)?,
    ))
}

fn distinguished_name(
    organisation: &str,
    functions: &[String],
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
        for function in functions {
            sequence.push(attribute(ORGANIZATIONAL_UNIT_NAME, function)?);
        }
        sequence.push(attribute(COMMON_NAME, name)?);
        Name::from_der(&sequence.to_der()?)
    };
    encode().map_err(|_| IdentityError::Malformed("the subject could not be encoded"))
}

/// Shows a [`SecretKey`] to the certificate builder.
struct CertificateSigner<'a>(&'a SecretKey);

#[derive(Clone)]
struct CertificateKey(PublicKey);

/// The bits of a certificate's signature field.
struct CertificateSignature(Vec<u8>);

/// RFC 3279, section 2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl Signer<CertificateSignature> for CertificateSigner<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<CertificateSignature, signature::Error> {
        match self.0.sign_message(message) {
            Signature::Ed25519(bytes) => Ok(CertificateSignature(bytes.to_vec())),
            Signature::P256(bytes) => {
                let (r, s) = bytes.split_at(32);
                let encode = || -> der::Result<_> {
                    EcdsaSignature {
                        r: UintRef::new(r)?,
                        s: UintRef::new(s)?,
                    }
                    .to_der()
                };
                encode()
                    .map(CertificateSignature)
                    .map_err(|_| signature::Error::new())
            }
        }
    }
}

impl Keypair for CertificateSigner<'_> {
    type VerifyingKey = CertificateKey;

    fn verifying_key(&self) -> CertificateKey {
        CertificateKey(self.0.public_key())
    }
}

impl DynSignatureAlgorithmIdentifier for CertificateSigner<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        let oid = match self.0.algorithm() {
            Algorithm::Ed25519 => ED25519_OID,
            Algorithm::P256 => ECDSA_WITH_SHA_256,
        };
        Ok(AlgorithmIdentifierOwned {
            oid,
            parameters: None,
        })
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
