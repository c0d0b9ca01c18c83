//! A ledger of receivables as a table, CSV or XLSX: each row an invoice, all of them taken or none.

mod columns;
mod csv;
mod error;
mod formats;
mod grid;
mod money;
mod rows;
mod sums;
mod totals;
mod values;
mod xlsx;
pub(crate) mod zip;

pub use error::{Fault, Faults, TableError};

use super::import::{Opening, Owed, Salt};
use crate::invoice::Date;
use blockworm_crypto::sha256;
use blockworm_ledger::{Amount, Currency, MemberId};
use columns::Columns;
use grid::{Cell, MAX_FILE_BYTES, Sheet};
use rows::Reading;
use serde::Serialize;

/// First rows among which the header is looked for: titles stand above it.
const HEADER_AMONG: usize = 30;

/// What is known beside the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The sheet to read, where a workbook has several.
    pub sheet: Option<String>,
    /// The currency of rows that name none.
    pub currency: Option<Currency>,
    /// The seller of rows that name none.
    pub seller_tax_id: Option<String>,
    /// The buyer on the ledger of rows that name none.
    pub buyer: Option<MemberId>,
}

/// A table that was read whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The sheet, where the file has any.
    pub sheet: Option<String>,
    /// One for each row.
    pub entries: Vec<Entry>,
    /// What a person should know of how it was read.
    pub remarks: Vec<String>,
    /// What the rows add up to, by currency.
    pub totals: Vec<Amount>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The sheet, where the file has any.
    pub sheet: Option<String>,
    /// The row's number, from one.
    pub row: u32,
    /// What it says.
    pub facts: Facts,
    /// What the ledger is told.
    pub owed: Owed,
    /// Who must confirm it; never missing in a table that was read.
    pub buyer_member: Option<MemberId>,
}

/// What a row says. It stays off the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// BT-1.
    pub number: String,
    /// BT-2.
    pub issue_date: Date,
    /// BT-9.
    pub due_date: Date,
    /// BT-115, in the currency's main unit.
    pub amount: String,
    /// BT-5.
    pub currency: String,
    /// BT-27.
    pub seller: Option<String>,
    /// BT-31.
    pub seller_tax_id: Option<String>,
    /// BT-30.
    pub seller_registration: Option<String>,
    /// BT-44.
    pub buyer: Option<String>,
    /// BT-48.
    pub buyer_tax_id: Option<String>,
    /// BT-13.
    pub order: Option<String>,
}

impl Facts {
    /// The document that a row's commitment is to, so that one row can be shown without the others:
    /// these facts as JSON, in this order, without spaces, one line.
    ///
    /// # Errors
    /// Where JSON cannot be written.
    pub fn document(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// What opens a commitment to [`Self::document`].
    ///
    /// # Errors
    /// As there.
    pub fn opening(&self, salt: Salt) -> Result<Opening, serde_json::Error> {
        let file_digest = sha256(&[self.document()?.as_bytes()]);
        Ok(Opening { file_digest, salt })
    }
}

/// Whether a file is a workbook or another archive, by its first bytes; XML and CSV are not.
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.starts_with(&OLD_WORKBOOK)
}

/// How Excel's files began before 2007, and begin still where a password protects them.
const OLD_WORKBOOK: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Reads a table. Nothing of it is given when anything is wrong.
///
/// # Errors
/// [`TableError`] with everything that is wrong.
pub fn read(bytes: &[u8], given: &Given) -> Result<Table, TableError> {
    if bytes.len() > MAX_FILE_BYTES {
        let what = format!(
            "the table has {} bytes; at most {MAX_FILE_BYTES} are read",
            bytes.len()
        );
        let next = "import the table in parts";
        return Err(TableError::file("table.too_large", what, next));
    }
    if bytes.starts_with(&OLD_WORKBOOK) {
        // A protected workbook is such a file with a part of this name, in UTF-16.
        let marks: Vec<u8> = "EncryptedPackage"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        if bytes.windows(marks.len()).any(|window| window == marks) {
            return Err(zip::encrypted());
        }
        let what = "the workbook is of Excel 97 to 2003 (.xls)";
        return Err(TableError::file(
            "table.old_format",
            what,
            "save it as .xlsx, or as CSV UTF-8",
        ));
    }
    let given = &checked(given)?;
    let sheet = match is_workbook(bytes) {
        true => xlsx::read(bytes, given.sheet.as_deref()).and_then(the_sheet)?,
        false => {
            let text = csv::text(bytes)?;
            let separator = separator(text)?;
            csv::read(text, separator, None)?
        }
    };
    match header(&sheet) {
        Some((header, columns)) => Reading::read(&sheet, columns, header, given),
        None => Err(no_header(&[sheet])),
    }
}

