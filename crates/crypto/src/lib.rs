//! Hashes, keys, signatures, Merkle trees and X.509 identities: everything that the ledger trusts.

mod asn1;
pub mod batch;
pub mod cms;
pub mod digest;
mod ed25519;
pub mod identity;
pub mod keyfile;
pub mod merkle;
pub mod oprf;
mod p256;
pub mod pkix;
pub mod secret;
pub mod signature;
mod signing;
mod spki;
pub mod timestamp;

pub use batch::{KeyCache, SignedDigest, verify_batch};
pub use digest::{Digest, sha256};
pub use secret::{SecretKey, SecretKeyError};
pub use signature::{Algorithm, Namespace, ParseKeyError, PublicKey, Signature, SignatureError};
pub use signing::{Signing, SigningError};
pub use spki::PublicKeyInfoError;
