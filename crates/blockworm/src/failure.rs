//! How a command fails: what, where, what next, a stable code and an exit status.

use crate::output::Format;
use blockworm_api::Problem;
use blockworm_service::operations::chain;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use serde_json::{Map, Value, json};
use std::{
    error::Error,
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

/// The exit status of any failure but those below.
pub const EXIT_FAILURE: u8 = 1;
/// The exit status of a command line that cannot be read (sysexits' EX_USAGE; clap's own 2 would
/// be taken for "unpinned" by callers of `verify`).
pub const EXIT_USAGE: u8 = 64;

/// A command's failure.
#[derive(Debug)]
pub struct Failure {
    /// `<area>.<snake_case>`.
    pub code: String,
    /// What failed, where, and why.
    pub what: String,
    /// What to do next.
    pub next: Option<String>,
    /// The process's exit status.
    pub exit: u8,
    /// Further facts for programs, by name: they stand beside the code in JSON.
    pub facts: Map<String, Value>,
}

/// What a command returns.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that exits with 1.
    pub fn new(code: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            what: what.into(),
            next: None,
            exit: EXIT_FAILURE,
            facts: Map::new(),
        }
    }

    /// A failure told by an error and its causes.
    pub fn of(code: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        Self::new(code, chain(error))
    }

    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds a fact for programs.
    #[must_use]
    pub fn fact(mut self, name: &str, value: Value) -> Self {
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// Says what was being done when it failed.
    #[must_use]
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.what = format!("{what}: {}", self.what);
        self
    }

    /// A refusal that a node answered.
    pub fn of_problem(problem: Problem) -> Self {
        let failure = Self::new(problem.code, problem.detail);
        if problem.next.is_empty() {
            failure
        } else {
            failure.next(problem.next)
        }
    }

    /// Writes the failure to standard error, as text or as one JSON object.
    pub fn print(&self, format: Format) {
        let text = match format {
            Format::Json => {
                let mut error =
                    json!({ "code": self.code, "message": self.what, "next": self.next });
                if let Some(error) = error.as_object_mut() {
                    error.extend(self.facts.clone());
                }
                json!({ "error": error }).to_string()
            }
            Format::Text => self.render(),
        };
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr(), "{}", text.trim_end());
    }

    fn render(&self) -> String {
        let theme = if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::none()
        };
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            Err(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {}

impl Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.next
            .as_ref()
            .map(|next| Box::new(next) as Box<dyn fmt::Display>)
    }
}
