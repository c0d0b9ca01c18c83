//! What a page knows of a request: by which door it came, who asks, and which ledgers they may see.

use super::{SignedIn, Site};
use blockworm_ledger::LedgerId;
use std::{net::IpAddr, sync::Arc};

/// On every request that reaches a page.
#[derive(Clone, Debug)]
pub struct Visit {
    /// By which door.
    pub doorway: Doorway,
    /// Who signed in.
    pub user: Option<Arc<SignedIn>>,
    /// The ledgers that may be shown.
    pub ledgers: Vec<LedgerId>,
}

/// The door by which a request came in, as far as signing in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// Whether people may sign in here.
    pub users: bool,
    /// Whether this process itself speaks TLS here.
    pub secure: bool,
    /// The listener's port.
    pub port: u16,
    /// The request's Host, which was checked.
    pub authority: String,
    /// Where the connection comes from.
    pub address: IpAddr,
}

impl Doorway {
    /// The names under which a browser may hold its session: cookies know no ports, and another node
    /// of this machine must not take this one's away.
    #[must_use]
    pub fn cookie_names(&self) -> [String; 2] {
        let port = self.port;
        [
            format!("__Host-blockworm-{port}"),
            format!("blockworm-{port}"),
        ]
    }

    /// The header that gives a browser its session, or takes it when there is no secret. `origin` is
    /// the request's: behind a proxy it tells that the browser speaks TLS.
    #[must_use]
    pub fn set_cookie(&self, origin: &str, secret: Option<&str>) -> String {
        let safe = self.secure || origin.starts_with("https://");
        let [host, plain] = self.cookie_names();
        let (name, more) = if safe {
            (host, "; Secure")
        } else {
            (plain, "")
        };
        let (value, age) = match secret {
            Some(secret) => (secret, ""),
            None => ("", "; Max-Age=0"),
        };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{more}{age}")
    }

    /// Where passkeys count; none at a bare address, for which browsers make none.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        let authority = self.authority.to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority.as_str(), None),
        };
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() || host.is_empty() {
            return None;
        }
        let origin = |scheme: &str, standard: &str| match port.filter(|port| *port != standard) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        let mut origins = vec![origin("https", "443")];
        if !self.secure {
            origins.push(origin("http", "80"));
        }
        Some(Site {
            name: host.to_owned(),
            origins,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn doorway(authority: &str, secure: bool) -> Doorway {
        Doorway {
            users: true,
            secure,
            port: 7443,
            authority: authority.into(),
            address: IpAddr::from([127, 0, 0, 1]),
        }
    }

    #[test]
    fn passkeys_need_a_name() {
        let site = |authority: &str, secure| doorway(authority, secure).site();
        for bare in ["127.0.0.1:7443", "[::1]:7443", "192.0.2.1", "[::1]", ""] {
            assert_eq!(site(bare, true), None, "{bare}");
        }
        let named = site("Bank.example:7443", true).unwrap();
        assert_eq!(named.name, "bank.example");
        assert_eq!(named.origins, ["https://bank.example:7443"]);
        assert_eq!(
            site("bank.example:443", true).unwrap().origins,
            ["https://bank.example"]
        );
        let local = site("localhost:7443", false).unwrap();
        assert_eq!(
            local.origins,
            ["https://localhost:7443", "http://localhost:7443"]
        );
        assert_eq!(
            site("localhost:80", false).unwrap().origins[1],
            "http://localhost"
        );
    }

    #[test]
    fn a_session_is_held_as_safely_as_the_connection_allows() {
        let tls =
            doorway("bank.example:7443", true).set_cookie("https://bank.example:7443", Some("s"));
        assert_eq!(
            tls,
            "__Host-blockworm-7443=s; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        let plain = doorway("localhost:7443", false);
        let local = plain.set_cookie("http://localhost:7443", Some("s"));
        assert_eq!(local, "blockworm-7443=s; Path=/; HttpOnly; SameSite=Strict");
        let proxied = plain.set_cookie("https://bank.example", None);
        assert_eq!(
            proxied,
            "__Host-blockworm-7443=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"
        );
    }
}
