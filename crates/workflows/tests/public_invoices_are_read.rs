//! The thirteen public EN 16931 documents have the outcome that stands here.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use blockworm_workflows::invoice::{DocumentKind, identity_digest, read};
use blockworm_workflows::receivable::import;
use blockworm_workflows::xml::Limits;
use not_run::not_run;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What one file is, and what becomes of it.
struct Outcome {
    file: &'static str,
    number: &'static str,
    payable: &'static str,
    currency: &'static str,
    /// What `receivable import` answers when it makes no receivable of it.
    refusal: Option<&'static str>,
    /// Rule and place of each remark.
    remarks: &'static [&'static str],
}

const fn good(
    file: &'static str,
    number: &'static str,
    payable: &'static str,
    currency: &'static str,
    remarks: &'static [&'static str],
) -> Outcome {
    Outcome {
        file,
        number,
        payable,
        currency,
        refusal: None,
        remarks,
    }
}

const OUTCOMES: [Outcome; 13] = [
    good(
        "guide-example1.xml",
        "12115118",
        "250.33",
        "EUR",
        &["PEPPOL-EN16931-R120 InvoiceLine[20]/cbc:LineExtensionAmount"],
    ),
    good(
        "guide-example2.xml",
        "TOSL108",
        "801.78",
        "NOK",
        &[
            "PEPPOL-EN16931-R120 InvoiceLine/cbc:LineExtensionAmount",
            "PEPPOL-EN16931-R046 InvoiceLine[3]/cac:Price/cbc:PriceAmount",
        ],
    ),
    good(
        "guide-example3.xml",
        "TOSL108",
        "1125",
        "DKK",
        &[
            "PEPPOL-EN16931-R120 InvoiceLine/cbc:LineExtensionAmount",
            "PEPPOL-EN16931-R120 InvoiceLine[2]/cbc:LineExtensionAmount",
        ],
    ),
    good("issue116.xml", "2018210", "830", "SEK", &[]),
    good(
        "sample-discount-price.xml",
        "test decimal 1",
        "15.15",
        "EUR",
        &[],
    ),
    Outcome {
        refusal: Some("invoice.credit_note"),
        ..good(
            "ubl-tc434-creditnote1.xml",
            "018304 / 28865",
            "100.11",
            "EUR",
            &[],
        )
    },
    good(
        "ubl-tc434-example1.xml",
        "12115118",
        "250.33",
        "EUR",
        &["PEPPOL-EN16931-R120 InvoiceLine[20]/cbc:LineExtensionAmount"],
    ),
    good(
        "ubl-tc434-example2.xml",
        "TOSL108",
        "801.78",
        "NOK",
        &[
            "PEPPOL-EN16931-R120 InvoiceLine/cbc:LineExtensionAmount",
            "PEPPOL-EN16931-R046 InvoiceLine[3]/cac:Price/cbc:PriceAmount",
        ],
    ),
    good(
        "ubl-tc434-example3.xml",
        "TOSL108",
        "2005",
        "DKK",
        &[
            "PEPPOL-EN16931-R120 InvoiceLine/cbc:LineExtensionAmount",
            "PEPPOL-EN16931-R120 InvoiceLine[2]/cbc:LineExtensionAmount",
        ],
    ),
    good("ubl-tc434-example4.xml", "TOSL110", "4675", "DKK", &[]),
    good("ubl-tc434-example5.xml", "TOSL110", "2337.5", "DKK", &[]),
    good("ubl-tc434-example6.xml", "TOSL110", "4675", "DKK", &[]),
    Outcome {
        // It has terms of payment (BR-CO-25) but no day, and a receivable needs one.
        refusal: Some("invoice.field_missing"),
        ..good(
            "ubl-tc434-example7.xml",
            "INVOICE_test_7",
            "3200",
            "SEK",
            &[],
        )
    },
];

/// Beside the project, not in it: the files are others' work.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/invoices-ubl")
}

fn present() -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        return BTreeMap::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let xml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
    xml.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    })
    .collect()
}

#[test]
fn every_public_document_has_its_outcome() {
    let mut files = present();
    for outcome in &OUTCOMES {
        let name = outcome.file;
        let Some(file) = files.remove(name) else {
            let reason = format!("../shared/data/invoices-ubl/{name} is not there");
            not_run(&reason);
            continue;
        };
        let invoice = read(&file, &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {}: {error}", error.code()));
        let is_credit_note = name.contains("creditnote");
        assert_eq!(
            invoice.kind == DocumentKind::CreditNote,
            is_credit_note,
            "{name}"
        );
        let facts = (
            invoice.number.as_str(),
            invoice.totals.payable.to_string(),
            invoice.currency.to_string(),
        );
        let expected = (
            outcome.number,
            outcome.payable.to_owned(),
            outcome.currency.to_owned(),
        );
        assert_eq!(facts, expected, "{name}");
        let remarks: Vec<String> = invoice
            .remarks
            .iter()
            .map(|remark| {
                format!(
                    "{} {}",
                    remark.rule,
                    remark.path.replace("/Invoice/cac:", "")
                )
            })
            .collect();
        assert_eq!(remarks, outcome.remarks, "{name}: {:#?}", invoice.remarks);
        identity_digest(&invoice).unwrap();
        match (import(&file), outcome.refusal) {
            (Ok(_), None) => {}
            (Err(error), Some(code)) => assert_eq!(error.code(), code, "{name}: {error}"),
            (result, expected) => panic!("{name}: {result:?}, expected {expected:?}"),
        }
    }
    // Whatever else lies there is judged by the rules alone, and shown.
    for (name, file) in files {
        match import(&file) {
            Ok(claim) => println!("{name}: {}", claim.amount),
            Err(error) => println!("{name}: {}: {error}", error.code()),
        }
    }
}

/// Another amount due in any of them is found, with its place.
#[test]
fn a_changed_public_document_is_refused() {
    let files = present();
    if files.is_empty() {
        let reason = "../shared/data/invoices-ubl is not there";
        return not_run(reason);
    }
    for (name, file) in files {
        let text = String::from_utf8(file).unwrap();
        let start = text.find("<cbc:PayableAmount").unwrap();
        let start = start + text[start..].find('>').unwrap() + 1;
        let end = start + text[start..].find('<').unwrap();
        let changed = format!("{}7777777.77{}", &text[..start], &text[end..]);
        let error = read(changed.as_bytes(), &Limits::default()).unwrap_err();
        let [finding] = error.findings() else {
            panic!("{name}: {error}")
        };
        assert_eq!(
            (finding.rule, finding.term, finding.found.as_deref()),
            ("BR-CO-16", "BT-115", Some("7777777.77")),
            "{name}"
        );
        assert!(
            finding
                .path
                .ends_with("/cac:LegalMonetaryTotal/cbc:PayableAmount")
        );
    }
}
