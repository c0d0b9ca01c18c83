//! Untrusted XML into a small bounded tree: namespaces resolved, no document types, no entities.

use quick_xml::XmlVersion;
use quick_xml::errors::{Error as ReaderError, IllFormedError, SyntaxError};
use quick_xml::escape::EscapeError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
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
    /// Attributes without a namespace: name and value.
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

struct Builder<'a> {
    text: &'a str,
    limits: &'a Limits,
    interest: Interest,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder<'_> {
    fn take(
        &mut self,
        event: Event<'_>,
        reader: &NsReader<&[u8]>,
        start: usize,
    ) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag, reader, start)?;
                self.open.push(element);
                Ok(())
            }
            Event::Empty(tag) => {
                let element = self.element(&tag, reader, start)?;
                self.close(element);
                Ok(())
            }
            Event::End(_) => {
                if let Some(element) = self.open.pop() {
                    self.close(element);
                }
                Ok(())
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                if text.contains("]]>") {
                    return Err(self.malformed(start, "`]]>` may not stand in text"));
                }
                self.append(&text, start)
            }
            Event::CData(data) => {
                if self.open.is_empty() {
                    return Err(self.malformed(start, "text outside the root element"));
                }
                self.append(&data.xml10_content(), start)
            }
            Event::GeneralRef(reference) => self.reference(&reference, start),
            Event::Decl(declaration) => self.declaration(&declaration, start),
            Event::DocType(_) => {
                Err(self.entity(start, "a document type declaration (DOCTYPE)".into()))
            }
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn element(
        &mut self,
        tag: &BytesStart<'_>,
        reader: &NsReader<&[u8]>,
        start: usize,
    ) -> Result<Element, XmlError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.malformed(start, "a second root element"));
        }
        self.elements += 1;
        self.limit(self.elements, self.limits.elements, "elements", start)?;
        self.limit(
            self.open.len() + 1,
            self.limits.depth,
            "elements inside each other",
            start,
        )?;
        let (resolved, local) = reader.resolver().resolve_element(tag.name());
        let name = local.as_ref();
        if !is_name(name) {
            return Err(self.malformed(start, "an element's name is not a name"));
        }
        let namespace = match resolved {
            ResolveResult::Bound(bound) => self
                .interest
                .namespaces
                .iter()
                .copied()
                .find(|known| *known == bound.0),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(prefix) => {
                return Err(
                    self.malformed(start, &format!("the prefix `{prefix}` is not declared"))
                );
            }
        };
        let attributes = self.attributes(tag, start)?;
        Ok(Element {
            namespace,
            name: name.to_owned(),
            attributes,
            text: String::new(),
            children: Vec::new(),
        })
    }

    fn attributes(
        &self,
        tag: &BytesStart<'_>,
        start: usize,
    ) -> Result<Vec<(String, String)>, XmlError> {
        let mut kept = Vec::new();
        for (index, attribute) in tag.attributes().enumerate() {
            self.limit(
                index + 1,
                self.limits.attributes,
                "attributes on one element",
                start,
            )?;
            let attribute = attribute.map_err(|error| self.malformed(start, &error.to_string()))?;
            self.limit(
                attribute.value.len(),
                self.limits.text_bytes,
                "bytes in an attribute's value",
                start,
            )?;
            if attribute.value.contains('<') {
                return Err(self.malformed(start, "`<` may not stand in an attribute's value"));
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.refuse(&error, start))?;
            if attribute
                .key
                .as_namespace_binding()
                .is_some_and(|binding| binding != PrefixDeclaration::Default)
                && value.is_empty()
            {
                return Err(self.malformed(start, "a prefix is declared with an empty namespace"));
            }
            let name = attribute.key.as_ref();
            if !name.contains(':') && name != "xmlns" {
                kept.push((name.to_owned(), value.into_owned()));
            }
        }
        Ok(kept)
    }

    fn reference(&mut self, reference: &BytesRef<'_>, start: usize) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(self.malformed(start, "a reference outside the root element"));
        }
        let name = reference.xml10_content();
        let character = match reference.resolve_char_ref() {
            Ok(Some(character)) if is_xml_character(character) => character,
            Ok(Some(_)) | Err(_) => {
                return Err(self.malformed(
                    start,
                    &format!("`&{name};` is no character that XML allows"),
                ));
            }
            Ok(None) => match name.as_ref() {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                _ => return Err(self.entity(start, format!("the entity `&{};`", shorten(&name)))),
            },
        };
        self.append(character.encode_utf8(&mut [0; 4]), start)
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, start: usize) -> Result<(), XmlError> {
        if start != 0 {
            return Err(self.malformed(start, "the XML declaration must come first"));
        }
        match declaration.version() {
            Ok(version) if version == "1.0" => {}
            _ => return Err(self.malformed(start, "the XML declaration must say version 1.0")),
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(Ok(name)) => Err(XmlError::Encoding {
                found: format!("it declares {}", shorten(&name)),
            }),
            Some(Err(error)) => Err(self.malformed(start, &error.to_string())),
        }
    }

    fn append(&mut self, text: &str, start: usize) -> Result<(), XmlError> {
        let limit = self.limits.text_bytes;
        let Some(element) = self.open.last_mut() else {
            return match text.trim_matches(is_xml_space).is_empty() {
                true => Ok(()),
                false => Err(self.malformed(start, "text outside the root element")),
            };
        };
        if self.interest.dropped_text.contains(&element.name.as_str()) {
            return Ok(());
        }
        element.text.push_str(text);
        let length = element.text.len();
        self.limit(length, limit, "bytes of text in one element", start)
    }

    fn close(&mut self, mut element: Element) {
        if !element.children.is_empty() && element.text.trim_matches(is_xml_space).is_empty() {
            element.text = String::new();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn finish(mut self) -> Result<Element, XmlError> {
        let end = self.text.len();
        if let Some(element) = self.open.last() {
            let reason = format!(
                "the document ends before `{}` is closed",
                shorten(&element.name)
            );
            return Err(self.malformed(end, &reason));
        }
        self.root
            .take()
            .ok_or_else(|| self.malformed(end, "there is no element"))
    }

    fn limit(
        &self,
        found: usize,
        limit: usize,
        what: &'static str,
        start: usize,
    ) -> Result<(), XmlError> {
        match found > limit {
            true => Err(XmlError::LimitExceeded {
                at: position(self.text, start),
                what,
                limit,
            }),
            false => Ok(()),
        }
    }

    fn malformed(&self, start: usize, reason: &str) -> XmlError {
        XmlError::Malformed {
            at: position(self.text, start),
            reason: shorten(reason),
        }
    }

    fn entity(&self, start: usize, what: String) -> XmlError {
        XmlError::EntityRefused {
            at: position(self.text, start),
            what,
        }
    }

    fn refuse(&self, error: &ReaderError, offset: usize) -> XmlError {
        match error {
            ReaderError::Syntax(SyntaxError::UnclosedDoctype)
            | ReaderError::IllFormed(IllFormedError::MissingDoctypeName) => {
                self.entity(offset, "a document type declaration (DOCTYPE)".into())
            }
            ReaderError::Escape(EscapeError::UnrecognizedEntity(_, name)) => {
                self.entity(offset, format!("the entity `&{};`", shorten(name)))
            }
            other => self.malformed(offset, &other.to_string()),
        }
    }
}

fn is_xml_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A document's words in our message: at most 200 characters of them.
fn shorten(text: &str) -> String {
    text.chars().take(200).collect()
}
