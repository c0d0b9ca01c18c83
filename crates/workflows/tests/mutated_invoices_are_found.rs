//! Invoices presented again in every way are found as often as promised, and distinct ones seldom alarm.
//!
//! `BLOCKWORM_LONG=1` tries twenty thousand instead of twelve hundred.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use blockworm_workflows::{
    fingerprint::{
        Written,
        trial::{self, Goal},
    },
    invoice,
    receivable::{SAMPLE_INVOICE, import},
    xml::Limits,
};
use not_run::not_run;
use std::{fs, path::Path};

#[test]
fn the_goals_hold() {
    let sample = Written::of(&import(SAMPLE_INVOICE).unwrap().invoice);
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let (seeds, count) = if long {
        (1..=3, 20_000)
    } else {
        (1..=2, 1_200)
    };
    for seed in seeds {
        let report = trial::run(std::slice::from_ref(&sample), seed, count).unwrap();
        assert_eq!(report.invoices, count + 1);
        for row in &report.rows {
            println!("{row:?}");
            assert_eq!(
                row.tried,
                row.duplicate + row.warning + row.linked + row.missed
            );
            assert!(
                row.tried * 5 >= report.invoices,
                "tried too seldom: {row:?}"
            );
        }
        println!(
            "duplicates {} warnings {} links {} true links {} of {}",
            report.false_duplicates,
            report.false_warnings,
            report.false_links,
            report.true_links,
            report.invoices
        );
        let held = report.rows.iter().filter(|row| row.goal != Goal::Shown);
        assert!(held.clone().count() >= 12);
        let failed: Vec<_> = held.filter(|row| !row.holds()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(report.holds(), "too many false alerts");
        assert_eq!(report.false_duplicates, 0);
        assert!(
            report.true_links > 0,
            "the generator makes no orders in parts"
        );
    }
}

/// Real documents of six countries, with names, numbers and sums as people write them.
#[test]
fn public_invoices_are_found_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/invoices-ubl");
    let Ok(entries) = fs::read_dir(&folder) else {
        not_run("no public invoices in ../shared/data/invoices-ubl");
        return;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "xml"))
        .collect();
    files.sort();
    for path in files {
        let document = invoice::read(&fs::read(&path).unwrap(), &Limits::default()).unwrap();
        let report = trial::run(&[Written::of(&document)], 1, 0).unwrap();
        let failed: Vec<_> = report.rows.iter().filter(|row| !row.holds()).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", path.display());
    }
}
