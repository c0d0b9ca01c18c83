//! Contracts that panic, overflow, spin, or ask for what the host does not give: each its own
//! code, no trace in the state, and the node goes on.

#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/unruly.rs"]
mod unruly;

use blockworm_execution::Native;
use serde_json::{Value, json};
use support::{Chain, builtins, found_with, parameters};

fn chain() -> Chain {
    let native = Native::new(
        |deps, env, info, msg| unruly::instantiate(deps, env, info, msg).map_err(|e| e.to_string()),
        unruly::execute,
        unruly::query,
    );
    let builtins = builtins().with("unruly@1", native);
    Chain::start(found_with(
        builtins,
        &[("unruly", "unruly@1")],
        parameters(),
    ))
}

fn refused(chain: &mut Chain, message: &Value) -> (String, String, u64) {
    let receipt = chain.refused("bank/maker", "unruly", message);
    (receipt.code, receipt.message, receipt.cost)
}

fn touched(chain: &Chain) -> Value {
    chain.query("unruly", &json!({"get": {"key": "touched"}}))
}

#[test]
fn a_panic_is_a_code_and_its_text_stays_here() {
    let mut chain = chain();
    for message in ["panic", "overflow", "panic_oddly"] {
        let transaction = Chain::sign(chain.body("bank/maker", "unruly", &json!({message: {}})));
        let block = chain.block(&[transaction]);
        let (outcome, _) = chain.run(&block);
        let receipt = &outcome.receipts[0];
        assert_eq!(receipt.code, "contract.panicked");
        assert_eq!(receipt.message, "the contract's code stopped by itself");
        assert_eq!(outcome.notes.len(), 1);
        assert!(outcome.notes[0].contains(".rs:"), "{:?}", outcome.notes);
        assert_eq!(touched(&chain), "");
    }
    chain.must(
        "bank/maker",
        "unruly",
        &json!({"write": {"key": "touched"}}),
    );
    assert_eq!(touched(&chain), "v");
}

#[test]
fn work_without_end_costs_the_limit_and_stops() {
    let mut chain = chain();
    for message in ["spin", "scan_for_ever", "swallow"] {
        let (code, _, cost) = refused(&mut chain, &json!({message: {}}));
        assert_eq!(
            (code.as_str(), cost),
            ("execution.cost_exceeded", 1_000_000),
            "{message}"
        );
    }
    let shout = refused(&mut chain, &json!({"shout": {"events": 10_000}}));
    assert_eq!(shout.0, "execution.cost_exceeded");
}

#[test]
fn storage_has_bounds() {
    let mut chain = chain();
    let cases = [
        (json!({"empty": {}}), "contract.panicked"),
        (
            json!({"large": {"bytes": 131_073}}),
            "execution.value_too_large",
        ),
        (
            json!({"long_key": {"bytes": 1025}}),
            "execution.value_too_large",
        ),
    ];
    for (message, wanted) in cases {
        assert_eq!(refused(&mut chain, &message).0, wanted, "{message}");
    }
    chain.must(
        "bank/maker",
        "unruly",
        &json!({"long_key": {"bytes": 1024}}),
    );
    chain.must(
        "bank/maker",
        "unruly",
        &json!({"large": {"bytes": 131_072}}),
    );
}

#[test]
fn scans_see_what_the_transaction_and_the_block_wrote() {
    let mut chain = chain();
    let scan = |count: u32| json!({"scan": {"count": count}});
    let transactions =
        [60, 0, 150].map(|count| Chain::sign(chain.body("bank/maker", "unruly", &scan(count))));
    // The second transaction of the block finds the first one's keys, so its own expectation fails.
    let receipts = chain.commit(&transactions);
    let codes: Vec<_> = receipts
        .iter()
        .map(|receipt| receipt.code.as_str())
        .collect();
    assert_eq!(codes, ["ok", "contract.panicked", "ok"]);
    assert_eq!(receipts[2].data, b"50");
    let receipt = chain.must("bank/maker", "unruly", &scan(200));
    assert_eq!(receipt.data, b"66");
}

#[test]
fn messages_are_all_or_nothing() {
    let mut chain = chain();
    let nest = |depth: u32, then: Value| json!({"nest": {"depth": depth, "then": then}});
    let (code, message, _) = refused(
        &mut chain,
        &nest(5, json!({"refuse": {"text": "unruly.no: because"}})),
    );
    assert_eq!((code.as_str(), message.as_str()), ("unruly.no", "because"));
    assert_eq!(
        refused(&mut chain, &nest(3, json!({"panic": {}}))).0,
        "contract.panicked"
    );
    assert_eq!(touched(&chain), "");
    assert_eq!(
        refused(&mut chain, &nest(9, json!({"fail": {}}))).0,
        "execution.too_deep"
    );
    assert_eq!(
        refused(&mut chain, &nest(8, json!({"speak": {}}))).0,
        "execution.too_deep"
    );
    chain.must(
        "bank/maker",
        "unruly",
        &nest(7, json!({"write": {"key": "deep"}})),
    );
    let many = refused(&mut chain, &json!({"fan": {"count": 65}})).0;
    assert_eq!(many, "execution.too_many_messages");
    chain.must("bank/maker", "unruly", &json!({"fan": {"count": 64}}));
    assert_eq!(chain.query("unruly", &json!({"get": {"key": "63"}})), "v");
}

