//! `blockworm bench`: drives load through the same path as the product and prints figures.
//!
//! Every case founds its own consortium with `blockworm up`, so that memory and disk are its own:
//! members are registered and given money, transfers are signed beforehand and not counted, sent
//! through the HTTP batch API, and count when their receipts are durable. First a closed loop finds
//! how many a second the consortium carries; then an open loop at half of that finds how long one
//! takes, from the moment it was meant to be sent.

mod accounts;
mod both;
mod disk;
mod evidence;
mod load;
mod machine;
mod network;
mod page;
mod report;

use crate::{
    failure::{Failure, Result},
    output::{Format, table},
    progress::Progress,
};
use load::Target;
use network::Network;
use report::{Case, Report, Summary};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Transfers that warm caches and connections and tell how many the closed loop needs.
const WARM_UP: usize = 16_384;

/// Flags of `blockworm bench`.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// Numbers of nodes to measure: 1, 4 or 1,4.
    #[arg(long, value_delimiter = ',', default_value = "1,4", value_parser = clap::builder::PossibleValuesParser::new(["1", "4"]))]
    nodes: Vec<String>,
    /// How many accounts pay each other.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(8..=100_000))]
    accounts: u32,
    /// About how long each loop runs.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=40))]
    seconds: u64,
    /// Requests that wait for receipts side by side in the closed loop.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=64))]
    connections: u32,
    /// Transfers a second in the open loop; else half of what the closed loop carried.
    #[arg(long)]
    open_rate: Option<std::num::NonZeroU32>,
    /// Transfers in one request of the closed loop.
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=8_192))]
    batch: u32,
    /// Measure two ledgers of the same nodes instead: transfers on the trade, banks' claims on the
    /// registry, each alone and both at once.
    #[arg(long)]
    two_ledgers: bool,
    /// Measure deposits of evidence instead: the receipt of one, and many in large transactions.
    #[arg(long, conflicts_with = "two_ledgers")]
    evidence: bool,
    /// Where the consortia's folders are made; else the folder for temporary files, or this one if
    /// that lies in memory.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Who pays whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Every account pays its neighbour.
    Distinct,
    /// Every account pays the same one.
    Hot,
    /// Every maker of a bank reserves new documents.
    Claims,
}

impl Traffic {
    const fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct",
            Self::Hot => "hot",
            Self::Claims => "claims",
        }
    }
}

/// Runs the bench.
pub fn run(args: BenchArgs, format: Format) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of("system.runtime", &error))?;
    let progress = Progress::new();
    let place = machine::place(args.dir.as_deref(), &progress);
    if args.two_ledgers {
        return runtime.block_on(both::run(&args, &place, &progress, format));
    }
    if args.evidence {
        return runtime.block_on(evidence::run(&args, &place, &progress, format));
    }
    progress.doing("measuring how many signatures this machine verifies");
    let verify_limit_per_s = machine::verify_limit(args.accounts as usize)?;
    let mut cases = Vec::new();
    let mut up_ms = 0;
    for nodes in &args.nodes {
        let nodes: usize = nodes.parse().unwrap_or(1);
        for traffic in [Traffic::Distinct, Traffic::Hot] {
            let network = Network::up(&place, nodes, &progress)?;
            up_ms = network.up_ms.max(up_ms);
            let case = measure(&args, network, traffic, &progress);
            cases.push(runtime.block_on(unless_interrupted(case))?);
        }
    }
    progress.done();
    let report = Report::new(
        cases,
        Summary {
            hot_ratio: 0.0,
            verify_limit_per_s,
            up_ms,
        },
    );
    format.print(&report.objects(), report.table())?;
    Ok(ExitCode::SUCCESS)
}

/// Founds a consortium of each number of nodes, measures it, and prints a row for each.
async fn for_each_network<T: Serialize, const N: usize>(
    args: &BenchArgs,
    place: &Path,
    progress: &Progress,
    format: Format,
    measure: impl AsyncFn(&Network) -> Result<T>,
    (header, row): ([&str; N], impl Fn(&T) -> [String; N]),
) -> Result<ExitCode> {
    let mut all = Vec::new();
    for nodes in &args.nodes {
        let network = Network::up(place, nodes.parse().unwrap_or(1), progress)?;
        all.push(unless_interrupted(measure(&network)).await?);
    }
    progress.done();
    let rows: Vec<[String; N]> = all.iter().map(row).collect();
    format.print(&all, table(header, &rows))?;
    Ok(ExitCode::SUCCESS)
}

