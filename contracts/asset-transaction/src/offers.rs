//! Offers: what is given and what is asked change hands together, or neither does.

use crate::{
    error::AssetError,
    execute::{Call, check_time},
    msg::{OfferMsg, Part},
    parts::Book,
    state::{OFFER_COUNT, OFFERS, Offer, OfferEnd, StepKind},
};
use blockworm_kit::{assets::AssetId, time_ms};
use cosmwasm_std::{Event, Response};

pub(crate) fn offer(call: Call<'_>, terms: OfferMsg) -> Result<Response, AssetError> {
    let until_ms = check_time(call.env, terms.for_ms)?;
    let (by, env) = (call.by, call.env);
    if let Some(to) = &terms.to {
        call.check_other(to)?;
    }
    let Call { storage, .. } = call;
    let book = Book::open(&mut *storage, env, by, &terms.asset)?;
    let amount = book.moving()?.unapproved()?.check(terms.give, by)?;
    if let Some(want) = &terms.want {
        if want.amount.is_zero() {
            return Err(AssetError::ZeroAmount);
        }
        Book::open(&mut *storage, env, by, &want.asset)?
            .moving()?
            .unapproved()?;
    }
    let number = OFFER_COUNT.may_load(storage)?.unwrap_or(0);
    let next = number.checked_add(1).ok_or(AssetError::Overflow)?;
    OFFER_COUNT.save(storage, &next)?;
    let OfferMsg {
        asset,
        give,
        want,
        to,
        ..
    } = terms;
    let event = told("offered", &asset, number)
        .add_attribute("by", by)
        .add_attribute("amount", amount.to_string())
        .add_attribute("until_ms", until_ms.to_string());
    let by = by.to_owned();
    let offer = Offer {
        by,
        asset,
        give,
        want,
        to,
        until_ms,
        end: None,
    };
    OFFERS.save(storage, number, &offer)?;
    Ok(Response::new()
        .add_event(event)
        .set_data(number.to_string().as_bytes()))
}

fn told(kind: &str, asset: &AssetId, offer: u64) -> Event {
    Event::new(kind)
        .add_attribute("subject", asset.as_str())
        .add_attribute("offer", offer.to_string())
}

/// An offer that nobody has accepted or taken back.
fn standing(call: &Call<'_>, number: u64) -> Result<Offer, AssetError> {
    let offer = OFFERS.may_load(call.storage, number)?;
    let offer = offer.ok_or(AssetError::UnknownOffer { offer: number })?;
    if offer.end.is_some() {
        Err(AssetError::Ended)
    } else {
        Ok(offer)
    }
}

/// Both legs are checked before either moves; a refusal of either undoes the transaction.
pub(crate) fn accept(
    call: Call<'_>,
    number: u64,
    holding: Option<u64>,
) -> Result<Response, AssetError> {
    let mut offer = standing(&call, number)?;
    let (by, env) = (call.by, call.env);
    if time_ms(env) >= offer.until_ms {
        return Err(AssetError::Expired {
            until_ms: offer.until_ms,
        });
    }
    if let Some(to) = offer.to.clone().filter(|to| to != by) {
        return Err(AssetError::NotForYou { to });
    }
    if offer.by == by {
        return Err(AssetError::OwnOffer);
    }
    call.check_not_revoked(&offer.by)?;
    let Call {
        storage, querier, ..
    } = call;
    let mut book = Book::open(&mut *storage, env, by, &offer.asset)?
        .moving()?
        .unapproved()?
        .admitting(&querier, by)?;
    let given = book.check(offer.give, &offer.by)?;
    let mut event = told("exchanged", &offer.asset, number)
        .add_attribute("from", &offer.by)
        .add_attribute("to", by)
        .add_attribute("amount", given.to_string());
    match &offer.want {
        None => {
            book.give(offer.give, (&offer.by, by), StepKind::Exchanged)?;
        }
        Some(want) => {
            let part = holding.map_or(Part::Units(want.amount), Part::Holding);
            let pay = Book::open(&mut *storage, env, by, &want.asset)?
                .moving()?
                .unapproved()?
                .admitting(&querier, &offer.by)?;
            let paid = pay.check(part, by)?;
            if paid != want.amount {
                return Err(AssetError::WrongPayment {
                    wanted: want.amount,
                    given: paid,
                });
            }
            let mut book = Book::open(&mut *storage, env, by, &offer.asset)?;
            book.give(offer.give, (&offer.by, by), StepKind::Exchanged)?;
            let mut pay = Book::open(&mut *storage, env, by, &want.asset)?;
            pay.give(part, (by, &offer.by), StepKind::Exchanged)?;
            event = event
                .add_attribute("for", want.asset.as_str())
                .add_attribute("price", want.amount.to_string());
        }
    }
    offer.end = Some(OfferEnd::Accepted(by.to_owned()));
    OFFERS.save(storage, number, &offer)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn withdraw(call: Call<'_>, number: u64) -> Result<Response, AssetError> {
    let mut offer = standing(&call, number)?;
    if offer.by != call.by {
        return Err(AssetError::NotYours { by: offer.by });
    }
    offer.end = Some(OfferEnd::Withdrawn);
    OFFERS.save(call.storage, number, &offer)?;
    Ok(Response::new().add_event(told("withdrawn", &offer.asset, number)))
}
