//! What the rows of a table add up to, by currency: all of them, and those since the last part's sum.

use crate::decimal::Decimal;
use blockworm_ledger::{Amount, Currency};
use std::collections::BTreeMap;

type ByCurrency = BTreeMap<Currency, Option<Decimal>>;

/// The sums so far.
#[derive(Default)]
pub(super) struct Sums {
    whole: ByCurrency,
    part: ByCurrency,
    /// Whether a row could not be read, and since when.
    whole_spoilt: bool,
    part_spoilt: bool,
}

/// What a row of totals should say.
pub(super) enum Sum {
    /// Of this currency; `None` where it cannot be calculated.
    Of(Currency, Option<Decimal>),
    /// The rows have several currencies, and it names none.
    Mixed,
    /// A row could not be read.
    Spoilt,
}

impl Sums {
    /// Adds what a row owes, as far as it was read.
    pub fn add(&mut self, owed: &Option<(Currency, Decimal)>, spoilt: bool) {
        self.whole_spoilt |= spoilt;
        self.part_spoilt |= spoilt;
        let Some((currency, value)) = owed else {
            return;
        };
        for sums in [&mut self.whole, &mut self.part] {
            let sum = sums.entry(*currency).or_insert(Some(Decimal::ZERO));
            *sum = sum.and_then(|sum| sum.plus(*value));
        }
    }

    /// What a row that adds up a part, or all, should say; a part ends with it.
    pub fn end(&mut self, partial: bool, stated: Option<Currency>) -> Sum {
        let part = std::mem::take(&mut self.part);
        let part_spoilt = std::mem::take(&mut self.part_spoilt);
        let (sums, spoilt) = match partial {
            true => (&part, part_spoilt),
            false => (&self.whole, self.whole_spoilt),
        };
        let only = (sums.len() == 1)
            .then(|| sums.keys().next().copied())
            .flatten();
        match stated.or(only) {
            _ if spoilt => Sum::Spoilt,
            Some(currency) => {
                let sum = sums.get(&currency).copied().unwrap_or(Some(Decimal::ZERO));
                Sum::Of(currency, sum)
            }
            None => Sum::Mixed,
        }
    }

    /// What all rows owe.
    pub fn all(&self) -> impl Iterator<Item = Amount> {
        self.whole.iter().filter_map(|(currency, sum)| {
            let minor = sum.as_ref()?.to_minor(currency.exponent()?)?;
            Some(Amount::new(minor, *currency))
        })
    }
}
