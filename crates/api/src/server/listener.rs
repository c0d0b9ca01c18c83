//! Where to listen, who may come in there, and which names requests may call the place by.

use super::ServerError;
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// One address to serve at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerConfig {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// Who may come in.
    pub access: Access,
}

/// Who may come in at a listener. The default asks nobody, which only loopback allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Whether an API key lets in.
    pub keys: bool,
    /// Whether a member's certificate lets in.
    pub certificates: bool,
    /// Whether people who signed in at the console may come in.
    pub users: bool,
    /// Host names that requests may use, beside the address itself.
    pub names: Vec<String>,
    /// With TLS; a must beyond loopback.
    pub tls: Option<TlsFiles>,
}

/// PEM files of a listener with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to its root.
    pub certificate_file: PathBuf,
    /// The server's key, unencrypted; only its owner may read it.
    pub key_file: PathBuf,
    /// The root certificates of the organisations whose members may come in.
    pub client_ca_file: Option<PathBuf>,
}

impl ListenerConfig {
    /// An open listener, as loopback allows.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        let access = Access::default();
        Self { address, access }
    }

    /// Refuses what would let in strangers, or nobody.
    pub(super) fn check(
        &self,
        keys_file: Option<&Path>,
        users_file: Option<&Path>,
    ) -> Result<(), ServerError> {
        let (address, access) = (self.address, &self.access);
        if !address.ip().to_canonical().is_loopback() {
            if access.is_open() {
                return Err(ServerError::OpenBeyondLoopback { address });
            }
            if access.tls.is_none() {
                return Err(ServerError::PlainBeyondLoopback { address });
            }
        }
        let authorities = access
            .tls
            .as_ref()
            .and_then(|tls| tls.client_ca_file.as_ref());
        if access.certificates && authorities.is_none() {
            return Err(ServerError::NoClientAuthorities { address });
        }
        let users = users_file.unwrap_or(Path::new("console-users.json"));
        let any_user = access.users && users.exists();
        if access.users && !any_user && !access.keys && !access.certificates {
            let path = users.to_owned();
            return Err(ServerError::NoUsers { address, path });
        }
        if access.keys && !access.certificates && !any_user {
            let path = keys_file.unwrap_or(Path::new("api-keys.json"));
            if !path.exists() {
                let path = path.to_owned();
                return Err(ServerError::NoKeys { address, path });
            }
        }
        Ok(())
    }
}

impl Access {
    /// Whether nobody is asked who they are.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.keys && !self.certificates && !self.users
    }
}

/// A listener as requests meet it.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) keys: bool,
    pub(crate) certificates: bool,
    pub(crate) users: bool,
    names: Vec<String>,
    pub(crate) secure: bool,
}

impl Door {
    pub(super) fn new(address: SocketAddr, access: &Access) -> Self {
        Self {
            address,
            keys: access.keys,
            certificates: access.certificates,
            users: access.users,
            names: access.names.clone(),
            secure: access.tls.is_some(),
        }
    }

    /// Whether it asks nobody who they are.
    pub(crate) const fn is_open(&self) -> bool {
        !self.keys && !self.certificates && !self.users
    }

