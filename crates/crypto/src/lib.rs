//! Hashes, keys, signatures, Merkle trees and X.509 identities: everything that the ledger trusts.

#[cfg(not(any(feature = "native", feature = "portable")))]
compile_error!("choose a backend of blockworm-crypto: the feature `native` or `portable`");

mod asn1;
mod backend;
#[cfg(feature = "native")]
pub mod batch;
pub mod cms;
pub mod digest;
mod ed25519;
pub mod identity;
#[cfg(feature = "keys")]
pub mod keyfile;
pub mod merkle;
#[cfg(feature = "keys")]
pub mod oprf;
mod p256;
pub mod pkix;
#[cfg(feature = "keys")]
pub mod secret;
pub mod signature;
mod signing;
mod spki;
pub mod timestamp;

#[cfg(feature = "native")]
pub use batch::{KeyCache, SignedDigest, verify_batch};
pub use digest::{Digest, sha256};
#[cfg(feature = "keys")]
pub use secret::{SecretKey, SecretKeyError};
pub use signature::{Algorithm, Namespace, ParseKeyError, PublicKey, Signature, SignatureError};
pub use signing::{Signing, SigningError};
pub use spki::PublicKeyInfoError;
