//! Who asks, and whether they may: API keys, members' certificates and people who signed in, for each route.

mod caller;
mod people;
mod store;
mod streams;

pub(crate) use caller::{Caller, Shown};
pub(crate) use store::KeyStore;

use crate::{app::App, guard, keys::Scope, problem::Failure, server::Door};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use std::{net::IpAddr, sync::Arc};

/// Which door a connection came in by, and what it showed there; on every request of it.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) door: Arc<Door>,
    /// The other end's address.
    pub(crate) from: IpAddr,
    pub(crate) shown: Option<Arc<Shown>>,
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing at all.
    Nothing,
    /// To be known; the answer says nothing about a ledger.
    Anyone,
    /// One of these scopes; the answer is cut to the ledgers that the caller may see.
    Scope(&'static [Scope]),
    /// This scope, for all ledgers of the node.
    Whole(Scope),
    /// To read, as a person at a page: people see their ledgers alone, programs must see all.
    Page,
}

impl Need {
    /// Of a route by its template. What is not named here is refused to everybody but those who
    /// may read the whole node.
    pub(crate) fn of(method: &Method, route: &str) -> Self {
        match route {
            "/health/live" => Self::Nothing,
            // A bank is no caller of the holder's: its member's signature in the body says who asks.
            "/v1/evaluations" => Self::Nothing,
            // Programs that ask for timestamps have no keys to show; how often is bounded.
            "/v1/timestamps" => Self::Nothing,
            // A token, or a signature by a certified key, in the body says who asks.
            "/v1/identity/enrolments" | "/v1/identity/renewals" | "/v1/identity/possessions" => {
                Self::Nothing
            }
            "/health/ready" | "/v1/openapi.json" => Self::Anyone,
            "/metrics" => Self::Whole(Scope::Metrics),
            "/v1/node" | "/v1/ledgers" => Self::Scope(&[Scope::Read]),
            "/v1/ledgers/{ledger}/transactions" | "/v1/ledgers/{ledger}/transactions/batch"
                if method == Method::POST =>
            {
                Self::Scope(&[Scope::Submit])
            }
            // Who may submit may follow what became of it.
            "/v1/ledgers/{ledger}/transactions/{id}/receipt" => {
                Self::Scope(&[Scope::Read, Scope::Submit])
            }
            _ if route.starts_with("/v1/ledgers/{ledger}") => Self::Scope(&[Scope::Read]),
            // Whoever is to sign in has nothing to show yet; style and scripts say nothing.
            "/sign-in" | "/sign-in/passkey" | "/sign-in/passkey/challenge" | "/assets/{name}" => {
                Self::Nothing
            }
            "/sign-out" => Self::Anyone,
            _ if route == "/account" || route.starts_with("/account/") => Self::Anyone,
            _ if !guard::is_api(route) => Self::Page,
            _ => Self::Whole(Scope::Read),
        }
    }
}

impl Need {
    /// What a page asks of a program.
    const fn of_program(self) -> Self {
        match self {
            Self::Page => Self::Whole(Scope::Read),
            other => other,
        }
    }

    /// What a page asks of a person who signed in.
    const fn of_person(self) -> Self {
        match self {
            Self::Page => Self::Scope(&[Scope::Read]),
            other => other,
        }
    }
}

/// Lets a request through to its handler, with its [`Caller`], or refuses it.
pub(crate) async fn authenticate(
    State(app): State<App>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let need = Need::of(request.method(), route.as_str());
    let peer = request.extensions().get::<Peer>().cloned();
    let peer = peer.ok_or_else(|| Failure::internal("a request came in by no door"))?;
    let caller = if peer.door.is_open() || need == Need::Nothing {
        Caller::Open
    } else {
        let (method, path) = (request.method(), request.uri().path());
        let reads = matches!(*method, Method::GET | Method::HEAD);
        match identify(
            &app,
            &peer,
            request.headers(),
            reads || !guard::is_api(path),
        )
        .await
        {
            Err(failure) if people::may_sign_in(&failure, &peer, &request) => {
                return Ok(people::to_sign_in(&request));
            }
            identified => identified?,
        }
    };
    caller.meets(need, app.node.organisation())?;
    let name = caller.name();
    let visit = people::visit(&app, &peer, need, &caller, &request);
    request.extensions_mut().insert(visit);
    request.extensions_mut().insert(caller.clone());
    let response = next.run(request).await;
    let mut response = streams::watched(response, app, caller);
    response.extensions_mut().insert(CallerName(name));
    Ok(response)
}

/// Who asked, told to the outermost layer for the log.
#[derive(Clone)]
pub(crate) struct CallerName(pub(crate) String);

/// Who asks. A key that is shown decides alone, even where a certificate was shown too; then comes
/// who signed in, whose request needs the session's token unless it is `safe`.
async fn identify(
    app: &App,
    peer: &Peer,
    headers: &HeaderMap,
    safe: bool,
) -> Result<Caller, Failure> {
    if peer.door.keys && headers.contains_key(header::AUTHORIZATION) {
        let shown = bearer(headers)?;
        return app.keys.caller(shown, now_ms());
    }
    if peer.door.users
        && let Some(person) = people::signed_in(app, peer, headers, safe)?
    {
        return Ok(person);
    }
    match &peer.shown {
        Some(shown) => Caller::of_member(shown, &app.node.ledgers(), now_ms()).await,
        None if peer.door.keys => Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "api.unauthenticated",
            "this address answers only callers that show an API key",
        )),
        None if peer.door.users => Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "api.unauthenticated",
            "this address answers only people who signed in",
        )),
        None => Err(Failure::new(
            StatusCode::FORBIDDEN,
            "api.certificate_required",
            "this address answers only callers that show a member's certificate",
        )),
    }
}

/// The key of `authorization: Bearer KEY` (RFC 6750).
fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let only = given.next().filter(|_| given.next().is_none());
    only.and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| {
            let detail = "the authorization header is not one `Bearer KEY`";
            Failure::new(StatusCode::UNAUTHORIZED, "api.key_unknown", detail)
        })
}

/// Now, milliseconds since 1970, by the clock by which the node lives.
pub(crate) fn now_ms() -> u64 {
    blockworm_service::network::clock::current_ms()
}
