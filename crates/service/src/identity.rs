//! An organisation's certificate authorities, the certificates they issue and the keys in its folder.

mod authority;
mod desk;
mod enrolment;
mod files;
mod issued;
mod lifetimes;
mod next_root;
mod node_rotation;
mod organisation_keys;
mod passphrase;
pub mod renewal;
pub mod revocations;
mod rotation;
mod tokens;
mod watch;

pub use authority::Authority;
pub use desk::{IdentityDesk, PossessionProof, Possessions, RenewalRequest};
pub use enrolment::{Certified, EnrolmentRefusal, EnrolmentRequest};
pub use files::{
    decode_pem, encode_pem, keep, keep_key, load, read_certificate, read_key, read_member,
    read_plain_key, write_certificate, write_plain_key,
};
pub use issued::{Enrolled, IssuedCertificate, IssuedError, IssuedLog};
pub use lifetimes::Lifetimes;
pub use next_root::NextRoot;
pub use node_rotation::NodeRotation;
pub use organisation_keys::{OrganisationKey, is_reserved, open_key};
pub use passphrase::{Passphrase, check_private};
pub use rotation::KeyRotation;
pub use tokens::{NewToken, TokenFile, TokenRecord, TokenText};
pub use watch::{CertificateStanding, CertificateState, certificates};

use crate::{hsm::HsmError, network::folder::FolderError};
use blockworm_crypto::{SecretKey, SecretKeyError, keyfile::KeyFileError};
use blockworm_ledger::OrganisationId;
use std::{io, path::PathBuf};

/// The name under which an organisation's own root lies in its `keys` folder.
pub const AUTHORITY: &str = "ca";
/// The name under which its issuing authority lies there.
pub const ISSUING: &str = "issuing";
/// The name under which the node's key lies there.
pub const CONSENSUS: &str = "consensus";
/// The name under which the certificate of that key lies there.
pub const NODE: &str = "node";
/// The name under which the key and certificate of a TLS server lie there.
pub const TLS: &str = "tls";
/// The name under which the key and certificate lie there with which its node cosigns checkpoints.
pub const COSIGNER: &str = "cosigner";
/// The name of its timestamp authority's key and certificate.
pub const TIMESTAMPING: &str = "timestamping";
/// The name of the key and certificate with which it signs documents.
pub const DOCUMENTS: &str = "documents";

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a root certificate counts: ten years of 365 days.
pub const AUTHORITY_VALIDITY_MS: u64 = 3650 * DAY_MS;
/// How long an issuing authority's certificate counts: five years of 365 days.
pub const ISSUING_VALIDITY_MS: u64 = 1825 * DAY_MS;
/// How long a member's certificate counts, and a node's: two years of 365 days.
pub const MEMBER_VALIDITY_MS: u64 = 730 * DAY_MS;
/// How long a TLS server's certificate counts: a year.
pub const TLS_VALIDITY_MS: u64 = 365 * DAY_MS;
/// Certificates begin a little before now, since clocks of two organisations differ.
pub const BACKDATED_MS: u64 = 60 * 60 * 1000;

/// Why an identity could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// A key could not be made.
    #[error("cannot make a key")]
    Generate(#[source] SecretKeyError),
    /// A secret may be read by others.
    #[error("{} may be read by others (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file cannot be read or written.
    #[error("cannot use the key file {}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: KeyFileError,
    },
    /// A certificate cannot be made or breaks its rules.
    #[error("certificate of {subject}")]
    Certificate {
        /// Whose, or which file.
        subject: String,
        /// What is wrong.
        #[source]
        source: blockworm_crypto::identity::IdentityError,
    },
    /// A file is not PEM.
    #[error("{} holds no PEM certificate", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// A key and the certificate beside it do not belong together.
    #[error("{} does not hold the key of the certificate beside it", path.display())]
    OtherKey {
        /// The key file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A member's name breaks its rules.
    #[error("`{name}` is not a member's name: 1 to 48 of a-z, 0-9, `-`, `.`, `_`")]
    MemberName {
        /// The refused name.
        name: String,
    },
    /// The log of issued certificates cannot be used.
    #[error(transparent)]
    Issued(#[from] IssuedError),
    /// The root's key is elsewhere.
    #[error("the root key of {organisation} does not lie in this folder")]
    NoRootKey {
        /// Whose.
        organisation: OrganisationId,
    },
    /// A key in a security module cannot be used.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// The folder could not be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A key and the certificate that says whose it is.
#[derive(Clone)]
pub struct Identity {
    /// The certificate's chain, DER.
    pub certificate: Vec<u8>,
    /// The key.
    pub key: SecretKey,
}

fn certificate_error(
    subject: &str,
    source: blockworm_crypto::identity::IdentityError,
) -> IdentityError {
    IdentityError::Certificate {
        subject: subject.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
