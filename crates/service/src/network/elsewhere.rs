//! The join file: what a node on another host needs to keep ledgers with the others. It holds no secret.

mod install;

pub use install::{Installed, InstalledLedger, install, usual_addresses};

use super::{
    config::{ConfigError, NodeConfigFile, Overrides, PeerSettings, read_genesis},
    folder::{
        ConsortiumFolder, FolderError, GENESIS, LedgerRecord, make_private_folder, write_whole,
    },
};
use crate::identity::{self, IdentityError, Passphrase};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{Genesis, OrganisationId};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// What stands in `format`.
pub const JOIN_FORMAT: &str = "blockworm-join/1";
/// The longest join file that is read: a few ledgers of some hundred members.
const LONGEST_BYTES: u64 = 16 << 20;

/// A join file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinFile {
    /// [`JOIN_FORMAT`].
    pub format: String,
    /// Whose node it is for.
    pub organisation: OrganisationId,
    /// The genesis of each ledger that it will keep. Whoever installs it compares their digests
    /// with ones from elsewhere.
    pub ledgers: Vec<Genesis>,
    /// The nodes that keep them.
    pub peers: Vec<PeerSettings>,
}

/// Why a node elsewhere could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum ElsewhereError {
    /// The file is no join file.
    #[error("{} is not a join file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The folder has no node whose neighbours could be told.
    #[error("{} holds no node that keeps a ledger of {organisation}", path.display())]
    NoNode {
        /// The folder.
        path: PathBuf,
        /// For whom the file would be.
        organisation: OrganisationId,
    },
    /// Nobody elsewhere can reach this address.
    #[error("the node of {organisation} listens at {address}, where no other host reaches it")]
    Unreachable {
        /// Whose node.
        organisation: OrganisationId,
        /// Where it listens.
        address: SocketAddr,
    },
    /// The folder holds the keys of somebody else.
    #[error("the file is for the node of {wanted}, and {} holds no keys of {wanted}", path.display())]
    OtherOrganisation {
        /// For whom the file is.
        wanted: OrganisationId,
        /// Where its keys should be.
        path: PathBuf,
    },
    /// There is a node already.
    #[error("{} is there already", path.display())]
    Installed {
        /// Its settings.
        path: PathBuf,
    },
    /// A ledger's name that no file can bear.
    #[error("a ledger's file cannot be called {name:?}: use letters, digits, `-`, `_` and `.`")]
    LedgerName {
        /// The name.
        name: String,
    },
    /// A ledger of that name began otherwise.
    #[error("{} is the genesis of another ledger named {name}", path.display())]
    OtherGenesis {
        /// The file.
        path: PathBuf,
        /// The ledger's name.
        name: String,
    },
    /// A genesis is not the one that was expected.
    #[error("the genesis of {name} has the digest {found}, which is not among those expected")]
    Unexpected {
        /// The ledger's name.
        name: String,
        /// The digest in the file.
        found: String,
    },
    /// A node's settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key or its passphrase.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl JoinFile {
    /// What a node of `organisation` elsewhere needs, told by the nodes of this folder: the ledgers
    /// that are `named`, or else those whose genesis has the organisation.
    /// `advertised` says where one that listens on all addresses is reached.
    ///
    /// # Errors
    /// [`ElsewhereError::NoNode`], [`ElsewhereError::Unreachable`], or what cannot be read.
    pub fn gather(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        named: &[String],
        advertised: &BTreeMap<OrganisationId, SocketAddr>,
    ) -> Result<Self, ElsewhereError> {
        let mut ledgers: BTreeMap<String, Genesis> = BTreeMap::new();
        let mut peers: BTreeMap<PublicKey, PeerSettings> = BTreeMap::new();
        for node in folder.record()?.nodes {
            let file = folder.node_file(&node.organisation);
            let settings = NodeConfigFile::read(&file, Overrides::default())?;
            let kept = settings.genesis_files.iter().map(|path| read_genesis(path));
            let kept = kept.collect::<Result<Vec<Genesis>, _>>()?;
            let theirs = kept.into_iter().filter(|genesis| match named {
                [] => {
                    node.organisation == *organisation || is_organisation_of(genesis, organisation)
                }
                names => names.contains(&genesis.name),
            });
            let theirs: Vec<Genesis> = theirs.collect();
            if theirs.is_empty() {
                continue;
            }
            ledgers.extend(
                theirs
                    .into_iter()
                    .map(|it| (it.ledger_id().to_string(), it)),
            );
            for peer in settings.peers.clone() {
                peers.entry(peer.key).or_insert(peer);
            }
            if node.organisation != *organisation {
                let own = own_entry(&settings, advertised)?;
                peers.insert(own.key, own);
            }
        }
        if ledgers.is_empty() {
            return Err(ElsewhereError::NoNode {
                path: folder.root().to_owned(),
                organisation: organisation.clone(),
            });
        }
        peers.retain(|_, peer| peer.organisation != *organisation);
        Ok(Self {
            format: JOIN_FORMAT.to_owned(),
            organisation: organisation.clone(),
            ledgers: ledgers.into_values().collect(),
            peers: peers.into_values().collect(),
        })
    }

    /// Reads one and checks each genesis by its own rules.
    ///
    /// # Errors
    /// [`ElsewhereError::Malformed`], or that the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ElsewhereError> {
        let unreadable = |source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let malformed = |reason: String| ElsewhereError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let length = fs::metadata(path).map_err(unreadable)?.len();
        if length > LONGEST_BYTES {
            return Err(malformed(format!(
                "it has {length} bytes, more than {LONGEST_BYTES}"
            )));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let file: Self =
            serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if file.format != JOIN_FORMAT {
            return Err(malformed(format!(
                "its format is {:?}, not {JOIN_FORMAT:?}",
                file.format
            )));
        }
        if file.ledgers.is_empty() {
            return Err(malformed("it names no ledger".to_owned()));
        }
        for genesis in &file.ledgers {
            let checked = genesis.check();
            checked
                .map_err(|error| malformed(format!("genesis of {:?}: {error}", genesis.name)))?;
        }
        Ok(file)
    }

    /// Refuses a genesis that is none of those expected; with none expected, whoever installs the
    /// file must compare what it prints.
    ///
    /// # Errors
    /// [`ElsewhereError::Unexpected`].
    pub fn check_digests(&self, expected: &[String]) -> Result<(), ElsewhereError> {
        let known = |genesis: &&Genesis| {
            expected.is_empty() || expected.contains(&genesis.digest().to_string())
        };
        match self.ledgers.iter().find(|genesis| !known(genesis)) {
            Some(genesis) => Err(ElsewhereError::Unexpected {
                name: genesis.name.clone(),
                found: genesis.digest().to_string(),
            }),
            None => Ok(()),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn to_json(&self) -> Result<String, FolderError> {
        let text = serde_json::to_string_pretty(self).map_err(|source| FolderError::Json {
            path: PathBuf::from("join.json"),
            what: "JSON",
            source,
        })?;
        Ok(text + "\n")
    }
}

/// Whether an organisation stands in a genesis.
#[must_use]
pub fn is_organisation_of(genesis: &Genesis, organisation: &OrganisationId) -> bool {
    genesis
        .organisations
        .iter()
        .any(|one| one.id == *organisation)
}

/// A node of the folder as others must know it.
fn own_entry(
    settings: &NodeConfigFile,
    advertised: &BTreeMap<OrganisationId, SocketAddr>,
) -> Result<PeerSettings, ElsewhereError> {
    let organisation = &settings.organisation;
    let address = advertised
        .get(organisation)
        .copied()
        .unwrap_or(settings.listen);
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return Err(ElsewhereError::Unreachable {
            organisation: organisation.clone(),
            address,
        });
    }
    let passphrase = Passphrase::read(&settings.passphrase_file)?;
    let key = identity::read_key(&settings.consensus_key_file, &passphrase)?;
    Ok(PeerSettings {
        organisation: organisation.clone(),
        key: key.public_key(),
        address,
    })
}

/// Writes a genesis file, or finds the same one.
pub(crate) fn keep_genesis(
    folder: &ConsortiumFolder,
    genesis: &Genesis,
) -> Result<(), ElsewhereError> {
    if !is_file_name(&genesis.name) {
        return Err(ElsewhereError::LedgerName {
            name: genesis.name.clone(),
        });
    }
    let path = folder.genesis_file(&genesis.name);
    if path.exists() {
        let known = read_genesis(&path)?;
        if known.digest() != genesis.digest() {
            return Err(ElsewhereError::OtherGenesis {
                path,
                name: genesis.name.clone(),
            });
        }
        return Ok(());
    }
    make_private_folder(&folder.root().join(GENESIS))?;
    Ok(write_whole(&path, genesis.to_json().as_bytes(), 0o644)?)
}

/// Whether a ledger's name, which strangers chose, is safe as a file's.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.bytes().all(allowed)
}

/// A ledger as the folder's record lists it.
#[must_use]
pub fn ledger_record(genesis: &Genesis) -> LedgerRecord {
    LedgerRecord {
        name: genesis.name.clone(),
        id: genesis.ledger_id().to_string(),
        organisations: genesis
            .organisations
            .iter()
            .map(|one| one.id.clone())
            .collect(),
    }
}
