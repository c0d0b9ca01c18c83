//! An invoice as EN 16931 means it: what it says, whether its figures add up, and which one it is.

mod accepted;
mod date;
mod digest;
mod draft;
mod error;
mod finding;
mod node;
mod rules;
mod ubl;

pub use date::Date;
pub use digest::{Identity, identity_digest};
pub use error::InvoiceError;
pub use finding::{Finding, Findings};
pub(crate) use finding::{Kind, Place};

use crate::decimal::Decimal;
use crate::xml::Limits;
use blockworm_ledger::Currency;
use serde::Serialize;

/// Reads one UBL 2.1 document and checks it by the rules of EN 16931 (docs/workflows/invoice.md). It
/// is accepted whole, or refused with every rule that it breaks.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, InvoiceError> {
    let (draft, mut findings) = ubl::read(bytes, limits)?;
    rules::check(&draft, &mut findings);
    if !findings.is_empty() {
        return Err(InvoiceError::Rules(findings));
    }
    let remarks = rules::remarks(&draft);
    let root = draft.root.clone();
    draft.accepted(remarks).ok_or_else(|| {
        let wanted = "everything that EN 16931 requires";
        InvoiceError::one(
            Kind::Missing,
            finding::UBL,
            Place::new("BG-25", root),
            None,
            wanted,
        )
    })
}

/// Which document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Asks for money.
    Invoice,
    /// Gives money back: root `CreditNote`, or a type code that UNTDID 1001 lists as a credit note.
    CreditNote,
}

/// One invoice or credit note. Figures are in `currency`, exact, signed as the document signs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// BT-3, UNTDID 1001.
    pub type_code: String,
    /// BT-1, unique for its seller.
    pub number: String,
    /// BT-2.
    pub issue_date: Date,
    /// BT-9, or the first payment date of a credit note.
    pub due_date: Option<Date>,
    /// BT-5, ISO 4217.
    pub currency: Currency,
    /// BG-3: the invoices that this one corrects or credits.
    pub preceding: Vec<Preceding>,
    /// Documents of the same trade.
    pub references: Vec<Reference>,
    /// BG-4.
    pub seller: Party,
    /// BG-7.
    pub buyer: Party,
    /// BG-22.
    pub totals: Totals,
    /// BG-23.
    pub vat: Vec<VatSubtotal>,
    /// BG-20 and BG-21.
    pub adjustments: Vec<Adjustment>,
    /// BG-25.
    pub lines: Vec<Line>,
    /// What a person should look at; nothing that refuses.
    pub remarks: Vec<Finding>,
}

/// BG-3, an earlier invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preceding {
    /// BT-25, its number.
    pub number: String,
    /// BT-26.
    pub issue_date: Option<Date>,
}

/// A document of the same trade that the invoice names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// What it is.
    pub kind: ReferenceKind,
    /// Its number.
    pub number: String,
}

/// What sort of document is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    /// BT-13, the buyer's purchase order.
    Order,
    /// BT-16, the despatch advice.
    Despatch,
    /// BT-15, the receiving advice, for goods in store the warehouse receipt.
    Receipt,
}

/// A seller or a buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// BT-27 / BT-44: the registered name.
    pub name: String,
    /// BT-28 / BT-45: the name it trades under; here often the name in another language.
    pub trading_name: Option<String>,
    /// BT-31 / BT-48.
    pub vat_id: Option<String>,
    /// BT-30 / BT-47: the number in a register of companies.
    pub registration_id: Option<String>,
    /// BT-29 / BT-46: any other identifiers, with their scheme (ISO 6523) if given.
    pub other_ids: Vec<(Option<String>, String)>,
    /// BT-40 / BT-55, ISO 3166-1.
    pub country: Option<String>,
}

/// BG-22, the document's totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// BT-106: the lines' net amounts.
    pub lines: Decimal,
    /// BT-107; `None` when not stated.
    pub allowances: Option<Decimal>,
    /// BT-108; `None` when not stated.
    pub charges: Option<Decimal>,
    /// BT-109.
    pub without_vat: Decimal,
    /// BT-110; `None` when not stated.
    pub vat: Option<Decimal>,
    /// BT-111, in the VAT accounting currency (BT-6); `None` when not stated.
    pub vat_in_tax_currency: Option<Decimal>,
    /// BT-112.
    pub with_vat: Decimal,
    /// BT-113; `None` when not stated.
    pub prepaid: Option<Decimal>,
    /// BT-114; `None` when not stated.
    pub rounding: Option<Decimal>,
    /// BT-115: what the buyer is to pay.
    pub payable: Decimal,
}

/// A VAT category code of UNTDID 5305 with its rate in percent; the rate is zero where none is stated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VatCategory {
    /// `S`, `Z`, `E`, `AE`, `K`, `G`, `O`, `L`, `M`.
    pub code: String,
    /// Percent.
    pub rate: Decimal,
}

/// BG-23, one part of the VAT breakdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VatSubtotal {
    /// BT-118 and BT-119.
    pub category: VatCategory,
    /// BT-116.
    pub taxable: Decimal,
    /// BT-117.
    pub tax: Decimal,
}

/// BG-20 or BG-21: an allowance or a charge on the whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// A charge adds, an allowance takes away.
    pub is_charge: bool,
    /// BT-92 or BT-99.
    pub amount: Decimal,
    /// BT-95/96 or BT-102/103.
    pub category: VatCategory,
}

/// BG-25, one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// BT-126.
    pub id: String,
    /// BT-153.
    pub item: String,
    /// BT-129.
    pub quantity: Decimal,
    /// BT-130, UN/ECE Recommendation 20.
    pub unit: Option<String>,
    /// BT-146, per `price_base` units.
    pub price: Decimal,
    /// BT-149; one when not stated.
    pub price_base: Decimal,
    /// BT-136 and BT-141: the line's own charges less its allowances.
    pub adjustments: Decimal,
    /// BT-131.
    pub net: Decimal,
    /// BT-151 and BT-152.
    pub category: VatCategory,
}
