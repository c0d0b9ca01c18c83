//! TLS of the client: which servers it trusts, and the certificate that it shows them.

use super::ClientError;
use crate::server::provider;
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use std::fmt;
use zeroize::Zeroizing;

/// What a client needs for a node that speaks TLS. Only the roots that are named count, never
/// those of the machine.
#[derive(Clone)]
pub struct TlsOptions {
    /// PEM: the roots that a node's certificate must lead to.
    pub server_ca: Vec<u8>,
    /// The member's certificate and key, where the node asks for one.
    pub identity: Option<TlsIdentity>,
}

/// A certificate to show, and the key that proves it is one's own.
#[derive(Clone)]
pub struct TlsIdentity {
    /// PEM: the member's certificate.
    pub certificate: Vec<u8>,
    /// The key, PKCS#8 in DER.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.identity.is_some();
        f.debug_struct("TlsOptions")
            .field("identity", &identity)
            .finish_non_exhaustive()
    }
}

/// The settings for rustls; without options no server is trusted.
pub(super) fn config(options: Option<&TlsOptions>) -> Result<ClientConfig, ClientError> {
    let unusable = |what: &'static str, reason: String| ClientError::Tls { what, reason };
    let mut roots = RootCertStore::empty();
    if let Some(options) = options {
        for certificate in certificates("the server's root", &options.server_ca)? {
            let added = roots.add(certificate);
            added.map_err(|error| unusable("the server's root", error.to_string()))?;
        }
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable("TLS 1.3", error.to_string()))?
        .with_root_certificates(roots);
    match options.and_then(|options| options.identity.as_ref()) {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => {
            let chain = certificates("the client's certificate", &identity.certificate)?;
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable("the client's key", error.to_string()))
        }
    }
}

fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let reason = match read {
        Ok(certificates) if !certificates.is_empty() => return Ok(certificates),
        Ok(_) => "no PEM certificate".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(ClientError::Tls { what, reason })
}
