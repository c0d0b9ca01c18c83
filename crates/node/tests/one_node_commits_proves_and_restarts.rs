//! A single validator on the real runtime: committed is durable, proven and known again after a restart.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_ledger::{Outcome, Pin, TransactionView};
use blockworm_node::{Limits, NodeConfig, NodeError, Profile, ProofError, RunningNode};
use bytes::Bytes;
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, SystemTime},
};
use support::{Consortium, builtins, parameters};

const PATIENCE: Duration = Duration::from_secs(120);

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn alone() -> Consortium {
    let mut parameters = parameters();
    parameters.heartbeat_ms = 0;
    Consortium::new(now_ms(), 1, parameters)
}

fn config(consortium: &Consortium, directory: &Path) -> NodeConfig {
    NodeConfig {
        organisation: "bank".parse().unwrap(),
        directory: directory.to_owned(),
        consensus_key: consortium.validators[0].clone(),
        cosigner: None,
        listen: free_port(),
        peers: Vec::new(),
        ledgers: vec![consortium.genesis.clone()],
        never_voted: true,
        never_voted_on: Vec::new(),
        profile: Profile::Local,
        limits: Limits::default(),
    }
}

fn start(consortium: &Consortium, directory: &Path) -> RunningNode {
    blockworm_node::start(config(consortium, directory), builtins()).unwrap()
}

fn id(transaction: &Bytes) -> blockworm_ledger::TransactionId {
    TransactionView::parse(transaction).unwrap().id()
}

/// A key that replaces another may begin in an epoch in which the one before it voted from the same folder.
#[tokio::test]
async fn a_new_key_takes_none_of_the_old_ones_votes_for_its_own() {
    let (consortium, directory) = (alone(), tempfile::tempdir().unwrap());
    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    let one = consortium.issue(0, 1, now_ms() + 60_000);
    let receipt = ledger.submit_and_wait(vec![one], PATIENCE).await;
    let height = receipt[0].as_ref().unwrap().as_ref().unwrap().height;
    drop(ledger);
    node.stop().unwrap();

    let mut next = config(&consortium, directory.path());
    next.consensus_key = support::key("the next", 0);
    let node = blockworm_node::start(next, builtins()).unwrap();
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = ledger.status();
    assert!(status.height >= height && !status.votes, "{status:?}");
    drop(ledger);
    node.stop().unwrap();

    // The key before finds its own votes again and goes on.
    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    let two = consortium.issue(0, 2, now_ms() + 60_000);
    let receipt = ledger.submit_and_wait(vec![two], PATIENCE).await;
    assert_eq!(receipt[0].as_ref().unwrap().as_ref().unwrap().code, "ok");
    drop(ledger);
    node.stop().unwrap();
}

#[tokio::test]
async fn what_is_committed_is_proven_and_survives_a_restart() {
    let (consortium, directory) = (alone(), tempfile::tempdir().unwrap());
    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    let batch: Vec<_> = (0..100)
        .map(|number| consortium.issue(0, number, now_ms() + 60_000))
        .collect();
    for result in ledger.submit_and_wait(batch.clone(), PATIENCE).await {
        let receipt = result.unwrap().unwrap();
        assert_eq!(receipt.code, "ok", "{}", receipt.message);
    }
    let first = id(&batch[7]);
    let mut proof = ledger.transaction_proof(&first).await;
    while let Err(ProofError::NotYetProvable { .. }) = proof {
        tokio::time::sleep(Duration::from_millis(20)).await;
        proof = ledger.transaction_proof(&first).await;
    }
    let proof = proof.unwrap();
    let pin = Pin::genesis(&consortium.genesis);
    assert_eq!(proof.verify(Some(&pin)).outcome, Outcome::Valid);
    let mut bent = proof.clone();
    bent.chain.finality.signatures[0].1[5] ^= 1;
    assert_eq!(bent.verify(Some(&pin)).outcome, Outcome::Broken);
    let height = ledger.status().height;
    drop(ledger);
    node.stop().unwrap();

    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    assert!(ledger.status().height >= height);
    let again = ledger.submit(vec![batch[7].clone()]).await;
    assert!(again[0].as_ref().unwrap().known);
    assert_eq!(
        ledger.receipt(&first).await.unwrap().unwrap(),
        proof.receipt
    );
    assert_eq!(
        ledger.transaction(&first).await.unwrap().unwrap().0,
        batch[7]
    );
    let fresh = consortium.issue(0, 1_000, now_ms() + 60_000);
    let results = ledger.submit_and_wait(vec![fresh], PATIENCE).await;
    assert_eq!(results[0].as_ref().unwrap().as_ref().unwrap().code, "ok");
    node.stop().unwrap();
}

