//! Tokens: what they say, and whether to believe them.

use super::{
    ID_TST_INFO, MAX_INTEGER_BYTES, MAX_TOKEN_BYTES, Request, TimestampError,
    request::read_imprint, time,
};
use crate::{
    asn1::{BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OID, SEQUENCE, context},
    cms::{Path, Purpose, SignedData, verify_path_proved},
    pkix::HashAlgorithm,
};

/// A token that was read; [`Token::verify`] tells whether to believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// How far the time may be off, rounded up.
    pub accuracy_ms: Option<u64>,
    /// The serial number: the content of its DER integer.
    pub serial: Vec<u8>,
    /// The authority's policy, dotted.
    pub policy: String,
    /// The hash function of the imprint.
    pub imprint_algorithm: HashAlgorithm,
    /// The digest of what was stamped.
    pub imprint: Vec<u8>,
    /// The request's nonce: the content of its DER integer.
    pub nonce: Option<Vec<u8>>,
    data: SignedData,
    der: Vec<u8>,
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// How far the time may be off.
    pub accuracy_ms: Option<u64>,
    /// The serial number: the content of its DER integer.
    pub serial: Vec<u8>,
    /// The authority's policy, dotted.
    pub policy: String,
    /// From the authority's certificate to the pinned root.
    pub path: Path,
}

impl Token {
    /// Reads the DER of a token, a ContentInfo.
    ///
    /// # Errors
    /// Too many bytes, or a shape that is not that of RFC 3161; extensions are refused if critical.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        if der.len() > MAX_TOKEN_BYTES {
            return Err(TimestampError::TooLarge("a token of more than 64 KiB"));
        }
        let data = SignedData::parse(der)?;
        let content = match &data.content {
            Some(content) if data.content_type == ID_TST_INFO => content.clone(),
            _ => return Err(TimestampError::Malformed("it holds no TSTInfo")),
        };
        let mut info = Element::whole(&content, SEQUENCE)?.elements()?;
        if info.expect(INTEGER)?.number()? != 1 {
            return Err(TimestampError::Malformed("the version of the TSTInfo"));
        }
        let policy = info.expect(OID)?.oid()?.to_string();
        let (imprint_algorithm, imprint) = read_imprint(&info.expect(SEQUENCE)?)?;
        let serial = info.expect(INTEGER)?.integer(MAX_INTEGER_BYTES)?.to_vec();
        let time_ms = time::read(info.expect(GENERALIZED_TIME)?.value)?;
        let accuracy_ms = match info.next_if(SEQUENCE)? {
            Some(accuracy) => Some(read_accuracy(&accuracy)?),
            None => None,
        };
        // `ordering`, which nothing here asks.
        if info
            .next_if(BOOLEAN)?
            .is_some_and(|flag| flag.value.len() != 1)
        {
            return Err(TimestampError::Malformed("the ordering"));
        }
        let nonce = match info.next_if(INTEGER)? {
            Some(nonce) => Some(nonce.integer(MAX_INTEGER_BYTES)?.to_vec()),
            None => None,
        };
        // The authority's name is a hint (RFC 3161, section 2.4.2): the certificate says it.
        info.next_if(context(0))?;
        if let Some(extensions) = info.next_if(context(1))? {
            refuse_critical(&extensions)?;
        }
        info.finish()?;
        Ok(Self {
            time_ms,
            accuracy_ms,
            serial,
            policy,
            imprint_algorithm,
            imprint,
            nonce,
            data,
            der: der.to_vec(),
        })
    }

    /// The DER, as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificates that the token brings, in its order.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        self.data.certificates()
    }

    /// Checks that the token answers this request.
    ///
    /// # Errors
    /// [`TimestampError::WrongNonce`], [`TimestampError::Imprint`] or [`TimestampError::Policy`].
    pub fn check_answers(&self, request: &Request) -> Result<(), TimestampError> {
        if self.nonce != request.nonce {
            return Err(TimestampError::WrongNonce);
        }
        if self.imprint_algorithm != request.algorithm || self.imprint != request.imprint {
            return Err(TimestampError::Imprint);
        }
        if request
            .policy
            .as_ref()
            .is_some_and(|asked| *asked != self.policy)
        {
            return Err(TimestampError::Policy);
        }
        Ok(())
    }

    /// Checks that the token is for these bytes and rightly signed, and that a path led from its
    /// authority to one of the roots at the token's own time. Lists of revocations in the token
    /// count beside `crls`.
    ///
    /// # Errors
    /// The first of: another imprint, a signature, a path that does not hold.
    pub fn verify(
        &self,
        data: &[u8],
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
    ) -> Result<Verified, TimestampError> {
        if self.imprint_algorithm.digest(data) != self.imprint {
            return Err(TimestampError::Imprint);
        }
        self.verify_imprint(&self.imprint, &[], roots, crls, None)
    }

    /// [`Token::verify`] with authorities' certificates that the token does not bring.
    ///
    /// # Errors
    /// As [`Token::verify`].
    pub fn verify_with(
        &self,
        data: &[u8],
        intermediates: &[Vec<u8>],
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
    ) -> Result<Verified, TimestampError> {
        if self.imprint_algorithm.digest(data) != self.imprint {
            return Err(TimestampError::Imprint);
        }
        self.verify_imprint(&self.imprint, intermediates, roots, crls, None)
    }

    /// [`Token::verify`] for bytes of which the digest is known.
    ///
    /// # Errors
    /// As [`Token::verify`].
    pub fn verify_digest(
        &self,
        digest: &[u8],
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
    ) -> Result<Verified, TimestampError> {
        self.verify_imprint(digest, &[], roots, crls, None)
    }

    /// Verifies a token for this digest, which something else shows to have been there at
    /// `proved_ms`.
    pub(super) fn verify_imprint(
        &self,
        imprint: &[u8],
        intermediates: &[Vec<u8>],
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
        proved_ms: Option<u64>,
    ) -> Result<Verified, TimestampError> {
        if self.imprint != imprint {
            return Err(TimestampError::Imprint);
        }
        let signed = self.data.verify_with(None, intermediates)?;
        let path = verify_path_proved(
            &signed.certificate,
            &[&signed.chain, intermediates].concat(),
            roots,
            self.time_ms,
            proved_ms,
            Purpose::Timestamping,
            &[crls, self.data.crls()].concat(),
        )?;
        Ok(Verified {
            time_ms: self.time_ms,
            accuracy_ms: self.accuracy_ms,
            serial: self.serial.clone(),
            policy: self.policy.clone(),
            path,
        })
    }
}

