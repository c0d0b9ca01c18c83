//! The two loops: closed, where each connection sends its next batch when the last one has its
//! receipts, and open, where transfers are sent at their times whatever became of earlier ones.

use super::{
    accounts::is_ok,
    network::{Ground, Network},
};
use crate::failure::{Failure, Result};
use blockworm_api::{
    Client, ClientError,
    client::join_batch,
    model::{Outcome, Progress as Stage},
};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How long a request waits for its receipts; what is later than this has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// The open loop gathers the transfers of this long into one request, as a gateway would.
const TICK: Duration = Duration::from_millis(4);

/// The nodes that are asked, in turns.
#[derive(Clone)]
pub struct Target {
    clients: Arc<[Client]>,
    /// The ledger's id.
    pub ledger: String,
}

impl Target {
    /// All nodes of a consortium, about one of its ledgers.
    pub fn new(network: &Network, ground: &Ground) -> Result<Self> {
        let clients: Arc<[Client]> = network
            .nodes
            .iter()
            .map(|(_, client)| client.clone())
            .collect();
        if clients.is_empty() {
            return Err(Failure::new("bench.network", "there is no node"));
        }
        Ok(Self {
            clients,
            ledger: ground.ledger.to_string(),
        })
    }

    /// One of the clients.
    pub fn client(&self, index: usize) -> &Client {
        &self.clients[index % self.clients.len()]
    }

    async fn send(
        &self,
        index: usize,
        batch: Bytes,
    ) -> std::result::Result<Vec<Outcome>, ClientError> {
        self.client(index)
            .submit_joined(&self.ledger, batch, PATIENCE)
            .await
    }
}

/// What came of a loop.
#[derive(Debug, Default)]
pub struct Loop {
    /// Transfers that were done.
    pub ok: u64,
    /// Transfers that stand in a block, done or refused.
    pub committed: u64,
    /// Everything else, by code.
    pub refusals: BTreeMap<String, u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Of each transfer that was done, in the open loop: from its time to its receipt, in µs, sorted.
    latencies_us: Vec<u64>,
}

impl Loop {
    /// Transfers done in a second.
    pub fn per_second(&self) -> f64 {
        self.ok as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Transfers that were not done.
    pub fn failed(&self) -> u64 {
        self.refusals.values().sum()
    }

    /// The latency that this part of the transfers did not exceed; 0 when nothing was measured.
    pub fn percentile_ms(&self, part: f64) -> f64 {
        let rank = (self.latencies_us.len() as f64 * part).ceil() as usize;
        let index = rank.saturating_sub(1);
        self.latencies_us
            .get(index)
            .map_or(0.0, |us| *us as f64 / 1_000.0)
    }

    fn count(
        &mut self,
        sent: usize,
        answer: std::result::Result<Vec<Outcome>, ClientError>,
    ) -> Vec<bool> {
        match answer {
            Ok(outcomes) if outcomes.len() == sent => outcomes
                .iter()
                .map(|outcome| self.count_one(outcome))
                .collect(),
            Ok(_) => self.lose(sent, "bench.short_answer".to_owned()),
            Err(error) => self.lose(sent, error.code().unwrap_or("bench.no_answer").to_owned()),
        }
    }

    fn count_one(&mut self, outcome: &Outcome) -> bool {
        let ok = is_ok(outcome);
        self.ok += u64::from(ok);
        self.committed += u64::from(outcome.status == Stage::Committed);
        if !ok {
            let code = if outcome.code.is_empty() {
                "bench.no_receipt"
            } else {
                &outcome.code
            };
            *self.refusals.entry(code.to_owned()).or_default() += 1;
        }
        ok
    }

    fn lose(&mut self, sent: usize, code: String) -> Vec<bool> {
        *self.refusals.entry(code).or_default() += sent as u64;
        vec![false; sent]
    }

    fn add(&mut self, other: Self) {
        self.ok += other.ok;
        self.committed += other.committed;
        for (code, times) in other.refusals {
            *self.refusals.entry(code).or_default() += times;
        }
        self.latencies_us.extend(other.latencies_us);
    }
}

/// Sends all transfers over `connections`, each with one batch under way.
pub async fn closed(
    target: &Target,
    transfers: Vec<Vec<u8>>,
    batch: usize,
    connections: usize,
) -> Result<Loop> {
    let batches: Arc<[(usize, Bytes)]> = transfers
        .chunks(batch)
        .map(|some| (some.len(), join_batch(some)))
        .collect();
    drop(transfers);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for connection in 0..connections {
        let (target, batches, next) = (target.clone(), Arc::clone(&batches), Arc::clone(&next));
        tasks.spawn(async move {
            let mut result = Loop::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((count, body)) = batches.get(index) else {
                    return result;
                };
                let answer = target.send(connection, body.clone()).await;
                result.count(*count, answer);
            }
        });
    }
    gather(tasks, begun).await
}

/// Sends transfer `i` at `i / rate` seconds, or with the few that follow it in the same tick, and takes
/// the time from there: a slow answer delays no later transfer and hides no waiting.
pub async fn open(target: &Target, transfers: Vec<Vec<u8>>, rate: f64) -> Result<Loop> {
    if !(rate.is_finite() && rate > 0.0) {
        return Err(Failure::new(
            "bench.no_rate",
            "the closed loop carried nothing",
        ));
    }
    let per_tick = ((rate * TICK.as_secs_f64()) as usize).max(1);
    let batches: Vec<(usize, Bytes)> = transfers
        .chunks(per_tick)
        .map(|some| (some.len(), join_batch(some)))
        .collect();
    drop(transfers);
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    let mut sent = 0;
    for (index, (count, body)) in batches.into_iter().enumerate() {
        let first = sent;
        sent += count;
        // A request leaves when the time of its last transfer has come.
        let leaves = begun + Duration::from_secs_f64((sent - 1) as f64 / rate);
        tokio::time::sleep_until(leaves.into()).await;
        let target = target.clone();
        tasks.spawn(async move {
            let answer = target.send(index, body).await;
            let answered = begun.elapsed();
            let mut result = Loop::default();
            let done = result.count(count, answer);
            let meant = |offset: usize| Duration::from_secs_f64((first + offset) as f64 / rate);
            result.latencies_us = (0..count)
                .filter(|offset| done[*offset])
                .map(|offset| answered.saturating_sub(meant(offset)).as_micros() as u64)
                .collect();
            result
        });
    }
    gather(tasks, begun).await
}

async fn gather(mut tasks: JoinSet<Loop>, begun: Instant) -> Result<Loop> {
    let mut total = Loop::default();
    while let Some(result) = tasks.join_next().await {
        total.add(result.map_err(|error| Failure::of("bench.task", &error))?);
    }
    total.elapsed = begun.elapsed();
    total.latencies_us.sort_unstable();
    Ok(total)
}
