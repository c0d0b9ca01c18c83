//! Answers that go on and on end when their caller would no longer be let in.

use super::{Caller, now_ms};
use crate::{app::App, problem::Failure};
use axum::{
    body::Body,
    http::{StatusCode, header},
    response::Response,
};
use futures::StreamExt as _;

/// The answer as it is, but for an event stream to a caller who had to show something: that one is
/// cut off at the first look that finds the caller's rights gone or fewer.
pub(super) fn watched(response: Response, app: App, caller: Caller) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let streams = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !streams || matches!(caller, Caller::Open) {
        return response;
    }
    let shut_out = async move {
        loop {
            tokio::time::sleep(app.limits.recheck).await;
            if let Err(failure) = look_again(&app, &caller).await {
                tracing::info!(
                    caller = caller.name(),
                    code = failure.code,
                    "event stream ended"
                );
                return;
            }
        }
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(shut_out)))
}

async fn look_again(app: &App, caller: &Caller) -> Result<(), Failure> {
    let now = match caller {
        Caller::Open => return Ok(()),
        Caller::Key(key) => app.keys.again(key, now_ms())?,
        Caller::User(user) => super::people::person(&app.users, |users| {
            users.still(user, blockworm_service::users::now_ms())
        })?,
        Caller::Member { shown, .. } => {
            Caller::of_member(shown, &app.node.ledgers(), now_ms()).await?
        }
    };
    if now.covers(caller) {
        return Ok(());
    }
    let detail = format!("{} may do less than when the stream began", caller.name());
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "api.scope_missing",
        detail,
    ))
}
