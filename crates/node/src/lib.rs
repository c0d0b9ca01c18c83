//! A running node: mempool, consensus, execution pipeline and the handle that others use. The only crate that names the BFT engine.

mod access;
pub mod ballots;
mod clock;
pub mod config;
pub mod consensus;
pub mod cosigning;
mod early;
pub mod engine;
mod following;
pub mod gossip;
pub mod handle;
mod history;
pub mod ledger;
pub mod mempool;
mod metrics;
pub mod network;
pub mod open;
mod orchestrator;
pub mod peers;
pub mod pipeline;
pub mod presence;
pub mod service;
pub mod storage;
mod timing;
pub mod topology;
mod waiters;

pub use access::Placed;
pub use access::{StateAnswer, StatesAnswer};
pub use clock::{MovedClock, ledger_ms, move_clock};
pub use config::{Cosigner, Limits, NodeConfig, Peer, Profile};
pub use cosigning::{Kept, KeptCosigner};
pub use handle::{
    Admitted, CommittedBlock, LedgerHandle, LedgerStatus, NodeHandle, ProofError, ReadError,
    Refusal, StateValue, ValidatorSeen,
};
pub use metrics::{Metric, MetricKind};
pub use service::{NodeError, RunningNode, start};
pub use topology::{NodeRole, NodeSeen, Topology};
