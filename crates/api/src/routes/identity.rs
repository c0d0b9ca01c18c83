//! Certificates of the node's organisation: enrolment by token, renewal, and how long each counts.

use crate::{
    app::App,
    auth::Caller,
    body::{self, Media},
    problem::{Failure, Problem},
};
use axum::{Json, body::Body, extract::State, http::HeaderMap, http::StatusCode};
use blockworm_service::identity::{
    CertificateStanding, Certified, EnrolmentRefusal, IdentityDesk, PossessionProof,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// The largest body: a chain, a request, and a signature for each ledger.
const MAX_BYTES: usize = 32 << 10;

/// A token with a request for a certificate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentQuestion {
    /// As `blockworm enrolment token` printed it.
    pub token: String,
    /// PKCS#10, DER, Base64.
    pub request: String,
}

/// A member's request for its next certificate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalQuestion {
    /// The certificate that counts now: its chain, DER, Base64.
    pub certificate: String,
    /// PKCS#10, DER, Base64; of the same key or of the next.
    pub request: String,
    /// Milliseconds since 1970; at most two minutes from the node's clock.
    pub signed_at_ms: u64,
    /// By the certified key over SHA-256 of `signed_at_ms` (8 bytes, big-endian) and the request's
    /// DER, in the namespace `blockworm/identity/renewal`.
    #[schema(pattern = "^(ed25519|p256):[0-9a-f]{128}$")]
    pub signature: String,
}

/// A member's proofs that it holds its key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PossessionQuestion {
    /// The certificate's chain, DER, Base64.
    pub certificate: String,
    /// Ledger id → signature over SHA-256 of the chain in the namespace `blockworm/<id>/register`.
    pub possession: BTreeMap<String, String>,
}

/// Proofs that were taken in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PossessionsTaken {
    /// For how many ledgers.
    pub ledgers: usize,
}

/// A certificate that was just issued.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CertifiedView {
    /// The certificate's chain, DER, Base64.
    pub certificate: String,
    /// The root that it leads to, DER, Base64.
    pub root: String,
    /// The ledgers for which a proof of possession is wanted.
    pub ledgers: Vec<String>,
}

/// A certificate of the organisation's folder.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CertificateView {
    /// Whose.
    pub organisation: String,
    /// The file's name without `.cert.pem`.
    pub file: String,
    /// `member`, `node`, `tls-server`, `document-signing`, `timestamping` or `authority`.
    pub profile: String,
    /// The name in the certificate.
    pub name: String,
    /// A member's functions.
    pub functions: Vec<String>,
    /// A TLS server's hosts.
    pub hosts: Vec<String>,
    /// The certified key.
    pub key: String,
    /// The serial number, hex.
    pub serial: String,
    /// When it begins to count, milliseconds since 1970.
    pub not_before_ms: u64,
    /// When it ends.
    pub not_after_ms: u64,
    /// Seconds until then; negative afterwards.
    pub seconds_left: i64,
    /// `valid`, `ending` (less than a third of its life left), `not_yet_valid`, `expired`, `revoked`.
    pub state: String,
}

/// All certificates, the soonest to end first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CertificatesView {
    /// They.
    pub certificates: Vec<CertificateView>,
}

/// All certificates of an answer.
#[derive(Serialize)]
pub(crate) struct Standings {
    certificates: Vec<CertificateStanding>,
}

