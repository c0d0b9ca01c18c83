//! An organisation's own authorities: making them and issuing certificates of every profile.

use super::{
    IdentityError, MemberSubject, Profile, RevokedCertificate, Validity,
    certificate::{check_authority_name, check_name, check_organisation, decode, parse_authority},
    chain::split_chain,
    encoding::{distinguished_name, x509_validity},
    profile::{authority_extensions, host},
    revocation,
    signer::{CertificateSignature, CertificateSigner, new_serial},
};
use crate::{Algorithm, PublicKey, SecretKey, Signing};
use der::{Decode as _, Encode as _};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use std::{fmt, sync::Arc};
use x509_cert::{
    TbsCertificate,
    builder::{self, Builder as _, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension as _,
        pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier, name::GeneralName},
    },
    name::Name,
};

/// An organisation's certificate authority: its certificate and the key that signs others'. A root,
/// which the ledger names, or an issuing authority below it.
#[derive(Clone)]
pub struct CertificateAuthority {
    /// The authority's certificate alone.
    certificate: Vec<u8>,
    /// What follows a certificate that it issues: nothing for a root.
    above: Vec<u8>,
    key: Arc<dyn Signing>,
    subject: Name,
    organisation: String,
}

/// What a certificate is to say, except whose organisation it is: that is the authority's.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What it is for.
    pub profile: Profile,
    /// The name within the organisation: 1 to 48 of `a-z 0-9 - . _`.
    pub name: &'a str,
    /// A member's functions; of no other profile.
    pub functions: &'a [String],
    /// A TLS server's IP addresses and names of hosts; of no other profile.
    pub hosts: &'a [String],
}

impl CertificateAuthority {
    /// Makes a root with a new key, which lives no longer than the authority does.
    ///
    /// # Errors
    /// As [`Self::create_with`], or no randomness.
    pub fn create(
        organisation: &str,
        name: &str,
        algorithm: Algorithm,
        validity: Validity,
    ) -> Result<Self, IdentityError> {
        let key = Arc::new(SecretKey::generate(algorithm)?);
        Self::create_with(organisation, name, key, validity)
    }

    /// Makes a root: a self-signed certificate of this key, which may stand above one more
    /// authority.
    ///
    /// # Errors
    /// Names that break their rule, an empty validity, a key that does not sign.
    pub fn create_with(
        organisation: &str,
        name: &str,
        key: Arc<dyn Signing>,
        validity: Validity,
    ) -> Result<Self, IdentityError> {
        check_organisation(organisation)?;
        check_authority_name(name)?;
        let subject = distinguished_name(organisation, &[], name)?;
        let contents = Contents {
            issuer: subject.clone(),
            subject: subject.clone(),
            kind: Kind::Authority { below: 1 },
        };
        let certificate = build(contents, &key.public_key(), key.as_ref(), validity)?;
        Ok(Self {
            certificate,
            above: Vec::new(),
            key,
            subject,
            organisation: organisation.to_owned(),
        })
    }

    /// Opens a root, which the ledger names, from its certificate (DER) and its key.
    ///
    /// # Errors
    /// A certificate that is no authority's, or a key that is not the certificate's.
    pub fn open(certificate: Vec<u8>, key: Arc<dyn Signing>) -> Result<Self, IdentityError> {
        let parsed = parse_authority(&certificate)?;
        if parsed.public_key != key.public_key() {
            return Err(IdentityError::WrongAuthorityKey);
        }
        let subject = decode(&certificate)?.tbs_certificate().subject().clone();
        Ok(Self {
            certificate,
            above: Vec::new(),
            key,
            subject,
            organisation: parsed.organisation,
        })
    }

    /// Opens an issuing authority from its chain, its own certificate first and the root left out.
    ///
    /// # Errors
    /// As [`Self::open`], or bytes that are no chain.
    pub fn open_issuing(chain: Vec<u8>, key: Arc<dyn Signing>) -> Result<Self, IdentityError> {
        let first = split_chain(&chain)?[0].to_vec();
        let mut authority = Self::open(first, key)?;
        authority.above = chain;
        Ok(authority)
    }

    /// The authority's own certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The authority's chain: empty for a root.
    #[must_use]
    pub fn chain(&self) -> &[u8] {
        &self.above
    }

    /// The key that signs certificates.
    #[must_use]
    pub fn key(&self) -> &Arc<dyn Signing> {
        &self.key
    }

    /// The slug of the organisation.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Issues an authority below this one, which may stand above none; its chain.
    ///
    /// # Errors
    /// A name that breaks its rule or is this authority's own, an unsound key, an empty validity.
    pub fn issue_authority(
        &self,
        name: &str,
        public_key: &PublicKey,
        validity: Validity,
    ) -> Result<Vec<u8>, IdentityError> {
        check_authority_name(name)?;
        let subject = distinguished_name(&self.organisation, &[], name)?;
        if subject == self.subject {
            return Err(IdentityError::RepeatedAuthority);
        }
        self.build(subject, Kind::Authority { below: 0 }, public_key, validity)
    }

