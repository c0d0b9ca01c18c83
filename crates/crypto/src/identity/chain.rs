//! Chains of two: a member's certificate under its organisation's authority, at a given time.

use super::{
    IdentityError, MemberCertificate, certificate, certificate::name_der, parse_authority,
    parse_member,
};
use crate::{PublicKey, Signature};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    UnixTime, alg_id,
};
use std::time::Duration;
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

/// Validates a member's certificate against its organisation's authority at `at_ms` (milliseconds
/// since 1970 UTC, the block's time on a ledger). The same bytes and time give the same answer on
/// every node: no clock, no network, no revocation list is asked.
///
/// # Errors
/// The first failing check, in the order: the authority's shape, the member's shape, the
/// organisation, the issuer's name, the authority's validity, the member's validity, the
/// signature, anything else that RFC 5280 refuses.
pub fn verify_chain(
    member_der: &[u8],
    authority_der: &[u8],
    at_ms: u64,
) -> Result<MemberCertificate, IdentityError> {
    let authority = parse_authority(authority_der)?;
    let member = parse_member(member_der)?;
    if member.organisation != authority.organisation {
        return Err(IdentityError::OrganisationMismatch);
    }
    let issuer = certificate::decode(member_der)?;
    let subject = certificate::decode(authority_der)?;
    if name_der(issuer.tbs_certificate().issuer())?
        != name_der(subject.tbs_certificate().subject())?
    {
        return Err(IdentityError::WrongIssuer);
    }
    // X.509 keeps whole seconds, so both ends are compared in them.
    let at_seconds = at_ms / 1000;
    if at_seconds < authority.validity.not_before_ms / 1000 {
        return Err(IdentityError::AuthorityNotYetValid);
    }
    if at_seconds > authority.validity.not_after_ms / 1000 {
        return Err(IdentityError::AuthorityExpired);
    }
    verify_path(member_der, authority_der, at_seconds)?;
    Ok(member)
}

fn verify_path(member: &[u8], authority: &[u8], at_seconds: u64) -> Result<(), IdentityError> {
    let authority = CertificateDer::from(authority);
    let anchor = anchor_from_trusted_cert(&authority)
        .map_err(|_| IdentityError::Malformed("the authority's certificate"))?;
    let member = CertificateDer::from(member);
    let member = EndEntityCert::try_from(&member).map_err(translate)?;
    member
        .verify_for_usage(
            &[&StrictEd25519, webpki::aws_lc_rs::ECDSA_P256_SHA256],
            &[anchor],
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(at_seconds)),
            KeyUsage::client_auth(),
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
struct StrictEd25519;

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
