//! Whether an invoice's figures add up: the calculation rules of EN 16931-1, chapter 6.4, on exact decimals.
//!
//! Every rule is checked to the last digit, but for one: a VAT amount (BR-CO-17) may have been
//! calculated line by line and rounded each time, which moves it by at most half of the smallest unit
//! per line. CEN's own validation lets any difference below one whole unit of the currency pass, for
//! every currency; a financing bank wants to know about those.

use super::error::{InvoiceError, TotalsMismatch};
use super::{Invoice, Line, VatCategory, VatSubtotal};
use crate::decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A line whose net amount is not quantity × price: told to a person, never a refusal, because
/// EN 16931 itself has no such rule (Peppol BIS Billing has: PEPPOL-EN16931-R120).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// BT-126 of the line.
    pub line: String,
    /// The rule.
    pub rule: &'static str,
    /// BT-131 as stated.
    pub stated: Decimal,
    /// Quantity × price ÷ base quantity + charges − allowances.
    pub computed: Decimal,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            rule,
            stated,
            computed,
        } = self;
        write!(
            formatter,
            "line {line}: the net amount is {stated}, quantity and price give {computed} ({rule})"
        )
    }
}

/// Checks BR-CO-10 to BR-CO-17 and, for each VAT category, the sum of its lines (BR-S-08 and its like).
/// The first rule that does not hold is the answer.
pub fn check_totals(invoice: &Invoice) -> Result<(), InvoiceError> {
    check_sums(invoice)?;
    check_vat_categories(invoice)?;
    check_vat(invoice)?;
    check_payable(invoice)
}

/// Lines whose net amount is not what their quantity and price give, to two hundredths of a unit.
pub fn line_remarks(invoice: &Invoice) -> Vec<Remark> {
    let tolerance = Decimal::new(2, 2).unwrap_or(Decimal::ZERO);
    let differs = |line: &Line| {
        let computed = net_from_price(line)?;
        let difference = computed.minus(line.net)?.abs();
        (difference > tolerance).then(|| Remark {
            line: line.id.clone(),
            rule: "PEPPOL-EN16931-R120",
            stated: line.net,
            computed,
        })
    };
    invoice.lines.iter().filter_map(differs).collect()
}

fn net_from_price(line: &Line) -> Option<Decimal> {
    let base = if line.price_base.is_zero() {
        Decimal::ONE
    } else {
        line.price_base
    };
    line.quantity
        .times(line.price)?
        .divided_by(base, 6)?
        .plus(line.adjustments)?
        .rounded(2)
}

fn check_sums(invoice: &Invoice) -> Result<(), InvoiceError> {
    let totals = &invoice.totals;
    let adjusted = |is_charge: bool| {
        let matching = invoice
            .adjustments
            .iter()
            .filter(move |adjustment| adjustment.is_charge == is_charge);
        matching.map(|adjustment| adjustment.amount)
    };
    let lines = sum("BR-CO-10", invoice.lines.iter().map(|line| line.net))?;
    equal(
        "BR-CO-10",
        "the sum of lines (BT-106)",
        "the sum of all line net amounts (BT-131)",
        totals.lines,
        lines,
    )?;
    let allowances = sum("BR-CO-11", adjusted(false))?;
    equal(
        "BR-CO-11",
        "the sum of allowances (BT-107)",
        "the sum of all document allowances (BT-92)",
        totals.allowances.unwrap_or(Decimal::ZERO),
        allowances,
    )?;
    let charges = sum("BR-CO-12", adjusted(true))?;
    equal(
        "BR-CO-12",
        "the sum of charges (BT-108)",
        "the sum of all document charges (BT-99)",
        totals.charges.unwrap_or(Decimal::ZERO),
        charges,
    )?;
    let without_vat = sum("BR-CO-13", [lines, allowances.negated(), charges])?;
    equal(
        "BR-CO-13",
        "the total without VAT (BT-109)",
        "the sum of lines (BT-106) less allowances (BT-107) plus charges (BT-108)",
        totals.without_vat,
        without_vat,
    )
}

/// BR-S-08, BR-Z-08, BR-E-08, …: a category's taxable amount is what its lines, charges and allowances sum to.
fn check_vat_categories(invoice: &Invoice) -> Result<(), InvoiceError> {
    let lines = invoice.lines.iter().map(|line| (&line.category, line.net));
    let adjustments = invoice.adjustments.iter().map(|adjustment| {
        let amount = adjustment.amount;
        (
            &adjustment.category,
            if adjustment.is_charge {
                amount
            } else {
                amount.negated()
            },
        )
    });
    let mut parts: BTreeMap<VatCategory, Decimal> = BTreeMap::new();
    for (category, amount) in lines.chain(adjustments) {
        let rule = category_rule(&category.code);
        let entry = parts.entry(group(category)).or_insert(Decimal::ZERO);
        *entry = entry
            .plus(amount)
            .ok_or(InvoiceError::NumberTooLarge { rule })?;
    }
    let mut stated: BTreeMap<VatCategory, Decimal> = BTreeMap::new();
    for subtotal in &invoice.vat {
        let rule = category_rule(&subtotal.category.code);
        let entry = stated
            .entry(group(&subtotal.category))
            .or_insert(Decimal::ZERO);
        *entry = entry
            .plus(subtotal.taxable)
            .ok_or(InvoiceError::NumberTooLarge { rule })?;
    }
    if stated.is_empty() && invoice.totals.vat.is_none_or(Decimal::is_zero) {
        // No VAT breakdown and no VAT: nothing that a breakdown could contradict.
        return Ok(());
    }
    for category in parts.keys().chain(stated.keys()) {
        equal(
            category_rule(&category.code),
            &format!(
                "the taxable amount (BT-116) of VAT category {} at {} %",
                category.code, category.rate
            ),
            "the sum of its line net amounts (BT-131), charges (BT-99) less allowances (BT-92)",
            stated.get(category).copied().unwrap_or(Decimal::ZERO),
            parts.get(category).copied().unwrap_or(Decimal::ZERO),
        )?;
    }
    Ok(())
}

