//! The same story of an asset on this host and on CosmWasm's own test host: same codes, data, events and stored bytes.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod support;
#[path = "support/two_hosts.rs"]
mod two_hosts;

use not_run::not_run;
use serde_json::{Value, json};
use support::{BUYER, SELLER};
use two_hosts::TwoHosts;

const BANK: &str = "bank/maker";
const JUDGE: &str = "court/admin";

/// A note of 1,000 units, drafted by the supplier and approved by its buyer.
fn issue(hosts: &mut TwoHosts, class: &str, amount: &str, commitment: &str) -> String {
    let backing = json!({"commitment": commitment.repeat(32), "amount": amount, "currency": "CNY"});
    let draft = json!({"draft": {
        "class": class, "amount": amount, "backing": backing, "metadata": {"invoice": "R-1"},
    }});
    let data = hosts.must(SELLER, "issuance", &draft);
    let asset = String::from_utf8(data).unwrap();
    let on = |action: &str| json!({action: {"asset": asset}});
    hosts.must(SELLER, "issuance", &on("propose"));
    let approve = json!({"approve": {"asset": asset, "version": 1, "role": "platform"}});
    hosts.refused(SELLER, "issuance", &approve, "caller.missing_function");
    hosts.must(BUYER, "issuance", &approve);
    hosts.must(SELLER, "issuance", &on("activate"));
    asset
}

/// A message on an asset.
fn on(asset: &str, action: &str, more: Value) -> Value {
    let mut fields = json!({"asset": asset});
    let more = more.as_object().unwrap().clone();
    fields.as_object_mut().unwrap().extend(more);
    json!({action: fields})
}

/// Pledged, locked, frozen, and sold for units once nothing keeps it.
fn encumber_and_sell(hosts: &mut TwoHosts, note: &str, cash: &str) {
    let units = |to: &str, amount: &str| json!({"transfer": {"asset": cash, "part": {"units": amount}, "to": to}});
    hosts.must(SELLER, "holdings", &units(BANK, "800"));
    hosts.refused(
        BANK,
        "holdings",
        &units(SELLER, "801"),
        "asset.insufficient_units",
    );
    hosts.must(
        SELLER,
        "holdings",
        &on(note, "split", json!({"holding": 0, "at": "400"})),
    );
    hosts.must(
        SELLER,
        "holdings",
        &on(note, "pledge", json!({"holding": 1, "pledgee": BANK})),
    );
    let give = on(
        note,
        "transfer",
        json!({"part": {"holding": 1}, "to": BUYER}),
    );
    hosts.refused(SELLER, "holdings", &give, "asset.pledged");
    hosts.refused(
        SELLER,
        "holdings",
        &on(note, "release", json!({"holding": 1})),
        "asset.not_pledgee",
    );
    hosts.must(
        BANK,
        "holdings",
        &on(note, "release", json!({"holding": 1})),
    );
    let lock = on(
        note,
        "lock",
        json!({"holding": 1, "keeper": BANK, "for_ms": 3_000}),
    );
    hosts.must(SELLER, "holdings", &lock);
    hosts.refused(SELLER, "holdings", &give, "asset.locked");
    let want = json!({"asset": cash, "amount": "500"});
    let offer = on(
        note,
        "offer",
        json!({"give": {"holding": 2}, "want": want, "for_ms": 60_000}),
    );
    hosts.must(SELLER, "holdings", &offer);
    let accept = json!({"accept": {"offer": 0}});
    hosts.refused(BUYER, "holdings", &accept, "asset.insufficient_units");
    let order = json!({"target": {"holding": 2}, "order": "0f".repeat(32)});
    hosts.refused(
        BANK,
        "holdings",
        &on(note, "freeze", order.clone()),
        "caller.missing_role",
    );
    hosts.must(JUDGE, "holdings", &on(note, "freeze", order.clone()));
    hosts.refused(BANK, "holdings", &accept, "asset.frozen");
    hosts.must(JUDGE, "holdings", &on(note, "lift", order));
    hosts.must(BANK, "holdings", &accept);
}

#[test]
fn a_story_has_the_same_codes_data_events_and_bytes_on_both_hosts() {
    let mut hosts = TwoHosts::start();
    let note = &issue(&mut hosts, "note", "1000", "0a");
    let cash = &issue(&mut hosts, "cash", "5000", "0b");
    encumber_and_sell(&mut hosts, note, cash);
    let give = on(
        note,
        "transfer",
        json!({"part": {"holding": 1}, "to": BUYER}),
    );
    // The lock's three seconds have passed.
    hosts.must(SELLER, "holdings", &give);
    let close = json!({"cancel": {"asset": note}});
    hosts.refused(SELLER, "issuance", &close, "asset.held_elsewhere");
    for (owner, number) in [(BUYER, 1), (BANK, 2)] {
        let back = on(
            note,
            "transfer",
            json!({"part": {"holding": number}, "to": SELLER}),
        );
        hosts.must(owner, "holdings", &back);
    }
    hosts.must(
        SELLER,
        "holdings",
        &on(note, "merge", json!({"holdings": [1, 2]})),
    );
    hosts.must(SELLER, "issuance", &close);
    let history = hosts.query("holdings", &on(note, "provenance", json!({"holding": 3})));
    assert_eq!(history["steps"].as_array().unwrap().len(), 17);
    assert_eq!(history["steps"][0]["step"]["kind"], "closed");
    // A message inside a message that fails undoes the whole: the receivable takes no such asset.
    let payload =
        json!({"asset": cash, "part": {"units": "1"}, "contract": "money", "payload": ""});
    hosts.refused(
        SELLER,
        "holdings",
        &json!({"send": payload}),
        "contract.bad_message",
    );
    let (messages, bytes) = hosts.compared();
    println!("{messages} messages, {bytes} stored bytes, the same on both hosts");
    assert!(messages > 30 && bytes > 2_000);
    match hosts.costs() {
        Some((native, wasm)) => println!("the same as WASM: {native} units native, {wasm} as WASM"),
        None => not_run("set BLOCKWORM_CONTRACTS to the folder that scripts/build-contracts fills"),
    }
}
