//! Nodes cosign checkpoints: who is silent holds nobody up, who forges is not heard, and a restart keeps the notes.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::{SecretKey, merkle};
use blockworm_ledger::{
    Header,
    checkpoint::{Checkpoint, Cosignature, Policy, cosigner_name},
};
use blockworm_node::{
    Kept,
    cosigning::{Message, Told},
    network::{self, CHANNELS},
};
use commonware_codec::Encode as _;
use commonware_p2p::{Recipients, Sender as _};
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use std::{
    fmt::Write as _,
    time::{Duration, UNIX_EPOCH},
};
use support::{
    Consortium, ORGANISATIONS, key, parameters,
    simulation::{START_MS, World},
};

const ALL: [usize; 4] = [0, 1, 2, 3];

fn cosigner(organisation: usize) -> SecretKey {
    key("cosigner", organisation)
}

/// Runs a story among four nodes of which these cosign.
fn simulate<F>(cosigning: &[usize], story: impl FnOnce(World) -> F)
where
    F: Future<Output = ()>,
{
    let consortium = Consortium::new(START_MS, 4, parameters());
    let config = deterministic::Config::new()
        .with_seed(5)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(START_MS))
        .with_timeout(Some(Duration::from_secs(600)));
    deterministic::Runner::new(config).start(|context| async move {
        let keys = consortium.validators.clone();
        let mut world = World::new(context.child("world"), consortium, &keys).await;
        for &node in cosigning {
            let own = world.consortium.cosigner(node, &cosigner(node));
            world.nodes[node].cosigner = Some(own);
        }
        world.connect(&ALL, &ALL, true).await;
        story(world).await;
    });
}

async fn rest(world: &World, seconds: u64) {
    world.context.sleep(Duration::from_secs(seconds)).await;
}

/// The newest well-cosigned note of a node.
fn newest(world: &World, node: usize) -> Kept {
    world.ledger(node).signed_checkpoint(None).unwrap().unwrap()
}

/// Whose lines stand in a note, in order, each of which must hold.
fn signers(kept: &Kept) -> Vec<String> {
    let signed = &kept.signed;
    assert_eq!(signed.cosignatures.len(), kept.cosigners.len());
    for (line, who) in signed.cosignatures.iter().zip(&kept.cosigners) {
        let time_s = line.verify(&signed.checkpoint, &who.vkey).unwrap();
        assert_eq!(time_s, who.time_s);
        assert!(
            time_s * 1000 + 1_000 > kept.time_ms,
            "signed after its last block"
        );
    }
    let mut names: Vec<_> = kept
        .cosigners
        .iter()
        .map(|one| one.organisation.to_string())
        .collect();
    names.sort();
    names
}

fn policy(world: &World) -> Policy {
    let mut text = format!("origin blockworm/{}\n", world.consortium.ledger);
    for (node, name) in ORGANISATIONS.iter().enumerate() {
        let key = cosigner(node).public_key();
        let key = blockworm_ledger::CosignerKey::new(cosigner_name(name), &key).unwrap();
        let _ = writeln!(text, "witness {name} {key}");
    }
    text += "group all 3 bank court notary platform\nquorum all\n";
    Policy::parse(text.as_bytes()).unwrap()
}

#[test]
fn who_is_silent_is_missing_and_the_others_stand_in_every_note() {
    simulate(&[0, 1, 2], |mut world| async move {
        for node in ALL {
            world.start(node).await;
        }
        world.submit_and_wait(0, 5).await;
        rest(&world, 6).await;
        for node in ALL {
            let kept = newest(&world, node);
            assert_eq!(
                signers(&kept),
                ["bank", "court", "notary"],
                "on node {node}"
            );
            assert!(policy(&world).evaluate(&kept.signed).met);
            let root = world.ledger(node).checkpoint(kept.signed.checkpoint.size);
            assert_eq!(root.unwrap(), Some(kept.signed.checkpoint));
        }
        let voting = &world.consortium.validators;
        for who in newest(&world, 0).cosigners {
            let key = who.vkey.ed25519().unwrap();
            assert!(voting.iter().all(|vote| vote.public_key() != key));
        }
        // One more falls silent: notes go on with two, the policy is not met, the ledger goes on.
        world.crash(1).await;
        let before = world.ledger(0).status().height;
        world.submit_and_wait(0, 5).await;
        rest(&world, 6).await;
        let kept = world
            .ledger(0)
            .signed_checkpoint(Some(before + 3))
            .unwrap()
            .unwrap();
        assert!(kept.signed.checkpoint.size > before + 3);
        assert_eq!(signers(&kept), ["bank", "notary"]);
        assert!(!policy(&world).evaluate(&kept.signed).met);
    });
}

