//! Invoices presented again in every way are found as often as promised, and distinct ones seldom alarm.
//!
//! `BLOCKWORM_LONG=1` tries twenty thousand instead of twelve hundred.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::{
    fingerprint::{
        Written,
        trial::{self, Goal},
    },
    receivable::{SAMPLE_INVOICE, import},
};

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
