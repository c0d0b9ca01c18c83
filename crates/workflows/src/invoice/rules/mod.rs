//! Whether an invoice's figures add up: the calculation rules of EN 16931-1, chapter 6.4, on exact decimals.
//!
//! Every rule is checked on what the document states, so one wrong figure breaks each rule that it
//! takes part in, as it does for CEN's own validation. All hold to the last digit, but for one: a VAT
//! amount (BR-CO-17) may have been calculated line by line and rounded each time, which moves it by at
//! most half of the smallest unit per line. CEN lets any difference below one whole unit of the
//! currency pass, for every currency; a financing bank wants to know about those.

mod family;
mod remarks;
mod vat;

pub use remarks::remarks;

use super::DocumentKind;
use super::draft::{Draft, DraftAdjustment, Figure};
use super::finding::{Findings, Kind, Place};
use crate::decimal::Decimal;

/// Checks every rule that goes beyond a single field.
pub fn check(draft: &Draft, findings: &mut Findings) {
    check_sums(draft, findings);
    vat::check(draft, findings);
    check_totals(draft, findings);
    check_prices(draft, findings);
    check_payment(draft, findings);
    check_parties(draft, findings);
}

/// The place of one of the document's totals.
fn total(draft: &Draft, term: &'static str, name: &str) -> Place {
    Place::new(
        term,
        format!("{}/cac:LegalMonetaryTotal/{name}", draft.root),
    )
}

/// The sum, `None` when it has too many digits.
fn sum(parts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    parts.into_iter().try_fold(Decimal::ZERO, Decimal::plus)
}

/// All the figures, or `None` when one is unreadable.
fn all(figures: impl IntoIterator<Item = Option<Decimal>>) -> Option<Vec<Decimal>> {
    figures.into_iter().collect()
}

/// BR-CO-10 to BR-CO-13.
fn check_sums(draft: &Draft, findings: &mut Findings) {
    let totals = &draft.totals;
    let lines = all(draft.lines.iter().map(|line| line.net.stated()));
    if let (Some(stated), Some(lines)) = (totals.lines.stated(), lines) {
        findings.compare(
            "BR-CO-10",
            total(draft, "BT-106", "cbc:LineExtensionAmount"),
            stated,
            sum(lines),
            "the sum of all line net amounts (BT-131)",
        );
    }
    let adjusted = |is_charge: bool| {
        let of_kind = move |part: &&DraftAdjustment| part.is_charge == is_charge;
        let matching = draft.adjustments.iter().filter(of_kind);
        all(matching.map(|part| part.amount.stated()))
    };
    let rules = [
        (
            "BR-CO-11",
            total(draft, "BT-107", "cbc:AllowanceTotalAmount"),
            totals.allowances,
            adjusted(false),
            "the sum of all document allowances (BT-92)",
        ),
        (
            "BR-CO-12",
            total(draft, "BT-108", "cbc:ChargeTotalAmount"),
            totals.charges,
            adjusted(true),
            "the sum of all document charges (BT-99)",
        ),
    ];
    for (rule, place, figure, parts, meaning) in rules {
        let Some(computed) = parts.map(sum) else {
            continue;
        };
        match (figure, computed) {
            (Figure::Is(stated), _) => findings.compare(rule, place, stated, computed, meaning),
            // Where nothing is taken off or added, no sum of it need stand.
            (Figure::Absent, Some(computed)) if !computed.is_zero() => {
                let wanted = format!("{}, {meaning}", computed.to_fixed(2));
                findings.missing(rule, place, wanted);
            }
            _ => {}
        }
    }
    let parts = all([
        totals.lines.stated(),
        totals.allowances.or_zero().map(Decimal::negated),
        totals.charges.or_zero(),
    ]);
    if let (Some(stated), Some(parts)) = (totals.without_vat.stated(), parts) {
        findings.compare(
            "BR-CO-13",
            total(draft, "BT-109", "cbc:TaxExclusiveAmount"),
            stated,
            sum(parts),
            "the sum of lines (BT-106) less allowances (BT-107) plus charges (BT-108)",
        );
    }
}

