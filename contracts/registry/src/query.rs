//! Reading claims: where fingerprints stand, whose keys make them, and what became of each claim.

use crate::{
    error::RegistryError,
    keys,
    msg::{
        Checked, KeyPair, KeysResponse, MAX_CHECKED, MAX_PAGE, NumberedClaim, QueryMsg, Standing,
    },
    state::{CONFIG, EVER, HELD, KEYS, PENDING, SETS},
};
use blockworm_kit::{
    KitQuery,
    claims::{CLAIMS, Claim},
    is_digest,
};
use cosmwasm_std::{Binary, Deps, Env, Order, StdResult, Storage, to_json_binary};
use cw_storage_plus::Bound;
use std::collections::{BTreeMap, btree_map::Entry};

/// Answers one question.
pub fn query(deps: Deps<'_, KitQuery>, _env: Env, msg: QueryMsg) -> Result<Binary, RegistryError> {
    let storage = deps.storage;
    let answer = match msg {
        QueryMsg::Check { fingerprints } => to_json_binary(&check(storage, &fingerprints)?),
        QueryMsg::Keys {} => to_json_binary(&keys_response(storage)?),
        QueryMsg::Claim { claim } => to_json_binary(&CLAIMS.may_load(storage, claim)?),
        QueryMsg::Parts { claim } => {
            to_json_binary(&SETS.may_load(storage, claim)?.unwrap_or_default())
        }
        QueryMsg::Claims {
            fingerprint,
            start_before,
            limit,
        } => {
            let before = start_before.map(Bound::exclusive);
            let limit = limit.unwrap_or(MAX_PAGE).min(MAX_PAGE) as usize;
            let rows = EVER.prefix(&fingerprint);
            let rows = rows.keys(storage, None, before, Order::Descending);
            let page: StdResult<Vec<u64>> = rows.take(limit).collect();
            to_json_binary(&numbered(storage, page?)?)
        }
        QueryMsg::Open { bank, fingerprint } => {
            let held = HELD.may_load(storage, &fingerprint)?.unwrap_or_default();
            let numbers = held.shares.iter().map(|held| held.claim).collect();
            let mut open = numbered(storage, numbers)?;
            open.retain(|open| open.claim.bank == bank && open.claim.end.is_none());
            // One under which nothing is financed yet comes before those that are used up.
            let unused = |open: &NumberedClaim| (open.claim.financed_at.is_none(), open.number);
            to_json_binary(&open.into_iter().max_by_key(unused))
        }
        QueryMsg::Config {} => to_json_binary(&CONFIG.load(storage)?),
    };
    Ok(answer?)
}

fn numbered(storage: &dyn Storage, numbers: Vec<u64>) -> StdResult<Vec<NumberedClaim>> {
    let numbers = numbers.into_iter();
    numbers
        .map(|number| {
            let claim = CLAIMS.load(storage, number)?;
            Ok(NumberedClaim { number, claim })
        })
        .collect()
}

fn check(storage: &dyn Storage, fingerprints: &[String]) -> Result<Vec<Checked>, RegistryError> {
    if fingerprints.len() > MAX_CHECKED {
        return Err(RegistryError::TooMuchAsked);
    }
    if !fingerprints.iter().all(|text| is_digest(text)) {
        return Err(RegistryError::BadFingerprint);
    }
    // Of one document's fingerprints most are held by the same claims.
    let mut claims: BTreeMap<u64, Claim> = BTreeMap::new();
    let mut answer = Vec::new();
    for fingerprint in fingerprints {
        let held = HELD.may_load(storage, fingerprint)?.unwrap_or_default();
        let mut checked = Checked {
            standing: Standing::Free,
            taken: 0,
            marked: held.marks > 0,
            reserved_until_ms: None,
        };
        for share in held.shares {
            let claim = match claims.entry(share.claim) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(CLAIMS.load(storage, share.claim)?),
            };
            // Displaced, and nobody has come across it since.
            if claim.end.is_some() {
                continue;
            }
            checked.taken = checked.taken.saturating_add(share.share);
            if claim.financed_at.is_some() {
                checked.standing = Standing::Financed;
            } else {
                let until = Some(claim.reserved_until_ms);
                checked.reserved_until_ms = checked.reserved_until_ms.max(until);
                if checked.standing == Standing::Free {
                    checked.standing = Standing::Reserved;
                }
            }
        }
        answer.push(checked);
    }
    Ok(answer)
}

fn keys_response(storage: &dyn Storage) -> StdResult<KeysResponse> {
    let rows = KEYS.range(storage, None, None, Order::Ascending);
    let in_force: StdResult<Vec<KeyPair>> = rows
        .map(|row| {
            let (version, public_keys) = row?;
            Ok(KeyPair {
                version,
                public_keys,
            })
        })
        .collect();
    Ok(KeysResponse {
        holders: CONFIG.load(storage)?.holders,
        in_force: in_force?,
        pending: PENDING.may_load(storage)?.unwrap_or_default().into(),
        required: keys::required(storage)?.into_iter().collect(),
    })
}
