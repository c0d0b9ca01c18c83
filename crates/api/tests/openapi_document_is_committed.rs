//! The committed OpenAPI document is the one that the server gives.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

#[test]
fn the_committed_document_is_the_served_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut document = blockworm_api::openapi().to_pretty_json().unwrap();
    document.push('\n');
    if std::env::var_os("BLOCKWORM_BLESS").is_some() {
        fs::write(&path, &document).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "docs/openapi.json is not what the server gives: run `BLOCKWORM_BLESS=1 cargo test -p blockworm-api`, then read the difference",
    );
}

#[test]
fn the_document_is_openapi_3_1_and_complete() {
    let document = serde_json::to_value(blockworm_api::openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(
                !operation["responses"].as_object().unwrap().is_empty(),
                "{method} {path}"
            );
            assert!(
                operation["summary"].is_string(),
                "{method} {path} says nothing"
            );
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                let name = name.trim_end_matches('}');
                let declared = operation["parameters"].as_array().unwrap();
                assert!(
                    declared
                        .iter()
                        .any(|it| it["name"] == name && it["in"] == "path"),
                    "{method} {path} does not declare {name}",
                );
            }
            operations.push(id);
        }
    }
    let count = operations.len();
    operations.sort();
    operations.dedup();
    assert_eq!(operations.len(), count, "an operation id is used twice");
    assert!(count >= 20, "routes are missing: {operations:?}");
}

#[test]
fn every_schema_that_is_referred_to_exists() {
    let text = blockworm_api::openapi().to_json().unwrap();
    let document = serde_json::to_value(blockworm_api::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas[name].is_object(), "schema {name} is missing");
    }
}
