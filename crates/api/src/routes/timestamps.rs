//! Stamps of checkpoints, and timestamps of anything where the node is an authority (RFC 3161).

use crate::{
    app::{App, Params, Place},
    body,
    model::{StampsView, TimestampView},
    problem::{Failure, Problem},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_service::time::{AuthorityRefusal, QUERY_MEDIA, REPLY_MEDIA, TimeError};
use serde::Deserialize;
use utoipa::IntoParams;

/// Most bytes of a request for a timestamp.
const QUERY_BYTES: usize = 64 * 1024;
/// Most stamps on a page.
const PAGE: usize = 100;

/// A timestamp of a digest, as RFC 3161 has it. Nobody is asked who they are: programs that ask for timestamps have nothing to show; how many are given in a second is bounded.
#[utoipa::path(
    post, path = "/v1/timestamps", tag = "time",
    request_body(content = Vec<u8>, content_type = "application/timestamp-query", description = "TimeStampReq, DER"),
    responses(
        (status = 200, description = "TimeStampResp, DER: a token, or why there is none", body = Vec<u8>, content_type = "application/timestamp-reply"),
        (status = 404, description = "`timestamp.no_authority`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`api.unsupported_media_type`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`timestamp.too_often`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`timestamp.stopped`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn stamp(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let Some(authority) = app.time.authority.clone() else {
        let detail = "this node is no timestamp authority";
        let status = StatusCode::NOT_FOUND;
        return Err(Failure::new(status, "timestamp.no_authority", detail));
    };
    let media = headers.get(header::CONTENT_TYPE);
    let media = media.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = media.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case(QUERY_MEDIA) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let detail = format!("the media type must be {QUERY_MEDIA}");
        return Err(Failure::new(status, "api.unsupported_media_type", detail));
    }
    let query = body::read(&headers, body, QUERY_BYTES, app.limits.body).await?;
    let answered = tokio::task::spawn_blocking(move || authority.answer(&query));
    let answer = answered.await.map_err(Failure::internal)?;
    let answer = answer.map_err(|refusal| match refusal {
        AuthorityRefusal::TooOften { .. } => Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "timestamp.too_often",
            refusal.to_string(),
        ),
        AuthorityRefusal::Serial(_) => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timestamp.stopped",
            refusal.to_string(),
        ),
    })?;
    Ok(([(header::CONTENT_TYPE, REPLY_MEDIA)], answer.der).into_response())
}

/// Which stamp.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimestampQuery {
    /// A height that it must cover; the newest stamp unless given.
    covering: Option<u64>,
}

/// The earliest stamped checkpoint that covers a height: the note, the token over its body, the evidence record and the authority's certificates.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/timestamps", tag = "time",
    params(("ledger" = String, Path, description = "The ledger's id or name"), TimestampQuery),
    responses(
        (status = 200, description = "The stamp", body = TimestampView),
        (status = 404, description = "`timestamp.not_found`: no stamp covers it yet, or this node stamps nothing", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_timestamp(
    State(app): State<App>,
    place: Place,
    Params(query): Params<TimestampQuery>,
) -> Result<Json<TimestampView>, Failure> {
    let id = place.ledger.id();
    let absent = || Failure::not_found("timestamp", format_args!("a stamp that covers it"));
    let store = app.time.store.clone().ok_or_else(absent)?;
    let size = match query.covering {
        Some(height) => store.covering(&id, height),
        None => store.newest(&id).map(|about| about.size),
    };
    let size = size.ok_or_else(absent)?;
    let read = tokio::task::spawn_blocking(move || store.get(id, size));
    let found = read.await.map_err(Failure::internal)?;
    let found = found.map_err(|error: TimeError| Failure::internal(error))?;
    Ok(Json(found.ok_or_else(absent)?.into()))
}

/// Which stamps.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StampsQuery {
    /// Only stamps of a smaller size than this.
    below: Option<u64>,
    /// How many, 1 to 100; 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// How the stamping of the ledger is doing on this node, and its stamps, newest first.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/stamps", tag = "time",
    params(("ledger" = String, Path, description = "The ledger's id or name"), StampsQuery),
    responses((status = 200, description = "A page of stamps", body = StampsView))
)]
pub(crate) async fn list_stamps(
    State(app): State<App>,
    place: Place,
    Params(query): Params<StampsQuery>,
) -> Result<Json<StampsView>, Failure> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=PAGE).contains(&limit) {
        return Err(Failure::bad_parameter("limit", "it is 1 to 100"));
    }
    let id = place.ledger.id();
    let below = query.below.unwrap_or(u64::MAX);
    let store = app.time.store.as_ref();
    let stamps = store.map_or_else(Vec::new, |store| store.list(&id, below, limit));
    let full = stamps.len() == limit;
    Ok(Json(StampsView::of(
        app.time.standing.of(&id),
        stamps,
        full,
    )))
}
