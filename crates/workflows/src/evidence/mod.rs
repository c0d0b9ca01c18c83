//! Evidence from a file to the ledger and back: how it was captured, what is committed to, where originals are kept, the messages about it.

pub mod package;
