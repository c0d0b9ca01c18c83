//! `blockworm registry mutations`: what the keyed fingerprints find of invoices that are presented again.

use super::receivable::import_file;
use crate::{
    cli::RegistryMutationsArgs,
    failure::{Failure, Result},
    output::{Format, table},
};
use blockworm_workflows::{
    fingerprint::{
        Written,
        trial::{self, Goal, Report, Row},
    },
    receivable::{SAMPLE_INVOICE, import},
};
use std::process::ExitCode;

/// Runs the trial and prints its table; fails when a goal is missed.
pub fn run(args: &RegistryMutationsArgs, format: Format) -> Result<ExitCode> {
    let mut given = Vec::with_capacity(args.invoices.len().max(1));
    for path in &args.invoices {
        given.push(Written::of(&import_file(path)?.invoice));
    }
    if given.is_empty() {
        let sample = import(SAMPLE_INVOICE).map_err(|error| Failure::of(error.code(), &error))?;
        given.push(Written::of(&sample.invoice));
    }
    let report = trial::run(&given, args.seed, args.generated as usize)
        .map_err(|error| Failure::of(error.code(), &error))?;
    format.print(&report, text(&report))?;
    Ok(match report.holds() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn text(report: &Report) -> String {
    let rows: Vec<_> = report.rows.iter().map(cells).collect();
    let header = [
        "presented again",
        "tried",
        "exact",
        "warning",
        "linked",
        "missed",
        "goal",
        "",
    ];
    let alerts = report.false_duplicates + report.false_warnings + report.false_links;
    format!(
        "{}\n\n{} distinct invoices with {} fingerprints. False alerts: {} ({}): {} taken for another, {} \
         warned of, {} linked with another trade. Goal: at most 0.5 %.\n{} are rightly linked: parts of one order.",
        table(header, &rows),
        report.invoices,
        report.fingerprints,
        alerts,
        percent(alerts, report.invoices),
        report.false_duplicates,
        report.false_warnings,
        report.false_links,
        report.true_links,
    )
}

fn cells(row: &Row) -> [String; 8] {
    let goal = match row.goal {
        Goal::Duplicate => "all exact",
        Goal::Found => "95 % exact or warning",
        Goal::Linked => "95 % at least linked",
        Goal::Shown => "none: cannot be promised",
    };
    let held = match (row.goal, row.holds()) {
        (Goal::Shown, _) => "",
        (_, true) => "held",
        (_, false) => "MISSED",
    };
    let share = |count| percent(count, row.tried);
    [
        row.mutation.to_owned(),
        row.tried.to_string(),
        share(row.duplicate),
        share(row.warning),
        share(row.linked),
        share(row.missed),
        goal.to_owned(),
        held.to_owned(),
    ]
}

/// With one digit after the point, cut: 99.96 % is not 100 %.
fn percent(count: usize, of: usize) -> String {
    let permille = (count * 1_000).checked_div(of).unwrap_or(0);
    format!("{}.{} %", permille / 10, permille % 10)
}
