//! A seeded simulation of four nodes on the engine's deterministic runtime and simulated network.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::Digest;
use blockworm_ledger::{TransactionId, TransactionView};
use blockworm_node::{
    LedgerHandle,
    consensus::keys,
    engine::{self, Setup},
    mempool::Limits,
    network::{self, CHANNELS, Hints, Lanes},
};
use blockworm_state::MemoryStore;
use bytes::Bytes;
use commonware_codec::{Decode as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Certificate, Finalize, Notarize, Proposal, Vote},
    },
    types::{Epoch, Round},
};
use commonware_cryptography::{
    Signer as _,
    certificate::Verifier as _,
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest as EngineDigest,
};
use commonware_p2p::{
    Manager as _, Receiver as _, Recipients, Sender as _,
    simulated::{Config, Link, Network, Oracle, Receiver, Sender},
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Clock as _, Handle, Quota, Runner as _, Spawner as _, Supervisor as _,
    deterministic::{self, Context},
};
use commonware_utils::{NZU32, NZUsize, ordered::Set, probability};
use std::time::{Duration, UNIX_EPOCH};
use support::{Consortium, builtins, parameters};

const START_MS: u64 = 1_795_000_000_000;
const QUOTA: Quota = Quota::per_second(NZU32!(4_096));

type Wire = (Sender<PublicKey, Context>, Receiver<PublicKey>);

/// One node of the simulation: what survives a crash, and what runs.
struct Node {
    signer: PrivateKey,
    store: MemoryStore,
    running: Option<(Handle<()>, LedgerHandle)>,
}

/// The whole consortium under one seed.
struct World {
    context: Context,
    oracle: Oracle<PublicKey, Context>,
    consortium: Consortium,
    nodes: Vec<Node>,
    submitted: u64,
    acknowledged: Vec<TransactionId>,
}

fn link() -> Link {
    Link {
        latency: Duration::from_millis(8),
        jitter: Duration::from_millis(4),
        success_rate: probability!(1.0),
    }
}

