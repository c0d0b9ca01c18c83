//! Off-ledger business: importers, steps and exports.
