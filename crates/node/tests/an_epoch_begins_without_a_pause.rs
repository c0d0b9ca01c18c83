//! Validators enter an epoch at different moments, and its first view passes all the same.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_ledger::Parameters;
use commonware_p2p::simulated::Link;
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use commonware_utils::probability;
use std::time::{Duration, UNIX_EPOCH};
use support::{
    Consortium, parameters,
    simulation::{START_MS, World},
};

const EPOCH: u64 = 16;
const HEARTBEAT_MS: u64 = 1_000;

/// All three are needed for a quorum, and one of them hears everything late.
async fn play(context: deterministic::Context) -> Vec<u64> {
    let parameters = Parameters {
        epoch_length: EPOCH,
        heartbeat_ms: HEARTBEAT_MS,
        ..parameters()
    };
    let consortium = Consortium::new(START_MS, 3, parameters);
    let keys = consortium.validators.clone();
    let mut world = World::new(context, consortium, &keys).await;
    world.connect(&[0, 1], &[0, 1], true).await;
    for other in [0, 1] {
        for (from, to) in [(2, other), (other, 2)] {
            let link = Link {
                latency: Duration::from_millis(60),
                jitter: Duration::from_millis(30),
                success_rate: probability!(1.0),
            };
            let (from, to) = (world.public(from), world.public(to));
            world.oracle.add_link(from, to, link).await.unwrap();
        }
    }
    for node in 0..3 {
        world.start(node).await;
    }
    world.submit_and_wait(0, 1).await;
    let from = world.ledger(0).status().height;
    while world.ledger(0).status().height < from + 12 * EPOCH {
        for node in 0..3 {
            world.submit(node, 1).await;
        }
        world.context.sleep(Duration::from_millis(50)).await;
    }
    let mut gaps = Vec::new();
    let mut before = None;
    for height in from..=from + 12 * EPOCH {
        let header = world.ledger(0).header(height).await.unwrap().unwrap();
        if let Some(before) = before.replace(header.time_ms) {
            gaps.push(header.time_ms - before);
        }
    }
    gaps
}

/// Whoever enters an epoch first proposes at once. Were that lost on the others, they would wait for
/// the first view of the epoch until it times out, 1.5 s beyond a heartbeat.
#[test]
fn no_view_of_a_loaded_ledger_times_out() {
    for seed in 0..3 {
        let config = deterministic::Config::new()
            .with_seed(seed)
            .with_start_time(UNIX_EPOCH + Duration::from_millis(START_MS))
            .with_timeout(Some(Duration::from_secs(600)));
        let runner = deterministic::Runner::new(config);
        let gaps = runner.start(|context| play(context.child("story")));
        let widest = gaps.iter().max().unwrap();
        assert!(
            *widest < HEARTBEAT_MS,
            "seed {seed}: {widest} ms between two blocks of a ledger under load"
        );
    }
}
