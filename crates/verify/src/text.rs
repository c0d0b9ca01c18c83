//! Reports as text for people.

use crate::report::PackageReport;
use blockworm_ledger::{
    VerificationReport,
    report::{Check, Outcome, Verdict},
};
use std::fmt::Write as _;

fn lines(checks: &[Check]) -> String {
    let longest = checks.iter().map(|check| check.name.chars().count()).max();
    let width = longest.unwrap_or_default().clamp(24, 48);
    let mut text = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Pass => "ok  ",
            Verdict::Fail => "FAIL",
            Verdict::Unpinned => "?   ",
            Verdict::Unchecked => "-   ",
        };
        let _ = writeln!(text, "{mark}  {:<width$} {}", check.name, check.reason);
    }
    text
}

fn next(text: &mut String, outcome: Outcome) {
    let _ = match outcome {
        Outcome::Valid => Ok(()),
        Outcome::Broken => writeln!(
            text,
            "next       trust nothing in this file; ask for it again"
        ),
        Outcome::Unpinned => writeln!(
            text,
            "next       get the genesis from somebody you trust, not from this file's sender, and give it with --genesis"
        ),
    };
}

/// The report of a proof for people.
#[must_use]
pub fn render_proof(report: &VerificationReport) -> String {
    let mut text = lines(&report.checks);
    let signers: Vec<&str> = report
        .signers
        .iter()
        .map(|signer| signer.as_str())
        .collect();
    let _ = writeln!(text, "\nledger     {}", report.ledger);
    let _ = writeln!(text, "genesis    {}", report.genesis_digest);
    let _ = writeln!(
        text,
        "certified  block {} at {} ms by {}",
        report.certified_height,
        report.certified_time_ms,
        signers.join(", ")
    );
    let _ = writeln!(text, "verdict    {}", report.outcome);
    next(&mut text, report.outcome);
    text
}

/// The report of a package for people: what failed first, then all checks, then the conclusion.
#[must_use]
pub fn render_package(report: &PackageReport) -> String {
    let mut text = lines(&report.checks);
    let count = |verdict| report.checks.ended(verdict).count();
    let unknown = "unknown";
    let _ = writeln!(
        text,
        "\nmatter     {}",
        report.matter.as_deref().unwrap_or(unknown)
    );
    let _ = writeln!(
        text,
        "ledger     {}",
        report.ledger.as_deref().unwrap_or(unknown)
    );
    let _ = writeln!(
        text,
        "genesis    {}",
        report.genesis_digest.as_deref().unwrap_or(unknown)
    );
    let _ = writeln!(
        text,
        "checks     {} pass, {} fail, {} not checked, {} without a pin",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Unchecked),
        count(Verdict::Unpinned)
    );
    let _ = match &report.earliest_outside_time {
        Some(time) => writeln!(
            text,
            "time       at the latest {} ms since 1970, says {} (root {}), over checkpoint {}",
            time.time_ms, time.authority, time.root, time.checkpoint
        ),
        None => writeln!(
            text,
            "time       no authority outside the consortium whose root was pinned vouches for a time"
        ),
    };
    for check in report.checks.failures() {
        let _ = writeln!(text, "failed     {}: {}", check.name, check.reason);
    }
    let _ = writeln!(text, "verdict    {}", report.outcome);
    if report.outcome == Outcome::Unpinned {
        let _ = writeln!(
            text,
            "next       get genesis and policy from somebody you trust, not from this package's sender, and give them with --genesis and --policy"
        );
    } else {
        next(&mut text, report.outcome);
    }
    text
}
