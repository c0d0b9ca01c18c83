//! One's own account: what one may do, passkeys, sessions.

use crate::{
    Console,
    desk::{self, Trouble, unbase64url},
    fault::Fault,
    format::UtcTime,
    frame::Frame,
    pages::Never,
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::{
    Form, Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use blockworm_service::users::{
    Passkey, RECOVERY_CODES, Registration, SessionView, SignedIn, Users, UsersError, now_ms,
};
use serde::Deserialize;
use serde_json::json;

/// Carries the session's token with what the page's script sends.
const TOKEN: &str = "x-blockworm-token";

struct PasskeyRow {
    id: String,
    label: String,
    site: String,
    added: String,
    used: Option<String>,
}

struct SessionRow {
    id: String,
    address: String,
    by: &'static str,
    began: String,
    used: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    w: &'static Words,
    name: String,
    token: String,
    scopes: String,
    ledgers: Option<String>,
    recovery: usize,
    all_recovery: usize,
    /// Whether a passkey can be made at this address.
    can_add: bool,
    passkeys: Vec<PasskeyRow>,
    sessions: Vec<SessionRow>,
    trouble: Option<String>,
}

/// Names a passkey or a session, with the session's token.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    token: String,
    id: String,
}

/// What the page's script got from a device; bytes in base64url.
#[derive(Deserialize)]
pub(crate) struct NewPasskey {
    label: String,
    client_data: String,
    attestation: String,
}

/// The page.
pub(crate) async fn show(visitor: Visitor) -> Response {
    page(&visitor, StatusCode::OK, None)
}

fn page(visitor: &Visitor, status: StatusCode, trouble: Option<String>) -> Response {
    let who = visitor.user();
    let (Some(who), Some(users)) = (who, visitor.console.users.as_ref()) else {
        return visitor.reply(Err::<Never, _>(Fault::UnknownPage));
    };
    match view(visitor, &who, users, trouble) {
        Ok(page) => visitor.reply_as(status, Ok(page)),
        Err(error) => visitor.reply(Err::<Never, _>(Fault::Unavailable(error.to_string()))),
    }
}

fn view(
    visitor: &Visitor,
    who: &SignedIn,
    users: &Users,
    trouble: Option<String>,
) -> Result<AccountPage, UsersError> {
    let w = visitor.language.words();
    let record = users.record(who)?;
    let by = |by: &'static str| match by {
        "passkey" => w.by_passkey,
        "password and code" => w.by_code,
        _ => w.by_recovery,
    };
    let passkey = |key: Passkey| PasskeyRow {
        id: key.id,
        label: key.label,
        site: key.site,
        added: UtcTime(key.created_at_ms).to_string(),
        used: key.used_at_ms.map(|at_ms| UtcTime(at_ms).to_string()),
    };
    let session = |session: SessionView| SessionRow {
        here: session.session == who.session,
        id: session.session,
        address: session.address.to_string(),
        by: by(session.by),
        began: UtcTime(session.started_ms).to_string(),
        used: UtcTime(session.used_ms).to_string(),
    };
    let scopes: Vec<&str> = record.scopes.iter().map(|scope| scope.as_str()).collect();
    Ok(AccountPage {
        f: visitor.frame(None, w.account),
        w,
        name: record.name,
        token: who.token.to_string(),
        scopes: scopes.join(", "),
        ledgers: (!record.ledgers.is_empty()).then(|| record.ledgers.join(", ")),
        recovery: record.recovery.len(),
        all_recovery: RECOVERY_CODES,
        can_add: visitor
            .doorway()
            .is_some_and(|doorway| doorway.site().is_some()),
        passkeys: record.passkeys.into_iter().map(passkey).collect(),
        sessions: users
            .sessions_of(who, now_ms())
            .into_iter()
            .map(session)
            .collect(),
        trouble,
    })
}

/// What a device is asked for a new passkey.
pub(crate) async fn challenge(visitor: Visitor, headers: HeaderMap) -> Response {
    let offered = async {
        let who = desk::check_token(&visitor, shown_token(&headers))?;
        let (site, address) = desk::site(&visitor)?;
        desk::at(&visitor.console, move |users, now_ms| {
            users.offer_passkey(&who, &site, address, now_ms)
        })
        .await
    };
    match offered.await {
        Ok(options) => Json(json!({ "publicKey": options })).into_response(),
        Err(trouble) => trouble.answer(visitor.language),
    }
}

/// The passkey that the device made.
pub(crate) async fn add(
    visitor: Visitor,
    headers: HeaderMap,
    Json(new): Json<NewPasskey>,
) -> Response {
    let added = async {
        let who = desk::check_token(&visitor, shown_token(&headers))?;
        let (site, _) = desk::site(&visitor)?;
        let answer = Registration {
            client_data: unbase64url(&new.client_data)?,
            attestation: unbase64url(&new.attestation)?,
        };
        desk::at(&visitor.console, move |users, now_ms| {
            users.add_passkey(&who, &site, &new.label, &answer, now_ms)
        })
        .await
    };
    match added.await {
        Ok(()) => Json(json!({ "next": "/account" })).into_response(),
        Err(trouble) => trouble.answer(visitor.language),
    }
}

/// Removes a passkey.
pub(crate) async fn remove(visitor: Visitor, Form(chosen): Form<Chosen>) -> Response {
    let removed = async {
        let who = desk::check_token(&visitor, &chosen.token)?;
        desk::at(&visitor.console, move |users, _| {
            users.remove_passkey(&who, &chosen.id)
        })
        .await
    };
    after(&visitor, removed.await)
}

/// Ends one of one's sessions.
pub(crate) async fn end(visitor: Visitor, Form(chosen): Form<Chosen>) -> Response {
    let ended = async {
        let who = desk::check_token(&visitor, &chosen.token)?;
        desk::at(&visitor.console, move |users, _| {
            users.end_session(&who, &chosen.id);
            Ok(())
        })
        .await
    };
    after(&visitor, ended.await)
}

fn after(visitor: &Visitor, done: Result<(), Trouble>) -> Response {
    match done {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(trouble) => {
            let text = trouble.told(visitor.language);
            page(visitor, trouble.status(), Some(text))
        }
    }
}

fn shown_token(headers: &HeaderMap) -> &str {
    let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
    token.unwrap_or_default()
}

/// The routes of this page, with their bound on bodies.
pub(crate) fn routes() -> axum::Router<Console> {
    use axum::routing::{get, post};
    axum::Router::new()
        .route("/account", get(show))
        .route("/account/passkeys/challenge", post(challenge))
        .route("/account/passkeys", post(add))
        .route("/account/passkeys/remove", post(remove))
        .route("/account/sessions/end", post(end))
        .layer(axum::extract::DefaultBodyLimit::max(desk::LONGEST_BODY))
}
