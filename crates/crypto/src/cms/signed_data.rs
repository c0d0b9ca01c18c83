//! Reading a SignedData with its one signer, strictly and within bounds.

use super::{CmsError, ID_DATA, ID_SIGNED_DATA, MAX_CERTIFICATES, MAX_SIGNED_DATA_BYTES};
use crate::{
    asn1::{Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context},
    pkix::{HashAlgorithm, SignatureAlgorithm},
};
use const_oid::ObjectIdentifier;

/// A SignedData that was read; nothing of it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) content: Option<Vec<u8>>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) signer: SignerInfo,
}

/// Whom the signer says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignerIdentifier {
    /// The DER of issuer and serial number, one after the other.
    IssuerAndSerial(Vec<u8>),
    SubjectKey(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignerInfo {
    pub(super) identifier: SignerIdentifier,
    pub(super) hash: HashAlgorithm,
    /// The signed attributes' content, as it was signed but for its tag.
    pub(super) signed: Vec<u8>,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signature: Vec<u8>,
    pub(super) unsigned: Vec<u8>,
}

impl SignedData {
    /// Reads the DER of a ContentInfo that holds a SignedData with one signer.
    ///
    /// # Errors
    /// [`CmsError::TooLarge`], [`CmsError::Malformed`], or an algorithm that is not taken.
    pub fn parse(der: &[u8]) -> Result<Self, CmsError> {
        if der.len() > MAX_SIGNED_DATA_BYTES {
            return Err(CmsError::TooLarge("more than 1 MiB"));
        }
        let mut info = Element::whole(der, SEQUENCE)?.elements()?;
        if info.expect(OID)?.oid()? != ID_SIGNED_DATA {
            return Err(CmsError::Malformed("no SignedData"));
        }
        let content = info.expect(context(0))?;
        info.finish()?;
        Self::read(&Element::whole(content.value, SEQUENCE)?)
    }

    fn read(data: &Element<'_>) -> Result<Self, CmsError> {
        let mut data = data.elements()?;
        let version = data.expect(INTEGER)?.number()?;
        let mut hashes = Vec::new();
        let mut listed = data.expect(SET)?.elements()?;
        while !listed.is_finished() {
            // Others than the signer's may be of any kind.
            hashes.push(HashAlgorithm::from_identifier(&listed.expect(SEQUENCE)?).ok());
        }
        let (content_type, content) = read_content(&data.expect(SEQUENCE)?)?;
        let certificates = sequences(data.next_if(context(0))?, "too many certificates")?;
        let crls = sequences(data.next_if(context(1))?, "too many lists of revocations")?;
        let mut signers = data.expect(SET)?.elements()?;
        data.finish()?;
        let signer = signers.expect(SEQUENCE)?;
        if !signers.is_finished() {
            return Err(CmsError::Malformed("more than one signer"));
        }
        let signer = SignerInfo::read(&signer)?;
        // RFC 5652, section 5.1.
        let by_key = matches!(signer.identifier, SignerIdentifier::SubjectKey(_));
        let expected = if content_type != ID_DATA || by_key {
            3
        } else {
            1
        };
        if version != expected {
            return Err(CmsError::Malformed("the version of the SignedData"));
        }
        if !hashes.contains(&Some(signer.hash)) {
            return Err(CmsError::Malformed(
                "the signer's hash function is not listed",
            ));
        }
        Ok(Self {
            content_type,
            content,
            certificates,
            crls,
            signer,
        })
    }

    /// The signature's bytes: what a signature timestamp covers.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        &self.signer.signature
    }

    /// The certificates in the document, in its order.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The lists of revocations in the document; believed only as far as a path verifies them.
    #[must_use]
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.crls
    }
}

impl SignerInfo {
    fn read(info: &Element<'_>) -> Result<Self, CmsError> {
        let mut info = info.elements()?;
        let version = info.expect(INTEGER)?.number()?;
        let identifier = if version == 1 {
            let issuer_and_serial = info.expect(SEQUENCE)?;
            let mut parts = issuer_and_serial.elements()?;
            parts.expect(SEQUENCE)?;
            parts.expect(INTEGER)?;
            parts.finish()?;
            SignerIdentifier::IssuerAndSerial(issuer_and_serial.value.to_vec())
        } else if version == 3 {
            SignerIdentifier::SubjectKey(info.expect(0x80)?.value.to_vec())
        } else {
            return Err(CmsError::Malformed("the version of the signer"));
        };
        let hash = HashAlgorithm::from_identifier(&info.expect(SEQUENCE)?)?;
        let signed = info
            .next_if(context(0))?
            .ok_or(CmsError::Malformed("there are no signed attributes"))?;
        let algorithm = info.expect(SEQUENCE)?;
        let algorithm = match SignatureAlgorithm::from_identifier(&algorithm, None) {
            Ok(SignatureAlgorithm::Ed25519) => SignatureAlgorithm::Ed25519,
            _ => SignatureAlgorithm::from_identifier(&algorithm, Some(hash))?,
        };
        let signature = info.expect(OCTET_STRING)?;
        let unsigned = info.next_if(context(1))?;
        info.finish()?;
        Ok(Self {
            identifier,
            hash,
            signed: signed.value.to_vec(),
            algorithm,
            signature: signature.value.to_vec(),
            unsigned: unsigned.map_or_else(Vec::new, |unsigned| unsigned.value.to_vec()),
        })
    }

    /// The one value of a signed attribute, if it is there.
    pub(super) fn signed_attribute(
        &self,
        wanted: ObjectIdentifier,
    ) -> Result<Option<&[u8]>, CmsError> {
        attribute(&self.signed, wanted)
    }

    /// The one value of an unsigned attribute, if it is there.
    pub(super) fn unsigned_attribute(
        &self,
        wanted: ObjectIdentifier,
    ) -> Result<Option<&[u8]>, CmsError> {
        attribute(&self.unsigned, wanted)
    }
}

fn read_content(content: &Element<'_>) -> Result<(ObjectIdentifier, Option<Vec<u8>>), CmsError> {
    let mut parts = content.elements()?;
    let content_type = parts.expect(OID)?.oid()?;
    let explicit = parts.next_if(context(0))?;
    parts.finish()?;
    let content = match explicit {
        None => None,
        Some(explicit) => Some(Element::whole(explicit.value, OCTET_STRING)?.value.to_vec()),
    };
    Ok((content_type, content))
}

fn sequences(set: Option<Element<'_>>, many: &'static str) -> Result<Vec<Vec<u8>>, CmsError> {
    let Some(set) = set else {
        return Ok(Vec::new());
    };
    let (mut elements, mut found) = (set.elements()?, Vec::new());
    while !elements.is_finished() {
        if found.len() == MAX_CERTIFICATES {
            return Err(CmsError::TooLarge(many));
        }
        found.push(elements.expect(SEQUENCE)?.der.to_vec());
    }
    Ok(found)
}

fn attribute(attributes: &[u8], wanted: ObjectIdentifier) -> Result<Option<&[u8]>, CmsError> {
    let mut found = None;
    let mut attributes = Elements::of(attributes)?;
    while !attributes.is_finished() {
        let mut attribute = attributes.expect(SEQUENCE)?.elements()?;
        let named = attribute.expect(OID)?.oid()?;
        let mut values = attribute.expect(SET)?.elements()?;
        attribute.finish()?;
        if named != wanted {
            continue;
        }
        let value = values.next()?;
        if !values.is_finished() || found.replace(value.der).is_some() {
            return Err(CmsError::Malformed("an attribute with more than one value"));
        }
    }
    Ok(found)
}
