//! From final blocks to durable state: execute, commit, and only then acknowledge to the engine.

pub mod committer;
pub mod executor;
pub mod reporter;
pub mod rows;
