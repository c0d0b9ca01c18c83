//! Starts and stops a node on the real machine.

use crate::{config::NodeConfig, handle::NodeHandle};
use blockworm_execution::Builtins;
use blockworm_ledger::LedgerId;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Why a node does not start or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Somebody else listens there.
    #[error(
        "cannot listen on {address}: {source}; stop the other process or choose another address"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A local consortium stays on this machine.
    #[error("profile local refuses the address {address}: it is not a loopback address")]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// The genesis breaks its own rules.
    #[error("genesis of ledger {name:?}: {reason}")]
    Genesis {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The directory holds the ledger of another genesis.
    #[error(
        "{directory} holds a ledger of another genesis ({found}); this genesis is {wanted}. Use another directory, or restore the genesis file"
    )]
    OtherGenesis {
        /// Where.
        directory: PathBuf,
        /// Genesis digest in the directory.
        found: String,
        /// Genesis digest in the configuration.
        wanted: String,
    },
    /// This program lacks the ledger's execution rules.
    #[error(
        "ledger {ledger} needs protocol version {needed}; this program knows up to {known}. Install a newer one"
    )]
    ProtocolVersion {
        /// Which ledger.
        ledger: LedgerId,
        /// What the ledger runs.
        needed: u32,
        /// What this program runs.
        known: u32,
    },
    /// The key is of the wrong kind.
    #[error("the consensus key must be Ed25519")]
    ConsensusKey,
    /// The disk failed or holds something unexpected.
    #[error("{path}: {reason}")]
    Store {
        /// Where.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A thread of the node ended with an error.
    #[error("the node stopped: {0}")]
    Stopped(String),
}

/// A node on its own threads. Dropping it stops the node without waiting.
pub struct RunningNode {
    handle: NodeHandle,
}

#[allow(clippy::unimplemented)]
impl RunningNode {
    /// The handle that the rest of the house uses.
    #[must_use]
    pub fn handle(&self) -> NodeHandle {
        self.handle.clone()
    }

    /// Stops the node, waits until everything taken is on disk and all threads ended.
    pub fn stop(self) -> Result<(), NodeError> {
        unimplemented!()
    }

    /// Waits until the node ends by itself, which is always an error.
    pub fn failed(&self) -> tokio::sync::watch::Receiver<Option<String>> {
        unimplemented!()
    }
}

/// Starts a node on its own threads and returns once it listens and its stores are open.
#[allow(clippy::unimplemented)]
pub fn start(_config: NodeConfig, _builtins: Arc<Builtins>) -> Result<RunningNode, NodeError> {
    unimplemented!()
}
