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
