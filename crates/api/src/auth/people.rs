//! People at the console: their session in a cookie, and the way to the sign-in page.

use super::{Caller, Need, Peer};
use crate::{app::App, guard, problem::Failure};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use blockworm_service::users::{Doorway, SignedIn, Users, Visit, now_ms};
use std::sync::Arc;

/// Carries the session's token where a request that is no form changes something.
const TOKEN: HeaderName = HeaderName::from_static("x-blockworm-token");
/// Longest address that is returned to after signing in.
const LONGEST_RETURN: usize = 512;

/// Who holds the session of the request's cookie. A request that is not `safe` must carry the
/// session's token; pages look for it in their forms themselves.
pub(super) fn signed_in(
    app: &App,
    peer: &Peer,
    headers: &HeaderMap,
    safe: bool,
) -> Result<Option<Caller>, Failure> {
    let doorway = doorway(peer, headers);
    let Some(secret) = session_secret(&doorway, headers) else {
        return Ok(None);
    };
    let users = app.users.as_ref();
    let Some(user) = users.and_then(|users| users.session(secret, now_ms())) else {
        return Ok(None);
    };
    let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
    if !safe && !token.is_some_and(|token| user.is_token(token)) {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "api.session_token_missing",
            "with a session, a request that changes something carries its token as x-blockworm-token",
        ));
    }
    Ok(Some(Caller::User(user)))
}

/// A person who signed in before, as things stand now.
pub(super) fn person(
    users: &Option<Arc<Users>>,
    look: impl FnOnce(&Users) -> Option<Arc<SignedIn>>,
) -> Result<Caller, Failure> {
    let now = users.as_ref().and_then(|users| look(users));
    now.map(Caller::User).ok_or_else(|| {
        let detail = "the session is over";
        Failure::new(StatusCode::UNAUTHORIZED, "api.session_over", detail)
    })
}

/// Whether the request is a person's for a page, whom the sign-in page helps.
pub(super) fn may_sign_in(failure: &Failure, peer: &Peer, request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    peer.door.users
        && failure.code == "api.unauthenticated"
        && *request.method() == Method::GET
        && !guard::is_api(request.uri().path())
        && accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

/// Leads there, and back afterwards.
pub(super) fn to_sign_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let back = match wanted {
        "/" => String::new(),
        long if long.len() > LONGEST_RETURN => String::new(),
        other => format!("?next={}", escaped(other)),
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/sign-in{back}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// What pages are told of the request.
pub(super) fn visit(
    app: &App,
    peer: &Peer,
    need: Need,
    caller: &Caller,
    request: &Request,
) -> Visit {
    let mut ledgers = app.ledgers(caller);
    // Who has shown nothing yet sees no ledger, except where everybody does.
    if need == Need::Nothing && !peer.door.is_open() {
        ledgers.clear();
    }
    Visit {
        doorway: doorway(peer, request.headers()),
        user: match caller {
            Caller::User(user) => Some(user.clone()),
            _ => None,
        },
        ledgers: ledgers.iter().map(|ledger| ledger.id()).collect(),
    }
}

fn doorway(peer: &Peer, headers: &HeaderMap) -> Doorway {
    let host = headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    Doorway {
        users: peer.door.users,
        secure: peer.door.secure,
        port: peer.door.address.port(),
        authority: host.unwrap_or_default().to_owned(),
        address: peer.from,
    }
}

/// The session that the browser holds; the name that only TLS can set goes first.
fn session_secret<'a>(doorway: &Doorway, headers: &'a HeaderMap) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs: Vec<(&str, &str)> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    let names = doorway.cookie_names();
    names.iter().find_map(|name| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| *value)
    })
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
