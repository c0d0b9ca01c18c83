//! Whoever can sign with a key, wherever the key lies: in memory, in a file, in a security module.

#[cfg(feature = "keys")]
use crate::SecretKey;
use crate::{Digest, Namespace, PublicKey, Signature};

/// A key that signs. Its secret half may lie where no program can read it.
pub trait Signing: Send + Sync {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs bytes that another format defines, such as a certificate's.
    ///
    /// # Errors
    /// [`SigningError`], in words.
    fn sign_message(&self, message: &[u8]) -> Result<Signature, SigningError>;

    /// Signs the digest for one operation of one ledger.
    ///
    /// # Errors
    /// [`SigningError`], in words.
    fn sign(&self, namespace: &Namespace, digest: &Digest) -> Result<Signature, SigningError> {
        self.sign_message(&namespace.signed_bytes(digest))
    }
}

/// Why a key did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key did not sign: {0}")]
pub struct SigningError(String);

impl SigningError {
    /// What went wrong, in words.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

#[cfg(feature = "keys")]
impl Signing for SecretKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign_message(&self, message: &[u8]) -> Result<Signature, SigningError> {
        Ok(Self::sign_message(self, message))
    }
}