/// Says which codes the loops of a case were refused with, and how many requests failed in all.
fn failed(label: &str, loops: &[&load::Loop], progress: &Progress) -> u64 {
    for (code, times) in loops.iter().flat_map(|one| &one.refusals) {
        progress.say(&format!("{label}: {times} x {code}"));
    }
    loops.iter().map(|one| one.failed()).sum()
}

/// Ends the case at Ctrl-C, so that its nodes are stopped and its folder is removed.
async fn unless_interrupted<T>(case: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        case = case => case,
        _ = tokio::signal::ctrl_c() => {
            Err(Failure::new("bench.interrupted", "the bench was interrupted; its nodes were stopped"))
        }
    }
}

async fn measure(
    args: &BenchArgs,
    network: Network,
    traffic: Traffic,
    progress: &Progress,
) -> Result<Case> {
    let label = format!(
        "{} node(s), {} account(s)",
        network.nodes.len(),
        traffic.name()
    );
    progress.doing(format!("{label}: registering {} members", args.accounts));
    let accounts = accounts::open(&network, args.accounts as usize).await?;
    let mut payments = accounts::Payments::new(&network, &accounts, traffic, 0)?;
    let target = Target::new(&network, &network.trade)?;
    let connections = args.connections as usize;
    let batch = args.batch as usize;

    progress.doing(format!("{label}: warming up"));
    let warm = load::closed(&target, payments.sign(WARM_UP), batch, connections).await?;
    let enough = wanted(warm.per_second(), args.seconds);
    progress.doing(format!("{label}: signing {enough} transfers"));
    let signed = payments.sign(enough);
    machine::forget_peak_memory(&network.pids()?);
    let before = machine::cpu(&network.pids()?)?;
    progress.doing(format!("{label}: closed loop, {enough} transfers"));
    let closed = load::closed(&target, signed, batch, connections).await?;
    let cpu = machine::cpu(&network.pids()?)?.saturating_sub(before);

    let rate = args
        .open_rate
        .map_or(closed.per_second() / 2.0, |rate| f64::from(rate.get()));
    let signed = payments.sign(wanted(rate, args.seconds));
    progress.doing(format!(
        "{label}: open loop at {rate:.0} transfers a second"
    ));
    let loading = load::open(&target, signed, rate);
    let (open, pages) = page::Pages::during(&network, loading).await?;
    network.agree().await?;

    let rss_mb = machine::peak_memory_mb(&network.pids()?)?;
    let committed =
        accounts.setup_transactions + warm.committed + closed.committed + open.committed;
    let count = network.nodes.len();
    progress.doing(format!(
        "{label}: stopping the nodes and reading their disks"
    ));
    let network = network.down()?;
    let bytes = disk::measure(&network)?.per_transaction(count, committed);
    let failed = failed(&label, &[&warm, &closed, &open], progress);
    Ok(Case {
        case: traffic.name(),
        nodes: count,
        transfers_per_s: closed.per_second(),
        p50_ms: open.percentile_ms(0.50),
        p99_ms: open.percentile_ms(0.99),
        page_p50_ms: pages.percentile_ms(0.50),
        page_p99_ms: pages.percentile_ms(0.99),
        cpu_ms_per_tx: cpu.as_secs_f64() * 1_000.0 / count as f64 / closed.ok.max(1) as f64,
        rss_mb,
        bytes_per_tx: bytes.total(),
        failed,
        bytes_split: bytes,
    })
}

/// How many transfers a loop needs at that rate: enough for its time, and for no more than a signed
/// transaction is good for.
fn wanted(per_second: f64, seconds: u64) -> usize {
    let most = accounts::GOOD_FOR
        .saturating_sub(Duration::from_secs(45))
        .as_secs();
    ((per_second * seconds.min(most) as f64) as usize).clamp(2_048, 1_500_000)
}