/// Certifies a key, once, for whoever holds the token; the token in the body is all that is asked for.
#[utoipa::path(
    post, path = "/v1/identity/enrolments", tag = "identity",
    request_body(content = EnrolmentQuestion, description = "A token and a request"),
    responses(
        (status = 200, description = "The certificate", body = CertifiedView),
        (status = 400, description = "`api.malformed_body`, `enrolment.not_base64`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`enrolment.token_unknown`, `enrolment.token_used`, `enrolment.token_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`enrolment.not_here`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`enrolment.duplicate_key`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`enrolment.subject_mismatch`, `certificate.*`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`enrolment.authority_unusable`, `enrolment.log_unusable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn enrol(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Certified>, Failure> {
    let asked = read(&app, &headers, body).await?;
    at_desk(&app, move |desk| desk.enrol(&asked))
        .await
        .map(Json)
}

/// Certifies a member's key anew, the same or the next; the signature of the key that is certified now is all that is asked for.
#[utoipa::path(
    post, path = "/v1/identity/renewals", tag = "identity",
    request_body(content = RenewalQuestion, description = "The old certificate and a request"),
    responses(
        (status = 200, description = "The certificate", body = CertifiedView),
        (status = 400, description = "`api.malformed_body`, `enrolment.not_base64`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`enrolment.bad_signature`, `enrolment.revoked`, `enrolment.not_issued`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`enrolment.not_here`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`enrolment.duplicate_key`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`enrolment.stale`, `enrolment.subject_mismatch`, `certificate.*`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`enrolment.authority_unusable`, `enrolment.log_unusable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn renew(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Certified>, Failure> {
    let asked = read(&app, &headers, body).await?;
    at_desk(&app, move |desk| desk.renew(&asked))
        .await
        .map(Json)
}

/// Takes in a certified member's proofs that it holds its key, with which an admin registers it.
#[utoipa::path(
    post, path = "/v1/identity/possessions", tag = "identity",
    request_body(content = PossessionQuestion, description = "A certificate with a signature for each ledger"),
    responses(
        (status = 200, description = "Taken", body = PossessionsTaken),
        (status = 400, description = "`api.malformed_body`, `enrolment.not_base64`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`enrolment.bad_signature`, `enrolment.revoked`, `enrolment.not_issued`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`enrolment.not_here`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`certificate.*`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`enrolment.authority_unusable`, `enrolment.log_unusable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn take_possession(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PossessionsTaken>, Failure> {
    let proof: PossessionProof = read(&app, &headers, body).await?;
    let ledgers = proof.possession.len();
    at_desk(&app, move |desk| desk.take_possession(&proof)).await?;
    Ok(Json(PossessionsTaken { ledgers }))
}

/// The certificates in the organisation's folder, the soonest to end first.
#[utoipa::path(
    get, path = "/v1/identity/certificates", tag = "identity",
    responses((status = 200, description = "All of them", body = CertificatesView))
)]
pub(crate) async fn list_certificates(
    State(app): State<App>,
    _caller: Caller,
) -> Result<Json<Standings>, Failure> {
    let certificates = standings(&app).await?;
    Ok(Json(Standings { certificates }))
}

/// The certificates that the node looks after; none where it looks after none.
pub(crate) async fn standings(app: &App) -> Result<Vec<CertificateStanding>, Failure> {
    match app.identity.clone() {
        None => Ok(Vec::new()),
        Some(desk) => tokio::task::spawn_blocking(move || desk.certificates())
            .await
            .map_err(Failure::internal),
    }
}

async fn read<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    body::media(headers, &[Media::Json])?;
    let body = body::read(headers, body, MAX_BYTES, app.limits.body).await?;
    serde_json::from_slice(&body).map_err(Failure::malformed_body)
}

/// Works at the desk on a thread that may wait: keys are decrypted and files synced there. At most
/// one request works and few wait.
async fn at_desk<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&IdentityDesk) -> Result<T, EnrolmentRefusal> + Send + 'static,
) -> Result<T, Failure> {
    let desk: Arc<IdentityDesk> = app
        .identity
        .clone()
        .ok_or_else(|| EnrolmentRefusal::NotHere("any organisation".to_owned()))?;
    let place = app.at_identity_desk.clone().try_acquire_owned();
    let place = place.map_err(|_| {
        let detail = "too many requests for certificates wait already";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "enrolment.busy", detail)
    })?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&desk);
        drop(place);
        done
    });
    Ok(done.await.map_err(Failure::internal)??)
}

impl From<EnrolmentRefusal> for Failure {
    fn from(refusal: EnrolmentRefusal) -> Self {
        let status = match &refusal {
            EnrolmentRefusal::NotHere(_) => StatusCode::NOT_FOUND,
            EnrolmentRefusal::NotBase64 => StatusCode::BAD_REQUEST,
            EnrolmentRefusal::TokenUnknown
            | EnrolmentRefusal::TokenUsed
            | EnrolmentRefusal::TokenExpired
            | EnrolmentRefusal::Revoked
            | EnrolmentRefusal::BadSignature
            | EnrolmentRefusal::NotIssued => StatusCode::FORBIDDEN,
            EnrolmentRefusal::Issued(error) if error.code() == "enrolment.duplicate_key" => {
                StatusCode::CONFLICT
            }
            EnrolmentRefusal::Issued(_) | EnrolmentRefusal::Authority(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            EnrolmentRefusal::Certificate(_)
            | EnrolmentRefusal::SubjectMismatch { .. }
            | EnrolmentRefusal::Stale => StatusCode::UNPROCESSABLE_ENTITY,
        };
        // What is wrong with the node's own files is no caller's business.
        let detail = match &refusal {
            EnrolmentRefusal::Authority(error) => {
                tracing::error!(%error, "the organisation's authority cannot be used");
                "the organisation's authority cannot be used; its node's log says why".to_owned()
            }
            other => other.to_string(),
        };
        Self::new(status, refusal.code(), detail)
    }
}
