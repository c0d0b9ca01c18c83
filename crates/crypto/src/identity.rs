//! X.509 identities: an organisation's authorities, the certificates they issue and their chains.
//!
//! A certificate says who a member is and which functions its organisation gave it. What an
//! organisation may do is voted on the ledger, and revocation is state of the ledger: neither is
//! read from a certificate.
//!
//! A *chain* is the DER of a certificate, directly followed by the DER of the authority that issued
//! it, and so on; the root, which the ledger holds, is not in it.

#[cfg(feature = "keys")]
mod authority;
mod certificate;
mod chain;
#[cfg_attr(not(feature = "keys"), allow(dead_code))]
mod encoding;
mod error;
#[cfg_attr(not(feature = "keys"), allow(dead_code))]
mod profile;
mod request;
#[cfg(feature = "keys")]
mod revocation;
#[cfg(feature = "keys")]
mod signer;

#[cfg(feature = "keys")]
pub use authority::{CertificateAuthority, Order};
pub use certificate::{
    AuthorityCertificate, Description, MemberCertificate, MemberSubject, NodeCertificate, describe,
    parse_authority, parse_member, parse_node,
};
pub use chain::{split_chain, verify_chain, verify_node_chain, verify_profile_chain};
pub use error::IdentityError;
pub use profile::Profile;
pub use request::CertificateRequest;
#[cfg(feature = "keys")]
pub use revocation::RevokedCertificate;

pub(crate) use encoding::{
    algorithm_of as signature_identifier, sign as signature_der, time as x509_time,
};

/// The functions that an organisation may give to a member.
pub const FUNCTIONS: [&str; 4] = ["maker", "checker", "operator", "admin"];

/// No chain is larger, in bytes of DER.
pub const MAX_CERTIFICATE_BYTES: usize = 8192;

/// Most certificates in a chain, the root not counted.
pub const MAX_CHAIN: usize = 3;

/// When a certificate holds, in milliseconds since 1970 UTC. X.509 keeps whole seconds: the start
/// is rounded down and so is the end, whose whole second still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before_ms: u64,
    /// The last moment.
    pub not_after_ms: u64,
}
