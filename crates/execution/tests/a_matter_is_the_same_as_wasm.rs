//! A matter on the real host, natively and beside the contract as a WASM module: a whole life, and as many deposits as one transaction takes.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_evidence::chain::{START, link};
use blockworm_evidence::state::Entry;
use blockworm_execution::Native;
use blockworm_ledger::genesis::GenesisContract;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{Chain, Founded, SELLER, START_MS, builtins, found_with, parameters};

const BANK: &str = "bank/maker";
const NOTARY: &str = "notary/admin";
const JUDGE: &str = "court/admin";

fn founded() -> Founded {
    let evidence = Native::new(
        blockworm_evidence::instantiate,
        blockworm_evidence::execute,
        blockworm_evidence::query,
    );
    let builtins = builtins().with("evidence@1", evidence);
    let mut founded = found_with(builtins, &[], parameters());
    let mut genesis = (*founded.genesis).clone();
    genesis.contracts.push(GenesisContract {
        name: "evidence".parse().unwrap(),
        code: "evidence@1".into(),
        init: "{}".into(),
    });
    founded.genesis = Arc::new(genesis);
    founded
}

fn digest(number: usize) -> String {
    format!("{number:064x}")
}

fn file(matter: &str, number: usize) -> Value {
    json!({
        "matter": matter, "phase": "contract", "kind": "pdf", "method": "upload",
        "commitment": digest(number), "size": "1234567",
        "capture": digest(number + 1_000), "captured_ms": START_MS.to_string(),
    })
}

fn on(action: &str, more: Value) -> Value {
    let mut fields = json!({"matter": "steel-26"});
    let more = more.as_object().unwrap().clone();
    fields.as_object_mut().unwrap().extend(more);
    json!({action: fields})
}

#[test]
fn a_whole_life_natively_and_as_a_module() {
    let mut chain = Chain::start(founded()).beside_wasm();
    let document = digest(9);
    chain.must(
        SELLER,
        "evidence",
        &on("open", json!({"parties": ["bank"]})),
    );
    let first = json!({"deposit": {"deposits": [file("steel-26", 1), file("steel-26", 2)]}});
    let receipt = chain.must(SELLER, "evidence", &first);
    let kinds: Vec<&str> = receipt.events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["deposited", "deposited"]);
    assert_eq!(receipt.events[0].subject, "steel-26");
    let second = json!({"deposit": {"deposits": [file("steel-26", 3)]}});
    chain.must(BANK, "evidence", &second);
    let outsider = chain.refused(JUDGE, "evidence", &second);
    assert_eq!(outsider.code, "evidence.not_a_party");
    let attest = json!({"entry": 1, "statement": "seen-original", "findings": document});
    chain.must(NOTARY, "evidence", &on("attest", attest.clone()));
    let party = chain.refused(BANK, "evidence", &on("attest", attest));
    assert_eq!(party.code, "caller.missing_role");
    let dispute = on("dispute", json!({"entry": 1, "document": document}));
    chain.must(BANK, "evidence", &dispute);
    let decide = json!({"dispute": 1, "outcome": "dismissed", "document": document});
    chain.must(JUDGE, "evidence", &on("decide", decide));
    chain.must(
        NOTARY,
        "evidence",
        &on("hold", json!({"document": document})),
    );
    let erase = on("erase", json!({"entry": 1}));
    let held = chain.refused(SELLER, "evidence", &erase);
    assert_eq!(held.code, "evidence.on_hold");
    chain.must(
        JUDGE,
        "evidence",
        &on("release", json!({"document": document})),
    );
    chain.must(SELLER, "evidence", &erase);
    chain.must(SELLER, "evidence", &on("close", json!({})));
    let relation = json!({"declare": {"to": "platform", "relation": "none"}});
    chain.must(NOTARY, "evidence", &relation);

    let entries = chain.query("evidence", &json!({"entries": {"matter": "steel-26"}}));
    let entries: Vec<Entry> = serde_json::from_value(entries).unwrap();
    let mut head = START.to_owned();
    for entry in &entries {
        head = link(&head, "steel-26", entry);
        assert_eq!(entry.link, head);
    }
    let matter = chain.query("evidence", &json!({"matter": {"matter": "steel-26"}}));
    assert_eq!(matter["head"], json!(head));
    assert_eq!(matter["entries"], 3);
    assert_eq!(entries[0].transaction, hex::encode(receipt.transaction.0));
}

/// As many deposits, each in a matter of its own with a long id.
fn many(count: usize, first: usize) -> Value {
    let matter = |number: usize| format!("{number:064}");
    let files = (1..=count).map(|n| file(&matter(n), n + first));
    json!({"deposit": {"deposits": files.collect::<Vec<_>>()}})
}

/// What docs/contracts/evidence.md promises of a transaction.
#[test]
fn sixty_four_deposits_in_as_many_matters_fit_a_transaction() {
    let mut chain = Chain::start(founded());
    let opening = chain.must(SELLER, "evidence", &many(64, 0)).cost;
    let known = chain.must(SELLER, "evidence", &many(64, 64)).cost;
    let single: Vec<Value> = (1..=64).map(|n| file("steel-26", n)).collect();
    let single = json!({"deposit": {"deposits": single}});
    let single = chain.must(SELLER, "evidence", &single).cost;
    println!(
        "64 deposits: {opening} units in unknown matters, {known} in known ones, {single} in one"
    );
    assert!(single < known && known < 1_000_000);
}

/// As a module each instruction is paid too.
#[test]
fn sixteen_deposits_fit_a_transaction_as_a_module() {
    let mut chain = Chain::start(founded()).beside_wasm();
    chain.must(SELLER, "evidence", &many(16, 0));
    chain.must(SELLER, "evidence", &many(16, 64));
}
