//! The forms of a document that are fingerprinted: what is registered, what is asked, and why each.

use super::{Document, Sort, Trader};
use crate::decimal::Decimal;
use serde::Serialize;

/// First part of what the key holders' function is asked for; a change of what follows changes the
/// number in it.
pub const DOMAIN: &[u8] = b"blockworm/registry-input/2";

/// Each bucket ends a twentieth above its begin, at least one unit of 10⁻² above.
const BUCKET_PART: u128 = 20;

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Every field: a copy, however it is spelled.
    Exact,
    /// Seller's identifier and name, and number as it stands: any field but these was edited.
    Number,
    /// Seller and number as runs without zeros: the number was spelled in another way.
    NumberRuns,
    /// Seller and what the number adds a part to: a split or renamed document. Asked, not registered.
    NumberStem,
    /// All but the number: the number was edited.
    WithoutNumber,
    /// All but the date: the date was edited.
    WithoutDate,
    /// All but the seller: somebody else applies.
    WithoutSeller,
    /// Parties, date and the amount's bucket: number and amount were edited.
    AmountBucket,
    /// A document of the same trade: order, goods, credited invoice.
    Linked,
}

impl Form {
    const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Number => "number",
            Self::NumberRuns | Self::NumberStem => "number-runs",
            Self::WithoutNumber => "without-number",
            Self::WithoutDate => "without-date",
            Self::WithoutSeller => "without-seller",
            Self::AmountBucket => "amount-bucket",
            Self::Linked => "linked",
        }
    }
}

/// One input of the key holders' function, and what it means when the registry knows its output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// What for.
    pub form: Form,
    /// The bytes: a secret of those who hold the document.
    pub bytes: Vec<u8>,
}

/// What a financing registers of a document, in a fixed order, without repetition.
#[must_use]
pub fn registered(document: &Document) -> Vec<Input> {
    let mut inputs = both(document);
    if let Some(bucket) = bucket(document.amount) {
        buckets(document, &[bucket], &mut inputs);
    }
    distinct(inputs)
}

/// What a bank asks for before it finances: what would be registered, the neighbouring buckets,
/// and the document of which this may be a part.
#[must_use]
pub fn asked(document: &Document) -> Vec<Input> {
    let mut inputs = both(document);
    if let Some(bucket) = bucket(document.amount) {
        let near = [bucket, bucket.saturating_sub(1), bucket + 1];
        buckets(document, &near, &mut inputs);
    }
    if let [stem @ .., _] = &document.number_runs[..]
        && !stem.is_empty()
    {
        number_runs(document, &stem.join("-"), Form::NumberStem, &mut inputs);
    }
    distinct(inputs)
}

/// Buckets by which an amount and its neighbours in size are found: the first is [0.01, 0.02), each
/// ends a twentieth (rounded down, at least 0.01) above its begin. `None` from 10^15 on.
#[must_use]
pub fn bucket(amount: Decimal) -> Option<u32> {
    let cents = amount.rounded(2)?.to_minor(2)?;
    if cents > 100_000_000_000_000_000 {
        return None;
    }
    let (mut end, mut number) = (1, 0);
    while cents >= end {
        end += (end / BUCKET_PART).max(1);
        number += 1;
    }
    Some(number)
}

fn both(document: &Document) -> Vec<Input> {
    let number = document.number_runs.join("-");
    let (date, amount) = (document.date.to_string(), document.amount.to_string());
    let currency = document.currency.to_string();
    let group = document.sort.word();
    let mut inputs = Vec::new();
    let seller = everything(&document.seller);
    let buyer = everything(&document.buyer);
    let exact = [group, &seller, &buyer, &number, &date, &amount, &currency];
    inputs.push(input(Form::Exact, &exact));
    // The name stands beside the identifier, because `HRB 12345` is a company in every court's town.
    let name = document.seller.names.first().map_or("", String::as_str);
    for id in &document.seller.ids {
        let fields = [group, id, name, &document.tight_number];
        inputs.push(input(Form::Number, &fields));
    }
    number_runs(document, &number, Form::NumberRuns, &mut inputs);
    for (basis, seller, buyer) in pairs(document) {
        let parties = [group, basis, seller, buyer];
        let fields = [&parties[..], &[&date, &amount, &currency]].concat();
        inputs.push(input(Form::WithoutNumber, &fields));
        let fields = [&parties[..], &[&number, &amount, &currency]].concat();
        inputs.push(input(Form::WithoutDate, &fields));
        let fields = [group, basis, buyer, &number, &date, &amount, &currency];
        inputs.push(input(Form::WithoutSeller, &fields));
        let own = (document.sort, number.clone());
        for (sort, number) in std::iter::once(&own).chain(&document.references) {
            inputs.push(linked(basis, seller, buyer, *sort, number));
        }
    }
    inputs
}

/// Whether the input is the linked form of the document itself, under which those that name it find it,
/// and not that of one that it names.
#[must_use]
pub fn is_own_link(document: &Document, input: &Input) -> bool {
    let number = document.number_runs.join("-");
    let mut own = pairs(document)
        .into_iter()
        .map(|(basis, seller, buyer)| linked(basis, seller, buyer, document.sort, &number));
    own.any(|own| own == *input)
}

fn linked(basis: &str, seller: &str, buyer: &str, sort: Sort, number: &str) -> Input {
    input(Form::Linked, &[basis, seller, buyer, sort.word(), number])
}

