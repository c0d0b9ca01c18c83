//! `node.toml`: what a node process is told, with flags over environment over file.

mod access;
mod cosigning;
mod evaluation;
mod identity;
mod time;

pub use access::{
    API_KEYS, Accepted, AccessSettings, CONSOLE_USERS, ListenerSettings, TlsSettings,
};

pub use evaluation::{KeyHolderSettings, answering_node};
pub use identity::IdentitySettings;
pub use time::{TimeSettings, TimeSourceSettings};

use super::folder::{GENESIS, LedgerRecord, NodeRecord};
use crate::{
    identity::{CONSENSUS, IdentityError, Passphrase},
    time::TimeError,
};
use blockworm_crypto::{PublicKey, keyfile};
use blockworm_ledger::{Genesis, LedgerId, OrganisationId};
use blockworm_node::{Limits, NodeConfig, Peer, Profile};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// The file of a node's settings. Relative paths count from the file's own folder, and a key that
/// is not listed here is refused, so that a misspelt limit is noticed at the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfigFile {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Which rules of caution apply.
    pub profile: ProfileName,
    /// Where to listen for other nodes.
    pub listen: SocketAddr,
    /// Where to serve people and programs.
    pub api: SocketAddr,
    /// Who may come in at `api`; everybody unless given, which only loopback allows.
    #[serde(default, skip_serializing_if = "AccessSettings::is_open")]
    pub api_access: AccessSettings,
    /// Further places to serve people and programs, each with its own access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_listeners: Vec<ListenerSettings>,
    /// The digests of API keys; only its owner may read it.
    #[serde(default = "access::api_keys")]
    pub api_keys_file: PathBuf,
    /// The file of people who sign in at the console (`blockworm console-user add`).
    #[serde(default = "access::console_users")]
    pub console_users_file: PathBuf,
    /// The consensus key, encrypted PKCS#8.
    pub consensus_key_file: PathBuf,
    /// The passphrase of `consensus_key_file`; only its owner may read it.
    pub passphrase_file: PathBuf,
    /// The key with which the node cosigns checkpoints, encrypted PKCS#8 with the same passphrase.
    /// A node that cannot use it cosigns nothing, and its log says so.
    #[serde(default = "cosigning::key_file")]
    pub cosigner_key_file: PathBuf,
    /// The chain of its certificate, PEM.
    #[serde(default = "cosigning::certificate_file")]
    pub cosigner_certificate_file: PathBuf,
    /// The ledgers to keep, one genesis file each.
    pub genesis_files: Vec<PathBuf>,
    /// Where `ledgers/` is.
    #[serde(default = "here")]
    pub directory: PathBuf,
    /// The other organisations' nodes.
    #[serde(default)]
    pub peers: Vec<PeerSettings>,
    /// Whose evaluation keys this node answers with, for which registry; none unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_holders: Vec<KeyHolderSettings>,
    /// What the node does for its organisation's certificates.
    #[serde(default, skip_serializing_if = "IdentitySettings::is_default")]
    pub identity: IdentitySettings,
    /// Whose time it stamps checkpoints with.
    #[serde(default, skip_serializing_if = "TimeSettings::is_default")]
    pub time: TimeSettings,
    /// Bounds on memory and threads; what is left out has its default.
    #[serde(default)]
    pub limits: LimitSettings,
}

fn here() -> PathBuf {
    PathBuf::from(".")
}

/// `profile` in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    /// A consortium on one machine: every address is a loopback address.
    Local,
    /// A consortium over a network.
    Network,
}

/// One `[[peers]]` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSettings {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Its consensus key.
    pub key: PublicKey,
    /// Where it listens.
    pub address: SocketAddr,
}

/// `[limits]`: each is one of [`Limits`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Most transactions of one organisation that wait in the mempool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mempool_transactions_per_organisation: Option<usize>,
    /// Most bytes of one organisation's transactions that wait in the mempool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mempool_bytes_per_organisation: Option<usize>,
    /// Threads of the asynchronous runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_threads: Option<usize>,
    /// Threads that check signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_threads: Option<usize>,
    /// Messages per second and channel that a peer may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_messages_per_s: Option<u32>,
    /// Most nodes, of all ledgers together, that this node speaks with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<usize>,
}

/// A file of this name in a node's folder says that its key has never voted: its first start may
/// vote at once, and removes it.
pub const NEVER_VOTED: &str = "never-voted";

/// The same for one ledger, which the node was told to keep since it last ran.
#[must_use]
pub fn never_voted_on(ledger: &LedgerId) -> String {
    format!("{NEVER_VOTED}-{ledger}")
}

