//! Two ledgers of the same nodes: what each carries alone, and what both carry at once.

use super::{
    BenchArgs, Traffic, WARM_UP,
    accounts::{self, Accounts, Payments},
    failed, for_each_network,
    load::{self, Loop, Target},
    network::Network,
    wanted,
};
use crate::{failure::Result, output::Format, progress::Progress};
use serde::Serialize;
use std::{path::Path, process::ExitCode};

/// Makers of the two banks, who claim.
const BANKERS: usize = 200;

/// One number of nodes.
#[derive(Clone, Debug, Serialize)]
struct Both {
    nodes: usize,
    /// Transfers a second on the trade, the registry idle.
    transfers_alone_per_s: f64,
    /// Claims a second on the registry, the trade idle.
    claims_alone_per_s: f64,
    /// Both at once.
    transfers_together_per_s: f64,
    claims_together_per_s: f64,
    /// The work of a second of both at once, in seconds that it takes when one follows the other.
    ratio: f64,
    failed: u64,
}

/// Measures and prints.
pub async fn run(
    args: &BenchArgs,
    place: &Path,
    progress: &Progress,
    format: Format,
) -> Result<ExitCode> {
    let header = [
        "nodes",
        "transfers/s alone",
        "claims/s alone",
        "transfers/s together",
        "claims/s together",
        "together of alone",
        "failed",
    ];
    let each = async |network: &Network| measure(args, network, progress).await;
    for_each_network(args, place, progress, format, each, (header, row)).await
}

fn row(both: &Both) -> [String; 7] {
    [
        both.nodes.to_string(),
        format!("{:.0}", both.transfers_alone_per_s),
        format!("{:.0}", both.claims_alone_per_s),
        format!("{:.0}", both.transfers_together_per_s),
        format!("{:.0}", both.claims_together_per_s),
        format!("{:.2}", both.ratio),
        both.failed.to_string(),
    ]
}

/// A commitment, and the reservation that opens it.
const MESSAGES_OF_A_CLAIM: f64 = 2.0;

/// A ledger, its load and how much of it goes at once.
struct Side<'a> {
    target: Target,
    payments: Payments<'a>,
    batch: usize,
    connections: usize,
}

impl<'a> Side<'a> {
    fn new(
        args: &BenchArgs,
        network: &Network,
        accounts: &'a Accounts,
        traffic: Traffic,
    ) -> Result<Self> {
        let ground = match traffic {
            Traffic::Claims => &network.registry,
            Traffic::Distinct | Traffic::Hot => &network.trade,
        };
        Ok(Self {
            target: Target::new(network, ground)?,
            payments: Payments::new(
                network,
                accounts,
                traffic,
                args.batch as usize * args.connections as usize,
            )?,
            batch: args.batch as usize,
            connections: args.connections as usize,
        })
    }

    async fn closed(&self, signed: Vec<Vec<u8>>, share: usize) -> Result<Loop> {
        let connections = (self.connections / share).max(1);
        load::closed(&self.target, signed, self.batch, connections).await
    }

    /// What it carries while the other ledger idles.
    async fn alone(&mut self, seconds: u64) -> Result<Loop> {
        let warm = self.payments.sign(WARM_UP);
        let warm = self.closed(warm, 1).await?;
        let signed = self.payments.sign(wanted(warm.per_second(), seconds));
        self.closed(signed, 1).await
    }
}

async fn measure(args: &BenchArgs, network: &Network, progress: &Progress) -> Result<Both> {
    let nodes = network.nodes.len();
    progress.doing(format!(
        "{nodes} node(s): registering members on both ledgers"
    ));
    let payers = accounts::open(network, args.accounts as usize).await?;
    let bankers = accounts::open_banks(network, BANKERS).await?;
    let mut trade = Side::new(args, network, &payers, Traffic::Distinct)?;
    let mut registry = Side::new(args, network, &bankers, Traffic::Claims)?;
    progress.doing(format!("{nodes} node(s): transfers alone"));
    let transfers = trade.alone(args.seconds).await?;
    progress.doing(format!("{nodes} node(s): claims alone"));
    let claims = registry.alone(args.seconds).await?;
    // As much of each as takes half of the time alone, over as many connections together as before.
    let half = |alone: &Loop| wanted(alone.per_second() / 2.0, args.seconds);
    let signed = (
        trade.payments.sign(half(&transfers)),
        registry.payments.sign(half(&claims)),
    );
    progress.doing(format!("{nodes} node(s): both at once"));
    let (both_transfers, both_claims) =
        futures::future::try_join(trade.closed(signed.0, 2), registry.closed(signed.1, 2)).await?;
    network.agree().await?;
    let elapsed = both_transfers
        .elapsed
        .max(both_claims.elapsed)
        .as_secs_f64();
    let work = both_transfers.ok as f64 / transfers.per_second()
        + both_claims.ok as f64 / claims.per_second();
    let label = format!("{nodes} node(s)");
    let loops = [&transfers, &claims, &both_transfers, &both_claims];
    Ok(Both {
        nodes,
        transfers_alone_per_s: transfers.per_second(),
        claims_alone_per_s: claims.per_second() / MESSAGES_OF_A_CLAIM,
        transfers_together_per_s: both_transfers.ok as f64 / elapsed,
        claims_together_per_s: both_claims.ok as f64 / elapsed / MESSAGES_OF_A_CLAIM,
        ratio: work / elapsed.max(1e-9),
        failed: failed(&label, &loops, progress),
    })
}
