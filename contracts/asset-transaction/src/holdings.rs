//! What owners, pledgees, keepers and courts do with a holding.

use crate::{
    error::AssetError,
    execute::{Call, check_time},
    msg::{MAX_MERGE, Target},
    parts::check_order,
    state::{Encumbrance, StepKind},
};
use blockworm_kit::{
    Caller,
    assets::{AssetId, Kind, Units},
    find_member, is_digest, policy, time_ms,
};
use cosmwasm_std::{Event, Response, Uint128};

/// What happened to a holding, for whoever reads the ledger.
fn told(kind: &str, asset: &AssetId, holding: u64) -> Event {
    Event::new(kind)
        .add_attribute("subject", asset.as_str())
        .add_attribute("holding", holding.to_string())
}

pub(crate) fn set_aside(
    call: Call<'_>,
    asset: AssetId,
    amount: Uint128,
) -> Result<Response, AssetError> {
    let by = call.by;
    let mut book = call.book(&asset)?.moving()?;
    book.debit(by, amount)?;
    let number = book.born(Units::first(amount), by, StepKind::SetAside, Vec::new())?;
    book.save()?;
    let event = told("set_aside", &asset, number)
        .add_attribute("owner", by)
        .add_attribute("amount", amount.to_string());
    Ok(Response::new()
        .add_event(event)
        .set_data(number.to_string().as_bytes()))
}

pub(crate) fn split(
    call: Call<'_>,
    asset: AssetId,
    holding: u64,
    at: Uint128,
) -> Result<Response, AssetError> {
    let by = call.by;
    let mut book = call.book(&asset)?.moving()?;
    if book.asset.kind == Kind::Unique {
        return Err(AssetError::NotDivisible);
    }
    let whole = book.free(holding, by)?;
    let (low, high) = whole.units.split(at).ok_or(AssetError::BadSplit)?;
    let end = book.end(holding, whole)?;
    let first = book.born(low, by, StepKind::Split, vec![end])?;
    book.born(high, by, StepKind::Split, vec![end])?;
    book.save()?;
    let event = told("split", &asset, holding)
        .add_attribute("first", first.to_string())
        .add_attribute("at", at.to_string());
    Ok(Response::new()
        .add_event(event)
        .set_data(first.to_string().as_bytes()))
}

pub(crate) fn merge(
    call: Call<'_>,
    asset: AssetId,
    holdings: Vec<u64>,
) -> Result<Response, AssetError> {
    let by = call.by;
    let mut book = call.book(&asset)?.moving()?;
    let fungible = book.asset.kind == Kind::Fungible;
    let least = if fungible { 1 } else { 2 };
    let again = |(place, number): (usize, &u64)| holdings[..place].contains(number);
    if holdings.len() < least
        || holdings.len() > MAX_MERGE
        || holdings.iter().enumerate().any(again)
    {
        return Err(AssetError::BadMerge);
    }
    let mut parts = Vec::with_capacity(holdings.len());
    for number in &holdings {
        parts.push((*number, book.free(*number, by)?));
    }
    let neighbours =
        |pair: &[(u64, crate::state::Holding)]| pair[0].1.units.to == pair[1].1.units.from;
    if !fungible && !parts.windows(2).all(neighbours) {
        return Err(AssetError::BadMerge);
    }
    let units = Units {
        from: parts[0].1.units.from,
        to: parts[parts.len() - 1].1.units.to,
    };
    let mut total = Uint128::zero();
    let mut before = Vec::with_capacity(parts.len());
    for (number, part) in parts {
        total = total
            .checked_add(part.units.count())
            .map_err(|_| AssetError::Overflow)?;
        before.push(book.end(number, part)?);
    }
    let event = Event::new("merged")
        .add_attribute("subject", asset.as_str())
        .add_attribute("amount", total.to_string())
        .add_attribute("owner", by);
    if fungible {
        book.credit(by, total)?;
        return Ok(Response::new().add_event(event));
    }
    let number = book.born(units, by, StepKind::Merged, before)?;
    book.save()?;
    let event = event.add_attribute("holding", number.to_string());
    Ok(Response::new()
        .add_event(event)
        .set_data(number.to_string().as_bytes()))
}

pub(crate) fn pledge(
    call: Call<'_>,
    asset: AssetId,
    holding: u64,
    pledgee: String,
) -> Result<Response, AssetError> {
    call.check_other(&pledgee)?;
    let (by, querier) = (call.by, call.querier);
    let book = call.book(&asset)?.moving()?;
    let mut book = book.admitting(&querier, &pledgee)?;
    let mut row = book.free(holding, by)?;
    let event = told("pledged", &asset, holding).add_attribute("pledgee", &pledgee);
    row.encumbrance = Some(Encumbrance::Pledged { pledgee });
    book.step(holding, row, StepKind::Pledged)?;
    Ok(Response::new().add_event(event))
}

