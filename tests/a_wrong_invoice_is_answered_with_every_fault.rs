//! `blockworm receivable import` answers a wrong invoice with the file, and each rule with its field.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Ran, blockworm};
use serde_json::Value;

fn sample(name: &str) -> String {
    format!("{}/../../samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Nothing runs, and nothing is asked: a wrong file is refused before any node is.
fn import(file: &str, format: &str) -> Ran {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().to_str().unwrap();
    blockworm(&[
        "receivable",
        "import",
        file,
        "--output",
        format,
        "--dir",
        dir,
    ])
}

#[test]
fn for_programs() {
    let file = sample("steel-invoice-many-faults.xml");
    let ran = import(&file, "json");
    assert_eq!(ran.error_code(), "invoice.field_invalid");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let answer: Value = serde_json::from_str(ran.stderr.lines().last().unwrap()).unwrap();
    let error = &answer["error"];
    assert_eq!(error["file"], file);
    let violations = error["violations"].as_array().unwrap();
    let named: Vec<[&str; 4]> = violations
        .iter()
        .map(|one| ["code", "rule", "term", "path"].map(|key| one[key].as_str().unwrap()))
        .collect();
    let expected = [
        [
            "invoice.field_invalid",
            "UBL-2.1",
            "BT-9",
            "/Invoice/cbc:DueDate",
        ],
        [
            "invoice.currency_mismatch",
            "PEPPOL-EN16931-R051",
            "BT-113",
            "/Invoice/cac:LegalMonetaryTotal/cbc:PrepaidAmount/@currencyID",
        ],
        [
            "invoice.totals_mismatch",
            "BR-CO-11",
            "BT-107",
            "/Invoice/cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
        ],
        [
            "invoice.totals_mismatch",
            "BR-S-08",
            "BT-116",
            "/Invoice/cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount",
        ],
    ];
    assert_eq!(named, expected, "{error:#}");
    assert_eq!(violations[2]["found"], "8500.00");
    let wanted = violations[2]["wanted"].as_str().unwrap();
    assert!(wanted.starts_with("8600.00, "), "{wanted}");
}

#[test]
fn for_people() {
    let ran = import(&sample("steel-invoice-many-faults.xml"), "text");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    // Long lines are broken for the eye.
    let words: Vec<&str> = ran.stderr.split_whitespace().collect();
    let shown = words.join(" ").replace(" | ", " ");
    for word in [
        "steel-invoice-many-faults.xml: rules are broken in 4 places",
        "BR-CO-11: /Invoice/cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount (BT-107) is `8500.00`",
        "wanted: 8600.00",
        "nothing was put on the ledger",
    ] {
        assert_eq!(shown.matches(word).count(), 1, "{word}: {shown}");
    }
}

#[test]
fn what_is_no_claim_has_its_own_code() {
    for (name, code) in [
        ("steel-credit-note.xml", "invoice.credit_note"),
        ("steel-invoice-wrong-totals.xml", "invoice.totals_mismatch"),
        ("steel-invoice-broken.xml", "invoice.malformed"),
        ("steel-invoice-entity-bomb.xml", "invoice.entity_refused"),
        ("no-such-file.xml", "invoice.unreadable"),
    ] {
        assert_eq!(import(&sample(name), "json").error_code(), code, "{name}");
    }
}
