//! Reading matters, what stands in them, and what organisations say of each other.

use crate::{
    deposits::found_by,
    error::EvidenceError,
    msg::{MAX_PAGE, QueryMsg},
    state::{ACTS, ATTESTATIONS, COMMITTED, ENTRIES, Entry, MATTERS, RELATIONS, Relation},
};
use blockworm_kit::KitQuery;
use cosmwasm_schema::serde::{Serialize, de::DeserializeOwned};
use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, Storage, to_json_binary};
use cw_storage_plus::{Bound, Map};

/// Matters of a page unless the query says otherwise.
const USUAL_PAGE: u32 = 30;

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, EvidenceError> {
    let storage = deps.storage;
    let answer = match msg {
        QueryMsg::Matter { matter } => to_json_binary(&MATTERS.may_load(storage, &matter)?),
        QueryMsg::Matters { start_after, limit } => {
            let after = start_after.as_deref().map(Bound::exclusive);
            let limit = limit.unwrap_or(USUAL_PAGE).min(MAX_PAGE) as usize;
            let rows = MATTERS.range(storage, after, None, Order::Ascending);
            let rows = rows.map(|row| row.map(|(_, matter)| matter));
            to_json_binary(&rows.take(limit).collect::<StdResult<Vec<_>>>()?)
        }
        QueryMsg::Entries {
            matter,
            from,
            limit,
        } => numbered(storage, &ENTRIES, &matter, from, limit),
        QueryMsg::ByCommitment { matter, commitment } => {
            to_json_binary(&by_commitment(storage, &matter, &commitment)?)
        }
        QueryMsg::Attestations {
            matter,
            from,
            limit,
        } => numbered(storage, &ATTESTATIONS, &matter, from, limit),
        QueryMsg::Acts {
            matter,
            from,
            limit,
        } => numbered(storage, &ACTS, &matter, from, limit),
        QueryMsg::Relations {
            organisation,
            start_after,
            limit,
        } => to_json_binary(&relations(storage, organisation, start_after, limit)?),
    };
    Ok(answer?)
}

fn numbered<T: Serialize + DeserializeOwned>(
    storage: &dyn Storage,
    rows: &Map<(&str, u32), T>,
    matter: &str,
    from: Option<u32>,
    limit: Option<u32>,
) -> StdResult<Binary> {
    let from = from.map(Bound::inclusive);
    let rows = rows.prefix(matter);
    let rows = rows.range(storage, from, None, Order::Ascending);
    let rows = rows.map(|row| row.map(|(_, row)| row));
    to_json_binary(&rows.take(page(limit)).collect::<StdResult<Vec<_>>>()?)
}

fn page(limit: Option<u32>) -> usize {
    limit.unwrap_or(MAX_PAGE).min(MAX_PAGE) as usize
}

fn by_commitment(
    storage: &dyn Storage,
    matter: &str,
    commitment: &str,
) -> Result<Option<Entry>, EvidenceError> {
    let place = found_by(commitment)?;
    let Some(number) = COMMITTED.may_load(storage, (matter, &place))? else {
        return Ok(None);
    };
    Ok(Some(ENTRIES.load(storage, (matter, number))?))
}

fn relations(
    storage: &dyn Storage,
    organisation: Option<String>,
    start_after: Option<(String, String)>,
    limit: Option<u32>,
) -> StdResult<Vec<Relation>> {
    let after = start_after.as_ref();
    let rows: Box<dyn Iterator<Item = StdResult<Relation>>> = match &organisation {
        None => {
            let after = after.map(|(from, to)| Bound::exclusive((from.as_str(), to.as_str())));
            let rows = RELATIONS.range(storage, after, None, Order::Ascending);
            Box::new(rows.map(|row| row.map(|(_, said)| said)))
        }
        Some(organisation) => {
            let after = after.map(|(_, to)| Bound::exclusive(to.as_str()));
            let said = RELATIONS.prefix(organisation);
            let rows = said.range(storage, after, None, Order::Ascending);
            Box::new(rows.map(|row| row.map(|(_, said)| said)))
        }
    };
    rows.take(page(limit)).collect()
}