/// BR-CO-15, BR-CO-16 and BR-53.
fn check_totals(draft: &Draft, findings: &mut Findings) {
    let totals = &draft.totals;
    let parts = all([totals.without_vat.stated(), totals.vat.or_zero()]);
    if let (Some(stated), Some(parts)) = (totals.with_vat.stated(), parts) {
        findings.compare(
            "BR-CO-15",
            total(draft, "BT-112", "cbc:TaxInclusiveAmount"),
            stated,
            sum(parts),
            "the total without VAT (BT-109) plus the VAT total (BT-110)",
        );
    }
    let parts = all([
        totals.with_vat.stated(),
        totals.prepaid.or_zero().map(Decimal::negated),
        totals.rounding.or_zero(),
    ]);
    if let (Some(stated), Some(parts)) = (totals.payable.stated(), parts) {
        findings.compare(
            "BR-CO-16",
            total(draft, "BT-115", "cbc:PayableAmount"),
            stated,
            sum(parts),
            "the total with VAT (BT-112) less the paid amount (BT-113) plus the rounding (BT-114)",
        );
    }
    let document = draft.currency.map(|(currency, _)| currency.to_string());
    if let Some(tax_currency) = &draft.tax_currency {
        let is_document = document.as_ref() == Some(tax_currency);
        let total = match is_document {
            true => totals.vat,
            false => totals.vat_in_tax_currency,
        };
        if total == Figure::Absent {
            let path = format!("{}/cac:TaxTotal/cbc:TaxAmount", draft.root);
            let wanted = format!("the VAT total in {tax_currency}, the VAT accounting currency");
            findings.missing("BR-53", Place::new("BT-111", path), wanted);
        }
    }
}

/// BR-27, BR-28 and Peppol's R121.
fn check_prices(draft: &Draft, findings: &mut Findings) {
    for line in &draft.lines {
        let checks = [
            ("BR-27", "BT-146", "cbc:PriceAmount", line.price),
            (
                "BR-28",
                "BT-148",
                "cac:AllowanceCharge/cbc:BaseAmount",
                line.gross_price,
            ),
        ];
        for (rule, term, name, figure) in checks {
            let negative = figure.stated().filter(|value| value.is_negative());
            if let Some(value) = negative {
                let place = Place::new(term, format!("{}/cac:Price/{name}", line.path));
                let found = value.to_string();
                findings.note(
                    Kind::Other,
                    rule,
                    place,
                    Some(&found),
                    "a price of zero or more",
                );
            }
        }
        let base = line.price_base.stated();
        if let Some(base) = base.filter(|base| base.is_negative() || base.is_zero()) {
            let place = Place::new(
                "BT-149",
                format!("{}/cac:Price/cbc:BaseQuantity", line.path),
            );
            let found = base.to_string();
            let wanted = "a base quantity above zero";
            findings.note(
                Kind::Other,
                "PEPPOL-EN16931-R121",
                place,
                Some(&found),
                wanted,
            );
        }
    }
}

/// BR-CO-25: what is to be paid says when. Credit notes are paid back and need not.
fn check_payment(draft: &Draft, findings: &mut Findings) {
    let is_owed = draft
        .totals
        .payable
        .stated()
        .is_some_and(|payable| payable > Decimal::ZERO);
    let is_invoice = draft.root_kind == DocumentKind::Invoice;
    if is_owed && is_invoice && !draft.says_when {
        let place = Place::new("BT-9", format!("{}/cbc:DueDate", draft.root));
        let wanted = "a due date (BT-9) or terms of payment (BT-20)";
        findings.missing("BR-CO-25", place, wanted);
    }
}

/// BR-CO-26: the seller can be identified.
fn check_parties(draft: &Draft, findings: &mut Findings) {
    let seller = &draft.seller;
    if seller.vat_id.is_none() && seller.registration_id.is_none() && seller.other_ids.is_empty() {
        let path = format!("{}/cac:PartyTaxScheme/cbc:CompanyID", seller.path);
        let wanted =
            "a VAT identifier (BT-31), a registration (BT-30) or another identifier (BT-29)";
        findings.missing("BR-CO-26", Place::new("BT-31", path), wanted);
    }
}
