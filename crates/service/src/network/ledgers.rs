//! Which ledgers a node keeps: one more, or one less, by its node.toml; files of a ledger are never removed.

use super::{
    config::{ConfigError, NodeConfigFile, Overrides, PeerSettings, never_voted_on, read_genesis},
    elsewhere::{ElsewhereError, is_organisation_of, keep_genesis, ledger_record},
    folder::{ConsortiumFolder, FolderError, GENESIS, write_json, write_whole},
};
use crate::{
    file_error::FileError,
    identity::{self, IdentityError, Passphrase},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{Genesis, LedgerId, OrganisationId};
use std::{fs, path::PathBuf};

/// Why a node does not keep one more ledger, or one less.
#[derive(Debug, thiserror::Error)]
pub enum LedgersError {
    /// It keeps it.
    #[error("the node of {organisation} keeps {name} ({id}) already")]
    AlreadyKept {
        /// Whose node.
        organisation: OrganisationId,
        /// The ledger's name.
        name: String,
        /// Its id.
        id: LedgerId,
    },
    /// It does not.
    #[error("the node of {organisation} keeps no ledger {name}")]
    NotKept {
        /// Whose node.
        organisation: OrganisationId,
        /// What was named.
        name: String,
    },
    /// A node keeps at least one ledger.
    #[error("{name} is the only ledger of the node of {organisation}")]
    LastLedger {
        /// Whose node.
        organisation: OrganisationId,
        /// The ledger's name.
        name: String,
    },
    /// The ledger does not know the organisation.
    #[error("{organisation} is no organisation of {name}'s genesis")]
    NotAMember {
        /// Whose node.
        organisation: OrganisationId,
        /// The ledger's name.
        name: String,
    },
    /// Nobody says where the ledger's validators are.
    #[error("nothing says where these validators of {name} are: {}", organisations.join(", "))]
    UnknownPeers {
        /// The ledger's name.
        name: String,
        /// Whose validators.
        organisations: Vec<String>,
    },
    /// A genesis or the folder.
    #[error(transparent)]
    Elsewhere(#[from] ElsewhereError),
    /// The node's settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key or its passphrase.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What a node will keep from its next start on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The ledger's name.
    pub name: String,
    /// Its id.
    pub id: LedgerId,
    /// Where its files are.
    pub files: PathBuf,
    /// The settings that were changed.
    pub node_file: PathBuf,
}

/// How a node comes to a ledger.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// Where the ledger's nodes are, beside those that node.toml knows.
    pub peers: Vec<PeerSettings>,
    /// A join file made for the organisation vouches that a vote took it in.
    pub vouched: bool,
    /// The key may have voted there: a folder that was restored.
    pub has_voted: bool,
}

/// Adds a ledger to a node's settings, if its organisation and its validators are known.
///
/// # Errors
/// [`LedgersError`]; node.toml is written last.
pub fn keep(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    genesis: &Genesis,
    coming: &Coming,
) -> Result<Kept, LedgersError> {
    let node_file = folder.node_file(organisation);
    let resolved = NodeConfigFile::read(&node_file, Overrides::default())?;
    let (name, id) = (genesis.name.clone(), genesis.ledger_id());
    for path in &resolved.genesis_files {
        if read_genesis(path)?.ledger_id() == id {
            return Err(LedgersError::AlreadyKept {
                organisation: organisation.clone(),
                name,
                id,
            });
        }
    }
    if !coming.vouched && !is_organisation_of(genesis, organisation) {
        return Err(LedgersError::NotAMember {
            organisation: organisation.clone(),
            name,
        });
    }
    let passphrase = Passphrase::read(&resolved.passphrase_file)?;
    let own = identity::read_key(&resolved.consensus_key_file, &passphrase)?.public_key();
    let mut settings = raw(folder, organisation)?;
    for peer in &coming.peers {
        if peer.key != own && settings.peers.iter().all(|known| known.key != peer.key) {
            settings.peers.push(peer.clone());
        }
    }
    check_peers(genesis, &settings, &own)?;
    keep_genesis(folder, genesis)?;
    let files = resolved.directory.join("ledgers").join(id.to_string());
    let founder = genesis.validators.iter().any(|one| one.key == own);
    if founder && !coming.has_voted && !files.exists() {
        write_whole(&resolved.directory.join(never_voted_on(&id)), b"", 0o600)?;
    }
    settings
        .genesis_files
        .push(PathBuf::from(format!("../{GENESIS}/{name}.json")));
    list(folder, genesis, organisation)?;
    write_settings(folder, organisation, &settings)?;
    Ok(Kept {
        name,
        id,
        files,
        node_file,
    })
}

/// Takes a ledger out of a node's settings; its files stay.
///
/// # Errors
/// [`LedgersError::NotKept`], [`LedgersError::LastLedger`], or what the folder says.
pub fn drop_ledger(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    named: &str,
) -> Result<Kept, LedgersError> {
    let node_file = folder.node_file(organisation);
    let resolved = NodeConfigFile::read(&node_file, Overrides::default())?;
    let mut settings = raw(folder, organisation)?;
    let mut found = None;
    for (place, path) in resolved.genesis_files.iter().enumerate() {
        let genesis = read_genesis(path)?;
        if genesis.name == named || genesis.ledger_id().to_string() == named {
            found = Some((place, genesis));
        }
    }
    let Some((place, genesis)) = found else {
        return Err(LedgersError::NotKept {
            organisation: organisation.clone(),
            name: named.to_owned(),
        });
    };
    if settings.genesis_files.len() == 1 {
        return Err(LedgersError::LastLedger {
            organisation: organisation.clone(),
            name: genesis.name,
        });
    }
    settings.genesis_files.remove(place);
    let id = genesis.ledger_id();
    settings.key_holders.retain(|holder| holder.ledger != id);
    write_settings(folder, organisation, &settings)?;
    let mut record = folder.record()?;
    for ledger in &mut record.ledgers {
        if ledger.id == id.to_string() {
            ledger.organisations.retain(|one| one != organisation);
        }
    }
    let has_node = |one: &OrganisationId| record.nodes.iter().any(|node| node.organisation == *one);
    let keepers: Vec<OrganisationId> = record
        .organisations
        .iter()
        .map(|one| one.id.clone())
        .filter(has_node)
        .collect();
    record.ledgers.retain(|ledger| {
        ledger.id != id.to_string() || keepers.iter().any(|one| ledger.is_kept_by(one))
    });
    write_json(folder.record_file(), &record)?;
    Ok(Kept {
        name: genesis.name,
        id,
        files: resolved.directory.join("ledgers").join(id.to_string()),
        node_file,
    })
}

/// The file as it stands there, its paths not resolved.
fn raw(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<NodeConfigFile, ConfigError> {
    let path = folder.node_file(organisation);
    let text = fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable {
        path: path.clone(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| ConfigError::Malformed {
        path,
        reason: error.to_string().trim_end().to_owned(),
    })
}

/// Writes node.toml anew; comments that a person put there stay in `node.toml.before`.
fn write_settings(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    settings: &NodeConfigFile,
) -> Result<(), LedgersError> {
    let path = folder.node_file(organisation);
    let text = settings.to_toml()?;
    let mut before = path.clone().into_os_string();
    before.push(".before");
    let before = PathBuf::from(before);
    fs::copy(&path, &before)
        .map_err(FileError::on("write", &before))
        .map_err(FolderError::from)?;
    Ok(write_whole(&path, text.as_bytes(), 0o600)?)
}

/// Every validator of the genesis must be somebody whom the node can find.
fn check_peers(
    genesis: &Genesis,
    settings: &NodeConfigFile,
    own: &PublicKey,
) -> Result<(), LedgersError> {
    let unknown = genesis
        .validators
        .iter()
        .filter(|one| one.key != *own && settings.peers.iter().all(|peer| peer.key != one.key));
    let organisations: Vec<String> = unknown.map(|one| one.organisation.to_string()).collect();
    if organisations.is_empty() {
        return Ok(());
    }
    Err(LedgersError::UnknownPeers {
        name: genesis.name.clone(),
        organisations,
    })
}

/// Puts the ledger into the folder's record.
fn list(
    folder: &ConsortiumFolder,
    genesis: &Genesis,
    organisation: &OrganisationId,
) -> Result<(), LedgersError> {
    let mut record = folder.record()?;
    let mut ledger = ledger_record(genesis);
    match record
        .ledgers
        .iter_mut()
        .find(|known| known.id == ledger.id)
    {
        Some(known) if !known.is_kept_by(organisation) => {
            known.organisations.push(organisation.clone());
        }
        Some(_) => return Ok(()),
        None => {
            if !ledger.is_kept_by(organisation) {
                ledger.organisations.push(organisation.clone());
            }
            record.ledgers.push(ledger);
        }
    }
    Ok(write_json(folder.record_file(), &record)?)
}
