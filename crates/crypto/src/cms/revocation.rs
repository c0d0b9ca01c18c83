//! What lists of revocations (RFC 5280, section 5) say about the certificates of a path.

use super::{CmsError, MAX_CERTIFICATES, MAX_CRL_BYTES, Purpose, path::read};
use crate::{
    asn1::{Element, SEQUENCE},
    pkix::{SignatureAlgorithm, verify_signature},
};
use const_oid::AssociatedOid as _;
use der::{Decode as _, Encode as _};
use x509_cert::{
    Certificate,
    crl::{CertificateList, RevokedCert},
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BaseCrlNumber, CrlNumber, CrlReason, IssuingDistributionPoint,
            SubjectKeyIdentifier,
        },
    },
};

/// When a signature is judged, and what else is known of its time.
pub(super) struct Moment {
    pub(super) at_ms: u64,
    pub(super) proved_ms: Option<u64>,
    pub(super) purpose: Purpose,
}

/// Refuses a path of which a certificate is revoked; tells for each certificate below the root
/// whether a list speaks of it at the moment in question.
pub(super) fn check(
    certificates: &[Vec<u8>],
    root: &[u8],
    crls: &[Vec<u8>],
    moment: &Moment,
) -> Result<Vec<bool>, CmsError> {
    if crls.len() > MAX_CERTIFICATES {
        return Err(CmsError::TooLarge("too many lists of revocations"));
    }
    let mut lists = Vec::new();
    for crl in crls {
        lists.push((crl.as_slice(), read_list(crl)?));
    }
    let mut known = Vec::new();
    for (position, der) in certificates.iter().enumerate() {
        let certificate = read(der)?;
        let issuer = read(certificates.get(position + 1).map_or(root, Vec::as_slice))?;
        let mut spoken_of = false;
        for (der, list) in &lists {
            let named = list.tbs_cert_list.issuer == *certificate.tbs_certificate().issuer();
            if !named || is_of_another_key(list, &issuer) {
                continue;
            }
            check_signature(der, &issuer)?;
            for entry in list.tbs_cert_list.revoked_certificates.iter().flatten() {
                if entry.serial_number == *certificate.tbs_certificate().serial_number() {
                    check_entry(entry, moment)?;
                }
            }
            spoken_of |= covers(list, moment.at_ms);
        }
        known.push(spoken_of);
    }
    Ok(known)
}

/// Checks that a list of revocations is signed by the one of these authorities (DER) that it names;
/// how many certificates it revokes.
///
/// # Errors
/// [`CmsError::RevocationList`], or malformed bytes.
pub fn read_revocation_list(list: &[u8], authorities: &[Vec<u8>]) -> Result<usize, CmsError> {
    let parsed = read_list(list)?;
    for authority in authorities {
        let authority = read(authority)?;
        if *authority.tbs_certificate().subject() == parsed.tbs_cert_list.issuer {
            check_signature(list, &authority)?;
            let revoked = parsed.tbs_cert_list.revoked_certificates.as_ref();
            return Ok(revoked.map_or(0, Vec::len));
        }
    }
    Err(CmsError::RevocationList("it is of another authority"))
}

fn read_list(der: &[u8]) -> Result<CertificateList, CmsError> {
    if der.len() > MAX_CRL_BYTES {
        return Err(CmsError::TooLarge(
            "a list of revocations of more than 4 MiB",
        ));
    }
    let malformed = CmsError::RevocationList("it is no CertificateList of version 2");
    let list = CertificateList::from_der(der).map_err(|_| malformed.clone())?;
    if list.signature_algorithm != list.tbs_cert_list.signature {
        return Err(malformed);
    }
    for extension in list.tbs_cert_list.crl_extensions.iter().flatten() {
        check_extension(extension)?;
    }
    Ok(list)
}

fn check_extension(extension: &Extension) -> Result<(), CmsError> {
    let refused = CmsError::RevocationList("it is partial in a way that is not understood");
    match extension.extn_id {
        CrlNumber::OID | AuthorityKeyIdentifier::OID => Ok(()),
        BaseCrlNumber::OID => Err(refused),
        IssuingDistributionPoint::OID => {
            let point = IssuingDistributionPoint::from_der(extension.extn_value.as_bytes());
            match point {
                Ok(point) if !point.indirect_crl && point.only_some_reasons.is_none() => Ok(()),
                _ => Err(refused),
            }
        }
        _ if extension.critical => Err(refused),
        _ => Ok(()),
    }
}

