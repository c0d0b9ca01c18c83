//! What a row owes, in which currency, and whether its amounts fit each other.

use super::{columns::Column, grid::Row, rows::Reading, values};
use crate::decimal::Decimal;
use blockworm_ledger::{Amount, Currency};
use std::collections::BTreeMap;

impl Reading<'_> {
    /// The currency of rows that name none.
    pub(super) fn named_currency(&self, column: Column) -> Option<Currency> {
        let named = self.columns.currencies.get(&column).copied();
        named.or(self.given.currency)
    }

    /// What is owed, when nothing about the row's amounts is wrong.
    pub(super) fn money(&mut self, row: &Row) -> Option<(Decimal, Amount)> {
        let owed = self.columns.owed()?;
        let currency = self.currency(row, owed)?;
        let at = self.columns.at[&owed];
        let mut read = BTreeMap::new();
        for column in [Column::Due, Column::Total, Column::Amount, Column::Tax] {
            let value = self.take(row, column, |cell| values::money(cell, currency))?;
            if let Some(value) = value {
                read.insert(column, value);
            }
        }
        let Some(value) = read.get(&owed).copied() else {
            let wanted = "what is owed".to_owned();
            self.note(row.number, Some(at), "table.field_missing", None, wanted);
            return None;
        };
        self.check_parts(row, &read);
        match values::owed(value, currency) {
            Ok(amount) => Some((value, amount)),
            Err(wrong) => {
                self.wrong(row, at, wrong);
                None
            }
        }
    }

    /// In which currency the row is.
    fn currency(&mut self, row: &Row, owed: Column) -> Option<Currency> {
        let stated = self.take(row, Column::Currency, values::currency)?;
        let named = self.named_currency(owed);
        let Some(currency) = stated.or(named) else {
            let at = self.columns.at.get(&Column::Currency).copied();
            let wanted = "a currency of ISO 4217, such as CNY".to_owned();
            self.note(row.number, at, "table.field_missing", None, wanted);
            return None;
        };
        let header = self.columns.currencies.get(&owed).copied();
        if header.is_some_and(|header| header != currency) {
            let at = self.columns.at.get(&Column::Currency).copied();
            let wanted = "the currency that heads the amounts".to_owned();
            self.note(
                row.number,
                at,
                "table.currency_mismatch",
                Some(currency.to_string()),
                wanted,
            );
            return None;
        }
        Some(currency)
    }

    /// Amount and tax make the total, and no more than the total is left to pay.
    fn check_parts(&mut self, row: &Row, read: &BTreeMap<Column, Decimal>) {
        let Some(total) = read.get(&Column::Total) else {
            return;
        };
        let parts = read.get(&Column::Amount).zip(read.get(&Column::Tax));
        let wanted = match (parts, read.get(&Column::Due)) {
            (Some((amount, tax)), _) if amount.plus(*tax) != Some(*total) => {
                let sum = amount
                    .plus(*tax)
                    .map_or_else(|| "a sum".to_owned(), |sum| sum.to_fixed(2));
                format!(
                    "{sum}, the amount {} with the tax {}",
                    amount.to_fixed(2),
                    tax.to_fixed(2)
                )
            }
            (_, Some(due)) if due > total => {
                format!("at least {}, which is left to pay of it", due.to_fixed(2))
            }
            _ => return,
        };
        let at = self.columns.at.get(&Column::Total).copied();
        self.note(
            row.number,
            at,
            "table.totals_mismatch",
            Some(total.to_fixed(2)),
            wanted,
        );
    }
}
