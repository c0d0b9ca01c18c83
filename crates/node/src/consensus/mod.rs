//! What the engine asks of us: a block type, proposals, verdicts and certificates.

pub mod application;
pub mod block;
pub mod chain;
pub mod finality;
pub mod keys;
pub mod roots;
pub mod succession;
pub mod transactions;
pub mod turns;