/// What flags or the environment say instead of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of `listen`.
    pub listen: Option<SocketAddr>,
    /// Instead of `api`.
    pub api: Option<SocketAddr>,
    /// Instead of `passphrase_file`, from the working directory.
    pub passphrase_file: Option<PathBuf>,
    /// Instead of `consensus_key_file`, from the working directory.
    pub consensus_key_file: Option<PathBuf>,
}

/// Why a configuration does not count.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file breaks its rules: syntax, a missing key, an unknown key, a wrong type.
    #[error("{} is not a node's configuration: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what, as the parser says it.
        reason: String,
    },
    /// A genesis file breaks its rules.
    #[error("{} is not a genesis: {reason}", path.display())]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `genesis_files` is empty.
    #[error("{} names no genesis file", path.display())]
    NoLedger {
        /// The configuration.
        path: PathBuf,
    },
    /// A local node must not be reached from elsewhere.
    #[error("profile `local` refuses the {what} address {address}: it is not loopback")]
    NotLoopback {
        /// Which address.
        what: &'static str,
        /// The refused one.
        address: SocketAddr,
    },
    /// An organisation's keys are its own.
    #[error("the node of {node} must not use the keys of {holder}: only profile `local` may")]
    ForeignKeys {
        /// Whose node.
        node: OrganisationId,
        /// Whose keys.
        holder: OrganisationId,
    },
    /// The key or its passphrase cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// `[time]` breaks a rule.
    #[error(transparent)]
    Time(#[from] TimeError),
}

