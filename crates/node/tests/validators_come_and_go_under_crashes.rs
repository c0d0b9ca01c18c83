//! A seeded simulation: one validator becomes four, seven and four again under load, and some node crashes after every step.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::{Digest, SecretKey};
use blockworm_execution::{Action, MembershipAction};
use blockworm_ledger::{Outcome, Pin, genesis::Validator};
use blockworm_node::{ProofError, storage};
use bytes::Bytes;
use commonware_runtime::{
    Clock as _, Runner as _, Spawner as _, Storage as _, Supervisor as _, deterministic,
};
use std::time::{Duration, UNIX_EPOCH};
use support::{
    Consortium, ORGANISATIONS, key, parameters, propose,
    simulation::{START_MS, World},
    vote,
};

const NODES: usize = 7;
const EPOCH: u64 = 24;

fn keys() -> Vec<SecretKey> {
    (0..NODES).map(|number| key("validator", number)).collect()
}

/// Where a crash happens: after which step, of which of the running nodes.
#[derive(Clone, Copy, Debug)]
struct Crash {
    step: usize,
    node: usize,
}

struct Story {
    world: World,
    keys: Vec<SecretKey>,
    crash: Option<Crash>,
    step: usize,
    proposals: u64,
    votes: u64,
}

impl Story {
    /// A step is done: now, maybe, somebody crashes and comes back.
    async fn done(&mut self) {
        self.step += 1;
        let Some(crash) = self.crash.filter(|crash| crash.step == self.step) else {
            return;
        };
        // Somewhere in what the step set off: in a vote, in the filling, at the boundary.
        let later = Duration::from_millis(self.step as u64 * 53 % 400);
        self.world.context.sleep(later).await;
        let nodes = self.world.nodes.iter().enumerate();
        let running: Vec<_> = nodes
            .filter(|(_, node)| node.running.is_some())
            .map(|(place, _)| place)
            .collect();
        let node = running[crash.node % running.len()];
        self.world.crash(node).await;
        self.world.context.sleep(Duration::from_millis(700)).await;
        self.world.start(node).await;
    }

    async fn commit(&mut self, contract: &str, organisation: usize, message: &str) {
        self.votes += 1;
        let expires = self.world.now_ms() + 100_000;
        let number = 1_000_000 + self.votes;
        let consortium = &self.world.consortium;
        let transaction: Bytes =
            consortium.transaction_to(contract, organisation, number, message, expires);
        let results = self
            .world
            .ledger(0)
            .submit_and_wait(vec![transaction], Duration::from_secs(60))
            .await;
        let receipt = results[0].as_ref().unwrap().as_ref().expect("no receipt");
        assert_eq!(receipt.code, "ok", "{message}: {}", receipt.message);
    }

    /// Three of four organisations want it.
    async fn decide(&mut self, change: Action) {
        self.proposals += 1;
        self.commit("proposals", 0, &propose(&change)).await;
        for organisation in [1, 2] {
            let vote = vote(self.proposals, &change);
            self.commit("proposals", organisation, &vote).await;
        }
    }

    async fn admit(&mut self, node: usize) {
        let organisation = node % ORGANISATIONS.len();
        let address = format!("192.0.2.{}:9000", node + 1);
        let consortium = &self.world.consortium;
        let change = consortium.admission(organisation, &self.keys[node], address);
        self.decide(change).await;
        self.done().await;
        self.world.start(node).await;
        self.done().await;
    }

    async fn validator(&mut self, votes: bool, node: usize) {
        let key = self.keys[node].public_key();
        let change = match votes {
            true => MembershipAction::AddValidator { key },
            false => MembershipAction::RemoveValidator { key },
        };
        self.decide(Action::Membership(change)).await;
        self.done().await;
    }

    /// Load goes on until all running nodes have entered an epoch with so many validators.
    async fn until_validators(&mut self, wanted: usize) {
        self.entered(wanted).await;
        self.done().await;
    }

    async fn entered(&mut self, wanted: usize) {
        let deadline = self.world.now_ms() + 60_000;
        loop {
            self.world.submit_and_wait(0, 3).await;
            let running = self
                .world
                .nodes
                .iter()
                .filter_map(|node| node.running.as_ref());
            let mut counts = running.map(|(_, ledger)| ledger.status().validators);
            if counts.all(|count| count == wanted) {
                break;
            }
            assert!(
                self.world.now_ms() < deadline,
                "never {wanted} validators everywhere"
            );
            self.world.context.sleep(Duration::from_millis(50)).await;
        }
    }

    fn votes(&self, node: usize) -> bool {
        self.world.ledger(node).status().votes
    }

    async fn grow(&mut self, from: usize, to: usize) {
        for node in from..to {
            self.admit(node).await;
        }
        for node in from..to {
            self.validator(true, node).await;
        }
        self.until_validators(to).await;
    }