#[test]
fn any_header_is_proved_in_a_tree_of_any_size() {
    simulate(&[], |mut world| async move {
        for node in ALL {
            world.start(node).await;
        }
        world.submit_and_wait(0, 5).await;
        rest(&world, 45).await;
        let ledger = world.ledger(1);
        let height = ledger.status().height;
        let mut headers: Vec<Header> = Vec::new();
        for at in 0..=height {
            headers.push(ledger.header(at).await.unwrap().unwrap());
        }
        let leaves: Vec<_> = headers.iter().map(Header::history_leaf).collect();
        assert!(leaves.len() > 40);
        for size in 1..=leaves.len() {
            let checkpoint = ledger.checkpoint(size as u64).unwrap().unwrap();
            assert_eq!(
                checkpoint.root,
                merkle::root(leaves[..size].iter().copied())
            );
            if let Some(next) = headers.get(size) {
                assert_eq!(checkpoint.root, next.history_root);
            }
            for index in [0, size / 5, size / 2, size - 1] {
                let (header, proof) = ledger
                    .history_proof(index as u64, size as u64)
                    .unwrap()
                    .unwrap();
                assert_eq!(header, headers[index]);
                assert_eq!(Some(proof), merkle::prove(&leaves[..size], index));
            }
        }
        let beyond = leaves.len() as u64 + 1;
        assert_eq!(ledger.checkpoint(beyond).unwrap(), None);
        assert_eq!(ledger.history_proof(0, beyond).unwrap(), None);
        assert_eq!(ledger.history_proof(5, 5).unwrap(), None);
        assert_eq!(
            ledger.signed_checkpoint(None).unwrap(),
            None,
            "nobody cosigned"
        );
    });
}

/// A cosignature by this key, announced with this chain.
fn told(checkpoint: &Checkpoint, name: &str, key: &SecretKey, chain: Vec<u8>, time_s: u64) -> Told {
    let line = Cosignature::sign(checkpoint, &cosigner_name(name), key, time_s).unwrap();
    Told {
        chain,
        time_s,
        signature: line.bytes[8..].try_into().unwrap(),
    }
}

/// Lines about a checkpoint that must not count, each for a reason of its own.
fn lies(consortium: &Consortium, checkpoint: &Checkpoint, time_s: u64) -> Vec<Told> {
    let stranger = Consortium::new(START_MS, 1, support::parameters());
    let (honest, other) = (cosigner(2), key("forger", 0));
    let chain = consortium.cosigner_chain(2, &honest);
    let mut forged = told(checkpoint, "notary", &honest, chain.clone(), time_s);
    forged.signature[5] ^= 1;
    let vote = consortium.validators[3].clone();
    let member = consortium.node_chain(2, &honest);
    vec![
        forged,
        // Another key than the certified one.
        told(checkpoint, "notary", &other, chain.clone(), time_s),
        // A key that votes, certified as a cosigner.
        told(
            checkpoint,
            "platform",
            &vote,
            consortium.cosigner_chain(3, &vote),
            time_s,
        ),
        // A certificate for something else.
        told(checkpoint, "notary", &honest, member, time_s),
        // An authority of the same name that the ledger does not know.
        told(
            checkpoint,
            "notary",
            &other,
            stranger.cosigner_chain(2, &other),
            time_s,
        ),
        // A time that is far from now.
        told(checkpoint, "notary", &honest, chain.clone(), time_s + 3_600),
        // No chain at all.
        told(
            checkpoint,
            "notary",
            &honest,
            vec![0x30, 0x03, 1, 1, 1],
            time_s,
        ),
    ]
}

