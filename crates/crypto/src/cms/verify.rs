//! Verifying a signature: the content's digest, the signing certificate's digest, the signature itself.

use super::{
    CONTENT_TYPE, CmsError, MESSAGE_DIGEST, SIGNATURE_TIMESTAMP, SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2, SIGNING_TIME, SignedData, signed_data::SignerIdentifier,
};
use crate::{
    asn1::{Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context, tlv},
    pkix::{HashAlgorithm, verify_signature},
};
use der::{Decode as _, Encode as _};
use sha1::{Digest as _, Sha1};
use x509_cert::{Certificate, ext::pkix::SubjectKeyIdentifier, time::Time};

/// What a verified signature says. Whether its certificate is trusted is not asked here: see
/// [`verify_path`](super::verify_path).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The signer's certificate, DER.
    pub certificate: Vec<u8>,
    /// The document's other certificates, DER, in its order.
    pub chain: Vec<Vec<u8>>,
    /// When the signer says that it signed, milliseconds since 1970 UTC.
    pub signing_time_ms: Option<u64>,
    /// The token over the signature's bytes (ContentInfo, DER); not verified.
    pub timestamp: Option<Vec<u8>>,
}

impl SignedData {
    /// Verifies the signature over the content: what is in the document, or `detached`.
    ///
    /// # Errors
    /// The first of: content missing or given twice, no certificate, attributes that are malformed,
    /// a digest, a signing certificate or a signature that does not match.
    pub fn verify(&self, detached: Option<&[u8]>) -> Result<Signed, CmsError> {
        self.verify_with(detached, &[])
    }

    /// [`SignedData::verify`] with certificates that the document does not bring.
    ///
    /// # Errors
    /// As [`SignedData::verify`].
    pub fn verify_with(
        &self,
        detached: Option<&[u8]>,
        further: &[Vec<u8>],
    ) -> Result<Signed, CmsError> {
        let content = match (&self.content, detached) {
            (Some(content), None) => content.as_slice(),
            (None, Some(content)) => content,
            _ => return Err(CmsError::Content),
        };
        let (der, certificate) = self.signer_certificate(further)?;
        self.check_attributes(content)?;
        self.check_signing_certificate(der)?;
        let spki = certificate
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .map_err(|_| CmsError::Malformed("the signer's key"))?;
        let message = tlv(SET, &[&self.signer.signed]);
        verify_signature(
            self.signer.algorithm,
            &spki,
            &message,
            &self.signer.signature,
        )?;
        let timestamp = self.signer.unsigned_attribute(SIGNATURE_TIMESTAMP)?;
        let others = self.certificates.iter().filter(|other| *other != der);
        Ok(Signed {
            certificate: der.to_vec(),
            chain: others.cloned().collect(),
            signing_time_ms: self.signing_time_ms()?,
            timestamp: timestamp.map(<[u8]>::to_vec),
        })
    }

