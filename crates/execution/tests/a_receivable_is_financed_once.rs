//! The story of a receivable on the real host: issued, confirmed, financed, and never twice.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod support;

use not_run::not_run;
use serde_json::json;
use std::sync::Arc;
use support::{
    BUYER, Chain, Founded, SELLER, builtins, finance, found, issue_receivable, mint, twin,
};

#[test]
fn a_receivable_is_issued_confirmed_financed_and_never_financed_twice() {
    let mut chain = Chain::start(found()).beside_wasm();
    let invoice = "ab".repeat(32);
    chain.must("bank/maker", "money", &mint("bank/maker", 5_000));
    chain.must("bank/maker", "money", &mint("bank/maker-2", 5_000));
    chain.must(
        SELLER,
        "receivable",
        &issue_receivable("R-1", &invoice, 1_000, 950),
    );

    let early = chain.refused("bank/maker", "money", &finance("R-1", 950));
    assert_eq!(early.code, "receivable.not_confirmed");
    assert_eq!(
        chain.balance("bank/maker"),
        5_000,
        "a refused payment goes nowhere"
    );

    chain.must(BUYER, "receivable", &json!({"confirm": {"id": "R-1"}}));
    let receipt = chain.must("bank/maker", "money", &finance("R-1", 950));
    let kinds: Vec<_> = receipt
        .events
        .iter()
        .map(|e| (e.contract.as_str(), e.kind.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("money", "transferred"),
            ("receivable", "financed"),
            ("money", "transferred")
        ]
    );
    let financed = &receipt.events[1];
    assert_eq!(financed.subject, "R-1");
    assert_eq!(financed.attribute("financier"), Some("bank/maker"));

    let second = chain.refused("bank/maker-2", "money", &finance("R-1", 950));
    assert_eq!(second.code, "receivable.already_financed");
    assert!(second.message.contains("bank/maker"), "{}", second.message);
    let same_invoice = issue_receivable("R-2", &invoice, 1_000, 950);
    let again = chain.refused(SELLER, "receivable", &same_invoice);
    assert_eq!(again.code, "receivable.invoice_already_registered");

    assert_eq!(chain.balance("bank/maker"), 4_050);
    assert_eq!(chain.balance("bank/maker-2"), 5_000);
    assert_eq!(chain.balance(SELLER), 950);
    assert_eq!(chain.balance("receivable"), 0);
    let supply = chain.query("money", &json!({"supply": {"currency": "CNY"}}));
    assert_eq!(supply["amount"], "10000");
    let receivable = chain.query("receivable", &json!({"receivable": {"id": "R-1"}}));
    assert_eq!(receivable["status"], "financed");
    assert_eq!(receivable["holder"], "bank/maker");
    let history = chain.query("receivable", &json!({"history": {"id": "R-1"}}));
    let steps: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["status"].clone())
        .collect();
    assert_eq!(steps, ["issued", "confirmed", "financed"]);
}

#[test]
fn two_banks_in_one_block_the_first_one_wins() {
    let mut chain = Chain::start(found()).beside_wasm();
    chain.must("bank/maker", "money", &mint("bank/maker", 950));
    chain.must("bank/maker", "money", &mint("bank/maker-2", 950));
    chain.must(
        SELLER,
        "receivable",
        &issue_receivable("R-1", &"cd".repeat(32), 1_000, 950),
    );
    chain.must(BUYER, "receivable", &json!({"confirm": {"id": "R-1"}}));
    let bids = ["bank/maker-2", "bank/maker"]
        .map(|bank| Chain::sign(chain.body(bank, "money", &finance("R-1", 950))));
    let receipts = chain.commit(&bids);
    assert_eq!(receipts[0].code, "ok");
    assert_eq!(receipts[1].code, "receivable.already_financed");
    assert_eq!(chain.balance("bank/maker"), 950);
    assert_eq!(chain.balance(SELLER), 950);
}

#[test]
fn an_unpayable_seller_undoes_the_whole_financing() {
    let mut chain = Chain::start(found()).beside_wasm();
    chain.must("bank/maker", "money", &mint("bank/maker", 950));
    chain.must(
        SELLER,
        "receivable",
        &issue_receivable("R-1", &"ef".repeat(32), 1_000, 950),
    );
    chain.must(BUYER, "receivable", &json!({"confirm": {"id": "R-1"}}));
    let revoke = json!({"revoke": {"member": SELLER, "reason": "closed"}});
    chain.must("platform/admin", "members", &revoke);
    // The last of three nested messages fails: payment, claim and event are all undone.
    let refused = chain.refused("bank/maker", "money", &finance("R-1", 950));
    assert_eq!(refused.code, "money.inactive_account");
    assert_eq!(chain.balance("bank/maker"), 950);
    let receivable = chain.query("receivable", &json!({"receivable": {"id": "R-1"}}));
    assert_eq!(receivable["status"], "confirmed");
}

#[test]
fn a_native_contract_and_a_wasm_contract_work_with_each_other() {
    let (Some(money), Some(receivable)) = (twin::module("money"), twin::module("receivable"))
    else {
        not_run("set BLOCKWORM_CONTRACTS to the folder that scripts/build-contracts fills");
        return;
    };
    let (all_native, mut roots) = (found(), Vec::new());
    for mixed in [
        builtins(),
        builtins().with_wasm("money@1", &money).unwrap(),
        builtins().with_wasm("receivable@1", &receivable).unwrap(),
    ] {
        let founded = Founded {
            authorities: Default::default(),
            keys: Default::default(),
            genesis: Arc::clone(&all_native.genesis),
            builtins: Arc::new(mixed),
        };
        let mut chain = Chain::start(founded);
        chain.must("bank/maker", "money", &mint("bank/maker", 5_000));
        let issue = issue_receivable("R-1", &"ab".repeat(32), 1_000, 950);
        chain.must(SELLER, "receivable", &issue);
        // Money sends to the receivable, whose refusal undoes the payment.
        let early = chain.refused("bank/maker", "money", &finance("R-1", 950));
        assert_eq!(early.code, "receivable.not_confirmed");
        chain.must(BUYER, "receivable", &json!({"confirm": {"id": "R-1"}}));
        chain.must("bank/maker", "money", &finance("R-1", 950));
        assert_eq!(chain.balance(SELLER), 950);
        roots.push(chain.state.root());
    }
    assert!(roots.iter().all(|root| *root == roots[0]), "{roots:?}");
}
