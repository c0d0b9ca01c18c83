//! The task of a node that keeps its organisation's certificates from ending: renews them, tells
//! the ledgers, and warns in the log of what nears its end.

use super::member;
use crate::signer::Signer;
use blockworm_execution::MembersQuery;
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_node::{LedgerHandle, NodeHandle};
use blockworm_service::{
    identity::{
        IdentityDesk, certificates,
        renewal::{HeldMember, held_members, open_key, renew_due},
    },
    network::{ConsortiumFolder, clock},
};
use bytes::Bytes;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Between two looks at what the ledgers know, where no certificate was renewed.
const PASSES: u32 = 15;
/// How long a renewal may take to be in a block.
const WAIT: Duration = Duration::from_secs(10);

/// What a ledger knows of a member.
#[derive(Deserialize)]
struct Registered {
    key: String,
    not_after_ms: u64,
    revoked_at: Option<u64>,
    functions: Vec<String>,
}

/// Looks after the certificates of these organisations until it is dropped.
pub struct Renewing {
    pub folder: ConsortiumFolder,
    pub desk: Arc<IdentityDesk>,
    pub node: NodeHandle,
    /// Between two looks, on the machine's clock.
    pub pause: Duration,
    /// Whether it renews, or only warns.
    pub renews: bool,
}

impl Renewing {
    /// Never ends by itself.
    pub async fn run(self) {
        let (mut told, mut untold) = (BTreeMap::new(), BTreeSet::new());
        for pass in 0_u32.. {
            tokio::time::sleep(self.pause).await;
            if self.renews {
                for organisation in self.desk.organisations() {
                    let renewed = self.renew(organisation).await;
                    // What could not be told, since a node was behind or a process ended, is told at
                    // one of the next looks.
                    if renewed || untold.contains(organisation) || pass % PASSES == 0 {
                        match self.tell_ledgers(organisation).await {
                            true => untold.remove(organisation),
                            false => untold.insert(organisation.clone()),
                        };
                    }
                }
            }
            self.warn(&mut told).await;
        }
    }

    async fn renew(&self, organisation: &OrganisationId) -> bool {
        let (folder, whose) = (self.folder.clone(), organisation.clone());
        let pass =
            tokio::task::spawn_blocking(move || renew_due(&folder, &whose, clock::current_ms()))
                .await;
        match pass {
            Ok(Ok(pass)) => {
                for file in &pass.renewed {
                    tracing::info!(%organisation, file, "renewed a certificate");
                }
                for (file, error) in &pass.failed {
                    tracing::error!(%organisation, file, %error, "a certificate was not renewed");
                }
                for file in &pass.needs_root {
                    tracing::debug!(%organisation, file, "only the root's key can make it longer");
                }
                !pass.renewed.is_empty()
            }
            Ok(Err(error)) => {
                tracing::error!(%organisation, %error, "no certificate can be renewed");
                false
            }
            Err(_) => false,
        }
    }

    /// Tells each ledger the newer certificates of members whose keys lie here, each signed by the
    /// member itself; by an admin, where the member may not act any more.
    /// False where that did not succeed everywhere.
    async fn tell_ledgers(&self, organisation: &OrganisationId) -> bool {
        let (folder, whose) = (self.folder.clone(), organisation.clone());
        let held = tokio::task::spawn_blocking(move || held_members(&folder, &whose)).await;
        let held = held.unwrap_or_default();
        let mut all = true;
        for ledger in self.node.ledgers() {
            if ledger.status().catching_up {
                all = false;
                continue;
            }
            if let Err(error) = tell(&self.folder, &ledger, &held).await {
                all = false;
                tracing::warn!(%organisation, ledger = %ledger.id(), error, "a renewal was not told");
            }
        }
        all
    }

