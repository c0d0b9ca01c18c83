//! Finds the ledger on the other side: a receivable's registry, or the ledger that a registry's claim is for.

use crate::{
    cli::Target,
    failure::{Failure, Result},
    remote::Remote,
};
use serde_json::{Value, json};

/// The registry of a trade's ledger; `None` where its receivables know none.
pub async fn registry_of(
    trade: &Remote,
    contract: &str,
    target: &Target,
) -> Result<Option<Remote>> {
    let config = trade.query(contract, &json!({ "config": {} })).await?;
    match config["registry"]["ledger"].as_str() {
        None => Ok(None),
        Some(name) => follow(trade, name, target).await.map(Some),
    }
}

/// The ledger that is followed as `name` on the ledger `here`.
pub async fn follow(here: &Remote, name: &str, target: &Target) -> Result<Remote> {
    let anchors = here.query("ledger", &json!({ "anchors": {} })).await?;
    let Some(id) = anchors[name]["ledger"].as_str() else {
        let what = format!(
            "the ledger {} does not follow {name} yet",
            here.ledger_text()
        );
        return Err(Failure::new("foreign.unknown_ledger", what).next(format!(
            "blockworm proposal make pin {name} GENESIS, then `follow` it (docs/contracts/system.md); a local consortium does both at `blockworm up`"
        )));
    };
    let mut there = target.clone();
    there.ledger = Some(id.to_owned());
    // The node that was named may keep the first ledger alone.
    there.node = None;
    Remote::connect(&there).await
}

/// The ledger that the newest claim on a document is for; the registry's first where there is none.
pub async fn trade_of(
    registry: &Remote,
    contract: &str,
    newest: &Value,
    target: &Target,
) -> Result<Remote> {
    let claimed = newest["claim"]["ledger"].as_str().map(str::to_owned);
    let name = match claimed {
        Some(name) => name,
        None => {
            let config = registry.query(contract, &json!({ "config": {} })).await?;
            let first = config["ledgers"][0]["name"].as_str();
            first.unwrap_or_default().to_owned()
        }
    };
    follow(registry, &name, target).await
}
