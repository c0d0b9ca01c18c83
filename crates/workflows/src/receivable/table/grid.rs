//! Cells by row and column, whichever file they stand in, and how much of a file is read.

use crate::invoice::Date;

/// Most bytes of a file.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Most bytes of everything that a workbook unfolds to.
pub const MAX_UNFOLDED_BYTES: usize = 96 << 20;
/// Most rows below the header, empty ones aside.
pub const MAX_ROWS: usize = 10_000;
/// Most columns with anything in them.
pub const MAX_COLUMNS: usize = 64;
/// Most characters of a cell.
pub const MAX_CELL: usize = 1_000;
/// Most sheets of a workbook.
pub const MAX_SHEETS: usize = 64;

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing, or white space.
    #[default]
    Empty,
    /// Text, no white space at its ends.
    Text(String),
    /// A workbook's number.
    Number {
        /// Its shortest decimal.
        decimal: String,
        /// As the file writes it.
        written: String,
        /// The day that it is shown as.
        day: Option<Date>,
        /// Whether people see exactly these digits: no leading zeros, no percent.
        plain: bool,
    },
    /// A workbook's `#REF!`, `TRUE` and the like.
    Other(String),
    /// A formula that nobody has calculated.
    Uncalculated,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it.
    pub value: Value,
    /// Whether a formula gave it.
    pub formula: bool,
}

impl Cell {
    /// A text, shortened of white space at its ends.
    pub fn text(text: &str) -> Self {
        let text = text.trim();
        let value = match text.is_empty() {
            true => Value::Empty,
            false => Value::Text(text.to_owned()),
        };
        Self {
            value,
            formula: false,
        }
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.value == Value::Empty
    }

    /// As a person sees it, or nearly so.
    pub fn shown(&self) -> Option<&str> {
        match &self.value {
            Value::Empty => None,
            Value::Text(text) | Value::Other(text) => Some(text),
            Value::Number { written, .. } => Some(written),
            Value::Uncalculated => Some("a formula without a value"),
        }
    }
}

/// A row with something in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its number, from one.
    pub number: u32,
    /// Whether a workbook hides it.
    pub hidden: bool,
    /// Its cells from column A on, at most [`MAX_COLUMNS`].
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column, from zero.
    pub fn cell(&self, column: usize) -> &Cell {
        const NOTHING: &Cell = &Cell {
            value: Value::Empty,
            formula: false,
        };
        self.cells.get(column).unwrap_or(NOTHING)
    }
}

/// A sheet; a CSV file is one without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: Option<String>,
    /// Rows with something in them, in order.
    pub rows: Vec<Row>,
    /// Whether every row states each of its cells, so that a short one is a broken one.
    pub even: bool,
}

/// `A` for 0, `Z` for 25, `AA` for 26.
pub fn letters(column: usize) -> String {
    let mut left = column + 1;
    let mut letters = Vec::new();
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (column, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
        ] {
            assert_eq!(letters(column), name);
        }
    }
}
