//! What the registry knows a document by: several fingerprints of its normalised fields, each keyed by two holders that never see it (docs/workflows/fingerprint.md).

pub mod asking;
pub mod check;
pub mod figures;
pub(crate) mod fold;
pub mod forms;
pub mod keyed;
pub mod names;
pub mod publishing;
mod sets;
pub mod trial;
mod verdict;

pub use fold::fold;
pub use sets::{Shares, sets};
pub use verdict::{Finding, Verdict, verdict};

use self::forms::Form;
use crate::{
    decimal::Decimal,
    invoice::{Date, DocumentKind, Invoice, ReferenceKind},
};
use blockworm_crypto::{
    Digest,
    oprf::{KeyVersion, OprfError},
};
use blockworm_ledger::Currency;
use serde::{Deserialize, Serialize};

/// Most names, identifiers and references of a document that are looked at.
const MAX_NAMES: usize = 2;
const MAX_IDS: usize = 3;
const MAX_REFERENCES: usize = 8;

/// Why a document has no fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// No letter or digit in a field that is needed.
    #[error("the {field} has neither letters nor digits")]
    Empty {
        /// Which one.
        field: &'static str,
    },
    /// No day.
    #[error("`{found}` is no date; write 2026-11-02")]
    Date {
        /// What stands there.
        found: String,
    },
    /// A day that two readers read as two.
    #[error("`{found}` may be two days; write 2026-11-02")]
    AmbiguousDate {
        /// What stands there.
        found: String,
    },
    /// No sum.
    #[error("`{found}` is no amount; write 1234567.80")]
    Amount {
        /// What stands there.
        found: String,
    },
    /// A sum that two readers read as two.
    #[error("`{found}` may be two amounts; write 1234.00 or 1.234")]
    AmbiguousAmount {
        /// What stands there.
        found: String,
    },
    /// Nothing to finance.
    #[error("the amount is {amount}: it must be above zero and below 10^15")]
    AmountRange {
        /// What stands there.
        amount: Decimal,
    },
    /// No currency.
    #[error("`{found}` is no currency of ISO 4217")]
    Currency {
        /// What stands there.
        found: String,
    },
    /// An answer of a key holder does not fit.
    #[error("the answer of key holder {holder} does not count: {source}")]
    Holder {
        /// 1 or 2, in the order of the key set.
        holder: usize,
        /// Why.
        #[source]
        source: OprfError,
    },
    /// An answer of a key holder with another version of its key.
    #[error("key holder {holder} answered with version {answered} of its key, not {wanted}")]
    Version {
        /// 1 or 2, in the order of the key set.
        holder: usize,
        /// Of the answer.
        answered: KeyVersion,
        /// Of the key set.
        wanted: KeyVersion,
    },
    /// The asker's own part failed.
    #[error(transparent)]
    Blinding(OprfError),
}

impl FingerprintError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "fingerprint.field_empty",
            Self::Date { .. } => "fingerprint.bad_date",
            Self::AmbiguousDate { .. } => "fingerprint.ambiguous_date",
            Self::Amount { .. } => "fingerprint.bad_amount",
            Self::AmbiguousAmount { .. } => "fingerprint.ambiguous_amount",
            Self::AmountRange { .. } => "fingerprint.amount_range",
            Self::Currency { .. } => "fingerprint.bad_currency",
            Self::Holder { .. } => "fingerprint.answer_refused",
            Self::Version { .. } => "fingerprint.other_version",
            Self::Blinding(_) => "fingerprint.not_blinded",
        }
    }
}

/// What a document is known by under one version of the holders' keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprinted {
    /// Which version.
    pub version: KeyVersion,
    /// Each form's fingerprints, in the order of the inputs.
    pub known: Vec<(Form, Digest)>,
}

/// What sort of document it is, or is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Asks for money.
    Invoice,
    /// Gives money back.
    CreditNote,
    /// A purchase order.
    Order,
    /// A warehouse receipt, a despatch or a receiving advice: the goods.
    Goods,
}

impl Sort {
    const fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit-note",
            Self::Order => "order",
            Self::Goods => "goods",
        }
    }
}

/// A seller or a buyer as the document names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trader {
    /// Identifiers, the most official first.
    pub ids: Vec<String>,
    /// Names, the registered one first.
    pub names: Vec<String>,
}

