//! From a signer's certificate to a root that was pinned, at a time that is given: no clock, no network.

use super::{CmsError, MAX_CERTIFICATES, revocation};
use crate::{
    asn1::{SEQUENCE, tlv},
    pkix::{HashAlgorithm, SignatureAlgorithm, verify_signature},
};
use const_oid::{
    ObjectIdentifier,
    db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_TIME_STAMPING},
};
use der::Decode as _;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    UnixTime, alg_id,
};
use std::time::Duration;
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};
use x509_cert::{
    Certificate,
    ext::pkix::{ExtendedKeyUsage, KeyUsage as KeyUsageExtension},
    time::Time,
};

/// `id-kp-documentSigning` (RFC 9336) and the purpose that document signers had before it.
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const TIMESTAMPING_BYTES: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// What a certificate must be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signs timestamps: `timeStamping` alone, critical (RFC 3161, section 2.3).
    Timestamping,
    /// Signs documents: `documentSigning`, `emailProtection`, any purpose, or none said.
    DocumentSigning,
}

/// A path that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// From the signer's certificate to the last one below the root, DER.
    pub certificates: Vec<Vec<u8>>,
    /// The pinned root, DER.
    pub root: Vec<u8>,
    /// The signer's subject (RFC 4514).
    pub subject: String,
    /// The root's subject (RFC 4514).
    pub root_subject: String,
    /// When the last of the path's certificates began, milliseconds since 1970 UTC.
    pub not_before_ms: u64,
    /// When the first of the path's certificates ends, milliseconds since 1970 UTC.
    pub not_after_ms: u64,
    /// Whether a list of revocations was given that speaks of each certificate at the time in
    /// question.
    pub revocation_known: Vec<bool>,
}

/// Finds and verifies the path from `leaf` to one of the `roots` at `at_ms` (milliseconds since 1970
/// UTC), by RFC 5280. `crls` are lists of revocations, DER: one whose issuer stands in the path must
/// be rightly signed; others are passed over. A timestamp outlives its certificate's revocation only
/// as RFC 3161, section 4.1, says: it is of before, and the list says a reason that harms no key.
///
/// # Errors
/// The first of: malformed certificates, no path, a signature, a time, a purpose, a revocation.
pub fn verify_path(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    roots: &[Vec<u8>],
    at_ms: u64,
    purpose: Purpose,
    crls: &[Vec<u8>],
) -> Result<Path, CmsError> {
    verify_path_proved(leaf, intermediates, roots, at_ms, None, purpose, crls)
}

/// [`verify_path`] of a signature that something else shows to have been there at `proved_ms`: no
/// revocation after that harms it.
pub(crate) fn verify_path_proved(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    roots: &[Vec<u8>],
    at_ms: u64,
    proved_ms: Option<u64>,
    purpose: Purpose,
    crls: &[Vec<u8>],
) -> Result<Path, CmsError> {
    if intermediates.len() > MAX_CERTIFICATES || roots.len() > MAX_CERTIFICATES {
        return Err(CmsError::TooLarge("too many certificates"));
    }
    let parsed = read(leaf)?;
    check_purpose(&parsed, purpose)?;
    let mut refused = CmsError::Untrusted;
    for root in roots {
        match to_root(leaf, intermediates, root, at_ms, purpose) {
            Ok(certificates) => {
                let moment = revocation::Moment {
                    at_ms,
                    proved_ms,
                    purpose,
                };
                let known = revocation::check(&certificates, root, crls, &moment)?;
                return describe(certificates, root, known);
            }
            Err(error) if refused == CmsError::Untrusted => refused = error,
            Err(_) => {}
        }
    }
    Err(refused)
}

pub(super) fn read(der: &[u8]) -> Result<Certificate, CmsError> {
    Certificate::from_der(der).map_err(|_| CmsError::Malformed("a certificate"))
}

/// First and last moment.
fn ends_ms(certificate: &Certificate) -> (u64, u64) {
    let validity = certificate.tbs_certificate().validity();
    let ms = |time: Time| time.to_unix_duration().as_secs() * 1000;
    (ms(validity.not_before), ms(validity.not_after))
}

fn describe(
    certificates: Vec<Vec<u8>>,
    root: &[u8],
    revocation_known: Vec<bool>,
) -> Result<Path, CmsError> {
    let anchor = read(root)?;
    let (mut not_before_ms, mut not_after_ms) = ends_ms(&anchor);
    for certificate in &certificates {
        let (begin_ms, end_ms) = ends_ms(&read(certificate)?);
        not_before_ms = not_before_ms.max(begin_ms);
        not_after_ms = not_after_ms.min(end_ms);
    }
    let subject = match certificates.first() {
        Some(leaf) => read(leaf)?.tbs_certificate().subject().to_string(),
        None => return Err(CmsError::NoCertificate),
    };
    Ok(Path {
        subject,
        root_subject: anchor.tbs_certificate().subject().to_string(),
        certificates,
        root: root.to_vec(),
        not_before_ms,
        not_after_ms,
        revocation_known,
    })
}

