//! From the rows of a sheet to claims: each cell read, the rows compared, what is added up checked.

use super::{
    Entry, Facts, Given, Table,
    columns::{Column, Columns},
    error::{Fault, Faults, TableError},
    grid::{Cell, MAX_ROWS, Row, Sheet, letters},
    sums::Sums,
    values::{self, Wrong},
};
use crate::{
    decimal::Decimal,
    invoice::{Date, DocumentKind, Identity},
    receivable::import::Owed,
};
use blockworm_crypto::Digest;
use blockworm_ledger::{Currency, MemberId};
use std::collections::BTreeMap;

/// A sheet in the reading.
pub(super) struct Reading<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) columns: Columns,
    pub(super) given: &'a Given,
    pub(super) faults: Faults,
    pub(super) entries: Vec<Entry>,
    /// Invoice digest → the row that has it.
    pub(super) seen: BTreeMap<Digest, u32>,
    /// The seller of the first row, and that row.
    pub(super) seller: Option<(String, u32)>,
    pub(super) sums: Sums,
    pub(super) remarks: Vec<String>,
    pub(super) formulas: BTreeMap<usize, (usize, u32)>,
    pub(super) hidden: Vec<u32>,
    /// Whether a row of totals was read.
    pub(super) ended: bool,
    read: usize,
}

impl<'a> Reading<'a> {
    /// Reads what stands below the header, whose place among the rows is given.
    pub fn read(
        sheet: &'a Sheet,
        columns: Columns,
        header: usize,
        given: &'a Given,
    ) -> Result<Table, TableError> {
        let mut reading = Self {
            sheet,
            columns,
            given,
            faults: Faults::default(),
            entries: Vec::new(),
            seen: BTreeMap::new(),
            seller: None,
            sums: Sums::default(),
            remarks: Vec::new(),
            formulas: BTreeMap::new(),
            hidden: Vec::new(),
            ended: false,
            read: 0,
        };
        let head = &sheet.rows[header];
        if header > 0 {
            let what = format!("{header} rows above the header were passed over");
            reading.remarks.push(what);
        }
        reading.check_columns(head.number);
        // Without its columns no row can be read, and every one would be named.
        if reading.faults.is_empty() {
            for row in &sheet.rows[header + 1..] {
                reading.row(row, head.cells.len())?;
            }
            if reading.entries.is_empty() && reading.faults.is_empty() {
                let next = "put one invoice in each row below the header";
                return Err(TableError::file(
                    "table.empty",
                    "the table has no rows",
                    next,
                ));
            }
        }
        reading.finish()
    }

    fn finish(mut self) -> Result<Table, TableError> {
        if !self.faults.is_empty() {
            return Err(TableError::Faults(self.faults));
        }
        for (column, (count, first)) in &self.formulas {
            self.remarks.push(format!(
                "column {}: {count} cells hold formulas, the first in row {first}; the values that were last calculated are taken",
                letters(*column)
            ));
        }
        if let (count, Some(first)) = (self.hidden.len(), self.hidden.first()) {
            let what = format!(
                "{count} rows that the workbook hides are taken too, the first is row {first}"
            );
            self.remarks.push(what);
        }
        if !self.columns.unread.is_empty() {
            let names = self.columns.unread.join(", ");
            self.remarks.push(format!("columns passed over: {names}"));
        }
        Ok(Table {
            sheet: self.sheet.name.clone(),
            entries: self.entries,
            remarks: self.remarks,
            totals: self.sums.all().collect(),
        })
    }

    fn row(&mut self, row: &Row, width: usize) -> Result<(), TableError> {
        if let Some(partial) = self.adds_up(row) {
            self.check_sum(row, partial);
            self.ended = !partial;
            return Ok(());
        }
        let states = |column| {
            self.columns
                .at
                .get(&column)
                .is_some_and(|at| !row.cell(*at).is_empty())
        };
        let owed = self.columns.owed();
        if self.ended && !states(Column::DueDate) && !owed.is_some_and(states) {
            let what = format!(
                "row {}, below the totals, is no invoice and was passed over",
                row.number
            );
            self.remarks.push(what);
            return Ok(());
        }
        self.read += 1;
        if self.read > MAX_ROWS {
            let what = format!("the table has more than {MAX_ROWS} rows");
            let next = "import the table in parts";
            return Err(TableError::file("table.limit_exceeded", what, next));
        }
        if self.sheet.even && row.cells.len() < width {
            let found = format!("{} cells", row.cells.len());
            let wanted = format!("{width} cells, as the header has; perhaps the file was cut off");
            self.note(row.number, None, "table.ragged_row", Some(found), wanted);
            return Ok(());
        }
        if let Some(at) = row
            .cells
            .iter()
            .skip(width)
            .position(|cell| !cell.is_empty())
        {
            let found = row.cell(width + at).shown().map(ToOwned::to_owned);
            let wanted = "nothing beyond the last header".to_owned();
            self.note(
                row.number,
                Some(width + at),
                "table.ragged_row",
                found,
                wanted,
            );
            return Ok(());
        }
        if row.hidden {
            self.hidden.push(row.number);
        }
        let (entry, spoilt) = self.entry(row);
        self.sums.add(&entry, spoilt);
        Ok(())
    }

