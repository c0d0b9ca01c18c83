//! Lets the founders of a local consortium pin each ledger on the other by vote, and each follow the other.

use crate::{
    failure::{Failure, Result},
    remote::{Remote, check_ok, folder_failure},
    signer::Signer,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::model::ReceiptView;
use blockworm_execution::{Action, LedgerMsg, ProposalsMsg};
use blockworm_ledger::{ContractName, Genesis, MemberId, OrganisationId};
use blockworm_service::network::{ConsortiumFolder, ConsortiumRecord};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// How long each transaction may take.
const STEP: Duration = Duration::from_secs(30);
/// How long the vote is open.
const HOUR_MS: u64 = 3_600_000;

/// On every ledger of the folder, every other one: does what is missing of pin and anchor.
pub async fn ensure(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    remotes: &BTreeMap<&str, Remote>,
) -> Result<()> {
    let mut pairs = Vec::new();
    for here in &record.ledgers {
        for there in record.ledgers.iter().filter(|there| there.id != here.id) {
            let genesis = folder
                .genesis(&there.name)
                .map_err(|error| folder_failure(folder, &error))?;
            let Some(remote) = remotes.get(here.name.as_str()) else {
                continue;
            };
            pairs.push(Founders {
                folder,
                remote,
                organisations: &here.organisations,
                name: slug(&there.name)?,
                genesis,
            });
        }
    }
    let all = pairs.iter().map(Founders::ensure);
    let done: Vec<Result<()>> = futures::future::join_all(all).await;
    done.into_iter().collect()
}

/// Who keeps a ledger, and the other ledger that it should know.
struct Founders<'a> {
    folder: &'a ConsortiumFolder,
    remote: &'a Remote,
    organisations: &'a [OrganisationId],
    name: OrganisationId,
    genesis: Genesis,
}

impl Founders<'_> {
    async fn ensure(&self) -> Result<()> {
        let digest = self.genesis.digest().to_string();
        let name = self.name.as_str();
        let pins = self.ask(json!({ "pins": {} })).await?;
        if pins[name] != digest.as_str() {
            self.vote().await?;
        }
        let anchors = self.ask(json!({ "anchors": {} })).await?;
        if anchors[name]["genesis"] != digest.as_str() {
            let message = LedgerMsg::Follow {
                name: self.name.clone(),
                genesis: BASE64_STANDARD.encode(self.genesis.encode()),
            };
            let founder = self.organisations.first().ok_or_else(no_organisation)?;
            let receipt = self.submit(founder, "ledger", &message).await?;
            // Somebody else may have done it in the meantime.
            if receipt.code != "foreign.already_followed" {
                check_ok(&receipt)?;
            }
        }
        Ok(())
    }

    async fn ask(&self, question: Value) -> Result<Value> {
        self.remote.query("ledger", &question).await
    }

    /// One founder proposes the pin; as many more as are needed approve, all at once.
    async fn vote(&self) -> Result<()> {
        let (first, others) = self
            .organisations
            .split_first()
            .ok_or_else(no_organisation)?;
        let propose = ProposalsMsg::Propose {
            action: Action::PinLedger {
                name: self.name.clone(),
                genesis: self.genesis.digest(),
            },
            for_ms: HOUR_MS,
        };
        let proposed = self.submit(first, "proposals", &propose).await?;
        check_ok(&proposed)?;
        let number = proposed
            .events
            .iter()
            .find(|event| event.kind == "proposed");
        let proposal = number
            .and_then(|event| event.subject.parse().ok())
            .ok_or_else(|| Failure::new("node.unexpected", "a proposal without a number"))?;
        let vote = ProposalsMsg::Vote {
            proposal,
            approve: true,
        };
        // More than two thirds, of whom the first approved by asking.
        let needed = self.organisations.len() * 2 / 3;
        let votes = others.iter().take(needed);
        let votes = votes.map(|organisation| self.submit(organisation, "proposals", &vote));
        for receipt in futures::future::join_all(votes).await {
            check_ok(&receipt?)?;
        }
        Ok(())
    }

    async fn submit(
        &self,
        organisation: &OrganisationId,
        contract: &str,
        message: &impl Serialize,
    ) -> Result<ReceiptView> {
        let admin = MemberId::new(organisation, "admin")
            .map_err(|error| Failure::of("member.bad_name", &error))?;
        let signer = Signer::of_folder(self.folder, &admin)?;
        let contract: ContractName = contract
            .parse()
            .map_err(|error| Failure::of("contract.bad_name", &error))?;
        let message = serde_json::to_vec(message)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        self.remote.submit(&signer, &contract, message, STEP).await
    }
}

fn slug(name: &str) -> Result<OrganisationId> {
    name.parse()
        .map_err(|error| Failure::of("folder.damaged", &error))
}

fn no_organisation() -> Failure {
    let what = "the consortium's record names no organisation";
    Failure::new("folder.damaged", what)
}
