//! One more node in a local consortium: its key, its addresses and its configuration. Who lets it in
//! is decided on the ledgers, by vote.

use super::{
    clock,
    config::{NEVER_VOTED, NodeConfigFile, PeerSettings},
    folder::{
        ConsortiumFolder, ConsortiumRecord, FolderError, LedgerRecord, NodeRecord, write_json,
        write_whole,
    },
    ports::free_addresses,
};
use crate::identity::{
    self, Authority, CONSENSUS, IdentityError, NODE, OrganisationKey, Passphrase,
};
use blockworm_crypto::{Algorithm, PublicKey, SecretKey, keyfile};
use blockworm_ledger::OrganisationId;
use std::io;

/// Why a node could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The folder knows no such organisation.
    #[error("there is no organisation {organisation} in this consortium")]
    UnknownOrganisation {
        /// Who.
        organisation: OrganisationId,
    },
    /// It keeps no ledger, so its node would have nothing to do.
    #[error("{organisation} keeps no ledger of this consortium")]
    NoLedger {
        /// Who.
        organisation: OrganisationId,
    },
    /// No free port was found on the loopback interface.
    #[error("no free port on the loopback interface")]
    NoPort(#[source] io::Error),
    /// Another node's configuration or key cannot be read.
    #[error("the node of {organisation} cannot be read: {reason}")]
    Neighbour {
        /// Whose.
        organisation: OrganisationId,
        /// Why not.
        reason: String,
    },
    /// A key could not be made or kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A node in the folder and the key that the others must let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The node.
    pub node: NodeRecord,
    /// Its consensus key.
    pub key: PublicKey,
    /// The chain of its certificate.
    pub certificate: Vec<u8>,
    /// The ledgers that it will keep.
    pub ledgers: Vec<LedgerRecord>,
}

/// The consensus key of an organisation: the one that it has, or a new one, which has never voted.
fn key_of(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<PublicKey, JoinError> {
    let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
    let path = folder.key_file(organisation, CONSENSUS);
    if path.exists() {
        let key = keyfile::read_encrypted(&path, passphrase.as_bytes());
        return key
            .map(|key| key.public_key())
            .map_err(|error| JoinError::Neighbour {
                organisation: organisation.clone(),
                reason: error.to_string(),
            });
    }
    let never_voted = folder.organisation(organisation).join(NEVER_VOTED);
    write_whole(&never_voted, b"", 0o600)?;
    let key = SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?;
    identity::keep_key(folder, organisation, CONSENSUS, &key, &passphrase)?;
    // A node that begins cosigns from its first block on.
    let cosigner = OrganisationKey::Cosigner;
    let now_ms = clock::now_ms(folder.root());
    let authority = Authority::load(folder, organisation)?;
    authority.make_key(folder, cosigner, &passphrase, now_ms)?;
    Ok(key.public_key())
}

/// The chain of the node's certificate: the one beside its key, or one that the organisation's
/// authority issues now.
fn certificate_of(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    key: &PublicKey,
) -> Result<Vec<u8>, JoinError> {
    let path = folder.certificate_file(organisation, NODE);
    if path.exists() {
        return Ok(identity::read_certificate(&path)?);
    }
    let authority = Authority::load(folder, organisation)?;
    Ok(authority.certify_node(folder, key, clock::now_ms(folder.root()))?)
}

/// The consensus key of a node of the folder, and its ledgers.
///
/// # Errors
/// [`JoinError`]; nothing is written.
pub fn find(folder: &ConsortiumFolder, node: &NodeRecord) -> Result<Joining, JoinError> {
    let organisation = &node.organisation;
    let kept = |ledger: &LedgerRecord| ledger.is_kept_by(organisation);
    let key = key_of(folder, organisation)?;
    Ok(Joining {
        node: node.clone(),
        key,
        certificate: certificate_of(folder, organisation, &key)?,
        ledgers: folder.record()?.ledgers.into_iter().filter(kept).collect(),
    })
}

/// Prepares a node for an organisation that has none, or finds the one that it has: a join that was
/// interrupted is taken up again.
///
/// # Errors
/// [`JoinError`]; the consortium's record is written last.
pub fn prepare(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<(ConsortiumRecord, Joining), JoinError> {
    let mut record = folder.record()?;
    if !record
        .organisations
        .iter()
        .any(|one| one.id == *organisation)
    {
        return Err(JoinError::UnknownOrganisation {
            organisation: organisation.clone(),
        });
    }
    let known = record.nodes.iter();
    if let Some(node) = known
        .clone()
        .find(|node| node.organisation == *organisation)
    {
        let joining = find(folder, node)?;
        return Ok((record, joining));
    }
    let kept = |ledger: &&LedgerRecord| ledger.is_kept_by(organisation);
    let ledgers: Vec<_> = record.ledgers.iter().filter(kept).cloned().collect();
    if ledgers.is_empty() {
        return Err(JoinError::NoLedger {
            organisation: organisation.clone(),
        });
    }
    let key = key_of(folder, organisation)?;
    let addresses = free_addresses(2).map_err(JoinError::NoPort)?;
    let node = NodeRecord {
        organisation: organisation.clone(),
        listen: addresses[0],
        api: addresses[1],
    };
    let joining = Joining {
        node: node.clone(),
        key,
        certificate: certificate_of(folder, organisation, &key)?,
        ledgers,
    };
    let file = node_file(folder, &record, &joining)?;
    let text = file.to_toml().map_err(|error| JoinError::Neighbour {
        organisation: organisation.clone(),
        reason: error.to_string(),
    })?;
    write_whole(&folder.node_file(organisation), text.as_bytes(), 0o600)?;
    record.nodes.push(node);
    write_json(folder.record_file(), &record)?;
    Ok((record, joining))
}

/// Takes a node out of the consortium's record; its folder stays.
///
/// # Errors
/// When the record cannot be read or written.
pub fn forget(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Result<(), FolderError> {
    let mut record = folder.record()?;
    record
        .nodes
        .retain(|node| node.organisation != *organisation);
    write_json(folder.record_file(), &record)
}

/// The new node knows the others from here; they learn of it from the ledgers.
fn node_file(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    joining: &Joining,
) -> Result<NodeConfigFile, JoinError> {
    let shares = |node: &&NodeRecord| {
        let mut ledgers = joining.ledgers.iter();
        ledgers.any(|ledger| ledger.is_kept_by(&node.organisation))
    };
    let peers = record.nodes.iter().filter(shares).map(|node| {
        Ok(PeerSettings {
            organisation: node.organisation.clone(),
            key: find(folder, node)?.key,
            address: node.listen,
        })
    });
    let peers = peers.collect::<Result<_, JoinError>>()?;
    Ok(NodeConfigFile::local(
        &joining.node,
        &joining.ledgers,
        peers,
    ))
}
