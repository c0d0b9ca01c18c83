//! What the API answers about a ledger's nodes and how well they are doing.

use blockworm_node::{NodeRole, NodeSeen, Topology};
use blockworm_service::network::health::{Reason, worst};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A node of a ledger, as the answering node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopologyNode {
    /// Whose node.
    pub organisation: String,
    /// Its consensus key.
    pub key: String,
    /// Where it listens, if a vote admitted it; founders' addresses are in the nodes' settings alone.
    pub address: Option<String>,
    /// `votes` or `watches`.
    pub role: String,
    /// True for the node that answers.
    pub this_node: bool,
    /// Whether it was heard lately; null for others that watch, of whom no vote tells.
    pub reachable: Option<bool>,
    /// How long ago it was last heard; null since the answering node started.
    pub heard_ago_ms: Option<u64>,
    /// At least that high it stands: the highest block that it was heard to vote for.
    pub height: Option<u64>,
    /// Blocks from there to the highest that the answering node knows of.
    pub lag_blocks: Option<u64>,
    /// Block time from there to the answering node's newest block.
    pub lag_ms: Option<u64>,
}

/// Why a ledger is not well, or may soon not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthReason {
    /// How bad this alone is: `degraded` or `failed`.
    pub health: String,
    /// `network.<what>`, such as `network.no_margin`.
    pub code: String,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub next: String,
}

/// A ledger's nodes and how well it is doing, as one of its nodes sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopologyView {
    /// The ledger's id.
    pub ledger: String,
    /// Its name for people.
    pub name: String,
    /// The answering node's clock.
    pub now_ms: u64,
    /// The last durable height of the answering node.
    pub height: u64,
    /// The highest final height that it has heard of.
    pub tip: u64,
    /// Time of its last durable block.
    pub time_ms: u64,
    /// How many vote.
    pub validators: usize,
    /// How many of them must vote for a block.
    pub quorum: usize,
    /// How many of them are there, the answering node among them if it votes.
    pub reachable: usize,
    /// How many may be away or lie without harm.
    pub tolerated: usize,
    /// How many more may go away before the ledger stands still; negative while it does.
    pub margin: i64,
    /// `ok`, `degraded` or `failed`: the worst of the reasons.
    pub health: String,
    /// Why; empty when `ok`.
    pub reasons: Vec<HealthReason>,
    /// Those who vote, ordered by key, then those who watch.
    pub nodes: Vec<TopologyNode>,
}

impl TopologyView {
    /// What a node sees, with what was found wrong.
    #[must_use]
    pub fn new(seen: Topology, reasons: Vec<Reason>) -> Self {
        Self {
            ledger: seen.ledger.to_string(),
            now_ms: seen.now_ms,
            height: seen.height,
            tip: seen.tip,
            time_ms: seen.time_ms,
            validators: seen.validators(),
            quorum: seen.quorum,
            reachable: seen.reachable,
            tolerated: seen.tolerated,
            margin: seen.margin(),
            health: worst(&reasons).name().to_owned(),
            reasons: reasons.into_iter().map(HealthReason::from).collect(),
            name: seen.name,
            nodes: seen.nodes.into_iter().map(TopologyNode::from).collect(),
        }
    }
}

impl From<Reason> for HealthReason {
    fn from(reason: Reason) -> Self {
        Self {
            health: reason.health.name().to_owned(),
            code: reason.code.to_owned(),
            detail: reason.detail,
            next: reason.next,
        }
    }
}

impl From<NodeSeen> for TopologyNode {
    fn from(node: NodeSeen) -> Self {
        let role = match node.role {
            NodeRole::Votes => "votes",
            NodeRole::Watches => "watches",
        };
        Self {
            organisation: node.organisation.to_string(),
            key: node.key.to_string(),
            address: node.address.map(|address| address.to_string()),
            role: role.to_owned(),
            this_node: node.this_node,
            reachable: node.reachable,
            heard_ago_ms: node.heard_ago_ms,
            height: node.height,
            lag_blocks: node.lag_blocks,
            lag_ms: node.lag_ms,
        }
    }
}