/// Only the pledgee; where that member was revoked, another maker of its organisation.
pub(crate) fn release(
    call: Call<'_>,
    asset: AssetId,
    holding: u64,
) -> Result<Response, AssetError> {
    let (by, querier) = (call.by, call.querier);
    let mut book = call.book(&asset)?.moving()?;
    let mut row = book.held(holding)?;
    check_order(row.order.as_ref())?;
    let Some(Encumbrance::Pledged { pledgee }) = row.encumbrance.take() else {
        return Err(AssetError::NotPledged);
    };
    if by != pledgee {
        let gone = find_member(&querier, &pledgee)?.filter(|member| !member.active);
        let heir = find_member(&querier, by)?.filter(|member| {
            member.active && member.functions.iter().any(|function| function == "maker")
        });
        let inherits =
            matches!((gone, heir), (Some(a), Some(b)) if a.organisation == b.organisation);
        if !inherits {
            return Err(AssetError::NotPledgee { pledgee });
        }
    }
    book.step(holding, row, StepKind::Released)?;
    let event = told("released", &asset, holding).add_attribute("by", by);
    Ok(Response::new().add_event(event))
}

pub(crate) fn lock(
    call: Call<'_>,
    asset: AssetId,
    holding: u64,
    keeper: String,
    for_ms: u64,
) -> Result<Response, AssetError> {
    let until_ms = check_time(call.env, for_ms)?;
    call.check_other(&keeper)?;
    let by = call.by;
    let mut book = call.book(&asset)?.moving()?;
    let mut row = book.free(holding, by)?;
    let event = told("locked", &asset, holding)
        .add_attribute("keeper", &keeper)
        .add_attribute("until_ms", until_ms.to_string());
    row.encumbrance = Some(Encumbrance::Locked { keeper, until_ms });
    book.step(holding, row, StepKind::Locked)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn unlock(call: Call<'_>, asset: AssetId, holding: u64) -> Result<Response, AssetError> {
    let by = call.by;
    let mut book = call.book(&asset)?.moving()?;
    let mut row = book.held(holding)?;
    check_order(row.order.as_ref())?;
    match row.encumbrance.take() {
        Some(Encumbrance::Locked { keeper, until_ms }) if time_ms(book.env) < until_ms => {
            if by != keeper {
                return Err(AssetError::NotKeeper { keeper });
            }
        }
        Some(Encumbrance::Locked { .. } | Encumbrance::Pledged { .. }) | None => {
            return Err(AssetError::NotLocked);
        }
    }
    book.step(holding, row, StepKind::Unlocked)?;
    Ok(Response::new().add_event(told("unlocked", &asset, holding)))
}

/// By a member of an organisation that may freeze, with the role `court` unless a vote said otherwise, under an order that names itself by its
/// digest; `freezes` or lifts.
pub(crate) fn order(
    call: Call<'_>,
    asset: AssetId,
    target: Target,
    order: String,
    freezes: bool,
) -> Result<Response, AssetError> {
    let caller = Caller::of(&call.querier, &cosmwasm_std::Addr::unchecked(call.by))?;
    policy::require(&call.querier, &caller, policy::FREEZE, &["court"])?;
    if !is_digest(&order) {
        return Err(AssetError::BadDigest);
    }
    let by = call.by;
    let mut book = call.book(&asset)?;
    let (kind, step) = match freezes {
        true => ("holding_frozen", StepKind::Frozen),
        false => ("holding_lifted", StepKind::Lifted),
    };
    let event = match target {
        Target::Holding(number) => {
            let mut row = book.held(number)?;
            change_order(&mut row.order, &order, freezes)?;
            book.ordered(number, row, step, order.clone())?;
            told(kind, &asset, number)
        }
        Target::Balance(owner) => {
            if book.asset.kind != Kind::Fungible {
                return Err(AssetError::NotFungible);
            }
            let mut balance = book.balance(&owner)?;
            change_order(&mut balance.order, &order, freezes)?;
            book.set_balance(&owner, &balance)?;
            Event::new(kind)
                .add_attribute("subject", asset.as_str())
                .add_attribute("balance", owner)
        }
    };
    let event = event.add_attribute("order", order).add_attribute("by", by);
    Ok(Response::new().add_event(event))
}

fn change_order(stands: &mut Option<String>, order: &str, freezes: bool) -> Result<(), AssetError> {
    if freezes {
        check_order(stands.as_ref())?;
        *stands = Some(order.to_owned());
        return Ok(());
    }
    stands.take().map(drop).ok_or(AssetError::NotFrozen)
}
