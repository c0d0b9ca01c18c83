//! Enrolment: a token and a request for a certificate become a certificate, once.

use super::{
    Authority, Enrolled, IdentityError, IssuedError, IssuedLog, TokenFile, TokenRecord, TokenText,
};
use crate::network::folder::ConsortiumFolder;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::identity::{
    CertificateRequest, IdentityError as CertificateError, Order, Profile, describe,
};
use blockworm_ledger::{LedgerId, OrganisationId};
use serde::{Deserialize, Serialize};

/// What the new holder of a key sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The token, as it was handed over.
    pub token: String,
    /// The request for a certificate: PKCS#10, DER, Base64.
    pub request: String,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certified {
    /// The certificate's chain, DER, Base64.
    pub certificate: String,
    /// The root that the chain leads to, DER, Base64.
    pub root: String,
    /// The ledgers for which a proof of possession is wanted.
    pub ledgers: Vec<LedgerId>,
}

/// Why nothing was certified, in order of precedence.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentRefusal {
    /// The organisation's authority is not here.
    #[error("this node certifies nobody of {0}")]
    NotHere(String),
    /// The text is no token, or nobody's.
    #[error("the token is unknown")]
    TokenUnknown,
    /// It gave a certificate already, to another key.
    #[error("the token was used already")]
    TokenUsed,
    /// Its time has passed.
    #[error("the token has expired")]
    TokenExpired,
    /// The request is no Base64.
    #[error("the request is not Base64")]
    NotBase64,
    /// The certificate or request is refused for what it is.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The request is for somebody else.
    #[error("the request is for {asked}, and {allowed} may be certified")]
    SubjectMismatch {
        /// Whom the request names.
        asked: String,
        /// Whom the token, or the old certificate, names.
        allowed: String,
    },
    /// The request was made too long ago, or in the future.
    #[error("the request is of another time than the node's clock says; send it again")]
    Stale,
    /// The certificate that is to be renewed is revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// The signature by the certified key does not verify.
    #[error("the signature is not that of the certified key")]
    BadSignature,
    /// No certificate of that kind was issued here.
    #[error("this organisation issued no such certificate")]
    NotIssued,
    /// Another subject has the key.
    #[error(transparent)]
    Issued(#[from] IssuedError),
    /// The authority cannot be used.
    #[error("the authority cannot be used")]
    Authority(#[from] IdentityError),
}

impl EnrolmentRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotHere(_) => "enrolment.not_here",
            Self::TokenUnknown => "enrolment.token_unknown",
            Self::TokenUsed => "enrolment.token_used",
            Self::TokenExpired => "enrolment.token_expired",
            Self::NotBase64 => "enrolment.not_base64",
            Self::Certificate(error) => error.code(),
            Self::SubjectMismatch { .. } => "enrolment.subject_mismatch",
            Self::Stale => "enrolment.stale",
            Self::Revoked => "enrolment.revoked",
            Self::BadSignature => "enrolment.bad_signature",
            Self::NotIssued => "enrolment.not_issued",
            Self::Issued(error) => error.code(),
            Self::Authority(_) => "enrolment.authority_unusable",
        }
    }
}

pub(super) fn base64(text: &str) -> Result<Vec<u8>, EnrolmentRefusal> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| EnrolmentRefusal::NotBase64)
}

/// Certifies the key of a request that a token allows. The token is spent before the certificate is
/// given away; the same request again gets the same certificate.
pub(super) fn enrol(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    asked: &EnrolmentRequest,
    now_ms: u64,
) -> Result<Certified, EnrolmentRefusal> {
    let text = TokenText::parse(&asked.token).ok_or(EnrolmentRefusal::TokenUnknown)?;
    let mut file = TokenFile::open(folder, organisation)?;
    let digest = text.digest();
    let at = file.tokens.iter().position(|token| token.digest == digest);
    let at = at.ok_or(EnrolmentRefusal::TokenUnknown)?;
    let token = file.tokens[at].clone();
    if token.used_at_ms.is_none() && now_ms >= token.expires_at_ms {
        return Err(EnrolmentRefusal::TokenExpired);
    }
    let authority = Authority::load(folder, organisation)?;
    if let Some(certificate) = &token.certificate {
        return same_again(&token, certificate, &asked.request, &authority);
    }
    let request = CertificateRequest::parse(&base64(&asked.request)?)?;
    let profile = Profile::from_name(&token.profile).unwrap_or(Profile::Member);
    check_subject(&request, organisation, &token)?;
    let order = Order {
        profile,
        name: &token.name,
        functions: &token.functions,
        hosts: &token.hosts,
    };
    let chain = authority.issue_as(&order, &request.public_key, now_ms)?;
    IssuedLog::of(folder, organisation).record(&chain, Enrolled::Token, Some(digest))?;
    let spent = &mut file.tokens[at];
    spent.used_at_ms = Some(now_ms);
    spent.key = Some(request.public_key.to_string());
    spent.certificate = Some(hex::encode(&chain));
    file.write()?;
    Ok(certified(&chain, authority.root(), token.ledgers))
}

fn certified(chain: &[u8], root: &[u8], ledgers: Vec<LedgerId>) -> Certified {
    Certified {
        certificate: BASE64_STANDARD.encode(chain),
        root: BASE64_STANDARD.encode(root),
        ledgers,
    }
}

/// Whose answer was lost asks again with the same key.
fn same_again(
    token: &TokenRecord,
    certificate: &str,
    request: &str,
    authority: &Authority,
) -> Result<Certified, EnrolmentRefusal> {
    let key = base64(request)
        .ok()
        .and_then(|der| CertificateRequest::parse(&der).ok())
        .map(|request| request.public_key.to_string());
    let chain = hex::decode(certificate).unwrap_or_default();
    if key.is_none() || key != token.key || describe(&chain).is_err() {
        return Err(EnrolmentRefusal::TokenUsed);
    }
    Ok(certified(&chain, authority.root(), token.ledgers.clone()))
}

/// The request may leave the units out; what it says must be what the token allows.
fn check_subject(
    request: &CertificateRequest,
    organisation: &OrganisationId,
    token: &TokenRecord,
) -> Result<(), EnrolmentRefusal> {
    let units = &request.units;
    let fits = units.is_empty() || *units == token.functions || *units == [token.profile.clone()];
    if request.organisation == organisation.as_str() && request.name == token.name && fits {
        return Ok(());
    }
    let who = |organisation: &str, name: &str, units: &[String]| {
        format!("{organisation}/{name} ({})", units.join(", "))
    };
    Err(EnrolmentRefusal::SubjectMismatch {
        asked: who(&request.organisation, &request.name, units),
        allowed: who(organisation.as_str(), &token.name, &token.functions),
    })
}
