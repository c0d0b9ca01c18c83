//! The landing page: a small server-rendered page that says what this node is and where its API is.

mod html;
mod language;

use crate::{app::App, problem::Failure, routes};
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use html::LedgerSection;
use language::Language;
use serde::Deserialize;

/// No scripts, nothing from elsewhere, no frames, no forms: the page only shows.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// How many blocks the page shows of each ledger.
const BLOCKS: u64 = 10;

/// The page and its style sheet.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(show))
        .route("/style.css", get(style))
}

#[derive(Deserialize)]
struct PageQuery {
    lang: Option<String>,
}

async fn show(
    State(app): State<App>,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let chosen = query.ok().and_then(|Query(query)| query.lang);
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let language = Language::choose(chosen.as_deref(), accepted);
    let mut sections = Vec::new();
    for ledger in app.node.ledgers() {
        let view = routes::node::view(&ledger);
        let blocks = routes::blocks::page(&ledger, view.height.saturating_add(1), BLOCKS).await?;
        sections.push(LedgerSection {
            view,
            blocks: blocks.blocks,
        });
    }
    let text = html::page(language, app.node.organisation().as_str(), &sections);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(language.tag()),
        ),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    Ok((headers, text).into_response())
}

async fn style() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let kept = HeaderValue::from_static("max-age=3600");
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)];
    (headers, include_str!("page/style.css")).into_response()
}
