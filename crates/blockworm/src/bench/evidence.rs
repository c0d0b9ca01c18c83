//! Deposits of evidence: how long one waits for its receipt, and how many a second are carried in large transactions.

use super::{
    BenchArgs,
    accounts::{self, Accounts, GOOD_FOR},
    failed, for_each_network,
    load::{self, Target},
    network::Network,
};
use crate::{
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    signer::now_ms,
};
use blockworm_crypto::sha256;
use blockworm_evidence::msg::MAX_DEPOSITS;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode};

/// Members who deposit.
const DEPOSITORS: usize = 64;
/// Single deposits a second, unless `--open-rate` says otherwise: each waits for its receipt alone.
const SINGLE_RATE: f64 = 20.0;
/// Matters that a large transaction deposits in.
const MATTERS_AT_ONCE: usize = 16;
/// Large transactions that warm caches and connections.
const WARM_UP: usize = 64;
/// Large transactions in one request.
const BATCH: usize = 4;

/// One number of nodes.
#[derive(Clone, Debug, Serialize)]
struct Deposits {
    nodes: usize,
    /// From the time at which one deposit was meant to be sent to its receipt.
    receipt_p50_ms: f64,
    /// The slowest hundredth.
    receipt_p99_ms: f64,
    /// Deposits a second in transactions of `deposits_at_once`.
    deposits_per_s: f64,
    deposits_at_once: usize,
    failed: u64,
}

/// Measures and prints.
pub async fn run(
    args: &BenchArgs,
    place: &Path,
    progress: &Progress,
    format: Format,
) -> Result<ExitCode> {
    let header = ["nodes", "receipt p50 ms", "p99 ms", "deposits/s", "failed"];
    let each = async |network: &Network| measure(args, network, progress).await;
    for_each_network(args, place, progress, format, each, (header, row)).await
}

fn row(deposits: &Deposits) -> [String; 5] {
    [
        deposits.nodes.to_string(),
        format!("{:.0}", deposits.receipt_p50_ms),
        format!("{:.0}", deposits.receipt_p99_ms),
        format!("{:.0}", deposits.deposits_per_s),
        deposits.failed.to_string(),
    ]
}

/// Makes deposits that differ from all others; no file stands behind them, for files cost a ledger nothing.
struct Source<'a> {
    accounts: &'a Accounts,
    network: &'a Network,
    nonce: [u8; 8],
    next: usize,
}

impl<'a> Source<'a> {
    fn new(accounts: &'a Accounts, network: &'a Network) -> Result<Self> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce)
            .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
        Ok(Self {
            accounts,
            network,
            nonce,
            next: 0,
        })
    }

    fn deposit(&self, transaction: usize, place: usize, matters: usize, now_ms: u64) -> Value {
        let digest = |what: &[u8]| {
            let place = (place as u64).to_be_bytes();
            let transaction = (transaction as u64).to_be_bytes();
            sha256(&[&self.nonce, what, &transaction, &place])
        };
        let matter = format!(
            "bench-{}-{transaction}-{}",
            u64::from_be_bytes(self.nonce),
            place % matters
        );
        json!({
            "matter": matter, "phase": "delivery", "kind": "photo", "method": "camera",
            "commitment": digest(b"original"), "size": "2400000",
            "capture": digest(b"capture"), "captured_ms": now_ms.to_string(),
        })
    }

    /// Signs the next transactions of so many deposits in so many matters of their own.
    fn sign(&mut self, count: usize, deposits: usize, matters: usize) -> Result<Vec<Vec<u8>>> {
        let first = self.next;
        self.next += count;
        let now = now_ms();
        let expires_at_ms = now + GOOD_FOR.as_millis() as u64;
        let ledger = self.network.trade.ledger;
        let contract = crate::builtins::EVIDENCE_CONTRACT.parse();
        let contract = contract.map_err(|_| Failure::new("bench.contract", "a name is not one"))?;
        let one = |index: usize| {
            let files = (0..deposits).map(|place| self.deposit(index, place, matters, now));
            let message = json!({ "deposit": { "deposits": files.collect::<Vec<_>>() } });
            let message = message.to_string().into_bytes();
            self.accounts
                .sign(index, (ledger, &contract), message, expires_at_ms)
        };
        Ok((first..first + count).into_par_iter().map(one).collect())
    }
}

async fn measure(args: &BenchArgs, network: &Network, progress: &Progress) -> Result<Deposits> {
    let nodes = network.nodes.len();
    progress.doing(format!("{nodes} node(s): registering {DEPOSITORS} members"));
    let accounts = accounts::open_makers(network, DEPOSITORS).await?;
    let mut source = Source::new(&accounts, network)?;
    let target = Target::new(network, &network.trade)?;
    let connections = args.connections as usize;
    let seconds = args.seconds as f64;

    let rate = args
        .open_rate
        .map_or(SINGLE_RATE, |rate| f64::from(rate.get()));
    let single = source.sign((rate * seconds).ceil() as usize, 1, 1)?;
    progress.doing(format!(
        "{nodes} node(s): {rate:.0} single deposits a second"
    ));
    let single = load::open(&target, single, rate).await?;

    progress.doing(format!("{nodes} node(s): warming up"));
    let warm = source.sign(WARM_UP, MAX_DEPOSITS, MATTERS_AT_ONCE)?;
    let warm = load::closed(&target, warm, BATCH, connections).await?;
    let enough = (warm.per_second() * seconds).clamp(64.0, 20_000.0) as usize;
    let large = source.sign(enough, MAX_DEPOSITS, MATTERS_AT_ONCE)?;
    progress.doing(format!(
        "{nodes} node(s): {enough} transactions of {MAX_DEPOSITS} deposits"
    ));
    let large = load::closed(&target, large, BATCH, connections).await?;
    network.agree().await?;
    let label = format!("{nodes} node(s)");
    let loops = [&single, &warm, &large];
    Ok(Deposits {
        nodes,
        receipt_p50_ms: single.percentile_ms(0.50),
        receipt_p99_ms: single.percentile_ms(0.99),
        deposits_per_s: large.per_second() * MAX_DEPOSITS as f64,
        deposits_at_once: MAX_DEPOSITS,
        failed: failed(&label, &loops, progress),
    })
}
