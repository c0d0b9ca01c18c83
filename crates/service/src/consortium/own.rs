//! An organisation's own folder on its own machine: authorities, admin, operator, the node's key and settings.

use super::ConsortiumError;
use crate::{
    identity::{
        self, Authority, CONSENSUS, Enrolled, Identity, IdentityError, IssuedLog, NODE,
        OrganisationKey, Passphrase,
    },
    network::{
        ConsortiumFolder, ConsortiumRecord, LedgerRecord, NodeConfigFile, NodeRecord,
        config::{NEVER_VOTED, PeerSettings, ProfileName},
        folder::{
            FORMAT, GENESIS, OrganisationRecord, make_private_folder, write_json, write_whole,
        },
        ledgers::{self, Coming, LedgersError},
    },
};
use blockworm_crypto::{Algorithm, PublicKey, SecretKey};
use blockworm_ledger::{Genesis, MemberId, OrganisationId};
use std::{net::SocketAddr, path::PathBuf};

/// The members that an organisation begins with, and their function of the same name.
const FIRST_MEMBERS: [&str; 2] = ["admin", "operator"];

/// What an organisation's folder is to begin with.
#[derive(Clone, Debug)]
pub struct OwnPlan {
    /// Its slug.
    pub organisation: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// Roles that it asks for.
    pub roles: Vec<String>,
    /// Where the others reach its node.
    pub address: SocketAddr,
    /// Where its node serves people and programs.
    pub api: SocketAddr,
    /// Now, milliseconds since 1970.
    pub now_ms: u64,
}

/// An organisation whose keys lie in this folder.
pub struct Own {
    /// The folder.
    pub folder: ConsortiumFolder,
    /// Its slug.
    pub organisation: OrganisationId,
    /// What stands in `consortium.json`.
    pub record: ConsortiumRecord,
}

impl Own {
    /// Makes authorities, members and the node's key in a folder that holds no such organisation.
    ///
    /// # Errors
    /// [`ConsortiumError::Exists`], or what the folder or the keys refuse.
    pub fn create(folder: &ConsortiumFolder, plan: &OwnPlan) -> Result<Self, ConsortiumError> {
        let organisation = &plan.organisation;
        if folder.exists()? || folder.keys(organisation).exists() {
            return Err(ConsortiumError::Exists {
                organisation: organisation.clone(),
                path: folder.root().to_owned(),
            });
        }
        make_private_folder(folder.root())?;
        make_private_folder(&folder.keys(organisation))?;
        let passphrase = Passphrase::generate()?;
        passphrase.write(&folder.passphrase_file(organisation))?;
        let authority =
            Authority::create(organisation, &plan.name, Algorithm::Ed25519, plan.now_ms)?;
        authority.keep(folder, &passphrase)?;
        let log = IssuedLog::of(folder, organisation);
        for name in FIRST_MEMBERS {
            let functions = [name.to_owned()];
            let member =
                authority.create_member(name, &functions, Algorithm::Ed25519, plan.now_ms)?;
            log.record(&member.certificate, Enrolled::Founded, None)
                .map_err(IdentityError::from)?;
            identity::keep(folder, organisation, name, &member, &passphrase)?;
        }
        let key = SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?;
        identity::keep_key(folder, organisation, CONSENSUS, &key, &passphrase)?;
        authority.certify_node(folder, &key.public_key(), plan.now_ms)?;
        let hosts = [plan.api.ip().to_string(), "localhost".to_owned()];
        authority.make_tls_server(folder, &hosts, plan.now_ms)?;
        for key in OrganisationKey::of_roles(&plan.roles, true) {
            authority.make_key(folder, key, &passphrase, plan.now_ms)?;
        }
        let never_voted = folder.organisation(organisation).join(NEVER_VOTED);
        write_whole(&never_voted, b"", 0o600)?;
        let own = Self {
            folder: folder.clone(),
            organisation: organisation.clone(),
            record: first_record(plan),
        };
        own.write_record()?;
        let format = format!("{FORMAT}\n");
        write_whole(&folder.format_file(), format.as_bytes(), 0o644)?;
        Ok(own)
    }

