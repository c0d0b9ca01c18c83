//! Reading classes and assets.

use crate::{
    error::IssuanceError,
    msg::QueryMsg,
    state::{ASSETS, BACKED, CLASSES},
};
use blockworm_kit::KitQuery;
use cosmwasm_std::{Binary, Deps, Env, to_json_binary};

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, IssuanceError> {
    let storage = deps.storage;
    Ok(match msg {
        QueryMsg::Class { name } => to_json_binary(&CLASSES.may_load(storage, &name)?)?,
        QueryMsg::Asset { asset } => to_json_binary(&ASSETS.may_load(storage, asset.as_str())?)?,
        QueryMsg::Backed { commitment } => to_json_binary(&BACKED.may_load(storage, &commitment)?)?,
    })
}
