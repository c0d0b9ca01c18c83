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
    let shown = consortium.run(&["tx", "show", &id]).json();
    assert_eq!(shown["id"], id.as_str(), "found on the second ledger too");
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

/// It watches first, then votes; proofs lead to the new set.
fn join(consortium: &Consortium) {
    let (format, report) = reserve(consortium, 1);
    assert_eq!(
        (format.as_str(), &report["outcome"]),
        ("blockworm-proof/1", &"valid".into())
    );
    assert_eq!(report["signers"].as_array().unwrap().len(), 3);
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
    let (format, report) = reserve(consortium, 2);
    assert_eq!(
        (format.as_str(), &report["outcome"]),
        ("blockworm-proof/2", &"valid".into())
    );
    let signers = report["signers"].as_array().unwrap().len();
    assert!(
        signers >= 4,
        "four of five are needed now, {signers} signed"
    );
}

/// The court is down while it loses its vote, and learns of it when it comes back.
fn lose_a_vote_while_down(consortium: &Consortium) {
    consortium.crash("court");
    consortium.run(&["node", "leave", "court"]).json();
    let (_, report) = reserve(consortium, 3);
    let signers = report["signers"].as_array().unwrap();
    assert!(!signers.contains(&"court".into()));
    consortium.run(&["up", "--detach"]).json();
    consortium.wait_until("the court knows that it votes no more", || {
        let court = view(consortium, "court", "registry");
        let other = view(consortium, "bank", "registry");
        court["votes"] == false && court["height"] == other["height"] && court["validators"] == 4
    });
}

/// Dismissed, it is sent nothing; it comes back under the same key.
fn leave_and_come_back(consortium: &Consortium) {
    let list = ["node", "list", "--ledger", "registry"];
    let before = consortium.run(&list).json();
    consortium
        .run(&["node", "leave", "court", "--dismiss"])
        .json();
    assert_eq!(consortium.record().nodes.len(), 4);
    let again = consortium.run(&["node", "join", "court", "--watch"]).json();
    assert_eq!(again["ledgers"].as_array().unwrap().len(), 2);
    let after = consortium.run(&list).json();
    assert_eq!(before["decided"], after["decided"], "the validators stay");
}

/// A node that was restored without its votes watches, though it is a validator.
fn lose_votes(consortium: &Consortium) {
    consortium.crash("harbour-bank");
    let home = consortium
        .folder
        .organisation(&"harbour-bank".parse().unwrap());
    let entries = fs::read_dir(home.join("ledgers/engine")).unwrap();
    let mut lost = 0;
    for entry in entries.map(Result::unwrap) {
        if entry.file_name().to_string_lossy().contains("-votes-") {
            fs::remove_dir_all(entry.path()).unwrap();
            lost += 1;
        }
    }
    assert!(lost >= 2, "a record and a journal");
    consortium.run(&["up", "--detach"]).json();
    consortium.wait_until("the restored node has caught up", || {
        let restored = view(consortium, "harbour-bank", "registry");
        restored["height"] == view(consortium, "bank", "registry")["height"]
    });
    let votes = |node: &str| view(consortium, node, "registry")["votes"].clone();
    assert_eq!(
        (votes("harbour-bank"), votes("bank")),
        (false.into(), true.into())
    );
}

#[test]
fn nodes_join_watch_and_leave() {
    let consortium = Consortium::start(4);
    join(&consortium);
    lose_a_vote_while_down(&consortium);
    leave_and_come_back(&consortium);
    lose_votes(&consortium);
    let unknown = consortium.run(&["node", "join", "tax-office"]);
    assert_eq!(unknown.error_code(), "organisation.unknown");
    let stranger = format!("ed25519:{}", "11".repeat(32));
    let change = ["proposal", "make", "add-validator", &stranger];
    let asked = consortium.run(&[&change[..], &["--as", "bank/admin"]].concat());
    assert_eq!(asked.error_code(), "proposal.unknown_node");
}
