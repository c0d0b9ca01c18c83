//! A debt whose day has passed: notices to the buyer, and the bank's demand that its seller takes the part back.

use crate::{
    error::ReceivableError,
    execute::{Taken, load, owned, record},
    lifecycle::{Action, next},
    msg::Step,
    payments::standing,
    state::{CONFIG, FINANCINGS, Receivable},
};
use blockworm_kit::{
    Caller, CivilDate, KitQuery,
    calendar::{SETTLEMENT, business_day},
    is_digest, time_ms,
};
use cosmwasm_std::{
    Addr, DepsMut, Env, Event, QuerierWrapper, Response, StdResult, Storage, Uint128,
};

/// The day on the clocks where debts fall due.
pub(crate) fn today(storage: &dyn Storage, env: &Env) -> Result<CivilDate, ReceivableError> {
    let offset = CONFIG.load(storage)?.utc_offset_minutes;
    Ok(CivilDate::at(time_ms(env), offset))
}

/// Whether the buyer should have paid before this day: on the due date, or on the next business day
/// of the ledger's settlement calendar.
pub(crate) fn is_overdue(
    querier: &QuerierWrapper<'_, KitQuery>,
    receivable: &Receivable,
    today: CivilDate,
) -> StdResult<bool> {
    Ok(receivable.is_past_due(today)
        && today > business_day(querier, SETTLEMENT, receivable.due_date)?)
}

fn require_overdue(
    deps: &DepsMut<'_, KitQuery>,
    env: &Env,
    id: &str,
    receivable: &Receivable,
) -> Result<(), ReceivableError> {
    let today = today(deps.storage, env)?;
    if is_overdue(&deps.querier, receivable, today)? {
        return Ok(());
    }
    Err(ReceivableError::NotOverdue {
        id: id.to_owned(),
        due_date: receivable.due_date,
    })
}

pub(crate) fn notify(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
    holding: u64,
    notice: String,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?;
    if !is_digest(&notice) {
        return Err(ReceivableError::BadDigest);
    }
    let mut receivable = load(deps.storage, &id)?;
    receivable.status = next(&id, receivable.shown(), Action::Notify)?;
    require_overdue(&deps, env, &id, &receivable)?;
    owned(&deps, &receivable, holding, sender.as_str())?;
    if let Some(mut financing) = standing(deps.storage, &id, holding)? {
        financing.notices = financing.notices.saturating_add(1);
        FINANCINGS.save(deps.storage, (&id, holding), &financing)?;
    }
    let event = Event::new("notified")
        .add_attribute("subject", &id)
        .add_attribute("holding", holding.to_string())
        .add_attribute("by", sender.as_str())
        .add_attribute("buyer", &receivable.buyer)
        .add_attribute("notice", &notice);
    let taken = Taken::new(Step::Notified, sender).part(holding).on(notice);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn demand(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
    holding: u64,
    amount: Uint128,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, sender)?;
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    let mut receivable = load(deps.storage, &id)?;
    receivable.status = next(&id, receivable.shown(), Action::Demand)?;
    require_overdue(&deps, env, &id, &receivable)?;
    let financing = standing(deps.storage, &id, holding)?;
    let mut financing = financing.ok_or(ReceivableError::NotFinanced { holding })?;
    // The bank's, and not one member's: who paid may have left it.
    if financing.bank.split('/').next() != Some(&caller.member.organisation) {
        let owner = financing.bank;
        return Err(ReceivableError::NotTheOwner { holding, owner });
    }
    if !financing.recourse {
        return Err(ReceivableError::NoRecourse { holding });
    }
    if financing.notices == 0 {
        return Err(ReceivableError::NoNotice { holding });
    }
    let part = owned(&deps, &receivable, holding, &financing.bank)?;
    let (least, most) = (financing.price, part.units.count());
    if amount < least || amount > most {
        return Err(ReceivableError::BadDemand { least, most });
    }
    financing.demanded = Some(amount);
    let event = Event::new("demanded")
        .add_attribute("subject", &id)
        .add_attribute("holding", holding.to_string())
        .add_attribute("bank", &financing.bank)
        .add_attribute("seller", &financing.seller)
        .add_attribute("amount", amount.to_string());
    FINANCINGS.save(deps.storage, (&id, holding), &financing)?;
    let taken = Taken::new(Step::Demanded, sender).part(holding).of(amount);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    Ok(Response::new().add_event(event))
}