/// A document's fields as they are written, from whatever source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What it is.
    pub sort: Sort,
    /// Its number.
    pub number: String,
    /// The day of issue.
    pub date: String,
    /// The whole sum, taxes included, nothing paid taken off.
    pub amount: String,
    /// Of the sum.
    pub currency: String,
    /// Who is to be paid.
    pub seller: Trader,
    /// Who is to pay.
    pub buyer: Trader,
    /// Documents of the same trade: order, goods, the invoice that a credit note corrects.
    pub references: Vec<(Sort, String)>,
}

/// A document's fields in the one form that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub(crate) sort: Sort,
    pub(crate) tight_number: String,
    pub(crate) number_runs: Vec<String>,
    pub(crate) date: Date,
    pub(crate) amount: Decimal,
    pub(crate) currency: Currency,
    pub(crate) seller: Trader,
    pub(crate) buyer: Trader,
    pub(crate) references: Vec<(Sort, String)>,
}

impl Document {
    /// Normalises every field; refuses what could be read in two ways.
    ///
    /// # Errors
    /// [`FingerprintError::code`] tells them apart.
    pub fn new(written: &Written) -> Result<Self, FingerprintError> {
        let amount = figures::amount(&written.amount)?;
        let date = figures::date(&written.date)?;
        let currency = figures::currency(&written.currency)?;
        Self::normalised(written, date, amount, currency)
    }

    /// The same of an invoice that was read and checked.
    ///
    /// # Errors
    /// [`FingerprintError::Empty`], [`FingerprintError::AmountRange`].
    pub fn of(invoice: &Invoice) -> Result<Self, FingerprintError> {
        let written = Written::of(invoice);
        let amount = invoice.totals.with_vat;
        Self::normalised(&written, invoice.issue_date, amount, invoice.currency)
    }

    fn normalised(
        written: &Written,
        date: Date,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Self, FingerprintError> {
        let tight_number = names::tight_number(&written.number);
        if tight_number.is_empty() {
            return Err(FingerprintError::Empty { field: "number" });
        }
        if amount.is_negative() || amount.is_zero() || forms::bucket(amount).is_none() {
            return Err(FingerprintError::AmountRange { amount });
        }
        let references = written.references.iter().filter_map(|(sort, number)| {
            let runs = names::number_runs(number).join("-");
            (!runs.is_empty()).then_some((*sort, runs))
        });
        Ok(Self {
            sort: written.sort,
            tight_number,
            number_runs: names::number_runs(&written.number),
            date,
            amount,
            currency,
            seller: trader(&written.seller, "seller's name")?,
            buyer: trader(&written.buyer, "buyer's name")?,
            references: references.take(MAX_REFERENCES).collect(),
        })
    }
}

impl Written {
    /// An invoice's fields; its sum is the total with VAT (BT-112), which a payment on account does
    /// not change.
    #[must_use]
    pub fn of(invoice: &Invoice) -> Self {
        let trader = |party: &crate::invoice::Party| Trader {
            ids: [&party.vat_id, &party.registration_id]
                .into_iter()
                .flatten()
                .chain(party.other_ids.iter().map(|(_, id)| id))
                .cloned()
                .collect(),
            names: [Some(&party.name), party.trading_name.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        };
        let preceding = invoice.preceding.iter();
        let preceding = preceding.map(|earlier| (Sort::Invoice, earlier.number.clone()));
        let references = invoice.references.iter().map(|reference| {
            let sort = match reference.kind {
                ReferenceKind::Order => Sort::Order,
                ReferenceKind::Despatch | ReferenceKind::Receipt => Sort::Goods,
            };
            (sort, reference.number.clone())
        });
        Self {
            sort: match invoice.kind {
                DocumentKind::Invoice => Sort::Invoice,
                DocumentKind::CreditNote => Sort::CreditNote,
            },
            number: invoice.number.clone(),
            date: invoice.issue_date.to_string(),
            amount: invoice.totals.with_vat.to_string(),
            currency: invoice.currency.to_string(),
            seller: trader(&invoice.seller),
            buyer: trader(&invoice.buyer),
            references: preceding.chain(references).collect(),
        }
    }
}

fn trader(written: &Trader, field: &'static str) -> Result<Trader, FingerprintError> {
    let distinct = |texts: &[String], normalise: fn(&str) -> String, most: usize| {
        let mut found: Vec<String> = Vec::new();
        for text in texts.iter().map(|text| normalise(text)) {
            if !text.is_empty() && !found.contains(&text) && found.len() < most {
                found.push(text);
            }
        }
        found
    };
    let names = distinct(&written.names, names::name, MAX_NAMES);
    if names.is_empty() {
        return Err(FingerprintError::Empty { field });
    }
    Ok(Trader {
        ids: distinct(&written.ids, names::identifier, MAX_IDS),
        names,
    })
}
