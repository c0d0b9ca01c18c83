//! Errors as RFC 9457 problem details, each with a stable code and what to do next.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_node::{ProofError, ReadError, Refusal};
use blockworm_service::key_holder::Refusal as Unanswered;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use utoipa::ToSchema;

/// The media type of every error answer (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error answer (RFC 9457). Programs decide by `code`; people read `detail` and `next`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` says which problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Stable and machine-readable: `<area>.<snake_case>`.
    #[schema(example = "transaction.expired")]
    pub code: String,
    /// What is wrong with this request, in a sentence.
    pub detail: String,
    /// What to do next; empty when there is nothing to add.
    pub next: String,
    /// The path that was asked for.
    #[serde(default)]
    pub instance: String,
    /// Also in the `x-request-id` header and the node's log.
    #[serde(default)]
    pub request_id: String,
}

/// Why a handler gives no answer: what becomes a [`Problem`] once the path and the request's id
/// are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) detail: String,
    /// Seconds after which the same request may succeed, where that is known better than by status.
    pub(crate) wait_s: Option<u64>,
}

impl Failure {
    /// A failure of this API itself.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            wait_s: None,
        }
    }

    /// A parameter of the path or query that cannot be read.
    pub(crate) fn bad_parameter(name: &str, reason: impl Display) -> Self {
        let detail = format!("parameter {name}: {reason}");
        Self::new(StatusCode::BAD_REQUEST, "api.bad_parameter", detail)
    }

    /// A body that cannot be read as what it claims to be.
    pub(crate) fn malformed_body(reason: impl Display) -> Self {
        let detail = format!("the body cannot be read: {reason}");
        Self::new(StatusCode::BAD_REQUEST, "api.malformed_body", detail)
    }

    /// A thing that is not on this ledger; `area` gives the code `<area>.not_found`.
    pub(crate) fn not_found(area: &str, what: impl Display) -> Self {
        let code = format!("{area}.not_found");
        Self::new(StatusCode::NOT_FOUND, &code, format!("{what} is not here"))
    }

    /// Something that this program should never meet.
    pub(crate) fn internal(reason: impl Display) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "api.internal", reason.to_string())
    }

    /// The failure for an error status that carries none yet (the router's own answers).
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("api.unknown_route", "no such route"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "api.method_not_allowed",
                "the route exists, but not for this method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => ("api.body_too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "api.unsupported_media_type",
                "the body's media type is not read here",
            ),
            status if status.is_client_error() => {
                ("api.malformed_request", "the request cannot be read")
            }
            _ => ("api.internal", "the node failed to answer"),
        };
        Self::new(status, code, detail)
    }

    /// Seconds after which the same request may succeed.
    const fn retry_after_s(&self) -> Option<u64> {
        match self.status.as_u16() {
            409 | 429 | 503 if self.wait_s.is_none() => Some(1),
            _ => self.wait_s,
        }
    }

    /// The finished answer, with the path asked for and the request's id.
    pub(crate) fn answer(self, instance: &str, request_id: &str) -> Response {
        let retry_after_s = self.retry_after_s();
        let challenge = challenge(&self.code);
        let status = self.status;
        let problem = Problem {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            next: next_step(&self.code).into(),
            code: self.code,
            detail: self.detail,
            instance: instance.into(),
            request_id: request_id.into(),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some(challenge) = challenge {
            let value = HeaderValue::from_static(challenge);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        if let Some(seconds) = retry_after_s {
            let value = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Leaves the failure in the response's extensions: the outermost layer knows the path and the
    /// request id and writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(
            refusal_status(&refusal.code),
            &refusal.code,
            refusal.message,
        )
    }
}

impl From<Unanswered> for Failure {
    fn from(refusal: Unanswered) -> Self {
        let status = match refusal {
            Unanswered::OtherHolder { .. } | Unanswered::OtherLedger { .. } => {
                StatusCode::NOT_FOUND
            }
            Unanswered::BadSignature { .. }
            | Unanswered::Inactive { .. }
            | Unanswered::MissingRole { .. } => StatusCode::FORBIDDEN,
            Unanswered::TooOften { .. } | Unanswered::OverLimit { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Unanswered::Busy | Unanswered::Stopped | Unanswered::NotAudited(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Unanswered::Evaluation(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Unanswered::Stale { .. }
            | Unanswered::Repeated
            | Unanswered::UnknownVersion { .. }
            | Unanswered::BatchSize { .. }
            | Unanswered::BadElement { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut failure = Self::new(status, refusal.code(), refusal.to_string());
        failure.wait_s = refusal
            .retry_after_ms()
            .map(|wait_ms| wait_ms.div_ceil(1_000));
        failure
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "store.unavailable", error.to_string())
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        let (status, code) = match &error {
            ProofError::NotFound => (StatusCode::NOT_FOUND, "proof.not_found"),
            ProofError::NotYetProvable { .. } => (StatusCode::CONFLICT, "proof.not_yet_provable"),
            ProofError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "store.unavailable"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// What `www-authenticate` says to a caller who is not known, or may not do this (RFC 6750).
fn challenge(code: &str) -> Option<&'static str> {
    match code {
        "api.unauthenticated" => Some("Bearer realm=\"blockworm\""),
        "api.key_unknown" | "api.key_revoked" | "api.key_expired" => {
            Some("Bearer realm=\"blockworm\", error=\"invalid_token\"")
        }
        "api.scope_missing" => Some("Bearer realm=\"blockworm\", error=\"insufficient_scope\""),
        _ => None,
    }
}

/// The HTTP status of a refusal: who has to change something, the caller or the node.
fn refusal_status(code: &str) -> StatusCode {
    match code {
        "transaction.oversized" => StatusCode::PAYLOAD_TOO_LARGE,
        "transaction.malformed" => StatusCode::BAD_REQUEST,
        "transaction.bad_signature" => StatusCode::FORBIDDEN,
        "contract.unknown" => StatusCode::NOT_FOUND,
        // The organisation's own share is used up: others may still submit.
        "mempool.full" => StatusCode::TOO_MANY_REQUESTS,
        _ => match code.split('.').next().unwrap_or_default() {
            "mempool" | "node" | "store" => StatusCode::SERVICE_UNAVAILABLE,
            "member" | "organisation" => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        },
    }
}

/// What to do next, for the codes where that is not plain from the sentence.
fn next_step(code: &str) -> &'static str {
    match code {
        "api.unknown_route" | "api.method_not_allowed" | "api.malformed_request" => {
            "See /v1/openapi.json for the routes."
        }
        "api.unsupported_media_type" => {
            "Send application/octet-stream or application/json, as /v1/openapi.json says for this route."
        }
        "api.host_refused" => {
            "Use the address that the node prints; other names are refused so that a web page cannot reach it by rebinding its own."
        }
        "api.origin_refused" => {
            "Web pages of other sites may not use this API; call it from the command line or a program."
        }
        "api.unauthenticated" | "api.key_unknown" | "api.key_revoked" | "api.key_expired" => {
            "Ask the node's operator for a key (blockworm api-key create) and send it as `authorization: Bearer KEY`."
        }
        "api.scope_missing" => "Ask the node's operator for a key or a user with that scope.",
        "api.session_token_missing" => {
            "Programs use an API key; a page sends the token of its session as `x-blockworm-token`."
        }
        "api.session_over" => "Sign in again.",
        "api.keys_unavailable" => {
            "The node's operator: look at its log and mend or remove the file."
        }
        "api.certificate_required" | "api.member_refused" | "api.certificate_expired" => {
            "Connect with the certificate and key of a member that is registered on the ledger (blockworm member register, renew)."
        }
        "api.bad_cursor" => "Begin again without a cursor.",
        "api.idempotency_mismatch" => {
            "Use a new key for a new body; send the first body again to get its answer."
        }
        "api.busy" | "events.too_many" => "Wait a second, then try again.",
        "api.timeout" | "api.internal" => {
            "Try again; if it stays, look for the request id in the node's log."
        }
        "api.body_too_large" | "transaction.oversized" | "batch.too_many" => {
            "Send less in one request."
        }
        "batch.malformed" => {
            "A batch is a sequence of transactions, each after its length as four bytes, big-endian."
        }
        "ledger.not_found" | "ledger.ambiguous" => "See /v1/ledgers for the ledgers of this node.",
        "transaction.not_found" | "receipt.not_found" => {
            "It may still wait for its block: ask again within its expiry, or submit it again (the same bytes are never executed twice)."
        }
        "proof.not_yet_provable" | "history.not_found" => "Ask again in a second.",
        "checkpoint.not_found" => {
            "A node cosigns with a key (blockworm certificate issue cosigner) as soon as blocks are made: ask again."
        }
        "store.unavailable" => "Check the node's disk (blockworm doctor --dir DIR).",
        "transaction.expired" => "Sign it again with a later expiry.",
        "transaction.expiry_too_far" => "Sign it again with an earlier expiry.",
        "transaction.wrong_ledger" => "Submit it to the ledger that it names.",
        "member.unknown" => "Register the member first (blockworm member register).",
        "mempool.full" => "Wait until blocks have taken some of the waiting transactions.",
        _ => next_step_of_evaluation(code),
    }
}

/// The same for what a key holder does not answer.
fn next_step_of_evaluation(code: &str) -> &'static str {
    match code {
        "evaluation.no_key_holder" | "evaluation.other_holder" => {
            "Ask a node of the organisation whose key it is."
        }
        "evaluation.bad_signature" => {
            "Sign with the key that the registry's ledger has for the member (blockworm member list --ledger registry)."
        }
        "evaluation.stale" => "Set the clock, and sign the question again.",
        "evaluation.repeated" => "Sign the question again with a new nonce.",
        "evaluation.unknown_version" => {
            "Ask the registry which versions are required (its query `keys`)."
        }
        "evaluation.over_limit" | "evaluation.too_often" | "evaluation.busy" => {
            "Wait as long as retry-after says."
        }
        "evaluation.not_audited" => "The holder's operator: check the node's disk.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_their_code_and_get_the_status_of_who_must_act() {
        let cases = [
            ("transaction.expired", 422),
            ("transaction.malformed", 400),
            ("transaction.oversized", 413),
            ("member.revoked", 403),
            ("organisation.suspended", 403),
            ("mempool.full", 429),
            ("receivable.unknown", 422),
        ];
        for (code, status) in cases {
            let failure = Failure::from(Refusal {
                code: code.into(),
                message: "why".into(),
            });
            let found = (failure.code.as_str(), failure.status.as_u16());
            assert_eq!(found, (code, status));
        }
    }
}
