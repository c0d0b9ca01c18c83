//! The API over a real node of one validator: every route, as it should be used and as it should not.

#![allow(clippy::unwrap_used)]

mod access;
mod bodies;
mod events;
mod idempotency;
#[path = "../../../../tests/one_node/mod.rs"]
mod one_node;
mod pages;
mod paging;
mod people;
mod reads;
mod refusals;
mod stopping;
mod submits;
mod tls;
mod world;
