//! Who keeps a ledger, as one node sees it: who votes, who watches, who is heard, and how far behind each is.

use crate::{
    consensus::keys,
    handle::{LedgerHandle, LedgerStatus},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{LedgerId, OrganisationId};
use std::net::SocketAddr;

/// What a node does on a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It votes on the next block.
    Votes,
    /// It keeps the ledger without a vote.
    Watches,
}

/// One node of a ledger, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeen {
    /// Whose node.
    pub organisation: OrganisationId,
    /// Its consensus key.
    pub key: PublicKey,
    /// Where it listens, if a vote admitted it; founders' addresses stand in node.toml alone.
    pub address: Option<SocketAddr>,
    /// What it does.
    pub role: NodeRole,
    /// True for this node itself.
    pub this_node: bool,
    /// Whether it was heard lately; none for others that watch, of whom no vote tells.
    pub reachable: Option<bool>,
    /// How long ago it was last heard; none since this node started.
    pub heard_ago_ms: Option<u64>,
    /// At least that high it stands: the highest block that it was heard to vote for.
    pub height: Option<u64>,
    /// How many blocks that is below the highest that this node knows of.
    pub lag_blocks: Option<u64>,
    /// How much older that block is than the newest of this node; none where it is not kept here.
    pub lag_ms: Option<u64>,
}

/// A ledger's nodes at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Which ledger.
    pub ledger: LedgerId,
    /// Its name for people.
    pub name: String,
    /// This node's clock, milliseconds since 1970.
    pub now_ms: u64,
    /// The last durable height of this node.
    pub height: u64,
    /// The highest final height that it has heard of.
    pub tip: u64,
    /// Time of its last durable block.
    pub time_ms: u64,
    /// How long the ledger rests between blocks when nobody asks for anything.
    pub heartbeat_ms: u64,
    /// True while this node is behind.
    pub catching_up: bool,
    /// How many validators may be away or lie without harm: (n - 1) / 3.
    pub tolerated: usize,
    /// How many must vote for a block.
    pub quorum: usize,
    /// How many validators are there, this node among them if it votes.
    pub reachable: usize,
    /// Those who vote, ordered by key, then those who watch.
    pub nodes: Vec<NodeSeen>,
}

impl Topology {
    /// How many more validators may go away before the ledger stands still; negative while it does.
    #[must_use]
    pub fn margin(&self) -> i64 {
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        signed(self.reachable) - signed(self.quorum)
    }

    /// How many vote.
    #[must_use]
    pub fn validators(&self) -> usize {
        let votes = |node: &&NodeSeen| node.role == NodeRole::Votes;
        self.nodes.iter().filter(votes).count()
    }
}

impl LedgerHandle {
    /// The ledger's nodes as this one sees them.
    #[must_use]
    pub fn topology(&self) -> Topology {
        let status = self.status();
        let nodes = self.nodes_seen(&status);
        let votes = nodes.iter().filter(|node| node.role == NodeRole::Votes);
        let voting = votes.clone().count();
        let reachable = votes.filter(|node| node.reachable == Some(true)).count();
        let tolerated = voting.saturating_sub(1) / 3;
        Topology {
            ledger: status.ledger,
            name: status.name,
            now_ms: self.now_ms(),
            height: status.height,
            tip: status.tip,
            time_ms: status.time_ms,
            heartbeat_ms: self.genesis().parameters.heartbeat_ms,
            catching_up: status.catching_up,
            tolerated,
            quorum: voting - tolerated,
            reachable,
            nodes,
        }
    }

    fn nodes_seen(&self, status: &LedgerStatus) -> Vec<NodeSeen> {
        let addresses = self.ledger().peers.addresses();
        let addresses = addresses.borrow();
        let address = |key: &PublicKey| {
            let key = keys::public(key).ok()?;
            let admitted = addresses.iter().find(|(admitted, _)| *admitted == key);
            admitted.map(|(_, address)| *address)
        };
        let votes = self.validators().into_iter().map(|seen| NodeSeen {
            address: address(&seen.key),
            organisation: seen.organisation,
            key: seen.key,
            role: NodeRole::Votes,
            this_node: seen.this_node,
            reachable: Some(seen.this_node || seen.connected),
            heard_ago_ms: seen.heard_ago_ms.filter(|_| !seen.this_node),
            height: seen.voted_height,
            lag_blocks: None,
            lag_ms: None,
        });
        let watches = self
            .watchers()
            .into_iter()
            .map(|(node, this_node)| NodeSeen {
                address: address(&node.key),
                organisation: node.organisation,
                key: node.key,
                role: NodeRole::Watches,
                this_node,
                reachable: this_node.then_some(true),
                heard_ago_ms: None,
                height: None,
                lag_blocks: None,
                lag_ms: None,
            });
        let mut nodes: Vec<NodeSeen> = votes.chain(watches).collect();
        for node in &mut nodes {
            if node.this_node {
                node.height = Some(status.height);
            }
            if let Some(height) = node.height {
                node.lag_blocks = Some(status.tip.saturating_sub(height));
                let time_ms = self.time_of(height.min(status.height));
                node.lag_ms = time_ms.map(|time_ms| status.time_ms.saturating_sub(time_ms));
            }
        }
        nodes
    }

    /// Block time at a height, where this node keeps its header.
    fn time_of(&self, height: u64) -> Option<u64> {
        let (header, _) = self.summary(height).ok()??;
        Some(header.time_ms)
    }
}
