//! A seeded simulation of nodes on the engine's deterministic runtime and simulated network.

#![allow(dead_code, clippy::unwrap_used)]

use super::{Consortium, ORGANISATIONS, builtins};
use blockworm_crypto::{Digest, SecretKey};
use blockworm_ledger::{TransactionId, TransactionView};
use blockworm_node::{
    Cosigner, LedgerHandle,
    consensus::keys,
    engine::{self, Setup},
    mempool::Limits,
    network::{self, CHANNELS, Hints, Lanes},
};
use blockworm_state::MemoryStore;
use bytes::Bytes;
use commonware_cryptography::{
    Signer as _,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{
    Manager as _,
    simulated::{Config, Link, Network, Oracle, Receiver, Sender},
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Clock as _, Handle, Quota, Spawner as _, Supervisor as _, deterministic::Context,
};
use commonware_utils::{NZU32, NZUsize, ordered::Set, probability};
use std::time::{Duration, UNIX_EPOCH};

pub const START_MS: u64 = 1_795_000_000_000;
const QUOTA: Quota = Quota::per_second(NZU32!(4_096));

pub type Wire = (Sender<PublicKey, Context>, Receiver<PublicKey>);

/// One node of the simulation: what survives a crash, and what runs.
pub struct Node {
    pub signer: PrivateKey,
    pub never_voted: bool,
    pub cosigner: Option<Cosigner>,
    pub store: MemoryStore,
    pub running: Option<(Handle<()>, LedgerHandle)>,
}

/// The whole consortium under one seed.
pub struct World {
    pub context: Context,
    pub oracle: Oracle<PublicKey, Context>,
    pub consortium: Consortium,
    pub nodes: Vec<Node>,
    submitted: u64,
    pub acknowledged: Vec<TransactionId>,
}

fn link() -> Link {
    Link {
        latency: Duration::from_millis(8),
        jitter: Duration::from_millis(4),
        success_rate: probability!(1.0),
    }
}

impl World {
    /// A network of nodes with these keys, none of them started.
    pub async fn new(context: Context, consortium: Consortium, keys: &[SecretKey]) -> Self {
        let signers: Vec<_> = keys.iter().map(|key| keys::signer(key).unwrap()).collect();
        let config = Config {
            max_size: 16 << 20,
            max_peers_per_set: NZUsize!(8),
            disconnect_on_block: true,
            tracked_peer_sets: NZUsize!(1),
        };
        let (network, oracle) = Network::new(context.child("network"), config);
        network.start();
        let keys = Set::from_iter_dedup(signers.iter().map(|signer| signer.public_key()));
        oracle.manager().track(0, keys);
        let node = |signer| Node {
            signer,
            never_voted: true,
            cosigner: None,
            store: MemoryStore::new(),
            running: None,
        };
        let nodes = signers.into_iter().map(node).collect();
        Self {
            context,
            oracle,
            consortium,
            nodes,
            submitted: 0,
            acknowledged: Vec::new(),
        }
    }

    pub fn public(&self, node: usize) -> PublicKey {
        self.nodes[node].signer.public_key()
    }

    pub async fn connect(&mut self, one: &[usize], other: &[usize], connected: bool) {
        for &a in one {
            for &b in other.iter().filter(|b| **b != a) {
                for (from, to) in [(a, b), (b, a)] {
                    let (from, to) = (self.public(from), self.public(to));
                    // Links that are there already, or gone already, may stay so.
                    let _ = if connected {
                        self.oracle.add_link(from, to, link()).await
                    } else {
                        self.oracle.remove_link(from, to).await
                    };
                }
            }
        }
    }

    pub async fn wires(&self, node: usize) -> [Wire; CHANNELS.len()] {
        let control = self.oracle.control(self.public(node));
        let mut wires = Vec::new();
        for channel in 0..CHANNELS.len() as u64 {
            wires.push(control.register(channel, QUOTA).await.unwrap());
        }
        wires.try_into().ok().unwrap()
    }

    /// Starts a node, for the first time or after a crash.
    pub async fn start(&mut self, node: usize) {
        let wires = self.wires(node).await;
        let blocker = self.oracle.control(self.public(node));
        let setup = Setup {
            genesis: self.consortium.genesis.clone(),
            store: self.nodes[node].store.clone(),
            builtins: builtins(),
            limits: Limits {
                transactions: 10_000,
                bytes: 8 << 20,
            },
            organisation: ORGANISATIONS[node % ORGANISATIONS.len()].parse().unwrap(),
            signer: self.nodes[node].signer.clone(),
            never_voted: self.nodes[node].never_voted,
            cosigner: self.nodes[node].cosigner.clone(),
            partition_prefix: format!("node-{node}-"),
        };
        let (ready, started) = tokio::sync::oneshot::channel();
        let context = self.context.child("node").with_attribute("place", node);
        let handle = context.spawn(move |context| async move {
            let hints = Hints::default();
            let mut lanes: Lanes<_> = network::divide(&context, wires, &hints);
            let root = context.child("ledger");
            let handle = engine::start(root, setup, &mut lanes, &hints, blocker, Sequential)
                .await
                .unwrap_or_else(|error| panic!("a node does not start: {error}"));
            let _ = ready.send(handle);
            std::future::pending::<()>().await;
        });
        self.nodes[node].never_voted = false;
        self.nodes[node].running = Some((handle, started.await.unwrap()));
    }

    /// Ends a node between any two of its steps. What it did not write is lost.
    pub async fn crash(&mut self, node: usize) {
        let (task, _) = self.nodes[node].running.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    pub fn ledger(&self, node: usize) -> LedgerHandle {
        self.nodes[node].running.as_ref().unwrap().1.clone()
    }

    pub fn now_ms(&self) -> u64 {
        self.context
            .current()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis() as u64
    }

    /// Submits transactions to a node and remembers those that it acknowledges as committed.
    pub async fn submit_and_wait(&mut self, node: usize, count: u64) {
        let expires = self.now_ms() + 100_000;
        let batch: Vec<Bytes> = (0..count)
            .map(|number| {
                self.consortium
                    .issue(node % ORGANISATIONS.len(), self.submitted + number, expires)
            })
            .collect();
        self.submitted += count;
        let ids: Vec<_> = batch
            .iter()
            .map(|bytes| TransactionView::parse(bytes).unwrap().id())
            .collect();
        let results = self
            .ledger(node)
            .submit_and_wait(batch, Duration::from_secs(40))
            .await;
        for (id, result) in ids.into_iter().zip(results) {
            if let Some(receipt) = result.unwrap() {
                assert_eq!(receipt.code, "ok", "{}", receipt.message);
                self.acknowledged.push(id);
            }
        }
    }

    /// Submits without waiting; these may be lost when the node crashes.
    pub async fn submit(&mut self, node: usize, count: u64) {
        let expires = self.now_ms() + 100_000;
        let batch = (0..count)
            .map(|number| {
                self.consortium
                    .issue(node % ORGANISATIONS.len(), self.submitted + number, expires)
            })
            .collect();
        self.submitted += count;
        for answer in self.ledger(node).submit(batch).await {
            answer.unwrap();
        }
    }

    /// Waits until the given nodes have a height and returns the chain up to it, which must be the
    /// same on all of them.
    pub async fn agreed_chain(&self, nodes: &[usize]) -> Vec<Digest> {
        let height = nodes
            .iter()
            .map(|node| self.ledger(*node).status().height)
            .max()
            .unwrap();
        let deadline = self.now_ms() + 120_000;
        for &node in nodes {
            while self.ledger(node).status().height < height {
                assert!(self.now_ms() < deadline, "node {node} does not catch up");
                self.context.sleep(Duration::from_millis(100)).await;
            }
        }
        let mut chain = Vec::new();
        for at in 1..=height {
            let mut digests = Vec::new();
            for &node in nodes {
                let header = self.ledger(node).header(at).await.unwrap().unwrap();
                digests.push(header.digest());
            }
            assert!(
                digests.windows(2).all(|two| two[0] == two[1]),
                "fork at height {at}"
            );
            chain.push(digests[0]);
        }
        for &node in nodes {
            for id in &self.acknowledged {
                let receipt = self.ledger(node).receipt(id).await.unwrap();
                assert!(
                    receipt.is_some(),
                    "node {node} lost an acknowledged transaction"
                );
            }
        }
        chain
    }
}
