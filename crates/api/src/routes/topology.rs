//! Who keeps a ledger, who is heard, how far behind each is, and whether that is well.

use crate::{
    app::{App, Place},
    model::TopologyView,
    problem::Problem,
};
use axum::{Json, extract::State};
use blockworm_service::network::health;

/// The ledger's nodes as this one sees them, and how well the ledger is doing, with reasons.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/topology", tag = "ledgers",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    responses(
        (status = 200, description = "Nodes, quorum, margin and health", body = TopologyView),
        (status = 404, description = "`ledger.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_topology(State(app): State<App>, place: Place) -> Json<TopologyView> {
    let seen = place.ledger.topology();
    let reasons = health::judge(&seen, health::free_bytes(app.node.directory()));
    Json(TopologyView::new(seen, reasons))
}