#[tokio::test]
async fn an_idle_node_stops_making_blocks_once_the_roots_stand() {
    let (consortium, directory) = (alone(), tempfile::tempdir().unwrap());
    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    let one = consortium.issue(0, 0, now_ms() + 60_000);
    let results = ledger.submit_and_wait(vec![one], PATIENCE).await;
    let height = results[0].as_ref().unwrap().as_ref().unwrap().height;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(ledger.status().height, height + 4);
    node.stop().unwrap();
}

#[tokio::test]
async fn bad_transactions_are_refused_with_their_own_codes() {
    let (consortium, directory) = (alone(), tempfile::tempdir().unwrap());
    let node = start(&consortium, directory.path());
    let ledger = node.handle().ledger(&consortium.ledger).unwrap();
    let now = now_ms();
    let mut forged = consortium.issue(0, 1, now + 60_000).to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let other = Consortium::new(now - 5, 1, parameters());
    let batch = vec![
        Bytes::from_static(b"no transaction"),
        vec![0; 70_000].into(),
        forged.into(),
        consortium.issue(0, 2, now - 1),
        consortium.issue(0, 3, now + 600_000),
        other.issue(0, 4, now + 60_000),
        consortium.issue(0, 5, now + 60_000),
    ];
    let answers = ledger.submit(batch).await;
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer
                .as_ref()
                .map_or_else(|refusal| refusal.code.as_str(), |_| "taken")
        })
        .collect();
    let expected = [
        "transaction.malformed",
        "transaction.oversized",
        "transaction.bad_signature",
        "transaction.expired",
        "transaction.expiry_too_far",
        "transaction.wrong_ledger",
        "taken",
    ];
    assert_eq!(codes, expected);
    node.stop().unwrap();
}

#[test]
fn a_taken_port_a_foreign_address_and_a_broken_genesis_are_named() {
    let (consortium, directory) = (alone(), tempfile::tempdir().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut busy = config(&consortium, directory.path());
    busy.listen = taken.local_addr().unwrap();
    let error = blockworm_node::start(busy, builtins()).err().unwrap();
    assert!(matches!(error, NodeError::Listen { .. }), "{error}");
    let mut foreign = config(&consortium, directory.path());
    foreign.listen = "0.0.0.0:0".parse().unwrap();
    let error = blockworm_node::start(foreign, builtins()).err().unwrap();
    assert!(matches!(error, NodeError::NotLoopback { .. }), "{error}");
    let mut broken = config(&consortium, directory.path());
    broken.ledgers[0].parameters.root_lag = 0;
    let error = blockworm_node::start(broken, builtins()).err().unwrap();
    assert!(matches!(error, NodeError::Genesis { .. }), "{error}");
    let mut newer = config(&consortium, directory.path());
    newer.ledgers[0].protocol_version = 2;
    let error = blockworm_node::start(newer, builtins()).err().unwrap();
    assert!(
        matches!(
            error,
            NodeError::ProtocolVersion { .. } | NodeError::Genesis { .. }
        ),
        "{error}"
    );
}
