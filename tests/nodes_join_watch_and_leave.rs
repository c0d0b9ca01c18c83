//! A fifth node joins running ledgers by vote, one that is down loses its vote, one leaves for good and comes back.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::Consortium;
use serde_json::Value;
use std::fs;

/// What a node says of a ledger.
fn view(consortium: &Consortium, node: &str, ledger: &str) -> Value {
    let status = consortium.run(&["status"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let find = |list: &Value, field: &str, value: &str| {
        let list = list.as_array().unwrap();
        let found = list.iter().find(|one| one[field] == value);
        found.cloned().unwrap_or_default()
    };
    let node = find(&status["nodes"], "organisation", node);
    if node["ledgers"].is_null() {
        return Value::Null;
    }
    find(&node["ledgers"], "name", ledger)
}

/// Something for a block of the registry; the proof of it.
fn reserve(consortium: &Consortium, number: u32) -> (String, Value) {
    let fingerprint = format!("{number:064x}");
    let reserved = consortium
        .run(&[
            "registry",
            "reserve",
            "--fingerprint",
            &fingerprint,
            "--as",
            "harbour-bank/maker",
        ])
        .json();
    let id = reserved["transaction"].as_str().unwrap().to_owned();
    let file = consortium.beside(&format!("proof-{number}.json"));
    let export = ["proof", "export", &id, "-o", dsl::path(&file)];
    consortium
        .run(&[&export[..], &["--ledger", "registry"]].concat())
        .json();
    let genesis = consortium.folder.genesis_file("registry");
    let verified = dsl::blockworm(&[
        "verify",
        dsl::path(&file),
        "--genesis",
        dsl::path(&genesis),
        "--output",
        "json",
    ]);
    let proof: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    (
        proof["format"].as_str().unwrap().to_owned(),
        verified.json(),
    )
}

#[test]
fn nodes_join_watch_and_leave() {
    let consortium = Consortium::start(4);
    let (format, report) = reserve(&consortium, 1);
    assert_eq!(
        (format.as_str(), &report["outcome"]),
        ("blockworm-proof/1", &"valid".into())
    );
    assert_eq!(report["signers"].as_array().unwrap().len(), 3);

    // It watches first, then votes.
    let watching = consortium
        .run(&["node", "join", "harbour-bank", "--watch"])
        .json();
    assert_eq!(watching["ledgers"][0]["votes"], false);
    assert_eq!(watching["ledgers"][0]["validators"], 4);
    assert_eq!(
        watching["ledgers"].as_array().unwrap().len(),
        1,
        "the registry alone"
    );
    let joined = consortium.run(&["node", "join", "harbour-bank"]).json();
    assert_eq!(joined["ledgers"][0]["votes"], true);
    assert_eq!(joined["ledgers"][0]["validators"], 5);
    let (format, report) = reserve(&consortium, 2);
    assert_eq!(
        (format.as_str(), &report["outcome"]),
        ("blockworm-proof/2", &"valid".into())
    );
    assert!(
        report["signers"].as_array().unwrap().len() >= 4,
        "four of five are needed now"
    );

    // The court is down while it loses its vote, and learns of it when it comes back.
    consortium.crash("court");
    consortium.run(&["node", "leave", "court"]).json();
    let (_, report) = reserve(&consortium, 3);
    assert!(
        !report["signers"]
            .as_array()
            .unwrap()
            .contains(&"court".into())
    );
    consortium.run(&["up", "--detach"]).json();
    consortium.wait_until("the court knows that it votes no more", || {
        let court = view(&consortium, "court", "registry");
        let other = view(&consortium, "bank", "registry");
        court["votes"] == false && court["height"] == other["height"] && court["validators"] == 4
    });

    // Dismissed, it is sent nothing; it comes back under the same key.
    let before = consortium
        .run(&["node", "list", "--ledger", "registry"])
        .json();
    consortium
        .run(&["node", "leave", "court", "--dismiss"])
        .json();
    assert_eq!(consortium.record().nodes.len(), 4);
    let again = consortium.run(&["node", "join", "court", "--watch"]).json();
    assert_eq!(again["ledgers"].as_array().unwrap().len(), 2);
    let after = consortium
        .run(&["node", "list", "--ledger", "registry"])
        .json();
    assert_eq!(
        before["decided"], after["decided"],
        "the validators stay the same"
    );

    // A node that was restored without its votes watches, though it is a validator.
    consortium.crash("harbour-bank");
    let engine = consortium
        .folder
        .organisation(&"harbour-bank".parse().unwrap())
        .join("ledgers/engine");
    let votes = fs::read_dir(&engine)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut lost = 0;
    for path in votes.filter(|path| path.to_string_lossy().contains("-votes-")) {
        fs::remove_dir_all(path).unwrap();
        lost += 1;
    }
    assert!(lost >= 2, "a record and a journal");
    consortium.run(&["up", "--detach"]).json();
    consortium.wait_until("the restored node has caught up", || {
        let restored = view(&consortium, "harbour-bank", "registry");
        restored["height"] == view(&consortium, "bank", "registry")["height"]
    });
    assert_eq!(
        view(&consortium, "harbour-bank", "registry")["votes"],
        false
    );
    assert_eq!(view(&consortium, "bank", "registry")["votes"], true);

    let unknown = consortium.run(&["node", "join", "tax-office"]);
    assert_eq!(unknown.error_code(), "organisation.unknown");
    let stranger = format!("ed25519:{}", "11".repeat(32));
    let vote = [
        "proposal",
        "make",
        "add-validator",
        &stranger,
        "--as",
        "bank/admin",
    ];
    let code = consortium.run(&vote).error_code();
    assert_eq!(code, "proposal.unknown_node");
}
