//! A quick load of transfers through the handle, to find bottlenecks; runs only with BLOCKWORM_LOAD=1.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use blockworm_node::{LedgerHandle, Limits, NodeConfig, Peer, Profile, RunningNode};
use bytes::Bytes;
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, Instant, SystemTime},
};
use support::{Consortium, ORGANISATIONS, builtins, parameters};

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn free_ports(count: usize) -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap())
        .collect()
}

fn start(consortium: &Consortium, directory: &Path, addresses: &[SocketAddr]) -> Vec<RunningNode> {
    let peers: Vec<_> = consortium
        .validators
        .iter()
        .zip(addresses)
        .map(|(key, address)| Peer {
            key: key.public_key(),
            address: *address,
        })
        .collect();
    (0..addresses.len())
        .map(|node| {
            let config = NodeConfig {
                organisation: ORGANISATIONS[node].parse().unwrap(),
                directory: directory.join(ORGANISATIONS[node]),
                consensus_key: consortium.validators[node].clone(),
                listen: addresses[node],
                peers: peers.clone(),
                ledgers: vec![consortium.genesis.clone()],
                profile: Profile::Local,
                limits: Limits::default(),
            };
            blockworm_node::start(config, builtins()).unwrap()
        })
        .collect()
}

fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// Submits everything in thousands, as fast as the node takes it; the latency of each thousand.
async fn feed(ledger: LedgerHandle, batch: Vec<Bytes>) -> Vec<Duration> {
    let (mut waiting, mut latencies) = (tokio::task::JoinSet::new(), Vec::new());
    for chunk in batch.chunks(1_000).map(<[Bytes]>::to_vec) {
        while waiting.len() >= 16 {
            latencies.extend(waiting.join_next().await.map(Result::unwrap));
        }
        let ledger = ledger.clone();
        waiting.spawn(async move {
            let since = Instant::now();
            for result in ledger
                .submit_and_wait(chunk, Duration::from_secs(100))
                .await
            {
                assert_eq!(result.unwrap().unwrap().code, "ok");
            }
            since.elapsed()
        });
    }
    latencies.extend(waiting.join_all().await);
    latencies
}

fn report(node: &RunningNode) {
    for metric in node.handle().metrics() {
        println!(
            "  {} {:?} {}",
            metric.name,
            metric.labels.get(1),
            metric.value
        );
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!(
        "  {}",
        status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or("")
    );
}

fn report_disk(directory: &Path) {
    for entry in ["ledgers/engine", "ledgers"] {
        let path = directory.join(ORGANISATIONS[0]).join(entry);
        let out = std::process::Command::new("du")
            .arg("-sb")
            .arg(path)
            .output()
            .unwrap();
        println!("  {}", String::from_utf8_lossy(&out.stdout).trim());
    }
}

async fn drive(nodes: usize, total: u64) {
    let mut parameters = parameters();
    parameters.bucket_bits = 16;
    parameters.heartbeat_ms = if nodes == 1 { 0 } else { 1_000 };
    let consortium = Consortium::new(now_ms(), nodes, parameters);
    let directory = tempfile::tempdir().unwrap();
    let running = start(&consortium, directory.path(), &free_ports(nodes));
    let expires = now_ms() + 115_000;
    let share = total / nodes as u64;
    let batch = |node| {
        let number = |number| (node as u64) << 40 | number;
        (0..share)
            .map(|n| consortium.issue(node, number(n), expires))
            .collect::<Vec<_>>()
    };
    let batches: Vec<_> = (0..nodes).map(batch).collect();
    let (started, cpu) = (Instant::now(), cpu_s());
    let tasks: Vec<_> = running
        .iter()
        .zip(batches)
        .map(|(node, batch)| tokio::spawn(feed(node.handle().ledgers().remove(0), batch)))
        .collect();
    let mut latencies = vec![];
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let (elapsed, cpu) = (started.elapsed().as_secs_f64(), cpu_s() - cpu);
    latencies.sort();
    let done = (share * nodes as u64) as f64;
    println!(
        "{nodes} nodes: {:.0}/s, {:.1} CPU us per transaction and node, p50 of a thousand {:?}",
        done / elapsed,
        cpu * 1e6 / done / nodes as f64,
        latencies[latencies.len() / 2],
    );
    report(&running[0]);
    for node in running {
        node.stop().unwrap();
    }
    report_disk(directory.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_per_second() {
    if std::env::var_os("BLOCKWORM_LOAD").is_none() {
        println!("set BLOCKWORM_LOAD=1 to run");
        return;
    }
    let number = |name, otherwise| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let nodes = number("BLOCKWORM_LOAD_NODES", 1);
    drive(
        nodes as usize,
        number("BLOCKWORM_LOAD_TRANSACTIONS", 200_000),
    )
    .await;
}
