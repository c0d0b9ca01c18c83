//! Founding a ledger by signatures from several machines: each founder's part, the draft, the signatures.

use super::{ConsortiumError, Own, plan};
use crate::network::config::PeerSettings;
use blockworm_crypto::{
    Digest, Namespace, PublicKey, Signature,
    identity::{parse_authority, parse_member, verify_chain, verify_node_chain},
    sha256,
};
use blockworm_ledger::{
    Genesis, MemberId, OrganisationId,
    genesis::{GenesisContract, GenesisMember, Parameters, Validator, genesis_namespace},
    json_bytes::base64_text,
};
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr};

/// What a founder sends to the others: everything public that a genesis needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FounderFile {
    /// What is signed.
    pub founder: FounderPart,
    /// By the key of its admin over SHA-256 of the part's borsh, in `blockworm/founder`.
    pub signature: Signature,
}

/// A founder's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct FounderPart {
    /// Its slug.
    pub organisation: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// The roles that it asks for.
    pub roles: Vec<String>,
    /// Its root certificate, DER.
    #[serde(with = "base64_text")]
    pub root: Vec<u8>,
    /// Its first members with their chains; the first is its admin.
    pub members: Vec<GenesisMember>,
    /// The chain of its node's certificate.
    #[serde(with = "base64_text")]
    pub node: Vec<u8>,
    /// Where the others reach its node, `address:port`.
    pub address: String,
    /// When it was made, milliseconds since 1970.
    pub made_at_ms: u64,
}

/// What founders sign: a genesis, and where the first nodes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftFile {
    /// The genesis.
    pub genesis: Genesis,
    /// The founders' parts, ordered by slug.
    pub founders: Vec<FounderFile>,
}

/// A founder's signature on a genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFile {
    /// Who founds.
    pub organisation: OrganisationId,
    /// Whose key signed.
    pub member: MemberId,
    /// The digest of the genesis.
    pub genesis: Digest,
    /// Over the digest, in `blockworm/genesis`.
    pub signature: Signature,
}

/// What a draft is made of besides the founders' files.
#[derive(Clone, Debug)]
pub struct DraftPlan {
    /// The ledger's name.
    pub name: String,
    /// When it begins, milliseconds since 1970; when the youngest founder's file was made unless given.
    pub time_ms: Option<u64>,
    /// Roles by organisation; what each asked for where none are given.
    pub roles: BTreeMap<OrganisationId, Vec<String>>,
    /// The shared numbers.
    pub parameters: Parameters,
    /// Contracts from the start.
    pub contracts: Vec<GenesisContract>,
}

const fn founder_namespace() -> Namespace {
    Namespace::from_static("blockworm/founder")
}

impl FounderPart {
    fn digest(&self) -> Digest {
        let bytes = borsh::to_vec(self).expect("invariant: writing to memory does not fail");
        sha256(&[&bytes])
    }

    fn refused(&self, error: &blockworm_crypto::identity::IdentityError) -> ConsortiumError {
        ConsortiumError::Certificate {
            organisation: self.organisation.to_string(),
            code: error.code(),
            reason: error.to_string(),
        }
    }
}

impl FounderFile {
    /// What the organisation of this folder sends to the others.
    ///
    /// # Errors
    /// What the folder's keys refuse.
    pub fn of(own: &Own, now_ms: u64) -> Result<Self, ConsortiumError> {
        let (name, roles) = own.described();
        let members = own.first_members()?;
        let founder = FounderPart {
            organisation: own.organisation.clone(),
            name,
            roles,
            root: own.root()?,
            members: members
                .into_iter()
                .map(|(id, certificate)| GenesisMember { id, certificate })
                .collect(),
            node: own.node_chain()?,
            address: own.node()?.listen.to_string(),
            made_at_ms: now_ms,
        };
        let (_, admin) = own.member("admin")?;
        Ok(Self {
            signature: admin.key.sign(&founder_namespace(), &founder.digest()),
            founder,
        })
    }

