//! Receivables on the real host and the real asset contracts: split, financed part by part and never twice, settled, taken back.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod support;

use not_run::not_run;
use serde_json::json;
use std::sync::Arc;
use support::{
    BUYER, Chain, Founded, SELLER,
    trading::{self, Trade, issue_receivable},
    twin,
};

fn kinds(receipt: &blockworm_ledger::Receipt) -> Vec<(&str, &str)> {
    let events = receipt.events.iter();
    events
        .map(|event| (event.contract.as_str(), event.kind.as_str()))
        .collect()
}

#[test]
fn a_receivable_is_issued_confirmed_financed_and_never_financed_twice() {
    let mut trade = Trade::start(10_000);
    let give = trade.give("bank/maker-2", 5_000);
    trade.chain.must("bank/maker", "assets", &give);
    let invoice = "ab".repeat(32);
    let issue = issue_receivable("R-1", &invoice, 1_000, 950);
    trade.chain.must(SELLER, "receivable", &issue);

    let finance = trade.finance("R-1", 0, 950);
    let early = trade.chain.refused("bank/maker", "assets", &finance);
    assert_eq!(early.code, "receivable.not_confirmed");
    assert_eq!(
        trade.balance("bank/maker"),
        5_000,
        "a refused payment goes nowhere"
    );

    let confirm = json!({"confirm": {"id": "R-1"}});
    let receipt = trade.chain.must(BUYER, "receivable", &confirm);
    let begins = [
        ("receivable", "confirmed"),
        ("issuance", "activated"),
        ("assets", "opened"),
    ];
    assert_eq!(kinds(&receipt), begins);
    let receipt = trade.chain.must("bank/maker", "assets", &finance);
    let paid = [
        ("assets", "transferred"),
        ("receivable", "financed"),
        ("assets", "handed"),
    ];
    assert_eq!(kinds(&receipt), paid);
    assert_eq!(receipt.events[1].subject, "R-1");
    assert_eq!(receipt.events[1].attribute("financier"), Some("bank/maker"));

    let second = trade.chain.refused("bank/maker-2", "assets", &finance);
    assert_eq!(second.code, "receivable.already_financed");
    assert!(second.message.contains("bank/maker"), "{}", second.message);
    let same_invoice = issue_receivable("R-2", &invoice, 1_000, 950);
    let again = trade.chain.refused(SELLER, "receivable", &same_invoice);
    assert_eq!(again.code, "receivable.invoice_already_registered");

    assert_eq!(trade.balance("bank/maker"), 4_050);
    assert_eq!(trade.balance("bank/maker-2"), 5_000);
    assert_eq!(trade.balance(SELLER), 950);
    assert_eq!(trade.balance("receivable"), 0);
    assert_eq!(trade.receivable("R-1")["status"], "financed");
    let history = trade
        .chain
        .query("receivable", &json!({"history": {"id": "R-1"}}));
    let steps: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["step"].clone())
        .collect();
    assert_eq!(steps, ["issued", "confirmed", "financed"]);
}

/// What a bank holds it got through the registry's gate, and nowhere else.
#[test]
fn no_bank_gets_a_part_around_the_contract() {
    let mut trade = Trade::start(10_000);
    let asset = trade.confirmed("R-1", &"ab".repeat(32), 1_000, 950);
    let part = json!({"holding": 0});
    let hour = 3_600_000;
    let around = [
        json!({"transfer": {"asset": asset, "part": part, "to": "bank/maker"}}),
        json!({"pledge": {"asset": asset, "holding": 0, "pledgee": "bank/maker"}}),
        json!({"send": {"asset": asset, "part": part, "contract": "money", "payload": ""}}),
    ];
    for message in around {
        let refused = trade.chain.refused(SELLER, "assets", &message);
        assert_eq!(refused.code, "asset.guarded", "{message}");
    }
    let want = json!({"asset": trade.voucher, "amount": "1"});
    let offer = json!({"asset": asset, "give": part, "want": want, "to": null, "for_ms": hour});
    trade.chain.must(SELLER, "assets", &json!({"offer": offer}));
    let accept = json!({"accept": {"offer": 0, "holding": null}});
    let refused = trade.chain.refused("bank/maker", "assets", &accept);
    assert_eq!(refused.code, "asset.guarded");
    let manager = json!({"manager": {"retire": {
        "asset": asset, "holding": 0, "against": {"asset": trade.voucher, "amount": "1"},
    }}});
    let refused = trade.chain.refused("bank/maker", "assets", &manager);
    assert_eq!(refused.code, "asset.not_manager");
    let manage = json!({"manage": {"redeem": {"asset": asset}}});
    let refused = trade.chain.refused("bank/maker", "issuance", &manage);
    assert_eq!(refused.code, "issuance.not_manager");
    let cancel = json!({"cancel": {"asset": asset}});
    let refused = trade.chain.refused(SELLER, "issuance", &cancel);
    assert_eq!(refused.code, "issuance.managed");
}

