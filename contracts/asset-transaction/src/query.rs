//! Reading holdings and where they come from, a bounded part at a time.

use crate::{
    error::AssetError,
    msg::{MAX_PAGE, MAX_STEPS, NumberedHolding, NumberedStep, ProvenanceResponse, QueryMsg},
    state::{ASSETS, BALANCES, HOLDINGS, OFFERS, PROPOSALS, STEPS, StepRef},
};
use blockworm_kit::{KitQuery, assets::AssetId};
use cosmwasm_std::{Binary, Deps, Env, Storage, to_json_binary};
use std::collections::BTreeSet;

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, AssetError> {
    let storage = deps.storage;
    Ok(match msg {
        QueryMsg::Asset { asset } => to_json_binary(&ASSETS.may_load(storage, asset.as_str())?)?,
        QueryMsg::Balance { asset, owner } => {
            let balance = BALANCES.may_load(storage, (asset.as_str(), &owner))?;
            to_json_binary(&balance.unwrap_or_default())?
        }
        QueryMsg::Holding { asset, holding } => {
            to_json_binary(&HOLDINGS.may_load(storage, (asset.as_str(), holding))?)?
        }
        QueryMsg::Holdings { asset, from, limit } => {
            to_json_binary(&holdings(storage, &asset, from.unwrap_or(0), limit)?)?
        }
        QueryMsg::Provenance {
            asset,
            holding,
            cursor,
            limit,
        } => {
            let cursor = match cursor {
                Some(cursor) => cursor,
                None => newest(storage, &asset, holding)?,
            };
            to_json_binary(&provenance(storage, &asset, cursor, limit)?)?
        }
        QueryMsg::Offer { offer } => to_json_binary(&OFFERS.may_load(storage, offer)?)?,
        QueryMsg::Proposal { proposal } => to_json_binary(&PROPOSALS.may_load(storage, proposal)?)?,
    })
}

/// By number, key by key: numbers have no gaps.
fn holdings(
    storage: &dyn Storage,
    asset: &AssetId,
    from: u64,
    limit: Option<u32>,
) -> Result<Vec<NumberedHolding>, AssetError> {
    let limit = u64::from(limit.unwrap_or(MAX_PAGE).min(MAX_PAGE));
    let mut found = Vec::new();
    for number in from..from.saturating_add(limit) {
        match HOLDINGS.may_load(storage, (asset.as_str(), number))? {
            Some(holding) => found.push(NumberedHolding { number, holding }),
            None => break,
        }
    }
    Ok(found)
}

fn newest(
    storage: &dyn Storage,
    asset: &AssetId,
    holding: u64,
) -> Result<Vec<StepRef>, AssetError> {
    let row = HOLDINGS.may_load(storage, (asset.as_str(), holding))?;
    let row = row.ok_or(AssetError::UnknownHolding { holding })?;
    let step = row.steps.checked_sub(1);
    Ok(step
        .map(|step| StepRef { holding, step })
        .into_iter()
        .collect())
}

/// Follows each step to those before it. A holding's number is higher than those of the holdings
/// that it came from, so that the highest place that is still to be read is never met again.
fn provenance(
    storage: &dyn Storage,
    asset: &AssetId,
    cursor: Vec<StepRef>,
    limit: Option<u32>,
) -> Result<ProvenanceResponse, AssetError> {
    let limit = limit.unwrap_or(MAX_STEPS).clamp(1, MAX_STEPS) as usize;
    let mut next: BTreeSet<StepRef> = cursor.into_iter().collect();
    let mut steps = Vec::new();
    while steps.len() < limit {
        let Some(at) = next.pop_last() else { break };
        let key = (asset.as_str(), at.holding, at.step);
        let step = STEPS.may_load(storage, key)?;
        let step = step.ok_or(AssetError::UnknownHolding {
            holding: at.holding,
        })?;
        next.extend(step.before.iter().copied());
        steps.push(NumberedStep { at, step });
    }
    Ok(ProvenanceResponse {
        steps,
        next: next.into_iter().collect(),
    })
}
