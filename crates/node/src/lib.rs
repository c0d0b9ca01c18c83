//! A running node: mempool, consensus, execution pipeline and the handle that others use. The only crate that names the BFT engine.

pub mod config;
pub mod handle;
pub mod service;

pub use config::{Limits, NodeConfig, Peer, Profile};
pub use handle::{
    Admitted, CommittedBlock, LedgerHandle, LedgerStatus, Metric, MetricKind, NodeHandle,
    ProofError, ReadError, Refusal, StateAnswer, StateValue,
};
pub use service::{NodeError, RunningNode, start};