fn number_runs(document: &Document, number: &str, form: Form, inputs: &mut Vec<Input>) {
    let group = document.sort.word();
    let seller = &document.seller;
    let ids = seller.ids.iter().map(|id| ("id", id));
    let names = seller.names.iter().map(|name| ("name", name));
    for (basis, who) in ids.chain(names) {
        inputs.push(input(form, &[group, basis, who, number]));
    }
}

fn buckets(document: &Document, numbers: &[u32], inputs: &mut Vec<Input>) {
    let (date, currency) = (document.date.to_string(), document.currency.to_string());
    let group = document.sort.word();
    for (basis, seller, buyer) in pairs(document) {
        for number in numbers {
            let number = number.to_string();
            let fields = [group, basis, seller, buyer, &date, &number, &currency];
            inputs.push(input(Form::AmountBucket, &fields));
        }
    }
}

/// Seller and buyer by their first identifiers and by their first names, so that either may be
/// missing or edited.
fn pairs(document: &Document) -> Vec<(&'static str, &str, &str)> {
    let (seller, buyer) = (&document.seller, &document.buyer);
    let ids = seller.ids.first().zip(buyer.ids.first());
    let names = seller.names.first().zip(buyer.names.first());
    let ids = ids.map(|(one, other)| ("id", one.as_str(), other.as_str()));
    let names = names.map(|(one, other)| ("name", one.as_str(), other.as_str()));
    ids.into_iter().chain(names).collect()
}

/// All that a trader is known by, in one text whose order does not depend on the document's.
fn everything(trader: &Trader) -> String {
    let mut all: Vec<&str> = trader
        .ids
        .iter()
        .chain(&trader.names)
        .map(|t| t.as_str())
        .collect();
    all.sort_unstable();
    all.join("\n")
}

/// `blockworm/registry-input/2`, a zero byte, then the form's word and each field, with its length
/// in bytes as a u32 (big-endian) before it.
fn input(form: Form, fields: &[&str]) -> Input {
    let mut bytes = DOMAIN.to_vec();
    bytes.push(0);
    for field in std::iter::once(form.word()).chain(fields.iter().copied()) {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    Input { form, bytes }
}

fn distinct(inputs: Vec<Input>) -> Vec<Input> {
    let mut seen = std::collections::BTreeSet::new();
    inputs
        .into_iter()
        .filter(|input| seen.insert(input.bytes.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fingerprint::Written;
    use proptest::prelude::*;

    fn written() -> Written {
        let trader = |number: u32| Trader {
            ids: (0..9).map(|id| format!("DE{number}{id}")).collect(),
            names: (0..9)
                .map(|name| format!("Name {number} {name} GmbH"))
                .collect(),
        };
        Written {
            sort: Sort::Invoice,
            number: "A-17-3".to_owned(),
            date: "2026-11-02".to_owned(),
            amount: "100.00".to_owned(),
            currency: "EUR".to_owned(),
            seller: trader(1),
            buyer: trader(2),
            references: (0..99).map(|n| (Sort::Order, format!("PO-{n}"))).collect(),
        }
    }

    /// The longest document fits one request to a key holder.
    #[test]
    fn forms_are_bounded_and_distinct() {
        let document = Document::new(&written()).unwrap();
        let most = blockworm_crypto::oprf::MAX_BATCH;
        let (registered, asked) = (registered(&document), asked(&document));
        assert!(
            registered.len() < asked.len() && asked.len() <= most,
            "{}",
            asked.len()
        );
        for inputs in [&registered, &asked] {
            let bytes: std::collections::BTreeSet<_> = inputs.iter().map(|i| &i.bytes).collect();
            assert_eq!(bytes.len(), inputs.len());
        }
        assert!(
            registered.iter().all(|one| asked.contains(one)),
            "a copy is asked for whole"
        );
        assert!(registered.iter().all(|one| one.form != Form::NumberStem));
    }

    #[test]
    fn fields_that_run_into_each_other_stay_apart() {
        let one = input(Form::Number, &["ab", "c"]);
        let other = input(Form::Number, &["a", "bc"]);
        assert_ne!(one, other);
        let expected = b"blockworm/registry-input/2\0\0\0\0\x06number\0\0\0\x02ab\0\0\0\x01c";
        assert_eq!(one.bytes, expected);
    }

    #[test]
    fn buckets_begin_where_the_document_says() {
        let at = |text: &str| bucket(Decimal::parse(text).unwrap());
        assert_eq!(at("0"), Some(0));
        assert_eq!(at("0.01"), Some(1));
        assert_eq!(at("0.40"), Some(40), "below 0.40 each cent is a bucket");
        assert_eq!(at("0.41"), Some(40), "from 0.40 on two");
        assert_eq!(at("0.42"), Some(41));
        assert!(at("999999999999999").is_some());
        let beyond = Decimal::new(100_000_000_000_000_001, 2).unwrap();
        assert_eq!(bucket(beyond), None);
        assert_eq!(at("-1"), None);
    }

    proptest! {
        /// An edge hides nothing: up to a twenty-first either way is asked for.
        #[test]
        fn neighbours_hold_what_is_near(cents in 100u64..100_000_000_000_000, part in 21u64..1_000) {
            let bucket_of = |cents: u64| bucket(Decimal::new(i128::from(cents), 2).unwrap()).unwrap();
            let here = bucket_of(cents);
            for near in [cents - cents / part, cents + cents / part] {
                prop_assert!(bucket_of(near).abs_diff(here) <= 1, "{} {}", cents, near);
            }
        }
    }
}
