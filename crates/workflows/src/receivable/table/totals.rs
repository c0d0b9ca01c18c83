//! What stands around the rows: the header with its columns, and the rows that add others up.

use super::{
    columns::{Column, key},
    grid::{Row, Value, letters},
    rows::Reading,
    sums::Sum,
    values,
};

/// How a row that adds others up is headed, and whether it adds up a part of them alone.
const TOTALS: &[(&str, bool)] = &[
    ("合计", false),
    ("总计", false),
    ("共计", false),
    ("累计", false),
    ("总额", false),
    ("total", false),
    ("totals", false),
    ("grandtotal", false),
    ("sum", false),
    ("summe", false),
    ("小计", true),
    ("本页合计", true),
    ("本页小计", true),
    ("subtotal", true),
    ("zwischensumme", true),
];

impl Reading<'_> {
    /// Whether the columns are there that no invoice goes without, each once.
    pub(super) fn check_columns(&mut self, row: u32) {
        let mut missing = Vec::new();
        for column in [Column::Number, Column::IssueDate, Column::DueDate] {
            if !self.columns.at.contains_key(&column) {
                missing.push(format!("a column {}", column.names()));
            }
        }
        match self.columns.owed() {
            Some(owed) => {
                let named = self.columns.currencies.contains_key(&owed);
                let stated = self.columns.at.contains_key(&Column::Currency);
                if !stated && !named && self.given.currency.is_none() {
                    let names = Column::Currency.names();
                    missing.push(format!("a column {names}, or --currency"));
                }
            }
            None if self.columns.at.contains_key(&Column::Amount) => missing.push(format!(
                "a column {} beside the amount without tax",
                Column::Total.names()
            )),
            None => missing.push(format!(
                "a column {} or {}",
                Column::Due.names(),
                Column::Total.names()
            )),
        }
        let identified = [Column::SellerTaxId, Column::SellerRegistration];
        if self.given.seller_tax_id.is_none()
            && !identified
                .iter()
                .any(|column| self.columns.at.contains_key(column))
        {
            let names = Column::SellerTaxId.names();
            missing.push(format!("a column {names}, or --seller-tax-id"));
        }
        for wanted in missing {
            self.note(row, None, "table.column_missing", None, wanted);
        }
        self.check_headers(row);
    }

    fn check_headers(&mut self, row: u32) {
        for (place, first) in self.columns.repeated.clone() {
            let wanted = format!("one such column; column {} says the same", letters(first));
            let found = self.columns.headers[place].clone();
            self.note(
                row,
                Some(place),
                "table.column_repeated",
                Some(found),
                wanted,
            );
        }
        for place in self.columns.units.clone() {
            let wanted = "amounts in the currency's main unit; nothing in brackets but a currency of ISO 4217";
            let found = self.columns.headers[place].clone();
            self.note(
                row,
                Some(place),
                "table.header_unit",
                Some(found),
                wanted.into(),
            );
        }
    }

    /// Whether a row adds up the rows above it, or a part of them.
    pub(super) fn adds_up(&self, row: &Row) -> Option<bool> {
        let head = row.cells.iter().find_map(|cell| match &cell.value {
            Value::Text(text) => Some(text),
            _ => None,
        })?;
        let bare = head.split(['(', '（']).next().unwrap_or_default();
        let (_, partial) = TOTALS.iter().find(|(name, _)| key(bare) == *name)?;
        let named = |column| self.columns.at.get(&column).map(|at| row.cell(*at));
        let number = named(Column::Number).is_none_or(|cell| {
            cell.is_empty() || matches!(&cell.value, Value::Text(text) if text == head)
        });
        let due =
            named(Column::DueDate).is_none_or(|cell| cell.is_empty() || cell.shown() == Some(head));
        (number && due).then_some(*partial)
    }

    /// Compares what a row of totals says with the rows above it.
    pub(super) fn check_sum(&mut self, row: &Row, partial: bool) {
        let Some(column) = self.columns.owed() else {
            return;
        };
        let at = self.columns.at[&column];
        let stated = self.take(row, Column::Currency, values::currency).flatten();
        let sum = match self
            .sums
            .end(partial, stated.or_else(|| self.named_currency(column)))
        {
            // A row that could not be read is missing in the sum.
            Sum::Spoilt => return,
            Sum::Mixed => {
                let wanted = "the currency of this sum: the rows have several".to_owned();
                return self.note(row.number, Some(at), "table.totals_mixed", None, wanted);
            }
            Sum::Of(currency, sum) => (currency, sum),
        };
        let (currency, sum) = sum;
        let cell = row.cell(at);
        match self.take(row, column, |cell| values::money(cell, currency)) {
            Some(Some(stated)) if Some(stated) == sum => {}
            Some(Some(_)) => {
                let found = cell.shown().map(ToOwned::to_owned);
                let wanted = match sum {
                    Some(sum) => format!(
                        "{}, the sum of the rows above in {currency}",
                        sum.to_fixed(2)
                    ),
                    None => "a sum that can be calculated".to_owned(),
                };
                self.note(row.number, Some(at), "table.totals_mismatch", found, wanted);
            }
            Some(None) => {
                let what = format!(
                    "row {} adds up nothing that is owed and was passed over",
                    row.number
                );
                self.remarks.push(what);
            }
            None => {}
        }
    }
}