    /// Reads one row; what was wrong is noted. Gives what it adds to the sum, and whether that could
    /// not be read.
    fn entry(&mut self, row: &Row) -> (Option<(Currency, Decimal)>, bool) {
        let before = self.faults.count();
        let number = self.required(row, Column::Number, values::identifier);
        self.no_code(row);
        let days = self.days(row);
        let money = self.money(row);
        let seller_tax_id = self
            .take(row, Column::SellerTaxId, values::tax_id)
            .flatten();
        let registration = self
            .take(row, Column::SellerRegistration, values::identifier)
            .flatten();
        let seller_tax_id = seller_tax_id.or_else(|| self.given.seller_tax_id.clone());
        let buyer_tax_id = self.take(row, Column::BuyerTaxId, values::tax_id).flatten();
        let seller = self.take(row, Column::Seller, values::text).flatten();
        let buyer = self.take(row, Column::Buyer, values::text).flatten();
        let order = self.take(row, Column::Order, values::identifier).flatten();
        let buyer_member = self.member(row);
        let identity = Identity {
            kind: DocumentKind::Invoice,
            vat_id: seller_tax_id.as_deref(),
            registration_id: registration.as_deref(),
            other_id: None,
            number: number.as_deref().unwrap_or_default(),
        };
        if self.faults.count() == before {
            self.compare(row, identity.seller(), buyer_tax_id.as_deref());
        }
        let digest = identity.digest();
        self.once(row, digest, number.as_deref());
        let sum = money.map(|(value, amount)| (amount.currency, value));
        if self.faults.count() > before {
            return (sum, sum.is_none());
        }
        let (
            Some(number),
            Some((issue_date, due_date)),
            Some((value, amount)),
            Some(invoice_digest),
        ) = (number, days, money, digest)
        else {
            return (sum, true);
        };
        let facts = Facts {
            number,
            issue_date,
            due_date,
            amount: value.to_fixed(amount.currency.exponent().unwrap_or(0)),
            currency: amount.currency.to_string(),
            seller,
            seller_tax_id,
            seller_registration: registration,
            buyer,
            buyer_tax_id,
            order,
        };
        let owed = Owed {
            invoice_digest,
            amount,
            due_date,
        };
        self.entries.push(Entry {
            sheet: self.sheet.name.clone(),
            row: row.number,
            facts,
            owed,
            buyer_member,
        });
        (sum, false)
    }

    fn no_code(&mut self, row: &Row) {
        if let Some(Some(code)) = self.take(row, Column::Code, values::text) {
            let wanted = "nothing: with a code of its own the number alone does not name the invoice; \
                write the number as the supplier's electronic invoice has it";
            let at = self.columns.at.get(&Column::Code).copied();
            self.note(
                row.number,
                at,
                "table.invoice_code",
                Some(code),
                wanted.into(),
            );
        }
    }

    /// The days of issue and payment.
    fn days(&mut self, row: &Row) -> Option<(Date, Date)> {
        let issued = self.required(row, Column::IssueDate, values::day);
        let due = self.required(row, Column::DueDate, values::day);
        let (issued, due) = issued.zip(due)?;
        if due < issued {
            let at = self.columns.at.get(&Column::DueDate).copied();
            let wanted = format!("{issued}, the day of issue, or later");
            self.note(
                row.number,
                at,
                "table.due_before_issue",
                Some(due.to_string()),
                wanted,
            );
        }
        Some((issued, due))
    }

