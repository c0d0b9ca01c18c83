//! Reading classes and assets.

use crate::{
    error::IssuanceError,
    msg::{MAX_PAGE, NamedAsset, QueryMsg},
    state::{ASSETS, BACKED, CLASSES},
};
use blockworm_kit::{KitQuery, assets::AssetId};
use cosmwasm_std::{Binary, Deps, Env, Order, StdError, StdResult, Storage, to_json_binary};
use cw_storage_plus::Bound;

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, IssuanceError> {
    let storage = deps.storage;
    Ok(match msg {
        QueryMsg::Class { name } => to_json_binary(&CLASSES.may_load(storage, &name)?)?,
        QueryMsg::Asset { asset } => to_json_binary(&ASSETS.may_load(storage, asset.as_str())?)?,
        QueryMsg::Assets {
            class,
            start_after,
            limit,
        } => to_json_binary(&assets(storage, &class, start_after.as_ref(), limit)?)?,
        QueryMsg::Backed { commitment } => to_json_binary(&BACKED.may_load(storage, &commitment)?)?,
    })
}

/// Ids of one class stand together: the class's name, a slash, 16 digits.
fn assets(
    storage: &dyn Storage,
    class: &str,
    start_after: Option<&AssetId>,
    limit: Option<u32>,
) -> StdResult<Vec<NamedAsset>> {
    let limit = limit.unwrap_or(MAX_PAGE).min(MAX_PAGE) as usize;
    let (first, end) = (format!("{class}/"), format!("{class}0"));
    let from = match start_after {
        Some(id) if id.class() == class => Bound::exclusive(id.as_str()),
        Some(_) | None => Bound::inclusive(first.as_str()),
    };
    let to = Bound::exclusive(end.as_str());
    ASSETS
        .range(storage, Some(from), Some(to), Order::Ascending)
        .take(limit)
        .map(|row| {
            let (id, asset) = row?;
            let id = AssetId::parse(&id).map_err(|error| StdError::msg(error.to_string()))?;
            Ok(NamedAsset { id, asset })
        })
        .collect()
}
