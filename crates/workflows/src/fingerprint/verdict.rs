//! What it means when the registry knows some of a document's fingerprints.

use super::forms::Form;
use serde::Serialize;
use std::collections::BTreeSet;

/// What a bank does with the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing like it is registered.
    Free,
    /// A document of the same trade is registered: both together must not exceed the trade.
    Linked,
    /// Much like a registered one: a person must look before anything is paid.
    Warning,
    /// The registered one itself: refused.
    Duplicate,
}

/// A verdict and the forms that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The most serious of the forms'.
    pub verdict: Verdict,
    /// What the registry knows.
    pub forms: BTreeSet<Form>,
}

/// The verdict on a document of which the registry knows these forms.
#[must_use]
pub fn verdict(known: impl IntoIterator<Item = Form>) -> Finding {
    let forms: BTreeSet<Form> = known.into_iter().collect();
    let verdict = forms.iter().map(|form| of(*form)).max();
    Finding {
        verdict: verdict.unwrap_or(Verdict::Free),
        forms,
    }
}

const fn of(form: Form) -> Verdict {
    match form {
        // The number is unique for its seller (EN 16931-1, BT-1), and a document that agrees in all
        // but its date is the same document.
        Form::Exact | Form::Number | Form::WithoutDate => Verdict::Duplicate,
        // Each of these also fits two honest documents now and then.
        Form::NumberRuns
        | Form::NumberStem
        | Form::WithoutNumber
        | Form::WithoutSeller
        | Form::AmountBucket => Verdict::Warning,
        // An order may be invoiced in parts: that is not wrong, but capped.
        Form::Linked => Verdict::Linked,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fingerprint::{Document, Sort, Trader, Written, forms};

    fn written() -> Written {
        let trader = |id: &str, name: &str| Trader {
            ids: vec![id.to_owned()],
            names: vec![name.to_owned()],
        };
        Written {
            sort: Sort::Invoice,
            number: "1001".to_owned(),
            date: "2026-11-02".to_owned(),
            amount: "100.00".to_owned(),
            currency: "EUR".to_owned(),
            seller: trader("HRB 12345", "Nordstahl GmbH"),
            buyer: trader("HRB 777", "Werft AG"),
            references: vec![(Sort::Order, "PO-1".to_owned())],
        }
    }

    /// What a bank is told of `second` when `first` is registered.
    fn found(first: &Written, second: &Written) -> Finding {
        let registered = forms::registered(&Document::new(first).unwrap());
        let asked = forms::asked(&Document::new(second).unwrap());
        let known = |input: &&forms::Input| registered.iter().any(|r| r.bytes == input.bytes);
        verdict(asked.iter().filter(known).map(|input| input.form))
    }

    #[test]
    fn the_most_serious_form_counts() {
        assert_eq!(verdict([]).verdict, Verdict::Free);
        let both = verdict([Form::Linked, Form::AmountBucket]);
        assert_eq!(both.verdict, Verdict::Warning);
        assert_eq!(
            verdict([Form::AmountBucket, Form::Number]).verdict,
            Verdict::Duplicate
        );
        assert_eq!(found(&written(), &written()).verdict, Verdict::Duplicate);
    }

    /// Registers of companies number from one in every town, and invoices do in every company.
    #[test]
    fn another_company_under_the_same_number_is_no_duplicate() {
        let mut other = written();
        other.seller.names = vec!["Suedguss GmbH".to_owned()];
        other.buyer = Trader {
            ids: vec!["HRB 9".to_owned()],
            names: vec!["Hafen SE".to_owned()],
        };
        other.amount = "17.00".to_owned();
        let finding = found(&written(), &other);
        assert_eq!(finding.verdict, Verdict::Warning, "{finding:?}");
        other.number = "1002".to_owned();
        assert_eq!(found(&written(), &other).verdict, Verdict::Free);
    }

    #[test]
    fn a_second_part_of_an_order_is_linked_and_no_more() {
        let mut part = written();
        (part.number, part.date) = ("1009".to_owned(), "2026-11-20".to_owned());
        part.amount = "40.00".to_owned();
        assert_eq!(found(&written(), &part).verdict, Verdict::Linked);
        part.references.clear();
        assert_eq!(found(&written(), &part).verdict, Verdict::Free);
    }
}
