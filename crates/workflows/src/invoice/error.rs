//! Why an invoice is not accepted: one stable code each, with the facts a person needs to mend it.

use super::finding::{Finding, Findings, Kind, Place};
use crate::xml::XmlError;

/// A refusal to read an invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// Not XML that is read here.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// XML, but no UBL 2.1 invoice or credit note.
    #[error("the root element is `{found}`; an Invoice or CreditNote of UBL 2.1 is expected")]
    NotUbl {
        /// The root's name.
        found: String,
    },
    /// A document that breaks rules: all of them.
    #[error("{0}")]
    Rules(Findings),
}

impl InvoiceError {
    /// A refusal for one reason.
    pub(crate) fn one(
        kind: Kind,
        rule: &'static str,
        place: Place,
        found: Option<&str>,
        wanted: &str,
    ) -> Self {
        let mut findings = Findings::default();
        findings.note(kind, rule, place, found, wanted);
        Self::Rules(findings)
    }

    /// The stable code; for broken rules that of the first.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(XmlError::TooLarge { .. }) => "invoice.too_large",
            Self::Xml(XmlError::Encoding { .. }) => "invoice.encoding",
            Self::Xml(XmlError::EntityRefused { .. }) => "invoice.entity_refused",
            Self::Xml(XmlError::Malformed { .. }) => "invoice.malformed",
            Self::Xml(XmlError::LimitExceeded { .. }) => "invoice.limit_exceeded",
            Self::NotUbl { .. } => "invoice.not_ubl",
            Self::Rules(findings) => findings
                .listed()
                .first()
                .map_or(Kind::Other.code(), |finding| finding.code),
        }
    }

    /// The rules that are broken; none for a document that could not be read at all.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Rules(findings) => findings.listed(),
            Self::Xml(_) | Self::NotUbl { .. } => &[],
        }
    }
}
