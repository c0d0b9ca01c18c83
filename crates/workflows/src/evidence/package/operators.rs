//! `operators.json`: who runs which node, and what those say of their relations to the parties.

use super::{collect::Collected, facts::Facts};
use serde::Serialize;

/// The format field.
pub const FORMAT: &str = "blockworm-operators/1";
/// What stands where an organisation said nothing.
pub const NOT_DECLARED: &str = "not declared";

/// The file.
#[derive(Clone, Debug, Serialize)]
pub struct Operators {
    /// [`FORMAT`].
    pub format: &'static str,
    /// Every node that keeps the ledger.
    pub nodes: Vec<OperatedNode>,
    /// Every operator's relation to every party that is another organisation, as each of the two says it.
    pub relations: Vec<SaidRelation>,
}

/// A node.
#[derive(Clone, Debug, Serialize)]
pub struct OperatedNode {
    /// Whose it is.
    pub organisation: String,
    /// Its name among that organisation's nodes.
    pub node: String,
    /// The organisation's roles, by vote.
    pub roles: Vec<String>,
    /// The key that signs blocks.
    pub consensus_key: String,
    /// The key that cosigns checkpoints, where it cosigned one of the package.
    pub cosigner: Option<String>,
    /// Whether it votes on blocks.
    pub votes: bool,
}

/// What one organisation says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SaidRelation {
    /// The operator.
    pub organisation: String,
    /// The party.
    pub party: String,
    /// What the speaker is to the other, or [`NOT_DECLARED`].
    pub relation: String,
    /// Who says it; none where nobody said anything.
    pub said_by: Option<String>,
}

/// Of what was collected.
#[must_use]
pub fn operators(collected: &Collected, facts: &Facts) -> Operators {
    let nodes = collected.nodes.iter().map(|node| {
        let cosigners = collected
            .checkpoints
            .values()
            .flat_map(|one| &one.checkpoint.cosigners);
        let mut of_node = cosigners.filter(|one| one.organisation == node.organisation);
        let record = collected.organisations.get(&node.organisation);
        OperatedNode {
            organisation: node.organisation.clone(),
            node: format!("{}/node", node.organisation),
            roles: record
                .map(|record| record.roles.clone())
                .unwrap_or_default(),
            consensus_key: node.key.clone(),
            cosigner: of_node.next().map(|one| one.vkey.clone()),
            votes: node.votes,
        }
    });
    let mut relations = Vec::new();
    for operator in &facts.operators {
        for party in &collected.matter.row.parties {
            if operator != party {
                relations.extend(between(collected, operator, party));
            }
        }
    }
    Operators {
        format: FORMAT,
        nodes: nodes.collect(),
        relations,
    }
}

fn between(collected: &Collected, operator: &str, party: &str) -> Vec<SaidRelation> {
    let said = |by: &str, of: &str| {
        let row = collected
            .relations
            .iter()
            .find(|one| one.row.organisation == by && one.row.to == of);
        row.map(|row| SaidRelation {
            organisation: operator.to_owned(),
            party: party.to_owned(),
            relation: row.row.relation.name().to_owned(),
            said_by: Some(by.to_owned()),
        })
    };
    let both: Vec<_> = [said(operator, party), said(party, operator)]
        .into_iter()
        .flatten()
        .collect();
    match both.is_empty() {
        false => both,
        true => vec![SaidRelation {
            organisation: operator.to_owned(),
            party: party.to_owned(),
            relation: NOT_DECLARED.to_owned(),
            said_by: None,
        }],
    }
}