    /// What the row and the table's other rows must agree on.
    fn compare(&mut self, row: &Row, seller: Option<String>, buyer_tax_id: Option<&str>) {
        let at = self.columns.at.get(&Column::SellerTaxId).copied();
        let Some(seller) = seller else {
            let wanted = "the seller's tax identifier, or its registration".to_owned();
            return self.note(row.number, at, "table.field_missing", None, wanted);
        };
        let buyer = Identity {
            kind: DocumentKind::Invoice,
            vat_id: buyer_tax_id,
            registration_id: None,
            other_id: None,
            number: "",
        };
        if buyer.seller().is_some_and(|buyer| buyer == seller) {
            let at = self.columns.at.get(&Column::BuyerTaxId).copied();
            let found = buyer_tax_id.map(ToOwned::to_owned);
            let wanted = "another company than the seller".to_owned();
            return self.note(row.number, at, "table.buyer_is_seller", found, wanted);
        }
        let (first, at_row) = self
            .seller
            .get_or_insert((seller.clone(), row.number))
            .clone();
        if first != seller {
            let wanted = format!(
                "the seller of row {at_row}: whoever issues the rows is the seller of all; one table for each"
            );
            let found = seller.rsplit(':').next().map(ToOwned::to_owned);
            self.note(row.number, at, "table.sellers_differ", found, wanted);
        }
    }

    /// Whether no row before was on the same invoice.
    fn once(&mut self, row: &Row, digest: Option<Digest>, number: Option<&str>) {
        let Some((digest, number)) = digest.zip(number) else {
            return;
        };
        match self.seen.get(&digest) {
            None => drop(self.seen.insert(digest, row.number)),
            Some(first) => {
                let wanted = format!("an invoice once; row {first} is the same one");
                let at = self.columns.at.get(&Column::Number).copied();
                self.note(
                    row.number,
                    at,
                    "table.duplicate",
                    Some(number.to_owned()),
                    wanted,
                );
            }
        }
    }

    fn member(&mut self, row: &Row) -> Option<MemberId> {
        let text = self.take(row, Column::BuyerMember, values::text)?;
        let at = self.columns.at.get(&Column::BuyerMember).copied();
        match text {
            Some(text) => match text.parse() {
                Ok(member) => Some(member),
                Err(_) => {
                    let wanted = "a member of the ledger, ORGANISATION/NAME".to_owned();
                    self.note(row.number, at, "table.bad_member", Some(text), wanted);
                    None
                }
            },
            None => {
                let given = self.given.buyer.clone();
                if given.is_none() {
                    let wanted = format!(
                        "the buyer on the ledger in a column {}, or --buyer",
                        Column::BuyerMember.names()
                    );
                    self.note(row.number, at, "table.field_missing", None, wanted);
                }
                given
            }
        }
    }

    /// A cell of a column that must be filled.
    fn required<T>(
        &mut self,
        row: &Row,
        column: Column,
        read: impl Fn(&Cell) -> Result<Option<T>, Wrong>,
    ) -> Option<T> {
        let value = self.take(row, column, read)?;
        if value.is_none() {
            let at = self.columns.at.get(&column).copied();
            let wanted = "something: no invoice goes without it".to_owned();
            self.note(row.number, at, "table.field_missing", None, wanted);
        }
        value
    }

    /// A cell of a column; `None` where it was refused, `Some(None)` where it or its column is not
    /// there.
    pub(super) fn take<T>(
        &mut self,
        row: &Row,
        column: Column,
        read: impl Fn(&Cell) -> Result<Option<T>, Wrong>,
    ) -> Option<Option<T>> {
        let Some(at) = self.columns.at.get(&column).copied() else {
            return Some(None);
        };
        let cell = row.cell(at);
        if cell.formula {
            let (count, _) = self.formulas.entry(at).or_insert((0, row.number));
            *count += 1;
        }
        match read(cell) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(row, at, wrong);
                None
            }
        }
    }

    pub(super) fn wrong(&mut self, row: &Row, at: usize, (code, wanted): Wrong) {
        let found = row.cell(at).shown().map(ToOwned::to_owned);
        self.note(row.number, Some(at), code, found, wanted);
    }

    pub(super) fn note(
        &mut self,
        row: u32,
        at: Option<usize>,
        code: &'static str,
        found: Option<String>,
        wanted: String,
    ) {
        let header = at.and_then(|at| self.columns.headers.get(at));
        self.faults.note(Fault {
            code,
            sheet: self.sheet.name.clone(),
            row,
            column: at.map(letters),
            header: header.filter(|header| !header.is_empty()).cloned(),
            found,
            wanted,
        });
    }
}
