//! A consortium of the bench's own: brought up by `blockworm up`, as its users do, and taken away at the end.

use super::machine::Pids;
use crate::{
    failure::{Failure, Result},
    progress::Progress,
    remote::{client_failure, recorded},
};
use blockworm_api::Client;
use blockworm_ledger::{LedgerId, OrganisationId};
use blockworm_service::{
    consortium::{REGISTRY, TRADE},
    network::{ConsortiumFolder, NodeState, process},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// How long nodes may take to come to the same height after a load.
const AGREE: Duration = Duration::from_secs(60);

/// A ledger of the consortium.
#[derive(Clone)]
pub struct Ground {
    /// The ledger.
    pub ledger: LedgerId,
    /// Who keeps it.
    pub organisations: Vec<OrganisationId>,
}

/// A running consortium. Dropping it stops its nodes and removes its folder.
pub struct Network {
    /// Its folder.
    pub folder: ConsortiumFolder,
    /// The ledger that carries the transfers.
    pub trade: Ground,
    /// The ledger that idles beside it, or carries banks' claims.
    pub registry: Ground,
    /// Whose nodes run, and their APIs.
    pub nodes: Vec<(OrganisationId, Client)>,
    /// What `blockworm up` says it took to the first committed transaction.
    pub up_ms: u64,
    _cleaner: Cleaner,
}

/// The folder of a consortium whose nodes have been stopped in good order.
pub struct Stopped {
    /// The organisations' folders that nodes ran in.
    pub homes: Vec<PathBuf>,
    /// The ledger that carries the load; the other one idles beside it.
    pub ledger: LedgerId,
    _cleaner: Cleaner,
}

impl Network {
    /// Founds and starts one under `place`.
    pub fn up(place: &Path, nodes: usize, progress: &Progress) -> Result<Self> {
        let root = place.join(format!(
            "blockworm-bench-{}-{:08x}",
            std::process::id(),
            random()?
        ));
        let cleaner = Cleaner { root: root.clone() };
        progress.doing(format!("bringing up {nodes} node(s)"));
        let up = blockworm(
            &[
                "up",
                "--detach",
                "--output",
                "json",
                "--nodes",
                &nodes.to_string(),
            ],
            &root,
        )?;
        let folder = ConsortiumFolder::new(root);
        let record = recorded(&folder)?;
        let ground = |name: &str| {
            let ledgers = record.ledgers.iter();
            let found = ledgers.clone().find(|ledger| ledger.name == name);
            let found = found.ok_or_else(|| unexpected("ledger of each name"))?;
            Ok(Ground {
                ledger: found.id.parse().map_err(|_| unexpected("ledger's id"))?,
                organisations: found.organisations.clone(),
            })
        };
        let nodes = record
            .nodes
            .iter()
            .map(|node| {
                Ok((
                    node.organisation.clone(),
                    Client::new(&node.api_url()).map_err(client_failure)?,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            trade: ground(TRADE)?,
            registry: ground(REGISTRY)?,
            nodes,
            up_ms: up["elapsed_ms"]
                .as_u64()
                .ok_or_else(|| unexpected("elapsed_ms"))?,
            folder,
            _cleaner: cleaner,
        })
    }

    /// The processes of the nodes.
    pub fn pids(&self) -> Result<Pids> {
        let pid = |organisation| match process::state(&self.folder, organisation) {
            Ok(NodeState::Running(pid)) if pid != 0 => Ok(pid),
            _ => {
                let words = process::last_words(&self.folder, organisation, 5).join("\n");
                Err(Failure::new(
                    "bench.node_died",
                    format!("the node of {organisation} died:\n{words}"),
                ))
            }
        };
        self.nodes
            .iter()
            .map(|(organisation, _)| pid(organisation))
            .collect()
    }

    /// Waits until all nodes have the same height, and refuses if they differ in what they hold.
    pub async fn agree(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let mut seen = Vec::with_capacity(self.nodes.len());
            for (_, client) in &self.nodes {
                let view = client
                    .ledger(&self.trade.ledger.to_string())
                    .await
                    .map_err(client_failure)?;
                seen.push((view.height, view.state_root));
            }
            let first = &seen[0];
            if seen.iter().all(|view| view == first) {
                return Ok(());
            }
            if seen.iter().all(|view| view.0 == first.0) {
                let what = format!("nodes at height {} have different state roots", first.0);
                return Err(Failure::new("bench.nodes_differ", what));
            }
            if begun.elapsed() > AGREE {
                let heights: Vec<u64> = seen.iter().map(|view| view.0).collect();
                let what = format!(
                    "after {} s the nodes are at heights {heights:?}",
                    AGREE.as_secs()
                );
                return Err(Failure::new("bench.node_behind", what));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stops the nodes; what they wrote stays until the result is dropped.
    pub fn down(self) -> Result<Stopped> {
        blockworm(&["down", "--output", "json"], self.folder.root())?;
        Ok(Stopped {
            homes: self
                .nodes
                .iter()
                .map(|(organisation, _)| self.folder.organisation(organisation))
                .collect(),
            ledger: self.trade.ledger,
            _cleaner: self._cleaner,
        })
    }
}

/// Runs this very program on the folder and reads its answer.
fn blockworm(arguments: &[&str], folder: &Path) -> Result<Value> {
    let program = std::env::current_exe().map_err(|error| Failure::of("system.program", &error))?;
    let verb = arguments[0];
    let output = Command::new(program)
        .args(arguments)
        .arg("--dir")
        .arg(folder)
        .output()
        .map_err(|error| Failure::of("bench.start", &error).during(format!("blockworm {verb}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::new(
            "bench.network",
            format!("blockworm {verb} failed: {said}"),
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|_| unexpected("JSON"))
}

fn unexpected(what: &str) -> Failure {
    Failure::new("bench.network", format!("blockworm up gave no {what}"))
}

fn random() -> Result<u32> {
    getrandom::u32()
        .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))
}

/// Takes a consortium away, however the bench ends.
struct Cleaner {
    root: PathBuf,
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        // Nothing more can be done about nodes or files that resist; the nodes hold no money.
        if self.root.exists() {
            let _ = blockworm(&["down", "--output", "json"], &self.root);
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}
