//! The VAT breakdown (BG-23): each category's sum, rate, tax, reason and identifiers.

use super::family::{FAMILIES, Family, Identifiers};
use super::{all, sum};
use crate::decimal::Decimal;
use crate::invoice::draft::{Draft, DraftCategory, DraftSubtotal, Figure};
use crate::invoice::finding::{Findings, Kind, Place};
use std::collections::{BTreeMap, BTreeSet};

/// What a category is taken from: a line, an allowance or a charge.
#[derive(Clone, Copy)]
enum Source {
    Line,
    Allowance,
    Charge,
}

impl Source {
    /// The terms of its category and of its rate.
    fn terms(self) -> (&'static str, &'static str) {
        match self {
            Self::Line => ("BT-151", "BT-152"),
            Self::Allowance => ("BT-95", "BT-96"),
            Self::Charge => ("BT-102", "BT-103"),
        }
    }
}

/// One line, allowance or charge, with its sign.
struct Part<'a> {
    source: Source,
    category: &'a DraftCategory,
    amount: Option<Decimal>,
}

/// Checks BR-CO-14, BR-CO-17, BR-CO-18, BR-48 and the rules of each category.
pub fn check(draft: &Draft, findings: &mut Findings) {
    check_total(draft, findings);
    let parts = parts(draft);
    for family in &FAMILIES {
        check_rates(family, &parts, findings);
        check_presence(draft, family, &parts, findings);
        check_identifiers(draft, family, &parts, findings);
        check_repeated(draft, family, findings);
        let groups = groups(family, &parts);
        for (subtotal, category) in breakdown(draft, family) {
            let group = groups.get(&group_rate(family, category)).copied();
            let group = group.unwrap_or_default();
            check_reason(family, category, findings);
            check_taxable(draft, family, (subtotal, category), group, findings);
            check_tax(draft, family, (subtotal, category), group, findings);
        }
    }
    check_alone(draft, &parts, findings);
}

/// What the VAT is charged on.
fn parts(draft: &Draft) -> Vec<Part<'_>> {
    let lines = draft.lines.iter().filter_map(|line| {
        Some(Part {
            source: Source::Line,
            category: line.category.as_ref()?,
            amount: line.net.stated(),
        })
    });
    let adjustments = draft.adjustments.iter().filter_map(|part| {
        Some(Part {
            source: match part.is_charge {
                true => Source::Charge,
                false => Source::Allowance,
            },
            category: part.category.as_ref()?,
            amount: part.signed(),
        })
    });
    lines.chain(adjustments).collect()
}

/// Whether every line, allowance and charge has a known category; else no sum of one is checked.
fn all_categorised(draft: &Draft) -> bool {
    draft.lines.iter().all(|line| line.category.is_some())
        && draft.adjustments.iter().all(|part| part.category.is_some())
}

/// A category's parts of the breakdown.
fn breakdown<'a>(draft: &'a Draft, family: &Family) -> Vec<(&'a DraftSubtotal, &'a DraftCategory)> {
    let code = family.code;
    let with_category = |subtotal: &'a DraftSubtotal| {
        let category = subtotal.category.as_ref()?;
        (category.code == code).then_some((subtotal, category))
    };
    draft.vat.iter().filter_map(with_category).collect()
}

fn breakdown_place(draft: &Draft, term: &'static str, name: &str) -> Place {
    Place::new(
        term,
        format!("{}/cac:TaxTotal/cac:TaxSubtotal{name}", draft.root),
    )
}

/// BR-CO-18 and BR-CO-14.
fn check_total(draft: &Draft, findings: &mut Findings) {
    if draft.vat.is_empty() {
        let place = breakdown_place(draft, "BG-23", "");
        findings.missing("BR-CO-18", place, "at least one part of a VAT breakdown");
        return;
    }
    let parts = all(draft.vat.iter().map(|subtotal| subtotal.tax.stated()));
    if let (Some(stated), Some(parts)) = (draft.totals.vat.stated(), parts) {
        let path = format!("{}/cac:TaxTotal/cbc:TaxAmount", draft.root);
        findings.compare(
            "BR-CO-14",
            Place::new("BT-110", path),
            stated,
            sum(parts),
            "the sum of the VAT amounts by category (BT-117)",
        );
    }
}

