//! The overview: the node's ledgers, who takes part, and the newest blocks, live.

use crate::{
    fault::Fault,
    format::Hex,
    frame::Frame,
    ledger::{self, BlockRow, ORGANISATIONS},
    pages::{
        live::{self, StatusView},
        nodes::{self, NodeRow, Seen},
    },
    visitor::Visitor,
};
use askama::Template;
use axum::response::Response;
use blockworm_node::LedgerHandle;

/// A ledger of this node in the list of all.
struct LedgerRow {
    id: String,
    name: String,
    genesis_digest: Hex,
    selected: bool,
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
    s: StatusView,
    blocks: Vec<BlockRow>,
}

/// The overview of the node's first ledger.
pub(crate) async fn first(visitor: Visitor) -> Response {
    let ledger = visitor.ledgers().first().cloned();
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
    let ledgers = visitor.ledgers();
    Ok(Overview {
        f: visitor.frame(Some(ledger), status.name.clone()),
        w: visitor.language.words(),
        ledger_id: status.ledger.to_string(),
        ledgers: ledgers
            .iter()
            .map(|row| LedgerRow {
                selected: row.id() == status.ledger,
                id: row.id().to_string(),
                name: row.genesis().name.clone(),
                genesis_digest: Hex::of(row.genesis().digest()),
            })
            .collect(),
        more_organisations: organisations.len() == ORGANISATIONS as usize,
        nodes: nodes::rows(&organisations, ledger, visitor.language),
        s: live::status_view(ledger),
        blocks: ledger::blocks_below(ledger, before, live::ROWS)?,
    })
}
