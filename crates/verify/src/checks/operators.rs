//! Who ran which node and how they relate to the parties, what the checklist points at, and the case of an asset.

use super::Case;
use blockworm_ledger::{checkpoint::CosignerKey, proof_file::ProofFile, report::Checks};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

const OPERATORS: &str = "data/operators.json";
const CHECKLIST: &str = "data/checklist.json";
const NOT_DECLARED: &str = "not declared";
/// Articles of the rules of the people's courts on online litigation that the checklist walks through.
const ARTICLES: [&str; 4] = ["16", "17", "18", "19"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operators {
    format: String,
    pub(super) nodes: Vec<Node>,
    relations: Vec<Relation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    organisation: String,
    #[allow(dead_code)]
    node: String,
    roles: Vec<String>,
    consensus_key: String,
    pub(super) cosigner: Option<String>,
    votes: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Relation {
    organisation: String,
    party: String,
    relation: String,
    said_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checklist {
    format: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    article: String,
    question: Words,
    facts: Vec<Words>,
    checks: Vec<String>,
    open: Option<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    zh: String,
    en: String,
}

impl Words {
    fn whole(&self) -> bool {
        !self.zh.trim().is_empty() && !self.en.trim().is_empty()
    }
}

impl Case<'_> {
    pub(super) fn operators(&self) -> Result<Operators, String> {
        let operators: Operators = serde_json::from_slice(&self.files.read(OPERATORS)?)
            .map_err(|error| format!("{OPERATORS}: {error}"))?;
        if operators.format != "blockworm-operators/1" {
            return Err(format!("{OPERATORS} has the format {:?}", operators.format));
        }
        Ok(operators)
    }

    pub(super) fn check_operators(&self, checks: &mut Checks) {
        let found = self.operators().and_then(|operators| {
            let voting = operators.nodes.iter().filter(|node| node.votes);
            let said: BTreeSet<(&str, &str)> = voting
                .map(|node| (node.organisation.as_str(), node.consensus_key.as_str()))
                .collect();
            let keys: Vec<(String, String)> = self
                .state
                .validators
                .iter()
                .map(|voter| {
                    (
                        voter.organisation.as_str().to_owned(),
                        voter.key.to_string(),
                    )
                })
                .collect();
            let proved: BTreeSet<(&str, &str)> = keys
                .iter()
                .map(|(organisation, key)| (organisation.as_str(), key.as_str()))
                .collect();
            if said != proved {
                return Err("the nodes that vote are not the validators of the proof".into());
            }
            operators
                .nodes
                .iter()
                .try_for_each(|node| self.check_node(node))?;
            operators
                .relations
                .iter()
                .try_for_each(|relation| self.check_said(relation))?;
            let (nodes, voters) = (operators.nodes.len(), said.len());
            Ok(format!(
                "{nodes} nodes, of which {voters} vote, and their relations"
            ))
        });
        checks.note("operators.consistent", found);
    }

    fn check_node(&self, node: &Node) -> Result<(), String> {
        let roles = match self.state.organisation(&node.organisation) {
            Ok(row) => row.roles,
            Err(_) => {
                let genesis = self
                    .state
                    .genesis
                    .iter()
                    .flat_map(|genesis| &genesis.organisations);
                let founder = genesis
                    .clone()
                    .find(|one| one.id.as_str() == node.organisation);
                founder
                    .map(|one| one.roles.clone())
                    .ok_or_else(|| format!("nothing proves who {} is", node.organisation))?
            }
        };
        if roles != node.roles {
            return Err(format!(
                "the roles of {} are {}",
                node.organisation,
                roles.join(", ")
            ));
        }
        let Some(text) = &node.cosigner else {
            return Ok(());
        };
        let key: CosignerKey = text.parse().map_err(|error| format!("{text}: {error}"))?;
        let pinned = self.pins.policy.iter().flat_map(|policy| &policy.witnesses);
        match pinned.clone().find(|witness| witness.key.name == key.name) {
            Some(witness) if witness.key != key => {
                Err(format!("the pinned policy has another key of {}", key.name))
            }
            _ => Ok(()),
        }
    }

    fn check_said(&self, said: &Relation) -> Result<(), String> {
        let rows = self.index.relations.iter().map(|relation| &relation.row);
        let between = |from: &str, to: &str| {
            rows.clone()
                .find(|row| row.organisation == from && row.to == to)
        };
        let (one, other) = (said.organisation.as_str(), said.party.as_str());
        if said.relation == NOT_DECLARED {
            return match between(one, other) {
                Some(row) => Err(format!("{one} did declare: {} to {other}", row.relation)),
                None => Ok(()),
            };
        }
        let row = match said.said_by.as_deref() {
            Some(by) if by == one => between(one, other),
            Some(by) if by == other => between(other, one),
            _ => None,
        };
        match row {
            Some(row) if row.relation == said.relation => Ok(()),
            _ => Err(format!(
                "matter.json has no statement: {one}, {}, {other}",
                said.relation
            )),
        }
    }

    pub(super) fn check_checklist(&self, checks: &mut Checks) {
        let made: BTreeSet<String> = checks
            .list()
            .iter()
            .map(|check| check.name.clone())
            .collect();
        checks.note("checklist.consistent", self.checklist(&made));
    }

    fn checklist(&self, made: &BTreeSet<String>) -> Result<String, String> {
        let list: Checklist = serde_json::from_slice(&self.files.read(CHECKLIST)?)
            .map_err(|error| format!("{CHECKLIST}: {error}"))?;
        if list.format != "blockworm-checklist/1" {
            return Err(format!("{CHECKLIST} has the format {:?}", list.format));
        }
        for article in ARTICLES {
            if !list.items.iter().any(|item| item.article == article) {
                return Err(format!("nothing is said about article {article}"));
            }
        }
        for item in &list.items {
            if !ARTICLES.contains(&item.article.as_str()) {
                return Err(format!("article {} is none of 16 to 19", item.article));
            }
            let words = item.facts.iter().chain([&item.question]).chain(&item.open);
            if !words.clone().all(Words::whole) {
                return Err(format!(
                    "article {}: a text is empty in one language",
                    item.article
                ));
            }
            let unknown = item.checks.iter().find(|name| !known(name, made));
            if let Some(name) = unknown {
                return Err(format!(
                    "article {}: there is no check {name}",
                    item.article
                ));
            }
        }
        Ok(format!(
            "{} items, their checks are made here",
            list.items.len()
        ))
    }

    pub(super) fn check_asset(&self, checks: &mut Checks) {
        let Some(asset) = &self.index.asset else {
            return;
        };
        let found = self.files.read(&asset.case).and_then(|text| {
            let case: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
            let number = &asset.receivable;
            let named = ["receivable", "id"].iter().any(|field| {
                case.get(field) == Some(number)
                    || case.get(field).and_then(|inner| inner.get("id")) == Some(number)
            });
            named
                .then(|| format!("the case of receivable {number}"))
                .ok_or_else(|| format!("it is not the case of receivable {number}"))
        });
        checks.note("asset.case", found);
        for path in self.files.paths() {
            let inside = path.starts_with("data/case/") || path.starts_with("data/asset/");
            if inside && path.ends_with(".json") {
                self.check_asset_proof(path, checks);
            }
        }
    }

    fn check_asset_proof(&self, path: &str, checks: &mut Checks) {
        let text = self
            .files
            .read(path)
            .map(|text| String::from_utf8_lossy(&text).into_owned());
        let genesis = self.state.genesis.as_ref().ok();
        let read = |text: String| {
            ProofFile::from_json_with(&text, genesis).map_err(|error| error.to_string())
        };
        let Ok(file) = text.and_then(read) else {
            checks.unchecked(format!("asset.proof:{path}"), "it is no proof file");
            return;
        };
        let pin = self.pins.genesis.map(blockworm_ledger::Pin::digest);
        let report = file.verify(pin.as_ref());
        let found = match report.checks.failures().next() {
            Some(check) => Err(format!("{}: {}", check.name, check.reason)),
            None if report.ledger != self.index.ledger => Err("it is another ledger's".into()),
            None => Ok("every check of it holds".into()),
        };
        checks.note(format!("asset.proof:{path}"), found);
    }
}

/// Whether a check of that name was made; `[n]`, `[size]`, `<name>` and `<path>` stand for any.
fn known(name: &str, made: &BTreeSet<String>) -> bool {
    if made.contains(name) || name == "checklist.consistent" {
        return true;
    }
    let placeholder = ["[n]", "[size]", "[slug]", "[id]", "<name>", "<path>"]
        .into_iter()
        .filter_map(|word| name.find(word).map(|at| (at, word)))
        .min();
    let Some((at, word)) = placeholder else {
        return false;
    };
    let open = usize::from(word.starts_with('['));
    let (before, after) = (&name[..at + open], &name[at + word.len() - open..]);
    // An exporter names the check also where the package has nothing of the kind.
    let kinds = [
        "entry[",
        "attestation[",
        "act[",
        "checkpoint[",
        "time[",
        "relation[",
        "organisation[",
        "member[",
    ];
    made.iter().any(|made| {
        made.starts_with(before)
            && (after.is_empty() || made.ends_with(after) || known_tail(made, after))
    }) || kinds.contains(&before)
}

fn known_tail(made: &str, after: &str) -> bool {
    after
        .split_once(['<'])
        .is_some_and(|(middle, _)| made.contains(middle))
}
