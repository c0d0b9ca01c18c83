//! One process runs two ledgers; one of them passes many epochs, and both go on after a restart.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_ledger::{Outcome, Pin, TransactionId, TransactionView};
use blockworm_node::{LedgerHandle, Limits, NodeConfig, Profile, ProofError, RunningNode};
use bytes::Bytes;
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, SystemTime},
};
use support::{Consortium, builtins, parameters};

const PATIENCE: Duration = Duration::from_secs(120);
/// Blocks in an epoch of the ledger that passes many.
const SHORT_EPOCH: u64 = 6;

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn consortium(epoch_length: u64, age_ms: u64) -> Consortium {
    let mut parameters = parameters();
    parameters.heartbeat_ms = 0;
    parameters.epoch_length = epoch_length;
    Consortium::new(now_ms() - age_ms, 1, parameters)
}

fn start(ledgers: [&Consortium; 2], directory: &Path) -> RunningNode {
    let config = NodeConfig {
        organisation: "bank".parse().unwrap(),
        directory: directory.to_owned(),
        consensus_key: ledgers[0].validators[0].clone(),
        cosigner: None,
        listen: free_port(),
        peers: Vec::new(),
        ledgers: ledgers.map(|one| one.genesis.clone()).into(),
        never_voted: true,
        never_voted_on: Vec::new(),
        profile: Profile::Local,
        limits: Limits::default(),
    };
    blockworm_node::start(config, builtins()).unwrap()
}

async fn commit(ledger: &LedgerHandle, transaction: Bytes) -> u64 {
    let results = ledger.submit_and_wait(vec![transaction], PATIENCE).await;
    let receipt = results[0].as_ref().unwrap().as_ref().unwrap();
    assert_eq!(receipt.code, "ok", "{}", receipt.message);
    receipt.height
}

async fn outcome_of_proof(
    ledger: &LedgerHandle,
    id: &TransactionId,
    genesis: &Consortium,
) -> Outcome {
    loop {
        match ledger.transaction_proof(id).await {
            Err(ProofError::NotYetProvable { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            proof => {
                return proof
                    .unwrap()
                    .verify(Some(&Pin::genesis(&genesis.genesis)))
                    .outcome;
            }
        }
    }
}

#[tokio::test]
async fn two_ledgers_keep_apart_and_epochs_pass_into_each_other() {
    let (long, short) = (consortium(1 << 30, 1_000), consortium(SHORT_EPOCH, 2_000));
    assert_ne!(long.ledger, short.ledger);
    let directory = tempfile::tempdir().unwrap();
    let node = start([&long, &short], directory.path());
    let handle = node.handle();
    let one = handle.ledger(&long.ledger).unwrap();
    let other = handle.ledger(&short.ledger).unwrap();

    let stray = long.issue(0, 0, now_ms() + 60_000);
    let answers = other.submit(vec![stray.clone()]).await;
    assert_eq!(
        answers[0].as_ref().unwrap_err().code,
        "transaction.wrong_ledger"
    );
    commit(&one, stray).await;
    let untouched = one.status().height;

    // Four empty blocks follow each block with a transaction, so these pass several epochs.
    let mut last = Bytes::new();
    let mut height = 0;
    for number in 0..8 {
        last = short.issue(0, number, now_ms() + 60_000);
        height = commit(&other, last.clone()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        height > 3 * SHORT_EPOCH,
        "only {height} blocks: no epoch was passed"
    );
    let id = TransactionView::parse(&last).unwrap().id();
    assert_eq!(outcome_of_proof(&other, &id, &short).await, Outcome::Valid);
    assert!(
        one.status().height <= untouched + 4,
        "a block of one ledger came to the other"
    );
    drop((one, other, handle));
    node.stop().unwrap();

    let node = start([&long, &short], directory.path());
    let handle = node.handle();
    let (one, other) = (
        handle.ledger(&long.ledger).unwrap(),
        handle.ledger(&short.ledger).unwrap(),
    );
    assert_eq!(other.receipt(&id).await.unwrap().unwrap().height, height);
    assert!(commit(&other, short.issue(0, 100, now_ms() + 60_000)).await > height);
    assert!(commit(&one, long.issue(0, 100, now_ms() + 60_000)).await >= untouched);
    drop((one, other, handle));
    node.stop().unwrap();
}
