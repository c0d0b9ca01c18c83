//! Requests for certificates (PKCS#10, RFC 2986): made from a key, read from anybody.

use super::{
    IdentityError, MAX_CERTIFICATE_BYTES,
    certificate::{read_key_info, read_subject},
    chain::{EcdsaP256, StrictEd25519},
    encoding::{algorithm_of, distinguished_name, sign},
};
use crate::{Algorithm, PublicKey, Signing};
use der::{
    Decode as _, Encode as _,
    asn1::{BitString, SetOfVec},
};
use rustls_pki_types::SignatureVerificationAlgorithm;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::request::{CertReq, CertReqInfo, Version};

/// What a checked request says. Its extensions and attributes are not read: whoever issues decides
/// what a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The organisation, `O`.
    pub organisation: String,
    /// The name, `CN`.
    pub name: String,
    /// The units, `OU`, in their order.
    pub units: Vec<String>,
    /// The key to certify, registrable; it signed the request.
    pub public_key: PublicKey,
}

impl CertificateRequest {
    /// Makes a request for the key that signs it, DER.
    ///
    /// # Errors
    /// A subject that cannot be written, or a key that does not sign.
    pub fn create(
        organisation: &str,
        name: &str,
        units: &[String],
        key: &dyn Signing,
    ) -> Result<Vec<u8>, IdentityError> {
        let unwritable = |_| IdentityError::RequestMalformed("it could not be encoded");
        let public_key = key.public_key();
        let spki = public_key
            .to_spki_der()
            .map_err(IdentityError::UnsoundKey)?;
        let info = CertReqInfo {
            version: Version::V1,
            subject: distinguished_name(organisation, units, name)?,
            public_key: SubjectPublicKeyInfoOwned::from_der(&spki).map_err(unwritable)?,
            attributes: SetOfVec::default(),
        };
        let signature = sign(key, &info.to_der().map_err(unwritable)?)?;
        CertReq {
            info,
            algorithm: algorithm_of(&public_key),
            signature: BitString::from_bytes(&signature).map_err(unwritable)?,
        }
        .to_der()
        .map_err(unwritable)
    }

    /// Reads a request and checks that the key in it is sound and signed it.
    ///
    /// # Errors
    /// [`IdentityError::TooLarge`], [`IdentityError::RequestMalformed`], a key that is not taken,
    /// [`IdentityError::RequestSignature`]; in this order.
    pub fn parse(der: &[u8]) -> Result<Self, IdentityError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(IdentityError::TooLarge { size: der.len() });
        }
        let request = CertReq::from_der(der)
            .map_err(|_| IdentityError::RequestMalformed("no PKCS#10 request"))?;
        let public_key = read_key_info(&request.info.public_key)?;
        let subject = read_subject(&request.info.subject).map_err(|_| {
            IdentityError::RequestMalformed("its subject is not one O, one CN and OU only")
        })?;
        verify(&request, &public_key)?;
        Ok(Self {
            organisation: subject.organisation,
            name: subject.name,
            units: subject.units,
            public_key,
        })
    }
}

fn verify(request: &CertReq, key: &PublicKey) -> Result<(), IdentityError> {
    let refused = IdentityError::RequestSignature;
    let (Ok(message), Some(signature), Some(bits)) = (
        request.info.to_der(),
        request.signature.as_bytes(),
        request.info.public_key.subject_public_key.as_bytes(),
    ) else {
        return Err(refused);
    };
    if request.algorithm.oid != algorithm_of(key).oid {
        return Err(refused);
    }
    let algorithm: &dyn SignatureVerificationAlgorithm = match key.algorithm() {
        Algorithm::Ed25519 => &StrictEd25519,
        Algorithm::P256 => &EcdsaP256,
    };
    algorithm
        .verify_signature(bits, &message, signature)
        .map_err(|_| refused)
}