    /// Whether `authority` (`host` or `host:port`) calls this listener by a name of its own. A
    /// page that rebinds its name to this address cannot use an address as its name, so addresses
    /// pass; names must be listed.
    pub(crate) fn is_called(&self, authority: &str) -> bool {
        let standard = if self.secure { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().ok()),
            _ => (authority, Some(standard)),
        };
        // Behind a proxy a listed name comes with the proxy's port.
        if port.is_some()
            && self
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
        {
            return true;
        }
        port == Some(self.address.port()) && self.is_own_host(host)
    }

    fn is_own_host(&self, host: &str) -> bool {
        let own = self.address.ip();
        if own.is_loopback() || own.is_unspecified() {
            let loopback =
                host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]";
            if loopback || own.is_loopback() {
                return loopback;
            }
        }
        let literal = match host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(inner) => inner.parse().map(IpAddr::V6),
            None => host.parse().map(IpAddr::V4),
        };
        literal.is_ok_and(|address| own.is_unspecified() || address == own)
    }

    /// Whether `origin` is a page of this listener itself.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        let authority = match (origin.strip_prefix("https://"), self.secure) {
            (Some(authority), _) => Some(authority),
            (None, false) => origin.strip_prefix("http://"),
            (None, true) => None,
        };
        authority.is_some_and(|authority| self.is_called(authority))
    }

    /// How to call it, for whom it refused.
    pub(crate) fn names_text(&self) -> String {
        let port = self.address.port();
        let mut text = if self.address.ip().is_loopback() {
            format!("localhost:{port} or 127.0.0.1:{port} or [::1]:{port}")
        } else if self.address.ip().is_unspecified() {
            format!("an address of this machine with port {port}")
        } else {
            self.address.to_string()
        };
        for name in &self.names {
            text.push_str(" or ");
            text.push_str(name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn door(address: &str, names: &[&str], secure: bool) -> Door {
        Door {
            address: address.parse().unwrap(),
            keys: true,
            certificates: false,
            users: false,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            secure,
        }
    }

    #[test]
    fn on_loopback_only_loopback_names_with_the_port_pass() {
        let door = door("127.0.0.1:8080", &[], false);
        for good in [
            "localhost:8080",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
        ] {
            assert!(door.is_called(good), "{good}");
        }
        let bad = [
            "",
            "localhost",
            "localhost:80",
            "localhost:",
            "localhost:+8080x",
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "localhost.evil.example:8080",
            "[::1]",
            "[::2]:8080",
            "127.0.0.2:8080",
            "user@localhost:8080",
            "localhost:8080:8080",
        ];
        for bad in bad {
            assert!(!door.is_called(bad), "{bad}");
        }
        let standard = Door {
            address: "127.0.0.1:80".parse().unwrap(),
            ..door
        };
        assert!(standard.is_called("localhost"));
    }

    #[test]
    fn elsewhere_its_address_and_its_listed_names_pass() {
        let one = door("192.0.2.7:7443", &["bank.example"], true);
        for good in [
            "192.0.2.7:7443",
            "bank.example",
            "Bank.Example:7443",
            "bank.example:443",
        ] {
            assert!(one.is_called(good), "{good}");
        }
        for bad in [
            "192.0.2.8:7443",
            "192.0.2.7",
            "localhost:7443",
            "evil.example:7443",
            "bank.example:x",
        ] {
            assert!(!one.is_called(bad), "{bad}");
        }
        let all = door("[::]:7443", &[], true);
        for good in ["192.0.2.8:7443", "[2001:db8::1]:7443", "localhost:7443"] {
            assert!(all.is_called(good), "{good}");
        }
        assert!(!all.is_called("evil.example:7443"));
        assert!(one.is_origin("https://bank.example"));
        for bad in ["http://bank.example", "https://evil.example", "null"] {
            assert!(!one.is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn a_listener_that_lets_in_strangers_or_nobody_is_refused() {
        let files = |client_ca_file: Option<&str>| TlsFiles {
            certificate_file: "c.pem".into(),
            key_file: "k.pem".into(),
            client_ca_file: client_ca_file.map(Into::into),
        };
        let check = |address: &str, keys, certificates, tls| {
            let names = Vec::new();
            let access = Access {
                keys,
                certificates,
                users: false,
                names,
                tls,
            };
            let address = address.parse().unwrap();
            ListenerConfig { address, access }.check(Some(Path::new("/nowhere/keys.json")), None)
        };
        use ServerError as E;
        assert!(check("127.0.0.1:1", false, false, None).is_ok());
        assert!(check("[::ffff:127.0.0.1]:1", false, false, None).is_ok());
        assert!(check("0.0.0.0:1", false, true, Some(files(Some("a.pem")))).is_ok());
        for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:1"] {
            assert!(matches!(
                check(address, false, false, None),
                Err(E::OpenBeyondLoopback { .. })
            ));
            let open = check(address, false, false, Some(files(None)));
            assert!(matches!(open, Err(E::OpenBeyondLoopback { .. })));
            assert!(matches!(
                check(address, true, false, None),
                Err(E::PlainBeyondLoopback { .. })
            ));
        }
        let none = check("0.0.0.0:1", false, true, Some(files(None)));
        assert!(matches!(none, Err(E::NoClientAuthorities { .. })));
        assert!(matches!(
            check("127.0.0.1:1", false, true, None),
            Err(E::NoClientAuthorities { .. })
        ));
        assert!(matches!(
            check("127.0.0.1:1", true, false, None),
            Err(E::NoKeys { .. })
        ));
    }

    #[test]
    fn a_listener_for_people_needs_some() {
        let dir = tempfile::tempdir().unwrap();
        let check = |address: &str, keys, users: &Path| {
            let access = Access {
                keys,
                users: true,
                ..Access::default()
            };
            let address = address.parse().unwrap();
            ListenerConfig { address, access }.check(None, Some(users))
        };
        let nobody = check("127.0.0.1:1", false, Path::new("/nowhere/users.json"));
        assert!(matches!(nobody, Err(ServerError::NoUsers { .. })));
        assert!(check("127.0.0.1:1", false, dir.path()).is_ok());
        assert!(check("127.0.0.1:1", true, dir.path()).is_ok());
        let clear = check("192.0.2.1:1", false, dir.path());
        assert!(matches!(
            clear,
            Err(ServerError::PlainBeyondLoopback { .. })
        ));
    }
}
