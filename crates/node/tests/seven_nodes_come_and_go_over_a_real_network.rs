//! One validator becomes four, seven and four again, and one is replaced, over real sockets and under load that never stops.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::SecretKey;
use blockworm_execution::{Action, MembershipAction};
use blockworm_ledger::{Outcome, Pin, TransactionId, TransactionView};
use blockworm_node::{LedgerHandle, Limits, NodeConfig, Peer, Profile, ProofError, RunningNode};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use support::{Consortium, ORGANISATIONS, builtins, key, parameters, propose, vote};

const PATIENCE: Duration = Duration::from_secs(90);
const NODES: usize = 7;
const EPOCH: u64 = 32;

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

struct Place {
    key: SecretKey,
    address: SocketAddr,
}

fn places() -> Vec<Place> {
    let held: Vec<_> = (0..NODES)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let place = |(number, listener): (usize, &TcpListener)| Place {
        key: key("validator", number),
        address: listener.local_addr().unwrap(),
    };
    held.iter().enumerate().map(place).collect()
}

/// A node that knows of the first one alone; of the rest it learns from the ledger.
fn start(consortium: &Consortium, places: &[Place], node: usize, directory: &Path) -> RunningNode {
    let config = NodeConfig {
        organisation: ORGANISATIONS[node % ORGANISATIONS.len()].parse().unwrap(),
        directory: directory.join(node.to_string()),
        consensus_key: places[node].key.clone(),
        cosigner: None,
        listen: places[node].address,
        peers: vec![Peer {
            key: places[0].key.public_key(),
            address: places[0].address,
        }],
        ledgers: vec![consortium.genesis.clone()],
        never_voted: true,
        never_voted_on: Vec::new(),
        profile: Profile::Local,
        limits: Limits::default(),
    };
    blockworm_node::start(config, builtins()).unwrap()
}

async fn commit(ledger: &LedgerHandle, consortium: &Consortium, by: usize, message: &str) {
    static NUMBER: AtomicU64 = AtomicU64::new(1 << 40);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let expires = now_ms() + 60_000;
    let transaction = consortium.transaction_to("proposals", by, number, message, expires);
    let results = ledger.submit_and_wait(vec![transaction], PATIENCE).await;
    let receipt = results[0]
        .as_ref()
        .unwrap()
        .as_ref()
        .expect("no receipt in time");
    assert_eq!(receipt.code, "ok", "{message}: {}", receipt.message);
}

struct Votes<'a> {
    ledger: LedgerHandle,
    consortium: &'a Consortium,
    proposals: u64,
}

impl Votes<'_> {
    async fn decide(&mut self, change: Action) {
        self.proposals += 1;
        commit(&self.ledger, self.consortium, 0, &propose(&change)).await;
        for by in [1, 2] {
            let vote = vote(self.proposals, &change);
            commit(&self.ledger, self.consortium, by, &vote).await;
        }
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Submits without a pause, and returns the ids that were committed; every one must be.
async fn load(
    ledger: LedgerHandle,
    consortium: Consortium,
    stop: Arc<AtomicBool>,
) -> Vec<TransactionId> {
    let mut committed = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let batch: Vec<_> = (number..number + 20)
            .map(|number| consortium.issue(3, number, now_ms() + 100_000))
            .collect();
        number += 20;
        let ids: Vec<_> = batch
            .iter()
            .map(|bytes| TransactionView::parse(bytes).unwrap().id())
            .collect();
        for result in ledger.submit_and_wait(batch, PATIENCE).await {
            assert_eq!(result.unwrap().expect("lost under load").code, "ok");
        }
        committed.extend(ids);
    }
    committed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_becomes_four_seven_and_four_again_under_load() {
    let mut parameters = parameters();
    parameters.epoch_length = EPOCH;
    let consortium = Consortium::new(now_ms() - 1_000, 1, parameters);
    let places = places();
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = vec![start(&consortium, &places, 0, directory.path())];
    let ledger = nodes[0].handle().ledger(&consortium.ledger).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let loading = tokio::spawn(load(ledger.clone(), consortium.clone(), stop.clone()));
    let mut votes = Votes {
        ledger: ledger.clone(),
        consortium: &consortium,
        proposals: 0,
    };
    for to in [4, 7] {
        for node in nodes.len()..to {
            let (key, address) = (places[node].key.public_key(), places[node].address);
            let organisation = node % ORGANISATIONS.len();
            let admit = consortium.admission(organisation, &places[node].key, address.to_string());
            votes.decide(admit).await;
            nodes.push(start(&consortium, &places, node, directory.path()));
            let add = MembershipAction::AddValidator { key };
            votes.decide(Action::Membership(add)).await;
        }
        let ledgers: Vec<_> = nodes
            .iter()
            .map(|node| node.handle().ledger(&consortium.ledger).unwrap())
            .collect();
        until("all vote", || {
            let mut status = ledgers.iter().map(LedgerHandle::status);
            status.all(|status| status.votes && status.validators == to)
        })
        .await;
    }
    for place in &places[4..] {
        let key = place.key.public_key();
        let remove = MembershipAction::RemoveValidator { key };
        votes.decide(Action::Membership(remove)).await;
    }
    until("four vote", || ledger.status().validators == 4).await;
    replace(&mut nodes, &places, &mut votes).await;
    // The others go; without the one that stopped, each of the three is needed.
    for node in [4, 3, 2] {
        nodes.remove(node).stop().unwrap();
    }
    let height = ledger.status().height;
    until("blocks follow", || ledger.status().height > height + EPOCH).await;
    stop.store(true, Ordering::Relaxed);
    let committed = loading.await.unwrap();
    prove(&ledger, &consortium, committed.last().unwrap()).await;
    drop((ledger, votes));
    for node in nodes {
        node.stop().unwrap();
    }
}

/// Node 6 in the place of node 2, while node 3 is away.
async fn replace(nodes: &mut Vec<RunningNode>, places: &[Place], votes: &mut Votes<'_>) {
    // One of the three takes the place of another node of its organisation, whose vote is needed to
    // the end of the epoch: three of four validators run when it is over.
    let (old, new) = (&places[2], &places[6]);
    let replace = MembershipAction::ReplaceNode {
        key: old.key.public_key(),
        by: votes.consortium.node_chain(2, &new.key),
        address: new.address.to_string(),
    };
    nodes.remove(3).stop().unwrap();
    votes.decide(Action::Membership(replace)).await;
    let successor = nodes[5].handle().ledger(&votes.consortium.ledger).unwrap();
    until("the new one votes", || {
        let status = successor.status();
        status.votes && status.validators == 4
    })
    .await;
    let replaced = nodes[2].handle().ledger(&votes.consortium.ledger).unwrap();
    let last = replaced.status();
    assert!(!last.votes || last.epoch < successor.status().epoch);
}

/// The proof leads from the genesis's one validator to the four of now.
async fn prove(ledger: &LedgerHandle, consortium: &Consortium, id: &TransactionId) {
    let proof = loop {
        match ledger.transaction_proof(id).await {
            Err(ProofError::NotYetProvable { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            proof => break proof.unwrap(),
        }
    };
    let report = proof.verify(Some(&Pin::genesis(&consortium.genesis)));
    assert_eq!(report.outcome, Outcome::Valid, "{report:?}");
    assert!(
        proof.chain.handovers.len() >= 3,
        "{} handovers",
        proof.chain.handovers.len()
    );
}
