//! What one ledger says of a node's next key: asked for, voted on, accepted.

use super::Rotating;
use crate::{
    cli::NodeRotateKeyArgs,
    commands::{lifecycle::is_running, proposal},
    failure::{Failure, Result},
    remote::{Remote, check_ok, client_failure},
    signer::Signer,
};
use blockworm_api::{Client, model::ReceiptView};
use blockworm_crypto::PublicKey;
use blockworm_execution::{Action, MembershipAction, ProposalsMsg};
use blockworm_ledger::{ContractName, MemberId, OrganisationId};
use blockworm_service::{
    hsm::reference_file,
    identity::NodeRotation,
    network::{LedgerRecord, NodeRecord},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;
/// How long one vote may take.
const STEP: Duration = Duration::from_secs(60);

/// How it stands on one ledger.
#[derive(Serialize)]
pub struct Asked {
    pub name: String,
    /// Its number, unless it was accepted before this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// The change's digest, which votes name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub approvals: u64,
    pub needed: u64,
    /// The epoch with which the next key has the vote, once the change was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_effect_from: Option<u64>,
    /// Whether the ledger stands still while the node restarts.
    pub pauses: bool,
}

/// The change on one ledger.
pub struct Deciding<'a> {
    rotating: &'a Rotating<'a>,
    ledger: &'a LedgerRecord,
    remote: Remote,
    old: PublicKey,
    rotation: &'a NodeRotation,
}

/// A running node of the folder that keeps the ledger, another one if there is one; true if it is
/// the node itself.
pub async fn someone(rotating: &Rotating<'_>, ledger: &LedgerRecord) -> Result<(Remote, bool)> {
    let own = |node: &NodeRecord| node.organisation == rotating.node.organisation;
    let mut nodes: Vec<&NodeRecord> = rotating.record.nodes.iter().collect();
    nodes.retain(|node| ledger.is_kept_by(&node.organisation));
    nodes.sort_by_key(|node| own(node));
    for node in nodes {
        if !is_running(rotating.folder, node)? {
            continue;
        }
        let client = Client::new(&node.api_url()).map_err(client_failure)?;
        let view = match client.ledger(&ledger.id).await {
            Err(_) if !own(node) => continue,
            answer => answer.map_err(client_failure)?,
        };
        return Ok((Remote::of(client, &view)?, own(node)));
    }
    Err(rotating.not_running())
}

/// Whether the key is among the validators as decided last.
pub async fn may_vote(remote: &Remote, key: &PublicKey) -> Result<bool> {
    let decided = remote.query("ledger", &json!({ "validators": {} })).await?;
    let newest = decided.as_array().and_then(|sets| sets.last());
    Ok(newest.is_some_and(|set| lists(&set["validators"], &key.to_string())))
}

fn lists(list: &Value, key: &str) -> bool {
    let mut all = list.as_array().into_iter().flatten();
    all.any(|one| one["key"] == key)
}

