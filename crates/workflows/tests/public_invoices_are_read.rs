//! The public EN 16931 invoices are read and their figures add up.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use blockworm_workflows::invoice::{
    DocumentKind, check_totals, identity_digest, line_remarks, read,
};
use blockworm_workflows::xml::Limits;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Beside the project, not in it: the files are others' work.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/invoices-ubl")
}

fn report_not_run(test: &str, reason: &str) {
    println!("NOT RUN: {test}: {reason}");
    if let Some(file) = std::env::var_os("BLOCKWORM_NOT_RUN") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}

#[test]
fn every_public_invoice_is_read_and_adds_up() {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        return report_not_run(
            "every_public_invoice_is_read_and_adds_up",
            "../shared/data/invoices-ubl is not there",
        );
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let invoice = read(&std::fs::read(&path).unwrap(), &Limits::default());
        let invoice = invoice.unwrap_or_else(|error| panic!("{name}: {}: {error}", error.code()));
        check_totals(&invoice).unwrap_or_else(|error| panic!("{name}: {}: {error}", error.code()));
        let is_credit_note = name.contains("creditnote");
        assert_eq!(
            invoice.kind == DocumentKind::CreditNote,
            is_credit_note,
            "{name}"
        );
        let digest = identity_digest(&invoice).unwrap();
        println!(
            "{name}: {} {} {} {digest:?} remarks {}",
            invoice.number,
            invoice.totals.payable,
            invoice.currency,
            line_remarks(&invoice).len()
        );
    }
}