#[test]
fn what_the_host_does_not_give_has_codes() {
    let mut chain = chain();
    let cases = [
        (json!({"reply": {}}), "execution.reply_unsupported"),
        (json!({"bank": {}}), "execution.message_unsupported"),
        (json!({"funds": {}}), "execution.funds_unsupported"),
        (json!({"call": {"contract": "nothing"}}), "contract.unknown"),
        (
            json!({"call": {"contract": "money"}}),
            "contract.bad_message",
        ),
        (
            json!({"call": {"contract": "members"}}),
            "contract.bad_message",
        ),
        (json!({"fail": {}}), "contract.failed"),
        (
            json!({"refuse": {"text": "member.revoked: not me"}}),
            "contract.failed",
        ),
        (json!({"refuse": {"text": "ok: fine"}}), "contract.failed"),
        (json!({"nonsense": {}}), "contract.bad_message"),
        (json!("speak"), "contract.bad_message"),
    ];
    for (message, wanted) in cases {
        let (code, sentence, _) = refused(&mut chain, &message);
        assert_eq!(code, wanted, "{message}");
        assert!(!sentence.contains("library text") && !sentence.contains("nonsense"));
    }
}

#[test]
fn a_contract_cannot_pose_as_a_member() {
    let mut chain = chain();
    // A message from a contract carries the contract's name as its sender.
    let revoke = json!({"revoke": {"member": "bank/maker", "reason": "x"}});
    let receipt = chain.refused("unruly/admin", "members", &revoke);
    assert_eq!(receipt.code, "member.unknown");
}

#[test]
fn events_carry_contract_type_subject_and_attributes() {
    let mut chain = chain();
    let receipt = chain.must("bank/maker", "unruly", &json!({"speak": {}}));
    assert_eq!(receipt.data, b"data");
    let (plain, spoken) = (&receipt.events[0], &receipt.events[1]);
    assert_eq!((plain.kind.as_str(), plain.subject.as_str()), ("wasm", ""));
    assert_eq!(plain.attribute("plain"), Some("yes"));
    assert_eq!(
        (spoken.contract.as_str(), spoken.kind.as_str()),
        ("unruly", "spoken")
    );
    assert_eq!(spoken.subject, "S-1");
    let pairs = [("a", "1"), ("b", "2"), ("subject", "kept")];
    assert_eq!(
        spoken.attributes,
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
}

#[test]
fn queries_between_contracts_are_bounded_and_read_only() {
    let mut chain = chain();
    let ask = |contract: &str, question: &Value| json!({"ask": {"contract": contract, "question": question.to_string()}});
    let deeper = chain.must(
        "bank/maker",
        "unruly",
        &ask("unruly", &json!({"deeper": {}})),
    );
    assert_eq!(deeper.data, b"++++++++");
    let panicking = chain.must(
        "bank/maker",
        "unruly",
        &ask("unruly", &json!({"panic": {}})),
    );
    assert_eq!(panicking.data, b"refused");
    let own = chain.must(
        "bank/maker",
        "unruly",
        &ask("unruly", &json!({"get": {"key": "touched"}})),
    );
    assert_eq!(own.data, b"yes", "a query sees what its transaction wrote");
    let genesis = chain.must(
        "bank/maker",
        "unruly",
        &ask("ledger", &json!({"genesis": {}})),
    );
    assert_eq!(
        genesis.data,
        chain.founded.genesis.digest().to_string().as_bytes()
    );
    let reader = chain.executor.reader();
    assert_eq!(
        reader.query("unruly", br#"{"panic":{}}"#).unwrap_err().code,
        "contract.panicked"
    );
    let failed = reader.query("unruly", br#"{"write":{}}"#).unwrap_err();
    assert_eq!(failed.code, "contract.failed");
}

#[test]
fn a_contract_knows_the_block_and_nothing_else() {
    let mut chain = chain();
    let transaction = Chain::sign(chain.body("bank/maker", "unruly", &json!({"where_am_i": {}})));
    let time_ms = chain.time_ms() + support::STEP_MS;
    let receipt = chain.commit(std::slice::from_ref(&transaction)).remove(0);
    let facts: Value = serde_json::from_slice(&receipt.data).unwrap();
    let ledger = chain.founded.genesis.ledger_id().to_string();
    assert_eq!(facts[1], "bank/maker");
    assert_eq!(facts[0]["block"]["height"], 1);
    assert_eq!(facts[0]["block"]["time"], (time_ms * 1_000_000).to_string());
    assert_eq!(facts[0]["block"]["chain_id"], ledger);
    assert_eq!(facts[0]["transaction"]["index"], 0);
    assert_eq!(facts[0]["contract"]["address"], "unruly");
}
