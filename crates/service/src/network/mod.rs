//! Nodes and where they live: the folder of a local consortium, a node's configuration, processes.

pub mod clock;
pub mod config;
pub mod elsewhere;
pub mod folder;
pub mod health;
pub mod join;
pub mod ledgers;
pub mod local;
pub mod logs;
pub mod owner;
pub mod package;
mod ports;
pub mod process;

pub use config::{ConfigError, NodeConfigFile, Overrides};
pub use folder::{
    ConsortiumFolder, ConsortiumRecord, FolderError, LedgerRecord, NodeRecord, make_private_folder,
};
pub use local::{CreateError, LocalConsortium, create};
pub use process::{NodeLock, NodeState, ProcessError};
