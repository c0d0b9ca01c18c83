//! The routes, each registered together with its description, so that the document cannot drift.

use crate::{
    app::App,
    auth, description, guard,
    routes::{
        blocks, checkpoints, consortium, contracts, directory, evaluations, events, identity, node,
        revocations, timestamps, topology, transactions,
    },
};
use axum::{Router, middleware};
use std::sync::LazyLock;
use utoipa::openapi::{
    InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder, tag::TagBuilder,
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The whole service: the API and, beside it, `pages` for people.
pub(crate) fn router(app: App, pages: Router) -> Router {
    let (described, _) = described().split_for_parts();
    described
        .with_state(app.clone())
        .merge(pages)
        .route_layer(middleware::from_fn_with_state(
            app.clone(),
            auth::authenticate,
        ))
        .route_layer(middleware::from_fn(guard::name_route))
        .layer(middleware::from_fn_with_state(app.clone(), guard::deadline))
        .layer(middleware::from_fn(guard::same_site))
        .layer(middleware::from_fn_with_state(app, guard::observe))
}

/// The document, OpenAPI 3.1; committed as docs/openapi.json.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = described().split_for_parts().1;
    description::complete(&mut document);
    document
}

/// The document as it is served and committed.
pub(crate) fn openapi_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = openapi().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document())
        .routes(routes!(node::get_openapi))
        .routes(routes!(node::get_live))
        .routes(routes!(node::get_ready))
        .routes(routes!(node::get_metrics))
        .routes(routes!(node::get_node))
        .routes(routes!(node::list_ledgers))
        .routes(routes!(node::get_ledger))
        .routes(routes!(node::get_genesis))
        .routes(routes!(topology::get_topology))
        .routes(routes!(blocks::list_blocks))
        .routes(routes!(blocks::get_block))
        .routes(routes!(blocks::list_block_transactions))
        .routes(routes!(blocks::get_header))
        .routes(routes!(checkpoints::get_checkpoint))
        .routes(routes!(checkpoints::get_history))
        .routes(routes!(transactions::submit_transaction))
        .routes(routes!(transactions::submit_batch))
        .routes(routes!(transactions::get_transaction))
        .routes(routes!(transactions::get_receipt))
        .routes(routes!(transactions::get_proof))
        .routes(routes!(directory::list_organisations))
        .routes(routes!(directory::list_members))
        .routes(routes!(directory::list_contracts))
        .routes(routes!(consortium::list_proposals))
        .routes(routes!(consortium::get_proposal))
        .routes(routes!(consortium::get_policies))
        .routes(routes!(consortium::list_calendars))
        .routes(routes!(contracts::query_contract))
        .routes(routes!(contracts::get_state))
        .routes(routes!(contracts::get_state_proof))
        .routes(routes!(contracts::prove_states))
        .routes(routes!(revocations::get_revocations))
        .routes(routes!(events::stream_events))
        .routes(routes!(evaluations::evaluate))
        .routes(routes!(timestamps::stamp))
        .routes(routes!(timestamps::get_timestamp))
        .routes(routes!(timestamps::list_stamps))
        .routes(routes!(timestamps::get_stamping))
        .routes(routes!(identity::enrol))
        .routes(routes!(identity::renew))
        .routes(routes!(identity::take_possession))
        .routes(routes!(identity::list_certificates))
}

/// Everything of the document but its routes.
fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Blockworm node")
        .version("1")
        .description(Some(
            "A node of a consortium ledger. Open on loopback unless its operator says otherwise; elsewhere an API key or a member's certificate is asked for. Lists are read page by page: give `next` as `cursor`. Errors are RFC 9457 problems with a stable `code`.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let tags = [
        ("node", "The node itself"),
        (
            "consortium",
            "What the consortium was asked for and what it decided",
        ),
        ("ledgers", "Its ledgers"),
        ("transactions", "Submitting, following and proving"),
        ("blocks", "Blocks and headers"),
        ("contracts", "Queries, state, organisations and members"),
        ("events", "What contracts tell the world, live"),
        (
            "evaluations",
            "Blind evaluation, where the node's organisation holds a key",
        ),
        ("identity", "Certificates of the node's organisation"),
        (
            "time",
            "Timestamps of checkpoints, and of anything where the node is an authority",
        ),
    ];
    let tag = |(name, text)| TagBuilder::new().name(name).description(Some(text)).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .tags(Some(tags.map(tag)))
        .build()
}
