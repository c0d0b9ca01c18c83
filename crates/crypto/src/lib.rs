//! Hashes, keys, signatures, Merkle trees and X.509 identities: everything that the ledger trusts.

pub mod digest;
pub mod identity;
pub mod keyfile;
pub mod merkle;
pub mod signature;

pub use digest::{Digest, sha256};
pub use signature::{Algorithm, Namespace, PublicKey, SecretKey, Signature, SignatureError};
