//! TLS 1.3 of a listener: the server's own certificate, and which clients' it takes.

use super::{ServerError, listener::TlsFiles};
use crate::auth::{Shown, now_ms};
use blockworm_crypto::identity::parse_member;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::WebPkiClientVerifier,
    time_provider::TimeProvider,
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _};
use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The one provider of algorithms; nothing relies on a default of the process.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// How often a listener looks whether its files were replaced.
const LOOK: Duration = Duration::from_secs(1);

/// A listener's certificate and key, read again when their files were replaced: a renewed
/// certificate is shown to the next client, and nobody who is connected notices.
pub(super) struct Reloaded {
    files: TlsFiles,
    certificates: bool,
    now: Mutex<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    stamps: Vec<Option<(SystemTime, u64)>>,
    looked: Instant,
}

impl Reloaded {
    /// Reads the files for the first time.
    pub(super) fn open(files: TlsFiles, certificates: bool) -> Result<Self, ServerError> {
        let stamps = stamps(&files);
        let now = Loaded {
            acceptor: acceptor(&files, certificates)?,
            stamps,
            looked: Instant::now(),
        };
        Ok(Self {
            files,
            certificates,
            now: Mutex::new(now),
        })
    }

    /// What the next client is shown. Files that cannot be used, or a certificate whose key is not
    /// there yet, leave everything as it was.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.looked.elapsed() >= LOOK {
            now.looked = Instant::now();
            let stamps = stamps(&self.files);
            if stamps != now.stamps {
                now.stamps = stamps;
                match acceptor(&self.files, self.certificates) {
                    Ok(acceptor) => {
                        now.acceptor = acceptor;
                        let path = self.files.certificate_file.display();
                        tracing::info!(%path, "a renewed TLS certificate is shown from now on");
                    }
                    Err(error) => {
                        tracing::error!(%error, "the TLS files were replaced by unusable ones; the old certificate is still shown")
                    }
                }
            }
        }
        now.acceptor.clone()
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<(SystemTime, u64)>> {
    let all = [&files.certificate_file, &files.key_file];
    let all = all.into_iter().chain(&files.client_ca_file);
    all.map(|path| {
        let metadata = fs::metadata(path).ok()?;
        // A file that is written whole and renamed has another inode.
        Some((metadata.modified().ok()?, metadata.ino()))
    })
    .collect()
}

/// The time by which the node lives, for the ends of clients' certificates.
#[derive(Debug)]
struct NodeTime;

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now_ms())))
    }
}

/// Reads the files. With `certificates`, clients may show one that leads to `client_ca_file`; one
/// that does not, or has ended, ends the handshake. A client without one is told so in HTTP.
fn acceptor(files: &TlsFiles, certificates: bool) -> Result<TlsAcceptor, ServerError> {
    let provider = provider();
    let builder = ServerConfig::builder_with_details(provider.clone(), Arc::new(NodeTime))
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable(&files.certificate_file, error))?;
    let authorities = files.client_ca_file.as_deref().filter(|_| certificates);
    let builder = match authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates_of(path)? {
                roots
                    .add(certificate)
                    .map_err(|error| unusable(path, error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| unusable(path, error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates_of(&files.certificate_file)?;
    let key = private_key(&files.key_file)?;
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&files.certificate_file, error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates_of(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(path, error));
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable(path, "it holds no PEM certificate"))
        }
        other => other,
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ServerError> {
    let mode = fs::metadata(path)
        .map_err(|error| unusable(path, error))?
        .mode()
        & 0o777;
    if !blockworm_crypto::keyfile::is_private(path, mode) {
        let reason = format!("it may be used by others (mode {mode:o}); set it to 600");
        return Err(unusable(path, reason));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> ServerError {
    ServerError::TlsFile {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The member whose certificate the client showed, if it showed one. That it leads to an authority
/// of the listener, holds now and belongs to the client was checked in the handshake.
pub(super) fn shown<S>(stream: &TlsStream<S>) -> io::Result<Option<Shown>> {
    let (_, connection) = stream.get_ref();
    let Some([certificate, ..]) = connection.peer_certificates() else {
        return Ok(None);
    };
    let member = parse_member(certificate).map_err(|error| {
        tracing::debug!(%error, now_ms = now_ms(), "a client's certificate is no member's");
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    })?;
    Ok(Some(Shown::new(member)))
}
