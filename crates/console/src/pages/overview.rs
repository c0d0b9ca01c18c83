//! The overview: the node's ledgers, who takes part, and the newest blocks, live.

use crate::{
    fault::Fault,
    format::{Hex, count},
    frame::Frame,
    ledger::{self, BlockRow, ORGANISATIONS, Organisation},
    pages::live::{self, StatusView},
    visitor::Visitor,
};
use askama::Template;
use axum::response::Response;
use blockworm_node::{LedgerHandle, ValidatorSeen};

/// A ledger of this node in the list of all.
struct LedgerRow {
    id: String,
    name: String,
    height: String,
    behind: bool,
    selected: bool,
}

/// How an organisation's validator is doing, as this node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    ThisNode,
    Lately,
    Silent,
    Never,
    NoNode,
}

/// An organisation and its node.
struct NodeRow {
    id: String,
    name: String,
    roles: String,
    suspended: bool,
    seen: Seen,
    /// Empty when not known.
    height: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    f: Frame,
    w: &'static crate::words::Words,
    ledger_id: String,
    ledgers: Vec<LedgerRow>,
    nodes: Vec<NodeRow>,
    more_organisations: bool,
    genesis_digest: Hex,
    s: StatusView,
    blocks: Vec<BlockRow>,
}

/// The overview of the node's first ledger.
pub(crate) async fn first(visitor: Visitor) -> Response {
    let ledger = visitor.console.node.ledgers().first().cloned();
    let page = match ledger {
        Some(ledger) => overview(&visitor, &ledger).await,
        None => Err(Fault::UnknownLedger(String::new())),
    };
    visitor.reply(page)
}

/// The overview of the ledger in the path.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = match visitor.ledger() {
        Ok(ledger) => overview(&visitor, &ledger).await,
        Err(fault) => Err(fault),
    };
    visitor.reply(page)
}

async fn overview(visitor: &Visitor, ledger: &LedgerHandle) -> Result<Overview, Fault> {
    let status = ledger.status();
    let organisations = ledger::organisations(ledger).await?;
    let before = status.height.saturating_add(1);
    let ledgers = visitor.console.node.ledgers();
    let rows = ledgers.iter().map(LedgerHandle::status);
    Ok(Overview {
        f: visitor.frame(Some(ledger), status.name.clone()),
        w: visitor.language.words(),
        ledger_id: status.ledger.to_string(),
        ledgers: rows
            .map(|row| LedgerRow {
                selected: row.ledger == status.ledger,
                id: row.ledger.to_string(),
                name: row.name,
                height: count(row.height),
                behind: row.catching_up,
            })
            .collect(),
        more_organisations: organisations.len() == ORGANISATIONS as usize,
        nodes: node_rows(organisations, &ledger.validators(), status.height),
        genesis_digest: Hex::of(ledger.genesis().digest()),
        s: live::status_view(ledger),
        blocks: ledger::blocks_below(ledger, before, live::ROWS).await?,
    })
}

/// One row for each validator of an organisation, or one that says there is none.
fn node_rows(
    organisations: Vec<Organisation>,
    validators: &[ValidatorSeen],
    own_height: u64,
) -> Vec<NodeRow> {
    let mut rows = Vec::new();
    for organisation in organisations {
        let row = |seen, height: Option<u64>| NodeRow {
            id: organisation.id.clone(),
            name: organisation.name.clone(),
            roles: organisation.roles.join(", "),
            suspended: organisation.suspended_at.is_some(),
            seen,
            height: height.map(count).unwrap_or_default(),
        };
        let own = |validator: &&ValidatorSeen| {
            validator.organisation.as_str() == organisation.id.as_str()
        };
        let before = rows.len();
        for validator in validators.iter().filter(own) {
            rows.push(match validator {
                ValidatorSeen {
                    this_node: true, ..
                } => row(Seen::ThisNode, Some(own_height)),
                ValidatorSeen {
                    connected: true, ..
                } => row(Seen::Lately, validator.voted_height),
                ValidatorSeen {
                    heard_ago_ms: Some(_),
                    ..
                } => row(Seen::Silent, validator.voted_height),
                _ => row(Seen::Never, None),
            });
        }
        if rows.len() == before {
            rows.push(row(Seen::NoNode, None));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_organisation_has_a_row_that_says_how_its_node_is_doing() {
        let organisation = |id: &str| Organisation {
            id: id.into(),
            name: id.to_uppercase(),
            roles: vec!["bank".into(), "notary".into()],
            suspended_at: None,
        };
        let validator = |id: &str, this_node, connected, heard_ago_ms| ValidatorSeen {
            organisation: id.parse().unwrap(),
            this_node,
            heard_ago_ms,
            connected,
            voted_height: heard_ago_ms.map(|_| 1_200),
        };
        let organisations = ["a", "b", "c", "d", "e"].map(organisation).to_vec();
        let validators = [
            validator("a", true, false, None),
            validator("b", false, true, Some(10)),
            validator("c", false, false, Some(90_000)),
            validator("d", false, false, None),
        ];
        let rows = node_rows(organisations, &validators, 1_234);
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.id.as_str(), row.seen, row.height.as_str()))
            .collect();
        let wanted = [
            ("a", Seen::ThisNode, "1,234"),
            ("b", Seen::Lately, "1,200"),
            ("c", Seen::Silent, "1,200"),
            ("d", Seen::Never, ""),
            ("e", Seen::NoNode, ""),
        ];
        assert_eq!(found, wanted);
        assert_eq!(rows[0].roles, "bank, notary");
    }
}
