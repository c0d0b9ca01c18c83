//! A good package passes every check; whatever is missing, pinned otherwise or replaced is said by name.
#![allow(clippy::unwrap_used)]

mod matter;

use blockworm_ledger::{Outcome, report::Verdict};
use blockworm_verify::Pins;
use matter::{Matter, assert_fails, failed, verify};

#[test]
fn a_good_package_passes() {
    let matter = Matter::good();
    let report = verify(matter.zip(), &matter.pins());
    assert_eq!(
        failed(&report),
        Vec::<&str>::new(),
        "{}",
        blockworm_verify::render_package(&report)
    );
    assert_eq!(report.outcome, Outcome::Valid);
    for name in [
        "entry[1].original",
        "entry[2].link",
        "attestation[1].role",
        "act[2].role",
        "time[10].trust",
        "checkpoint[10].policy",
        "seal.certificate",
        "report.signature",
        "report.content",
        "matter.complete",
    ] {
        assert_eq!(
            report.checks.named(name).unwrap().verdict,
            Verdict::Pass,
            "{name}"
        );
    }
    let earliest = report.earliest_outside_time.unwrap();
    assert_eq!(earliest.time_ms, matter::papers::STAMPED_MS);
    assert!(
        earliest.authority.contains("timekeeper"),
        "{}",
        earliest.authority
    );
}

#[test]
fn without_pins_nothing_is_more_than_consistent() {
    let matter = Matter::good();
    let report = verify(matter.zip(), &Pins::default());
    assert_eq!(failed(&report), Vec::<&str>::new());
    assert_eq!(report.outcome, Outcome::Unpinned);
    assert_eq!(report.earliest_outside_time, None);
    let _ = assert_fails;
}
