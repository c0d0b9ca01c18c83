//! The web console: server-rendered pages about a node and its ledgers, in Chinese and English.

mod assets;
mod decoded;
mod desk;
mod explain;
mod explain_assets;
mod explain_claims;
mod explain_consortium;
mod explain_evidence;
mod fault;
mod format;
mod frame;
mod language;
mod ledger;
mod pages;
mod sentences;
mod sentences_evidence;
mod verify_page;
mod visitor;
mod words;

use axum::{Router, routing::get};
use blockworm_node::NodeHandle;
use blockworm_service::{identity::IdentityDesk, users::Users};
use pages::{
    account, block, certificates, consortium, live, overview, receivable, search, sign_in,
    transaction,
};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
pub use verify_page::{VERIFY_PAGE, verify_page};

/// Live lists that may be open at once.
const LIVE_STREAMS: usize = 64;

/// What every page shares; cheap to clone.
#[derive(Clone)]
struct Console(Arc<Shared>);

struct Shared {
    node: NodeHandle,
    /// Where people sign in, if they do.
    users: Option<Arc<Users>>,
    /// What looks after the organisation's certificates, if anything does.
    identity: Option<Arc<IdentityDesk>>,
    /// Turns at that desk.
    hashing: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl std::ops::Deref for Console {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// All pages, to be merged into a server that guards Host and Origin and puts a
/// [`blockworm_service::users::Visit`] on each request: without one a page shows no ledger. `users`
/// are those who sign in here; `identity` looks after the certificates that are shown; `stopping` turns true when the server stops, and ends the live lists.
pub fn pages(
    node: NodeHandle,
    users: Option<Arc<Users>>,
    identity: Option<Arc<IdentityDesk>>,
    stopping: watch::Receiver<bool>,
) -> Router {
    let console = Console(Arc::new(Shared {
        node,
        users,
        identity,
        hashing: Arc::new(Semaphore::new(desk::HASHING)),
        streams: Arc::new(Semaphore::new(LIVE_STREAMS)),
        stopping,
    }));
    let ledger = Router::new()
        .route("/", get(overview::show))
        .route("/live", get(live::stream))
        .route("/blocks", get(block::list))
        .route("/blocks/{height}", get(block::show))
        .route("/transactions/{id}", get(transaction::show))
        .route("/transactions/{id}/proof", get(transaction::proof))
        .route("/consortium", get(consortium::show))
        .route("/receivables", get(receivable::list))
        .route("/receivables/{id}", get(receivable::show))
        .route("/search", get(search::find));
    Router::new()
        .route("/", get(overview::first))
        .route("/certificates", get(certificates::show))
        .route("/assets/{name}", get(assets::serve))
        .merge(sign_in::routes())
        .merge(account::routes())
        .nest("/ledgers/{ledger}", ledger)
        .method_not_allowed_fallback(fault::method_not_allowed)
        .fallback(fault::unknown_page)
        .with_state(console)
}