    /// Checks chains, names and the signature; the node's key and address.
    ///
    /// # Errors
    /// [`ConsortiumError::Certificate`] or [`ConsortiumError::Forged`].
    pub fn check(&self) -> Result<PeerSettings, ConsortiumError> {
        let part = &self.founder;
        let at_ms = part.made_at_ms;
        let named = |code, reason: &str| ConsortiumError::Certificate {
            organisation: part.organisation.to_string(),
            code,
            reason: reason.to_owned(),
        };
        let mismatch = "certificate.organisation_mismatch";
        let root = parse_authority(&part.root).map_err(|error| part.refused(&error))?;
        if root.organisation != part.organisation.as_str() {
            return Err(named(
                mismatch,
                "its root certificate names another organisation",
            ));
        }
        for member in &part.members {
            let certificate = verify_chain(&member.certificate, &part.root, at_ms)
                .map_err(|error| part.refused(&error))?;
            let id = format!("{}/{}", certificate.organisation, certificate.name);
            if id != member.id.as_str() {
                return Err(named(
                    mismatch,
                    "a member's certificate names another member",
                ));
            }
        }
        let node = verify_node_chain(&part.node, &part.root, at_ms)
            .map_err(|error| part.refused(&error))?;
        let admin = part
            .members
            .first()
            .map(|admin| parse_member(&admin.certificate));
        let admin = admin.and_then(Result::ok);
        let Some(admin) = admin.filter(|one| one.functions.iter().any(|held| held == "admin"))
        else {
            return Err(named("founding.no_admin", "its first member is no admin"));
        };
        admin
            .public_key
            .verify(&founder_namespace(), &part.digest(), &self.signature)
            .map_err(|_| ConsortiumError::Forged {
                signer: format!("{}/{}", admin.organisation, admin.name),
                what: "the founder's file",
            })?;
        let address: SocketAddr = part.address.parse().map_err(|_| {
            named(
                "founding.bad_address",
                "its node's address is no IP and port",
            )
        })?;
        Ok(PeerSettings {
            organisation: part.organisation.clone(),
            key: node.public_key,
            address,
        })
    }
}

impl DraftFile {
    /// The draft that follows from founders' files: the same on every machine, in whichever order
    /// the files come.
    ///
    /// # Errors
    /// A file that does not hold, a slug or key that is there twice, or a genesis that breaks a rule.
    pub fn make(plan: &DraftPlan, mut files: Vec<FounderFile>) -> Result<Self, ConsortiumError> {
        files.sort_by(|a, b| a.founder.organisation.cmp(&b.founder.organisation));
        let peers = check_all(&files)?;
        if let Some(unknown) = plan
            .roles
            .keys()
            .find(|id| !files.iter().any(|file| file.founder.organisation == **id))
        {
            return Err(ConsortiumError::NotAFounder {
                organisation: unknown.clone(),
            });
        }
        let youngest = files.iter().map(|file| file.founder.made_at_ms).max();
        let founders: Vec<_> = files
            .iter()
            .map(|file| {
                let part = &file.founder;
                let granted = plan.roles.get(&part.organisation);
                plan::Founder {
                    id: part.organisation.clone(),
                    name: part.name.clone(),
                    roles: granted.unwrap_or(&part.roles).clone(),
                    ca_certificate: part.root.clone(),
                    members: part
                        .members
                        .iter()
                        .map(|member| (member.id.clone(), member.certificate.clone()))
                        .collect(),
                }
            })
            .collect();
        let validators: Vec<_> = peers.iter().map(validator).collect();
        let genesis = plan::genesis(
            &plan.name,
            plan.time_ms.or(youngest).unwrap_or_default(),
            plan.parameters.clone(),
            &founders,
            &validators,
            &plan.contracts,
        );
        let draft = Self {
            genesis,
            founders: files,
        };
        draft.check()?;
        Ok(draft)
    }

    /// Whether the genesis follows its rules, every founder's part holds, and the genesis has each
    /// part as it is.
    ///
    /// # Errors
    /// [`ConsortiumError`], with what is wrong.
    pub fn check(&self) -> Result<Vec<PeerSettings>, ConsortiumError> {
        let bad = |reason: String| ConsortiumError::Genesis { reason };
        let peers = check_all(&self.founders)?;
        self.genesis
            .check()
            .map_err(|error| bad(error.to_string()))?;
        self.genesis
            .check_certificates()
            .map_err(|error| bad(error.to_string()))?;
        let mut validators: Vec<_> = peers.iter().map(validator).collect();
        validators.sort_by_key(|validator| validator.key);
        if validators != self.genesis.validators {
            return Err(bad("its validators are not the founders' nodes".to_owned()));
        }
        if self.genesis.organisations.len() != self.founders.len() {
            return Err(bad("its organisations are not the founders".to_owned()));
        }
        for file in &self.founders {
            let part = &file.founder;
            let found = self.genesis.organisation(&part.organisation);
            let mut members = part.members.clone();
            members.sort_by(|a, b| a.id.cmp(&b.id));
            let same = found.is_some_and(|found| {
                found.name == part.name
                    && found.ca_certificate == part.root
                    && found.members == members
            });
            if !same {
                return Err(bad(format!(
                    "what it says of {} is not what that founder's file says",
                    part.organisation
                )));
            }
        }
        Ok(peers)
    }

