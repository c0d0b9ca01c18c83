//! Reading receivables, their parts and what happened to them.

use crate::{
    error::ReceivableError,
    msg::{HistoryEntry, Part, QueryMsg, ReceivableResponse},
    overdue::{is_overdue, today},
    state::{ASKS, CONFIG, FINANCINGS, HISTORY, INVOICES, RECEIVABLES, Receivable},
};
use blockworm_kit::{
    CivilDate, KitQuery,
    assets::{HoldingsQuery, NumberedHeld},
};
use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, to_json_binary};
use cw_storage_plus::Bound;

/// Most rows of a page.
const MAX_PAGE: u32 = 100;
/// Receivables of a page unless the query says otherwise.
const USUAL_PAGE: u32 = 30;

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, env: Env, msg: QueryMsg) -> Result<Binary, ReceivableError> {
    let day = today(deps.storage, &env)?;
    let answer = match msg {
        QueryMsg::Receivable { id } => to_json_binary(&find(deps, id, day)?),
        QueryMsg::ByInvoice { digest } => {
            let id = INVOICES.may_load(deps.storage, &digest)?;
            let found = id.map(|id| find(deps, id, day)).transpose()?.flatten();
            to_json_binary(&found)
        }
        QueryMsg::List { start_after, limit } => {
            to_json_binary(&list(deps, day, start_after.as_deref(), limit)?)
        }
        QueryMsg::Parts { id, from, limit } => to_json_binary(&parts(deps, &id, from, limit)?),
        QueryMsg::History { id, from, limit } => {
            let limit = limit.unwrap_or(MAX_PAGE).min(MAX_PAGE) as usize;
            let rows = HISTORY.prefix(&id).range(
                deps.storage,
                from.map(Bound::inclusive),
                None,
                Order::Ascending,
            );
            let history: Vec<HistoryEntry> = rows
                .take(limit)
                .map(|row| row.map(|(_, entry)| entry))
                .collect::<StdResult<_>>()?;
            to_json_binary(&history)
        }
        QueryMsg::Config {} => to_json_binary(&CONFIG.load(deps.storage)?),
    };
    Ok(answer?)
}

fn find(
    deps: Deps<'_, KitQuery>,
    id: String,
    day: CivilDate,
) -> StdResult<Option<ReceivableResponse>> {
    let found = RECEIVABLES.may_load(deps.storage, &id)?;
    found
        .map(|receivable| shown(deps, id, receivable, day))
        .transpose()
}

fn list(
    deps: Deps<'_, KitQuery>,
    day: CivilDate,
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
        .map(|row| row.and_then(|(id, receivable)| shown(deps, id, receivable, day)))
        .collect()
}

fn shown(
    deps: Deps<'_, KitQuery>,
    id: String,
    receivable: Receivable,
    day: CivilDate,
) -> StdResult<ReceivableResponse> {
    let overdue = is_overdue(&deps.querier, &receivable, day)?;
    Ok(receivable.response(id, overdue))
}

fn parts(
    deps: Deps<'_, KitQuery>,
    id: &str,
    from: Option<u64>,
    limit: Option<u32>,
) -> StdResult<Vec<Part>> {
    let Some(receivable) = RECEIVABLES.may_load(deps.storage, id)? else {
        return Ok(Vec::new());
    };
    let question = HoldingsQuery::Holdings {
        asset: receivable.asset,
        from,
        limit,
    };
    let assets = CONFIG.load(deps.storage)?.assets;
    let held: Vec<NumberedHeld> = deps.querier.query_wasm_smart(assets, &question)?;
    held.into_iter()
        .map(|NumberedHeld { number, holding }| {
            let ask = ASKS.may_load(deps.storage, (id, number))?;
            Ok(Part {
                holding: number,
                ask: ask.filter(|ask| ask.by == holding.owner),
                held: holding,
                financing: FINANCINGS.may_load(deps.storage, (id, number))?,
            })
        })
        .collect()
}
