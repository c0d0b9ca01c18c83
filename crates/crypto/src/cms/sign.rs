//! Making a SignedData: CAdES-BES by one key with its chain, and a timestamp added to the signature.

use super::{
    CONTENT_TYPE, CmsError, ID_DATA, ID_SIGNED_DATA, MAX_CERTIFICATES, MESSAGE_DIGEST,
    SIGNATURE_TIMESTAMP, SIGNING_CERTIFICATE_V2, SIGNING_TIME, SignedData,
    verify::issuer_and_serial,
};
use crate::{
    Algorithm, Signing,
    asn1::{
        Element, Elements, OCTET_STRING, OID, SEQUENCE, SET, context, number, oid, set_of, tlv,
    },
    identity,
    pkix::HashAlgorithm,
};
use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use std::{fmt, sync::Arc};
use x509_cert::Certificate;

/// A key that signs documents or tokens, with its certificate and the authorities above it.
#[derive(Clone)]
pub struct Signer {
    key: Arc<dyn Signing>,
    chain: Vec<Vec<u8>>,
    issuer_and_serial: Vec<u8>,
}

impl Signer {
    /// A signer from its key and its chain: the DER of its certificate, directly followed by the
    /// authorities above it, the root or not.
    ///
    /// # Errors
    /// A chain that is malformed, or a certificate of another key.
    pub fn new(key: Arc<dyn Signing>, chain: Vec<u8>) -> Result<Self, CmsError> {
        let (mut elements, mut certificates) = (Elements::of(&chain)?, Vec::new());
        while !elements.is_finished() {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(CmsError::TooLarge("too many certificates"));
            }
            certificates.push(elements.expect(SEQUENCE)?.der.to_vec());
        }
        let malformed = CmsError::Malformed("the signer's certificate");
        let first = certificates.first().ok_or(malformed.clone())?;
        let parsed = Certificate::from_der(first).map_err(|_| malformed.clone())?;
        let own = parsed.tbs_certificate().subject_public_key_info().to_der();
        let spki = key.public_key().to_spki_der();
        let spki = spki.map_err(|_| CmsError::Malformed("the signer's key"))?;
        if own.map_err(|_| malformed.clone())? != spki {
            return Err(CmsError::Malformed(
                "the signer's certificate is of another key",
            ));
        }
        let issuer_and_serial = issuer_and_serial(&parsed).ok_or(malformed)?;
        Ok(Self {
            key,
            chain: certificates,
            issuer_and_serial,
        })
    }

    /// The signer's certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        // `new` lets no empty chain pass.
        self.chain.first().map_or(&[], Vec::as_slice)
    }

    /// The chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// RFC 8419 asks for SHA-512 beside Ed25519.
    fn hash(&self) -> HashAlgorithm {
        match self.key.public_key().algorithm() {
            Algorithm::Ed25519 => HashAlgorithm::Sha512,
            Algorithm::P256 => HashAlgorithm::Sha256,
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key.public_key())
    }
}

/// Signs content that stays outside of the document, as CAdES-BES, DER. PAdES asks for no time.
///
/// # Errors
/// A time that cannot be written, or a key that does not sign.
pub fn sign_detached(
    content: &[u8],
    signer: &Signer,
    signing_time_ms: Option<u64>,
) -> Result<Vec<u8>, CmsError> {
    let encapsulated = tlv(SEQUENCE, &[&oid(ID_DATA)]);
    sign(
        ID_DATA,
        &encapsulated,
        content,
        signer,
        signing_time_ms,
        true,
    )
}

/// Signs content of another type and carries it; without the certificates where nobody asked for
/// them.
pub(crate) fn sign_attached(
    content_type: ObjectIdentifier,
    content: &[u8],
    signer: &Signer,
    with_certificates: bool,
) -> Result<Vec<u8>, CmsError> {
    let octets = tlv(OCTET_STRING, &[content]);
    let encapsulated = tlv(
        SEQUENCE,
        &[&oid(content_type), &tlv(context(0), &[&octets])],
    );
    sign(
        content_type,
        &encapsulated,
        content,
        signer,
        None,
        with_certificates,
    )
}

