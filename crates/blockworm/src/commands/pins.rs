//! Lets the founders of a local consortium pin each ledger on the other by vote, and each follow the other.

use super::decide::decide;
use crate::{
    failure::{Failure, Result},
    remote::{Remote, check_ok, folder_failure},
    signer::Signer,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::model::ReceiptView;
use blockworm_execution::{Action, LedgerMsg};
use blockworm_ledger::{ContractName, Genesis, MemberId, OrganisationId};
use blockworm_service::network::{ConsortiumFolder, ConsortiumRecord, LedgerRecord};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// How long each transaction may take.
const STEP: Duration = Duration::from_secs(30);
/// The system's contract that follows other ledgers.
const LEDGER: &str = "ledger";

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
                ledger: here,
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
    ledger: &'a LedgerRecord,
    name: OrganisationId,
    genesis: Genesis,
}

impl Founders<'_> {
    async fn ensure(&self) -> Result<()> {
        let digest = self.genesis.digest().to_string();
        let name = self.name.as_str();
        let pins = self.ask(json!({ "pins": {} })).await?;
        if pins[name] != digest.as_str() {
            let action = Action::PinLedger {
                name: self.name.clone(),
                genesis: self.genesis.digest(),
            };
            decide(self.folder, self.ledger, self.remote, action).await?;
        }
        let anchors = self.ask(json!({ "anchors": {} })).await?;
        if anchors[name]["genesis"] != digest.as_str() {
            let message = LedgerMsg::Follow {
                name: self.name.clone(),
                genesis: BASE64_STANDARD.encode(self.genesis.encode()),
            };
            let receipt = self.submit(&message).await?;
            // Somebody else may have done it in the meantime.
            if receipt.code != "foreign.already_followed" {
                check_ok(&receipt)?;
            }
        }
        Ok(())
    }

    async fn ask(&self, question: Value) -> Result<Value> {
        self.remote.query(LEDGER, &question).await
    }

    /// By the first founder's admin: whoever sends it decides nothing.
    async fn submit(&self, message: &LedgerMsg) -> Result<ReceiptView> {
        let founder = self.ledger.organisations.first().ok_or_else(|| {
            let what = "the consortium's record names no organisation";
            Failure::new("folder.damaged", what)
        })?;
        let admin = MemberId::new(founder, "admin")
            .map_err(|error| Failure::of("member.bad_name", &error))?;
        let signer = Signer::of_folder(self.folder, &admin)?;
        let contract: ContractName = LEDGER
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
