//! The API over a real node of one validator: every route, as it should be used and as it should not.

#![allow(clippy::unwrap_used)]

mod bodies;
mod events;
mod pages;
mod reads;
mod refusals;
mod stopping;
mod submits;
mod world;