impl<'a> Deciding<'a> {
    pub async fn on(
        rotating: &'a Rotating<'a>,
        ledger: &'a LedgerRecord,
        (old, rotation): (&PublicKey, &'a NodeRotation),
    ) -> Result<Self> {
        let (remote, _) = someone(rotating, ledger).await?;
        Ok(Self {
            rotating,
            ledger,
            remote,
            old: *old,
            rotation,
        })
    }

    /// With which epoch the next key has the old one's place, if the ledger has accepted that.
    pub async fn decided(&self) -> Result<Option<u64>> {
        let (old, next) = (self.old.to_string(), self.rotation.next.to_string());
        let nodes = self
            .remote
            .query("ledger", &json!({ "nodes": { "limit": 100 } }))
            .await?;
        let row = |key: &str| {
            let mut all = nodes.as_array().into_iter().flatten();
            all.find(|node| node["key"] == key)
        };
        let admitted = row(&next).is_some_and(|node| node["dismissed_at"].is_null());
        let dismissed = row(&old).is_some_and(|node| !node["dismissed_at"].is_null());
        if !(admitted && dismissed) {
            return Ok(None);
        }
        let question = json!({ "validators": {} });
        let sets = self.remote.query("ledger", &question).await?;
        let mut sets = sets.as_array().into_iter().flatten();
        let Some(set) = sets.find(|set| lists(&set["validators"], &next)) else {
            // It watches.
            return Ok(Some(0));
        };
        let question = json!({ "parameters": {} });
        let parameters = self.remote.query("ledger", &question).await?;
        let number = |name: &str| parameters[name].as_u64().unwrap_or(1);
        let decided = set["decided_at"].as_u64().unwrap_or_default();
        Ok(Some(
            (decided + number("root_lag")) / number("epoch_length").max(1) + 1,
        ))
    }

    /// Asks for the change where nobody has, and votes for it with the keys that lie in the folder.
    pub async fn ask(&self, args: &NodeRotateKeyArgs) -> Result<Asked> {
        let topology = self.remote.client.topology(&self.ledger.id).await;
        let topology = topology.map_err(client_failure)?;
        let mut asked = Asked {
            name: self.ledger.name.clone(),
            proposal: None,
            digest: None,
            approvals: 0,
            needed: 0,
            in_effect_from: self.decided().await?,
            pauses: topology.tolerated == 0,
        };
        if asked.in_effect_from.is_some() {
            return Ok(asked);
        }
        self.rotating
            .progress
            .doing(format!("voting on {}", self.ledger.name));
        let action = Action::Membership(MembershipAction::ReplaceNode {
            key: self.old,
            by: self.rotation.certificate.clone(),
            address: self.address(args).await?,
        });
        asked.digest = Some(action.digest().to_string());
        let number = self.proposed(&action, args).await?;
        self.vote(number, &action).await?;
        asked.proposal = Some(number);
        asked.in_effect_from = self.decided().await?;
        let found = proposal::find(&self.remote, number).await?;
        let count = |name: &str| found[name].as_u64().unwrap_or_default();
        (asked.approvals, asked.needed) = (count("approvals"), count("needed"));
        Ok(asked)
    }

    /// Where the node is: as the ledger knows, or as the folder says.
    async fn address(&self, args: &NodeRotateKeyArgs) -> Result<String> {
        if let Some(address) = args.address {
            return Ok(address.to_string());
        }
        let nodes = self
            .remote
            .query("ledger", &json!({ "nodes": { "limit": 100 } }))
            .await?;
        let old = self.old.to_string();
        let mut nodes = nodes.as_array().into_iter().flatten();
        let known = nodes.find(|node| node["key"] == old.as_str());
        let known = known.and_then(|node| node["address"].as_str());
        if let Some(address) = known.filter(|address| !address.is_empty()) {
            return Ok(address.to_owned());
        }
        let listen = self.rotating.node.listen;
        if listen.ip().is_unspecified() {
            let what = format!(
                "the node listens on {listen}, and {} does not know where others find it",
                self.ledger.name
            );
            return Err(Failure::new("node.address_needed", what)
                .next("name it: --address IP:PORT, as the others have it in their node.toml"));
        }
        Ok(listen.to_string())
    }

    /// The number of the open proposal of this change; it is made where there is none.
    async fn proposed(&self, action: &Action, args: &NodeRotateKeyArgs) -> Result<u64> {
        let digest = action.digest().to_string();
        let all = proposal::all(&self.remote).await?;
        let last = all
            .iter()
            .rev()
            .find(|one| one["digest"] == digest.as_str());
        if let Some(last) = last {
            let number = last["number"].as_u64().unwrap_or_default();
            match last["outcome"].as_str().unwrap_or_default() {
                "open" => return Ok(number),
                "rejected" if !args.again => return Err(self.over(number, "rejected")),
                "expired" if !args.again => return Err(self.over(number, "expired")),
                _ => {}
            }
        }
        let message = ProposalsMsg::Propose {
            action: action.clone(),
            for_ms: args.hours * HOUR_MS,
        };
        let own = &self.rotating.node.organisation;
        let receipt = self.send(own, &message).await?;
        check_ok(&receipt)?;
        let proposed = receipt.events.iter().find(|event| event.kind == "proposed");
        proposed
            .and_then(|event| event.subject.parse().ok())
            .ok_or_else(|| {
                let what = format!("the proposal on {} has no number", self.ledger.name);
                Failure::new("node.unexpected", what)
                    .next(format!("blockworm tx show {}", receipt.transaction))
            })
    }

    fn over(&self, number: u64, outcome: &str) -> Failure {
        let (ledger, own) = (&self.ledger.name, &self.rotating.node.organisation);
        let (code, what) = match outcome {
            "rejected" => ("proposal.rejected", "was rejected"),
            _ => ("proposal.expired", "found too few votes in time"),
        };
        let dir = self.rotating.folder.root().display();
        Failure::new(code, format!("proposal {number} on {ledger} {what}")).next(format!(
            "blockworm proposal show {number} --ledger {ledger}; ask again with blockworm node rotate-key {own} --again --dir {dir}"
        ))
    }

    /// Votes for it by every admin whose key lies in the folder.
    async fn vote(&self, number: u64, action: &Action) -> Result<()> {
        let message = ProposalsMsg::Vote {
            proposal: number,
            approve: true,
            action: action.digest(),
        };
        let folder = self.rotating.folder;
        for organisation in &self.ledger.organisations {
            let here = folder.key_file(organisation, "admin").exists()
                || reference_file(folder, organisation, "admin").exists();
            if !here {
                continue;
            }
            let receipt = self.send(organisation, &message).await?;
            match receipt.code.as_str() {
                "proposal.already_voted" => {}
                "proposal.decided" => return Ok(()),
                _ => check_ok(&receipt)?,
            }
            if receipt.events.iter().any(|event| event.kind == "accepted") {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn send(&self, of: &OrganisationId, message: &ProposalsMsg) -> Result<ReceiptView> {
        let contract: ContractName = "proposals"
            .parse()
            .map_err(|error| Failure::of("contract.bad_name", &error))?;
        let admin =
            MemberId::new(of, "admin").map_err(|error| Failure::of("member.bad_name", &error))?;
        let signer = Signer::of_folder(self.rotating.folder, &admin)?;
        let message = serde_json::to_vec(message)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        self.remote.submit(&signer, &contract, message, STEP).await
    }
}
