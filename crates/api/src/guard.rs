//! What every request passes: Host and Origin, a request id, a deadline, and headers that keep
//! browsers from doing anything but showing the answer.

use crate::{
    app::App,
    auth::{CallerName, Peer},
    problem::{Failure, PROBLEM_JSON},
    server::Door,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// Carries the request id, in requests and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Set on every answer unless a handler chose its own.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// The outermost layer: names the request, finishes problems, sets headers, counts.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _running = app.metrics.running();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let request_id = request_id(request.headers());
    let mut response = finish(next.run(request).await, &path, &request_id);
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let route = response.extensions_mut().remove::<Route>();
    let route = route.as_ref().map_or("unmatched", |route| route.0.as_str());
    // A method is the caller's free text: only those that routes know become a label.
    let known = matches!(
        method.as_str(),
        "GET" | "POST" | "HEAD" | "OPTIONS" | "PUT" | "DELETE"
    );
    let method = if known { method.as_str() } else { "other" };
    let took = started.elapsed();
    app.metrics.answered(method, route, status, took);
    let caller = response.extensions_mut().remove::<CallerName>();
    let caller = caller.as_ref().map_or("", |caller| caller.0.as_str());
    tracing::debug!(caller, %method, path, status, request_id, took_us = took.as_micros() as u64, "answered");
    response
}

/// Which route answered, told to the outermost layer.
#[derive(Clone)]
struct Route(MatchedPath);

/// Tells the outermost layer the route's template; runs only for known routes.
pub(crate) async fn name_route(path: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Route(path));
    response
}

/// Whether the path belongs to programs: every error there is a problem.
pub(crate) fn is_api(path: &str) -> bool {
    ["/v1", "/health", "/metrics"].iter().any(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Turns a problem, or a bare error status, into the finished answer. A page's own error answer
/// stays as it is.
fn finish(mut response: Response, path: &str, request_id: &str) -> Response {
    let status = response.status();
    let failure = response.extensions_mut().remove::<Failure>();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let finished = kind.is_some_and(|kind| {
        let page = kind
            .to_str()
            .is_ok_and(|kind| kind.starts_with("text/html"));
        kind == PROBLEM_JSON || (page && !is_api(path))
    });
    if failure.is_none() && (finished || !(status.is_client_error() || status.is_server_error())) {
        return response;
    }
    let failure = failure.unwrap_or_else(|| Failure::of_status(status));
    if status.is_server_error() {
        tracing::warn!(
            path,
            request_id,
            code = failure.code,
            detail = failure.detail,
            "failed to answer"
        );
    }
    let mut answer = failure.answer(path, request_id);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
        .extensions_mut()
        .extend(std::mem::take(response.extensions_mut()));
    answer
}

/// Refuses requests that a web page made through a foreign name or origin.
pub(crate) async fn same_site(request: Request, next: Next) -> Result<Response, Failure> {
    let peer = request.extensions().get::<Peer>();
    let peer = peer.ok_or_else(|| Failure::internal("a request came in by no door"))?;
    check_host(&request, &peer.door)?;
    check_origin(request.headers(), &peer.door)?;
    Ok(next.run(request).await)
}

/// Ends requests that take longer than any route may.
pub(crate) async fn deadline(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let limit = app.limits.request;
    tokio::time::timeout(limit, next.run(request))
        .await
        .map_err(|_| {
            let detail = format!("no answer within {} s", limit.as_secs());
            Failure::new(StatusCode::GATEWAY_TIMEOUT, "api.timeout", detail)
        })
}

/// RFC 9110 §7.2: exactly one Host, and one that names this server; the request target, when it
/// is absolute, must agree.
fn check_host(request: &Request, door: &Door) -> Result<(), Failure> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok());
    let single = hosts.next().is_none();
    let target = request
        .uri()
        .authority()
        .is_none_or(|authority| door.is_called(authority.as_str()));
    match host {
        Some(host) if single && target && door.is_called(host) => Ok(()),
        _ => {
            let detail = format!("the Host header must be {}", door.names_text());
            Err(Failure::new(
                StatusCode::FORBIDDEN,
                "api.host_refused",
                detail,
            ))
        }
    }
}

/// An Origin, when there is one, must be this server's own.
fn check_origin(headers: &HeaderMap, door: &Door) -> Result<(), Failure> {
    let own = |value: &HeaderValue| value.to_str().is_ok_and(|origin| door.is_origin(origin));
    if headers.get_all(header::ORIGIN).iter().all(own) {
        return Ok(());
    }
    let detail = "the Origin header names another site";
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "api.origin_refused",
        detail,
    ))
}

/// The caller's request id when it is short and plain, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    static START: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let plain = |text: &&str| {
        let byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=64).contains(&text.len()) && text.bytes().all(byte)
    };
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    given.filter(plain).map_or_else(
        || format!("{:016x}-{:x}", *START, NEXT.fetch_add(1, Ordering::Relaxed)),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_kept_only_when_it_is_plain() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("abc-123_x"));
        assert_eq!(request_id(&headers), "abc-123_x");
        headers.insert(REQUEST_ID, HeaderValue::from_static("a b\"c"));
        let first = request_id(&headers);
        assert_ne!(first, "a b\"c");
        assert_ne!(first, request_id(&headers));
    }
}
