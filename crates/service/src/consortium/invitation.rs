//! Inviting an organisation, accepting on another machine, and joining once it is admitted.

use super::{ConsortiumError, Own};
use crate::network::{
    ConsortiumFolder, ConsortiumRecord, LedgerRecord, NodeConfigFile, Overrides,
    config::PeerSettings, join,
};
use blockworm_crypto::{Digest, PublicKey, Signing, SigningError};
use blockworm_execution::invitation::{
    Acceptance, Invitation, InvitedNode, MAX_INVITED_NODES, SignedAcceptance, SignedInvitation,
    acceptance_namespace, invitation_namespace,
};
use blockworm_ledger::{Genesis, OrganisationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an inviter sends: the signed invitation and the genesis of each ledger that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationFile {
    /// What is shown to the ledger later.
    pub signed: SignedInvitation,
    /// In the order of the invitation's ledgers.
    pub genesis: Vec<Genesis>,
}

impl InvitationFile {
    /// Signs an invitation.
    ///
    /// # Errors
    /// A key that lies elsewhere and did not sign.
    pub fn sign(
        invitation: Invitation,
        genesis: Vec<Genesis>,
        key: &dyn Signing,
    ) -> Result<Self, SigningError> {
        Ok(Self {
            signed: SignedInvitation {
                signature: key.sign(&invitation_namespace(), &invitation.digest())?,
                invitation,
            },
            genesis,
        })
    }

    /// What can be known of an invitation before the ledger is: that it fits together, that the
    /// genesis is the one that was told from elsewhere, and that its time has not passed. Whether
    /// the inviter is an admin of that ledger, its voters see.
    ///
    /// # Errors
    /// [`ConsortiumError::OtherGenesis`], [`ConsortiumError::Expired`], [`ConsortiumError::Genesis`].
    pub fn check(&self, told: &[Digest], now_ms: u64) -> Result<(), ConsortiumError> {
        let invitation = &self.signed.invitation;
        let bad = |reason: String| ConsortiumError::Genesis { reason };
        if invitation.ledgers.is_empty() || invitation.ledgers.len() != self.genesis.len() {
            return Err(bad(
                "the invitation names other ledgers than it brings".to_owned()
            ));
        }
        for (ledger, genesis) in invitation.ledgers.iter().zip(&self.genesis) {
            genesis.check().map_err(|error| bad(error.to_string()))?;
            let digest = genesis.digest();
            if ledger.genesis != digest || ledger.id != genesis.ledger_id() {
                return Err(bad(format!(
                    "the genesis of {} is {digest}, and the invitation says {}",
                    ledger.name, ledger.genesis
                )));
            }
            if !told.contains(&digest) {
                return Err(ConsortiumError::OtherGenesis {
                    told: told.first().copied().unwrap_or(Digest::ZERO),
                });
            }
        }
        if now_ms >= invitation.expires_at_ms {
            return Err(ConsortiumError::Expired {
                organisation: invitation.organisation.clone(),
            });
        }
        Ok(())
    }

    /// Answers it with what lies in the new organisation's own folder.
    ///
    /// # Errors
    /// What the folder's keys refuse.
    pub fn accept(&self, own: &Own) -> Result<SignedAcceptance, ConsortiumError> {
        let (_, admin) = own.member("admin")?;
        let acceptance = Acceptance {
            invitation: self.signed.invitation.digest(),
            root: own.root()?,
            admin: admin.certificate.clone(),
            node: own.node_chain()?,
            address: own.node()?.listen.to_string(),
        };
        Ok(SignedAcceptance {
            signature: admin
                .key
                .sign(&acceptance_namespace(), &acceptance.digest()),
            acceptance,
        })
    }

    /// Lets the new organisation's node keep the invited ledgers.
    ///
    /// # Errors
    /// What the folder refuses.
    pub fn join(&self, own: &mut Own) -> Result<(), ConsortiumError> {
        for (ledger, genesis) in self.signed.invitation.ledgers.iter().zip(&self.genesis) {
            let mut peers = Vec::with_capacity(ledger.nodes.len());
            for node in &ledger.nodes {
                let address = node.address.parse().map_err(|_| ConsortiumError::Genesis {
                    reason: format!("`{}` is no node's address", node.address),
                })?;
                peers.push(PeerSettings {
                    organisation: node.organisation.clone(),
                    key: node.key,
                    address,
                });
            }
            own.keep_ledger(genesis, &keepers(genesis, &peers), &peers)?;
        }
        Ok(())
    }
}

/// The nodes that a newcomer can reach: those of this folder, those that its nodes know, and those
/// that votes admitted, as `ledger {nodes}` answers.
///
/// # Errors
/// A node of the folder whose settings or key cannot be read.
pub fn known_nodes(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    ledger: &LedgerRecord,
    admitted: &serde_json::Value,
) -> Result<Vec<InvitedNode>, ConsortiumError> {
    let mut nodes: BTreeMap<PublicKey, InvitedNode> = BTreeMap::new();
    let mut note = |organisation: &OrganisationId, key: PublicKey, address: String| {
        let node = InvitedNode {
            organisation: organisation.clone(),
            key,
            address,
        };
        nodes.entry(key).or_insert(node);
    };
    let unreadable = |reason: String| ConsortiumError::Malformed {
        path: folder.root().to_owned(),
        what: "a folder whose nodes can be reached",
        reason,
    };
    for node in &record.nodes {
        if !ledger.is_kept_by(&node.organisation) {
            continue;
        }
        let found = join::find(folder, node).map_err(|error| unreadable(error.to_string()))?;
        note(&node.organisation, found.key, node.listen.to_string());
        let path = folder.node_file(&node.organisation);
        let file = NodeConfigFile::read(&path, Overrides::default())
            .map_err(|error| unreadable(error.to_string()))?;
        for peer in file.peers {
            if ledger.is_kept_by(&peer.organisation) {
                note(&peer.organisation, peer.key, peer.address.to_string());
            }
        }
    }
    for row in admitted.as_array().into_iter().flatten() {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let known = (text("organisation").parse(), text("key").parse());
        if let (Ok(organisation), Ok(key)) = known
            && row["dismissed_at"].is_null()
        {
            note(&organisation, key, text("address").to_owned());
        }
    }
    Ok(nodes.into_values().take(MAX_INVITED_NODES).collect())
}

/// Founders, and whoever has a node since.
fn keepers(
    genesis: &Genesis,
    peers: &[PeerSettings],
) -> Vec<(OrganisationId, String, Vec<String>)> {
    let mut keepers: Vec<_> = genesis
        .organisations
        .iter()
        .map(|one| (one.id.clone(), one.name.clone(), one.roles.clone()))
        .collect();
    for peer in peers {
        if !keepers.iter().any(|(id, ..)| *id == peer.organisation) {
            let name = peer.organisation.to_string();
            keepers.push((peer.organisation.clone(), name, Vec::new()));
        }
    }
    keepers
}