#[test]
fn neither_forged_nor_outsiders_lines_ever_enter() {
    simulate(&[0, 1], |mut world| async move {
        for node in [0, 1, 2] {
            world.start(node).await;
        }
        world.submit_and_wait(0, 5).await;
        rest(&world, 4).await;
        // The fourth node's place on the network is taken by somebody who sends what he likes.
        let mut wires = world.wires(3).await;
        let place = CHANNELS
            .iter()
            .position(|(name, _)| *name == "cosign")
            .unwrap();
        let (sender, _) = &mut wires[place];
        let kept = newest(&world, 0);
        let checkpoint = kept.signed.checkpoint;
        let time_s = world.now_ms() / 1000;
        let lies = lies(&world.consortium, &checkpoint, time_s);
        let (honest, consortium) = (cosigner(2), &world.consortium);
        let chain = consortium.cosigner_chain(2, &honest);
        let good = told(&checkpoint, "notary", &honest, chain.clone(), time_s);
        let channel = network::subchannel(
            &consortium.ledger,
            commonware_consensus::types::Epoch::zero(),
        );
        let mut say = |bytes: Vec<u8>| {
            let mut message = commonware_codec::varint::UInt(channel).encode().to_vec();
            message.extend_from_slice(&bytes);
            sender.send(Recipients::All, message, true);
        };
        let tell = |lines: Vec<Told>| Message::Tell {
            size: checkpoint.size,
            root: checkpoint.root,
            lines,
        };
        for lie in &lies {
            say(tell(vec![lie.clone()]).encode());
        }
        say(vec![7; 100]);
        rest(&world, 2).await;
        let now = world
            .ledger(0)
            .kept_checkpoint(checkpoint.size)
            .unwrap()
            .unwrap();
        assert_eq!(now, kept, "nothing has entered");
        let mut refused = world.ledger(0).metrics().into_iter();
        let refused = refused.find(|one| one.name == "blockworm_cosignatures_refused_total");
        assert!(refused.unwrap().value >= (lies.len() + 1) as f64);
        // The same way lets in what holds, once, and what is said twice stays one line.
        say(tell(vec![good.clone(), good.clone()]).encode());
        let again = told(&checkpoint, "notary", &honest, chain, time_s + 1);
        say(tell(vec![again]).encode());
        rest(&world, 2).await;
        let now = world
            .ledger(0)
            .kept_checkpoint(checkpoint.size)
            .unwrap()
            .unwrap();
        assert_eq!(signers(&now), ["bank", "court", "notary"]);
    });
}

#[test]
fn a_restart_keeps_the_notes_and_who_was_away_is_told() {
    simulate(&ALL, |mut world| async move {
        for node in ALL {
            world.start(node).await;
        }
        world.submit_and_wait(0, 5).await;
        rest(&world, 8).await;
        let kept = newest(&world, 2);
        assert_eq!(signers(&kept).len(), 4);
        let size = kept.signed.checkpoint.size;
        assert!(world.ledger(2).pin_checkpoint(size));
        assert!(!world.ledger(2).pin_checkpoint(size + 100_000));
        rest(&world, 3).await;
        for node in ALL {
            world.crash(node).await;
        }
        for node in ALL {
            world.start(node).await;
        }
        let again = world.ledger(2).kept_checkpoint(size).unwrap();
        assert_eq!(again, Some(kept), "the note outlives a crash of all");
        // One goes away, and comes back to the others' checkpoints.
        world.connect(&[3], &[0, 1, 2], false).await;
        world.submit_and_wait(0, 5).await;
        rest(&world, 10).await;
        world.connect(&[3], &[0, 1, 2], true).await;
        world.submit_and_wait(3, 5).await;
        rest(&world, 6).await;
        let kept = newest(&world, 3);
        assert!(kept.signed.checkpoint.size > size);
        assert_eq!(signers(&kept).len(), 4);
        world.agreed_chain(&ALL).await;
    });
}
