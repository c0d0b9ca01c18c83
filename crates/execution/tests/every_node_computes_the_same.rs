//! Determinism, replay protection and idempotent execution, across nodes and restarts.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_execution::ExecutionError;
use blockworm_ledger::{LedgerId, Transaction};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{
    BUYER, Chain, SELLER, found, mint, pay,
    trading::{self, Trade, issue_receivable},
};

#[test]
fn a_transaction_counts_once() {
    let mut chain = Chain::start(found());
    let transaction = Chain::sign(chain.body("bank/maker", "money", &mint("bank/maker", 7)));
    let twice = [transaction.clone(), transaction.clone()];
    let receipts = chain.commit(&twice);
    assert_eq!(receipts[0].code, "ok");
    assert_eq!(receipts[1].code, "transaction.replayed");
    assert_eq!(chain.commit(&twice)[0].code, "transaction.replayed");
    let mut chain = chain.restart();
    assert_eq!(chain.commit(&twice[..1])[0].code, "transaction.replayed");
    assert_eq!(chain.balance("bank/maker"), 7);
    // Once it has expired its id is forgotten, and it stays refused.
    for _ in 0..62 {
        chain.commit(&[]);
    }
    assert_eq!(chain.commit(&twice[..1])[0].code, "transaction.expired");
    assert_eq!(chain.balance("bank/maker"), 7);
}

#[test]
fn another_signature_on_the_same_body_is_a_replay() {
    let mut chain = Chain::start(found());
    let body = chain.body("bank/maker", "money", &mint("bank/maker", 7));
    let first = Chain::sign(body.clone());
    // Whether it verifies is decided before execution; the id is the body's alone.
    let other = Transaction {
        body,
        signature: support::key_of("other").sign(
            &blockworm_crypto::Namespace::from_static("blockworm/other"),
            &first.id(),
        ),
    };
    let receipts = chain.commit(&[first, other]);
    assert_eq!(receipts[1].code, "transaction.replayed");
}

#[test]
fn a_refused_transaction_is_remembered_too() {
    let mut chain = Chain::start(found());
    let transaction = Chain::sign(chain.body("bank/maker", "money", &pay("court/admin", 7)));
    let once = std::slice::from_ref(&transaction);
    assert_eq!(chain.commit(once)[0].code, "money.insufficient_funds");
    chain.must("bank/maker", "money", &mint("bank/maker", 7));
    assert_eq!(chain.commit(once)[0].code, "transaction.replayed");
}

#[test]
fn a_redelivered_block_changes_nothing() {
    let mut chain = Chain::start(found());
    let transaction = Chain::sign(chain.body("bank/maker", "money", &mint("bank/maker", 7)));
    let block = chain.block(&[transaction]);
    let (_, root) = chain.run(&block);
    assert!(chain.executor.execute_block(&block).unwrap().is_none());
    let mut chain = chain.restart();
    assert!(chain.executor.execute_block(&block).unwrap().is_none());
    assert_eq!(chain.state.root(), root);
    assert_eq!(chain.balance("bank/maker"), 7);
}

#[test]
fn a_block_executed_but_not_committed_is_executed_again_after_a_restart() {
    let founded = Arc::new(found());
    let mut steady = Chain::join(&founded);
    let mut crashing = Chain::join(&founded);
    let transaction = Chain::sign(steady.body("bank/maker", "money", &mint("bank/maker", 7)));
    let block = steady.block(&[transaction]);
    let (outcome, root) = steady.run(&block);
    crashing.executor.execute_block(&block).unwrap().unwrap();
    let mut crashing = crashing.restart();
    assert_eq!(crashing.executor.height(), Some(0));
    let (again, again_root) = crashing.run(&block);
    assert_eq!((again.receipts, again_root), (outcome.receipts, root));
}

#[test]
fn blocks_that_do_not_follow_are_not_executed() {
    let mut chain = Chain::start(found());
    let mut late = chain.block(&[]);
    late.header.height = 5;
    let error = chain.executor.execute_block(&late).unwrap_err();
    assert!(matches!(
        error,
        ExecutionError::OutOfOrder {
            expected: 1,
            got: 5
        }
    ));
    let mut foreign = chain.block(&[]);
    foreign.header.ledger = LedgerId([9; 16]);
    let error = chain.executor.execute_block(&foreign).unwrap_err();
    assert!(matches!(error, ExecutionError::OtherLedger));
    chain.commit(&[]);
}

#[test]
fn a_state_of_another_genesis_is_refused() {
    let chain = Chain::start(found());
    let other = found();
    let state = chain.state.clone();
    let refused = blockworm_execution::Executor::new(state, other.genesis, other.builtins);
    assert!(matches!(
        refused.map(|_| ()),
        Err(ExecutionError::OtherGenesis)
    ));
}

