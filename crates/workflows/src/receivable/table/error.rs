//! Why a table is refused: each fault with its sheet, row, column, what stands there and what is wanted.

use serde::Serialize;
use std::fmt;

/// Most faults that one refusal lists; further ones are counted.
const MOST_LISTED: usize = 100;
/// Most characters of a cell that a fault repeats.
const MOST_SHOWN: usize = 100;

/// Something that is wrong at one place of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The stable code of its kind (`table.bad_date`).
    pub code: &'static str,
    /// The sheet, where the file has any.
    pub sheet: Option<String>,
    /// The row, from one.
    pub row: u32,
    /// The column's letters, where one cell is meant.
    pub column: Option<String>,
    /// What heads the column.
    pub header: Option<String>,
    /// What stands there, at most 100 characters of it.
    pub found: Option<String>,
    /// What is wanted, and what to do.
    pub wanted: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sheet) = &self.sheet {
            write!(formatter, "sheet {sheet}, ")?;
        }
        write!(formatter, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(formatter, ", column {column}")?;
        }
        if let Some(header) = &self.header {
            write!(formatter, " ({header})")?;
        }
        match &self.found {
            Some(found) => write!(formatter, " is `{found}`; wanted: {}", self.wanted),
            None => write!(formatter, ": nothing; wanted: {}", self.wanted),
        }
    }
}

/// All faults of one table: a bounded list, and how many more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Notes one.
    pub fn note(&mut self, mut fault: Fault) {
        if self.listed.len() == MOST_LISTED {
            self.more += 1;
            return;
        }
        let short = |text: String| -> String { text.chars().take(MOST_SHOWN).collect() };
        fault.found = fault.found.map(short);
        fault.header = fault.header.map(short);
        self.listed.push(fault);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Those that are listed.
    pub fn listed(&self) -> &[Fault] {
        &self.listed
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.listed.len() + self.more
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.listed.as_slice() {
            return only.fmt(formatter);
        }
        write!(formatter, "{} places are wrong", self.count())?;
        for fault in &self.listed {
            write!(formatter, "\n- {fault}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(formatter, "\nand {more} more"),
        }
    }
}

/// A refusal to read a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The file as a whole is none that is read here.
    #[error("{what}")]
    File {
        /// The stable code.
        code: &'static str,
        /// What is wrong, and where.
        what: String,
        /// What to do.
        next: String,
    },
    /// It is, and places in it are wrong: all of them.
    #[error("{0}")]
    Faults(Faults),
}

impl TableError {
    /// A refusal of the file.
    pub(crate) fn file(
        code: &'static str,
        what: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::File {
            code,
            what: what.into(),
            next: next.into(),
        }
    }

    /// The stable code; for faults that of the first.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { code, .. } => code,
            Self::Faults(faults) => faults
                .listed()
                .first()
                .map_or("table.faults", |one| one.code),
        }
    }

    /// What to do.
    pub fn next(&self) -> &str {
        match self {
            Self::File { next, .. } => next,
            Self::Faults(_) => {
                "nothing was put on the ledger; mend these cells and import the table again"
            }
        }
    }

    /// The places that are wrong; none for a file that could not be read at all.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::File { .. } => &[],
            Self::Faults(faults) => faults.listed(),
        }
    }
}