    /// Opens the folder of an organisation; of the only one in it where none is named.
    ///
    /// # Errors
    /// [`ConsortiumError::Folder`] where no such organisation's keys lie there.
    pub fn open(
        folder: &ConsortiumFolder,
        wanted: Option<&OrganisationId>,
    ) -> Result<Self, ConsortiumError> {
        let record = folder.record()?;
        let mut owned = record
            .organisations
            .iter()
            .filter(|one| !one.members.is_empty())
            .filter(|one| wanted.is_none_or(|id| one.id == *id));
        let found = (owned.next(), owned.next());
        let (Some(only), None) = found else {
            let reason = match found.0 {
                None => "it holds the keys of no such organisation",
                Some(_) => "it holds several organisations; say which",
            };
            return Err(ConsortiumError::Malformed {
                path: folder.record_file(),
                what: "an organisation's own folder",
                reason: reason.to_owned(),
            });
        };
        Ok(Self {
            folder: folder.clone(),
            organisation: only.id.clone(),
            record: record.clone(),
        })
    }

    /// Its name for people and the roles that it asked for.
    #[must_use]
    pub fn described(&self) -> (String, Vec<String>) {
        let mut known = self.record.organisations.iter();
        let own = known.find(|one| one.id == self.organisation);
        own.map_or_else(Default::default, |own| {
            (own.name.clone(), own.roles.clone())
        })
    }

    /// Its root certificate, DER.
    ///
    /// # Errors
    /// [`ConsortiumError::Identity`].
    pub fn root(&self) -> Result<Vec<u8>, ConsortiumError> {
        let path = self
            .folder
            .certificate_file(&self.organisation, identity::AUTHORITY);
        Ok(identity::read_certificate(&path)?)
    }

    /// A member's key and chain.
    ///
    /// # Errors
    /// [`ConsortiumError::Identity`].
    pub fn member(&self, name: &str) -> Result<(MemberId, Identity), ConsortiumError> {
        let id =
            MemberId::new(&self.organisation, name).map_err(|_| IdentityError::MemberName {
                name: name.to_owned(),
            })?;
        let identity = identity::load(&self.folder, &id)?;
        Ok((id, identity))
    }

    /// The members that it begins with, and their chains.
    ///
    /// # Errors
    /// [`ConsortiumError::Identity`].
    pub fn first_members(&self) -> Result<Vec<(MemberId, Vec<u8>)>, ConsortiumError> {
        FIRST_MEMBERS
            .into_iter()
            .map(|name| {
                let (id, identity) = self.member(name)?;
                Ok((id, identity.certificate))
            })
            .collect()
    }

    /// The chain of its node's certificate.
    ///
    /// # Errors
    /// [`ConsortiumError::Identity`].
    pub fn node_chain(&self) -> Result<Vec<u8>, ConsortiumError> {
        let path = self.folder.certificate_file(&self.organisation, NODE);
        Ok(identity::read_certificate(&path)?)
    }

    /// Where its node is.
    ///
    /// # Errors
    /// [`ConsortiumError::Malformed`] for a folder without one.
    pub fn node(&self) -> Result<&NodeRecord, ConsortiumError> {
        let mut nodes = self.record.nodes.iter();
        nodes
            .find(|node| node.organisation == self.organisation)
            .ok_or_else(|| ConsortiumError::Malformed {
                path: self.folder.record_file(),
                what: "a folder with a node",
                reason: format!("{} has none in it", self.organisation),
            })
    }

    /// Lets the node keep one more ledger: its genesis, its organisations, and where their nodes are.
    ///
    /// # Errors
    /// [`ConsortiumError::LedgerName`] where another ledger of this name is kept.
    pub fn keep_ledger(
        &mut self,
        genesis: &Genesis,
        others: &[(OrganisationId, String, Vec<String>)],
        peers: &[PeerSettings],
    ) -> Result<(), ConsortiumError> {
        let id = genesis.ledger_id().to_string();
        let name = genesis.name.clone();
        let taken = |ledger: &&LedgerRecord| ledger.name == name && ledger.id != id;
        if self.record.ledgers.iter().any(|ledger| taken(&ledger)) || !is_file_name(&name) {
            return Err(ConsortiumError::LedgerName { name });
        }
        for (id, name, roles) in others {
            if !self.record.organisations.iter().any(|one| one.id == *id) {
                self.record.organisations.push(OrganisationRecord {
                    id: id.clone(),
                    name: name.clone(),
                    roles: roles.clone(),
                    members: Vec::new(),
                });
            }
        }
        self.write_record()?;
        let peers: Vec<_> = peers
            .iter()
            .filter(|peer| peer.organisation != self.organisation)
            .cloned()
            .collect();
        if self.folder.node_file(&self.organisation).exists() {
            self.keep_one_more(genesis, peers)?;
        } else {
            self.keep_first(genesis, others, peers)?;
        }
        self.record = self.folder.record()?;
        Ok(())
    }

