//! Why an invoice is not accepted: one stable code each, with the facts a person needs to mend it.

use crate::decimal::Decimal;
use crate::xml::XmlError;
use blockworm_ledger::Currency;

/// A refusal to read an invoice. `path` is an element's way from the root, with its namespace's usual
/// prefix; `term` its business term (BT) or group (BG) in EN 16931-1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// Not XML that is read here.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// XML, but no UBL 2.1 invoice or credit note.
    #[error("the root element is `{found}`; an Invoice or CreditNote of UBL 2.1 is expected")]
    NotUbl {
        /// The root's name.
        found: String,
    },
    /// Something that EN 16931 requires is not there.
    #[error("{path} ({term}) is missing")]
    FieldMissing {
        /// Where it should stand.
        path: String,
        /// What it is.
        term: &'static str,
    },
    /// Something that may stand once stands twice, so that two readers could read two invoices.
    #[error("{path} ({term}) stands more than once")]
    FieldRepeated {
        /// Where it stands.
        path: String,
        /// What it is.
        term: &'static str,
    },
    /// A value that does not have its type.
    #[error("{path} ({term}) is `{value}`: {reason}")]
    FieldInvalid {
        /// Where it stands.
        path: String,
        /// What it is.
        term: &'static str,
        /// What it says, at most 100 characters of it.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// No currency of ISO 4217 that is known here.
    #[error("{path} (BT-5) is `{code}`: no currency known here")]
    CurrencyUnknown {
        /// Where it stands.
        path: String,
        /// The code.
        code: String,
    },
    /// An amount in another currency than the invoice's.
    #[error("{path} is in {found}, the invoice in {expected}")]
    CurrencyMismatch {
        /// Where it stands.
        path: String,
        /// The amount's currency.
        found: String,
        /// The invoice's.
        expected: String,
    },
    /// More digits after the point than the currency has.
    #[error("{path} is {value}: {currency} has {exponent} digits after the point")]
    CurrencyDecimals {
        /// Where it stands.
        path: String,
        /// The amount.
        value: Decimal,
        /// The invoice's currency.
        currency: Currency,
        /// Its digits after the point, ISO 4217.
        exponent: u8,
    },
    /// A sum that is not the sum of its parts.
    #[error("{0}")]
    TotalsMismatch(Box<TotalsMismatch>),
    /// Figures whose sum or product has more digits than are calculated with.
    #[error("{rule} cannot be calculated: its figures are too large")]
    NumberTooLarge {
        /// The rule.
        rule: &'static str,
    },
}

/// Two figures that a rule says are equal, and are not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{rule}: {subject} must be {meaning}; the invoice says {stated}, its parts give {computed}"
)]
pub struct TotalsMismatch {
    /// The rule of EN 16931-1 (`BR-CO-15`).
    pub rule: &'static str,
    /// Which figure, with its business term.
    pub subject: String,
    /// What it must be.
    pub meaning: &'static str,
    /// What the invoice says.
    pub stated: Decimal,
    /// What its parts give.
    pub computed: Decimal,
}

impl InvoiceError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(XmlError::TooLarge { .. }) => "invoice.too_large",
            Self::Xml(XmlError::Encoding { .. }) => "invoice.encoding",
            Self::Xml(XmlError::EntityRefused { .. }) => "invoice.entity_refused",
            Self::Xml(XmlError::Malformed { .. }) => "invoice.malformed",
            Self::Xml(XmlError::LimitExceeded { .. }) => "invoice.limit_exceeded",
            Self::NotUbl { .. } => "invoice.not_ubl",
            Self::FieldMissing { .. } => "invoice.field_missing",
            Self::FieldRepeated { .. } => "invoice.field_repeated",
            Self::FieldInvalid { .. } => "invoice.field_invalid",
            Self::CurrencyUnknown { .. } => "invoice.currency_unknown",
            Self::CurrencyMismatch { .. } => "invoice.currency_mismatch",
            Self::CurrencyDecimals { .. } => "invoice.currency_decimals",
            Self::TotalsMismatch(_) => "invoice.totals_mismatch",
            Self::NumberTooLarge { .. } => "invoice.number_too_large",
        }
    }
}
