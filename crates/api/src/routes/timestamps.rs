//! Stamps of checkpoints, and timestamps of anything where the node is an authority (RFC 3161).

use crate::{
    app::{App, Params, Place, TimeServices},
    body,
    model::{Page, StampView, StampingView, TimestampView},
    paging::PageQuery,
    problem::{Failure, Problem},
    server::Server,
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

impl Server {
    /// Serves stamps, and timestamps where there is an authority.
    #[must_use]
    pub fn with_time(mut self, time: TimeServices) -> Self {
        self.time = time;
        self
    }
}

/// Most bytes of a request for a timestamp.
const QUERY_BYTES: usize = 64 * 1024;

/// A timestamp of a digest, as RFC 3161 has it. Nobody is asked who they are: programs that ask for timestamps have nothing to show; how many are given in a second is bounded.
#[utoipa::path(
    post, path = "/v1/timestamps", tag = "time",
    request_body(content = String, content_type = "application/timestamp-query", description = "TimeStampReq, DER"),
    responses(
        (status = 200, description = "TimeStampResp, DER: a token, or why there is none", body = String, content_type = "application/timestamp-reply"),
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

/// The stamps that this node keeps of the ledger, newest first.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/stamps", tag = "time",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of stamps, the largest size first", body = Page<StampView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_stamps(
    State(app): State<App>,
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<StampView>>, Failure> {
    let asked = query.of("stamps")?;
    let below = asked.after_number()?.unwrap_or(u64::MAX);
    let store = app.time.store.as_ref();
    let id = place.ledger.id();
    let mut stamps = store.map_or_else(Vec::new, |store| store.list(&id, below, asked.limit + 1));
    let more = stamps.len() > asked.limit;
    stamps.truncate(asked.limit);
    let last = stamps.last().filter(|_| more);
    let next = last.map(|last| asked.next(&last.size.to_string()));
    let items = stamps.into_iter().map(StampView::from).collect();
    Ok(Json(Page { items, next }))
}

/// How the stamping of the ledger is doing on this node since it started.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/stamping", tag = "time",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    responses((status = 200, description = "How it is doing", body = StampingView))
)]
pub(crate) async fn get_stamping(State(app): State<App>, place: Place) -> Json<StampingView> {
    Json(app.time.standing.of(&place.ledger.id()).into())
}
