//! Settlement money that arrives: a bank buys a part, the buyer pays parts, a seller takes a part back. Each time both legs happen or neither.

use crate::{
    error::ReceivableError,
    execute::{Taken, held, load, manage, record},
    lifecycle::{Action, next},
    msg::{Financing, FinancingEnd, InstantiateMsg, MAX_SETTLED, Payload, Reservation, Step},
    pledge,
    state::{ASKS, CONFIG, FINANCINGS, Receivable},
};
use blockworm_kit::{
    Caller, Currency, KitQuery,
    assets::{AssetId, HoldingsMsg, ManageMsg, ManagerMsg, Payment, ReceiveAssetMsg},
};
use cosmwasm_std::{
    Addr, DepsMut, Env, Event, Response, StdResult, Storage, Uint128, WasmMsg, from_json,
    to_json_binary,
};

/// Money that has arrived here, and who paid it.
struct Paid {
    by: Addr,
    voucher: AssetId,
    amount: Uint128,
    currency: Currency,
}

impl Paid {
    /// So much of it, for whoever owns what it is paid for.
    fn part(&self, amount: Uint128) -> Payment {
        Payment {
            asset: self.voucher.clone(),
            amount,
        }
    }
}

pub(crate) fn receive(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    arrived: ReceiveAssetMsg,
) -> Result<Response, ReceivableError> {
    let config = CONFIG.load(deps.storage)?;
    if sender.as_str() != config.assets {
        return Err(ReceivableError::NotTheAssetContract {
            sender: sender.to_string(),
        });
    }
    // Anybody's class may count the same currency: money is what this ledger founded as such.
    let class = arrived.asset.class();
    if arrived.holding.is_some() || !config.vouchers.iter().any(|known| known == class) {
        return Err(ReceivableError::NotMoney {
            asset: arrived.asset,
        });
    }
    let payload = from_json(&arrived.payload).map_err(|_| ReceivableError::BadPayload)?;
    let paid = Paid {
        by: Addr::unchecked(arrived.sender),
        voucher: arrived.asset,
        amount: arrived.amount,
        currency: arrived.currency,
    };
    match payload {
        Payload::Finance {
            id,
            holding,
            reservation,
        } => finance(deps, env, &config, &paid, id, holding, reservation),
        Payload::Settle { id, holdings } => settle(deps, env, &config, &paid, id, holdings),
        Payload::Repurchase { id, holding } => repurchase(deps, env, &config, &paid, id, holding),
    }
}

/// The message to the assets' contract.
fn instruct(config: &InstantiateMsg, message: ManagerMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: config.assets.clone(),
        msg: to_json_binary(&HoldingsMsg::Manager(message))?,
        funds: Vec::new(),
    })
}

/// A bank buys a part: the price goes to its owner, the part to the bank, both or neither (Civil
/// Code of China, art. 761 and 768: factoring, and which of several assignees wins). The part stays
/// pledged here, so that it is still one when it is paid.
fn finance(
    mut deps: DepsMut<'_, KitQuery>,
    env: &Env,
    config: &InstantiateMsg,
    paid: &Paid,
    id: String,
    holding: u64,
    reservation: Option<Reservation>,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, &paid.by)?;
    caller.require_role(&["bank"])?;
    let mut receivable = load(deps.storage, &id)?;
    receivable.status = next(&id, receivable.shown(), Action::Finance)?;
    if let Some(financing) = standing(deps.storage, &id, holding)? {
        return Err(already_financed(id, financing));
    }
    let part = held(&deps.querier, &config.assets, &receivable.asset, holding)?;
    let ask = ASKS.may_load(deps.storage, (&id, holding))?;
    let ask = ask.filter(|ask| ask.by == part.owner);
    let ask = ask.ok_or(ReceivableError::NotOffered { holding })?;
    require_sum(&id, paid, ask.price, receivable.currency)?;
    let organisation = &caller.member.organisation;
    let amounts = (part.units.count(), receivable.amount);
    let known = &mut receivable.known;
    let claim = pledge::pledge(&mut deps, env, organisation, known, amounts, reservation)?;
    let financing = Financing {
        bank: paid.by.to_string(),
        seller: ask.by,
        price: ask.price,
        recourse: ask.recourse,
        claim,
        height: env.block.height,
        notices: 0,
        demanded: None,
        end: None,
    };
    FINANCINGS.save(deps.storage, (&id, holding), &financing)?;
    ASKS.remove(deps.storage, (&id, holding));
    receivable.financed_parts += 1;
    receivable.financier = Some(paid.by.to_string());
    let taken = Taken::new(Step::Financed, &paid.by)
        .part(holding)
        .of(ask.price);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    let event = Event::new("financed")
        .add_attribute("subject", id)
        .add_attribute("holding", holding.to_string())
        .add_attribute("financier", &financing.bank)
        .add_attribute("seller", &financing.seller)
        .add_attribute("amount", part.units.count().to_string())
        .add_attribute("price", ask.price.to_string())
        .add_attribute("currency", receivable.currency.as_str());
    let hand = ManagerMsg::Hand {
        asset: receivable.asset,
        holding,
        to: financing.bank,
        against: paid.part(ask.price),
        keep: true,
    };
    Ok(Response::new()
        .add_event(event)
        .add_message(instruct(config, hand)?))
}

