//! A whole evidence package out of a small ledger with real certificates, cosigners, a timestamp and a seal.
#![allow(clippy::unwrap_used, dead_code)]

#[path = "../../../ledger/tests/sample/mod.rs"]
pub mod sample;

pub mod about;
pub mod bag;
pub mod files;
pub mod ledger;
pub mod papers;

#[allow(unused_imports)]
pub use bag::Entry;
pub use files::Matter;

use blockworm_verify::{BytesSource, Package, PackageReport, Pins, verify_package};

/// Verifies zip bytes.
pub fn verify(zip: Vec<u8>, pins: &Pins) -> PackageReport {
    let source = BytesSource(zip);
    verify_package(&Package::Zip(&source), pins)
}

/// Names of the checks that failed.
pub fn failed(report: &PackageReport) -> Vec<&str> {
    report
        .checks
        .failures()
        .map(|check| check.name.as_str())
        .collect()
}

/// That this check failed, with all failures in the message where it did not.
#[track_caller]
pub fn assert_fails(report: &PackageReport, name: &str) {
    let failures = failed(report);
    assert!(
        failures.contains(&name),
        "{name} did not fail, only {failures:?}"
    );
    assert_eq!(report.outcome.exit_code(), 1);
}
