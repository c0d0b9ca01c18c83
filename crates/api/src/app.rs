//! What every handler shares: the node, the limits and the counters.

use crate::{
    auth::{Caller, KeyStore},
    idempotency::IdempotencyKeys,
    metrics::RequestMetrics,
    problem::Failure,
    server::Limits,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{StatusCode, request::Parts},
};
use blockworm_ledger::LedgerId;
use blockworm_node::{LedgerHandle, NodeHandle};
use blockworm_service::{
    identity::IdentityDesk,
    key_holder::Desk,
    time::{StampStore, Standing, TimeAuthority},
    users::Users,
};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Requests for certificates that may work or wait at once.
const AT_IDENTITY_DESK: usize = 8;

/// What a node knows of time, and gives.
#[derive(Clone, Default)]
pub struct TimeServices {
    /// The built-in authority, where it serves one.
    pub authority: Option<Arc<TimeAuthority>>,
    /// The stamps that it keeps.
    pub store: Option<Arc<StampStore>>,
    /// How the stamping is doing.
    pub standing: Arc<Standing>,
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) node: NodeHandle,
    pub(crate) keys: KeyStore,
    /// People who sign in, where a listener lets them in.
    pub(crate) users: Option<Arc<Users>>,
    /// The key holders whose keys this node answers with.
    pub(crate) desks: Vec<Desk>,
    /// Where the certificates of the node's organisation are looked after.
    pub(crate) identity: Option<Arc<IdentityDesk>>,
    /// Stamps and the authority that makes them.
    pub(crate) time: TimeServices,
    /// Requests that may work or wait there at once.
    pub(crate) at_identity_desk: Arc<Semaphore>,
    pub(crate) idempotency: IdempotencyKeys,
    pub(crate) limits: Limits,
    pub(crate) metrics: RequestMetrics,
    /// Kibibytes of batches that may be in memory at once.
    pub(crate) batch_kib: Arc<Semaphore>,
    /// Event streams that may be open at once.
    pub(crate) streams: Arc<Semaphore>,
    /// Turns true when the server stops; open streams end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(
        node: NodeHandle,
        (keys, users): (KeyStore, Option<Arc<Users>>),
        desks: Vec<Desk>,
        identity: Option<Arc<IdentityDesk>>,
        time: TimeServices,
        limits: Limits,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let batch_kib = Arc::new(Semaphore::new(limits.batches_bytes / 1024));
        let streams = Arc::new(Semaphore::new(limits.event_streams));
        Self(Arc::new(Inner {
            node,
            keys,
            users,
            desks,
            identity,
            time,
            at_identity_desk: Arc::new(Semaphore::new(AT_IDENTITY_DESK)),
            idempotency: IdempotencyKeys::new(limits.idempotency_keys, limits.idempotency),
            limits,
            metrics: RequestMetrics::default(),
            batch_kib,
            streams,
            stopping,
        }))
    }

    /// The ledgers that the caller may know of.
    pub(crate) fn ledgers(&self, caller: &Caller) -> Vec<LedgerHandle> {
        let mut ledgers = self.node.ledgers();
        ledgers.retain(|ledger| caller.sees(ledger));
        ledgers
    }

    /// The ledger of that id or, when only one bears it, of that name.
    pub(crate) fn ledger(&self, text: &str, caller: &Caller) -> Result<LedgerHandle, Failure> {
        if let Some(ledger) = text
            .parse::<LedgerId>()
            .ok()
            .and_then(|id| self.node.ledger(&id))
            .filter(|ledger| caller.sees(ledger))
        {
            return Ok(ledger);
        }
        let mut named = self.ledgers(caller);
        named.retain(|ledger| ledger.genesis().name == text);
        match (named.pop(), named.is_empty()) {
            (Some(ledger), true) => Ok(ledger),
            (None, _) => {
                let what = format_args!("ledger {text:?}");
                Err(Failure::not_found("ledger", what))
            }
            (Some(_), false) => {
                let detail = format!("several ledgers are named {text:?}; give the id");
                Err(Failure::new(
                    StatusCode::BAD_REQUEST,
                    "ledger.ambiguous",
                    detail,
                ))
            }
        }
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The ledger and the other parts of a route's path.
pub(crate) struct Place {
    pub(crate) ledger: LedgerHandle,
    pub(crate) caller: Caller,
    parts: Vec<(String, String)>,
}

impl Place {
    /// The part named `name` in the route, unparsed.
    pub(crate) fn text(&self, name: &str) -> &str {
        let part = self.parts.iter().find(|(key, _)| key == name);
        part.map_or("", |(_, value)| value.as_str())
    }

    /// The part named `name` in the route.
    pub(crate) fn parse<T>(&self, name: &str) -> Result<T, Failure>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let parsed = self.text(name).parse::<T>();
        parsed.map_err(|error| Failure::bad_parameter(name, error))
    }
}

impl FromRequestParts<App> for Place {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let raw = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|error| Failure::bad_parameter("path", error))?;
        let parts: Vec<(String, String)> = raw
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let name = parts.iter().find(|(key, _)| key == "ledger");
        let name = name.map_or("", |(_, value)| value.as_str());
        let ledger = app.ledger(name, &caller)?;
        Ok(Self {
            ledger,
            caller,
            parts,
        })
    }
}

/// Query parameters; anything unreadable or unknown is a problem that names it.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        axum::extract::Query::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Query(params)| Self(params))
            .map_err(|error| Failure::bad_parameter("query", error.body_text()))
    }
}
