//! Lists of revoked certificates (RFC 5280, section 5), for outsiders; the ledger asks none.

use super::{
    IdentityError, Validity,
    encoding::{algorithm_of, sign, time},
    profile::extension,
};
use crate::Signing;
use der::{
    Decode as _, Encode as _,
    asn1::{BitString, Uint},
    referenced::OwnedToRef as _,
};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Version,
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::pkix::{AuthorityKeyIdentifier, CrlNumber, SubjectKeyIdentifier},
    name::Name,
    serial_number::SerialNumber,
};

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// The certificate's serial number, big-endian.
    pub serial: Vec<u8>,
    /// Since when, milliseconds since 1970 UTC.
    pub revoked_at_ms: u64,
}

pub(super) fn list(
    key: &dyn Signing,
    issuer: &Name,
    number: u64,
    validity: Validity,
    revoked: &[RevokedCertificate],
) -> Result<Vec<u8>, IdentityError> {
    let mut entries = Vec::with_capacity(revoked.len());
    for entry in revoked {
        entries.push(RevokedCert {
            serial_number: SerialNumber::new(&entry.serial)
                .map_err(|_| IdentityError::Malformed("the serial"))?,
            revocation_date: time(entry.revoked_at_ms)?,
            crl_entry_extensions: None,
        });
    }
    let (this_update, next_update) = (time(validity.not_before_ms)?, time(validity.not_after_ms)?);
    let unwritable = |_| IdentityError::Malformed("the list could not be encoded");
    let public_key = key.public_key();
    let spki = public_key
        .to_spki_der()
        .map_err(IdentityError::UnsoundKey)?;
    let encode = || -> der::Result<TbsCertList> {
        let spki = SubjectPublicKeyInfoOwned::from_der(&spki)?;
        // The list names its own issuer's key, whoever stands above that issuer.
        let identifier = SubjectKeyIdentifier::try_from(spki.owned_to_ref())?;
        let issuer_key = AuthorityKeyIdentifier {
            key_identifier: Some(identifier.0),
            ..Default::default()
        };
        let number = CrlNumber(Uint::new(&number.to_be_bytes())?);
        Ok(TbsCertList {
            version: Version::V2,
            signature: algorithm_of(&public_key),
            issuer: issuer.clone(),
            this_update,
            next_update: Some(next_update),
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(vec![
                extension(&issuer_key, false)?,
                extension(&number, false)?,
            ]),
        })
    };
    let tbs_cert_list = encode().map_err(unwritable)?;
    let signature = sign(key, &tbs_cert_list.to_der().map_err(unwritable)?)?;
    CertificateList {
        signature_algorithm: tbs_cert_list.signature.clone(),
        tbs_cert_list,
        signature: BitString::from_bytes(&signature).map_err(unwritable)?,
    }
    .to_der()
    .map_err(unwritable)
}
