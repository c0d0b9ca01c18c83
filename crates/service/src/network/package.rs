//! Everything to run an organisation's node on a host of its own: files for systemd, Compose or Helm,
//! made from the node's real settings. No file holds a secret.

mod compose;
mod helm;
mod systemd;

use super::{
    config::{
        AccessSettings, ConfigError, IdentitySettings, ListenerSettings, NEVER_VOTED,
        NodeConfigFile, Overrides, ProfileName, TimeSettings, TlsSettings, read_genesis,
    },
    elsewhere::is_file_name,
    folder::{ConsortiumFolder, FolderError, write_whole},
};
use crate::file_error::FileError;
use blockworm_ledger::{Genesis, OrganisationId};
use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// For what a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// A unit of systemd.
    Systemd,
    /// A Compose file and a Dockerfile.
    Compose,
    /// A Helm chart.
    Helm,
}

/// Why a package could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A node of profile `local` lives on loopback addresses.
    #[error(
        "the node of {organisation} has profile `local`: all its addresses are loopback, and on a host of its own it would hear nobody"
    )]
    Local {
        /// Whose node.
        organisation: OrganisationId,
    },
    /// Listeners with several keys.
    #[error("the API listeners of {organisation} use several TLS keys; a package hands over one")]
    SeveralTlsKeys {
        /// Whose node.
        organisation: OrganisationId,
    },
    /// A ledger's name that no file can bear.
    #[error("a ledger's file cannot be called {name:?}: use letters, digits, `-`, `_` and `.`")]
    LedgerName {
        /// The name.
        name: String,
    },
    /// The folder to write to is used for other things.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The node's settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A file of a package: its path inside it, its text.
pub type PackageFile = (String, String);

/// What the files are made of.
struct Kit {
    organisation: String,
    /// For people: the organisation's name in the genesis, on one line.
    title: String,
    settings: NodeConfigFile,
    ledgers: Vec<Genesis>,
    /// Where the program is on the host.
    program: String,
    version: &'static str,
    /// Listeners beyond loopback.
    listeners: Vec<ListenerSettings>,
    tls: Option<TlsSettings>,
    never_voted: bool,
    answers_banks: bool,
    cosigns: bool,
}

/// Where the files lie on the target.
struct Places<'a> {
    /// Public files.
    settings: &'a str,
    /// The node's own folder.
    state: &'a str,
    /// Where secrets are handed over.
    secrets: &'a str,
    /// Whether ports are published by a container, whose own addresses nobody knows.
    container: bool,
}

/// Makes a package in memory.
///
/// # Errors
/// [`PackageError`].
pub fn package(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    kind: PackageKind,
    program: &str,
) -> Result<Vec<PackageFile>, PackageError> {
    let kit = Kit::read(folder, organisation, program)?;
    match kind {
        PackageKind::Systemd => systemd::files(&kit),
        PackageKind::Compose => compose::files(&kit),
        PackageKind::Helm => helm::files(&kit),
    }
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> FolderError {
    move |error| FileError::on(action, path)(error).into()
}

/// Writes a package to a folder that is new or empty.
///
/// # Errors
/// [`PackageError::NotEmpty`], or what the system says.
pub fn write(files: &[PackageFile], out: &Path) -> Result<(), PackageError> {
    let used = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(failed("list", out)(source).into()),
    };
    if used {
        return Err(PackageError::NotEmpty {
            path: out.to_owned(),
        });
    }
    for (name, text) in files {
        let path = out.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed("make", parent))?;
        }
        write_whole(&path, text.as_bytes(), 0o644)?;
    }
    Ok(())
}

