//! About the node: health, metrics, its ledgers and their genesis.

use crate::{
    app::{App, Params, Place},
    auth::Caller,
    body::JSON,
    metrics::prometheus,
    model::{HealthView, LedgerView, NodeView, Page},
    paging::PageQuery,
    problem::{Failure, Problem},
    routes::identity,
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_node::{LedgerHandle, Metric, MetricKind};

/// The API's own description, OpenAPI 3.1.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "node",
    responses((status = 200, description = "This document", content_type = "application/json", body = Object))
)]
pub(crate) async fn get_openapi() -> Response {
    (
        [(header::CONTENT_TYPE, JSON)],
        crate::router::openapi_text(),
    )
        .into_response()
}

/// Whether the process answers.
#[utoipa::path(
    get, path = "/health/live", tag = "node",
    responses((status = 200, description = "The process answers", body = HealthView))
)]
pub(crate) async fn get_live() -> Json<HealthView> {
    Json(HealthView {
        status: "live".into(),
    })
}

/// Whether every ledger of this node is up to date.
#[utoipa::path(
    get, path = "/health/ready", tag = "node",
    responses(
        (status = 200, description = "All ledgers are up to date", body = HealthView),
        (status = 503, description = "A ledger is catching up", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_ready(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<HealthView>, Failure> {
    let behind: Vec<String> = app
        .node
        .ledgers()
        .iter()
        .map(|ledger| (caller.sees(ledger), ledger.status()))
        .filter(|(_, status)| status.catching_up)
        .map(|(seen, status)| {
            if !seen {
                return "another ledger".into();
            }
            format!(
                "ledger {} is at {} of {}",
                status.ledger, status.height, status.tip
            )
        })
        .collect();
    if behind.is_empty() {
        return Ok(Json(HealthView {
            status: "ready".into(),
        }));
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Err(Failure::new(status, "node.catching_up", behind.join("; ")))
}

/// Counters and gauges of the node, its ledgers and this API.
#[utoipa::path(
    get, path = "/metrics", tag = "node",
    responses((status = 200, description = "Prometheus text format 0.0.4", content_type = "text/plain", body = String))
)]
pub(crate) async fn get_metrics(State(app): State<App>) -> Response {
    let mut metrics = app.node.metrics();
    metrics.extend(app.time.standing.metrics());
    // A folder that cannot be read hides no other figure.
    let certificates = identity::standings(&app).await.unwrap_or_default();
    metrics.extend(certificates.into_iter().map(|one| Metric {
        name: "blockworm_certificate_seconds_left",
        help: "Until the certificate ends; negative afterwards.",
        kind: MetricKind::Gauge,
        value: one.seconds_left as f64,
        labels: vec![
            ("organisation", one.organisation),
            ("file", one.file),
            ("profile", one.profile),
        ],
    }));
    let text = prometheus(&app.metrics, &metrics);
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

/// The node and all its ledgers.
#[utoipa::path(
    get, path = "/v1/node", tag = "node",
    responses((status = 200, description = "The node", body = NodeView))
)]
pub(crate) async fn get_node(State(app): State<App>, caller: Caller) -> Json<NodeView> {
    Json(NodeView {
        organisation: app.node.organisation().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        ledgers: app.ledgers(&caller).iter().map(view).collect(),
    })
}

/// The ledgers of this node that the caller may see, ordered by id.
#[utoipa::path(
    get, path = "/v1/ledgers", tag = "ledgers",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of ledgers", body = Page<LedgerView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_ledgers(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<LedgerView>>, Failure> {
    let asked = query.of("ledgers")?;
    let views = app.ledgers(&caller).iter().map(view).collect();
    let (items, next) = asked.cut(views, |ledger: &LedgerView| ledger.id.clone());
    Ok(Json(Page { items, next }))
}

/// How a ledger is doing on this node.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}", tag = "ledgers",
    params(("ledger" = String, Path, description = "The ledger's id, or its name when only one bears it")),
    responses(
        (status = 200, description = "The ledger", body = LedgerView),
        (status = 404, description = "`ledger.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_ledger(place: Place) -> Json<LedgerView> {
    Json(view(&place.ledger))
}

/// The ledger's genesis, in the JSON form of the genesis file (docs/formats/genesis.md).
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/genesis", tag = "ledgers",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    responses(
        (status = 200, description = "The genesis; compare its digest with one from elsewhere before trusting it", body = Object),
        (status = 404, description = "`ledger.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_genesis(place: Place) -> Response {
    Json(place.ledger.genesis().as_ref()).into_response()
}

pub(crate) fn view(ledger: &LedgerHandle) -> LedgerView {
    LedgerView::new(ledger.status(), ledger.genesis().digest().to_string())
}
