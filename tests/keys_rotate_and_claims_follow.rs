//! The key holders change their keys while an invoice is financed: rivals find it before, between and after, and its claim follows.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_workflows::receivable::SAMPLE_INVOICE;
use dsl::{Consortium, path};
use serde_json::{Value, json};
use std::fs;

const RIVAL: [&str; 2] = ["--as", "harbour-bank/maker"];

/// What a rival is told of the invoice, and under how many versions of the keys it asked.
fn told(consortium: &Consortium, invoice: &str) -> (String, Vec<u64>) {
    let check = ["financing", "check", invoice];
    let ran = consortium.run(&[&check[..], &RIVAL].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let versions = answer["versions"].as_array().unwrap().iter();
    let versions = versions.map(|version| version.as_u64().unwrap()).collect();
    (answer["verdict"].as_str().unwrap().to_owned(), versions)
}

#[test]
fn keys_rotate_and_claims_follow() {
    let consortium = Consortium::start(1);
    let invoice = consortium.beside("invoice.xml");
    fs::write(&invoice, SAMPLE_INVOICE).unwrap();
    let invoice = path(&invoice).to_owned();
    // Nobody can pay yet: a reservation is a claim as well.
    let reserve = ["registry", "reserve", &invoice, "--of-order", "40"];
    consortium.run(&reserve).json();
    assert_eq!(told(&consortium, &invoice), ("duplicate".into(), vec![1]));

    for holder in ["notary", "court"] {
        for verb in ["rotate", "publish"] {
            consortium
                .run(&["key-holder", verb, "--org", holder])
                .json();
        }
    }
    // A claim stands under the old keys alone, so whoever asks must ask under both.
    let both = ("duplicate".to_owned(), vec![1, 2]);
    assert_eq!(told(&consortium, &invoice), both);
    let rivals = ["registry", "reserve", &invoice];
    assert_eq!(
        consortium.run(&[&rivals[..], &RIVAL].concat()).error_code(),
        "registry.already_reserved"
    );
    // Another bank's claim is none of the rival's, and another invoice's is none of this one's.
    let reregister = ["registry", "reregister", &invoice];
    assert_eq!(
        consortium
            .run(&[&reregister[..], &RIVAL].concat())
            .error_code(),
        "registry.no_claim"
    );
    let other = consortium.beside("other.xml");
    let text = String::from_utf8(SAMPLE_INVOICE.to_vec()).unwrap();
    fs::write(&other, text.replace("CL-2026-004417", "CL-2026-004418")).unwrap();
    let wrong = ["registry", "reregister", path(&other), "--claim", "0"];
    assert_eq!(
        consortium.run(&wrong).error_code(),
        "registry.other_document"
    );
    consortium.run(&reregister).json();
    assert_eq!(told(&consortium, &invoice), ("duplicate".into(), vec![2]));
    assert_eq!(
        consortium.run(&reregister).error_code(),
        "registry.has_version"
    );
    // The new set has the old one's shares, of the invoice and of its order.
    let ask = json!({ "parts": { "claim": 0 } }).to_string();
    let parts = ["query", "registry", &ask, "--ledger", "registry"];
    let sets = consortium.run(&parts).json();
    let shares = |set: &Value| -> Vec<u64> {
        let parts = set["parts"].as_array().unwrap().iter();
        parts.map(|part| part["share"].as_u64().unwrap()).collect()
    };
    assert_eq!(
        (&sets[0]["version"], &sets[1]["version"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(shares(&sets[0]), shares(&sets[1]));
    assert!(shares(&sets[1]).contains(&400_000_000));
}