impl Kit {
    fn read(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        program: &str,
    ) -> Result<Self, PackageError> {
        let path = folder.node_file(organisation);
        let settings = NodeConfigFile::read(&path, Overrides::default())?;
        if settings.profile == ProfileName::Local {
            return Err(PackageError::Local {
                organisation: organisation.clone(),
            });
        }
        let ledgers = settings.genesis_files.iter().map(|path| read_genesis(path));
        let ledgers = ledgers.collect::<Result<Vec<_>, _>>()?;
        if let Some(genesis) = ledgers.iter().find(|one| !is_file_name(&one.name)) {
            return Err(PackageError::LedgerName {
                name: genesis.name.clone(),
            });
        }
        let own = ListenerSettings {
            address: settings.api,
            access: settings.api_access.clone(),
        };
        let all = std::iter::once(&own).chain(&settings.api_listeners);
        let beyond = all.filter(|listener| !listener.address.ip().to_canonical().is_loopback());
        let listeners: Vec<ListenerSettings> = beyond.cloned().collect();
        let mut tls = listeners
            .iter()
            .filter_map(|listener| listener.access.tls.clone());
        let first = tls.next();
        if tls.any(|other| Some(&other) != first.as_ref()) {
            return Err(PackageError::SeveralTlsKeys {
                organisation: organisation.clone(),
            });
        }
        let named = ledgers.iter().flat_map(|genesis| &genesis.organisations);
        let name = named.into_iter().find(|one| one.id == *organisation);
        let name = name.map_or_else(|| organisation.to_string(), |one| one.name.clone());
        Ok(Self {
            title: name.split_whitespace().collect::<Vec<_>>().join(" "),
            organisation: organisation.to_string(),
            ledgers,
            program: program.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            tls: first,
            listeners,
            never_voted: settings.directory.join(NEVER_VOTED).exists(),
            answers_banks: !settings.key_holders.is_empty(),
            cosigns: settings.cosigner_key_file.exists(),
            settings,
        })
    }

    /// The node's settings for other places.
    fn node_toml(&self, places: &Places<'_>) -> Result<PackageFile, PackageError> {
        let at = |name: &str| PathBuf::from(format!("{}/{name}", places.settings));
        let secret = |name: &str| PathBuf::from(format!("{}/{name}", places.secrets));
        let mut settings = self.settings.clone();
        let loopback_port = match settings.api.ip().to_canonical().is_loopback() {
            true => settings.api.port(),
            false => self.free_port(),
        };
        settings.api = SocketAddr::from((Ipv4Addr::LOCALHOST, loopback_port));
        settings.api_access = AccessSettings::default();
        let anywhere = |address: &mut SocketAddr| {
            if places.container {
                address.set_ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            }
        };
        anywhere(&mut settings.listen);
        settings.api_listeners = self.listeners.clone();
        for listener in &mut settings.api_listeners {
            anywhere(&mut listener.address);
            if let Some(tls) = &mut listener.access.tls {
                tls.certificate_file = at("tls.cert.pem");
                tls.key_file = secret("tls.key.pem");
                tls.client_ca_file = tls.client_ca_file.as_ref().map(|_| at("client-ca.pem"));
            }
        }
        let genesis = self.ledgers.iter();
        settings.genesis_files = genesis.map(|one| at(&genesis_name(one))).collect();
        settings.directory = PathBuf::from(places.state);
        settings.api_keys_file = PathBuf::from(format!("{}/api-keys.json", places.state));
        settings.consensus_key_file = secret("consensus.key.pem");
        settings.passphrase_file = secret("passphrase");
        settings.cosigner_key_file = secret("cosigner.key.pem");
        settings.cosigner_certificate_file = at("cosigner.cert.pem");
        settings.console_users_file = PathBuf::from(format!("{}/console-users.json", places.state));
        settings.identity = IdentitySettings::default();
        settings.key_holders = Vec::new();
        settings.time = TimeSettings::default();
        let head = format!(
            "# Settings of the node of {} ({}), made by `blockworm node package`.\n# Paths are those of the target; docs/node.md has every key.\n\n",
            self.title, self.organisation
        );
        Ok(("node.toml".into(), head + &settings.to_toml()?))
    }

