//! Untrusted XML into a small bounded tree: namespaces resolved, no document types, no entities.

mod builder;

use builder::Builder;
use quick_xml::events::Event;
use quick_xml::reader::NsReader;

/// What one document may hold. The defaults take a Peppol invoice of ten thousand lines.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of the whole document.
    pub bytes: usize,
    /// Most elements inside each other.
    pub depth: usize,
    /// Most elements.
    pub elements: usize,
    /// Most attributes and namespace declarations on one element.
    pub attributes: usize,
    /// Most bytes of text in one element, or of one attribute's value.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 48,
            elements: 400_000,
            attributes: 64,
            text_bytes: 64 << 10,
        }
    }
}

/// Where in a document, counted from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// Why a document is refused before anybody asks what it means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// More bytes than [`Limits::bytes`].
    #[error("the document has {size_bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// Bytes given.
        size_bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, or declared as something else.
    #[error("the document must be UTF-8, but {found}")]
    Encoding {
        /// What it is instead.
        found: String,
    },
    /// A document type, an entity declaration, or a reference to an entity that XML itself does not define.
    #[error("line {}, column {}: {what} is refused: an invoice needs none, and it can make a small file huge or read other files", .at.line, .at.column)]
    EntityRefused {
        /// Where.
        at: Position,
        /// Which construct.
        what: String,
    },
    /// Not well-formed XML 1.0 with namespaces.
    #[error("line {}, column {}: {reason}", .at.line, .at.column)]
    Malformed {
        /// Where.
        at: Position,
        /// What the XML rules say.
        reason: String,
    },
    /// Well-formed so far, but larger in one respect than any invoice.
    #[error("line {}, column {}: more than {limit} {what}", .at.line, .at.column)]
    LimitExceeded {
        /// Where.
        at: Position,
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// An element with what it holds. Text around child elements is not kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its namespace if it is one of those asked for, else `None`.
    pub namespace: Option<&'static str>,
    /// Its name without a prefix.
    pub name: String,
    /// Attributes without a namespace, and those asked for: name and value.
    pub attributes: Vec<(String, String)>,
    /// Its own text, references resolved.
    pub text: String,
    /// Elements inside it, in document order.
    pub children: Vec<Element>,
}

impl Element {
    /// The value of an attribute without a namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What to keep of a document.
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// Namespaces that matter; elements of others are kept without one.
    pub namespaces: &'static [&'static str],
    /// Names of elements whose text is dropped unread and unlimited: attached files.
    pub dropped_text: &'static [&'static str],
    /// Attributes of a namespace that are kept as well: namespace, name, and the name to keep them by.
    pub attributes: &'static [(&'static str, &'static str, &'static str)],
}

/// Reads one document.
pub fn parse(bytes: &[u8], limits: &Limits, interest: Interest) -> Result<Element, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::TooLarge {
            size_bytes: bytes.len(),
            limit: limits.bytes,
        });
    }
    let text = decode(bytes)?;
    if let Some((offset, character)) = text
        .char_indices()
        .find(|(_, character)| !is_xml_character(*character))
    {
        let reason = format!(
            "the character U+{:04X} may not stand in XML",
            u32::from(character)
        );
        return Err(XmlError::Malformed {
            at: position(text, offset),
            reason,
        });
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut builder = Builder {
        text,
        limits,
        interest,
        open: Vec::new(),
        root: None,
        elements: 0,
    };
    loop {
        let start = offset_of(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => return builder.finish(),
            Ok(event) => builder.take(event, &reader, start)?,
            Err(error) => return Err(builder.refuse(&error, offset_of(reader.error_position()))),
        }
    }
}

/// A document as text, its byte order mark removed.
fn decode(bytes: &[u8]) -> Result<&str, XmlError> {
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return Err(XmlError::Encoding {
            found: "it is UTF-16".into(),
        });
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
        let declared = head
            .split("encoding=")
            .nth(1)
            .and_then(|rest| rest.get(1..))
            .and_then(|rest| {
                rest.split(['"', '\''])
                    .next()
                    .filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic()))
            });
        let found = match declared {
            Some(name) if !name.eq_ignore_ascii_case("utf-8") => format!("it declares {name}"),
            _ => format!("the byte at offset {} is not", error.valid_up_to()),
        };
        XmlError::Encoding { found }
    })
}

/// The production `Char` of XML 1.0.
fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// `NCName` of Namespaces in XML, told by its ASCII characters: the ones that could confuse a reader.
fn is_name(name: &str) -> bool {
    let allowed = |character: char| {
        !character.is_ascii() || character.is_ascii_alphanumeric() || "-._".contains(character)
    };
    let first = name.chars().next();
    first.is_some_and(|character| {
        !character.is_ascii() || character.is_ascii_alphabetic() || character == '_'
    }) && name.chars().all(allowed)
}

fn offset_of(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
