//! X.509 identities: an organisation's authority, its members' certificates and their chains.
//!
//! A certificate says who a member is and which functions its organisation gave it. What an
//! organisation may do is voted on the ledger, and revocation is state of the ledger: neither is
//! read from a certificate.

mod authority;
mod certificate;
mod chain;

pub use authority::CertificateAuthority;
pub use certificate::{
    AuthorityCertificate, MemberCertificate, MemberSubject, parse_authority, parse_member,
};
pub use chain::verify_chain;

use crate::{SecretKeyError, SignatureError};

/// The functions that an organisation may give to a member.
pub const FUNCTIONS: [&str; 4] = ["maker", "checker", "operator", "admin"];

/// No certificate is larger, in bytes of DER.
pub const MAX_CERTIFICATE_BYTES: usize = 8192;

/// When a certificate holds, in milliseconds since 1970 UTC. X.509 keeps whole seconds: the start
/// is rounded down and so is the end, whose whole second still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before_ms: u64,
    /// The last moment.
    pub not_after_ms: u64,
}

/// Why a certificate was refused or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The bytes are no X.509 certificate of the shape that docs/formats/identity.md gives.
    #[error("the certificate is malformed: {0}")]
    Malformed(&'static str),
    /// The certificate is larger than [`MAX_CERTIFICATE_BYTES`].
    #[error("the certificate has {size} bytes, more than 8192")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The organisation is not 1 to 32 of `a-z 0-9 -` starting with a letter.
    #[error("the organisation in the certificate is not 1 to 32 of a-z, 0-9 and '-'")]
    OrganisationName,
    /// The name is not 1 to 48 of `a-z 0-9 - . _` (a member) or 1 to 64 printable characters (an
    /// authority).
    #[error("the name in the certificate breaks the rule of names")]
    Name,
    /// A function other than [`FUNCTIONS`].
    #[error("the certificate gives an unknown function")]
    UnknownFunction,
    /// The same function twice.
    #[error("the certificate gives the same function twice")]
    RepeatedFunction,
    /// The key is neither Ed25519 nor P-256.
    #[error("the certificate's key is neither Ed25519 nor P-256")]
    UnsupportedKey,
    /// The key is unsound and must not be registered.
    #[error("the certificate's key is refused: {0}")]
    UnsoundKey(SignatureError),
    /// The validity ends before it starts, or lies outside the years that X.509 can write.
    #[error("the validity of the certificate is empty or out of range")]
    InvalidValidity,
    /// The given time lies before the certificate's validity.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The given time lies after the certificate's validity.
    #[error("the certificate has expired")]
    Expired,
    /// The given time lies before the validity of the organisation's authority.
    #[error("the certificate of the organisation's authority is not valid yet")]
    AuthorityNotYetValid,
    /// The given time lies after the validity of the organisation's authority.
    #[error("the certificate of the organisation's authority has expired")]
    AuthorityExpired,
    /// The certificate that should be an authority's does not allow signing certificates.
    #[error("the issuing certificate is no authority's")]
    NotAnAuthority,
    /// The certificate that should be a member's is an authority's.
    #[error("the certificate is an authority's, not a member's")]
    AuthorityAsMember,
    /// The certificate names another issuer.
    #[error("the certificate was not issued by this authority")]
    WrongIssuer,
    /// Member and authority are of different organisations.
    #[error("the certificate names another organisation than its authority's")]
    OrganisationMismatch,
    /// The authority did not sign the certificate.
    #[error("the authority's signature on the certificate does not verify")]
    BadSignature,
    /// A critical extension that the ledger does not know, or a usage that it does not allow.
    #[error("the certificate demands something that the ledger does not know")]
    UnsupportedDemand,
    /// The secret key is not the one of the authority's certificate.
    #[error("the secret key does not belong to the authority's certificate")]
    WrongAuthorityKey,
    /// No key could be made.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

impl IdentityError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "certificate.malformed",
            Self::TooLarge { .. } => "certificate.too_large",
            Self::OrganisationName => "certificate.organisation_name",
            Self::Name => "certificate.name",
            Self::UnknownFunction => "certificate.unknown_function",
            Self::RepeatedFunction => "certificate.repeated_function",
            Self::UnsupportedKey => "certificate.unsupported_key",
            Self::UnsoundKey(_) => "certificate.unsound_key",
            Self::InvalidValidity => "certificate.invalid_validity",
            Self::NotYetValid => "certificate.not_yet_valid",
            Self::Expired => "certificate.expired",
            Self::AuthorityNotYetValid => "certificate.authority_not_yet_valid",
            Self::AuthorityExpired => "certificate.authority_expired",
            Self::NotAnAuthority => "certificate.not_an_authority",
            Self::AuthorityAsMember => "certificate.authority_as_member",
            Self::WrongIssuer => "certificate.wrong_issuer",
            Self::OrganisationMismatch => "certificate.organisation_mismatch",
            Self::BadSignature => "certificate.bad_signature",
            Self::UnsupportedDemand => "certificate.unsupported_demand",
            Self::WrongAuthorityKey => "certificate.wrong_authority_key",
            Self::SecretKey(_) => "certificate.secret_key",
        }
    }
}
