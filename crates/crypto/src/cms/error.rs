//! Why a signed document, its certificate or its path was refused.

use crate::{SigningError, asn1::Malformed, pkix::PkixError};

/// Why a signed document, its certificate or its path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// The bytes have not the shape of RFC 5652, RFC 5280 or DER.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// More bytes, certificates or lists than are taken.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// An algorithm or a key that is not taken.
    #[error("{0}")]
    Algorithm(PkixError),
    /// The signed bytes were neither in the document nor given beside it, or both.
    #[error("the signed content must be either in the document or beside it")]
    Content,
    /// The content is not what was signed.
    #[error("the content is not what was signed: its digest differs")]
    Digest,
    /// The signature does not match.
    #[error("the signature does not match the certificate's key and the signed attributes")]
    Signature,
    /// The signer's certificate is not in the document.
    #[error("the signer's certificate is not in the document")]
    NoCertificate,
    /// The signed attributes do not name this certificate.
    #[error("the signed attributes name another certificate, or none")]
    SigningCertificate,
    /// There is a signature timestamp already.
    #[error("the signature bears a timestamp already")]
    AlreadyStamped,
    /// A certificate of the path holds only later.
    #[error("a certificate of the path holds only after the time in question")]
    NotYetValid,
    /// A certificate of the path had ended.
    #[error("a certificate of the path had ended at the time in question")]
    Expired,
    /// No path leads to a root that was given.
    #[error("no path leads from the certificate to a root that is trusted")]
    Untrusted,
    /// A signature within the path does not match.
    #[error("a certificate of the path is not signed by the one above it")]
    PathSignature,
    /// The certificate is not for this purpose.
    #[error("the certificate is not for this purpose: {0}")]
    Purpose(&'static str),
    /// A certificate of the path was revoked, and the signature does not outlive that.
    #[error("a certificate of the path is revoked since {since_ms} ms after 1970 ({reason})")]
    Revoked {
        /// Since when, in milliseconds since 1970 UTC.
        since_ms: u64,
        /// As the list says.
        reason: &'static str,
    },
    /// A list of revocations that cannot be believed.
    #[error("the list of revocations: {0}")]
    RevocationList(&'static str),
    /// The key did not sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl CmsError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "cms.malformed",
            Self::TooLarge(_) => "cms.too_large",
            Self::Algorithm(_) => "cms.algorithm",
            Self::Content => "cms.content",
            Self::Digest => "cms.digest",
            Self::Signature => "cms.signature",
            Self::NoCertificate => "cms.no_certificate",
            Self::SigningCertificate => "cms.signing_certificate",
            Self::AlreadyStamped => "cms.already_stamped",
            Self::NotYetValid => "cms.not_yet_valid",
            Self::Expired => "cms.expired",
            Self::Untrusted => "cms.untrusted",
            Self::PathSignature => "cms.path_signature",
            Self::Purpose(_) => "cms.purpose",
            Self::Revoked { .. } => "cms.revoked",
            Self::RevocationList(_) => "cms.revocation_list",
            Self::Signing(_) => "cms.not_signed",
        }
    }
}

impl From<Malformed> for CmsError {
    fn from(_: Malformed) -> Self {
        Self::Malformed("no DER of the expected shape")
    }
}

impl From<PkixError> for CmsError {
    fn from(error: PkixError) -> Self {
        match error {
            PkixError::Malformed => Self::Malformed("a key or an algorithm"),
            PkixError::Mismatch => Self::Signature,
            PkixError::UnsupportedAlgorithm | PkixError::WrongAlgorithm => Self::Algorithm(error),
        }
    }
}