    /// A node that keeps ledgers already: its settings stay as they are besides.
    fn keep_one_more(
        &self,
        genesis: &Genesis,
        peers: Vec<PeerSettings>,
    ) -> Result<(), ConsortiumError> {
        let coming = Coming {
            peers,
            vouched: true,
            has_voted: false,
        };
        match ledgers::keep(&self.folder, &self.organisation, genesis, &coming) {
            Ok(_) | Err(LedgersError::AlreadyKept { .. }) => Ok(()),
            Err(error) => Err(ConsortiumError::Ledgers(Box::new(error))),
        }
    }

    /// The node's first ledger, and with it its settings.
    fn keep_first(
        &mut self,
        genesis: &Genesis,
        others: &[(OrganisationId, String, Vec<String>)],
        peers: Vec<PeerSettings>,
    ) -> Result<(), ConsortiumError> {
        make_private_folder(&self.folder.root().join(GENESIS))?;
        let path = self.folder.genesis_file(&genesis.name);
        write_whole(&path, genesis.to_json().as_bytes(), 0o644)?;
        let mut organisations: Vec<_> = others.iter().map(|(id, ..)| id.clone()).collect();
        if !organisations.contains(&self.organisation) {
            organisations.push(self.organisation.clone());
        }
        self.record.ledgers.push(LedgerRecord {
            name: genesis.name.clone(),
            id: genesis.ledger_id().to_string(),
            organisations,
        });
        let node = self.node()?;
        let own = [node.listen, node.api];
        let local = peers.iter().map(|peer| peer.address).chain(own);
        let local = local.into_iter().all(|address| address.ip().is_loopback());
        let mut file = NodeConfigFile::local(node, &self.record.ledgers, peers);
        if !local {
            file.profile = ProfileName::Network;
        }
        let path = self.folder.node_file(&self.organisation);
        let text = file.to_toml().map_err(|error| ConsortiumError::Malformed {
            path: path.clone(),
            what: "a node's settings",
            reason: error.to_string(),
        })?;
        write_whole(&path, text.as_bytes(), 0o600)?;
        self.write_record()
    }

    fn write_record(&self) -> Result<(), ConsortiumError> {
        Ok(write_json(self.folder.record_file(), &self.record)?)
    }

    /// The public key of its node.
    ///
    /// # Errors
    /// [`ConsortiumError::Identity`].
    pub fn node_key(&self) -> Result<PublicKey, ConsortiumError> {
        let chain = self.node_chain()?;
        blockworm_crypto::identity::parse_node(&chain)
            .map(|node| node.public_key)
            .map_err(|error| ConsortiumError::Certificate {
                organisation: self.organisation.to_string(),
                code: error.code(),
                reason: error.to_string(),
            })
    }

    /// Where a file about this organisation is written unless said otherwise.
    #[must_use]
    pub fn file(&self, kind: &str) -> PathBuf {
        let name = format!("{}.{kind}.json", self.organisation);
        self.folder.root().join(name)
    }
}

/// A ledger's name becomes a file's name.
fn is_file_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(good) && !name.starts_with('.')
}

fn first_record(plan: &OwnPlan) -> ConsortiumRecord {
    let members = FIRST_MEMBERS
        .into_iter()
        .filter_map(|name| MemberId::new(&plan.organisation, name).ok());
    ConsortiumRecord {
        created_at_ms: plan.now_ms,
        ledgers: Vec::new(),
        organisations: vec![OrganisationRecord {
            id: plan.organisation.clone(),
            name: plan.name.clone(),
            roles: plan.roles.clone(),
            members: members.collect(),
        }],
        nodes: vec![NodeRecord {
            organisation: plan.organisation.clone(),
            listen: plan.address,
            api: plan.api,
        }],
    }
}