    /// Warns once for each threshold that a certificate crosses.
    async fn warn(&self, told: &mut BTreeMap<String, usize>) {
        let (folder, organisations) = (self.folder.clone(), self.desk.organisations().to_vec());
        let standings = tokio::task::spawn_blocking(move || {
            certificates(&folder, &organisations, clock::current_ms())
        });
        let standings = standings.await.unwrap_or_default();
        let serials: Vec<String> = standings.iter().map(|one| one.serial.clone()).collect();
        told.retain(|serial, _| serials.contains(serial));
        for one in standings {
            let warnings = one.warnings();
            let before = told.insert(one.serial.clone(), warnings).unwrap_or(0);
            if warnings <= before {
                continue;
            }
            let (organisation, file, seconds_left) = (one.organisation, one.file, one.seconds_left);
            if seconds_left < 0 {
                tracing::error!(organisation, file, seconds_left, "a certificate has ended");
            } else {
                tracing::warn!(
                    organisation,
                    file,
                    seconds_left,
                    "a certificate nears its end"
                );
            }
        }
    }
}

async fn tell(
    folder: &ConsortiumFolder,
    ledger: &LedgerHandle,
    held: &[HeldMember],
) -> Result<(), String> {
    let now_ms = ledger.status().time_ms;
    let mut known = Vec::new();
    for member in held {
        if let Some(registered) = registered(ledger, &member.id).await? {
            known.push((member, registered));
        }
    }
    let acts = |(member, registered): &&(&HeldMember, Registered)| {
        registered.not_after_ms >= now_ms
            && registered.key == member.described.public_key.to_string()
    };
    let admin = known
        .iter()
        .filter(acts)
        .find(|(_, registered)| registered.functions.iter().any(|held| held == "admin"));
    let mut transactions = Vec::new();
    for entry in &known {
        let (member, registered) = entry;
        let newer = member.described.validity.not_after_ms > registered.not_after_ms;
        let same_key = registered.key == member.described.public_key.to_string();
        if !newer || !same_key {
            continue;
        }
        let signer = if acts(&entry) {
            Some(member)
        } else {
            admin.map(|(admin, _)| admin)
        };
        let Some(signer) = signer else {
            tracing::error!(member = %member.id, ledger = %ledger.id(), "nobody here may renew it on the ledger any more");
            continue;
        };
        let opened = |id: &MemberId| {
            let key = open_key(folder, id);
            key.map_err(|error| format!("the key of {id}: {error}"))
        };
        let key = opened(&member.id)?;
        let message = member::registration_by("renew", ledger.id(), &member.certificate, &*key);
        let message = message.map_err(|error| error.to_string())?;
        let signer = Signer::held(signer.id.clone(), opened(&signer.id)?);
        let signed = signer.sign(ledger.id(), &member::contract(), message);
        let signed = signed.map_err(|failure| failure.what)?;
        transactions.push(Bytes::from(signed.encode()));
    }
    if transactions.is_empty() {
        return Ok(());
    }
    let count = transactions.len();
    for answer in ledger.submit_and_wait(transactions, WAIT).await {
        match answer {
            Ok(Some(receipt)) if receipt.code != "ok" => {
                return Err(format!("{}: {}", receipt.code, receipt.message));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Err("it is in no block yet".to_owned()),
            Err(refusal) => return Err(refusal.to_string()),
        }
    }
    tracing::info!(count, ledger = %ledger.id(), "told a ledger of renewed certificates");
    Ok(())
}

async fn registered(
    ledger: &LedgerHandle,
    member: &MemberId,
) -> Result<Option<Registered>, String> {
    let question = MembersQuery::Member {
        id: member.to_string(),
    };
    let question = serde_json::to_vec(&question).map_err(|error| error.to_string())?;
    let answer = ledger.query(&member::contract(), &question).await;
    let answer = answer.map_err(|refusal| refusal.to_string())?;
    let registered: Option<Registered> =
        serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
    Ok(registered.filter(|registered| registered.revoked_at.is_none()))
}
