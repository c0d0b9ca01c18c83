//! Who asks: language, appearance and parameters of a request, and how pages are sent back.

use crate::{
    Console,
    fault::{self, Fault},
    frame::Frame,
    language::Language,
};
use askama::Template;
use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use blockworm_ledger::LedgerId;
use blockworm_node::LedgerHandle;
use blockworm_service::users::{Doorway, SignedIn, Visit};
use std::{convert::Infallible, sync::Arc};

/// Own scripts and styles from this server alone; nothing inline, nothing from elsewhere, no frames.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const LANGUAGE_COOKIE: &str = "blockworm_language";
const THEME_COOKIE: &str = "blockworm_theme";

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Auto,
    Light,
    Dark,
}

impl Theme {
    fn of_tag(tag: &str) -> Option<Self> {
        match tag {
            "auto" => Some(Self::Auto),
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }

    /// Its name in links, cookies and the style sheet.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What a request says about who asks and what for.
pub(crate) struct Visitor {
    pub(crate) console: Console,
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    /// Choices made by this very request, to be remembered.
    cookies: Vec<String>,
    parts: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// What the server's guard found out; without it nothing is shown.
    visit: Option<Visit>,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Infallible> {
        // What cannot be read is not there: the page then says what it misses.
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, console).await;
        let path = RawPathParams::from_request_parts(parts, console).await;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut visitor = Self::new(
            console.clone(),
            &parts.headers,
            query.map(|Query(query)| query).unwrap_or_default(),
        );
        visitor.visit = parts.extensions.get::<Visit>().cloned();
        visitor.parts = path.map_or_else(|_| Vec::new(), |path| path.iter().map(owned).collect());
        Ok(visitor)
    }
}

impl Visitor {
    fn new(console: Console, headers: &HeaderMap, query: Vec<(String, String)>) -> Self {
        let asked = |name: &str| {
            let found = query.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let chosen = asked("lang").and_then(Language::of_tag);
        let kept = cookie(headers, LANGUAGE_COOKIE).and_then(Language::of_tag);
        let language = chosen
            .or(kept)
            .unwrap_or_else(|| Language::choose(None, accepted));
        let chosen_theme = asked("theme").and_then(Theme::of_tag);
        let kept_theme = cookie(headers, THEME_COOKIE).and_then(Theme::of_tag);
        let theme = chosen_theme.or(kept_theme).unwrap_or(Theme::Auto);
        let language_cookie = chosen.map(|language| remember(LANGUAGE_COOKIE, language.tag()));
        let theme_cookie = chosen_theme.map(|theme| remember(THEME_COOKIE, theme.tag()));
        Self {
            console,
            language,
            theme,
            cookies: language_cookie.into_iter().chain(theme_cookie).collect(),
            parts: Vec::new(),
            query,
            visit: None,
        }
    }

    /// A part of the path; empty when it cannot be read.
    pub(crate) fn part(&self, name: &str) -> &str {
        let found = self.parts.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter of the query that must be a number if it is there.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, Fault> {
        let parse = |text: &str| {
            text.parse().map_err(|_| Fault::BadParameter {
                name,
                value: text.to_owned(),
            })
        };
        self.asked(name).map(parse).transpose()
    }

    /// The ledger in the path.
    pub(crate) fn ledger(&self) -> Result<LedgerHandle, Fault> {
        let text = self.part("ledger");
        let id = text.parse().ok().filter(|id| self.sees(id));
        let found = id.and_then(|id| self.console.node.ledger(&id));
        found.ok_or_else(|| Fault::UnknownLedger(text.to_owned()))
    }

    /// The ledgers that may be shown.
    pub(crate) fn ledgers(&self) -> Vec<LedgerHandle> {
        let mut ledgers = self.console.node.ledgers();
        ledgers.retain(|ledger| self.sees(&ledger.id()));
        ledgers
    }

    fn sees(&self, id: &LedgerId) -> bool {
        let visit = self.visit.as_ref();
        visit.is_some_and(|visit| visit.ledgers.contains(id))
    }

    /// Who signed in.
    pub(crate) fn user(&self) -> Option<Arc<SignedIn>> {
        self.visit.as_ref().and_then(|visit| visit.user.clone())
    }

    /// The door by which the request came, where people sign in there.
    pub(crate) fn doorway(&self) -> Option<&Doorway> {
        let doorway = self.visit.as_ref().map(|visit| &visit.doorway);
        doorway.filter(|doorway| doorway.users && self.console.users.is_some())
    }

    /// What surrounds a page.
    pub(crate) fn frame(&self, ledger: Option<&LedgerHandle>, title: impl Into<String>) -> Frame {
        Frame::new(self, ledger, title.into())
    }

    /// A page, or the page that says why there is none.
    pub(crate) fn reply<T: Template>(&self, page: Result<T, Fault>) -> Response {
        self.reply_as(StatusCode::OK, page)
    }

    /// A page with this status, or the page that says why there is none.
    pub(crate) fn reply_as<T: Template>(
        &self,
        status: StatusCode,
        page: Result<T, Fault>,
    ) -> Response {
        let rendered = page.and_then(|page| render(&page));
        let (status, text) = match rendered {
            Ok(text) => (status, text),
            Err(fault) => (fault.status(), fault::page(self, &fault)),
        };
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        let fixed = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CONTENT_LANGUAGE, self.language.tag()),
            (header::VARY, "accept-language, cookie"),
            // With no referrer at all, browsers would send forms without their origin.
            (header::REFERRER_POLICY, "same-origin"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let cookies = self.cookies.iter();
        for value in cookies.filter_map(|text| HeaderValue::from_str(text).ok()) {
            headers.append(header::SET_COOKIE, value);
        }
        response
    }
}

/// A template's text.
pub(crate) fn render<T: Template>(page: &T) -> Result<String, Fault> {
    page.render()
        .map_err(|error| Fault::Internal(error.to_string()))
}

/// A cookie of the request.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// A choice that the browser keeps for a year; both parts are constants of this program.
fn remember(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly")
}
