//! A seeded simulation of four nodes on the engine's deterministic runtime and simulated network.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::Digest;
use blockworm_node::{consensus::succession::Succession, network};
use commonware_codec::{Decode as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Certificate, Finalize, Notarize, Proposal, Vote},
    },
    types::{Epoch, Round},
};
use commonware_cryptography::{certificate::Verifier as _, sha256::Digest as EngineDigest};
use commonware_p2p::{Receiver as _, Recipients, Sender as _};
use commonware_runtime::{Clock as _, Runner as _, Spawner as _, Supervisor as _, deterministic};
use std::time::{Duration, UNIX_EPOCH};
use support::{
    Consortium, parameters,
    simulation::{START_MS, World},
};

/// What only this story needs.
impl World {
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
        let signer = self.nodes[node].signer.clone();
        let succession = Succession::new(&self.consortium.genesis, signer).unwrap();
        let scheme = Scheme::clone(&*succession.scheme(Epoch::zero()).unwrap());
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
        let world = World::new(
            context.child("world"),
            consortium.clone(),
            &consortium.validators,
        )
        .await;
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
