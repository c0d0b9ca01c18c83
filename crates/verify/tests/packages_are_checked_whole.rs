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

const GENESIS: &str = "data/genesis.json";

#[test]
fn one_genesis_stands_behind_all_proofs() {
    let (matter, other) = (Matter::good(), Matter::good());
    let pins = matter.pins();
    let entry = matter.index["entries"][0]["proof"].as_str().unwrap();
    let with = |path: &str, bytes: Vec<u8>| {
        let zip = matter.repaired(|files| drop(files.insert(path.to_owned(), bytes)));
        verify(zip, &pins)
    };
    let mut renamed = matter.ledger.genesis.clone();
    renamed.time_ms += 1;
    for foreign in [other.files[GENESIS].clone(), renamed.to_json().into_bytes()] {
        let report = with(GENESIS, foreign);
        for name in [
            "genesis.digest",
            "state.genesis.digest",
            "state.proof",
            "entry[1].genesis.digest",
            "entry[1].row",
        ] {
            assert_fails(&report, name);
        }
    }
    let missing = matter.repaired(|files| drop(files.remove(GENESIS)));
    for report in [verify(missing, &pins), with(GENESIS, b"{}".to_vec())] {
        for name in [
            "genesis.well_formed",
            "genesis.digest",
            "genesis.contract",
            "state.proof",
            "entry[1].proof",
        ] {
            assert_fails(&report, name);
        }
    }
    // A proof that names another genesis, though everything else of it is true.
    let own = matter.ledger.genesis.digest().to_string();
    let others = other.ledger.genesis.digest().to_string();
    let text = String::from_utf8(matter.files[entry].clone()).unwrap();
    let report = with(entry, text.replace(&own, &others).into_bytes());
    for name in ["entry[1].genesis.digest", "entry[1].row", "genesis.digest"] {
        assert_fails(&report, name);
    }
    assert_eq!(
        report
            .checks
            .named("entry[2].genesis.digest")
            .unwrap()
            .verdict,
        Verdict::Pass
    );
}

#[test]
fn proofs_that_hold_their_genesis_are_read_too() {
    let matter = Matter::good();
    let whole = matter.holding_genesis();
    assert_eq!(failed(&verify(whole, &matter.pins())), Vec::<&str>::new());
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
