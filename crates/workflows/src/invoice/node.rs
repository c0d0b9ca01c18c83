//! An element with its way from the root, so that every complaint names its place.

use super::error::InvoiceError;
use crate::decimal::Decimal;
use crate::xml::Element;

/// Common aggregate components of UBL 2.1.
pub const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
/// Common basic components of UBL 2.1.
pub const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";

/// Most bytes of a name or a description, after spaces are collapsed.
const MAX_TEXT_BYTES: usize = 2_000;

/// An element and its path. Children are asked for as `cac:Party` or `cbc:ID`, whatever prefixes the
/// document uses: only namespaces count.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// The element.
    pub element: &'a Element,
    /// Its way from the root.
    pub path: String,
}

impl<'a> Node<'a> {
    /// The document's root.
    pub fn root(element: &'a Element) -> Self {
        Self {
            element,
            path: format!("/{}", element.name),
        }
    }

    /// All children of that name; from the second on the path counts them.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = Node<'a>> + use<'a, '_> {
        let (namespace, local) = split(name);
        let matching =
            move |element: &&Element| element.namespace == Some(namespace) && element.name == local;
        self.element
            .children
            .iter()
            .filter(matching)
            .enumerate()
            .map(move |(index, element)| {
                let place = if index == 0 {
                    String::new()
                } else {
                    format!("[{}]", index + 1)
                };
                Node {
                    element,
                    path: format!("{}/{name}{place}", self.path),
                }
            })
    }

    /// The only child of that name, if there is one.
    pub fn optional(
        &self,
        name: &'static str,
        term: &'static str,
    ) -> Result<Option<Node<'a>>, InvoiceError> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(InvoiceError::FieldRepeated {
                path: format!("{}/{name}", self.path),
                term,
            }),
            None => Ok(first),
        }
    }

    /// The only child of that name.
    pub fn required(
        &self,
        name: &'static str,
        term: &'static str,
    ) -> Result<Node<'a>, InvoiceError> {
        self.optional(name, term)?
            .ok_or_else(|| InvoiceError::FieldMissing {
                path: format!("{}/{name}", self.path),
                term,
            })
    }

    /// Its text, spaces and line breaks collapsed; an empty one is missing.
    pub fn text(&self, term: &'static str) -> Result<String, InvoiceError> {
        let text = self
            .element
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if text.is_empty() {
            return Err(InvoiceError::FieldMissing {
                path: self.path.clone(),
                term,
            });
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(self.invalid(term, format!("at most {MAX_TEXT_BYTES} bytes are read")));
        }
        Ok(text)
    }

    /// The text of a required child.
    pub fn required_text(
        &self,
        name: &'static str,
        term: &'static str,
    ) -> Result<String, InvoiceError> {
        self.required(name, term)?.text(term)
    }

    /// The text of a child that may be absent or empty.
    pub fn optional_text(
        &self,
        name: &'static str,
        term: &'static str,
    ) -> Result<Option<String>, InvoiceError> {
        match self.optional(name, term)? {
            Some(child) if !child.element.text.trim().is_empty() => child.text(term).map(Some),
            _ => Ok(None),
        }
    }

    /// Its text as a number.
    pub fn number(&self, term: &'static str) -> Result<Decimal, InvoiceError> {
        Decimal::parse(&self.text(term)?).map_err(|error| self.invalid(term, error.to_string()))
    }

    /// A complaint about its text.
    pub fn invalid(&self, term: &'static str, reason: String) -> InvoiceError {
        let value = self.element.text.trim().chars().take(100).collect();
        InvoiceError::FieldInvalid {
            path: self.path.clone(),
            term,
            value,
            reason,
        }
    }
}

fn split(name: &'static str) -> (&'static str, &'static str) {
    match name.split_once(':') {
        Some(("cac", local)) => (CAC, local),
        Some((_, local)) => (CBC, local),
        None => (CBC, name),
    }
}
