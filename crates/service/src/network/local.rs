//! Founding a consortium on one machine: keys, certificates, genesis and one folder a node.
//!
//! A profile for trying out and for tests: one person holds the keys of all organisations, which
//! is exactly what a real consortium must not do.

use super::{
    config::{KeyHolderSettings, NEVER_VOTED, NodeConfigFile, PeerSettings, TimeSettings},
    folder::{
        ConsortiumFolder, ConsortiumRecord, FORMAT, FolderError, GENESIS, LedgerRecord, NodeRecord,
        OrganisationRecord, UNFINISHED, make_private_folder, write_json, write_whole,
    },
    ports::free_addresses,
};
use crate::{
    consortium::{self, Founder, FounderPlan, LedgerPlan, MemberPlan},
    file_error::FileError,
    identity::{
        self, Authority, CONSENSUS, Enrolled, Identity, IdentityError, IssuedLog, Lifetimes,
        OrganisationKey, Passphrase,
    },
    key_holder::{KeyFolder, KeyFolderError},
};
use blockworm_crypto::{Algorithm, SecretKey};
use blockworm_ledger::{
    Genesis, LedgerId, MemberId, OrganisationId,
    genesis::{Parameters, Validator},
};
use std::{collections::BTreeMap, fs, io, net::SocketAddr, thread};

/// How many nodes a local consortium may have.
pub const NODE_COUNTS: [usize; 3] = [1, 4, 5];

/// What to found.
#[derive(Clone, Debug)]
pub struct LocalPlan {
    /// How many organisations run a node: the first one, the four parties of the trade, or all five.
    pub nodes: usize,
    /// Now, milliseconds since 1970.
    pub now_ms: u64,
    /// The shared numbers.
    pub parameters: Parameters,
    /// The ledgers to begin.
    pub ledgers: Vec<LedgerPlan>,
    /// How long certificates count.
    pub lifetimes: Lifetimes,
}

/// A consortium that was just founded, its members' keys still in memory.
pub struct LocalConsortium {
    /// What stands in `consortium.json`.
    pub record: ConsortiumRecord,
    /// What each ledger's proofs are pinned to, in the order of the record.
    pub genesis: Vec<Genesis>,
    /// Every member's key and certificate.
    pub members: BTreeMap<MemberId, Identity>,
}