fn sign(
    content_type: ObjectIdentifier,
    encapsulated: &[u8],
    content: &[u8],
    signer: &Signer,
    signing_time_ms: Option<u64>,
    with_certificates: bool,
) -> Result<Vec<u8>, CmsError> {
    let hash = signer.hash();
    let mut attributes = vec![
        attribute(CONTENT_TYPE, &oid(content_type)),
        attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[&hash.digest(content)])),
        attribute(SIGNING_CERTIFICATE_V2, &signing_certificate(signer)),
    ];
    if let Some(time_ms) = signing_time_ms {
        let time = identity::x509_time(time_ms)
            .ok()
            .and_then(|time| time.to_der().ok());
        let time = time.ok_or(CmsError::Malformed("the signing time"))?;
        attributes.push(attribute(SIGNING_TIME, &time));
    }
    let signature = identity::signature_der(signer.key.as_ref(), &set_of(SET, attributes.clone()))?;
    let algorithm = identity::signature_identifier(&signer.key.public_key())
        .to_der()
        .map_err(|_| CmsError::Malformed("the signer's algorithm"))?;
    let info = tlv(
        SEQUENCE,
        &[
            &number(1),
            &tlv(SEQUENCE, &[&signer.issuer_and_serial]),
            &hash.identifier(),
            &set_of(context(0), attributes),
            &algorithm,
            &tlv(OCTET_STRING, &[&signature]),
        ],
    );
    let certificates = if with_certificates {
        set_of(context(0), signer.chain.clone())
    } else {
        Vec::new()
    };
    let version = if content_type == ID_DATA { 1 } else { 3 };
    let data = tlv(
        SEQUENCE,
        &[
            &number(version),
            &tlv(SET, &[&hash.identifier()]),
            encapsulated,
            &certificates,
            &tlv(SET, &[&info]),
        ],
    );
    Ok(content_info(&data))
}

fn content_info(signed_data: &[u8]) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[&oid(ID_SIGNED_DATA), &tlv(context(0), &[signed_data])],
    )
}

fn attribute(named: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(named), &tlv(SET, &[value])])
}

/// SigningCertificateV2 with the one certificate, by SHA-256, which is the default and left out.
fn signing_certificate(signer: &Signer) -> Vec<u8> {
    let digest = HashAlgorithm::Sha256.digest(signer.certificate());
    let id = tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[&digest])]);
    tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&id])])
}

/// Adds a timestamp of the signature to a SignedData that bears none (CAdES-T). Nothing that was
/// signed changes.
///
/// # Errors
/// Either is no SignedData, or there is a timestamp already.
pub fn with_signature_timestamp(cms: &[u8], token: &[u8]) -> Result<Vec<u8>, CmsError> {
    let parsed = SignedData::parse(cms)?;
    SignedData::parse(token)?;
    if parsed
        .signer
        .unsigned_attribute(SIGNATURE_TIMESTAMP)?
        .is_some()
    {
        return Err(CmsError::AlreadyStamped);
    }
    let mut unsigned = vec![attribute(SIGNATURE_TIMESTAMP, token)];
    let mut present = Elements::of(&parsed.signer.unsigned)?;
    while !present.is_finished() {
        unsigned.push(present.next()?.der.to_vec());
    }
    let mut info = Element::whole(cms, SEQUENCE)?.elements()?;
    info.expect(OID)?;
    let data = Element::whole(info.expect(context(0))?.value, SEQUENCE)?;
    // The signers are the last element of the data, as the unsigned attributes are of a signer.
    let (before, signers) = split_last(&data)?;
    let signer = Element::whole(signers.value, SEQUENCE)?;
    let (mut kept, mut parts) = (Vec::new(), signer.elements()?);
    while !parts.is_finished() {
        let part = parts.next()?;
        // `[1]` stands for nothing else within a signer.
        if part.tag != context(1) {
            kept.extend_from_slice(part.der);
        }
    }
    let signer = tlv(SEQUENCE, &[&kept, &set_of(context(1), unsigned)]);
    let data = tlv(SEQUENCE, &[before, &tlv(SET, &[&signer])]);
    Ok(content_info(&data))
}

fn split_last<'a>(element: &Element<'a>) -> Result<(&'a [u8], Element<'a>), CmsError> {
    let mut elements = element.elements()?;
    let mut last = elements.next()?;
    while !elements.is_finished() {
        last = elements.next()?;
    }
    Ok((&element.value[..element.value.len() - last.der.len()], last))
}
