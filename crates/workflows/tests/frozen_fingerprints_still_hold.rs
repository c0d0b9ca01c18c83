//! The fingerprints of one document under known keys stay what they are: a changed normalisation would split the registry.
//!
//! `BLOCKWORM_BLESS=1` rewrites the fixture, which breaks every registry that exists.
#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Digest, SecretKey,
    oprf::{EvaluationKey, KeyVersion},
};
use blockworm_workflows::fingerprint::{
    Document, Written,
    forms::{self, Form},
    keyed::{Asking, KeySet},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fs, path::Path};

#[derive(Deserialize, Serialize)]
struct Fixture {
    seeds: [String; 2],
    keys: KeySet,
    document: Written,
    registered: Vec<Value>,
}

fn line(form: Form, input: &[u8], fingerprint: &Digest) -> Value {
    json!({ "form": form, "input": hex::encode(input), "fingerprint": fingerprint })
}

#[test]
fn every_input_and_every_fingerprint() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fingerprints.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut fixture: Fixture = serde_json::from_str(&text).unwrap();
    let keys = fixture.seeds.clone().map(|seed| {
        let seed = hex::decode(seed).unwrap().try_into().unwrap();
        EvaluationKey::derive(&SecretKey::from_ed25519_seed(seed), KeyVersion(1)).unwrap()
    });
    let inputs = forms::registered(&Document::new(&fixture.document).unwrap());
    let asking = Asking::new(fixture.keys, &inputs).unwrap();
    let [first, second] = asking.blinded();
    let answers = [keys[0].evaluate(first), keys[1].evaluate(second)].map(Result::unwrap);
    let fingerprints = asking.fingerprints([&answers[0], &answers[1]]).unwrap();
    let found: Vec<Value> = inputs
        .iter()
        .zip(&fingerprints)
        .map(|(input, fingerprint)| line(input.form, &input.bytes, fingerprint))
        .collect();
    if std::env::var_os("BLOCKWORM_BLESS").is_some() {
        fixture.registered.clone_from(&found);
        let text = serde_json::to_string_pretty(&fixture).unwrap();
        fs::write(&path, text + "\n").unwrap();
    }
    assert_eq!(fixture.registered, found);
    assert!(found.len() > 10);
}