/// Down the chain of suppliers: split, given on, one part financed, all of it paid.
#[test]
fn parts_go_down_the_chain_and_each_is_paid_to_whoever_holds_it() {
    let mut trade = Trade::start(10_000);
    let buyer = trade.give(BUYER, 2_000);
    trade.chain.must("bank/maker", "assets", &buyer);
    let asset = trade.confirmed("R-1", &"ab".repeat(32), 1_000, 950);
    let split = json!({"split": {"asset": asset, "holding": 0, "at": "600"}});
    trade.chain.must(SELLER, "assets", &split);
    let give = json!({"transfer": {"asset": asset, "part": {"holding": 2}, "to": "court/admin"}});
    trade.chain.must(SELLER, "assets", &give);

    // The whole's price is nobody's price for a part, and only its owner asks.
    let blind = trade.finance("R-1", 2, 380);
    let refused = trade.chain.refused("bank/maker", "assets", &blind);
    assert_eq!(refused.code, "receivable.not_offered");
    let ask = json!({"ask": {"id": "R-1", "holding": 2, "price": "380", "recourse": true}});
    let refused = trade.chain.refused(SELLER, "receivable", &ask);
    assert_eq!(refused.code, "receivable.not_the_owner");
    trade.chain.must("court/admin", "receivable", &ask);
    trade.chain.must("bank/maker", "assets", &blind);
    assert_eq!(trade.balance("court/admin"), 380);
    let expected = [
        (1, 600, SELLER.to_owned()),
        (2, 400, "bank/maker".to_owned()),
    ];
    assert_eq!(trade.open_parts(&asset), expected);
    // It stays whole in the bank's hand until it is paid or taken back.
    let split = json!({"split": {"asset": asset, "holding": 2, "at": "700"}});
    let refused = trade.chain.refused("bank/maker", "assets", &split);
    assert_eq!(refused.code, "asset.pledged");

    let short = trade.settle("R-1", &[2], 399);
    let refused = trade.chain.refused(BUYER, "assets", &short);
    assert_eq!(refused.code, "receivable.wrong_amount");
    let first = trade.settle("R-1", &[2], 400);
    trade.chain.must(BUYER, "assets", &first);
    assert_eq!(trade.receivable("R-1")["status"], "confirmed");
    let again = trade.chain.refused(BUYER, "assets", &first);
    assert_eq!(again.code, "receivable.no_part");
    let last = trade.settle("R-1", &[1], 600);
    trade.chain.must(BUYER, "assets", &last);
    assert_eq!(trade.receivable("R-1")["status"], "settled");
    assert!(trade.open_parts(&asset).is_empty());
    let issued = trade
        .chain
        .query("issuance", &json!({"asset": {"asset": asset}}));
    assert_eq!(issued["status"], "redeemed");
    assert_eq!(trade.balance("bank/maker"), 8_000 - 380 + 400);
    assert_eq!((trade.balance(SELLER), trade.balance(BUYER)), (600, 1_000));
    assert_eq!(trade.balance("receivable"), 0);
}

#[test]
fn two_banks_in_one_block_the_first_one_wins() {
    let mut trade = Trade::start(10_000);
    let give = trade.give("bank/maker-2", 950);
    trade.chain.must("bank/maker", "assets", &give);
    trade.confirmed("R-1", &"cd".repeat(32), 1_000, 950);
    let finance = trade.finance("R-1", 0, 950);
    let bids = ["bank/maker-2", "bank/maker"]
        .map(|bank| Chain::sign(trade.chain.body(bank, "assets", &finance)));
    let receipts = trade.chain.commit(&bids);
    assert_eq!(receipts[0].code, "ok");
    assert_eq!(receipts[1].code, "receivable.already_financed");
    assert_eq!(trade.balance("bank/maker-2"), 0);
    assert_eq!(trade.balance("bank/maker"), 9_050);
    assert_eq!(trade.balance(SELLER), 950);
}

/// A court's order stops payment to the owner as it stops the part itself.
#[test]
fn a_frozen_part_is_neither_financed_nor_paid() {
    let mut trade = Trade::start(10_000);
    let buyer = trade.give(BUYER, 1_000);
    trade.chain.must("bank/maker", "assets", &buyer);
    let asset = trade.confirmed("R-1", &"ef".repeat(32), 1_000, 950);
    let target = json!({"holding": 0});
    let order =
        |kind: &str| json!({kind: {"asset": asset, "target": target, "order": "0a".repeat(32)}});
    trade.chain.must("court/admin", "assets", &order("freeze"));
    let finance = trade.finance("R-1", 0, 950);
    let refused = trade.chain.refused("bank/maker", "assets", &finance);
    assert_eq!(refused.code, "asset.frozen");
    let settle = trade.settle("R-1", &[0], 1_000);
    let refused = trade.chain.refused(BUYER, "assets", &settle);
    assert_eq!(refused.code, "asset.frozen");
    assert_eq!(trade.receivable("R-1")["status"], "confirmed");
    trade.chain.must("court/admin", "assets", &order("lift"));
    trade.chain.must(BUYER, "assets", &settle);
    assert_eq!(trade.receivable("R-1")["status"], "settled");
}