    /// Issues a member's certificate; its chain.
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
        let order = Order {
            profile: Profile::Member,
            name: &subject.name,
            functions: &subject.functions,
            hosts: &[],
        };
        self.issue_as(&order, public_key, validity)
    }

    /// Issues a certificate of any profile; its chain.
    ///
    /// # Errors
    /// A name, function or host that breaks its rule, functions for what is no member, a TLS server
    /// without hosts, a key that must not be registered, or an empty validity.
    pub fn issue_as(
        &self,
        order: &Order<'_>,
        public_key: &PublicKey,
        validity: Validity,
    ) -> Result<Vec<u8>, IdentityError> {
        check_name(order.name)?;
        let units = match order.profile.unit() {
            None => {
                let subject = MemberSubject {
                    organisation: self.organisation.clone(),
                    name: order.name.to_owned(),
                    functions: order.functions.to_vec(),
                };
                subject.check()?;
                subject.functions
            }
            Some(_) if !order.functions.is_empty() => return Err(IdentityError::UnknownFunction),
            Some(unit) => vec![unit.to_owned()],
        };
        if (order.profile == Profile::TlsServer) == order.hosts.is_empty() {
            return Err(IdentityError::HostName(order.hosts.join(" ")));
        }
        if order.profile.is_ed25519_alone() && public_key.algorithm() != Algorithm::Ed25519 {
            return Err(IdentityError::NodeKey);
        }
        let hosts: Result<_, _> = order.hosts.iter().map(|name| host(name)).collect();
        let kind = Kind::Leaf {
            profile: order.profile,
            hosts: hosts?,
        };
        let subject = distinguished_name(&self.organisation, &units, order.name)?;
        self.build(subject, kind, public_key, validity)
    }

    /// The list of the certificates of this authority that are revoked (RFC 5280, section 5), DER.
    /// `number` must grow from list to list.
    ///
    /// # Errors
    /// A time that X.509 cannot write, or a key that does not sign.
    pub fn revocation_list(
        &self,
        number: u64,
        validity: Validity,
        revoked: &[RevokedCertificate],
    ) -> Result<Vec<u8>, IdentityError> {
        revocation::list(self.key.as_ref(), &self.subject, number, validity, revoked)
    }

    fn build(
        &self,
        subject: Name,
        kind: Kind,
        public_key: &PublicKey,
        validity: Validity,
    ) -> Result<Vec<u8>, IdentityError> {
        public_key
            .check_registrable()
            .map_err(IdentityError::UnsoundKey)?;
        let contents = Contents {
            issuer: self.subject.clone(),
            subject,
            kind,
        };
        let mut chain = build(contents, public_key, self.key.as_ref(), validity)?;
        chain.extend_from_slice(&self.above);
        Ok(chain)
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CertificateAuthority({}, {})",
            self.organisation,
            self.key.public_key()
        )
    }
}

enum Kind {
    Authority {
        below: u8,
    },
    Leaf {
        profile: Profile,
        hosts: Vec<GeneralName>,
    },
}

/// What the certificate builder is told.
struct Contents {
    issuer: Name,
    subject: Name,
    kind: Kind,
}

impl BuilderProfile for Contents {
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
        let subject = tbs.subject();
        let mut extensions = match &self.kind {
            Kind::Authority { below } => authority_extensions(*below)?,
            Kind::Leaf { profile, hosts } => profile.extensions(hosts)?,
        };
        extensions.push(SubjectKeyIdentifier::try_from(subject_key)?.to_extension(subject, &[])?);
        extensions.push(AuthorityKeyIdentifier::try_from(issuer_key)?.to_extension(subject, &[])?);
        Ok(extensions)
    }
}

fn build(
    contents: Contents,
    public_key: &PublicKey,
    key: &dyn Signing,
    validity: Validity,
) -> Result<Vec<u8>, IdentityError> {
    let spki = public_key
        .to_spki_der()
        .map_err(IdentityError::UnsoundKey)?;
    let spki = SubjectPublicKeyInfoOwned::from_der(&spki)
        .map_err(|_| IdentityError::Malformed("the subject's public key"))?;
    let signer = CertificateSigner::new(key);
    let made = CertificateBuilder::new(contents, new_serial()?, x509_validity(validity)?, spki)
        .and_then(|builder| builder.build::<_, CertificateSignature>(&signer))
        .ok()
        .and_then(|certificate| certificate.to_der().ok());
    match (made, signer.failure.into_inner()) {
        (Some(certificate), _) => Ok(certificate),
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(IdentityError::Malformed(
            "the certificate could not be encoded",
        )),
    }
}