/// -05, -06, -07: the rates of lines, allowances and charges.
fn check_rates(family: &Family, parts: &[Part<'_>], findings: &mut Findings) {
    for part in parts
        .iter()
        .filter(|part| part.category.code == family.code)
    {
        let rate = part.category.rate;
        if rate == Figure::Unreadable || family.rate.allows(rate.stated()) {
            continue;
        }
        let rule = family.rate_rules[part.source as usize];
        let (_, term) = part.source.terms();
        let place = Place::new(term, format!("{}/cbc:Percent", part.category.path));
        let wanted = format!("{}, for category {}", family.rate.wanted(), family.code);
        let found = rate.stated().map(|rate| rate.to_string());
        findings.note(Kind::Vat, rule, place, found.as_deref(), wanted);
    }
}

/// -01, and for categories with rates that each rate has its part of the breakdown (-08).
fn check_presence(draft: &Draft, family: &Family, parts: &[Part<'_>], findings: &mut Findings) {
    let of_family: Vec<&Part<'_>> = parts
        .iter()
        .filter(|part| part.category.code == family.code)
        .collect();
    let stated = breakdown(draft, family);
    let Some(first) = of_family.first() else {
        return;
    };
    if stated.is_empty() || (!family.is_rated && stated.len() > 1) {
        let count = if family.is_rated {
            "at least one"
        } else {
            "exactly one"
        };
        let (term, _) = first.source.terms();
        let wanted = format!(
            "{count} part of the breakdown with category {}, which {} has ({term})",
            family.code, first.category.path
        );
        let found = (!stated.is_empty()).then(|| format!("{} parts", stated.len()));
        let place = breakdown_place(draft, "BT-118", "/cac:TaxCategory/cbc:ID");
        findings.note(Kind::Vat, family.r01, place, found.as_deref(), wanted);
        return;
    }
    if !family.is_rated {
        return;
    }
    let known: BTreeSet<Option<Decimal>> = stated
        .iter()
        .map(|(_, category)| category.rate.stated())
        .collect();
    let mut lacking = BTreeSet::new();
    for part in of_family {
        let rate = part.category.rate.stated();
        if let Some(rate) = rate
            && !known.contains(&Some(rate))
            && lacking.insert(rate)
        {
            let place = breakdown_place(draft, "BT-116", "/cbc:TaxableAmount");
            let wanted = format!(
                "a part of the breakdown for category {} at {rate} %, which {} has",
                family.code, part.category.path
            );
            findings.missing(family.r08, place, wanted);
        }
    }
}

/// -08 speaks of each different rate: one that stood there twice would be taxed twice.
fn check_repeated(draft: &Draft, family: &Family, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    for (subtotal, category) in breakdown(draft, family) {
        if let Some(rate) = category.rate.stated()
            && family.is_rated
            && !known.insert(rate)
        {
            let place = Place::new(
                "BT-119",
                format!("{}/cac:TaxCategory/cbc:Percent", subtotal.path),
            );
            let wanted = format!("category {} with each rate once", family.code);
            let found = rate.to_string();
            findings.note(Kind::Repeated, family.r08, place, Some(&found), wanted);
        }
    }
}

/// -02, -03, -04: identifiers of the parties, asked for by lines, allowances, charges.
fn check_identifiers(draft: &Draft, family: &Family, parts: &[Part<'_>], findings: &mut Findings) {
    let (seller, buyer) = (&draft.seller, &draft.buyer);
    let seller_vat = seller.vat_id.is_some() || draft.representative_vat_id.is_some();
    let seller_tax = seller_vat || seller.tax_id.is_some();
    let buyer_vat = buyer.vat_id.is_some();
    let (holds, wanted) = match family.identifiers {
        Identifiers::Seller => (
            seller_tax,
            "the seller's VAT identifier (BT-31), its tax registration (BT-32) or its representative's VAT identifier (BT-63)",
        ),
        Identifiers::SellerAndBuyer => (
            seller_tax && (buyer_vat || buyer.registration_id.is_some()),
            "a tax identifier of the seller (BT-31, BT-32 or BT-63) and the buyer's VAT identifier (BT-48) or registration (BT-47)",
        ),
        Identifiers::SellerVat => (
            seller_vat,
            "the VAT identifier of the seller (BT-31) or of its representative (BT-63)",
        ),
        Identifiers::BothVat => (
            seller_vat && buyer_vat,
            "the VAT identifier of the seller (BT-31) or of its representative (BT-63), and the buyer's (BT-48)",
        ),
        Identifiers::NoVat => (
            !seller_vat && !buyer_vat,
            "no VAT identifier of seller (BT-31), representative (BT-63) or buyer (BT-48)",
        ),
    };
    if holds {
        return;
    }
    for source in [Source::Line, Source::Allowance, Source::Charge] {
        let uses = |part: &Part<'_>| {
            part.category.code == family.code && part.source as usize == source as usize
        };
        if parts.iter().any(uses) {
            let path = format!("{}/cac:PartyTaxScheme/cbc:CompanyID", seller.path);
            let wanted = format!("{wanted}, for category {}", family.code);
            let rule = family.identifier_rules[source as usize];
            findings.note(
                Kind::Vat,
                rule,
                Place::new("BT-31", path),
                seller.vat_id.as_deref(),
                wanted,
            );
        }
    }
}

/// -10: an exemption has a reason, anything else has none.
fn check_reason(family: &Family, category: &DraftCategory, findings: &mut Findings) {
    if category.has_reason == family.has_reason {
        return;
    }
    let place = Place::new(
        "BT-120",
        format!("{}/cbc:TaxExemptionReason", category.path),
    );
    let (found, wanted) = if family.has_reason {
        (
            None,
            "a reason of the exemption (BT-120) or its code (BT-121)",
        )
    } else {
        (Some("a reason"), "no reason of an exemption")
    };
    let wanted = format!("{wanted}, for category {}", family.code);
    findings.note(Kind::Vat, family.r10, place, found, wanted);
}

/// What a part of the breakdown sums.
#[derive(Clone, Copy)]
struct Group {
    /// The sum; `Err` when an amount is unreadable, `Ok(None)` when it has too many digits.
    taxable: Result<Option<Decimal>, ()>,
    /// How many amounts.
    count: usize,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            taxable: Ok(Some(Decimal::ZERO)),
            count: 0,
        }
    }
}

