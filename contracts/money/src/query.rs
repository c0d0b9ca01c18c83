//! Reading balances and supplies.

use crate::{
    error::MoneyError,
    msg::{BalanceResponse, QueryMsg, SupplyResponse},
    state::{BALANCES, SUPPLY},
};
use blockworm_kit::KitQuery;
use cosmwasm_std::{Binary, Deps, Env, to_json_binary};

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, MoneyError> {
    match msg {
        QueryMsg::Balance { account, currency } => {
            let amount = BALANCES
                .may_load(deps.storage, (currency.as_str(), account.as_str()))?
                .unwrap_or_default();
            Ok(to_json_binary(&BalanceResponse { amount, currency })?)
        }
        QueryMsg::Supply { currency } => {
            let amount = SUPPLY
                .may_load(deps.storage, currency.as_str())?
                .unwrap_or_default();
            Ok(to_json_binary(&SupplyResponse { amount, currency })?)
        }
    }
}