#[test]
fn a_genesis_is_refused_for_what_is_wrong_with_it() {
    type Spoil = fn(&mut blockworm_ledger::Genesis);
    let spoils: [Spoil; 5] = [
        |genesis| genesis.contracts[0].code = "money@2".into(),
        |genesis| genesis.contracts[1].init = "{}".into(),
        |genesis| genesis.contracts[0].name = "members".parse().unwrap(),
        |genesis| {
            let court = genesis.organisations[1].ca_certificate.clone();
            genesis.organisations[0].ca_certificate = court;
        },
        |genesis| genesis.organisations[0].members[0].id = "bank/other".parse().unwrap(),
    ];
    for (at, spoil) in spoils.into_iter().enumerate() {
        let founded = found();
        let mut genesis = (*founded.genesis).clone();
        spoil(&mut genesis);
        let state =
            blockworm_state::State::open(blockworm_state::MemoryStore::default(), 8).unwrap();
        let outcome =
            blockworm_execution::Executor::new(state.clone(), Arc::new(genesis), founded.builtins)
                .and_then(|mut executor| executor.apply_genesis());
        assert!(outcome.is_err(), "case {at}");
        assert_eq!(state.height(), None);
    }
}

/// Settlement money that is there from the beginning.
const ISSUED: u128 = 1_000;

const MEMBERS: [&str; 6] = [
    "bank/maker",
    "bank/maker-2",
    "court/admin",
    "platform/admin",
    SELLER,
    BUYER,
];

fn step() -> impl Strategy<Value = (usize, usize, u128, usize)> {
    (0..MEMBERS.len(), 0..MEMBERS.len(), 0u128..400, 0..10usize)
}

fn message(
    trade: &Trade,
    (_, to, amount, what): (usize, usize, u128, usize),
) -> (&'static str, Value) {
    let id = format!("R-{}", amount % 5);
    match what {
        0 => ("money", mint(MEMBERS[to], amount)),
        1 => ("money", pay(MEMBERS[to], amount)),
        2..=4 => ("assets", trade.give(MEMBERS[to], amount)),
        5 => (
            "receivable",
            issue_receivable(&id, &format!("{:064x}", amount % 7), 100, 90),
        ),
        6 => ("receivable", json!({"confirm": {"id": id}})),
        7 => ("assets", trade.finance(&id, 0, 90)),
        8 => (
            "members",
            json!({"revoke": {"member": MEMBERS[to], "reason": "random"}}),
        ),
        _ => ("nothing", json!({})),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_nodes_agree_on_receipts_and_roots(
        blocks in proptest::collection::vec(proptest::collection::vec(step(), 0..12), 1..8),
        restart_at in 0usize..8,
    ) {
        let founded = Arc::new(trading::found());
        let mut one = Trade::with(Chain::join(&founded).beside_wasm(), ISSUED);
        let mut two = Trade::with(Chain::join(&founded), ISSUED).chain;
        prop_assert_eq!(one.chain.state.root(), two.state.root());
        for (at, steps) in blocks.into_iter().enumerate() {
            if at == restart_at {
                two = two.restart();
            }
            let mut transactions = Vec::new();
            for step in steps {
                let (contract, message) = message(&one, step);
                let body = one.chain.body(MEMBERS[step.0], contract, &message);
                transactions.push(Chain::sign(body));
            }
            if let Some(first) = transactions.first().cloned() {
                transactions.push(first);
            }
            let block = one.chain.block(&transactions);
            let (first, first_root) = one.chain.run(&block);
            let (second, second_root) = two.run(&block);
            prop_assert_eq!(first.receipts, second.receipts);
            prop_assert_eq!(first.receipts_root, second.receipts_root);
            prop_assert_eq!(first_root, second_root);
        }
        let held: u128 = MEMBERS.iter().chain(&["receivable"]).map(|who| one.balance(who)).sum();
        prop_assert_eq!(held, ISSUED);
    }

    #[test]
    fn no_message_makes_a_node_stop(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let mut chain = Chain::start(found()).beside_wasm();
        let mut transactions = Vec::new();
        for contract in ["money", "receivable", "members", "organisations", "contracts", "ledger"] {
            for message in [text.as_bytes().to_vec(), String::from_utf8_lossy(&bytes).into_owned().into_bytes()] {
                let mut body = chain.body("bank/admin", contract, &json!({}));
                body.message = message;
                transactions.push(Chain::sign(body));
            }
        }
        for receipt in chain.commit(&transactions) {
            prop_assert_eq!(receipt.code, "contract.bad_message");
        }
        for contract in ["money", "receivable", "members", "organisations", "contracts", "ledger"] {
            prop_assert!(chain.executor.reader().query(contract, &bytes).is_err());
        }
    }
}
