//! Reading receivables.

use crate::{
    error::ReceivableError,
    msg::{HistoryEntry, InstantiateMsg, QueryMsg, ReceivableResponse},
    state::{INVOICES, MONEY, RECEIVABLES, REGISTRY},
};
use blockworm_kit::KitQuery;
use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, to_json_binary};
use cw_storage_plus::Bound;

/// Most receivables of a page.
const MAX_PAGE: u32 = 100;
/// Receivables of a page unless the query says otherwise.
const USUAL_PAGE: u32 = 30;

/// Answers one question.
pub fn query(
    deps: Deps<'_, KitQuery>,
    _env: Env,
    msg: QueryMsg,
) -> Result<Binary, ReceivableError> {
    let answer = match msg {
        QueryMsg::Receivable { id } => to_json_binary(&find(deps, id)?),
        QueryMsg::ByInvoice { digest } => {
            let id = INVOICES.may_load(deps.storage, &digest)?;
            let found = id.map(|id| find(deps, id)).transpose()?.flatten();
            to_json_binary(&found)
        }
        QueryMsg::List { start_after, limit } => {
            to_json_binary(&list(deps, start_after.as_deref(), limit)?)
        }
        QueryMsg::History { id } => {
            let found = RECEIVABLES.may_load(deps.storage, &id)?;
            let history: Vec<HistoryEntry> = found.map(|found| found.history).unwrap_or_default();
            to_json_binary(&history)
        }
        QueryMsg::Config {} => {
            let money = MONEY.load(deps.storage)?.into_string();
            let registry = REGISTRY.may_load(deps.storage)?;
            to_json_binary(&InstantiateMsg { money, registry })
        }
    };
    Ok(answer?)
}

fn find(deps: Deps<'_, KitQuery>, id: String) -> StdResult<Option<ReceivableResponse>> {
    let found = RECEIVABLES.may_load(deps.storage, &id)?;
    Ok(found.map(|receivable| receivable.response(id)))
}

fn list(
    deps: Deps<'_, KitQuery>,
    start_after: Option<&str>,
    limit: Option<u32>,
) -> StdResult<Vec<ReceivableResponse>> {
    let limit = limit.unwrap_or(USUAL_PAGE).min(MAX_PAGE) as usize;
    RECEIVABLES
        .range(
            deps.storage,
            start_after.map(Bound::exclusive),
            None,
            Order::Ascending,
        )
        .take(limit)
        .map(|row| row.map(|(id, receivable)| receivable.response(id)))
        .collect()
}
