//! Blind evaluation for banks, on a node whose organisation holds a key of the registry's fingerprints.

use crate::{
    app::App,
    body::{self, Media},
    model::{EvaluationAnswer, SignedQuestion},
    problem::{Failure, Problem},
    routes::directory,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use blockworm_crypto::oprf::Evaluation;
use blockworm_service::key_holder::{Desk, Refusal, SignedRequest, Standing};
use tokio::sync::oneshot;

/// Evaluates blinded elements with the holder's key, for a member of a bank, whose signature in the body is all that is asked for.
#[utoipa::path(
    post, path = "/v1/evaluations", tag = "evaluations",
    request_body(content = SignedQuestion, description = "docs/formats/evaluation.md"),
    responses(
        (status = 200, description = "The evaluated elements with their proof", body = EvaluationAnswer),
        (status = 400, description = "`api.malformed_body`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`evaluation.bad_signature`, `evaluation.inactive`, `evaluation.missing_role`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`evaluation.no_key_holder`, `evaluation.other_holder`, `evaluation.other_ledger`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`evaluation.stale`, `evaluation.repeated`, `evaluation.unknown_version`, `evaluation.batch_size`, `evaluation.bad_element`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`evaluation.over_limit`, `evaluation.too_often`; `retry-after` says when", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`evaluation.busy`, `evaluation.stopped`, `evaluation.not_audited`, `node.catching_up`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn evaluate(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Evaluation>, Failure> {
    if app.desks.is_empty() {
        let detail = "this node's organisation holds no key of a registry";
        let status = StatusCode::NOT_FOUND;
        return Err(Failure::new(status, "evaluation.no_key_holder", detail));
    }
    body::media(&headers, &[Media::Json])?;
    let limit_bytes = app.limits.evaluation_bytes;
    let body = body::read(&headers, body, limit_bytes, app.limits.body).await?;
    let signed: SignedRequest = serde_json::from_slice(&body).map_err(Failure::malformed_body)?;
    let holder = &signed.request.holder;
    let desk = app.desks.iter().find(|desk| desk.organisation() == holder);
    let desk = desk.ok_or_else(|| Refusal::OtherHolder {
        asked: holder.clone(),
    })?;
    let standing = standing(&app, desk, &signed).await?;
    let (tell, told) = oneshot::channel();
    desk.submit(signed, standing, move |answer| {
        // Whoever asked may be gone.
        let _ = tell.send(answer);
    })?;
    let answer = told.await.map_err(|_| Refusal::Stopped)?;
    Ok(Json(answer?))
}

/// What the holder's own node knows of the asker now. A node that is behind does not know who was
/// revoked since.
async fn standing(
    app: &App,
    desk: &Desk,
    signed: &SignedRequest,
) -> Result<Option<Standing>, Failure> {
    let ledger = app.node.ledger(&desk.ledger());
    let ledger =
        ledger.ok_or_else(|| Failure::internal("the registry's ledger is not kept here"))?;
    if ledger.status().catching_up {
        let detail = "this node is behind, and does not know who may ask now";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Failure::new(status, "node.catching_up", detail));
    }
    let asker = &signed.request.asker;
    let organisation = asker.organisation();
    let standing = directory::standing(&ledger, asker.as_str(), organisation.as_str()).await?;
    Ok(standing.map(|member| Standing {
        key: member.key,
        active: member.active,
        roles: member.roles,
    }))
}
