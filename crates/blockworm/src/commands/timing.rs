//! The time that a node gives and takes: its authority, and the stamping of its ledgers' checkpoints.

use crate::failure::{Failure, Result};
use blockworm_api::TimeServices;
use blockworm_ledger::LedgerId;
use blockworm_node::{LedgerHandle, NodeHandle};
use blockworm_service::{
    network::NodeConfigFile,
    time::{
        Checkpoints, StampPlan, StampStore, Stampable, Stamper, Standing, TimeAuthority,
        TimeClient, TimeError,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{sync::broadcast::error::RecvError, task::JoinHandle};

/// What was opened, before anything runs.
pub struct Timing {
    /// What the API serves.
    pub services: TimeServices,
    plan: StampPlan,
    ledgers: Vec<LedgerHandle>,
}

impl Timing {
    /// Opens the authority, where the settings ask for one, and the stamps.
    pub fn open(file: &NodeConfigFile, node: &NodeHandle) -> Result<Self> {
        let failed = |error: TimeError| {
            let next = match error.code() {
                "timestamp.authority_key" => {
                    "blockworm certificate issue timestamping; or set `authority = false` in [time] of node.toml"
                }
                _ => "correct [time] in node.toml, or restore the folder `timestamps`",
            };
            Failure::of(error.code(), &error).next(next)
        };
        let authority = file.authority_plan().map(TimeAuthority::open);
        let authority = authority.transpose().map_err(failed)?.map(Arc::new);
        if let Some(authority) = &authority {
            tracing::info!(organisation = %authority.organisation(), "giving timestamps");
        }
        let plan = file.time.plan().map_err(failed)?;
        let store = StampStore::open(&file.timestamps()).map_err(failed)?;
        Ok(Self {
            services: TimeServices {
                authority,
                store: Some(Arc::new(store)),
                standing: Arc::new(Standing::default()),
            },
            plan,
            ledgers: node.ledgers(),
        })
    }

    /// Starts stamping, where the settings name an authority; the tasks, to be ended with the node.
    pub fn start(self) -> Vec<JoinHandle<()>> {
        let Some(store) = self
            .services
            .store
            .filter(|_| !self.plan.sources.is_empty())
        else {
            return Vec::new();
        };
        let client = match TimeClient::new() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "nothing is stamped");
                return Vec::new();
            }
        };
        let mut tasks = Vec::new();
        for ledger in self.ledgers {
            // What was committed before this start counts as something new.
            let busy = Arc::new(AtomicU64::new(ledger.status().height));
            tasks.push(tokio::spawn(follow(ledger.clone(), busy.clone())));
            let stamper = Stamper::new(
                self.plan.clone(),
                client.clone(),
                store.clone(),
                self.services.standing.clone(),
                OfLedger { ledger, busy },
            );
            tasks.push(tokio::spawn(stamper.run()));
        }
        tasks
    }
}

/// Notes the highest block that has transactions.
async fn follow(ledger: LedgerHandle, busy: Arc<AtomicU64>) {
    let mut blocks = ledger.subscribe();
    loop {
        match blocks.recv().await {
            Ok(block) if block.receipts.is_empty() => {}
            Ok(block) => {
                busy.fetch_max(block.header.height, Ordering::Relaxed);
            }
            // What was missed may have had some.
            Err(RecvError::Lagged(_)) => {
                busy.fetch_max(ledger.status().height, Ordering::Relaxed);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// One ledger of this node.
struct OfLedger {
    ledger: LedgerHandle,
    busy: Arc<AtomicU64>,
}

impl Checkpoints for OfLedger {
    fn ledger(&self) -> LedgerId {
        self.ledger.id()
    }

    async fn newest(&self) -> Option<Stampable> {
        let kept = self.ledger.signed_checkpoint(None);
        let kept = kept
            .inspect_err(|error| tracing::warn!(%error, "no checkpoint can be read"))
            .ok()??;
        Some(Stampable {
            size: kept.signed.checkpoint.size,
            note: kept.signed.to_string(),
            body: kept.signed.checkpoint.body(),
            block_ms: kept.time_ms,
        })
    }

    fn note(&self, size: u64) -> Option<String> {
        let kept = self.ledger.kept_checkpoint(size).ok()??;
        Some(kept.signed.to_string())
    }

    fn busy_since(&self, height: u64) -> bool {
        self.busy.load(Ordering::Relaxed) >= height
    }
}