/// Categories with rates are summed by rate; the others have one group whatever rate is written.
fn group(category: &VatCategory) -> VatCategory {
    let has_rates = matches!(category.code.as_str(), "S" | "L" | "M");
    VatCategory {
        code: category.code.clone(),
        rate: if has_rates {
            category.rate
        } else {
            Decimal::ZERO
        },
    }
}

fn category_rule(code: &str) -> &'static str {
    match code {
        "Z" => "BR-Z-08",
        "E" => "BR-E-08",
        "AE" => "BR-AE-08",
        "K" => "BR-IC-08",
        "G" => "BR-G-08",
        "O" => "BR-O-08",
        "L" => "BR-AF-08",
        "M" => "BR-AG-08",
        _ => "BR-S-08",
    }
}

fn check_vat(invoice: &Invoice) -> Result<(), InvoiceError> {
    for subtotal in &invoice.vat {
        check_vat_amount(invoice, subtotal)?;
    }
    let totals = &invoice.totals;
    let vat = totals.vat.unwrap_or(Decimal::ZERO);
    if !invoice.vat.is_empty() {
        let parts = sum("BR-CO-14", invoice.vat.iter().map(|subtotal| subtotal.tax))?;
        equal(
            "BR-CO-14",
            "the VAT total (BT-110)",
            "the sum of the VAT amounts by category (BT-117)",
            vat,
            parts,
        )?;
    }
    let with_vat = sum("BR-CO-15", [totals.without_vat, vat])?;
    equal(
        "BR-CO-15",
        "the total with VAT (BT-112)",
        "the total without VAT (BT-109) plus the VAT total (BT-110)",
        totals.with_vat,
        with_vat,
    )
}

/// BR-CO-17, with half a smallest unit for every line and adjustment that may have been rounded alone.
fn check_vat_amount(invoice: &Invoice, subtotal: &VatSubtotal) -> Result<(), InvoiceError> {
    const RULE: &str = "BR-CO-17";
    let too_large = || InvoiceError::NumberTooLarge { rule: RULE };
    let exponent = invoice.currency.exponent().unwrap_or(2);
    let hundredth = Decimal::new(1, 2).ok_or_else(too_large)?;
    let exact = subtotal
        .taxable
        .times(subtotal.category.rate)
        .and_then(|product| product.times(hundredth))
        .ok_or_else(too_large)?;
    let computed = exact.rounded(exponent).ok_or_else(too_large)?;
    if subtotal.tax == computed {
        return Ok(());
    }
    let category = group(&subtotal.category);
    let lines = invoice
        .lines
        .iter()
        .filter(|line| group(&line.category) == category)
        .count();
    let adjustments = invoice
        .adjustments
        .iter()
        .filter(|part| group(&part.category) == category)
        .count();
    let roundings = i128::try_from(lines + adjustments).unwrap_or(0);
    let tolerance = Decimal::new(5 * roundings, exponent + 1).ok_or_else(too_large)?;
    let difference = subtotal.tax.minus(exact).ok_or_else(too_large)?.abs();
    if difference <= tolerance {
        return Ok(());
    }
    equal(
        RULE,
        &format!(
            "the VAT amount (BT-117) of category {} at {} %",
            subtotal.category.code, subtotal.category.rate
        ),
        "the taxable amount (BT-116) × the rate (BT-119) ÷ 100, rounded",
        subtotal.tax,
        computed,
    )
}

fn check_payable(invoice: &Invoice) -> Result<(), InvoiceError> {
    let totals = &invoice.totals;
    let prepaid = totals.prepaid.unwrap_or(Decimal::ZERO);
    let rounding = totals.rounding.unwrap_or(Decimal::ZERO);
    let payable = sum("BR-CO-16", [totals.with_vat, prepaid.negated(), rounding])?;
    equal(
        "BR-CO-16",
        "the amount due (BT-115)",
        "the total with VAT (BT-112) less the amount paid (BT-113) plus the rounding (BT-114)",
        totals.payable,
        payable,
    )
}

fn sum(
    rule: &'static str,
    parts: impl IntoIterator<Item = Decimal>,
) -> Result<Decimal, InvoiceError> {
    let total = parts.into_iter().try_fold(Decimal::ZERO, Decimal::plus);
    total.ok_or(InvoiceError::NumberTooLarge { rule })
}

fn equal(
    rule: &'static str,
    subject: &str,
    meaning: &'static str,
    stated: Decimal,
    computed: Decimal,
) -> Result<(), InvoiceError> {
    if stated == computed {
        return Ok(());
    }
    let mismatch = TotalsMismatch {
        rule,
        subject: subject.to_owned(),
        meaning,
        stated,
        computed,
    };
    Err(InvoiceError::TotalsMismatch(Box::new(mismatch)))
}
