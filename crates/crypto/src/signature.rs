//! Keys and signatures with one acceptance rule on every node.

use borsh::{BorshDeserialize, BorshSerialize};

/// A signature algorithm that members may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RFC 8032, verified by the rule of ZIP-215.
    Ed25519,
    /// ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), signatures as `r ‖ s`.
    P256,
}

/// A public key. Text form: `ed25519:<64 hex>` or `p256:<66 hex>` (SEC 1 compressed).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum PublicKey {
    /// A compressed Edwards point.
    Ed25519([u8; 32]),
    /// A SEC 1 compressed point.
    P256([u8; 33]),
}

/// A signature, tagged by its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub enum Signature {
    /// `R ‖ s` of RFC 8032.
    Ed25519([u8; 64]),
    /// `r ‖ s`, each 32 bytes, big-endian.
    P256([u8; 64]),
}

/// What a signature is for: `blockworm/<ledger id>/<operation>`. The signed bytes are the
/// namespace, one zero byte and the 32-byte digest, so a signature never counts elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

/// A secret key, wiped from memory when dropped and never printed.
pub struct SecretKey(());

/// Why a signature or key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature does not belong to this key, namespace and digest.
    #[error("the signature does not match the key and the signed digest")]
    Mismatch,
}