/// Authorities keep their name when they change their key: each list names the key it is of.
fn is_of_another_key(list: &CertificateList, issuer: &Certificate) -> bool {
    let own = issuer
        .tbs_certificate()
        .get_extension::<SubjectKeyIdentifier>();
    let named = list.tbs_cert_list.crl_extensions.iter().flatten();
    let named = named
        .filter(|extension| extension.extn_id == AuthorityKeyIdentifier::OID)
        .find_map(|found| AuthorityKeyIdentifier::from_der(found.extn_value.as_bytes()).ok());
    match (named.and_then(|named| named.key_identifier), own) {
        (Some(named), Ok(Some((_, own)))) => named != own.0,
        _ => false,
    }
}

/// The list is signed by the authority whose name it bears.
fn check_signature(der: &[u8], issuer: &Certificate) -> Result<(), CmsError> {
    let mut parts = Element::whole(der, SEQUENCE)?.elements()?;
    let (signed, algorithm, bits) = (
        parts.expect(SEQUENCE)?,
        parts.expect(SEQUENCE)?,
        parts.expect(0x03)?,
    );
    let algorithm = SignatureAlgorithm::from_identifier(&algorithm, None)?;
    let spki = issuer.tbs_certificate().subject_public_key_info().to_der();
    let spki = spki.map_err(|_| CmsError::Malformed("an authority's key"))?;
    let [0, signature @ ..] = bits.value else {
        return Err(CmsError::RevocationList("its signature is malformed"));
    };
    verify_signature(algorithm, &spki, signed.der, signature)
        .map_err(|_| CmsError::RevocationList("it is not signed by the authority it names"))
}

fn check_entry(entry: &RevokedCert, moment: &Moment) -> Result<(), CmsError> {
    let since_ms = entry.revocation_date.to_unix_duration().as_secs() * 1000;
    let mut reason = None;
    for extension in entry.crl_entry_extensions.iter().flatten() {
        if extension.extn_id == CrlReason::OID {
            let read = CrlReason::from_der(extension.extn_value.as_bytes());
            reason = Some(read.map_err(|_| CmsError::RevocationList("a reason is malformed"))?);
        } else if extension.critical {
            return Err(CmsError::RevocationList(
                "an entry says what is not understood",
            ));
        }
    }
    // A timestamp's own time is worth nothing once its key was lost, so the reason counts.
    let harmless = matches!(
        reason,
        Some(
            CrlReason::Unspecified
                | CrlReason::AffiliationChanged
                | CrlReason::Superseded
                | CrlReason::CessationOfOperation
        )
    );
    let outlives = match (moment.proved_ms, moment.purpose) {
        (Some(proved_ms), _) if proved_ms < since_ms => true,
        (_, Purpose::Timestamping) => moment.at_ms < since_ms && harmless,
        (_, Purpose::DocumentSigning) => moment.at_ms < since_ms,
    };
    if outlives {
        return Ok(());
    }
    Err(CmsError::Revoked {
        since_ms,
        reason: reason_text(reason),
    })
}

/// Whether the list had not run out by then.
fn covers(list: &CertificateList, at_ms: u64) -> bool {
    let next = list.tbs_cert_list.next_update;
    next.is_none_or(|next| at_ms / 1000 <= next.to_unix_duration().as_secs())
}

const fn reason_text(reason: Option<CrlReason>) -> &'static str {
    match reason {
        None => "no reason said",
        Some(CrlReason::Unspecified) => "unspecified",
        Some(CrlReason::KeyCompromise) => "the key was compromised",
        Some(CrlReason::CaCompromise | CrlReason::AaCompromise) => "the authority was compromised",
        Some(CrlReason::AffiliationChanged) => "the affiliation changed",
        Some(CrlReason::Superseded) => "superseded",
        Some(CrlReason::CessationOfOperation) => "it ceased to operate",
        Some(CrlReason::CertificateHold) => "on hold",
        Some(CrlReason::RemoveFromCRL) => "removed from the list",
        Some(CrlReason::PrivilegeWithdrawn) => "the privilege was withdrawn",
    }
}