/// A family with rates is summed by rate.
fn group_rate(family: &Family, category: &DraftCategory) -> Option<Decimal> {
    category.rate.stated().filter(|_| family.is_rated)
}

fn groups(family: &Family, parts: &[Part<'_>]) -> BTreeMap<Option<Decimal>, Group> {
    let mut groups: BTreeMap<Option<Decimal>, Group> = BTreeMap::new();
    for part in parts
        .iter()
        .filter(|part| part.category.code == family.code)
    {
        let group = groups.entry(group_rate(family, part.category)).or_default();
        group.count += 1;
        group.taxable = match (group.taxable, part.amount) {
            (Ok(sum), Some(amount)) => Ok(sum.and_then(|sum| sum.plus(amount))),
            _ => Err(()),
        };
    }
    groups
}

/// -08.
fn check_taxable(
    draft: &Draft,
    family: &Family,
    (subtotal, category): (&DraftSubtotal, &DraftCategory),
    group: Group,
    findings: &mut Findings,
) {
    let (Some(stated), Ok(computed)) = (subtotal.taxable.stated(), group.taxable) else {
        return;
    };
    if !all_categorised(draft) || category.rate == Figure::Unreadable {
        return;
    }
    let rate = category
        .rate
        .stated()
        .map_or(String::new(), |rate| format!(" at {rate} %"));
    let meaning = format!(
        "the line net amounts (BT-131) less allowances (BT-92) plus charges (BT-99) of category {}{rate}",
        family.code
    );
    let place = Place::new("BT-116", format!("{}/cbc:TaxableAmount", subtotal.path));
    findings.compare(family.r08, place, stated, computed, &meaning);
}

/// BR-48, BR-CO-17 and -09.
fn check_tax(
    draft: &Draft,
    family: &Family,
    (subtotal, category): (&DraftSubtotal, &DraftCategory),
    group: Group,
    findings: &mut Findings,
) {
    if category.rate == Figure::Absent && family.code != "O" {
        let place = Place::new("BT-119", format!("{}/cbc:Percent", category.path));
        findings.missing("BR-48", place, "the rate of the category");
        return;
    }
    let figures = (
        subtotal.taxable.stated(),
        subtotal.tax.stated(),
        category.rate.or_zero(),
    );
    let (Some(taxable), Some(tax), Some(rate)) = figures else {
        return;
    };
    let place = || Place::new("BT-117", format!("{}/cbc:TaxAmount", subtotal.path));
    let exact = Decimal::new(1, 2).and_then(|hundredth| taxable.times(rate)?.times(hundredth));
    let exponent = draft.currency.map_or(2, |(_, exponent)| exponent.min(2));
    let computed = exact.and_then(|exact| exact.rounded(exponent));
    // What has no tax has none on any line either: nothing is rounded.
    let roundings = if family.is_rated { group.count } else { 0 };
    let is_near = exact
        .and_then(|exact| is_near(tax, exact, roundings, exponent))
        .unwrap_or(false);
    let meaning = "the taxable amount (BT-116) × the rate (BT-119) ÷ 100, rounded";
    if !is_near {
        findings.compare("BR-CO-17", place(), tax, computed, meaning);
    }
    if !family.is_rated {
        let wanted = format!("category {} has no tax", family.code);
        findings.compare(family.r09, place(), tax, Some(Decimal::ZERO), &wanted);
    } else if !is_near {
        findings.compare(family.r09, place(), tax, computed, meaning);
    }
}

/// Whether a tax may come from rounding each of its lines, allowances and charges alone.
fn is_near(tax: Decimal, exact: Decimal, roundings: usize, exponent: u8) -> Option<bool> {
    let halves = i128::try_from(roundings).ok()?.checked_mul(5)?;
    let tolerance = Decimal::new(halves, exponent + 1)?;
    Some(tax.minus(exact)?.abs() <= tolerance)
}

/// BR-O-11 to BR-O-14: what is outside the scope of VAT stands alone.
fn check_alone(draft: &Draft, parts: &[Part<'_>], findings: &mut Findings) {
    let is_outside = |category: &DraftCategory| category.code == "O";
    let categories = || draft.vat.iter().filter_map(|part| part.category.as_ref());
    if !categories().any(is_outside) {
        return;
    }
    let wanted = "category O alone, as the breakdown has it";
    for category in categories().filter(|category| !is_outside(category)) {
        let place = Place::new("BT-118", format!("{}/cbc:ID", category.path));
        findings.note(Kind::Vat, "BR-O-11", place, Some(&category.code), wanted);
    }
    for part in parts.iter().filter(|part| !is_outside(part.category)) {
        let rule = ["BR-O-12", "BR-O-13", "BR-O-14"][part.source as usize];
        let (term, _) = part.source.terms();
        let place = Place::new(term, format!("{}/cbc:ID", part.category.path));
        findings.note(Kind::Vat, rule, place, Some(&part.category.code), wanted);
    }
}
