//! What the pages for signing in share: the desk off the server's threads, and what to say when it refuses.

use crate::{Console, fault::Fault, language::Language, pages::Never, visitor::Visitor};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use blockworm_service::users::{PasskeyError, Refused, SignedIn, Site, Users, now_ms};
use serde_json::json;
use std::{net::IpAddr, sync::Arc, time::Duration};

/// Passwords that are hashed at once: each takes 64 MiB.
pub(crate) const HASHING: usize = 2;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Most bytes of a form or an answer of a device.
pub(crate) const LONGEST_BODY: usize = 64 << 10;

/// Why nothing came of it.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The desk refused.
    Refused(Refused),
    /// Too many others want the same.
    Busy,
    /// The request came from no page of this console.
    Foreign,
    /// The form is not of this session.
    OldForm,
    /// Passkeys need a host name.
    NoName,
    /// Nobody signs in here.
    NotHere,
}

impl From<PasskeyError> for Trouble {
    fn from(error: PasskeyError) -> Self {
        Self::Refused(error.into())
    }
}

impl Trouble {
    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Refused(Refused::Wrong) => StatusCode::UNAUTHORIZED,
            Self::Refused(Refused::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(Refused::Unavailable(_)) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotHere => StatusCode::NOT_FOUND,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// The stable code.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Refused(Refused::Wrong) => "sign_in.wrong",
            Self::Refused(Refused::Wait { .. }) => "sign_in.locked",
            Self::Refused(Refused::Passkey(error)) => error.code(),
            Self::Refused(Refused::SignInAgain) => "sign_in.too_long_ago",
            Self::Refused(Refused::Unavailable(_)) => "users.unavailable",
            Self::Busy => "sign_in.busy",
            Self::Foreign => "console.foreign_form",
            Self::OldForm => "console.old_form",
            Self::NoName => "passkey.no_name",
            Self::NotHere => "console.unknown_page",
        }
    }

    /// What is wrong, and what to do next.
    pub(crate) fn told(&self, language: Language) -> String {
        let (english, chinese): (String, String) = match self {
            Self::Refused(Refused::Wrong) => (
                "Name, password or code is wrong. A code counts once: wait for the next one.".into(),
                "用户名、密码或验证码错误。每个验证码只能使用一次：请等待下一个。".into(),
            ),
            Self::Refused(Refused::Wait { seconds }) => {
                let minutes = seconds.div_ceil(60);
                (
                    format!("Too many attempts failed. Try again in {minutes} min, or use a passkey."),
                    format!("失败次数过多。请在 {minutes} 分钟后重试，或使用通行密钥。"),
                )
            }
            Self::Refused(Refused::Passkey(PasskeyError::Unknown)) => (
                "This passkey is not known here. Sign in by password and add it under Account.".into(),
                "本系统不认识该通行密钥。请用密码登录，再在“账户”中添加。".into(),
            ),
            Self::Refused(Refused::Passkey(error)) => (
                format!("The passkey was refused: {error}. Try again, or sign in by password."),
                format!("通行密钥被拒绝（{}）。请重试，或用密码登录。", error.code()),
            ),
            Self::Refused(Refused::SignInAgain) => (
                "You signed in too long ago for this: sign out, sign in and try again.".into(),
                "登录时间过久，不能进行此操作：请退出后重新登录再试。".into(),
            ),
            Self::Refused(Refused::Unavailable(_)) => (
                "The file of users cannot be used now; the node's operator finds the reason in its log.".into(),
                "用户文件暂不可用；请节点运维人员查看日志。".into(),
            ),
            Self::Busy => (
                "Too many people sign in at this moment. Try again.".into(),
                "当前登录人数过多，请重试。".into(),
            ),
            Self::Foreign => (
                "The request did not come from a page of this console. Open the console and try again.".into(),
                "请求并非来自本控制台的页面。请打开控制台重试。".into(),
            ),
            Self::OldForm => (
                "The form belongs to another session. Reload the page and try again.".into(),
                "该表单属于另一会话。请刷新页面后重试。".into(),
            ),
            Self::NoName => (
                "Passkeys need the console's host name: open it by its name instead of its address.".into(),
                "通行密钥需要主机名：请用主机名而非地址打开控制台。".into(),
            ),
            Self::NotHere => (
                "Nobody signs in at this address.".into(),
                "该地址不提供登录。".into(),
            ),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// For a page's script.
    pub(crate) fn answer(&self, language: Language) -> Response {
        let body = json!({
            "type": format!("urn:blockworm:problem:{}", self.code()),
            "status": self.status().as_u16(),
            "code": self.code(),
            "detail": self.told(language),
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status(), kind, body.to_string()).into_response()
    }

    /// For a person, where no page of its own says it.
    pub(crate) fn page(&self, visitor: &Visitor) -> Response {
        let fault = match self {
            Self::NotHere => Fault::UnknownPage,
            _ => Fault::OldForm,
        };
        visitor.reply(Err::<Never, _>(fault))
    }
}

/// Does something at the desk when it is its turn, away from the threads that answer requests.
pub(crate) async fn at<T: Send + 'static>(
    console: &Console,
    work: impl FnOnce(&Users, u64) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Trouble> {
    let users = console.users.clone().ok_or(Trouble::NotHere)?;
    let turn = tokio::time::timeout(TURN, console.hashing.clone().acquire_owned()).await;
    let turn = turn
        .map_err(|_| Trouble::Busy)?
        .map_err(|_| Trouble::Busy)?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&users, now_ms());
        drop(turn);
        done
    });
    done.await
        .map_err(|_| Trouble::Busy)?
        .map_err(Trouble::Refused)
}

/// A browser names the page that a form comes from; its name was checked at the door.
pub(crate) fn check_origin(headers: &HeaderMap) -> Result<(), Trouble> {
    if headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    Err(Trouble::Foreign)
}

/// Who sent a form that was made for their session.
pub(crate) fn check_token(visitor: &Visitor, token: &str) -> Result<Arc<SignedIn>, Trouble> {
    let who = visitor.user().ok_or(Trouble::NotHere)?;
    if who.is_token(token) {
        return Ok(who);
    }
    Err(Trouble::OldForm)
}

/// Where a passkey counts, and where the request comes from.
pub(crate) fn site(visitor: &Visitor) -> Result<(Site, IpAddr), Trouble> {
    let doorway = visitor.doorway().ok_or(Trouble::NotHere)?;
    let site = doorway.site().ok_or(Trouble::NoName)?;
    Ok((site, doorway.address))
}

/// Bytes that a script wrote down.
pub(crate) fn unbase64url(text: &str) -> Result<Vec<u8>, Trouble> {
    let read = BASE64_URL_SAFE_NO_PAD.decode(text);
    read.map_err(|_| PasskeyError::Malformed("base64url").into())
}
