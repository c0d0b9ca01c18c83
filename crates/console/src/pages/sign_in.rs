//! Signing in and out: by password and code, or by a passkey.

use crate::{
    Console,
    desk::{self, Trouble, unbase64url},
    fault::Fault,
    frame::Frame,
    pages::Never,
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::{
    Form, Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use blockworm_service::users::{Assertion, NewSession};
use serde::Deserialize;
use serde_json::json;

/// Longest name that is looked at.
const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    f: Frame,
    w: &'static Words,
    /// Where to go afterwards.
    next: String,
    /// What was wrong with the attempt before.
    trouble: Option<String>,
    name: String,
    /// Whether a passkey can be used at this address.
    passkeys: bool,
}

/// The page's form.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    name: String,
    password: String,
    code: String,
    #[serde(default)]
    next: String,
}

/// What the page's script got from a device; bytes in base64url.
#[derive(Deserialize)]
pub(crate) struct PasskeyAnswer {
    id: String,
    handle: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    next: String,
}

/// The form that ends a session.
#[derive(Deserialize)]
pub(crate) struct SignOutForm {
    token: String,
}

/// The page.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let next = visitor.asked("next").unwrap_or_default().to_owned();
    page(&visitor, StatusCode::OK, None, "", &next)
}

fn page(
    visitor: &Visitor,
    status: StatusCode,
    trouble: Option<String>,
    name: &str,
    next: &str,
) -> Response {
    let Some(doorway) = visitor.doorway() else {
        return visitor.reply(Err::<Never, _>(Fault::UnknownPage));
    };
    let w = visitor.language.words();
    let page = SignInPage {
        f: visitor.frame(None, w.sign_in),
        w,
        next: inside(next).to_owned(),
        trouble,
        name: name.chars().take(LONGEST_NAME).collect(),
        passkeys: doorway.site().is_some(),
    };
    visitor.reply_as(status, Ok(page))
}

/// Password and code.
pub(crate) async fn by_password(
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Response {
    let Some(address) = visitor.doorway().map(|doorway| doorway.address) else {
        return visitor.reply(Err::<Never, _>(Fault::UnknownPage));
    };
    let (name, next) = (form.name.trim().to_owned(), form.next.clone());
    let attempt = async {
        desk::check_origin(&headers)?;
        let name = name.clone();
        desk::at(&visitor.console, move |users, now_ms| {
            users.sign_in(&name, &form.password, &form.code, address, now_ms)
        })
        .await
    };
    match attempt.await {
        Ok(session) => {
            let mut response = Redirect::to(inside(&next)).into_response();
            give(&visitor, &headers, &mut response, Some(&session));
            response
        }
        Err(trouble) => {
            let text = trouble.told(visitor.language);
            page(&visitor, trouble.status(), Some(text), &name, &next)
        }
    }
}

/// What a device is asked.
pub(crate) async fn challenge(visitor: Visitor, headers: HeaderMap) -> Response {
    let asked = async {
        desk::check_origin(&headers)?;
        let (site, address) = desk::site(&visitor)?;
        desk::at(&visitor.console, move |users, now_ms| {
            users.ask_for_passkey(&site, address, now_ms)
        })
        .await
    };
    match asked.await {
        Ok(options) => Json(json!({ "publicKey": options })).into_response(),
        Err(trouble) => trouble.answer(visitor.language),
    }
}

/// What the device answered.
pub(crate) async fn by_passkey(
    visitor: Visitor,
    headers: HeaderMap,
    Json(answer): Json<PasskeyAnswer>,
) -> Response {
    let next = inside(&answer.next).to_owned();
    let attempt = async {
        desk::check_origin(&headers)?;
        let (site, address) = desk::site(&visitor)?;
        let answer = Assertion {
            id: unbase64url(&answer.id)?,
            handle: unbase64url(&answer.handle)?,
            client_data: unbase64url(&answer.client_data)?,
            authenticator_data: unbase64url(&answer.authenticator_data)?,
            signature: unbase64url(&answer.signature)?,
        };
        desk::at(&visitor.console, move |users, now_ms| {
            users.sign_in_by_passkey(&site, &answer, address, now_ms)
        })
        .await
    };
    match attempt.await {
        Ok(session) => {
            let mut response = Json(json!({ "next": next })).into_response();
            give(&visitor, &headers, &mut response, Some(&session));
            response
        }
        Err(trouble) => trouble.answer(visitor.language),
    }
}

/// Ends the session.
pub(crate) async fn out(
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<SignOutForm>,
) -> Response {
    let ended = desk::check_token(&visitor, &form.token).and_then(|who| {
        let users = visitor.console.users.as_ref();
        users
            .ok_or(Trouble::NotHere)
            .map(|users| users.end_session(&who, &who.session))
    });
    match ended {
        Ok(_) => {
            let mut response = Redirect::to("/sign-in").into_response();
            give(&visitor, &headers, &mut response, None);
            response
        }
        Err(trouble) => trouble.page(&visitor),
    }
}

/// Gives the browser its session, or takes it.
fn give(
    visitor: &Visitor,
    headers: &HeaderMap,
    response: &mut Response,
    session: Option<&NewSession>,
) {
    let Some(doorway) = visitor.doorway() else {
        return;
    };
    let origin = headers.get(header::ORIGIN);
    let origin = origin.and_then(|value| value.to_str().ok());
    let secret = session.map(|session| session.secret.as_str());
    let cookie = doorway.set_cookie(origin.unwrap_or_default(), secret);
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// A place of this console to go to; anything else is the first page.
fn inside(next: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let own = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(plain);
    if own && !next.starts_with("/sign-") {
        next
    } else {
        "/"
    }
}

/// The routes of this page, with their bound on bodies.
pub(crate) fn routes() -> axum::Router<Console> {
    use axum::routing::{get, post};
    axum::Router::new()
        .route("/sign-in", get(show).post(by_password))
        .route("/sign-in/passkey/challenge", post(challenge))
        .route("/sign-in/passkey", post(by_passkey))
        .route("/sign-out", post(out))
        .layer(axum::extract::DefaultBodyLimit::max(desk::LONGEST_BODY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for good in ["/", "/ledgers/1/blocks?from=2", "/account"] {
            assert_eq!(inside(good), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nset-cookie: x",
            "javascript:1",
            "/sign-in?next=/sign-in",
            "/sign-out",
            "/ a",
        ] {
            assert_eq!(inside(bad), "/", "{bad}");
        }
    }
}
