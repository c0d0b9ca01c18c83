//! Deterministic block execution: the contract host, pricing and the system contracts.
