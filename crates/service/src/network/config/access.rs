//! Who may come in at a node's API: `api_access` and `api_listeners` of `node.toml`.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// The file of API keys unless `api_keys_file` says otherwise.
pub const API_KEYS: &str = "api-keys.json";

/// The file of people who sign in at the console unless `console_users_file` says otherwise.
pub const CONSOLE_USERS: &str = "console-users.json";

pub(super) fn console_users() -> PathBuf {
    PathBuf::from(CONSOLE_USERS)
}

pub(super) fn api_keys() -> PathBuf {
    PathBuf::from(API_KEYS)
}

/// `[api_access]`, and `access` of one `[[api_listeners]]` entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSettings {
    /// What lets in, any one of them; everybody when empty.
    #[serde(default)]
    pub accept: Vec<Accepted>,
    /// Host names that requests may use, beside the address.
    #[serde(default)]
    pub names: Vec<String>,
    /// With TLS; a must beyond loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
}

/// What lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accepted {
    /// An API key (`blockworm api-key create`).
    Key,
    /// The certificate of a member of the ledger that is asked for.
    Certificate,
    /// A person's session at the console (`blockworm console-user add`).
    User,
}

/// PEM files of a listener with TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The server's certificate, then those that lead to its root.
    pub certificate_file: PathBuf,
    /// The server's key, unencrypted; only its owner may read it.
    pub key_file: PathBuf,
    /// The root certificates of the organisations whose members may come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
}

/// One `[[api_listeners]]` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// Where to listen.
    pub address: SocketAddr,
    /// Who may come in.
    #[serde(default)]
    pub access: AccessSettings,
}

impl AccessSettings {
    /// Whether everybody may come in by plain HTTP, under no further name.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.tls.iter_mut().flat_map(|tls| {
            [&mut tls.certificate_file, &mut tls.key_file]
                .into_iter()
                .chain(&mut tls.client_ca_file)
        })
    }
}
