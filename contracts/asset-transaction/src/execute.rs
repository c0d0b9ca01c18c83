//! Messages, by whose business they are; and the plain change of hands.

use crate::{
    error::AssetError,
    holdings, issuance, manager,
    msg::{ExecuteMsg, InstantiateMsg, MAX_TIME_MS, MIN_TIME_MS, OutgoingMsg, Part},
    offers,
    parts::Book,
    proposals,
    state::{ISSUANCE, StepKind},
};
use blockworm_kit::{
    KitQuery,
    assets::{AssetId, ReceiveAssetMsg},
    find_member, time_ms,
};
use cosmwasm_std::{
    Binary, DepsMut, Env, Event, MessageInfo, QuerierWrapper, Response, Storage, Uint128, WasmMsg,
    to_json_binary,
};

/// Begins with no assets.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, AssetError> {
    ISSUANCE.save(deps.storage, &msg.issuance)?;
    Ok(Response::new())
}

/// One message: what it may read and write, when, and on whose behalf.
pub(crate) struct Call<'a> {
    pub(crate) storage: &'a mut dyn Storage,
    pub(crate) querier: QuerierWrapper<'a, KitQuery>,
    pub(crate) env: &'a Env,
    pub(crate) by: &'a str,
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, AssetError> {
    use ExecuteMsg as M;
    let call = Call {
        storage: deps.storage,
        querier: deps.querier,
        env: &env,
        by: info.sender.as_str(),
    };
    match msg {
        M::Issuance(msg) => issuance::execute(call, msg),
        M::Manager(msg) => manager::execute(call, msg),
        M::Transfer { asset, part, to } => transfer(call, asset, part, &to),
        M::Send {
            asset,
            part,
            contract,
            payload,
        } => send(call, asset, part, contract, payload),
        M::SetAside { asset, amount } => holdings::set_aside(call, asset, amount),
        M::Split { asset, holding, at } => holdings::split(call, asset, holding, at),
        M::Merge { asset, holdings } => holdings::merge(call, asset, holdings),
        M::Pledge {
            asset,
            holding,
            pledgee,
        } => holdings::pledge(call, asset, holding, pledgee),
        M::Release { asset, holding } => holdings::release(call, asset, holding),
        M::Lock {
            asset,
            holding,
            keeper,
            for_ms,
        } => holdings::lock(call, asset, holding, keeper, for_ms),
        M::Unlock { asset, holding } => holdings::unlock(call, asset, holding),
        M::Freeze {
            asset,
            target,
            order,
        } => holdings::order(call, asset, target, order, true),
        M::Lift {
            asset,
            target,
            order,
        } => holdings::order(call, asset, target, order, false),
        M::Offer(terms) => offers::offer(call, terms),
        M::Accept { offer, holding } => offers::accept(call, offer, holding),
        M::Withdraw { offer } => offers::withdraw(call, offer),
        M::Propose {
            asset,
            part,
            to,
            for_ms,
        } => proposals::propose(call, asset, part, to, for_ms),
        M::Approve { proposal, role } => proposals::approve(call, proposal, role),
        M::Retract { proposal } => proposals::retract(call, proposal),
    }
}

fn transfer(call: Call<'_>, asset: AssetId, part: Part, to: &str) -> Result<Response, AssetError> {
    call.check_member(to)?;
    let (by, querier) = (call.by, call.querier);
    let book = call.book(&asset)?.moving()?.unapproved()?;
    let mut book = book.admitting(&querier, to)?;
    let amount = book.give(part, (by, to), StepKind::Transferred)?;
    Ok(Response::new().add_event(moved(&asset, part, (by, to), amount)))
}

fn send(
    call: Call<'_>,
    asset: AssetId,
    part: Part,
    contract: String,
    payload: Binary,
) -> Result<Response, AssetError> {
    let (by, querier) = (call.by, call.querier);
    let book = call.book(&asset)?.moving()?.unapproved()?;
    let mut book = book.admitting(&querier, &contract)?;
    let amount = book.give(part, (by, &contract), StepKind::Transferred)?;
    let currency = book.asset.currency;
    let event = moved(&asset, part, (by, &contract), amount);
    let holding = match part {
        Part::Units(_) => None,
        Part::Holding(number) => Some(number),
    };
    let sender = by.to_owned();
    let receive = ReceiveAssetMsg {
        sender,
        asset,
        holding,
        amount,
        currency,
        payload,
    };
    Ok(Response::new()
        .add_event(event)
        .add_message(WasmMsg::Execute {
            contract_addr: contract,
            msg: to_json_binary(&OutgoingMsg::ReceiveAsset(receive))?,
            funds: Vec::new(),
        }))
}

pub(crate) fn moved(
    asset: &AssetId,
    part: Part,
    (from, to): (&str, &str),
    amount: Uint128,
) -> Event {
    let event = Event::new("transferred")
        .add_attribute("subject", asset.as_str())
        .add_attribute("from", from)
        .add_attribute("to", to)
        .add_attribute("amount", amount.to_string());
    match part {
        Part::Units(_) => event,
        Part::Holding(number) => event.add_attribute("holding", number.to_string()),
    }
}

/// When something that begins now and lasts so long ends.
pub(crate) fn check_time(env: &Env, for_ms: u64) -> Result<u64, AssetError> {
    if (MIN_TIME_MS..=MAX_TIME_MS).contains(&for_ms) {
        return time_ms(env).checked_add(for_ms).ok_or(AssetError::Overflow);
    }
    Err(AssetError::BadDuration {
        asked: for_ms,
        least: MIN_TIME_MS,
        most: MAX_TIME_MS,
    })
}

impl<'a> Call<'a> {
    pub(crate) fn book<'b>(self, id: &'b AssetId) -> Result<Book<'b>, AssetError>
    where
        'a: 'b,
    {
        Book::open(self.storage, self.env, self.by, id)
    }

    /// Receivers are members; contracts are reached by `send`, which tells them.
    pub(crate) fn check_member(&self, member: &str) -> Result<(), AssetError> {
        match find_member(&self.querier, member)? {
            Some(found) if found.active => Ok(()),
            Some(_) => Err(AssetError::InactiveMember {
                member: member.to_owned(),
            }),
            None => Err(AssetError::UnknownMember {
                member: member.to_owned(),
            }),
        }
    }

    /// An active member other than the caller.
    pub(crate) fn check_other(&self, member: &str) -> Result<(), AssetError> {
        if member == self.by {
            return Err(AssetError::SameMember);
        }
        self.check_member(member)
    }

    /// A contract that offered is no member and may still be paid.
    pub(crate) fn check_not_revoked(&self, member: &str) -> Result<(), AssetError> {
        match find_member(&self.querier, member)? {
            Some(found) if !found.active => Err(AssetError::InactiveMember {
                member: member.to_owned(),
            }),
            Some(_) | None => Ok(()),
        }
    }
}
