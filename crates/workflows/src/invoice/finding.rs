//! A rule and the place that does not keep it: what a refusal lists.

use crate::decimal::Decimal;
use serde::Serialize;
use std::fmt;

/// Rules that UBL 2.1 itself has: its types, and what may stand once.
pub const UBL: &str = "UBL-2.1";
/// The digits after the point of a currency.
pub const ISO_4217: &str = "ISO-4217";

/// Most findings that one refusal lists; further ones are counted.
const MOST_LISTED: usize = 100;
/// Most characters of a value that a finding repeats.
const MOST_SHOWN: usize = 100;

/// A place in a document that does not keep a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code of its kind (`invoice.totals_mismatch`).
    pub code: &'static str,
    /// The rule: `BR-…` of EN 16931-1, `PEPPOL-EN16931-…` of Peppol BIS Billing 3, `UBL-2.1`, `ISO-4217`.
    pub rule: &'static str,
    /// The business term or group (`BT-106`).
    pub term: &'static str,
    /// The element's way from the root, with its namespace's usual prefix; from the second on of its
    /// name an element is counted (`/Invoice/cac:InvoiceLine[2]`).
    pub path: String,
    /// What stands there, at most 100 characters of it; `None` when nothing does.
    pub found: Option<String>,
    /// What the rule wants there.
    pub wanted: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            term,
            path,
            wanted,
            ..
        } = self;
        match &self.found {
            Some(found) => write!(
                formatter,
                "{rule}: {path} ({term}) is `{found}`; wanted: {wanted}"
            ),
            None => write!(
                formatter,
                "{rule}: {path} ({term}) is missing; wanted: {wanted}"
            ),
        }
    }
}

/// Of which kind a finding is; its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something required is not there.
    Missing,
    /// Something that may stand once stands twice, so that two readers could read two invoices.
    Repeated,
    /// A value that has not its type, or is not in its code list.
    Invalid,
    /// No currency of ISO 4217.
    CurrencyUnknown,
    /// An amount in another currency than its document.
    CurrencyMismatch,
    /// More digits after the point than are allowed.
    Decimals,
    /// A figure that is not what its parts give.
    Total,
    /// A figure that cannot be calculated.
    TooLarge,
    /// What a VAT category wants of rates, identifiers and reasons.
    Vat,
    /// Any other rule.
    Other,
    /// Told to a person; refuses nothing.
    Remark,
}

impl Kind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "invoice.field_missing",
            Self::Repeated => "invoice.field_repeated",
            Self::Invalid => "invoice.field_invalid",
            Self::CurrencyUnknown => "invoice.currency_unknown",
            Self::CurrencyMismatch => "invoice.currency_mismatch",
            Self::Decimals => "invoice.currency_decimals",
            Self::Total => "invoice.totals_mismatch",
            Self::TooLarge => "invoice.number_too_large",
            Self::Vat => "invoice.vat_category",
            Self::Other => "invoice.rule_broken",
            Self::Remark => "invoice.remark",
        }
    }
}

/// Where a rule looks: the business term and the element.
#[derive(Clone, Debug)]
pub struct Place {
    /// The business term or group.
    pub term: &'static str,
    /// The element's way from the root.
    pub path: String,
}

impl Place {
    /// A place.
    pub fn new(term: &'static str, path: impl Into<String>) -> Self {
        Self {
            term,
            path: path.into(),
        }
    }
}

/// What was found in one document: a bounded list, and how many more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    listed: Vec<Finding>,
    more: usize,
}

impl Findings {
    /// Notes one.
    pub fn note(
        &mut self,
        kind: Kind,
        rule: &'static str,
        place: Place,
        found: Option<&str>,
        wanted: impl Into<String>,
    ) {
        if self.listed.len() == MOST_LISTED {
            self.more += 1;
            return;
        }
        self.listed.push(Finding {
            code: kind.code(),
            rule,
            term: place.term,
            path: place.path,
            found: found.map(|text| text.trim().chars().take(MOST_SHOWN).collect()),
            wanted: wanted.into(),
        });
    }

    /// Notes that something is not there.
    pub fn missing(&mut self, rule: &'static str, place: Place, wanted: impl Into<String>) {
        self.note(Kind::Missing, rule, place, None, wanted);
    }

    /// Notes a figure that is not the calculated one; `None` is one that cannot be calculated.
    pub fn compare(
        &mut self,
        rule: &'static str,
        place: Place,
        stated: Decimal,
        computed: Option<Decimal>,
        meaning: &str,
    ) {
        match computed {
            Some(computed) if computed == stated => {}
            Some(computed) => self.note(
                Kind::Total,
                rule,
                place,
                Some(&stated.to_fixed(2)),
                format!("{}, {meaning}", computed.to_fixed(2)),
            ),
            None => self.note(
                Kind::TooLarge,
                rule,
                place,
                Some(&stated.to_string()),
                format!("{meaning}: the figures are too large to be calculated"),
            ),
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Those that are listed, in the order in which the rules are checked.
    pub fn listed(&self) -> &[Finding] {
        &self.listed
    }

    /// How many more there are.
    pub fn more(&self) -> usize {
        self.more
    }

    /// The listed ones alone.
    pub fn into_listed(self) -> Vec<Finding> {
        self.listed
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.listed.as_slice() {
            return only.fmt(formatter);
        }
        write!(
            formatter,
            "rules are broken in {} places",
            self.listed.len() + self.more
        )?;
        for finding in &self.listed {
            write!(formatter, "\n- {finding}")?;
        }
        if self.more > 0 {
            write!(formatter, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_counts_the_rest() {
        let mut findings = Findings::default();
        for _ in 0..MOST_LISTED + 7 {
            let place = Place::new("BT-1", "/Invoice/cbc:ID");
            findings.note(
                Kind::Invalid,
                "BR-02",
                place,
                Some(&"x".repeat(500)),
                "a number",
            );
        }
        assert_eq!((findings.listed().len(), findings.more()), (MOST_LISTED, 7));
        assert_eq!(
            findings.listed()[0].found.as_ref().map(String::len),
            Some(MOST_SHOWN)
        );
        let shown = findings.to_string();
        assert!(shown.starts_with(
            "rules are broken in 107 places\n- BR-02: /Invoice/cbc:ID (BT-1) is `xxx"
        ));
        assert!(shown.ends_with("\nand 7 more"));
    }
}
