//! The tree in the making: takes the parser's events and refuses what the parser lets pass.

use super::{Element, Interest, Limits, XmlError, is_name, is_xml_character, position};
use quick_xml::XmlVersion;
use quick_xml::errors::{Error as ReaderError, IllFormedError, SyntaxError};
use quick_xml::escape::EscapeError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

/// Elements that are open, and the root once it is closed.
pub(super) struct Builder<'a> {
    pub(super) text: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) interest: Interest,
    pub(super) open: Vec<Element>,
    pub(super) root: Option<Element>,
    pub(super) elements: usize,
}

impl Builder<'_> {
    pub(super) fn take(
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
        let attributes = self.attributes(tag, reader, start)?;
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
        reader: &NsReader<&[u8]>,
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
            } else if !self.interest.attributes.is_empty()
                && let (ResolveResult::Bound(bound), local) =
                    reader.resolver().resolve_attribute(attribute.key)
                && let Some((_, _, name)) = self
                    .interest
                    .attributes
                    .iter()
                    .find(|(space, known, _)| *space == bound.0 && *known == local.as_ref())
            {
                kept.push(((*name).to_owned(), value.into_owned()));
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

    pub(super) fn finish(mut self) -> Result<Element, XmlError> {
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

    pub(super) fn refuse(&self, error: &ReaderError, offset: usize) -> XmlError {
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
