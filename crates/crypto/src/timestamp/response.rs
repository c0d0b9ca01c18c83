//! TimeStampResp: a token, or why there is none.

use super::{MAX_TOKEN_BYTES, TimestampError};
use crate::asn1::{Element, INTEGER, SEQUENCE, UTF8_STRING, number, tlv};
use std::fmt;

const BIT_STRING: u8 = 0x03;

/// What an authority answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// The token, DER; not read yet.
    Granted(Vec<u8>),
    /// There is none.
    Refused(Refusal),
}

/// Why an authority gave no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// PKIStatus: 2 rejection, 3 waiting, 4 and 5 about revocation.
    pub status: u64,
    /// What the authority says in words: at most 256 characters, none that controls a terminal.
    pub text: String,
    /// The names of the bits of PKIFailureInfo.
    pub failures: Vec<&'static str>,
}

/// The bits of PKIFailureInfo that RFC 3161 names.
const FAILURES: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (14, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (25, "systemFailure"),
];

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if !self.failures.is_empty() {
            write!(f, ", {}", self.failures.join(", "))?;
        }
        if !self.text.is_empty() {
            write!(f, ": {}", self.text)?;
        }
        Ok(())
    }
}

impl Response {
    /// The DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Granted(token) => {
                let status = tlv(SEQUENCE, &[&number(0)]);
                tlv(SEQUENCE, &[&status, token])
            }
            Self::Refused(refusal) => {
                let text = tlv(UTF8_STRING, &[refusal.text.as_bytes()]);
                let mut status = vec![number(refusal.status), tlv(SEQUENCE, &[&text])];
                if let Some(bits) = write_failures(&refusal.failures) {
                    status.push(tlv(BIT_STRING, &[&bits]));
                }
                let parts: Vec<&[u8]> = status.iter().map(Vec::as_slice).collect();
                tlv(SEQUENCE, &[&tlv(SEQUENCE, &parts)])
            }
        }
    }

    /// Reads the DER of a response.
    ///
    /// # Errors
    /// Too many bytes, or a shape that is not that of RFC 3161.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        if der.len() > MAX_TOKEN_BYTES {
            return Err(TimestampError::TooLarge("a response of more than 64 KiB"));
        }
        let mut response = Element::whole(der, SEQUENCE)?.elements()?;
        let mut info = response.expect(SEQUENCE)?.elements()?;
        let status = info.expect(INTEGER)?.number()?;
        let text = match info.next_if(SEQUENCE)? {
            Some(text) => read_text(&text)?,
            None => String::new(),
        };
        let failures = match info.next_if(BIT_STRING)? {
            Some(bits) => read_failures(bits.value)?,
            None => Vec::new(),
        };
        info.finish()?;
        let token = response.next_if(SEQUENCE)?;
        response.finish()?;
        match (status, token) {
            // granted, grantedWithMods
            (0 | 1, Some(token)) => Ok(Self::Granted(token.der.to_vec())),
            (2..=5, None) => Ok(Self::Refused(Refusal {
                status,
                text,
                failures,
            })),
            _ => Err(TimestampError::Malformed(
                "a status that does not fit the token beside it",
            )),
        }
    }
}

fn read_text(text: &Element<'_>) -> Result<String, TimestampError> {
    let (mut parts, mut words) = (text.elements()?, Vec::new());
    while !parts.is_finished() {
        let part = parts.expect(UTF8_STRING)?.value;
        let part = std::str::from_utf8(part)
            .map_err(|_| TimestampError::Malformed("a text that is not UTF-8"))?;
        words.push(part);
    }
    let words = words.join("; ");
    Ok(words
        .chars()
        .filter(|c| !c.is_control())
        .take(256)
        .collect())
}

fn read_failures(bits: &[u8]) -> Result<Vec<&'static str>, TimestampError> {
    let [unused @ 0..8, bytes @ ..] = bits else {
        return Err(TimestampError::Malformed("the failure information"));
    };
    if bytes.is_empty() && *unused > 0 {
        return Err(TimestampError::Malformed("the failure information"));
    }
    let set = |bit: usize| {
        bytes
            .get(bit / 8)
            .is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
    };
    Ok(FAILURES
        .into_iter()
        .filter(|(bit, _)| set(*bit))
        .map(|(_, name)| name)
        .collect())
}

/// The BIT STRING's content, without zero bits at its end as DER asks.
fn write_failures(names: &[&str]) -> Option<Vec<u8>> {
    let bits = FAILURES.iter().filter(|(_, name)| names.contains(name));
    let bits: Vec<usize> = bits.map(|(bit, _)| *bit).collect();
    let last = *bits.last()?;
    let mut content = vec![0; 2 + last / 8];
    content[0] = 7 - (last % 8) as u8;
    for bit in bits {
        content[1 + bit / 8] |= 0x80 >> (bit % 8);
    }
    Some(content)
}
