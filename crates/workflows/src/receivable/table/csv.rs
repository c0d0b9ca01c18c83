//! Comma-separated values (RFC 4180), strictly: a file that two programs could read as two tables is refused.

use super::{
    error::TableError,
    grid::{Cell, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, Sheet, letters},
};

/// What may stand between cells.
pub const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// Rows that are not data: what stands above the header, the header, totals, notes.
const FURTHER_ROWS: usize = 200;
/// Lines without anything, so that row numbers stay below any limit.
const MAX_LINES: u32 = 1_048_576;

/// The file as text.
pub fn text(bytes: &[u8]) -> Result<&str, TableError> {
    let next = "save it as `CSV UTF-8` in the spreadsheet program, or as .xlsx";
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return Err(TableError::file(
            "table.encoding",
            "the table is UTF-16; UTF-8 is read",
            next,
        ));
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let what = format!("line {line} is not UTF-8; perhaps the file is GBK or GB18030");
        TableError::file("table.encoding", what, next)
    })?;
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if let Some(at) = text.find(control) {
        let line = 1 + text[..at].matches('\n').count();
        let what = format!("line {line} holds a control character, so this is no table of text");
        return Err(TableError::file(
            "table.malformed",
            what,
            "export the table again as CSV or .xlsx",
        ));
    }
    Ok(text)
}

/// A file's first line may name the separator: `sep=;`, as spreadsheet programs write it.
pub fn declared(text: &str) -> Option<char> {
    let line = text.lines().next()?.trim_matches('"');
    let mut rest = line.strip_prefix("sep=")?.chars();
    let separator = rest.next()?;
    (rest.next().is_none() && SEPARATORS.contains(&separator)).then_some(separator)
}

/// Reads records; at most so many, so that a header can be looked for.
pub fn read(text: &str, separator: char, most: Option<usize>) -> Result<Sheet, TableError> {
    let mut reader = Reader {
        separator,
        rows: Vec::new(),
        cells: Vec::new(),
        cell: String::new(),
        number: 1,
    };
    let begin = match declared(text) {
        Some(_) => text.find('\n').map_or(text.len(), |at| at + 1),
        None => 0,
    };
    reader.number += u32::from(begin > 0);
    let mut characters = text[begin..].chars().peekable();
    let mut state = State::Begin;
    while let Some(character) = characters.next() {
        state = match (state, character) {
            (State::Begin, '"') => State::Quoted,
            (State::Quoted, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                reader.push('"')?;
                State::Quoted
            }
            (State::Quoted, '"') => State::Closed,
            (State::Quoted, other) => {
                reader.push(other)?;
                State::Quoted
            }
            (_, other) if other == separator => {
                reader.end_cell()?;
                State::Begin
            }
            (_, '\r' | '\n') => {
                if character == '\r' && characters.peek() == Some(&'\n') {
                    characters.next();
                }
                reader.end_row()?;
                if most.is_some_and(|most| reader.rows.len() >= most) {
                    return Ok(reader.done());
                }
                State::Begin
            }
            (State::Closed, ' ') => State::Closed,
            (State::Closed, _) => {
                return Err(reader.quotes("something stands after a closing quote"));
            }
            (State::Plain, '"') => {
                return Err(reader.quotes("a quote stands within a cell that begins without one"));
            }
            (State::Begin | State::Plain, other) => {
                reader.push(other)?;
                State::Plain
            }
        };
    }
    if state == State::Quoted {
        return Err(reader.quotes("a quote is never closed"));
    }
    reader.end_row()?;
    Ok(reader.done())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Plain,
    Quoted,
    Closed,
}

struct Reader {
    separator: char,
    rows: Vec<Row>,
    cells: Vec<Cell>,
    cell: String,
    number: u32,
}

impl Reader {
    fn push(&mut self, character: char) -> Result<(), TableError> {
        // Four bytes for a character at most.
        if self.cell.len() > MAX_CELL * 4 {
            return Err(self.limit(format!("a cell of more than {MAX_CELL} characters")));
        }
        self.cell.push(character);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), TableError> {
        if self.cell.chars().count() > MAX_CELL {
            return Err(self.limit(format!("a cell of more than {MAX_CELL} characters")));
        }
        let cell = Cell::text(&self.cell);
        self.cell.clear();
        if self.cells.len() < MAX_COLUMNS {
            self.cells.push(cell);
        } else if !cell.is_empty() {
            return Err(self.limit(format!("more than {MAX_COLUMNS} columns")));
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.end_cell()?;
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().any(|cell| !cell.is_empty()) {
            if self.rows.len() >= MAX_ROWS + FURTHER_ROWS {
                return Err(self.limit(format!("more than {MAX_ROWS} rows")));
            }
            self.rows.push(Row {
                number: self.number,
                hidden: false,
                cells,
            });
        }
        self.number += 1;
        if self.number > MAX_LINES {
            return Err(self.limit(format!("more than {MAX_LINES} lines")));
        }
        Ok(())
    }

    fn done(self) -> Sheet {
        Sheet {
            name: None,
            rows: self.rows,
            even: true,
        }
    }

    fn place(&self) -> String {
        format!("row {}, column {}", self.number, letters(self.cells.len()))
    }

    fn limit(&self, what: String) -> TableError {
        TableError::file(
            "table.limit_exceeded",
            format!("{}: {what}", self.place()),
            "import the table in parts",
        )
    }

    fn quotes(&self, what: &str) -> TableError {
        let separator = match self.separator {
            '\t' => "tab".to_owned(),
            other => format!("`{other}`"),
        };
        TableError::file(
            "table.bad_quotes",
            format!(
                "{}: {what} (cells are separated by {separator})",
                self.place()
            ),
            "a cell with a quote, a separator or a line break stands in quotes, quotes inside it are doubled (RFC 4180)",
        )
    }
}
