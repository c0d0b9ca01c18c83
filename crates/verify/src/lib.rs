//! Checks proofs and evidence packages offline, from bytes and pins alone: no network, no clock, no node.
//!
//! [`verify_package`] checks a package (docs/formats/evidence-package.md), [`verify_proof`] one
//! proof file (docs/formats/proof.md). Both list every check by name with its verdict and reason.

mod archive;
mod bag;
mod checks;
mod files;
mod handed;
mod index;
mod path;
mod pem;
mod proof;
mod report;
mod rows;
mod source;
mod text;

pub use archive::{Packing, crc32, unpack};
pub use files::Package;
pub use handed::{HandedError, package_in, verify_text};
pub use index::{INDEX_FORMAT, Index};
pub use pem::certificates as pem_certificates;
pub use proof::{GenesisPin, verify_proof};
pub use report::{EarliestTime, PackageReport};
pub use source::{BytesSource, FileSource, Source};
pub use text::{render_package, render_proof};

use blockworm_crypto::Digest;
use blockworm_ledger::checkpoint::Policy;

/// What the verifier trusts, learned outside the package.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// Digest of the genesis.
    pub genesis: Option<Digest>,
    /// Which cosigners count, and how many of them are enough.
    pub policy: Option<Policy>,
    /// Roots of timestamp authorities, DER.
    pub tsa_roots: Vec<Vec<u8>>,
}

/// Checks a package: every check of docs/formats/evidence-package.md, in its order.
#[must_use]
pub fn verify_package(package: &Package<'_>, pins: &Pins) -> PackageReport {
    checks::run(package, pins)
}
