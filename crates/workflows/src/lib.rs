//! Off-ledger business: importers, steps and exports.

pub mod decimal;
pub mod invoice;
pub mod receivable;
pub mod registry;
pub mod xml;
