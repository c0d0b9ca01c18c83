//! Stands in for the cryptography that `cosmwasm-std` links for its own `MockApi` on native targets.
//!
//! The host of `crates/execution` implements `Api` itself, so nothing here is ever reached in the
//! product; every function refuses. It keeps 58 crates, among them a second elliptic-curve stack, out
//! of the build (docs/decisions/0007-cosmwasm-crypto.md).

use std::fmt;

/// The refusal that every function gives.
const REFUSED: &str = "this build offers no CosmWasm mock cryptography";

/// Hash functions of the BLS12-381 calls.
#[derive(Debug, Clone, Copy)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
}

/// Why points could not be added up.
#[derive(Debug)]
pub enum AggregationError {
    /// No points.
    Empty,
    /// Bytes that are not whole points.
    NotMultiple {
        /// The size of one point.
        expected_multiple: usize,
        /// The bytes left over.
        remainder: usize,
    },
}

/// Why a pairing could not be checked.
#[derive(Debug)]
pub enum PairingEqualityError {
    /// Bytes that are not whole G1 points.
    NotMultipleG1 {
        /// The bytes left over.
        remainder: usize,
    },
    /// Bytes that are not whole G2 points.
    NotMultipleG2 {
        /// The bytes left over.
        remainder: usize,
    },
    /// Lists of different lengths.
    UnequalPointAmount {
        /// Points on the left.
        left: usize,
        /// Points on the right.
        right: usize,
    },
}

/// The errors that `cosmwasm-std` maps into its own.
#[derive(Debug)]
#[allow(
    missing_docs,
    reason = "the variants mirror those that cosmwasm-std matches on"
)]
pub enum CryptoError {
    Aggregation { source: AggregationError },
    BatchErr { msg: String },
    GenericErr { msg: String },
    InvalidHashFormat {},
    InvalidPubkeyFormat {},
    InvalidSignatureFormat {},
    InvalidRecoveryParam {},
    InvalidPoint {},
    PairingEquality { source: PairingEqualityError },
    UnknownHashFunction {},
}

impl CryptoError {
    /// The numeric code that `cosmwasm-std` passes on: 10, its generic error.
    #[must_use]
    pub fn code(&self) -> u32 {
        10
    }
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for CryptoError {}

fn refuse<T>() -> Result<T, CryptoError> {
    Err(CryptoError::GenericErr {
        msg: REFUSED.into(),
    })
}

/// Refuses.
pub fn bls12_381_aggregate_g1(_: &[u8]) -> Result<[u8; 48], CryptoError> {
    refuse()
}

/// Refuses.
pub fn bls12_381_aggregate_g2(_: &[u8]) -> Result<[u8; 96], CryptoError> {
    refuse()
}

/// Refuses.
pub fn bls12_381_pairing_equality(
    _: &[u8],
    _: &[u8],
    _: &[u8],
    _: &[u8],
) -> Result<bool, CryptoError> {
    refuse()
}

/// Has no error to give.
///
/// # Panics
/// Always.
#[must_use]
pub fn bls12_381_hash_to_g1(_: HashFunction, _: &[u8], _: &[u8]) -> [u8; 48] {
    panic!("{REFUSED}")
}

/// Has no error to give.
///
/// # Panics
/// Always.
#[must_use]
pub fn bls12_381_hash_to_g2(_: HashFunction, _: &[u8], _: &[u8]) -> [u8; 96] {
    panic!("{REFUSED}")
}

/// Refuses.
pub fn secp256k1_verify(_: &[u8], _: &[u8], _: &[u8]) -> Result<bool, CryptoError> {
    refuse()
}

/// Refuses.
pub fn secp256k1_recover_pubkey(_: &[u8], _: &[u8], _: u8) -> Result<[u8; 65], CryptoError> {
    refuse()
}

/// Refuses.
pub fn secp256r1_verify(_: &[u8], _: &[u8], _: &[u8]) -> Result<bool, CryptoError> {
    refuse()
}

/// Refuses.
pub fn secp256r1_recover_pubkey(_: &[u8], _: &[u8], _: u8) -> Result<[u8; 65], CryptoError> {
    refuse()
}

/// Refuses.
pub fn ed25519_verify(_: &[u8], _: &[u8], _: &[u8]) -> Result<bool, CryptoError> {
    refuse()
}

/// Refuses.
pub fn ed25519_batch_verify<R>(
    _: &mut R,
    _: &[&[u8]],
    _: &[&[u8]],
    _: &[&[u8]],
) -> Result<bool, CryptoError> {
    refuse()
}
