//! A node whose state was deleted makes it again from its own blocks, and its proofs are the same.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, load::send_batch, wait};
use serde_json::Value;
use std::{fs, time::Duration};

const WAIT: Duration = Duration::from_secs(30);

/// What a node says of a transaction at every place that is derived from blocks.
fn told(consortium: &Consortium, transaction: &str, receivable: &str) -> [Value; 2] {
    [
        consortium.run(&["tx", "show", transaction]).json(),
        consortium.run(&["receivable", "show", receivable]).json(),
    ]
}

#[test]
fn a_lost_state_is_rebuilt_from_blocks() {
    let consortium = Consortium::planned(1);
    let up = consortium.up(&["--sample"]).json();
    let transaction = up["sample"]["transaction"].as_str().unwrap();
    let receivable = up["sample"]["receivable"].as_str().unwrap();
    wait(async {
        consortium.fund("bank/maker", 1_000_000).await;
        let maker = consortium.signer("bank/maker");
        let money = consortium.money();
        let platform = consortium.client("platform");
        for _ in 0..5 {
            let done = send_batch(&platform, &maker, (money, "bank/checker"), 200, WAIT).await;
            assert_eq!(done.refused, Vec::<String>::new());
        }
    });
    let before = told(&consortium, transaction, receivable);
    consortium.run(&["down"]).json();

    let ledger = consortium.ledger();
    let state = consortium
        .folder
        .root()
        .join("platform/ledgers")
        .join(&ledger)
        .join("state");
    fs::remove_dir_all(&state).unwrap();
    consortium.up(&[]).json();
    assert!(state.is_dir());
    assert_eq!(told(&consortium, transaction, receivable), before);
    let log = fs::read_to_string(consortium.folder.root().join("platform/node.log")).unwrap();
    assert!(log.contains("rebuilding state from blocks"), "{log}");
    wait(async {
        assert_eq!(consortium.balance("platform", "bank/checker").await, 1_000);
        // It goes on from there, and what comes next is final on the rebuilt state's root.
        let maker = consortium.signer("bank/maker");
        let money = consortium.money();
        let platform = consortium.client("platform");
        let done = send_batch(&platform, &maker, (money, "bank/checker"), 10, WAIT).await;
        assert_eq!(done.ids.len(), 10, "{:?}", done.refused);
    });
}