/// The buyer pays parts in full to whoever holds them; where a bank does, its pledge ends.
fn settle(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    config: &InstantiateMsg,
    paid: &Paid,
    id: String,
    holdings: Vec<u64>,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, &paid.by)?;
    let mut receivable = load(deps.storage, &id)?;
    if paid.by.as_str() != receivable.buyer {
        let buyer = receivable.buyer;
        return Err(ReceivableError::NotTheBuyer { id, buyer });
    }
    next(&id, receivable.shown(), Action::Settle { last: false })?;
    let again = |(place, number): (usize, &u64)| holdings[..place].contains(number);
    if holdings.is_empty() || holdings.len() > MAX_SETTLED || holdings.iter().enumerate().any(again)
    {
        return Err(ReceivableError::BadParts { most: MAX_SETTLED });
    }
    let mut response = Response::new();
    let mut sum = Uint128::zero();
    for holding in holdings {
        let part = held(&deps.querier, &config.assets, &receivable.asset, holding)?;
        let amount = part.units.count();
        sum = sum
            .checked_add(amount)
            .map_err(|_| ReceivableError::Overflow)?;
        end_financing(
            deps.storage,
            env,
            (&id, holding),
            &mut receivable,
            FinancingEnd::Settled,
        )?;
        ASKS.remove(deps.storage, (&id, holding));
        let taken = Taken::new(Step::Settled, &paid.by).part(holding).of(amount);
        record(deps.storage, env, &id, &mut receivable, taken)?;
        let event = Event::new("settled")
            .add_attribute("subject", &id)
            .add_attribute("holding", holding.to_string())
            .add_attribute("buyer", paid.by.as_str())
            .add_attribute("holder", part.owner)
            .add_attribute("amount", amount.to_string())
            .add_attribute("currency", receivable.currency.as_str());
        let retire = ManagerMsg::Retire {
            asset: receivable.asset.clone(),
            holding,
            against: paid.part(amount),
        };
        response = response
            .add_event(event)
            .add_message(instruct(config, retire)?);
    }
    require_sum(&id, paid, sum, receivable.currency)?;
    receivable.settled = receivable
        .settled
        .checked_add(sum)
        .map_err(|_| ReceivableError::Overflow)?;
    let last = receivable.settled == receivable.amount;
    receivable.status = next(&id, receivable.shown(), Action::Settle { last })?;
    crate::state::RECEIVABLES.save(deps.storage, &id, &receivable)?;
    if last {
        let asset = receivable.asset;
        response = response.add_message(manage(config, ManageMsg::Redeem { asset })?);
    }
    Ok(response)
}

/// Who sold a part with recourse takes it back for what the bank demanded (Civil Code of China,
/// art. 766: factoring with recourse).
fn repurchase(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    config: &InstantiateMsg,
    paid: &Paid,
    id: String,
    holding: u64,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, &paid.by)?;
    let mut receivable = load(deps.storage, &id)?;
    receivable.status = next(&id, receivable.shown(), Action::Repurchase)?;
    let financing = standing(deps.storage, &id, holding)?;
    let financing = financing.ok_or(ReceivableError::NotFinanced { holding })?;
    if financing.seller != paid.by.as_str() {
        let seller = financing.seller;
        return Err(ReceivableError::NotTheSeller { id, seller });
    }
    let demanded = financing
        .demanded
        .ok_or(ReceivableError::NotDemanded { holding })?;
    require_sum(&id, paid, demanded, receivable.currency)?;
    end_financing(
        deps.storage,
        env,
        (&id, holding),
        &mut receivable,
        FinancingEnd::Repurchased,
    )?;
    let taken = Taken::new(Step::Repurchased, &paid.by)
        .part(holding)
        .of(demanded);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    let event = Event::new("repurchased")
        .add_attribute("subject", id)
        .add_attribute("holding", holding.to_string())
        .add_attribute("seller", paid.by.as_str())
        .add_attribute("bank", financing.bank)
        .add_attribute("amount", demanded.to_string())
        .add_attribute("currency", receivable.currency.as_str());
    let hand = ManagerMsg::Hand {
        asset: receivable.asset,
        holding,
        to: paid.by.to_string(),
        against: paid.part(demanded),
        keep: false,
    };
    Ok(Response::new()
        .add_event(event)
        .add_message(instruct(config, hand)?))
}

/// The part's sale to a bank, unless it has ended.
pub(crate) fn standing(
    storage: &dyn Storage,
    id: &str,
    holding: u64,
) -> StdResult<Option<Financing>> {
    let financing = FINANCINGS.may_load(storage, (id, holding))?;
    Ok(financing.filter(|financing| financing.end.is_none()))
}

/// Where a bank had bought the part, that is over, and the registry may let go.
fn end_financing(
    storage: &mut dyn Storage,
    env: &Env,
    (id, holding): (&str, u64),
    receivable: &mut Receivable,
    end: FinancingEnd,
) -> Result<(), ReceivableError> {
    let Some(mut financing) = standing(storage, id, holding)? else {
        return Ok(());
    };
    if let Some(claim) = financing.claim {
        pledge::end(storage, env, claim, pledge::organisation(&financing.bank))?;
    }
    financing.end = Some(end);
    FINANCINGS.save(storage, (id, holding), &financing)?;
    receivable.financed_parts = receivable.financed_parts.saturating_sub(1);
    Ok(())
}

fn require_sum(
    id: &str,
    paid: &Paid,
    wanted: Uint128,
    currency: Currency,
) -> Result<(), ReceivableError> {
    if (paid.amount, paid.currency) == (wanted, currency) {
        return Ok(());
    }
    Err(ReceivableError::WrongAmount {
        id: id.to_owned(),
        wanted,
        currency,
        paid: paid.amount,
        paid_in: paid.currency,
    })
}

fn already_financed(id: String, financing: Financing) -> ReceivableError {
    ReceivableError::AlreadyFinanced {
        id,
        financier: financing.bank,
        height: financing.height,
    }
}
