//! Which column of a table says what, by what heads it, in English and Chinese.

use super::grid::{Row, Value};
use crate::fingerprint::{figures, fold::fold};
use blockworm_ledger::Currency;
use std::collections::BTreeMap;

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// BT-1.
    Number,
    /// What paper invoices of China have beside their number.
    Code,
    /// BT-2.
    IssueDate,
    /// BT-9.
    DueDate,
    /// BT-115, what is left to pay.
    Due,
    /// BT-112, the total with tax.
    Total,
    /// An amount; without tax where a column of taxes stands beside it.
    Amount,
    /// BT-110.
    Tax,
    /// BT-5.
    Currency,
    /// BT-27.
    Seller,
    /// BT-31.
    SellerTaxId,
    /// BT-30.
    SellerRegistration,
    /// BT-44.
    Buyer,
    /// BT-48.
    BuyerTaxId,
    /// The buyer on the ledger.
    BuyerMember,
    /// BT-13.
    Order,
}

impl Column {
    /// Whether it holds amounts of money.
    pub fn is_money(self) -> bool {
        matches!(self, Self::Due | Self::Total | Self::Amount | Self::Tax)
    }

    /// Two names of it, for a person who lacks it.
    pub fn names(self) -> String {
        let names = NAMES.iter().find(|(column, _)| *column == self);
        let mut names = names.map_or("", |(_, names)| *names).split(',');
        let first = names.next().unwrap_or_default();
        match names.find(|name| !name.is_ascii()) {
            Some(chinese) => format!("`{first}` or `{chinese}`"),
            None => format!("`{first}`"),
        }
    }
}

/// What heads each column; case, spaces, punctuation and full width do not count.
const NAMES: &[(Column, &str)] = &[
    (
        Column::Number,
        "invoice number,invoice no,invoice id,invoice,发票号码,发票号,发票编号,数电票号码,数电发票号码,全电发票号码,票号,rechnungsnummer",
    ),
    (Column::Code, "invoice code,发票代码"),
    (
        Column::IssueDate,
        "issue date,invoice date,date of issue,开票日期,发票日期,开具日期,rechnungsdatum",
    ),
    (
        Column::DueDate,
        "due date,date due,payment due date,maturity,maturity date,到期日,到期日期,应收日期,付款到期日,付款日期,faelligkeit,fälligkeitsdatum",
    ),
    (
        Column::Due,
        "amount due,payable,payable amount,outstanding,outstanding amount,open amount,应收金额,应收账款金额,应收余额,未付金额,未收金额,应付金额",
    ),
    (
        Column::Total,
        "total with vat,total with tax,gross amount,gross,amount including tax,amount incl vat,amount incl tax,total amount,invoice total,价税合计,价税合计金额,含税金额,金额含税,含税总额,发票总额,bruttobetrag",
    ),
    (Column::Amount, "amount,invoice amount,金额,发票金额,betrag"),
    (
        Column::Tax,
        "vat,tax,vat amount,tax amount,税额,增值税税额,mwst,ust",
    ),
    (
        Column::Currency,
        "currency,currency code,币种,货币,币别,waehrung,währung",
    ),
    (
        Column::Seller,
        "seller,seller name,supplier,supplier name,vendor,卖方,销售方,卖方名称,销售方名称,销方名称,供应商,供应商名称",
    ),
    (
        Column::SellerTaxId,
        "seller tax id,seller vat id,seller vat number,supplier tax id,supplier vat id,vendor tax id,卖方税号,销售方税号,销方税号,卖方纳税人识别号,销售方纳税人识别号,销方识别号,销售方识别号,卖方统一社会信用代码,销售方统一社会信用代码,销售方统一社会信用代码纳税人识别号,供应商税号",
    ),
    (
        Column::SellerRegistration,
        "seller registration,seller registration id,seller registration number,卖方注册号,销售方注册号,卖方登记号",
    ),
    (
        Column::Buyer,
        "buyer,buyer name,customer,customer name,买方,购买方,买方名称,购买方名称,购方名称,客户,客户名称,采购方",
    ),
    (
        Column::BuyerTaxId,
        "buyer tax id,buyer vat id,buyer vat number,customer tax id,customer vat id,买方税号,购买方税号,购方税号,买方纳税人识别号,购买方纳税人识别号,购方识别号,购买方识别号,买方统一社会信用代码,购买方统一社会信用代码,购买方统一社会信用代码纳税人识别号,客户税号",
    ),
    (
        Column::BuyerMember,
        "buyer member,buyer on the ledger,ledger member,买方成员,购买方成员,链上买方,买方账本成员",
    ),
    (
        Column::Order,
        "order number,order no,order,purchase order,po number,po no,po,订单号,订单号码,订单编号,采购订单,采购订单号,合同订单号",
    ),
];

