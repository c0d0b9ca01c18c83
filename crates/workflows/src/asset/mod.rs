//! Assets on a trade's ledger: the classes that it begins with, the messages about them, and a bank's settlement money.

pub mod classes;
pub mod steps;
pub mod voucher;

pub use steps::Assets;
