//! What is known about a consortium's nodes at one moment; shared by `up`, `status` and `doctor`.

use crate::output;
use blockworm_api::{Client, model::LedgerView};
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, LedgerRecord, NodeRecord, NodeState, process,
};
use serde::Serialize;

/// A node, its process and its ledgers.
#[derive(Debug, Serialize)]
pub struct NodeSummary {
    /// Whose node.
    pub organisation: String,
    /// `running`, `stopped`, `died` or `silent` (a process that does not answer).
    pub state: &'static str,
    /// Its process, if any.
    pub pid: Option<u32>,
    /// Its API.
    pub api_url: String,
    /// Where it listens for other nodes.
    pub listen: String,
    /// Its ledgers, if it answers.
    pub ledgers: Vec<LedgerView>,
}

/// An organisation, its roles and the members whose keys are in the folder.
#[derive(Debug, Serialize)]
pub struct OrganisationSummary {
    /// Its slug.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Roles granted at genesis.
    pub roles: Vec<String>,
    /// Its members.
    pub members: Vec<String>,
}

/// Asks every node of the folder.
pub async fn nodes(folder: &ConsortiumFolder, record: &ConsortiumRecord) -> Vec<NodeSummary> {
    let asked = record.nodes.iter().map(|node| ask(folder, node));
    futures::future::join_all(asked).await
}

async fn ask(folder: &ConsortiumFolder, node: &NodeRecord) -> NodeSummary {
    let (mut state, pid) = match process::state(folder, &node.organisation) {
        Ok(NodeState::Running(pid)) => ("running", Some(pid)),
        Ok(NodeState::Died(pid)) => ("died", Some(pid)),
        Ok(NodeState::Stopped) | Err(_) => ("stopped", None),
    };
    let mut ledgers = Vec::new();
    if state == "running" {
        match Client::new(&node.api_url()) {
            Ok(client) => match client.ledgers().await {
                Ok(answer) => ledgers = answer,
                Err(_) => state = "silent",
            },
            Err(_) => state = "silent",
        }
    }
    NodeSummary {
        organisation: node.organisation.to_string(),
        state,
        pid,
        api_url: node.api_url(),
        listen: node.listen.to_string(),
        ledgers,
    }
}

/// The organisations of the folder.
pub fn organisations(record: &ConsortiumRecord) -> Vec<OrganisationSummary> {
    record
        .organisations
        .iter()
        .map(|organisation| OrganisationSummary {
            id: organisation.id.to_string(),
            name: organisation.name.clone(),
            roles: organisation.roles.clone(),
            members: organisation
                .members
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
        .collect()
}

/// The ledgers for people.
pub fn ledgers_table<'a>(ledgers: impl IntoIterator<Item = &'a LedgerRecord>) -> String {
    let rows: Vec<[String; 3]> = ledgers
        .into_iter()
        .map(|ledger| {
            let keepers: Vec<&str> = ledger.organisations.iter().map(|id| id.as_str()).collect();
            [ledger.name.clone(), ledger.id.clone(), keepers.join(", ")]
        })
        .collect();
    output::table(["LEDGER", "ID", "KEPT BY"], &rows)
}

/// The nodes for people, a line for each ledger that a node keeps.
pub fn nodes_table(nodes: &[NodeSummary]) -> String {
    let mut rows: Vec<[String; 8]> = Vec::new();
    for node in nodes {
        let line = |ledger: Option<&LedgerView>| {
            let of = |text: fn(&LedgerView) -> String| ledger.map_or_else(|| "-".to_owned(), text);
            [
                node.organisation.clone(),
                node.state.to_owned(),
                node.pid
                    .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
                of(|ledger| ledger.name.clone()),
                of(|ledger| ledger.height.to_string()),
                of(|ledger| {
                    let others = ledger.validators - usize::from(ledger.votes);
                    format!("{} of {others}", ledger.connected_peers)
                }),
                of(|ledger| if ledger.votes { "votes" } else { "watches" }.to_owned()),
                node.api_url.clone(),
            ]
        };
        if node.ledgers.is_empty() {
            rows.push(line(None));
        }
        rows.extend(node.ledgers.iter().map(|ledger| line(Some(ledger))));
    }
    output::table(
        [
            "NODE", "STATE", "PROCESS", "LEDGER", "HEIGHT", "PEERS", "ROLE", "API",
        ],
        &rows,
    )
}

/// The organisations for people.
pub fn organisations_table(organisations: &[OrganisationSummary]) -> String {
    let rows: Vec<[String; 4]> = organisations
        .iter()
        .map(|organisation| {
            [
                organisation.id.clone(),
                organisation.name.clone(),
                organisation.roles.join(", "),
                organisation
                    .members
                    .iter()
                    .map(|member| {
                        member
                            .split_once('/')
                            .map_or(member.as_str(), |(_, name)| name)
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
            ]
        })
        .collect();
    output::table(["ORGANISATION", "NAME", "ROLES", "MEMBERS"], &rows)
}
