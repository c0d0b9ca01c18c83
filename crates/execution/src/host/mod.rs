//! The CosmWasm host: storage, addresses and queries over one transaction's session.

mod api;
mod foreign;
mod querier;
mod storage;

pub(crate) use api::HostApi;
pub(crate) use querier::HostQuerier;
pub(crate) use storage::HostStorage;