/// The currency and the seller that were given, as cells that say so would be read.
fn checked(given: &Given) -> Result<Given, TableError> {
    let mut given = given.clone();
    if let Some(currency) = given.currency.filter(|known| known.exponent().is_none()) {
        let what = format!("{currency} is no currency of ISO 4217");
        return Err(TableError::file(
            "table.bad_currency",
            what,
            "give one, such as CNY",
        ));
    }
    if let Some(text) = &given.seller_tax_id {
        let read = values::tax_id(&Cell::text(text));
        given.seller_tax_id = read.map_err(|(code, wanted)| {
            let what = format!("the seller's tax identifier `{text}` is none");
            TableError::file(code, what, format!("give {wanted}"))
        })?;
    }
    Ok(given)
}

fn header(sheet: &Sheet) -> Option<(usize, Columns)> {
    let rows = sheet.rows.iter().take(HEADER_AMONG).enumerate();
    let mut headers = rows.filter_map(|(at, row)| Some((at, Columns::of(row)?)));
    headers.next()
}

fn the_sheet(sheets: Vec<Sheet>) -> Result<Sheet, TableError> {
    let named = |sheets: &[&Sheet]| {
        let names: Vec<&str> = sheets
            .iter()
            .filter_map(|sheet| sheet.name.as_deref())
            .collect();
        names.join(", ")
    };
    let good: Vec<&Sheet> = sheets
        .iter()
        .filter(|sheet| header(sheet).is_some())
        .collect();
    match good[..] {
        [only] => Ok(only.clone()),
        [] => Err(no_header(&sheets)),
        _ => Err(TableError::file(
            "table.several_sheets",
            format!("several sheets hold a table of invoices: {}", named(&good)),
            "--sheet NAME says which",
        )),
    }
}

/// What stands between the cells: that by which a header is found with most columns.
fn separator(text: &str) -> Result<char, TableError> {
    if let Some(separator) = csv::declared(text) {
        return Ok(separator);
    }
    let mut found: Vec<(usize, char)> = Vec::new();
    let mut fault = None;
    for separator in csv::SEPARATORS {
        match csv::read(text, separator, Some(HEADER_AMONG)) {
            Ok(sheet) => {
                if let Some((_, columns)) = header(&sheet) {
                    found.push((columns.at.len(), separator));
                }
            }
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    found.sort_unstable();
    match (found[..].last(), fault) {
        (Some((_, separator)), _) => Ok(*separator),
        // Quotes that are wrong for every separator tell more than that there is no header.
        (None, Some(error)) => Err(error),
        (None, None) => Err(no_header(&[])),
    }
}

fn no_header(sheets: &[Sheet]) -> TableError {
    let names: Vec<&str> = sheets
        .iter()
        .filter_map(|sheet| sheet.name.as_deref())
        .collect();
    let place = match names.is_empty() {
        true => String::new(),
        false => format!(" of sheet {}", names.join(", ")),
    };
    TableError::file(
        "table.no_header",
        format!("none of the first {HEADER_AMONG} rows{place} heads a table of invoices"),
        "head the columns `invoice number` (发票号码), `issue date` (开票日期), `due date` (到期日), `amount due` (应收金额), `currency` (币种), `seller tax id` (销售方税号)",
    )
}
