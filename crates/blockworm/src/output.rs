//! Results on standard output: text for people or one JSON value for programs.

use crate::failure::{Failure, Result};
use clap::ValueEnum;
use serde::Serialize;
use std::{
    fmt,
    io::{self, Write as _},
};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON value.
    Json,
}

impl Format {
    /// Writes a result: `text` for people, `value` for programs.
    pub fn print(self, value: &impl Serialize, text: impl fmt::Display) -> Result<()> {
        let written = match self {
            Self::Text => text.to_string(),
            Self::Json => serde_json::to_string_pretty(value)
                .map_err(|error| Failure::of("output.json", &error))?,
        };
        match writeln!(io::stdout().lock(), "{}", written.trim_end()) {
            // The reader has seen enough (`blockworm status | head -1`).
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::of("output.closed", &error).during("standard output")),
            Ok(()) => Ok(()),
        }
    }
}

/// A table without borders, each column as wide as its widest cell.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().trim_start().to_owned())
        .collect();
    lines.join("\n")
}