    /// The votes of a node are lost: it watches for a while, then votes again.
    async fn lose_votes(&mut self, node: usize) {
        self.world.crash(node).await;
        let ledger = self.world.consortium.ledger;
        let epoch = self.world.ledger(0).status().epoch;
        let lost = (epoch.saturating_sub(2)..=epoch + 1)
            .map(|epoch| storage::votes_partition(&ledger, epoch))
            .chain([storage::ballots_partition(&ledger)]);
        for partition in lost {
            let partition = format!("node-{node}-{partition}");
            let _ = self.world.context.remove(&partition, None).await;
        }
        self.world.start(node).await;
        self.world.submit_and_wait(0, 3).await;
        self.world.context.sleep(Duration::from_secs(2)).await;
        assert!(
            !self.votes(node),
            "it votes where it may have forgotten a vote"
        );
        let deadline = self.world.now_ms() + 200_000;
        while !self.votes(node) {
            assert!(self.world.now_ms() < deadline, "it never votes again");
            self.world.submit_and_wait(0, 1).await;
            self.world.context.sleep(Duration::from_millis(20)).await;
        }
    }

    /// A transaction's proof leads from the genesis's one validator to those of now.
    async fn prove(&self) -> Vec<Validator> {
        let id = *self.world.acknowledged.last().unwrap();
        let proof = loop {
            match self.world.ledger(0).transaction_proof(&id).await {
                Err(ProofError::NotYetProvable { .. }) => {
                    self.world.context.sleep(Duration::from_millis(100)).await;
                }
                proof => break proof.unwrap(),
            }
        };
        let report = proof.verify(Some(&Pin::genesis(&self.world.consortium.genesis)));
        assert_eq!(report.outcome, Outcome::Valid, "{report:?}");
        let last = proof.chain.handovers.last().unwrap();
        let mut without = proof.clone();
        without.chain.handovers.pop();
        let report = without.verify(Some(&Pin::genesis(&self.world.consortium.genesis)));
        assert_eq!(report.outcome, Outcome::Broken, "nobody hands over");
        last.validators.clone()
    }
}

async fn play(mut story: Story) -> (Vec<Digest>, usize) {
    let all: Vec<_> = (0..NODES).collect();
    story.world.connect(&all, &all, true).await;
    story.world.start(0).await;
    story.world.submit_and_wait(0, 5).await;
    story.done().await;
    story.grow(1, 4).await;
    story.grow(4, 7).await;
    // Whoever crashed at the end of the step before stands where its disk does, and catches up.
    story.entered(7).await;
    assert!(all.iter().all(|node| story.votes(*node)));
    // Three leave; one of them is down and learns of it later.
    story.world.crash(6).await;
    for node in [4, 5, 6] {
        story.validator(false, node).await;
    }
    story.until_validators(4).await;
    story.world.start(6).await;
    story.until_validators(4).await;
    story.entered(4).await;
    assert!([4, 5, 6].iter().all(|node| !story.votes(*node)));
    assert_eq!(story.prove().await.len(), 4);
    if story.crash.is_none() {
        story.lose_votes(3).await;
    }
    let chain = story.world.agreed_chain(&all).await;
    (chain, story.step)
}

fn simulate(seed: u64, crash: Option<Crash>) -> (Vec<Digest>, usize) {
    let config = deterministic::Config::new()
        .with_seed(seed)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(START_MS))
        .with_timeout(Some(Duration::from_secs(3_000)));
    let mut parameters = parameters();
    parameters.epoch_length = EPOCH;
    parameters.heartbeat_ms = 500;
    let consortium = Consortium::new(START_MS, 1, parameters);
    deterministic::Runner::new(config).start(|context| async move {
        let world = World::new(context.child("world"), consortium, &keys()).await;
        let story = Story {
            world,
            keys: keys(),
            crash,
            step: 0,
            proposals: 0,
            votes: 0,
        };
        // A watchdog of our own would only hide where it hangs: the runtime's timeout panics.
        context
            .child("story")
            .spawn(move |_| play(story))
            .await
            .unwrap()
    })
}

#[test]
fn one_becomes_four_seven_and_four_again() {
    let (chain, steps) = simulate(1, None);
    assert!(
        chain.len() as u64 > 4 * EPOCH,
        "{} blocks in {steps} steps",
        chain.len()
    );
}

#[test]
fn a_crash_after_any_step_changes_nothing() {
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let (_, steps) = simulate(2, None);
    for step in (1..=steps).step_by(if long { 1 } else { 4 }) {
        for node in 0..if long { NODES } else { 1 } {
            let crash = Crash {
                step,
                node: node + step,
            };
            simulate(3 + step as u64, Some(crash));
        }
    }
}
