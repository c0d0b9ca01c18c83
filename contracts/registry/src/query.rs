//! Reading claims: where a document stands, and what became of it.

use crate::{
    error::RegistryError,
    msg::{InstantiateMsg, NumberedClaim, QueryMsg, Standing, StandingResponse},
    state::{COUNTS, LEDGERS, newest, standing},
};
use blockworm_kit::{
    KitQuery,
    claims::{CLAIMS, Claim},
};
use cosmwasm_std::{Binary, Deps, Env, StdResult, to_json_binary};

/// Most claims of one answer, the newest ones.
const MAX_HISTORY: u32 = 100;

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, RegistryError> {
    let answer = match msg {
        QueryMsg::Standing { fingerprint } => {
            let claim = newest(deps.storage, &fingerprint)?.map(|(_, claim)| claim);
            let standing = claim.as_ref().map_or(Standing::Free, standing);
            to_json_binary(&StandingResponse {
                standing,
                reserved_until_ms: claim
                    .filter(|_| standing == Standing::Reserved)
                    .map(|claim| claim.reserved_until_ms),
            })
        }
        QueryMsg::Newest { fingerprint } => {
            let found = newest(deps.storage, &fingerprint)?;
            to_json_binary(&found.map(|(number, claim)| NumberedClaim { number, claim }))
        }
        QueryMsg::Config {} => {
            let ledgers = LEDGERS.load(deps.storage)?;
            to_json_binary(&InstantiateMsg { ledgers })
        }
        QueryMsg::History { fingerprint } => {
            let count = COUNTS.may_load(deps.storage, &fingerprint)?.unwrap_or(0);
            let claims: Vec<Claim> = (count.saturating_sub(MAX_HISTORY)..count)
                .map(|number| CLAIMS.load(deps.storage, (&fingerprint, number)))
                .collect::<StdResult<_>>()?;
            to_json_binary(&claims)
        }
    };
    Ok(answer?)
}
