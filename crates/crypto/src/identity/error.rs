//! Why a certificate or a request for one was refused, each with a stable code.

#[cfg(feature = "keys")]
use crate::SecretKeyError;
use crate::{SignatureError, SigningError};

/// Why a certificate was refused or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The bytes are no X.509 certificate of the shape that docs/formats/identity.md gives.
    #[error("the certificate is malformed: {0}")]
    Malformed(&'static str),
    /// The chain is larger than [`MAX_CERTIFICATE_BYTES`](super::MAX_CERTIFICATE_BYTES).
    #[error("the certificate has {size} bytes, more than 8192")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The chain has more than [`MAX_CHAIN`](super::MAX_CHAIN) certificates.
    #[error("the chain has more than 3 certificates")]
    ChainTooLong,
    /// The organisation is not 1 to 32 of `a-z 0-9 -` starting with a letter.
    #[error("the organisation in the certificate is not 1 to 32 of a-z, 0-9 and '-'")]
    OrganisationName,
    /// The name is not 1 to 48 of `a-z 0-9 - . _` (a member, a node, a service) or 1 to 64
    /// printable characters (an authority).
    #[error("the name in the certificate breaks the rule of names")]
    Name,
    /// A host is neither an IP address nor a DNS name.
    #[error("`{0}` is neither an IP address nor the name of a host")]
    HostName(String),
    /// A function other than [`FUNCTIONS`](super::FUNCTIONS).
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
    /// A node's key is not Ed25519.
    #[error("a node's key must be an Ed25519 key")]
    NodeKey,
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
    /// The given time lies before the validity of an issuing authority.
    #[error("the certificate of the issuing authority is not valid yet")]
    IssuingNotYetValid,
    /// The given time lies after the validity of an issuing authority.
    #[error("the certificate of the issuing authority has expired")]
    IssuingExpired,
    /// The certificate that should be an authority's does not allow signing certificates.
    #[error("the issuing certificate is no authority's")]
    NotAnAuthority,
    /// An authority stands above more authorities than its certificate allows.
    #[error("an authority in the chain may not stand above another authority")]
    PathTooLong,
    /// Two authorities of a chain bear the same name.
    #[error("two authorities in the chain bear the same name")]
    RepeatedAuthority,
    /// The certificate that should be a member's is an authority's.
    #[error("the certificate is an authority's, not a member's")]
    AuthorityAsMember,
    /// The certificate that should be a member's is a node's or a service's.
    #[error("the certificate is not a member's but for another use: {0}")]
    NotAMember(&'static str),
    /// The certificate that should be a node's is not.
    #[error("the certificate is not a node's")]
    NotANode,
    /// The certificate is for something else.
    #[error("the certificate is not one for {0}")]
    OtherProfile(&'static str),
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
    /// The key is not the one of the authority's certificate.
    #[error("the secret key does not belong to the authority's certificate")]
    WrongAuthorityKey,
    /// The bytes are no PKCS#10 request of the shape that docs/formats/identity.md gives.
    #[error("the request is malformed: {0}")]
    RequestMalformed(&'static str),
    /// A request for a certificate is not signed by its own key.
    #[error("the request is not signed by the key that it asks to certify")]
    RequestSignature,
    /// No key could be made.
    #[cfg(feature = "keys")]
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    /// The authority's key did not sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl IdentityError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "certificate.malformed",
            Self::TooLarge { .. } => "certificate.too_large",
            Self::ChainTooLong => "certificate.chain_too_long",
            Self::OrganisationName => "certificate.organisation_name",
            Self::Name => "certificate.name",
            Self::HostName(_) => "certificate.host_name",
            Self::UnknownFunction => "certificate.unknown_function",
            Self::RepeatedFunction => "certificate.repeated_function",
            Self::UnsupportedKey => "certificate.unsupported_key",
            Self::UnsoundKey(_) => "certificate.unsound_key",
            Self::NodeKey => "certificate.node_key",
            Self::InvalidValidity => "certificate.invalid_validity",
            Self::NotYetValid => "certificate.not_yet_valid",
            Self::Expired => "certificate.expired",
            Self::AuthorityNotYetValid => "certificate.authority_not_yet_valid",
            Self::AuthorityExpired => "certificate.authority_expired",
            Self::IssuingNotYetValid => "certificate.issuing_not_yet_valid",
            Self::IssuingExpired => "certificate.issuing_expired",
            Self::NotAnAuthority => "certificate.not_an_authority",
            Self::PathTooLong => "certificate.path_too_long",
            Self::RepeatedAuthority => "certificate.repeated_authority",
            Self::AuthorityAsMember => "certificate.authority_as_member",
            Self::NotAMember(_) => "certificate.not_a_member",
            Self::NotANode => "certificate.not_a_node",
            Self::OtherProfile(_) => "certificate.other_profile",
            Self::WrongIssuer => "certificate.wrong_issuer",
            Self::OrganisationMismatch => "certificate.organisation_mismatch",
            Self::BadSignature => "certificate.bad_signature",
            Self::UnsupportedDemand => "certificate.unsupported_demand",
            Self::WrongAuthorityKey => "certificate.wrong_authority_key",
            Self::RequestMalformed(_) => "certificate.request_malformed",
            Self::RequestSignature => "certificate.request_signature",
            #[cfg(feature = "keys")]
            Self::SecretKey(_) => "certificate.secret_key",
            Self::Signing(_) => "certificate.not_signed",
        }
    }
}