    /// Checks that the own organisation's part is exactly what lies in its folder.
    ///
    /// # Errors
    /// [`ConsortiumError::OtherPart`] or [`ConsortiumError::NotAFounder`].
    pub fn check_own(&self, own: &Own) -> Result<(), ConsortiumError> {
        let mut files = self.founders.iter();
        let part = files
            .find(|file| file.founder.organisation == own.organisation)
            .map(|file| &file.founder)
            .ok_or_else(|| ConsortiumError::NotAFounder {
                organisation: own.organisation.clone(),
            })?;
        let other = |what| ConsortiumError::OtherPart {
            organisation: own.organisation.clone(),
            what,
            path: own.folder.root().to_owned(),
        };
        let members: Vec<_> = own
            .first_members()?
            .into_iter()
            .map(|(id, certificate)| GenesisMember { id, certificate })
            .collect();
        match () {
            () if part.root != own.root()? => Err(other("root certificate")),
            () if part.members != members => Err(other("members' certificates")),
            () if part.node != own.node_chain()? => Err(other("node's certificate")),
            () if part.address != own.node()?.listen.to_string() => Err(other("node's address")),
            () => Ok(()),
        }
    }

    /// Signs the genesis by the own admin, once draft and own part are in order.
    ///
    /// # Errors
    /// [`ConsortiumError`]; nothing is signed then.
    pub fn sign(&self, own: &Own) -> Result<SignatureFile, ConsortiumError> {
        self.check()?;
        self.check_own(own)?;
        let (member, admin) = own.member("admin")?;
        let genesis = self.genesis.digest();
        Ok(SignatureFile {
            organisation: own.organisation.clone(),
            member,
            genesis,
            signature: admin.key.sign(&genesis_namespace(), &genesis),
        })
    }

    /// Checks that every founder signed exactly this genesis by its admin's key.
    ///
    /// # Errors
    /// [`ConsortiumError::OtherDraft`], [`ConsortiumError::Forged`], [`ConsortiumError::NotAFounder`],
    /// [`ConsortiumError::Unsigned`].
    pub fn check_signatures(&self, signatures: &[SignatureFile]) -> Result<(), ConsortiumError> {
        let draft = self.genesis.digest();
        let mut keys: BTreeMap<&OrganisationId, (MemberId, PublicKey)> = BTreeMap::new();
        for file in &self.founders {
            let part = &file.founder;
            if let Some(admin) = part.members.first()
                && let Ok(certificate) = parse_member(&admin.certificate)
            {
                let key = certificate.public_key;
                keys.insert(&part.organisation, (admin.id.clone(), key));
            }
        }
        for signature in signatures {
            let organisation = &signature.organisation;
            let Some((admin, key)) = keys.get(organisation) else {
                return Err(ConsortiumError::NotAFounder {
                    organisation: organisation.clone(),
                });
            };
            if signature.genesis != draft {
                return Err(ConsortiumError::OtherDraft {
                    organisation: organisation.clone(),
                    signed: signature.genesis,
                    draft,
                });
            }
            let signed = key.verify(&genesis_namespace(), &draft, &signature.signature);
            if signed.is_err() || signature.member != *admin {
                return Err(ConsortiumError::Forged {
                    signer: admin.to_string(),
                    what: "the genesis",
                });
            }
        }
        let signed =
            |id: &&&OrganisationId| !signatures.iter().any(|one| one.organisation == ***id);
        let missing: Vec<_> = keys
            .keys()
            .filter(signed)
            .map(ToString::to_string)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ConsortiumError::Unsigned { missing })
    }

    /// Founds the ledger in the own folder, once every founder signed it.
    ///
    /// # Errors
    /// [`ConsortiumError`]; the folder is as before then.
    pub fn found(
        &self,
        own: &mut Own,
        signatures: &[SignatureFile],
    ) -> Result<(), ConsortiumError> {
        let peers = self.check()?;
        self.check_own(own)?;
        self.check_signatures(signatures)?;
        let others: Vec<_> = self
            .genesis
            .organisations
            .iter()
            .map(|one| (one.id.clone(), one.name.clone(), one.roles.clone()))
            .collect();
        own.keep_ledger(&self.genesis, &others, &peers)
    }
}

fn validator(peer: &PeerSettings) -> Validator {
    Validator {
        organisation: peer.organisation.clone(),
        key: peer.key,
    }
}

/// Checks each file, and that no slug and no key is there twice.
fn check_all(files: &[FounderFile]) -> Result<Vec<PeerSettings>, ConsortiumError> {
    let mut peers: Vec<PeerSettings> = Vec::with_capacity(files.len());
    for file in files {
        let peer = file.check()?;
        let twice = |what| {
            Err(ConsortiumError::Twice {
                organisation: peer.organisation.to_string(),
                what,
            })
        };
        if peers
            .iter()
            .any(|one| one.organisation == peer.organisation)
        {
            return twice("the founder's file");
        }
        if peers.iter().any(|one| one.key == peer.key) {
            return twice("the node's key");
        }
        if peers.iter().any(|one| one.address == peer.address) {
            return twice("the node's address");
        }
        peers.push(peer);
    }
    Ok(peers)
}