/// What the signer's own certificate says that it is for.
fn check_purpose(certificate: &Certificate, purpose: Purpose) -> Result<(), CmsError> {
    let malformed = |_| CmsError::Malformed("a certificate's extensions");
    let tbs = certificate.tbs_certificate();
    let extended = tbs.get_extension::<ExtendedKeyUsage>().map_err(malformed)?;
    let usage = tbs
        .get_extension::<KeyUsageExtension>()
        .map_err(malformed)?;
    if usage.is_some_and(|(_, usage)| !usage.digital_signature() && !usage.non_repudiation()) {
        return Err(CmsError::Purpose("its key usage allows no signatures"));
    }
    match (purpose, extended) {
        (Purpose::Timestamping, Some((true, ExtendedKeyUsage(uses))))
            if uses == [ID_KP_TIME_STAMPING] =>
        {
            Ok(())
        }
        (Purpose::Timestamping, _) => Err(CmsError::Purpose(
            "its extended key usage is not time-stamping alone, critical",
        )),
        (Purpose::DocumentSigning, None) => Ok(()),
        (Purpose::DocumentSigning, Some((_, ExtendedKeyUsage(uses))))
            if [DOCUMENT_SIGNING, EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE]
                .iter()
                .any(|allowed| uses.contains(allowed)) =>
        {
            Ok(())
        }
        (Purpose::DocumentSigning, Some(_)) => Err(CmsError::Purpose(
            "its extended key usage does not name the signing of documents",
        )),
    }
}

/// What the authorities of the path must allow, where they say anything about it. What the leaf
/// says was checked before, so a document signer's authorities are not asked.
struct Uses(Purpose);

impl webpki::ExtendedKeyUsageValidator for Uses {
    fn validate(&self, ids: webpki::KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        match self.0 {
            Purpose::Timestamping => {
                KeyUsage::required_if_present(TIMESTAMPING_BYTES).validate(ids)
            }
            Purpose::DocumentSigning => Ok(()),
        }
    }
}

/// The path to this root, leaf first, the root left out.
fn to_root(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    root: &[u8],
    at_ms: u64,
    purpose: Purpose,
) -> Result<Vec<Vec<u8>>, CmsError> {
    let anchor_der = CertificateDer::from(root);
    let anchors = [anchor_from_trusted_cert(&anchor_der)
        .map_err(|_| CmsError::Malformed("the root's certificate"))?];
    let der = CertificateDer::from(leaf);
    let certificate = EndEntityCert::try_from(&der).map_err(|error| translate(&error))?;
    let intermediates: Vec<_> = intermediates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = ALGORITHMS
        .iter()
        .map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm)
        .collect();
    let path = certificate
        .verify_for_usage(
            &algorithms,
            &anchors,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(at_ms / 1000)),
            Uses(purpose),
            None,
            None,
        )
        .map_err(|error| translate(&error))?;
    let mut certificates = vec![leaf.to_vec()];
    certificates.extend(path.intermediate_certificates().map(|c| c.der().to_vec()));
    // webpki does not ask a root's own dates.
    let validity = *read(root)?.tbs_certificate().validity();
    if at_ms / 1000 < validity.not_before.to_unix_duration().as_secs() {
        return Err(CmsError::NotYetValid);
    }
    if at_ms / 1000 > validity.not_after.to_unix_duration().as_secs() {
        return Err(CmsError::Expired);
    }
    Ok(certificates)
}

fn translate(error: &Error) -> CmsError {
    match error {
        Error::CertNotValidYet { .. } => CmsError::NotYetValid,
        Error::CertExpired { .. } => CmsError::Expired,
        Error::UnknownIssuer => CmsError::Untrusted,
        Error::InvalidSignatureForPublicKey
        | Error::SignatureAlgorithmMismatch
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => CmsError::PathSignature,
        Error::CaUsedAsEndEntity => CmsError::Purpose("it is an authority's"),
        Error::RequiredEkuNotFoundContext(_) => {
            CmsError::Purpose("an authority above it is for other uses alone")
        }
        _ => CmsError::Malformed("refused by the rules of RFC 5280"),
    }
}

/// Shows [`verify_signature`] to webpki, which asks one object for each algorithm and kind of key.
#[derive(Debug)]
struct PathAlgorithm {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    algorithm: SignatureAlgorithm,
}

const fn rule(
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    algorithm: SignatureAlgorithm,
) -> PathAlgorithm {
    PathAlgorithm {
        key,
        signature,
        algorithm,
    }
}

static ALGORITHMS: [PathAlgorithm; 13] = {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    use alg_id::{
        ECDSA_P256, ECDSA_P384, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519, RSA_ENCRYPTION,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512,
    };
    [
        rule(ED25519, ED25519, Ed25519),
        rule(ECDSA_P256, ECDSA_SHA256, Ecdsa(Sha256)),
        rule(ECDSA_P256, ECDSA_SHA384, Ecdsa(Sha384)),
        rule(ECDSA_P256, ECDSA_SHA512, Ecdsa(Sha512)),
        rule(ECDSA_P384, ECDSA_SHA256, Ecdsa(Sha256)),
        rule(ECDSA_P384, ECDSA_SHA384, Ecdsa(Sha384)),
        rule(ECDSA_P384, ECDSA_SHA512, Ecdsa(Sha512)),
        rule(RSA_ENCRYPTION, RSA_PKCS1_SHA256, RsaPkcs1(Sha256)),
        rule(RSA_ENCRYPTION, RSA_PKCS1_SHA384, RsaPkcs1(Sha384)),
        rule(RSA_ENCRYPTION, RSA_PKCS1_SHA512, RsaPkcs1(Sha512)),
        rule(RSA_ENCRYPTION, RSA_PSS_SHA256, RsaPss(Sha256)),
        rule(RSA_ENCRYPTION, RSA_PSS_SHA384, RsaPss(Sha384)),
        rule(RSA_ENCRYPTION, RSA_PSS_SHA512, RsaPss(Sha512)),
    ]
};

impl SignatureVerificationAlgorithm for PathAlgorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let algorithm = tlv(SEQUENCE, &[self.key.as_ref()]);
        let spki = tlv(SEQUENCE, &[&algorithm, &tlv(0x03, &[&[0], public_key])]);
        verify_signature(self.algorithm, &spki, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
