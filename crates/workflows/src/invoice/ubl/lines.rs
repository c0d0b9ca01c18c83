//! Lines, and the allowances and charges on them and on the document.

use super::LINE_PERIOD;
use super::party::is_vat;
use super::reader::{Reader, Term, optional, required};
use crate::decimal::Decimal;
use crate::invoice::DocumentKind;
use crate::invoice::draft::{DraftAdjustment, DraftCategory, DraftLine, Figure};
use crate::invoice::finding::{Kind, Place, UBL};
use crate::invoice::node::Node;

/// Category codes of UNTDID 5305 that EN 16931 lists; `B` is Italy's split payment.
const CATEGORIES: &[&str] = &["S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B"];

/// The terms and rules of an allowance or a charge.
struct Adjusting {
    amount: Term,
    base: Term,
    percent: Term,
    reason: &'static str,
    /// EN 16931 requires a reason under two numbers.
    reason_rules: [&'static str; 2],
    /// On the document alone: category and rate.
    category: Option<(Term, Term)>,
}

const ALLOWANCE: Adjusting = Adjusting {
    amount: required("BT-92", "BR-31").decimals("BR-DEC-01"),
    base: optional("BT-93").decimals("BR-DEC-02"),
    percent: optional("BT-94"),
    reason: "BT-97",
    reason_rules: ["BR-33", "BR-CO-21"],
    category: Some((required("BT-95", "BR-32"), optional("BT-96"))),
};

const CHARGE: Adjusting = Adjusting {
    amount: required("BT-99", "BR-36").decimals("BR-DEC-05"),
    base: optional("BT-100").decimals("BR-DEC-06"),
    percent: optional("BT-101"),
    reason: "BT-104",
    reason_rules: ["BR-38", "BR-CO-22"],
    category: Some((required("BT-102", "BR-37"), optional("BT-103"))),
};

const LINE_ALLOWANCE: Adjusting = Adjusting {
    amount: required("BT-136", "BR-41").decimals("BR-DEC-24"),
    base: optional("BT-137").decimals("BR-DEC-25"),
    percent: optional("BT-138"),
    reason: "BT-139",
    reason_rules: ["BR-42", "BR-CO-23"],
    category: None,
};

const LINE_CHARGE: Adjusting = Adjusting {
    amount: required("BT-141", "BR-43").decimals("BR-DEC-27"),
    base: optional("BT-142").decimals("BR-DEC-28"),
    percent: optional("BT-143"),
    reason: "BT-144",
    reason_rules: ["BR-44", "BR-CO-24"],
    category: None,
};

impl Reader {
    /// The allowances and charges on the document.
    pub fn adjustments(&mut self, root: &Node<'_>) -> Vec<DraftAdjustment> {
        let all = root.all("cac:AllowanceCharge");
        let read = |node| self.adjustment(node, &ALLOWANCE, &CHARGE);
        all.iter().filter_map(read).collect()
    }

    /// One line.
    pub fn line(&mut self, node: &Node<'_>, kind: DocumentKind) -> DraftLine {
        let quantity_name = match kind {
            DocumentKind::Invoice => "cbc:InvoicedQuantity",
            DocumentKind::CreditNote => "cbc:CreditedQuantity",
        };
        let id = self.text(node, "cbc:ID", required("BT-126", "BR-21"));
        let (quantity, unit) = self.quantity(node, quantity_name);
        let net = required("BT-131", "BR-24").decimals("BR-DEC-23");
        let net = self.amount(node, "cbc:LineExtensionAmount", net);
        self.period(node, &LINE_PERIOD);
        let adjustments = node.all("cac:AllowanceCharge");
        let adjustments = adjustments
            .iter()
            .filter_map(|part| self.adjustment(part, &LINE_ALLOWANCE, &LINE_CHARGE))
            .collect();
        let mut line = DraftLine {
            path: node.path.clone(),
            id,
            item: None,
            quantity,
            unit,
            price: Figure::Unreadable,
            price_base: Figure::Absent,
            price_base_unit: None,
            gross_price: Figure::Absent,
            discount: Figure::Absent,
            adjustments,
            net,
            category: None,
        };
        let name = required("BT-153", "BR-25");
        if let Some(item) = self.child(node, "cac:Item", name) {
            line.item = self.text(&item, "cbc:Name", name);
            line.category = self.line_category(&item);
        }
        let price = required("BT-146", "BR-26");
        if let Some(at) = self.child(node, "cac:Price", price) {
            line.price = self.amount(&at, "cbc:PriceAmount", price);
            self.price_details(&at, &mut line);
        }
        line
    }

    fn quantity(&mut self, node: &Node<'_>, name: &'static str) -> (Figure, Option<String>) {
        let term = required("BT-129", "BR-22");
        let Some(at) = self.child(node, name, term) else {
            return (Figure::Unreadable, None);
        };
        let unit = at.attribute("unitCode").filter(|unit| !unit.is_empty());
        if unit.is_none() {
            let place = Place::new("BT-130", at.child_path("@unitCode"));
            self.findings
                .missing("BR-23", place, "the unit of the quantity");
        }
        (self.number_of(&at, term), unit)
    }

