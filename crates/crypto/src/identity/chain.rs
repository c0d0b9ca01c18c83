//! Chains: a certificate, the authorities that issued it one above the other, and the root that the
//! ledger names, at a given time.

use super::{
    AuthorityCertificate, Description, IdentityError, MAX_CERTIFICATE_BYTES, MAX_CHAIN,
    MemberCertificate, NodeCertificate, Profile,
    certificate::{
        check_name, check_organisation, decode, describe, name_der, parse_authority, parse_member,
        parse_node, path_length,
    },
};
use crate::{
    Algorithm, PublicKey, Signature,
    backend::{self, Curve, Hash},
};
use der::{Reader as _, SliceReader};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    UnixTime, alg_id,
};
use std::time::Duration;
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

/// The certificates of a chain, each as its own DER: 1 to [`MAX_CHAIN`], nothing after the last.
///
/// # Errors
/// [`IdentityError::TooLarge`], [`IdentityError::ChainTooLong`] or [`IdentityError::Malformed`].
pub fn split_chain(chain: &[u8]) -> Result<Vec<&[u8]>, IdentityError> {
    if chain.len() > MAX_CERTIFICATE_BYTES {
        return Err(IdentityError::TooLarge { size: chain.len() });
    }
    let malformed = |_| IdentityError::Malformed("no X.509 certificate");
    let mut reader = SliceReader::new(chain).map_err(malformed)?;
    let mut certificates = vec![reader.tlv_bytes().map_err(malformed)?];
    while !reader.is_finished() {
        if certificates.len() == MAX_CHAIN {
            return Err(IdentityError::ChainTooLong);
        }
        certificates.push(reader.tlv_bytes().map_err(malformed)?);
    }
    Ok(certificates)
}

/// Validates a member's chain against its organisation's root at `at_ms` (milliseconds since 1970
/// UTC, the block's time on a ledger). The same bytes and time give the same answer on every node:
/// no clock, no network, no revocation list is asked.
///
/// # Errors
/// The first failing check, in the order of docs/formats/identity.md.
pub fn verify_chain(
    chain: &[u8],
    root: &[u8],
    at_ms: u64,
) -> Result<MemberCertificate, IdentityError> {
    let root = Root::read(root)?;
    let member = parse_member(chain)?;
    root.verify(chain, &member.organisation, at_ms)?;
    Ok(member)
}

/// Validates a node's chain, as [`verify_chain`] does a member's.
///
/// # Errors
/// The first failing check, in the order of docs/formats/identity.md.
pub fn verify_node_chain(
    chain: &[u8],
    root: &[u8],
    at_ms: u64,
) -> Result<NodeCertificate, IdentityError> {
    let root = Root::read(root)?;
    let node = parse_node(chain)?;
    root.verify(chain, &node.organisation, at_ms)?;
    Ok(node)
}

/// Validates the chain of a certificate of any profile, as [`verify_chain`] does a member's, and
/// tells what it says.
///
/// # Errors
/// The first failing check, in the order of docs/formats/identity.md.
pub fn verify_profile_chain(
    chain: &[u8],
    root: &[u8],
    profile: Profile,
    at_ms: u64,
) -> Result<Description, IdentityError> {
    let root = Root::read(root)?;
    let described = describe(chain)?;
    if described.profile != Some(profile) {
        return Err(IdentityError::OtherProfile(profile.as_str()));
    }
    check_organisation(&described.organisation)?;
    check_name(&described.name)?;
    if profile.is_ed25519_alone() && described.public_key.algorithm() != Algorithm::Ed25519 {
        return Err(IdentityError::NodeKey);
    }
    root.verify_for(chain, &described.organisation, at_ms, profile)?;
    let signs_for_outsiders = matches!(profile, Profile::DocumentSigning | Profile::Timestamping);
    if signs_for_outsiders && !profile.is_named_in(&decode(split_chain(chain)?[0])?) {
        return Err(IdentityError::UnsupportedDemand);
    }
    Ok(described)
}

/// What the path's extended key usages must allow. None of a cosigner's is one of TLS.
const fn usage(profile: Profile) -> KeyUsage {
    const TIMESTAMPING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 8];
    const DOCUMENTS: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 36];
    match profile {
        Profile::Member | Profile::Node | Profile::Cosigning => KeyUsage::client_auth(),
        Profile::TlsServer => KeyUsage::server_auth(),
        // Authorities need not say it; that the certificate itself does is checked beside.
        Profile::Timestamping => KeyUsage::required_if_present(TIMESTAMPING),
        Profile::DocumentSigning => KeyUsage::required_if_present(DOCUMENTS),
    }
}

struct Root<'a> {
    der: &'a [u8],
    parsed: AuthorityCertificate,
}

impl<'a> Root<'a> {
    fn read(der: &'a [u8]) -> Result<Self, IdentityError> {
        let parsed = parse_authority(der)?;
        Ok(Self { der, parsed })
    }

    fn verify(&self, chain: &[u8], organisation: &str, at_ms: u64) -> Result<(), IdentityError> {
        self.verify_for(chain, organisation, at_ms, Profile::Member)
    }

