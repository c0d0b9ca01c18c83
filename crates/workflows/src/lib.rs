//! Off-ledger business: importers, steps and exports.

pub mod asset;
pub mod commitment;
pub mod decimal;
pub mod evidence;
pub mod fingerprint;
pub mod invoice;
pub mod receivable;
pub mod registry;
pub mod xml;