    /// BT-147 to BT-150.
    fn price_details(&mut self, at: &Node<'_>, line: &mut DraftLine) {
        let base = optional("BT-149");
        if let Some(node) = self.child(at, "cbc:BaseQuantity", base) {
            line.price_base = self.number_of(&node, base);
            line.price_base_unit = node.attribute("unitCode").filter(|unit| !unit.is_empty());
        }
        if let Some(discount) = self.child(at, "cac:AllowanceCharge", optional("BT-147")) {
            line.discount = self.amount(&discount, "cbc:Amount", optional("BT-147"));
            line.gross_price = self.amount(&discount, "cbc:BaseAmount", optional("BT-148"));
        }
    }

    /// BR-CO-04: every line has one VAT category.
    fn line_category(&mut self, item: &Node<'_>) -> Option<DraftCategory> {
        let term = required("BT-151", "BR-CO-04");
        let mut found = item.all("cac:ClassifiedTaxCategory");
        found.retain(is_vat);
        if let Some(second) = found.get(1) {
            let place = term.at(second.path.clone());
            self.findings
                .note(Kind::Repeated, UBL, place, None, "one VAT category");
        }
        let Some(node) = found.first() else {
            let place = term.at(item.child_path("cac:ClassifiedTaxCategory/cbc:ID"));
            self.findings
                .missing("BR-CO-04", place, "a VAT category code");
            return None;
        };
        self.category(node, term, optional("BT-152"), "BR-CL-18")
    }

    /// A VAT category; one that is not in the code list is noted, and no rule is checked on it.
    pub fn category(
        &mut self,
        node: &Node<'_>,
        code: Term,
        rate: Term,
        list_rule: &'static str,
    ) -> Option<DraftCategory> {
        let at = self.child(node, "cbc:ID", code)?;
        let text = self.text_of(&at, code)?;
        let figure = self.number(node, "cbc:Percent", rate);
        if !CATEGORIES.contains(&text.as_str()) {
            let wanted = format!("one of {}", CATEGORIES.join(", "));
            let place = code.at(at.path);
            self.findings
                .note(Kind::Invalid, list_rule, place, Some(&text), wanted);
            return None;
        }
        Some(DraftCategory {
            path: node.path.clone(),
            code: text,
            rate: figure,
            has_reason: node.has("cbc:TaxExemptionReason")
                || node.has("cbc:TaxExemptionReasonCode"),
        })
    }

    /// One allowance or charge; `None` when it does not say which.
    fn adjustment(
        &mut self,
        node: &Node<'_>,
        allowance: &Adjusting,
        charge: &Adjusting,
    ) -> Option<DraftAdjustment> {
        let is_charge = self.charge_indicator(node)?;
        let terms = if is_charge { charge } else { allowance };
        if !node.has("cbc:AllowanceChargeReason") && !node.has("cbc:AllowanceChargeReasonCode") {
            for rule in terms.reason_rules {
                let place = Place::new(terms.reason, node.child_path("cbc:AllowanceChargeReason"));
                self.findings
                    .missing(rule, place, "a reason or the code of one");
            }
        }
        let adjustment = DraftAdjustment {
            path: node.path.clone(),
            is_charge,
            amount: self.amount(node, "cbc:Amount", terms.amount),
            base: self.amount(node, "cbc:BaseAmount", terms.base),
            percent: self.number(node, "cbc:MultiplierFactorNumeric", terms.percent),
            category: terms.category.and_then(|(code, rate)| {
                let at = self.child(node, "cac:TaxCategory", code)?;
                self.category(&at, code, rate, "BR-CL-17")
            }),
        };
        self.check_percentage(&adjustment, terms);
        Some(adjustment)
    }

    /// Peppol's R040: an amount that says of what and how many percent it is, is that.
    fn check_percentage(&mut self, adjustment: &DraftAdjustment, terms: &Adjusting) {
        let figures = (
            adjustment.amount.stated(),
            adjustment.base.stated(),
            adjustment.percent.stated(),
        );
        let (Some(amount), Some(base), Some(percent)) = figures else {
            return;
        };
        let computed = Decimal::new(1, 2)
            .and_then(|hundredth| base.times(percent)?.times(hundredth)?.rounded(2));
        let slack = Decimal::new(2, 2).unwrap_or(Decimal::ZERO);
        let difference = computed.and_then(|computed| Some(computed.minus(amount)?.abs()));
        if difference.is_some_and(|difference| difference <= slack) {
            return;
        }
        self.findings.compare(
            "PEPPOL-EN16931-R040",
            terms.amount.at(format!("{}/cbc:Amount", adjustment.path)),
            amount,
            computed,
            "the base amount × the percentage",
        );
    }

    /// `xsd:boolean`.
    fn charge_indicator(&mut self, node: &Node<'_>) -> Option<bool> {
        let term = required("BG-20", UBL);
        let at = self.child(node, "cbc:ChargeIndicator", term)?;
        let text = self.text_of(&at, term)?;
        match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                let place = term.at(at.path);
                self.findings
                    .note(Kind::Invalid, UBL, place, Some(&text), "true or false");
                None
            }
        }
    }
}
