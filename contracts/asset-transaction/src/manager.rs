//! What the contract that runs a class alone may ask: holdings change hands and end against payment, both or neither.

use crate::{
    error::AssetError,
    execute::Call,
    msg::Part,
    parts::Book,
    state::{Encumbrance, Holding, StepKind},
};
use blockworm_kit::assets::{AssetId, ManagerMsg, Payment};
use cosmwasm_std::{Env, Event, Response, Storage};

pub(crate) fn execute(call: Call<'_>, msg: ManagerMsg) -> Result<Response, AssetError> {
    match msg {
        ManagerMsg::Hand {
            asset,
            holding,
            to,
            against,
            keep,
        } => hand(call, &asset, holding, to, &against, keep),
        ManagerMsg::Retire {
            asset,
            holding,
            against,
        } => retire(call, &asset, holding, &against),
    }
}

/// A moving asset that the caller manages, and one of its holdings that the caller may move.
fn open<'a>(
    storage: &'a mut dyn Storage,
    env: &'a Env,
    by: &'a str,
    asset: &'a AssetId,
    number: u64,
) -> Result<(Book<'a>, Holding), AssetError> {
    let book = Book::open(storage, env, by, asset)?;
    match &book.asset.manager {
        Some(manager) if manager.contract == by => {}
        Some(_) | None => return Err(AssetError::NotManager),
    }
    let book = book.moving()?;
    let holding = book.free_for(by, number)?;
    Ok((book, holding))
}

fn hand(
    call: Call<'_>,
    asset: &AssetId,
    number: u64,
    to: String,
    against: &Payment,
    keep: bool,
) -> Result<Response, AssetError> {
    call.check_member(&to)?;
    let Call {
        storage, env, by, ..
    } = call;
    let (mut book, mut holding) = open(&mut *storage, env, by, asset, number)?;
    if holding.owner == to {
        return Err(AssetError::SameMember);
    }
    let owner = std::mem::replace(&mut holding.owner, to);
    let event = told("handed", asset, number, &holding, against)
        .add_attribute("from", &owner)
        .add_attribute("to", &holding.owner);
    holding.encumbrance = keep.then(|| Encumbrance::Pledged {
        pledgee: by.to_owned(),
    });
    book.step(number, holding, StepKind::Exchanged)?;
    pay(storage, env, by, &owner, against)?;
    Ok(Response::new().add_event(event))
}

fn retire(
    call: Call<'_>,
    asset: &AssetId,
    number: u64,
    against: &Payment,
) -> Result<Response, AssetError> {
    let Call {
        storage, env, by, ..
    } = call;
    let (mut book, mut holding) = open(&mut *storage, env, by, asset, number)?;
    let retired = book.asset.retired.checked_add(holding.units.count());
    book.asset.retired = retired.map_err(|_| AssetError::Overflow)?;
    let owner = holding.owner.clone();
    let event =
        told("holding_retired", asset, number, &holding, against).add_attribute("owner", &owner);
    holding.closed = true;
    book.step(number, holding, StepKind::Retired)?;
    book.save()?;
    pay(storage, env, by, &owner, against)?;
    Ok(Response::new().add_event(event))
}

/// Out of the manager's own balance.
fn pay(
    storage: &mut dyn Storage,
    env: &Env,
    by: &str,
    owner: &str,
    against: &Payment,
) -> Result<(), AssetError> {
    let mut book = Book::open(storage, env, by, &against.asset)?
        .moving()?
        .unapproved()?;
    let part = Part::Units(against.amount);
    book.give(part, (by, owner), StepKind::Exchanged).map(drop)
}

fn told(kind: &str, asset: &AssetId, number: u64, holding: &Holding, against: &Payment) -> Event {
    Event::new(kind)
        .add_attribute("subject", asset.as_str())
        .add_attribute("holding", number.to_string())
        .add_attribute("amount", holding.units.count().to_string())
        .add_attribute("for", against.asset.as_str())
        .add_attribute("price", against.amount.to_string())
}