/// Letters and digits alone, folded.
pub fn key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a header says, and what stands in brackets after it.
fn known(header: &str) -> Option<(Column, String)> {
    let of = |key: &str| {
        let named = |names: &str| names.split(',').any(|name| self::key(name) == key);
        let found = NAMES.iter().find(|(_, names)| named(names));
        found.map(|(column, _)| *column)
    };
    if let Some(column) = of(&key(header)) {
        return Some((column, String::new()));
    }
    let folded = fold(header);
    let (name, bracketed) = folded
        .trim()
        .strip_suffix([')', ']'])?
        .split_once(['(', '['])?;
    Some((of(&key(name))?, bracketed.trim().to_owned()))
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Where each stands.
    pub at: BTreeMap<Column, usize>,
    /// What heads each, from column A on.
    pub headers: Vec<String>,
    /// Those that say nothing that is read here.
    pub unread: Vec<String>,
    /// Further columns that say what another says: its place and the first one's.
    pub repeated: Vec<(usize, usize)>,
    /// Columns of money with a unit that is not understood.
    pub units: Vec<usize>,
    /// Currencies that headers name: `Amount (EUR)`.
    pub currencies: BTreeMap<Column, Currency>,
}

impl Columns {
    /// Reads a row as a header; `None` where it is none: it must name the invoices' numbers and two
    /// other columns.
    pub fn of(row: &Row) -> Option<Self> {
        let mut columns = Self::default();
        for (place, cell) in row.cells.iter().enumerate() {
            let header = match &cell.value {
                Value::Text(text) => text.as_str(),
                _ => "",
            };
            columns.headers.push(header.to_owned());
            let Some((column, bracketed)) = known(header) else {
                if !cell.is_empty() {
                    let shown = cell.shown().unwrap_or_default();
                    columns.unread.push(shown.chars().take(100).collect());
                }
                continue;
            };
            if let Some(first) = columns.at.get(&column) {
                columns.repeated.push((place, *first));
                continue;
            }
            columns.at.insert(column, place);
            // `元` is the main unit of the dollar of Hong Kong too, so it names no currency.
            if column.is_money() && !matches!(bracketed.as_str(), "" | "元" | "圆") {
                match figures::currency(&bracketed) {
                    Ok(currency) if currency.exponent().is_some() => {
                        columns.currencies.insert(column, currency);
                    }
                    _ => columns.units.push(place),
                }
            }
        }
        let header = columns.at.contains_key(&Column::Number) && columns.at.len() >= 3;
        header.then_some(columns)
    }

    /// The column of what is owed: what is left to pay, else the total, else the amount unless it is
    /// one without tax.
    pub fn owed(&self) -> Option<Column> {
        let taxed = !self.at.contains_key(&Column::Tax);
        [Column::Due, Column::Total, Column::Amount]
            .into_iter()
            .filter(|column| *column != Column::Amount || taxed)
            .find(|column| self.at.contains_key(column))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn headers_are_known_however_they_are_written() {
        for (header, column) in [
            ("Invoice No.", Column::Number),
            ("INVOICE_NUMBER", Column::Number),
            ("发票 号码", Column::Number),
            ("价税合计（元）", Column::Total),
            ("Amount (EUR)", Column::Amount),
            ("金额（含税）", Column::Total),
            ("销售方统一社会信用代码/纳税人识别号", Column::SellerTaxId),
            ("到期日", Column::DueDate),
        ] {
            assert_eq!(known(header).unwrap().0, column, "{header}");
        }
        assert_eq!(known("备注"), None);
        assert_eq!(known("Amount (in words"), None);
    }

    #[test]
    fn no_name_means_two_columns() {
        let mut seen = BTreeMap::new();
        for (column, names) in NAMES {
            for name in names.split(',') {
                let before = seen.insert(key(name), *column);
                assert!(before.is_none_or(|before| before == *column), "{name}");
            }
        }
    }
}
