//! DER taken apart element by element and put together again, for formats whose bytes are hashed as they stand.

use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode as _, Reader as _, SliceReader};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag `[number]` of a constructed context-specific element.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The bytes are no DER of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// One element: its tag, all of its bytes and its content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) der: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The one element that `bytes` are.
    pub(crate) fn whole(bytes: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        let mut elements = Elements::of(bytes)?;
        let element = elements.expect(tag)?;
        elements.finish()?;
        Ok(element)
    }

    /// What is inside.
    pub(crate) fn elements(&self) -> Result<Elements<'a>, Malformed> {
        Elements::of(self.value)
    }

    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, Malformed> {
        Ok(ObjectIdentifier::from_der(self.der)?)
    }

    /// A number that is not negative and fits.
    pub(crate) fn number(&self) -> Result<u64, Malformed> {
        Ok(u64::from_der(self.der)?)
    }

    /// An integer's content, which must be as short as it can be and at most `limit` bytes.
    pub(crate) fn integer(&self, limit: usize) -> Result<&'a [u8], Malformed> {
        let padded = matches!(self.value, [0, second, ..] if *second < 0x80)
            || matches!(self.value, [0xff, second, ..] if *second >= 0x80);
        if self.tag != INTEGER || self.value.is_empty() || padded || self.value.len() > limit {
            return Err(Malformed);
        }
        Ok(self.value)
    }
}

/// Elements one after the other.
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self { rest: bytes })
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let tag = *self.rest.first().ok_or(Malformed)?;
        // Nothing that is read here has a tag of several bytes.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let mut reader = SliceReader::new(self.rest)?;
        let der = reader.tlv_bytes()?;
        let value = element_value(der)?;
        self.rest = &self.rest[der.len()..];
        Ok(Element { tag, der, value })
    }

    pub(crate) fn next_if(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) {
            self.next().map(Some)
        } else {
            Ok(None)
        }
    }

    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.next_if(tag)?.ok_or(Malformed)
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// The content of one element whose length was checked to be DER.
fn element_value(der: &[u8]) -> Result<&[u8], Malformed> {
    let length = *der.get(1).ok_or(Malformed)?;
    let header = if length < 0x80 {
        2
    } else {
        2 + usize::from(length & 0x7f)
    };
    der.get(header..).ok_or(Malformed)
}

/// An element of these parts.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Vec::with_capacity(length + 6);
    der.push(tag);
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        der.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let significant = &bytes[length.leading_zeros() as usize / 8..];
        der.push(0x80 | significant.len() as u8);
        der.extend_from_slice(significant);
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

/// A SET OF: its elements in the order of their bytes.
pub(crate) fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    let parts: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    tlv(tag, &parts)
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(OID, &[oid.as_bytes()])
}

pub(crate) fn number(value: u64) -> Vec<u8> {
    // An integer of at most eight bytes always has a DER.
    value.to_der().unwrap_or_default()
}