    /// What every chain must pass, whoever its first certificate is for.
    fn verify_for(
        &self,
        chain: &[u8],
        organisation: &str,
        at_ms: u64,
        profile: Profile,
    ) -> Result<(), IdentityError> {
        let certificates = split_chain(chain)?;
        let (leaf, issuing) = certificates
            .split_first()
            .ok_or(IdentityError::Malformed("no X.509 certificate"))?;
        let mut authorities = Vec::new();
        for der in issuing {
            authorities.push(parse_authority(der)?);
        }
        let organisations = authorities.iter().chain([&self.parsed]);
        if organisations
            .map(|authority| &authority.organisation)
            .any(|named| named != organisation)
        {
            return Err(IdentityError::OrganisationMismatch);
        }
        self.check_names(&certificates)?;
        self.check_lengths(issuing)?;
        // X.509 keeps whole seconds, so both ends are compared in them.
        let at_seconds = at_ms / 1000;
        if at_seconds < self.parsed.validity.not_before_ms / 1000 {
            return Err(IdentityError::AuthorityNotYetValid);
        }
        if at_seconds > self.parsed.validity.not_after_ms / 1000 {
            return Err(IdentityError::AuthorityExpired);
        }
        for authority in &authorities {
            if at_seconds < authority.validity.not_before_ms / 1000 {
                return Err(IdentityError::IssuingNotYetValid);
            }
            if at_seconds > authority.validity.not_after_ms / 1000 {
                return Err(IdentityError::IssuingExpired);
            }
        }
        verify_path(leaf, issuing, self.der, at_seconds, usage(profile))
    }

    /// Each certificate names the next one as its issuer, the last one the root, and no two
    /// authorities bear the same name: so there is one path, and all of the chain is on it.
    fn check_names(&self, certificates: &[&[u8]]) -> Result<(), IdentityError> {
        let mut subjects = Vec::new();
        for der in certificates[1..].iter().chain([&self.der]) {
            let subject = name_der(decode(der)?.tbs_certificate().subject())?;
            if subjects.contains(&subject) {
                return Err(IdentityError::RepeatedAuthority);
            }
            subjects.push(subject);
        }
        for (der, subject) in certificates.iter().zip(&subjects) {
            if name_der(decode(der)?.tbs_certificate().issuer())? != *subject {
                return Err(IdentityError::WrongIssuer);
            }
        }
        Ok(())
    }

    /// No authority stands above more authorities than its own certificate allows.
    fn check_lengths(&self, issuing: &[&[u8]]) -> Result<(), IdentityError> {
        for (below, der) in issuing.iter().chain([&self.der]).enumerate() {
            let allowed = path_length(der)?;
            if allowed.is_some_and(|allowed| below > usize::from(allowed)) {
                return Err(IdentityError::PathTooLong);
            }
        }
        Ok(())
    }
}

fn verify_path(
    leaf: &[u8],
    issuing: &[&[u8]],
    root: &[u8],
    at_seconds: u64,
    usage: KeyUsage,
) -> Result<(), IdentityError> {
    let root = CertificateDer::from(root);
    let anchor = anchor_from_trusted_cert(&root)
        .map_err(|_| IdentityError::Malformed("the authority's certificate"))?;
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(translate)?;
    let issuing: Vec<_> = issuing
        .iter()
        .map(|&der| CertificateDer::from(der))
        .collect();
    leaf.verify_for_usage(
        &[&StrictEd25519, &EcdsaP256],
        &[anchor],
        &issuing,
        UnixTime::since_unix_epoch(Duration::from_secs(at_seconds)),
        usage,
        None,
        None,
    )
    .map(|_| ())
    .map_err(translate)
}

fn translate(error: Error) -> IdentityError {
    match error {
        Error::CertNotValidYet { .. } => IdentityError::NotYetValid,
        Error::CertExpired { .. } => IdentityError::Expired,
        Error::InvalidCertValidity => IdentityError::InvalidValidity,
        Error::UnknownIssuer => IdentityError::WrongIssuer,
        Error::CaUsedAsEndEntity => IdentityError::AuthorityAsMember,
        Error::PathLenConstraintViolated => IdentityError::PathTooLong,
        // webpki answers so too when the authority's key is of another algorithm than the signature.
        Error::InvalidSignatureForPublicKey
        | Error::SignatureAlgorithmMismatch
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => IdentityError::BadSignature,
        Error::UnsupportedCriticalExtension
        | Error::RequiredEkuNotFoundContext(_)
        | Error::NameConstraintViolation => IdentityError::UnsupportedDemand,
        _ => IdentityError::Malformed("refused by the rules of RFC 5280"),
    }
}

/// Certificates are shown to outsiders, so their signatures must pass the strict rule, and every
/// build of the node must apply the same one.
#[derive(Debug)]
pub(super) struct StrictEd25519;

impl SignatureVerificationAlgorithm for StrictEd25519 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = PublicKey::Ed25519(public_key.try_into().map_err(|_| InvalidSignature)?);
        let signature = Signature::Ed25519(signature.try_into().map_err(|_| InvalidSignature)?);
        key.verify_message_strict(message, &signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }
}

/// ECDSA over P-256 with SHA-256, by the backend of this build.
#[derive(Debug)]
pub(super) struct EcdsaP256;

impl SignatureVerificationAlgorithm for EcdsaP256 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if backend::verify_ecdsa(Curve::P256, Hash::Sha256, public_key, message, signature) {
            Ok(())
        } else {
            Err(InvalidSignature)
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}
