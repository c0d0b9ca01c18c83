//! The console's router over the bank's node, which all tests of this program share.

use crate::one_node::OneNode;
pub use crate::one_node::PATIENCE;
use axum::{Extension, Router, body::Body, http::Request, response::Response};
use blockworm_ledger::Receipt;
use blockworm_service::users::{Doorway, Visit};
use futures::StreamExt as _;
use serde_json::json;
use std::{ops::Deref, sync::LazyLock};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// A name that would like to be markup.
pub const EVIL: &str = "<script>alert(1)</script>\" onmouseover=\"x";

pub static WORLD: LazyLock<World> = LazyLock::new(World::start);

/// The node and the pages over it.
pub struct World {
    one: OneNode,
    pages: Router,
    _stopping: watch::Sender<bool>,
}

impl Deref for World {
    type Target = OneNode;

    fn deref(&self) -> &OneNode {
        &self.one
    }
}

impl World {
    fn start() -> Self {
        let members: [(&str, &[&str]); 3] = [
            ("admin", &["admin"]),
            ("leaver", &["maker"]),
            ("maker", &["maker", "operator"]),
        ];
        let one = OneNode::start("console-real-node", EVIL, &members);
        let stopping = watch::Sender::new(false);
        Self {
            pages: blockworm_console::pages(one.handle(), None, stopping.subscribe())
                .layer(Extension(visit(&one))),
            _stopping: stopping,
            one,
        }
    }

    /// A path below the ledger.
    pub fn at(&self, path: &str) -> String {
        format!("/ledgers/{}{path}", self.id())
    }

    /// Asks the console.
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.pages.clone().oneshot(request).await.unwrap()
    }

    /// Commits one issue of money.
    pub async fn money(&self) -> Receipt {
        let issue = json!({"issue": {"to": "bank/maker", "amount": "1", "currency": "CNY"}});
        self.commit("bank/maker", "money", &issue).await
    }

    /// Whether a live list ends once its server stops.
    pub async fn streams_of_a_server_that_stops(&self) -> bool {
        let stopping = watch::Sender::new(false);
        let pages = blockworm_console::pages(self.handle(), None, stopping.subscribe())
            .layer(Extension(visit(self)));
        let request = Request::get(self.at("/live")).body(Body::empty()).unwrap();
        let response = pages.oneshot(request).await.unwrap();
        let mut stream = response.into_body().into_data_stream();
        stream.next().await.unwrap().unwrap();
        stopping.send_replace(true);
        let rest = async { while stream.next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, rest).await.is_ok()
    }
}

/// What the server's guard finds out about a request at an open door.
fn visit(one: &OneNode) -> Visit {
    let ledgers = one.handle().ledgers();
    Visit {
        doorway: Doorway {
            users: false,
            secure: false,
            port: 80,
            authority: "localhost".into(),
            address: [127, 0, 0, 1].into(),
        },
        user: None,
        ledgers: ledgers.iter().map(|ledger| ledger.id()).collect(),
    }
}
