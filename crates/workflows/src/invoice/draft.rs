//! A document as it stands, before anybody asks whether it keeps the rules.

use super::{Date, DocumentKind, Preceding, Reference};
use crate::decimal::Decimal;
use blockworm_ledger::Currency;

/// A number that may be absent or unreadable. What is unreadable was noted when it was read, and no
/// rule is checked on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Not there.
    Absent,
    /// There, but no number; or required and not there.
    Unreadable,
    /// There.
    Is(Decimal),
}

impl Figure {
    /// The number, if one stands there.
    pub fn stated(self) -> Option<Decimal> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// The number, or `default` where none was written.
    pub fn or(self, default: Decimal) -> Option<Decimal> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent => Some(default),
            Self::Unreadable => None,
        }
    }

    /// The number, or zero where none was written.
    pub fn or_zero(self) -> Option<Decimal> {
        self.or(Decimal::ZERO)
    }
}

/// A document. What is `None` or [`Figure::Unreadable`] though EN 16931 requires it, was noted.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The root's path: `/Invoice` or `/CreditNote`.
    pub root: String,
    /// By its root.
    pub root_kind: DocumentKind,
    /// By its root and its type code.
    pub kind: DocumentKind,
    /// BT-3.
    pub type_code: Option<String>,
    /// BT-1.
    pub number: Option<String>,
    /// BT-2.
    pub issue_date: Option<Date>,
    /// BT-9.
    pub due_date: Option<Date>,
    /// Whether BT-9 or BT-20 stands there, readable or not.
    pub says_when: bool,
    /// BT-5 and the digits of its smallest unit.
    pub currency: Option<(Currency, u8)>,
    /// BT-6.
    pub tax_currency: Option<String>,
    /// BG-3.
    pub preceding: Vec<Preceding>,
    /// BT-13, BT-15, BT-16.
    pub references: Vec<Reference>,
    /// BG-4.
    pub seller: DraftParty,
    /// BG-7.
    pub buyer: DraftParty,
    /// BT-63.
    pub representative_vat_id: Option<String>,
    /// BG-22.
    pub totals: DraftTotals,
    /// BG-23.
    pub vat: Vec<DraftSubtotal>,
    /// BG-20 and BG-21.
    pub adjustments: Vec<DraftAdjustment>,
    /// BG-25.
    pub lines: Vec<DraftLine>,
}

/// A seller or a buyer.
#[derive(Clone, Debug, Default)]
pub struct DraftParty {
    /// Its path.
    pub path: String,
    /// The registered name.
    pub name: Option<String>,
    /// The name it trades under.
    pub trading_name: Option<String>,
    /// The VAT identifier.
    pub vat_id: Option<String>,
    /// BT-32: a tax registration that is none for VAT.
    pub tax_id: Option<String>,
    /// The number in a register of companies.
    pub registration_id: Option<String>,
    /// Other identifiers with their schemes.
    pub other_ids: Vec<(Option<String>, String)>,
    /// ISO 3166-1.
    pub country: Option<String>,
}

/// BG-22 and the VAT totals.
#[derive(Clone, Copy, Debug)]
pub struct DraftTotals {
    /// BT-106.
    pub lines: Figure,
    /// BT-107.
    pub allowances: Figure,
    /// BT-108.
    pub charges: Figure,
    /// BT-109.
    pub without_vat: Figure,
    /// BT-110.
    pub vat: Figure,
    /// BT-111.
    pub vat_in_tax_currency: Figure,
    /// BT-112.
    pub with_vat: Figure,
    /// BT-113.
    pub prepaid: Figure,
    /// BT-114.
    pub rounding: Figure,
    /// BT-115.
    pub payable: Figure,
}

impl DraftTotals {
    /// Nothing read yet.
    pub const UNREAD: Self = Self {
        lines: Figure::Unreadable,
        allowances: Figure::Unreadable,
        charges: Figure::Unreadable,
        without_vat: Figure::Unreadable,
        vat: Figure::Absent,
        vat_in_tax_currency: Figure::Absent,
        with_vat: Figure::Unreadable,
        prepaid: Figure::Unreadable,
        rounding: Figure::Unreadable,
        payable: Figure::Unreadable,
    };
}

/// A VAT category with its rate.
#[derive(Clone, Debug)]
pub struct DraftCategory {
    /// Its path.
    pub path: String,
    /// UNTDID 5305.
    pub code: String,
    /// Percent.
    pub rate: Figure,
    /// Whether BT-120 or BT-121 stands there.
    pub has_reason: bool,
}

/// One part of the VAT breakdown.
#[derive(Clone, Debug)]
pub struct DraftSubtotal {
    /// Its path.
    pub path: String,
    /// BT-118 and BT-119.
    pub category: Option<DraftCategory>,
    /// BT-116.
    pub taxable: Figure,
    /// BT-117.
    pub tax: Figure,
}

/// An allowance or a charge, on the document or on a line.
#[derive(Clone, Debug)]
pub struct DraftAdjustment {
    /// Its path.
    pub path: String,
    /// A charge adds, an allowance takes away.
    pub is_charge: bool,
    /// The amount.
    pub amount: Figure,
    /// What the percentage is taken of.
    pub base: Figure,
    /// Percent.
    pub percent: Figure,
    /// None on lines.
    pub category: Option<DraftCategory>,
}

impl DraftAdjustment {
    /// The amount with the sign it has in a sum.
    pub fn signed(&self) -> Option<Decimal> {
        let amount = self.amount.stated()?;
        Some(if self.is_charge {
            amount
        } else {
            amount.negated()
        })
    }
}

/// A line.
#[derive(Clone, Debug)]
pub struct DraftLine {
    /// Its path.
    pub path: String,
    /// BT-126.
    pub id: Option<String>,
    /// BT-153.
    pub item: Option<String>,
    /// BT-129.
    pub quantity: Figure,
    /// BT-130.
    pub unit: Option<String>,
    /// BT-146.
    pub price: Figure,
    /// BT-149.
    pub price_base: Figure,
    /// BT-150.
    pub price_base_unit: Option<String>,
    /// BT-148.
    pub gross_price: Figure,
    /// BT-147.
    pub discount: Figure,
    /// BG-27 and BG-28.
    pub adjustments: Vec<DraftAdjustment>,
    /// BT-131.
    pub net: Figure,
    /// BT-151 and BT-152.
    pub category: Option<DraftCategory>,
}
