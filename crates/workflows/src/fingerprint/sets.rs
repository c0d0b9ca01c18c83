//! What a financing claims on the registry: which of a document's fingerprints are caps and which are marks.

use super::{
    Document, Fingerprinted,
    forms::{self, Form},
};
use blockworm_kit::claims::WHOLE;
use blockworm_registry::{DocumentSet, Part};

/// How much is financed, in parts of [`WHOLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Of the document itself.
    pub document: u32,
    /// Of each order, warehouse receipt or invoice that it names: the bank's word, since the document
    /// does not say what those are worth.
    pub named: u32,
}

impl Shares {
    /// All of the document, and of whatever it names as long as nobody knows what that is worth.
    pub const ALL: Self = Self {
        document: WHOLE,
        named: WHOLE,
    };
}

/// One set for each version under which the document was fingerprinted, the oldest first. `None` where
/// the fingerprints are not those of [`forms::registered`] of this document.
#[must_use]
pub fn sets(
    document: &Document,
    fingerprinted: &[Fingerprinted],
    shares: Shares,
) -> Option<Vec<DocumentSet>> {
    let inputs = forms::registered(document);
    let mut sets = Vec::with_capacity(fingerprinted.len());
    for one in fingerprinted {
        let forms = one.known.iter().map(|(form, _)| form);
        if !forms.eq(inputs.iter().map(|input| &input.form)) {
            return None;
        }
        let known = one.known.iter().zip(&inputs);
        let parts = known.map(|((form, fingerprint), input)| Part {
            fingerprint: fingerprint.to_string(),
            share: match form {
                // The verdict of each is "duplicate".
                Form::Exact | Form::Number | Form::WithoutDate => shares.document,
                Form::Linked if forms::is_own_link(document, input) => shares.document,
                Form::Linked => shares.named,
                Form::NumberRuns
                | Form::NumberStem
                | Form::WithoutNumber
                | Form::WithoutSeller
                | Form::AmountBucket => 0,
            },
        });
        let mut exact = one.known.iter().filter(|(form, _)| *form == Form::Exact);
        sets.push(DocumentSet {
            version: one.version.0,
            document: exact.next()?.1.to_string(),
            share: shares.document,
            parts: parts.collect(),
        });
    }
    sets.sort_by_key(|set| set.version);
    Some(sets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fingerprint::{Sort, Trader, Written};
    use blockworm_crypto::{oprf::KeyVersion, sha256};
    use std::collections::BTreeMap;

    fn written(sort: Sort, number: &str, references: &[(Sort, &str)]) -> Written {
        let trader = |id: &str, name: &str| Trader {
            ids: vec![id.to_owned()],
            names: vec![name.to_owned()],
        };
        let references = references.iter();
        Written {
            sort,
            number: number.to_owned(),
            date: "2026-11-02".to_owned(),
            amount: "100.00".to_owned(),
            currency: "EUR".to_owned(),
            seller: trader("DE123456789", "Nordstahl GmbH"),
            buyer: trader("DE987654321", "Werft AG"),
            references: references.map(|(s, n)| (*s, (*n).to_owned())).collect(),
        }
    }

    /// As two key holders would, without hiding anything.
    fn fingerprinted(document: &Document, version: u32) -> Fingerprinted {
        let inputs = forms::registered(document).into_iter();
        let version_bytes = version.to_be_bytes();
        Fingerprinted {
            version: KeyVersion(version),
            known: inputs
                .map(|input| (input.form, sha256(&[&version_bytes, &input.bytes])))
                .collect(),
        }
    }

    fn claimed(written: &Written, shares: Shares) -> DocumentSet {
        let document = Document::new(written).unwrap();
        let known = [fingerprinted(&document, 1)];
        sets(&document, &known, shares).unwrap().remove(0)
    }

    fn caps(set: &DocumentSet) -> BTreeMap<&str, u32> {
        let parts = set.parts.iter().filter(|part| part.share > 0);
        parts.map(|part| (&*part.fingerprint, part.share)).collect()
    }

    /// The caps that two documents have in common, with what both take of each.
    fn common(one: &DocumentSet, other: &DocumentSet) -> Vec<(u32, u32)> {
        let (one, other) = (caps(one), caps(other));
        let both = one.iter().filter_map(|(f, s)| Some((*s, *other.get(f)?)));
        both.collect()
    }

    #[test]
    fn one_cap_runs_across_order_goods_and_invoices() {
        let shares = |document, named| Shares { document, named };
        let order = claimed(&written(Sort::Order, "PO-1", &[]), shares(700, 1));
        let goods = written(Sort::Goods, "W-5", &[(Sort::Order, "PO-1")]);
        let goods = claimed(&goods, shares(500, 30));
        let references = [(Sort::Order, "PO 1"), (Sort::Goods, "W/5")];
        let invoice = claimed(&written(Sort::Invoice, "77", &references), shares(900, 20));
        // By the parties' identifiers and by their names.
        assert_eq!(common(&order, &goods), [(700, 30); 2]);
        assert_eq!(common(&order, &invoice), [(700, 20); 2]);
        let mut both = common(&goods, &invoice);
        both.sort_unstable();
        assert_eq!(both, [(30, 20), (30, 20), (500, 20), (500, 20)]);
        let second = claimed(&written(Sort::Invoice, "78", &references), shares(900, 20));
        assert_eq!(common(&invoice, &second), [(20, 20); 4], "order and goods");
    }

    #[test]
    fn whatever_is_a_duplicate_is_capped_and_warnings_are_marks() {
        let document = Document::new(&written(Sort::Invoice, "77", &[])).unwrap();
        let known = [fingerprinted(&document, 3), fingerprinted(&document, 2)];
        let made = sets(&document, &known, Shares::ALL).unwrap();
        assert_eq!((made[0].version, made[1].version), (2, 3), "oldest first");
        for (part, (form, fingerprint)) in made[1].parts.iter().zip(&known[0].known) {
            assert_eq!(part.fingerprint, fingerprint.to_string());
            let verdict = crate::fingerprint::verdict([*form]).verdict;
            let warns = verdict == crate::fingerprint::Verdict::Warning;
            assert_eq!(part.share == 0, warns, "{form:?}");
        }
        assert_eq!(made[1].document, made[1].parts[0].fingerprint);
        let other = Document::new(&written(Sort::Invoice, "77", &[(Sort::Order, "1")])).unwrap();
        assert_eq!(sets(&other, &known, Shares::ALL), None);
    }
}
