//! A node of an organisation's own folder, set up from a join file.

use super::{ElsewhereError, JoinFile, keep_genesis, ledger_record};
use crate::{
    identity::{self, CONSENSUS, IdentityError, Passphrase},
    network::{
        config::{NEVER_VOTED, NodeConfigFile, ProfileName},
        folder::{
            ConsortiumFolder, ConsortiumRecord, FORMAT, GENESIS, LedgerRecord, NodeRecord,
            OrganisationRecord, make_private_folder, write_json, write_whole,
        },
    },
};
use blockworm_crypto::{Algorithm, PublicKey, SecretKey};
use blockworm_ledger::{MemberId, OrganisationId};
use serde::Serialize;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

/// A node that was installed, and what the others need to let it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The node.
    pub node: NodeRecord,
    /// Its consensus key.
    pub key: PublicKey,
    /// Whether the key was made just now.
    pub key_is_new: bool,
    /// Each ledger's name, id and digest, and whether its genesis lets the key vote.
    pub ledgers: Vec<InstalledLedger>,
}

/// A ledger of [`Installed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstalledLedger {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// SHA-256 of its genesis: to be compared with one from elsewhere.
    pub genesis_digest: String,
    /// True where the genesis lists the node; else a vote must admit it.
    pub founder: bool,
}

/// Writes `node.toml` and the genesis files beside the organisation's own keys. A missing consensus
/// key is made.
///
/// # Errors
/// [`ElsewhereError`]; node.toml, by which a node is known, is written last but for the record.
pub fn install(
    folder: &ConsortiumFolder,
    join: &JoinFile,
    listen: SocketAddr,
    api: SocketAddr,
) -> Result<Installed, ElsewhereError> {
    let organisation = &join.organisation;
    let passphrase_file = folder.passphrase_file(organisation);
    if !passphrase_file.exists() {
        return Err(ElsewhereError::OtherOrganisation {
            wanted: organisation.clone(),
            path: folder.keys(organisation),
        });
    }
    let node_file = folder.node_file(organisation);
    if node_file.exists() {
        return Err(ElsewhereError::Installed { path: node_file });
    }
    let passphrase = Passphrase::read(&passphrase_file)?;
    let (key, key_is_new) = consensus_key(folder, organisation, &passphrase)?;
    make_private_folder(&folder.root().join(GENESIS))?;
    for genesis in &join.ledgers {
        keep_genesis(folder, genesis)?;
    }
    let node = NodeRecord {
        organisation: organisation.clone(),
        listen,
        api,
    };
    let records: Vec<LedgerRecord> = join.ledgers.iter().map(ledger_record).collect();
    let mut peers = join.peers.clone();
    peers.retain(|peer| peer.key != key);
    let mut settings = NodeConfigFile::local(&node, &records, peers);
    settings.profile = ProfileName::Network;
    let text = settings.to_toml()?;
    write_whole(&node_file, text.as_bytes(), 0o600)?;
    write_record(folder, &node, join, records)?;
    let ledgers = join.ledgers.iter().map(|genesis| InstalledLedger {
        name: genesis.name.clone(),
        id: genesis.ledger_id().to_string(),
        genesis_digest: genesis.digest().to_string(),
        founder: genesis.validators.iter().any(|one| one.key == key),
    });
    Ok(Installed {
        ledgers: ledgers.collect(),
        node,
        key,
        key_is_new,
    })
}

fn consensus_key(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    passphrase: &Passphrase,
) -> Result<(PublicKey, bool), ElsewhereError> {
    let path = folder.key_file(organisation, CONSENSUS);
    if path.exists() {
        return Ok((identity::read_key(&path, passphrase)?.public_key(), false));
    }
    let mark = folder.organisation(organisation).join(NEVER_VOTED);
    write_whole(&mark, b"", 0o600)?;
    let key = SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?;
    identity::keep_key(folder, organisation, CONSENSUS, &key, passphrase)?;
    Ok((key.public_key(), true))
}

/// The folder's record, begun or gone on with: members are those whose keys lie here.
fn write_record(
    folder: &ConsortiumFolder,
    node: &NodeRecord,
    join: &JoinFile,
    mut ledgers: Vec<LedgerRecord>,
) -> Result<(), ElsewhereError> {
    for ledger in &mut ledgers {
        if !ledger.is_kept_by(&node.organisation) {
            ledger.organisations.push(node.organisation.clone());
        }
    }
    let mut record = if folder.format_file().exists() {
        folder.record()?
    } else {
        ConsortiumRecord {
            created_at_ms: now_ms(),
            ledgers: Vec::new(),
            organisations: Vec::new(),
            nodes: Vec::new(),
        }
    };
    ledgers.retain(|ledger| record.ledgers.iter().all(|known| known.id != ledger.id));
    record.ledgers.extend(ledgers);
    for organisation in join
        .ledgers
        .iter()
        .flat_map(|genesis| &genesis.organisations)
    {
        if record
            .organisations
            .iter()
            .any(|known| known.id == organisation.id)
        {
            continue;
        }
        record.organisations.push(OrganisationRecord {
            id: organisation.id.clone(),
            name: organisation.name.clone(),
            roles: organisation.roles.clone(),
            members: members_here(folder, &organisation.id),
        });
    }
    if record
        .organisations
        .iter()
        .all(|known| known.id != node.organisation)
    {
        record.organisations.push(OrganisationRecord {
            id: node.organisation.clone(),
            name: node.organisation.to_string(),
            roles: Vec::new(),
            members: members_here(folder, &node.organisation),
        });
    }
    record
        .nodes
        .retain(|known| known.organisation != node.organisation);
    record.nodes.push(node.clone());
    write_json(folder.record_file(), &record)?;
    Ok(write_whole(
        &folder.format_file(),
        format!("{FORMAT}\n").as_bytes(),
        0o644,
    )?)
}

/// Members of an organisation whose key and certificate lie in the folder.
fn members_here(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Vec<MemberId> {
    let Ok(entries) = fs::read_dir(folder.keys(organisation)) else {
        return Vec::new();
    };
    let mut members: Vec<MemberId> = entries
        .flatten()
        .filter_map(|entry| {
            let file = entry.file_name();
            let name = file.to_str()?.strip_suffix(".cert.pem")?;
            let has_key = folder.key_file(organisation, name).exists();
            (has_key && !identity::is_reserved(name))
                .then(|| MemberId::new(organisation, name).ok())?
        })
        .collect();
    members.sort();
    members
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Where an installed node listens for the others (on all addresses) and serves people (on
/// loopback) unless told otherwise.
#[must_use]
pub fn usual_addresses() -> (SocketAddr, SocketAddr) {
    (
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 7_000)),
        SocketAddr::from((Ipv4Addr::LOCALHOST, 7_001)),
    )
}