impl World {
    async fn new(context: Context, consortium: Consortium) -> Self {
        let signers: Vec<_> = consortium
            .validators
            .iter()
            .map(|key| keys::signer(key).unwrap())
            .collect();
        let config = Config {
            max_size: 16 << 20,
            max_peers_per_set: NZUsize!(4),
            disconnect_on_block: true,
            tracked_peer_sets: NZUsize!(1),
        };
        let (network, oracle) = Network::new(context.child("network"), config);
        network.start();
        let keys = Set::from_iter_dedup(signers.iter().map(|signer| signer.public_key()));
        oracle.manager().track(0, keys);
        let node = |signer| Node {
            signer,
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

    fn public(&self, node: usize) -> PublicKey {
        self.nodes[node].signer.public_key()
    }

    async fn connect(&mut self, one: &[usize], other: &[usize], connected: bool) {
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

    async fn wires(&self, node: usize) -> [Wire; CHANNELS.len()] {
        let control = self.oracle.control(self.public(node));
        let mut wires = Vec::new();
        for channel in 0..CHANNELS.len() as u64 {
            wires.push(control.register(channel, QUOTA).await.unwrap());
        }
        wires.try_into().ok().unwrap()
    }

    /// Starts a node, for the first time or after a crash.
    async fn start(&mut self, node: usize) {
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
            signer: self.nodes[node].signer.clone(),
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
        self.nodes[node].running = Some((handle, started.await.unwrap()));
    }

    /// Ends a node between any two of its steps. What it did not write is lost.
    async fn crash(&mut self, node: usize) {
        let (task, _) = self.nodes[node].running.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    fn ledger(&self, node: usize) -> LedgerHandle {
        self.nodes[node].running.as_ref().unwrap().1.clone()
    }

    fn now_ms(&self) -> u64 {
        self.context
            .current()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis() as u64
    }

    /// Submits transactions to a node and remembers those that it acknowledges as committed.
    async fn submit_and_wait(&mut self, node: usize, count: u64) {
        let expires = self.now_ms() + 100_000;
        let batch: Vec<Bytes> = (0..count)
            .map(|number| {
                self.consortium
                    .issue(node, self.submitted + number, expires)
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
    async fn submit(&mut self, node: usize, count: u64) {
        let expires = self.now_ms() + 100_000;
        let batch = (0..count)
            .map(|number| {
                self.consortium
                    .issue(node, self.submitted + number, expires)
            })
            .collect();
        self.submitted += count;
        for answer in self.ledger(node).submit(batch).await {
            answer.unwrap();
        }
    }

    /// Waits until the given nodes have a height and returns the chain up to it, which must be the
    /// same on all of them.
    async fn agreed_chain(&self, nodes: &[usize]) -> Vec<Digest> {
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

    /// How many pairs of contradicting votes the running nodes have noticed.
    fn contradictions(&self) -> u64 {
        let running = self.nodes.iter().filter_map(|node| node.running.as_ref());
        let metrics = running.flat_map(|(_, ledger)| ledger.metrics());
        let noticed = metrics.filter(|metric| metric.name == "blockworm_conflicting_votes_total");
        noticed.map(|metric| metric.value as u64).sum()
    }

    /// Replaces a node by one that votes for two different blocks whenever it leads, and for
    /// blocks that nobody has seen whenever it follows.
    async fn equivocate(&mut self, node: usize) {
        let [(mut votes, _), (_, mut certificates), ..] = self.wires(node).await;
        let scheme = keys::Schemes::new(&self.consortium.genesis, &self.nodes[node].signer)
            .unwrap()
            .of(Epoch::zero());
        let others: Vec<_> = (0..4)
            .filter(|other| *other != node)
            .map(|other| self.public(other))
            .collect();
        let channel = network::subchannel(&self.consortium.ledger, Epoch::zero());
        self.context
            .child("equivocator")
            .spawn(move |_| async move {
                while let Ok((_, message)) = certificates.recv().await {
                    let Ok((from, message)) = commonware_p2p::utils::mux::parse(message) else {
                        continue;
                    };
                    let decoded = Certificate::<Scheme, EngineDigest>::decode_cfg(
                        message,
                        &scheme.certificate_codec_config(),
                    );
                    let Ok(certificate) = decoded else { continue };
                    if from != channel {
                        continue;
                    }
                    let (round, parent) = match &certificate {
                        Certificate::Notarization(one) => {
                            (one.proposal.round, one.proposal.round.view())
                        }
                        Certificate::Finalization(one) => {
                            (one.proposal.round, one.proposal.round.view())
                        }
                        Certificate::Nullification(_) => continue,
                    };
                    let next = Round::new(Epoch::zero(), round.view().next());
                    // The first victim sees both votes of a pair, the others one each.
                    let pairs = [(0, 0), (0, 1), (1, 1), (2, 2)];
                    for (victim, number) in pairs {
                        let view = next.view().get().to_be_bytes();
                        let invented = blockworm_crypto::sha256(&[&view, &[number]]);
                        let proposal = Proposal::new(next, parent, EngineDigest::from(invented.0));
                        let contradicting = [
                            Notarize::sign(&scheme, proposal.clone()).map(Vote::Notarize),
                            Finalize::sign(&scheme, proposal).map(Vote::Finalize),
                        ];
                        for vote in contradicting.into_iter().flatten() {
                            let vote: Vote<Scheme, EngineDigest> = vote;
                            let mut bytes =
                                commonware_codec::varint::UInt(channel).encode().to_vec();
                            bytes.extend_from_slice(&vote.encode());
                            votes.send(Recipients::One(others[victim].clone()), bytes, true);
                        }
                    }
                }
            });
    }
}

async fn story(mut world: World) -> Vec<Digest> {
    let all = [0, 1, 2, 3];
    world.connect(&all, &all, true).await;
    for node in all {
        world.start(node).await;
    }
    for node in all {
        world.submit_and_wait(node, 20).await;
    }
    // A crash in the middle of work, and a return.
    world.submit(1, 30).await;
    world.crash(1).await;
    world.submit_and_wait(0, 40).await;
    world.start(1).await;
    world.submit_and_wait(1, 10).await;
    // Two against two: nobody may go on alone. Then they meet again.
    world.connect(&[0, 1], &[2, 3], false).await;
    world.submit(0, 10).await;
    world.submit(2, 10).await;
    world.context.sleep(Duration::from_secs(20)).await;
    world.connect(&[0, 1], &[2, 3], true).await;
    world.submit_and_wait(3, 10).await;
    world.agreed_chain(&all).await;
    // One turns against the others.
    world.crash(3).await;
    world.equivocate(3).await;
    for node in [0, 1, 2] {
        world.submit_and_wait(node, 15).await;
    }
    assert!(world.contradictions() > 0, "nobody noticed the equivocator");
    world.crash(2).await;
    world.start(2).await;
    world.submit_and_wait(2, 5).await;
    assert_eq!(world.acknowledged.len(), 190, "somebody waited in vain");
    world.agreed_chain(&[0, 1, 2]).await
}

fn simulate(seed: u64, consortium: &Consortium) -> (String, Vec<Digest>) {
    let config = deterministic::Config::new()
        .with_seed(seed)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(START_MS))
        .with_timeout(Some(Duration::from_secs(900)));
    let consortium = consortium.clone();
    deterministic::Runner::new(config).start(|context| async move {
        let world = World::new(context.child("world"), consortium).await;
        let chain = story(world).await;
        (context.auditor().state(), chain)
    })
}

fn consortium() -> Consortium {
    Consortium::new(START_MS, 4, parameters())
}

#[test]
fn honest_nodes_keep_one_chain_under_several_seeds() {
    let consortium = consortium();
    let seeds = if std::env::var_os("BLOCKWORM_LONG").is_some() {
        40
    } else {
        3
    };
    for seed in 0..seeds {
        let (_, chain) = simulate(seed, &consortium);
        assert!(
            chain.len() > 10,
            "seed {seed} made only {} blocks",
            chain.len()
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_story() {
    let consortium = consortium();
    assert_eq!(simulate(7, &consortium), simulate(7, &consortium));
}