    fn signer_certificate<'a>(
        &'a self,
        further: &'a [Vec<u8>],
    ) -> Result<(&'a Vec<u8>, Certificate), CmsError> {
        for der in self.certificates.iter().chain(further) {
            let Ok(certificate) = Certificate::from_der(der) else {
                continue;
            };
            let tbs = certificate.tbs_certificate();
            let named = match &self.signer.identifier {
                SignerIdentifier::IssuerAndSerial(named) => {
                    issuer_and_serial(&certificate).is_some_and(|own| own == *named)
                }
                SignerIdentifier::SubjectKey(named) => tbs
                    .get_extension::<SubjectKeyIdentifier>()
                    .ok()
                    .flatten()
                    .is_some_and(|(_, own)| own.0.as_bytes() == named),
            };
            if named {
                return Ok((der, certificate));
            }
        }
        Err(CmsError::NoCertificate)
    }

    fn check_attributes(&self, content: &[u8]) -> Result<(), CmsError> {
        let missing = CmsError::Malformed("a signed attribute is missing");
        let signer = &self.signer;
        let named = signer.signed_attribute(CONTENT_TYPE)?;
        let named = Element::whole(named.ok_or(missing.clone())?, OID)?.oid()?;
        if named != self.content_type {
            return Err(CmsError::Malformed("the signed type is not the content's"));
        }
        let digest = signer.signed_attribute(MESSAGE_DIGEST)?;
        let digest = Element::whole(digest.ok_or(missing)?, OCTET_STRING)?;
        if digest.value != signer.hash.digest(content) {
            return Err(CmsError::Digest);
        }
        Ok(())
    }

    /// The signed attributes name the certificate (RFC 5035), by SHA-1 where a token is of before
    /// RFC 5816: the digest is signed, so a second certificate of the same SHA-1 would be needed.
    fn check_signing_certificate(&self, certificate: &[u8]) -> Result<(), CmsError> {
        let v2 = self.signer.signed_attribute(SIGNING_CERTIFICATE_V2)?;
        let v1 = self.signer.signed_attribute(SIGNING_CERTIFICATE)?;
        if v1.is_none() && v2.is_none() {
            return Err(CmsError::SigningCertificate);
        }
        for (attribute, is_v2) in [(v2, true), (v1, false)] {
            let Some(attribute) = attribute else {
                continue;
            };
            let mut attribute = Element::whole(attribute, SEQUENCE)?.elements()?;
            let first = attribute.expect(SEQUENCE)?.elements()?.expect(SEQUENCE)?;
            check_certificate_id(&first, is_v2, certificate)?;
        }
        Ok(())
    }

    fn signing_time_ms(&self) -> Result<Option<u64>, CmsError> {
        let Some(value) = self.signer.signed_attribute(SIGNING_TIME)? else {
            return Ok(None);
        };
        let time = Time::from_der(value).map_err(|_| CmsError::Malformed("the signing time"))?;
        Ok(Some(time.to_unix_duration().as_secs() * 1000))
    }
}

/// ESSCertID or ESSCertIDv2 (RFC 5035, sections 3 and 4).
fn check_certificate_id(id: &Element<'_>, v2: bool, certificate: &[u8]) -> Result<(), CmsError> {
    let mut id = id.elements()?;
    let hash = match id.next_if(SEQUENCE)? {
        Some(algorithm) if v2 => HashAlgorithm::from_identifier(&algorithm)?,
        Some(_) => return Err(CmsError::Malformed("the signing certificate")),
        None => HashAlgorithm::Sha256,
    };
    let digest = if v2 {
        hash.digest(certificate)
    } else {
        Sha1::digest(certificate).to_vec()
    };
    if id.expect(OCTET_STRING)?.value != digest {
        return Err(CmsError::SigningCertificate);
    }
    if let Some(named) = id.next_if(SEQUENCE)? {
        check_issuer(&named, certificate)?;
    }
    Ok(id.finish()?)
}

/// IssuerSerial: one directory name and the serial number.
fn check_issuer(named: &Element<'_>, certificate: &[u8]) -> Result<(), CmsError> {
    let mut named = named.elements()?;
    let names = named.expect(SEQUENCE)?;
    let serial = named.expect(INTEGER)?;
    named.finish()?;
    let issuer = Element::whole(names.value, context(4))?;
    let certificate = Certificate::from_der(certificate)
        .map_err(|_| CmsError::Malformed("the signer's certificate"))?;
    let own = issuer_and_serial(&certificate).ok_or(CmsError::SigningCertificate)?;
    if own != [issuer.value, serial.der].concat() {
        return Err(CmsError::SigningCertificate);
    }
    Ok(())
}

/// The DER of a certificate's issuer and of its serial number.
pub(super) fn issuer_and_serial(certificate: &Certificate) -> Option<Vec<u8>> {
    let tbs = certificate.tbs_certificate();
    let mut der = tbs.issuer().to_der().ok()?;
    der.extend(tbs.serial_number().to_der().ok()?);
    Some(der)
}
