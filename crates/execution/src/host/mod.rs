//! The CosmWasm host: storage, addresses and queries over one transaction's session.

mod api;
mod foreign;
mod querier;
mod storage;

pub(crate) use api::HostApi;
#[cfg(feature = "wasm")]
pub(crate) use api::NOT_A_NAME;
pub(crate) use querier::HostQuerier;
pub(crate) use storage::HostStorage;
#[cfg(feature = "wasm")]
pub(crate) use storage::Scan;