/// Factoring with recourse: notice, demand, and the seller takes its part back.
#[test]
fn an_overdue_part_goes_back_to_who_sold_it() {
    let mut trade = Trade::start(10_000);
    let give = trade.give(SELLER, 1_000);
    trade.chain.must("bank/maker", "assets", &give);
    let mut issue = issue_receivable("R-1", &"ab".repeat(32), 1_000, 900);
    // The chain's clock stands at the day after.
    issue["issue"]["due_date"] = json!("2026-11-17");
    trade.chain.must(SELLER, "receivable", &issue);
    trade
        .chain
        .must(BUYER, "receivable", &json!({"confirm": {"id": "R-1"}}));
    let finance = trade.finance("R-1", 0, 900);
    trade.chain.must("bank/maker", "assets", &finance);
    assert_eq!(trade.receivable("R-1")["overdue"], true);

    let demand = |amount: &str| json!({"demand": {"id": "R-1", "holding": 0, "amount": amount}});
    let early = trade
        .chain
        .refused("bank/maker", "receivable", &demand("910"));
    assert_eq!(early.code, "receivable.no_notice");
    let notify = json!({"notify": {"id": "R-1", "holding": 0, "notice": "0b".repeat(32)}});
    trade.chain.must("bank/maker", "receivable", &notify);
    for wrong in ["899", "1001"] {
        let refused = trade
            .chain
            .refused("bank/maker", "receivable", &demand(wrong));
        assert_eq!(refused.code, "receivable.bad_demand");
    }
    // Another maker of the bank may demand what its colleague bought.
    trade
        .chain
        .must("bank/maker-2", "receivable", &demand("910"));
    let back = trade.pay(910, &json!({"repurchase": {"id": "R-1", "holding": 0}}));
    trade.chain.must(SELLER, "assets", &back);
    assert_eq!(trade.receivable("R-1")["status"], "confirmed");
    let asset = trade.receivable("R-1")["asset"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(trade.open_parts(&asset), [(0, 1_000, SELLER.to_owned())]);
    assert_eq!(trade.balance("bank/maker"), 9_000 - 900 + 910);
    assert_eq!(trade.balance(SELLER), 1_000 + 900 - 910);
    // It is the seller's again, who may split it.
    let split = json!({"split": {"asset": asset, "holding": 0, "at": "700"}});
    trade.chain.must(SELLER, "assets", &split);
}

#[test]
fn a_native_contract_and_a_wasm_contract_work_with_each_other() {
    let modules = ["asset-issuance", "asset-transaction", "receivable"];
    let Some(modules) = modules
        .iter()
        .map(|name| Some((format!("{name}@1"), twin::module(name)?)))
        .collect::<Option<Vec<_>>>()
    else {
        not_run("set BLOCKWORM_CONTRACTS to the folder that scripts/build-contracts fills");
        return;
    };
    let (all_native, mut roots) = (trading::found(), Vec::new());
    // None of the three as a module, then one of them at a time.
    for module in std::iter::once(None).chain(modules.iter().map(Some)) {
        let mut mixed = trading::builtins();
        if let Some((code, bytes)) = module {
            mixed = mixed.with_wasm(code, bytes).unwrap();
        }
        let founded = Founded {
            authorities: Default::default(),
            keys: Default::default(),
            genesis: Arc::clone(&all_native.genesis),
            builtins: Arc::new(mixed),
        };
        let mut trade = Trade::with(Chain::start(founded), 5_000);
        let issue = issue_receivable("R-1", &"ab".repeat(32), 1_000, 950);
        trade.chain.must(SELLER, "receivable", &issue);
        // The assets send to the receivable, whose refusal undoes the payment.
        let finance = trade.finance("R-1", 0, 950);
        let early = trade.chain.refused("bank/maker", "assets", &finance);
        assert_eq!(early.code, "receivable.not_confirmed");
        let confirm = json!({"confirm": {"id": "R-1"}});
        trade.chain.must(BUYER, "receivable", &confirm);
        trade.chain.must("bank/maker", "assets", &finance);
        assert_eq!(trade.balance(SELLER), 950);
        roots.push(trade.chain.state.root());
    }
    assert!(roots.iter().all(|root| *root == roots[0]), "{roots:?}");
}
