//! From a draft that keeps every rule to the invoice.

use super::draft::{
    Draft, DraftAdjustment, DraftCategory, DraftLine, DraftParty, DraftSubtotal, DraftTotals,
};
use super::finding::Finding;
use super::{Adjustment, Invoice, Line, Party, Totals, VatCategory, VatSubtotal};
use crate::decimal::Decimal;

impl Draft {
    /// The invoice; `None` when something that EN 16931 requires is not there.
    pub fn accepted(self, remarks: Vec<Finding>) -> Option<Invoice> {
        Some(Invoice {
            kind: self.kind,
            type_code: self.type_code?,
            number: self.number?,
            issue_date: self.issue_date?,
            due_date: self.due_date,
            currency: self.currency?.0,
            preceding: self.preceding,
            references: self.references,
            seller: party(self.seller)?,
            buyer: party(self.buyer)?,
            totals: totals(&self.totals)?,
            vat: self.vat.into_iter().map(subtotal).collect::<Option<_>>()?,
            adjustments: self
                .adjustments
                .into_iter()
                .map(adjustment)
                .collect::<Option<_>>()?,
            lines: self.lines.into_iter().map(line).collect::<Option<_>>()?,
            remarks,
        })
    }
}

fn party(draft: DraftParty) -> Option<Party> {
    Some(Party {
        name: draft.name?,
        trading_name: draft.trading_name,
        vat_id: draft.vat_id,
        registration_id: draft.registration_id,
        other_ids: draft.other_ids,
        country: draft.country,
    })
}

fn totals(draft: &DraftTotals) -> Option<Totals> {
    Some(Totals {
        lines: draft.lines.stated()?,
        allowances: draft.allowances.stated(),
        charges: draft.charges.stated(),
        without_vat: draft.without_vat.stated()?,
        vat: draft.vat.stated(),
        vat_in_tax_currency: draft.vat_in_tax_currency.stated(),
        with_vat: draft.with_vat.stated()?,
        prepaid: draft.prepaid.stated(),
        rounding: draft.rounding.stated(),
        payable: draft.payable.stated()?,
    })
}

fn category(draft: DraftCategory) -> Option<VatCategory> {
    Some(VatCategory {
        rate: draft.rate.or_zero()?,
        code: draft.code,
    })
}

fn subtotal(draft: DraftSubtotal) -> Option<VatSubtotal> {
    Some(VatSubtotal {
        category: category(draft.category?)?,
        taxable: draft.taxable.stated()?,
        tax: draft.tax.stated()?,
    })
}

fn adjustment(draft: DraftAdjustment) -> Option<Adjustment> {
    Some(Adjustment {
        is_charge: draft.is_charge,
        amount: draft.amount.stated()?,
        category: category(draft.category?)?,
    })
}

fn line(draft: DraftLine) -> Option<Line> {
    let adjustments = draft
        .adjustments
        .iter()
        .try_fold(Decimal::ZERO, |sum, part| sum.plus(part.signed()?))?;
    Some(Line {
        id: draft.id?,
        item: draft.item?,
        quantity: draft.quantity.stated()?,
        unit: draft.unit,
        price: draft.price.stated()?,
        price_base: draft.price_base.or(Decimal::ONE)?,
        adjustments,
        net: draft.net.stated()?,
        category: category(draft.category?)?,
    })
}