impl NodeConfigFile {
    /// Reads the file, resolves its paths and puts `overrides` over it.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::Malformed`] or [`ConfigError::NotLoopback`].
    pub fn read(path: &Path, overrides: Overrides) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut file: Self = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        let home = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        for relative in [
            &mut file.consensus_key_file,
            &mut file.passphrase_file,
            &mut file.directory,
            &mut file.api_keys_file,
            &mut file.console_users_file,
            &mut file.cosigner_key_file,
            &mut file.cosigner_certificate_file,
        ]
        .into_iter()
        .chain(&mut file.genesis_files)
        .chain(file.api_access.files())
        .chain(
            file.api_listeners
                .iter_mut()
                .flat_map(|listener| listener.access.files()),
        )
        .chain(
            file.key_holders
                .iter_mut()
                .flat_map(|holder| holder.files()),
        )
        .chain(file.time.files())
        {
            *relative = home.join(&*relative);
        }
        if let Some(listen) = overrides.listen {
            file.listen = listen;
        }
        if let Some(api) = overrides.api {
            file.api = api;
        }
        if let Some(passphrase_file) = overrides.passphrase_file {
            file.passphrase_file = passphrase_file;
        }
        if let Some(consensus_key_file) = overrides.consensus_key_file {
            file.consensus_key_file = consensus_key_file;
        }
        if file.genesis_files.is_empty() {
            return Err(ConfigError::NoLedger {
                path: path.to_owned(),
            });
        }
        file.check_addresses()?;
        file.check_key_holders()?;
        file.check_time()?;
        Ok(file)
    }

    fn check_key_holders(&self) -> Result<(), ConfigError> {
        let holders = self.key_holders.iter().map(|holder| &holder.organisation);
        let mut all = holders.chain(&self.identity.organisations);
        let foreign = all.find(|organisation| **organisation != self.organisation);
        match foreign {
            Some(holder) if self.profile != ProfileName::Local => Err(ConfigError::ForeignKeys {
                node: self.organisation.clone(),
                holder: holder.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        if self.profile != ProfileName::Local {
            return Ok(());
        }
        let own = [("listen", self.listen), ("api", self.api)];
        let peers = self.peers.iter().map(|peer| ("peer's", peer.address));
        let listeners = self.api_listeners.iter();
        let listeners = listeners.map(|listener| ("api listener's", listener.address));
        for (what, address) in own.into_iter().chain(listeners).chain(peers) {
            if !is_loopback(address.ip()) {
                return Err(ConfigError::NotLoopback { what, address });
            }
        }
        Ok(())
    }

    /// The configuration of a local consortium's node, which lies in its organisation's folder.
    pub(crate) fn local(
        node: &NodeRecord,
        ledgers: &[LedgerRecord],
        peers: Vec<PeerSettings>,
    ) -> Self {
        let genesis_files = ledgers
            .iter()
            .map(|ledger| PathBuf::from(format!("../{GENESIS}/{}.json", ledger.name)));
        Self {
            organisation: node.organisation.clone(),
            profile: ProfileName::Local,
            listen: node.listen,
            api: node.api,
            api_access: AccessSettings::default(),
            api_listeners: Vec::new(),
            api_keys_file: PathBuf::from(API_KEYS),
            console_users_file: PathBuf::from(CONSOLE_USERS),
            consensus_key_file: PathBuf::from("keys").join(format!("{CONSENSUS}.key.pem")),
            passphrase_file: PathBuf::from("keys/passphrase"),
            cosigner_key_file: cosigning::key_file(),
            cosigner_certificate_file: cosigning::certificate_file(),
            genesis_files: genesis_files.collect(),
            directory: PathBuf::from("."),
            peers,
            key_holders: Vec::new(),
            identity: IdentitySettings {
                renew: true,
                enrol: true,
                organisations: Vec::new(),
            },
            time: TimeSettings::default(),
            limits: LimitSettings::default(),
        }
    }

    /// Notes that the node has begun to vote, so that one restored without its votes does not pass
    /// for a new one.
    ///
    /// # Errors
    /// When the file that says otherwise cannot be removed.
    pub fn note_first_start(&self) -> io::Result<()> {
        let ledgers = self.genesis_files.iter().map(|path| read_genesis(path));
        let ledgers = ledgers.flatten().map(|genesis| genesis.ledger_id());
        for mark in
            std::iter::once(NEVER_VOTED.to_owned()).chain(ledgers.map(|id| never_voted_on(&id)))
        {
            match fs::remove_file(self.directory.join(mark)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the key and the genesis files that this configuration names.
    ///
    /// # Errors
    /// [`ConfigError::Identity`] for the key, [`ConfigError::Genesis`] for a genesis.
    pub fn load(&self) -> Result<NodeConfig, ConfigError> {
        let passphrase = Passphrase::read(&self.passphrase_file)?;
        let consensus_key =
            keyfile::read_encrypted(&self.consensus_key_file, passphrase.as_bytes()).map_err(
                |source| IdentityError::KeyFile {
                    path: self.consensus_key_file.clone(),
                    source,
                },
            )?;
        let ledgers = self
            .genesis_files
            .iter()
            .map(|path| read_genesis(path))
            .collect::<Result<Vec<Genesis>, _>>()?;
        let marked = |ledger: &LedgerId| self.directory.join(never_voted_on(ledger)).exists();
        Ok(NodeConfig {
            never_voted_on: ledgers
                .iter()
                .map(Genesis::ledger_id)
                .filter(marked)
                .collect(),
            organisation: self.organisation.clone(),
            directory: self.directory.clone(),
            consensus_key,
            cosigner: self.cosigner(&passphrase),
            listen: self.listen,
            peers: self
                .peers
                .iter()
                .map(|peer| Peer {
                    key: peer.key,
                    address: peer.address,
                })
                .collect(),
            ledgers,
            never_voted: self.directory.join(NEVER_VOTED).exists(),
            profile: match self.profile {
                ProfileName::Local => Profile::Local,
                ProfileName::Network => Profile::Network,
            },
            limits: self.limits.over_defaults(),
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`] never in practice: every field has a TOML form.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Malformed {
            path: PathBuf::from("node.toml"),
            reason: error.to_string(),
        })
    }
}

/// Reads a genesis file and checks its rules.
///
/// # Errors
/// [`ConfigError::Unreadable`] or [`ConfigError::Genesis`].
pub fn read_genesis(path: &Path) -> Result<Genesis, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let refuse = |reason: String| ConfigError::Genesis {
        path: path.to_owned(),
        reason,
    };
    let genesis = Genesis::from_json(&text).map_err(|error| refuse(error.to_string()))?;
    genesis.check().map_err(|error| refuse(error.to_string()))?;
    Ok(genesis)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

impl LimitSettings {
    fn over_defaults(&self) -> Limits {
        let mut limits = Limits::default();
        let put = |to: &mut usize, from: Option<usize>| *to = from.unwrap_or(*to);
        put(
            &mut limits.mempool_transactions_per_organisation,
            self.mempool_transactions_per_organisation,
        );
        put(
            &mut limits.mempool_bytes_per_organisation,
            self.mempool_bytes_per_organisation,
        );
        put(&mut limits.worker_threads, self.worker_threads);
        put(&mut limits.signature_threads, self.signature_threads);
        put(&mut limits.nodes, self.nodes);
        limits.peer_messages_per_s = self
            .peer_messages_per_s
            .unwrap_or(limits.peer_messages_per_s);
        limits
    }
}

#[cfg(test)]
mod tests;
