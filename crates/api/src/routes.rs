//! The handlers, grouped by what they answer about.

pub(crate) mod blocks;
pub(crate) mod checkpoints;
pub(crate) mod consortium;
pub(crate) mod contracts;
pub(crate) mod directory;
pub(crate) mod evaluations;
pub(crate) mod events;
pub(crate) mod identity;
pub(crate) mod node;
pub(crate) mod revocations;
pub(crate) mod timestamps;
pub(crate) mod topology;
pub(crate) mod transactions;