/// Why a consortium could not be founded.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// None of [`NODE_COUNTS`].
    #[error("a local consortium has 1, 4 or 5 nodes, not {nodes}")]
    NodeCount {
        /// What was asked for.
        nodes: usize,
    },
    /// No free port was found on the loopback interface.
    #[error("no free port on the loopback interface")]
    NoPort(#[source] io::Error),
    /// The genesis breaks a rule.
    #[error("the genesis breaks a rule: {reason}")]
    Genesis {
        /// Which one.
        reason: String,
    },
    /// A key or certificate could not be made or kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// An evaluation key could not be made or kept.
    #[error(transparent)]
    EvaluationKey(#[from] KeyFolderError),
    /// The folder could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// An organisation in the making.
struct Draft {
    plan: FounderPlan,
    authority: Authority,
    passphrase: Passphrase,
    members: BTreeMap<String, Identity>,
    node: Option<DraftNode>,
}

struct DraftNode {
    key: SecretKey,
    listen: SocketAddr,
    api: SocketAddr,
}

impl DraftNode {
    fn record(&self, draft: &Draft) -> NodeRecord {
        NodeRecord {
            organisation: draft.plan.id.clone(),
            listen: self.listen,
            api: self.api,
        }
    }
}

/// Founds a consortium in an empty folder. FORMAT is written last: a founding that was
/// interrupted leaves a folder that counts as empty.
///
/// # Errors
/// [`CreateError`]; the folder is then not a consortium's.
pub fn create(folder: &ConsortiumFolder, plan: &LocalPlan) -> Result<LocalConsortium, CreateError> {
    if !NODE_COUNTS.contains(&plan.nodes) {
        return Err(CreateError::NodeCount { nodes: plan.nodes });
    }
    let founders = consortium::local_founders();
    folder.clear_unfinished(founders.iter().map(|founder| &founder.id))?;
    make_private_folder(folder.root())?;
    write_whole(&folder.root().join(UNFINISHED), b"", 0o600)?;

    let drafts = draft_all(founders, plan)?;
    let genesis = plan
        .ledgers
        .iter()
        .map(|ledger| draft_genesis(&drafts, plan, ledger))
        .collect::<Result<Vec<_>, _>>()?;
    keep_all(folder, &drafts, plan.now_ms)?;
    let record = record(&drafts, &genesis, plan);
    write_files(folder, &drafts, &genesis, &record)?;

    let members = drafts
        .into_iter()
        .flat_map(|draft| {
            let organisation = draft.plan.id;
            draft
                .members
                .into_iter()
                .filter_map(move |(name, identity)| {
                    MemberId::new(&organisation, &name)
                        .ok()
                        .map(|id| (id, identity))
                })
        })
        .collect();
    Ok(LocalConsortium {
        record,
        genesis,
        members,
    })
}

fn draft_all(founders: Vec<FounderPlan>, plan: &LocalPlan) -> Result<Vec<Draft>, CreateError> {
    let mut ports = free_addresses(2 * plan.nodes)
        .map_err(CreateError::NoPort)?
        .into_iter();
    let mut drafts = Vec::with_capacity(founders.len());
    for (index, founder) in founders.into_iter().enumerate() {
        let authority = Authority::create_for(
            &founder.id,
            &founder.name,
            Algorithm::Ed25519,
            plan.now_ms,
            plan.lifetimes,
        )?;
        let mut members = BTreeMap::new();
        for member in &founder.members {
            let identity = authority.create_member(
                &member.name,
                &member.functions,
                Algorithm::Ed25519,
                plan.now_ms,
            )?;
            members.insert(member.name.clone(), identity);
        }
        let addresses = ports
            .next()
            .zip(ports.next())
            .filter(|_| index < plan.nodes);
        let node = match addresses {
            Some((listen, api)) => Some(DraftNode {
                key: SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?,
                listen,
                api,
            }),
            None => None,
        };
        drafts.push(Draft {
            plan: founder,
            authority,
            passphrase: Passphrase::generate()?,
            members,
            node,
        });
    }
    Ok(drafts)
}

fn draft_genesis(
    drafts: &[Draft],
    plan: &LocalPlan,
    ledger: &LedgerPlan,
) -> Result<Genesis, CreateError> {
    let mut founders = Vec::with_capacity(drafts.len());
    let mut validators = Vec::new();
    let keeps = |draft: &&Draft| ledger.organisations.contains(&draft.plan.id);
    for draft in drafts.iter().filter(keeps) {
        let mut members = Vec::new();
        let founding = |member: &&MemberPlan| member.founding.contains(&ledger.name);
        for member in draft.plan.members.iter().filter(founding) {
            let id = member_id(&draft.plan.id, &member.name)?;
            members.push((id, draft.members[&member.name].certificate.clone()));
        }
        founders.push(Founder {
            id: draft.plan.id.clone(),
            name: draft.plan.name.clone(),
            roles: draft.plan.roles.clone(),
            ca_certificate: draft.authority.root().to_vec(),
            members,
        });
        validators.extend(draft.node.as_ref().map(|node| Validator {
            organisation: draft.plan.id.clone(),
            key: node.key.public_key(),
        }));
    }
    let genesis = consortium::genesis(
        &ledger.name,
        plan.now_ms,
        plan.parameters.clone(),
        &founders,
        &validators,
        &ledger.contracts,
    );
    genesis.check().map_err(|error| CreateError::Genesis {
        reason: error.to_string(),
    })?;
    Ok(genesis)
}

fn member_id(organisation: &OrganisationId, name: &str) -> Result<MemberId, IdentityError> {
    MemberId::new(organisation, name).map_err(|_| IdentityError::MemberName {
        name: name.to_owned(),
    })
}

/// Every key file is synced to disk: one thread per organisation.
fn keep_all(folder: &ConsortiumFolder, drafts: &[Draft], now_ms: u64) -> Result<(), CreateError> {
    thread::scope(|scope| {
        let kept: Vec<_> = drafts
            .iter()
            .map(|draft| scope.spawn(move || keep_one(folder, draft, now_ms)))
            .collect();
        kept.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

fn keep_one(folder: &ConsortiumFolder, draft: &Draft, now_ms: u64) -> Result<(), CreateError> {
    let organisation = &draft.plan.id;
    let passphrase = &draft.passphrase;
    make_private_folder(&folder.keys(organisation))?;
    passphrase.write(&folder.passphrase_file(organisation))?;
    draft.authority.keep(folder, passphrase)?;
    if let Some(node) = &draft.node {
        identity::keep_key(folder, organisation, CONSENSUS, &node.key, passphrase)?;
        let key = node.key.public_key();
        draft.authority.certify_node(folder, &key, now_ms)?;
        let hosts = [node.api.ip().to_string(), "localhost".to_owned()];
        draft.authority.make_tls_server(folder, &hosts, now_ms)?;
    }
    for key in OrganisationKey::of_roles(&draft.plan.roles, draft.node.is_some()) {
        draft.authority.make_key(folder, key, passphrase, now_ms)?;
    }
    let log = IssuedLog::of(folder, organisation);
    for (name, member) in &draft.members {
        log.record(&member.certificate, Enrolled::Founded, None)
            .map_err(IdentityError::from)?;
        identity::keep(folder, organisation, name, member, passphrase)?;
    }
    if consortium::KEY_HOLDERS.contains(&organisation.as_str()) {
        KeyFolder::of(folder, organisation).make_next()?;
    }
    Ok(())
}

fn record(drafts: &[Draft], genesis: &[Genesis], plan: &LocalPlan) -> ConsortiumRecord {
    let ledger = |(plan, genesis): (&LedgerPlan, &Genesis)| LedgerRecord {
        name: plan.name.clone(),
        id: genesis.ledger_id().to_string(),
        organisations: plan.organisations.clone(),
    };
    ConsortiumRecord {
        created_at_ms: plan.now_ms,
        ledgers: plan.ledgers.iter().zip(genesis).map(ledger).collect(),
        organisations: drafts
            .iter()
            .map(|draft| OrganisationRecord {
                id: draft.plan.id.clone(),
                name: draft.plan.name.clone(),
                roles: draft.plan.roles.clone(),
                members: draft
                    .plan
                    .members
                    .iter()
                    .filter_map(|member| MemberId::new(&draft.plan.id, &member.name).ok())
                    .collect(),
            })
            .collect(),
        nodes: drafts
            .iter()
            .filter_map(|draft| draft.node.as_ref().map(|node| node.record(draft)))
            .collect(),
    }
}

fn write_files(
    folder: &ConsortiumFolder,
    drafts: &[Draft],
    genesis: &[Genesis],
    record: &ConsortiumRecord,
) -> Result<(), CreateError> {
    let nodes: Vec<(&Draft, &DraftNode)> = drafts
        .iter()
        .filter_map(|draft| Some((draft, draft.node.as_ref()?)))
        .collect();
    for (draft, node) in &nodes {
        let mut file = node_file(draft, node, &nodes, &record.ledgers);
        file.key_holders = key_holders(&draft.plan.id, &nodes, genesis);
        if nodes
            .first()
            .is_some_and(|(first, _)| first.plan.id == draft.plan.id)
        {
            // The first node looks after those that run none.
            let without = drafts.iter().filter(|draft| draft.node.is_none());
            file.identity.organisations = without.map(|draft| draft.plan.id.clone()).collect();
        }
        let text = file.to_toml().map_err(|error| CreateError::Genesis {
            reason: error.to_string(),
        })?;
        write_whole(&folder.node_file(&draft.plan.id), text.as_bytes(), 0o600)?;
        let never_voted = folder.organisation(&draft.plan.id).join(NEVER_VOTED);
        write_whole(&never_voted, b"", 0o600)?;
    }
    make_private_folder(&folder.root().join(GENESIS))?;
    for genesis in genesis {
        let path = folder.genesis_file(&genesis.name);
        write_whole(&path, genesis.to_json().as_bytes(), 0o644)?;
    }
    write_json(folder.record_file(), record)?;
    write_whole(
        &folder.format_file(),
        format!("{FORMAT}\n").as_bytes(),
        0o644,
    )?;
    let unfinished = folder.root().join(UNFINISHED);
    fs::remove_file(&unfinished)
        .map_err(FileError::on("remove", &unfinished))
        .map_err(FolderError::from)?;
    Ok(())
}

/// With whose evaluation keys a node answers: its own organisation's, and the first node with those
/// of holders that run none. Paths count from the node's folder.
fn key_holders(
    node: &OrganisationId,
    nodes: &[(&Draft, &DraftNode)],
    genesis: &[Genesis],
) -> Vec<KeyHolderSettings> {
    let registry = genesis
        .iter()
        .find(|genesis| genesis.name == consortium::REGISTRY);
    let Some(ledger) = registry.map(Genesis::ledger_id) else {
        return Vec::new();
    };
    let first = nodes.first().map(|(draft, _)| &draft.plan.id);
    let has_node = |holder: &str| {
        let mut nodes = nodes.iter();
        nodes.any(|(draft, _)| draft.plan.id.as_str() == holder)
    };
    let served = consortium::KEY_HOLDERS
        .iter()
        .filter(|holder| node.as_str() == **holder || (!has_node(holder) && first == Some(node)));
    served
        .filter_map(|holder| holder.parse().ok())
        .map(|holder| key_holder(&holder, ledger))
        .collect()
}

fn key_holder(holder: &OrganisationId, ledger: LedgerId) -> KeyHolderSettings {
    // Every organisation's folder lies beside the node's own.
    let beside = ConsortiumFolder::new("..");
    KeyHolderSettings {
        organisation: holder.clone(),
        ledger,
        keys: beside.evaluation_keys(holder),
        passphrase_file: Some(beside.passphrase_file(holder)),
        audit_file: beside.evaluation_audit(holder, &ledger),
        elements: None,
        window_s: None,
        requests_per_minute: None,
    }
}

/// A node knows the genesis of the ledgers that its organisation keeps, and the peers with whom it
/// shares one.
fn node_file(
    draft: &Draft,
    node: &DraftNode,
    all: &[(&Draft, &DraftNode)],
    ledgers: &[LedgerRecord],
) -> NodeConfigFile {
    let kept: Vec<LedgerRecord> = ledgers
        .iter()
        .filter(|ledger| ledger.is_kept_by(&draft.plan.id))
        .cloned()
        .collect();
    let shares = |other: &Draft| kept.iter().any(|ledger| ledger.is_kept_by(&other.plan.id));
    let peers = all
        .iter()
        .filter(|(other, _)| other.plan.id != draft.plan.id && shares(other))
        .map(|(other, their)| PeerSettings {
            organisation: other.plan.id.clone(),
            key: their.key.public_key(),
            address: their.listen,
        });
    let mut file = NodeConfigFile::local(&node.record(draft), &kept, peers.collect());
    let is_notary = |draft: &Draft| draft.plan.roles.iter().any(|role| role == "notary");
    if let Some((notary, its)) = all.iter().find(|(other, _)| is_notary(other)) {
        let itself = notary.plan.id == draft.plan.id;
        file.time = TimeSettings::local(&notary.plan.id, its.api, itself);
    }
    file
}

#[cfg(test)]
mod tests;
