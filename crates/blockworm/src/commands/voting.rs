//! Whether a node can be spared by the quorum, and whether it votes again after a restart.

use crate::{
    failure::{Failure, Result},
    remote::client_failure,
};
use blockworm_api::{Client, model::TopologyView};
use blockworm_service::network::{
    ConsortiumFolder, ConsortiumRecord, NodeRecord, NodeState, process,
};
use std::time::{Duration, Instant};

/// How often nodes are asked again.
const POLL: Duration = Duration::from_millis(100);

/// How a node stood on a ledger before it was stopped.
pub struct Standing {
    /// The ledger's id.
    pub ledger: String,
    /// The node's key, if it voted.
    pub votes: Option<String>,
    /// How many validators were there.
    pub reachable: usize,
}

/// Waits until every ledger on which the node votes can go on without it, where the number of its
/// validators allows that at all.
pub async fn wait_for_room(node: &NodeRecord, patience: Duration) -> Result<Vec<Standing>> {
    let begun = Instant::now();
    let client = Client::new(&node.api_url()).map_err(client_failure)?;
    loop {
        let seen = topologies(&client).await?;
        let tight = seen
            .iter()
            .find(|ledger| own_vote(ledger).is_some() && ledger.tolerated > 0 && ledger.margin < 1);
        let Some(tight) = tight else {
            return Ok(seen.iter().map(standing).collect());
        };
        if begun.elapsed() > patience {
            let what = format!(
                "without the node of {} the ledger {} would stand still: {} of {} validators are there, and {} must vote",
                node.organisation, tight.name, tight.reachable, tight.validators, tight.quorum
            );
            return Err(Failure::new("node.no_margin", what).next(
                "bring back the validators that are away (blockworm network health), then try again",
            ));
        }
        tokio::time::sleep(POLL).await;
    }
}

fn standing(seen: &TopologyView) -> Standing {
    Standing {
        ledger: seen.ledger.clone(),
        votes: own_vote(seen),
        reachable: seen.reachable,
    }
}

fn own_vote(seen: &TopologyView) -> Option<String> {
    let own = seen.nodes.iter().find(|node| node.this_node);
    own.filter(|node| node.role == "votes")
        .map(|node| node.key.clone())
}

async fn topologies(client: &Client) -> Result<Vec<TopologyView>> {
    let mut seen = Vec::new();
    for ledger in client.ledgers().await.map_err(client_failure)? {
        seen.push(client.topology(&ledger.id).await.map_err(client_failure)?);
    }
    Ok(seen)
}

/// Waits until a restarted node votes again on every ledger on which it did: another node of the
/// folder has heard it vote for a block made after its return, or, with no other node here, it
/// hears as many validators as before and blocks go on.
pub async fn wait_until_voting(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    node: &NodeRecord,
    client: &Client,
    before: &[Standing],
    patience: Duration,
) -> Result<()> {
    let begun = Instant::now();
    let others = neighbours(folder, record, node);
    for standing in before {
        let Some(key) = &standing.votes else {
            continue;
        };
        let returned = client.topology(&standing.ledger).await;
        let returned = returned.map_err(client_failure)?.height;
        while !votes_again(client, &others, standing, key, returned).await {
            if begun.elapsed() > patience {
                let what = format!(
                    "the node of {} answers and does not vote yet on {} after {} s",
                    node.organisation,
                    standing.ledger,
                    patience.as_secs()
                );
                return Err(Failure::new("node.not_voting", what).next(
                    "look at its log; blockworm network health; restart no other node before it votes",
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

/// Running nodes of the folder besides one.
fn neighbours(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    besides: &NodeRecord,
) -> Vec<Client> {
    let others = record.nodes.iter().filter(|node| {
        node.organisation != besides.organisation
            && matches!(
                process::state(folder, &node.organisation),
                Ok(NodeState::Running(_))
            )
    });
    others
        .filter_map(|node| Client::new(&node.api_url()).ok())
        .collect()
}

async fn votes_again(
    client: &Client,
    others: &[Client],
    standing: &Standing,
    key: &str,
    returned: u64,
) -> bool {
    let Ok(own) = client.topology(&standing.ledger).await else {
        return false;
    };
    if own
        .nodes
        .iter()
        .any(|node| node.this_node && node.role != "votes")
    {
        // It lost its vote meanwhile; nothing will come of waiting.
        return true;
    }
    if own.height <= returned || own.reachable < standing.reachable.min(own.quorum) {
        return false;
    }
    let mut asked = false;
    for other in others {
        let Ok(seen) = other.topology(&standing.ledger).await else {
            continue;
        };
        asked = true;
        let heard = seen.nodes.iter().find(|node| node.key == key);
        if heard.is_some_and(|node| node.height.is_some_and(|height| height > returned)) {
            return true;
        }
    }
    !asked
}
