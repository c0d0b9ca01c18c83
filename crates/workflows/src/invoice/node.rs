//! An element with its way from the root, so that every complaint names its place.

use crate::xml::Element;

/// Common aggregate components of UBL 2.1.
pub const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
/// Common basic components of UBL 2.1.
pub const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";

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
    pub fn all(&self, name: &'static str) -> Vec<Node<'a>> {
        let (namespace, local) = split(name);
        let matching =
            |element: &&Element| element.namespace == Some(namespace) && element.name == local;
        let children = self.element.children.iter().filter(matching).enumerate();
        let place = |index: usize| match index {
            0 => String::new(),
            _ => format!("[{}]", index + 1),
        };
        children
            .map(|(index, element)| Node {
                element,
                path: format!("{}/{name}{}", self.path, place(index)),
            })
            .collect()
    }

    /// Whether it has a child of that name that is not empty.
    pub fn has(&self, name: &'static str) -> bool {
        self.all(name)
            .iter()
            .any(|node| !node.element.children.is_empty() || !node.element.text.trim().is_empty())
    }

    /// Where a child of that name is or should be.
    pub fn child_path(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Its text, spaces and line breaks collapsed.
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.element.text.split_whitespace().collect();
        words.join(" ")
    }

    /// An attribute, at most 20 characters of it.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let value = self.element.attribute(name)?;
        Some(value.trim().chars().take(20).collect())
    }
}

fn split(name: &'static str) -> (&'static str, &'static str) {
    match name.split_once(':') {
        Some(("cac", local)) => (CAC, local),
        Some((_, local)) => (CBC, local),
        None => (CBC, name),
    }
}
