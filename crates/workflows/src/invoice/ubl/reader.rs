//! Typed fields of an element; what is missing, repeated or of a wrong type is noted and reading goes on.

use crate::decimal::Decimal;
use crate::invoice::Date;
use crate::invoice::draft::Figure;
use crate::invoice::finding::{Findings, ISO_4217, Kind, Place, UBL};
use crate::invoice::node::Node;
use blockworm_ledger::Currency;

/// Most bytes of a name or a description, after spaces are collapsed.
const MAX_TEXT_BYTES: usize = 2_000;

/// Digits after the point of any amount (BR-DEC-01 and its like).
const MOST_DECIMALS: usize = 2;

/// A business term with the rules on it.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// `BT-106`.
    pub id: &'static str,
    /// The rule that requires it, if one does.
    pub required: Option<&'static str>,
    /// The rule that bounds its digits after the point, if one does.
    pub decimals: Option<&'static str>,
}

/// A term that no rule requires.
pub const fn optional(id: &'static str) -> Term {
    Term {
        id,
        required: None,
        decimals: None,
    }
}

/// A term that a rule requires.
pub const fn required(id: &'static str, rule: &'static str) -> Term {
    Term {
        id,
        required: Some(rule),
        decimals: None,
    }
}

impl Term {
    /// With the rule on its digits.
    pub const fn decimals(mut self, rule: &'static str) -> Self {
        self.decimals = Some(rule);
        self
    }

    /// A place of this term.
    pub fn at(&self, path: impl Into<String>) -> Place {
        Place::new(self.id, path)
    }
}

/// Reads fields and keeps what it found.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found.
    pub findings: Findings,
    /// BT-5 and the digits of its smallest unit, as soon as it was read.
    pub currency: Option<(Currency, u8)>,
}

impl Reader {
    /// The only child of that name; notes a second one, and a missing one if the term is required.
    pub fn child<'a>(&mut self, at: &Node<'a>, name: &'static str, term: Term) -> Option<Node<'a>> {
        let mut found = at.all(name);
        if let Some(second) = found.get(1) {
            let place = term.at(second.path.clone());
            let value = second.text();
            self.findings.note(
                Kind::Repeated,
                UBL,
                place,
                Some(&value),
                "it stands there once",
            );
        }
        if found.is_empty() {
            if let Some(rule) = term.required {
                let place = term.at(at.child_path(name));
                self.findings.missing(rule, place, "it must be there");
            }
            return None;
        }
        Some(found.swap_remove(0))
    }

    /// The text of the only child of that name.
    pub fn text(&mut self, at: &Node<'_>, name: &'static str, term: Term) -> Option<String> {
        let node = self.child(at, name, term)?;
        self.text_of(&node, term)
    }

    /// An element's text; an empty one is missing.
    pub fn text_of(&mut self, node: &Node<'_>, term: Term) -> Option<String> {
        let text = node.text();
        let place = term.at(node.path.clone());
        if text.is_empty() {
            if let Some(rule) = term.required {
                self.findings.missing(rule, place, "it must not be empty");
            }
            return None;
        }
        if text.len() > MAX_TEXT_BYTES {
            let wanted = format!("at most {MAX_TEXT_BYTES} bytes");
            self.findings
                .note(Kind::Invalid, UBL, place, Some(&text), wanted);
            return None;
        }
        Some(text)
    }

    /// The date in the only child of that name.
    pub fn date(&mut self, at: &Node<'_>, name: &'static str, term: Term) -> Option<Date> {
        let node = self.child(at, name, term)?;
        let text = self.text_of(&node, term)?;
        let date = Date::parse(&text);
        if date.is_none() {
            self.findings.note(
                Kind::Invalid,
                UBL,
                term.at(node.path),
                Some(&text),
                "a date YYYY-MM-DD",
            );
        }
        date
    }

    /// The number in the only child of that name.
    pub fn number(&mut self, at: &Node<'_>, name: &'static str, term: Term) -> Figure {
        match self.child(at, name, term) {
            Some(node) => self.number_of(&node, term),
            None if term.required.is_some() => Figure::Unreadable,
            None => Figure::Absent,
        }
    }

    /// An element's number.
    pub fn number_of(&mut self, node: &Node<'_>, term: Term) -> Figure {
        let text = node.text();
        match Decimal::parse(&text) {
            Ok(value) => Figure::Is(value),
            Err(error) => {
                let place = term.at(node.path.clone());
                let wanted = format!("a decimal number; {error}");
                self.findings
                    .note(Kind::Invalid, UBL, place, Some(&text), wanted);
                Figure::Unreadable
            }
        }
    }

    /// The amount in the only child of that name, in the document's currency.
    pub fn amount(&mut self, at: &Node<'_>, name: &'static str, term: Term) -> Figure {
        match self.child(at, name, term) {
            Some(node) => self.amount_of(&node, term),
            None if term.required.is_some() => Figure::Unreadable,
            None => Figure::Absent,
        }
    }

    /// An element's amount, in the document's currency.
    pub fn amount_of(&mut self, node: &Node<'_>, term: Term) -> Figure {
        let expected = self.currency.map(|(currency, _)| currency.to_string());
        self.check_currency(node, term, expected.as_deref());
        let figure = self.number_of(node, term);
        if let (Figure::Is(value), Some(rule)) = (figure, term.decimals) {
            let exponent = self.currency.map(|(_, exponent)| exponent);
            self.check_decimals(node, term, rule, value, exponent);
        }
        figure
    }

    /// Every amount names its currency (UBL), a known one (BR-CL-03), and the document's (Peppol's
    /// R051: EN 16931 has one currency for all amounts but BT-111).
    pub fn check_currency(&mut self, node: &Node<'_>, term: Term, expected: Option<&str>) {
        let place = term.at(node.child_path("@currencyID"));
        let Some(found) = node.attribute("currencyID") else {
            self.findings
                .missing(UBL, place, "the currency of the amount");
            return;
        };
        if exponent_of(&found).is_none() {
            self.findings.note(
                Kind::CurrencyUnknown,
                "BR-CL-03",
                place,
                Some(&found),
                "a currency of ISO 4217",
            );
        } else if let Some(expected) = expected.filter(|expected| *expected != found) {
            let wanted = format!("{expected}, the document's currency");
            let rule = "PEPPOL-EN16931-R051";
            self.findings
                .note(Kind::CurrencyMismatch, rule, place, Some(&found), wanted);
        }
    }

    /// At most two digits as written (BR-DEC), and no more than the currency has.
    pub fn check_decimals(
        &mut self,
        node: &Node<'_>,
        term: Term,
        rule: &'static str,
        value: Decimal,
        exponent: Option<u8>,
    ) {
        let text = node.text();
        let written = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        let place = term.at(node.path.clone());
        if written > MOST_DECIMALS {
            let wanted = "at most 2 digits after the point";
            self.findings
                .note(Kind::Decimals, rule, place, Some(&text), wanted);
        } else if let Some(exponent) = exponent.filter(|exponent| value.scale() > *exponent) {
            let wanted = format!("the currency has {exponent} digits after the point");
            self.findings
                .note(Kind::Decimals, ISO_4217, place, Some(&text), wanted);
        }
    }
}

/// The digits of the smallest unit of a currency of ISO 4217.
pub fn exponent_of(code: &str) -> Option<u8> {
    code.parse::<Currency>()
        .ok()
        .and_then(|currency| currency.exponent())
}
