//! TimeStampReq: what is to be stamped, by its digest alone.

use super::{MAX_INTEGER_BYTES, MAX_REQUEST_BYTES, TimestampError};
use crate::{
    asn1::{BOOLEAN, Element, INTEGER, OCTET_STRING, OID, SEQUENCE, context, number, oid, tlv},
    pkix::HashAlgorithm,
};
use const_oid::ObjectIdentifier;

/// A request for a timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The hash function of the imprint.
    pub algorithm: HashAlgorithm,
    /// The digest of what is to be stamped.
    pub imprint: Vec<u8>,
    /// The policy that is asked for, dotted; `None` for any.
    pub policy: Option<String>,
    /// The content of the nonce's DER integer: as short as it can be, 1 to 33 bytes.
    pub nonce: Option<Vec<u8>>,
    /// Whether the answer shall bring the authority's certificates.
    pub certificates: bool,
}

impl Request {
    /// A request for these bytes under any policy, with the authority's certificates. `nonce` is
    /// taken as it comes: random bytes make a nonce that is as good.
    #[must_use]
    pub fn of(data: &[u8], algorithm: HashAlgorithm, nonce: [u8; 16]) -> Self {
        Self::of_imprint(algorithm, algorithm.digest(data), nonce)
    }

    /// A request for bytes of which the digest is known.
    #[must_use]
    pub fn of_imprint(algorithm: HashAlgorithm, imprint: Vec<u8>, mut nonce: [u8; 16]) -> Self {
        // Positive and of one length, whatever the random bits.
        nonce[0] = nonce[0] & 0x7f | 0x40;
        Self {
            algorithm,
            imprint,
            policy: None,
            nonce: Some(nonce.to_vec()),
            certificates: true,
        }
    }

    /// The DER.
    ///
    /// # Errors
    /// A policy that is no object identifier.
    pub fn to_der(&self) -> Result<Vec<u8>, TimestampError> {
        let policy = match &self.policy {
            Some(policy) => oid(parse_oid(policy)?),
            None => Vec::new(),
        };
        let nonce = self.nonce.as_ref();
        let nonce = nonce.map_or_else(Vec::new, |nonce| tlv(INTEGER, &[nonce]));
        // DER leaves the default, false, out.
        let certificates: &[u8] = if self.certificates {
            &[BOOLEAN, 1, 0xff]
        } else {
            &[]
        };
        let imprint = write_imprint(self.algorithm, &self.imprint);
        Ok(tlv(
            SEQUENCE,
            &[&number(1), &imprint, &policy, &nonce, certificates],
        ))
    }

    /// Reads the DER of a request.
    ///
    /// # Errors
    /// Too many bytes, a shape that is not that of RFC 3161, a hash function that is not taken, or
    /// extensions, of which none is known.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        if der.len() > MAX_REQUEST_BYTES {
            return Err(TimestampError::TooLarge("a request of more than 4 KiB"));
        }
        let mut request = Element::whole(der, SEQUENCE)?.elements()?;
        if request.expect(INTEGER)?.number()? != 1 {
            return Err(TimestampError::Malformed("the version of the request"));
        }
        let (algorithm, imprint) = read_imprint(&request.expect(SEQUENCE)?)?;
        let policy = match request.next_if(OID)? {
            Some(policy) => Some(policy.oid()?.to_string()),
            None => None,
        };
        let nonce = match request.next_if(INTEGER)? {
            Some(nonce) => Some(nonce.integer(MAX_INTEGER_BYTES)?.to_vec()),
            None => None,
        };
        let certificates = match request.next_if(BOOLEAN)? {
            None => false,
            // Written though it is the default: some clients do.
            Some(flag) if flag.value == [0] => false,
            Some(flag) if flag.value == [0xff] => true,
            Some(_) => return Err(TimestampError::Malformed("the wish for certificates")),
        };
        if request.next_if(context(0))?.is_some() {
            return Err(TimestampError::Malformed(
                "extensions, of which none is known",
            ));
        }
        request.finish()?;
        Ok(Self {
            algorithm,
            imprint,
            policy,
            nonce,
            certificates,
        })
    }
}

pub(super) fn parse_oid(text: &str) -> Result<ObjectIdentifier, TimestampError> {
    ObjectIdentifier::new(text)
        .map_err(|_| TimestampError::Malformed("the policy is no object identifier"))
}

/// MessageImprint.
pub(super) fn write_imprint(algorithm: HashAlgorithm, imprint: &[u8]) -> Vec<u8> {
    let digest = tlv(OCTET_STRING, &[imprint]);
    tlv(SEQUENCE, &[&algorithm.identifier(), &digest])
}

pub(super) fn read_imprint(
    imprint: &Element<'_>,
) -> Result<(HashAlgorithm, Vec<u8>), TimestampError> {
    let mut parts = imprint.elements()?;
    let algorithm = HashAlgorithm::from_identifier(&parts.expect(SEQUENCE)?)?;
    let digest = parts.expect(OCTET_STRING)?.value.to_vec();
    parts.finish()?;
    if digest.len() != algorithm.size() {
        return Err(TimestampError::Malformed(
            "the imprint's length is not its hash function's",
        ));
    }
    Ok((algorithm, digest))
}
