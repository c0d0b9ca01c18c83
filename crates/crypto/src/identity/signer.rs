//! What the certificate builder wants of an authority: a key that signs and a new serial number.

use super::{
    IdentityError,
    encoding::{algorithm_of, sign},
};
use crate::{PublicKey, SecretKeyError, Signing, SigningError};
use der::asn1::BitString;
use spki::{AlgorithmIdentifierOwned, Document, EncodePublicKey, SignatureBitStringEncoding};
use std::cell::RefCell;
use x509_cert::serial_number::SerialNumber;

/// 16 random bytes, positive and always of the same length, whatever the random bits.
pub(super) fn new_serial() -> Result<SerialNumber, IdentityError> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| SecretKeyError::NoRandomness)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::new(&serial).map_err(|_| IdentityError::Malformed("the serial"))
}

/// Shows a key to the certificate builder, and remembers why it did not sign.
pub(super) struct CertificateSigner<'a> {
    key: &'a dyn Signing,
    pub(super) failure: RefCell<Option<SigningError>>,
}

impl<'a> CertificateSigner<'a> {
    pub(super) fn new(key: &'a dyn Signing) -> Self {
        Self {
            key,
            failure: RefCell::new(None),
        }
    }
}

#[derive(Clone)]
pub(super) struct CertificateKey(PublicKey);

/// The bits of a certificate's signature field.
pub(super) struct CertificateSignature(Vec<u8>);

impl signature::Signer<CertificateSignature> for CertificateSigner<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<CertificateSignature, signature::Error> {
        sign(self.key, message)
            .map(CertificateSignature)
            .map_err(|error| {
                *self.failure.borrow_mut() = Some(error);
                signature::Error::new()
            })
    }
}

impl signature::Keypair for CertificateSigner<'_> {
    type VerifyingKey = CertificateKey;

    fn verifying_key(&self) -> CertificateKey {
        CertificateKey(self.key.public_key())
    }
}

impl spki::DynSignatureAlgorithmIdentifier for CertificateSigner<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(algorithm_of(&self.key.public_key()))
    }
}

impl EncodePublicKey for CertificateKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        let der = self
            .0
            .to_spki_der()
            .map_err(|_| spki::Error::KeyMalformed)?;
        Ok(Document::try_from(der)?)
    }
}

impl SignatureBitStringEncoding for CertificateSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}