/// Seconds, thousandths and millionths, together in milliseconds, rounded up.
fn read_accuracy(accuracy: &Element<'_>) -> Result<u64, TimestampError> {
    let malformed = TimestampError::Malformed("the accuracy");
    let mut parts = accuracy.elements()?;
    let seconds = match parts.next_if(INTEGER)? {
        Some(seconds) => seconds.number()?,
        None => 0,
    };
    let mut below = [0_u64; 2];
    for (place, tag) in below.iter_mut().zip([0x80, 0x81]) {
        if let Some(part) = parts.next_if(tag)? {
            *place = match part.value {
                [value @ 1..=0x7f] => u64::from(*value),
                [high @ 0..=3, low] if *high > 0 || *low > 0x7f => {
                    u64::from(*high) * 256 + u64::from(*low)
                }
                _ => return Err(malformed),
            };
            if *place > 999 {
                return Err(malformed);
            }
        }
    }
    parts.finish()?;
    seconds
        .checked_mul(1000)
        .and_then(|ms| ms.checked_add(below[0] + below[1].min(1)))
        .ok_or(malformed)
}

fn refuse_critical(extensions: &Element<'_>) -> Result<(), TimestampError> {
    let mut extensions = extensions.elements()?;
    while !extensions.is_finished() {
        let mut extension = extensions.expect(SEQUENCE)?.elements()?;
        extension.expect(OID)?;
        if extension
            .next_if(BOOLEAN)?
            .is_some_and(|flag| flag.value != [0])
        {
            return Err(TimestampError::Malformed("an unknown critical extension"));
        }
    }
    Ok(())
}