    /// A port that the package does not use yet, for the loopback API.
    fn free_port(&self) -> u16 {
        let used: Vec<u16> = self
            .listeners
            .iter()
            .map(|one| one.address.port())
            .collect();
        let free = |port: &u16| !used.contains(port) && *port != self.settings.listen.port();
        (7_001..u16::MAX).find(free).unwrap_or(7_001)
    }

    fn genesis_files(&self) -> Vec<PackageFile> {
        let file = |genesis: &Genesis| (genesis_name(genesis), genesis.to_json());
        self.ledgers.iter().map(file).collect()
    }

    /// The names of the secrets that the node is handed.
    fn secrets(&self) -> Vec<&'static str> {
        let mut secrets = vec!["passphrase", "consensus.key.pem"];
        if self.cosigns {
            secrets.push("cosigner.key.pem");
        }
        if self.tls.is_some() {
            secrets.push("tls.key.pem");
        }
        secrets
    }

    /// The names of the public certificates that belong beside node.toml.
    fn certificates(&self) -> Vec<&'static str> {
        let mut certificates = Vec::new();
        if self.cosigns {
            certificates.push("cosigner.cert.pem");
        }
        if let Some(tls) = &self.tls {
            certificates.push("tls.cert.pem");
            if tls.client_ca_file.is_some() {
                certificates.push("client-ca.pem");
            }
        }
        certificates
    }

    fn ledger_names(&self) -> String {
        let names: Vec<&str> = self.ledgers.iter().map(|one| one.name.as_str()).collect();
        names.join(" and ")
    }

    fn api_port(&self) -> u16 {
        match self.settings.api.ip().to_canonical().is_loopback() {
            true => self.settings.api.port(),
            false => self.free_port(),
        }
    }

    /// What the head of a file says besides how to use it.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.listeners.is_empty() {
            notes.push("The API is served on loopback alone; for other hosts add [[api_listeners]] with TLS to node.toml of the organisation (docs/api.md) and make this package anew.".to_owned());
        }
        if self.settings.identity.renew || self.settings.identity.enrol {
            notes.push("The organisation's authority stays at home, so this node certifies nobody: certificates are renewed there, and the TLS key that was handed over is replaced from there.".to_owned());
        }
        if !self.cosigns {
            notes.push(format!("There is no cosigner's key in the organisation's folder, so this node cosigns no checkpoints: `blockworm certificate issue cosigner --node {}`, then make this package anew.", self.organisation));
        }
        if self.settings.time != TimeSettings::default() {
            notes.push("[time] is not part of a package: add it with the URLs and the root files that the target reaches (docs/time.md).".to_owned());
        }
        if self.answers_banks {
            notes.push("This organisation answers banks with evaluation keys; [[key_holders]] is not part of a package: add it with paths of the target (docs/workflows/fingerprint.md).".to_owned());
        }
        notes
    }

    /// Replaces `@NAME@` in a template.
    fn fill(&self, template: &str, more: &[(&str, String)]) -> String {
        let own = [
            ("ORG", self.organisation.clone()),
            ("TITLE", self.title.clone()),
            ("LEDGERS", self.ledger_names()),
            ("PROGRAM", self.program.clone()),
            ("VERSION", self.version.to_owned()),
            ("P2P", self.settings.listen.port().to_string()),
            ("API", self.api_port().to_string()),
        ];
        let all = own.iter().chain(more);
        all.fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("@{name}@"), value)
        })
    }
}

fn genesis_name(genesis: &Genesis) -> String {
    format!("genesis/{}.json", genesis.name)
}

/// Lines of a comment, each not much longer than a screen is wide.
fn comment(notes: &[String]) -> String {
    let mut text = String::new();
    for note in notes {
        let mut line = String::from("#");
        for word in note.split_whitespace() {
            if line.len() + word.len() > 110 {
                text.push_str(&line);
                text.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
