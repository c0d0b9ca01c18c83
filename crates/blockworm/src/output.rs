//! Results on standard output: text for people or one JSON value for programs.

use crate::failure::{Failure, Result};
use blockworm_kit::CivilDate;
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

/// A moment for people: `2026-11-23 06:54` in UTC, of milliseconds since 1970.
pub fn utc(ms: u64) -> String {
    let second = ms / 1000 % 86_400;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{} {hour:02}:{minute:02}", CivilDate::at(ms, 0))
}

/// A value as it is, or its beginning where people would not read it to the end.
pub fn brief(value: &str) -> String {
    const LONGEST: usize = 160;
    let Some((end, _)) = value.char_indices().nth(LONGEST) else {
        return value.to_owned();
    };
    let left_out = value.chars().count() - LONGEST;
    format!(
        "{}… ({left_out} characters more: --output json)",
        &value[..end]
    )
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
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(&line)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_a_long_value_are_told_for_people() {
        assert_eq!(utc(1_795_416_897_794), "2026-11-23 06:54");
        assert_eq!(brief("short"), "short");
        let long = "字".repeat(200);
        let told = brief(&long);
        assert!(told.starts_with('字') && told.ends_with("(40 characters more: --output json)"));
    }
}
