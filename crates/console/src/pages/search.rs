//! The search field: from an id or a height to its page.

use crate::{
    fault::Fault,
    pages::{Never, receivable},
    visitor::Visitor,
};
use axum::response::{IntoResponse, Redirect, Response};
use blockworm_ledger::TransactionId;

/// The longest text that is looked up.
const LONGEST: usize = 128;

/// Leads to the page of what was entered.
pub(crate) async fn find(visitor: Visitor) -> Response {
    match address(&visitor).await {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(fault) => visitor.reply(Err::<Never, _>(fault)),
    }
}

/// A block by its height, a transaction by its id, a receivable by its id or its invoice's digest;
/// what comes first counts.
async fn address(visitor: &Visitor) -> Result<String, Fault> {
    let ledger = visitor.ledger()?;
    let text = visitor.asked("q").unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Fault::EmptySearch);
    }
    let nothing = || Fault::NothingFound(text.chars().take(LONGEST).collect());
    if text.len() > LONGEST {
        return Err(nothing());
    }
    let root = format!("/ledgers/{}", ledger.id());
    let plain = text.replace([',', ' ', '\u{a0}'], "");
    let height = plain.parse::<u64>().ok();
    if let Some(height) = height.filter(|height| *height <= ledger.status().height) {
        return Ok(format!("{root}/blocks/{height}"));
    }
    let lower = text.to_ascii_lowercase();
    if let Ok(id) = lower.parse::<TransactionId>()
        && ledger.transaction(&id).await?.is_some()
    {
        return Ok(format!("{root}/transactions/{id}"));
    }
    let Ok(contract) = receivable::contract(&ledger) else {
        return Err(nothing());
    };
    let found = match receivable::find(&ledger, &contract, text).await? {
        Some(found) => Some(found),
        None => receivable::find_by_invoice(&ledger, &contract, &lower).await?,
    };
    // The contract's ids hold letters, digits, '-', '.' and '_' alone: they need no encoding.
    found
        .map(|found| format!("{root}/receivables/{}", found.id))
        .ok_or_else(nothing)
}
