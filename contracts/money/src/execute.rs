//! Issuing and moving money.

use crate::{
    error::MoneyError,
    msg::{ExecuteMsg, InstantiateMsg, OutgoingMsg},
    state::{BALANCES, SUPPLY},
};
use blockworm_kit::{Caller, Currency, KitQuery, ReceiveMsg, find_member};
use cosmwasm_std::{
    Addr, Binary, DepsMut, Env, Event, MessageInfo, Response, Storage, Uint128, WasmMsg,
    to_json_binary,
};

/// Begins with no units at all.
pub fn instantiate(
    _deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    _msg: InstantiateMsg,
) -> Result<Response, MoneyError> {
    Ok(Response::new())
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, MoneyError> {
    match msg {
        ExecuteMsg::Issue {
            to,
            amount,
            currency,
        } => issue(deps, &info.sender, to, amount, currency),
        ExecuteMsg::Transfer {
            to,
            amount,
            currency,
        } => transfer(deps, &info.sender, to, amount, currency),
        ExecuteMsg::Send {
            contract,
            amount,
            currency,
            payload,
        } => send(deps, info.sender, contract, amount, currency, payload),
    }
}

fn issue(
    deps: DepsMut<'_, KitQuery>,
    sender: &Addr,
    to: String,
    amount: Uint128,
    currency: Currency,
) -> Result<Response, MoneyError> {
    let caller = Caller::of(&deps.querier, sender)?;
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    check_amount(amount)?;
    check_receiver(&deps, &to)?;
    let supply = SUPPLY
        .may_load(deps.storage, currency.as_str())?
        .unwrap_or_default();
    let supply = supply
        .checked_add(amount)
        .map_err(|_| MoneyError::SupplyOverflow { currency })?;
    SUPPLY.save(deps.storage, currency.as_str(), &supply)?;
    credit(deps.storage, &to, amount, currency)?;
    Ok(Response::new().add_event(moved("issued", sender.as_str(), to, amount, currency)))
}

fn transfer(
    deps: DepsMut<'_, KitQuery>,
    sender: &Addr,
    to: String,
    amount: Uint128,
    currency: Currency,
) -> Result<Response, MoneyError> {
    check_amount(amount)?;
    check_receiver(&deps, &to)?;
    debit(deps.storage, sender.as_str(), amount, currency)?;
    credit(deps.storage, &to, amount, currency)?;
    Ok(Response::new().add_event(moved("transferred", sender.as_str(), to, amount, currency)))
}

fn send(
    deps: DepsMut<'_, KitQuery>,
    sender: Addr,
    contract: String,
    amount: Uint128,
    currency: Currency,
    payload: Binary,
) -> Result<Response, MoneyError> {
    check_amount(amount)?;
    debit(deps.storage, sender.as_str(), amount, currency)?;
    credit(deps.storage, &contract, amount, currency)?;
    let event = moved(
        "transferred",
        sender.as_str(),
        contract.clone(),
        amount,
        currency,
    );
    let receive = ReceiveMsg {
        sender: sender.into_string(),
        amount,
        currency,
        payload,
    };
    Ok(Response::new()
        .add_event(event)
        .add_message(WasmMsg::Execute {
            contract_addr: contract,
            msg: to_json_binary(&OutgoingMsg::Receive(receive))?,
            funds: Vec::new(),
        }))
}

fn check_amount(amount: Uint128) -> Result<(), MoneyError> {
    if amount.is_zero() {
        Err(MoneyError::ZeroAmount)
    } else {
        Ok(())
    }
}

/// Receivers are members; contracts are reached by `send`, which tells them.
fn check_receiver(deps: &DepsMut<'_, KitQuery>, account: &str) -> Result<(), MoneyError> {
    match find_member(&deps.querier, account)? {
        Some(member) if member.active => Ok(()),
        Some(_) => Err(MoneyError::InactiveAccount {
            account: account.to_owned(),
        }),
        None => Err(MoneyError::UnknownAccount {
            account: account.to_owned(),
        }),
    }
}

fn debit(
    storage: &mut dyn Storage,
    account: &str,
    amount: Uint128,
    currency: Currency,
) -> Result<(), MoneyError> {
    let key = (currency.as_str(), account);
    let held = BALANCES.may_load(storage, key)?.unwrap_or_default();
    let left = held
        .checked_sub(amount)
        .map_err(|_| MoneyError::InsufficientFunds {
            account: account.to_owned(),
            held,
            needed: amount,
            currency,
        })?;
    if left.is_zero() {
        BALANCES.remove(storage, key);
    } else {
        BALANCES.save(storage, key, &left)?;
    }
    Ok(())
}

fn credit(
    storage: &mut dyn Storage,
    account: &str,
    amount: Uint128,
    currency: Currency,
) -> Result<(), MoneyError> {
    let key = (currency.as_str(), account);
    let held = BALANCES.may_load(storage, key)?.unwrap_or_default();
    // No balance exceeds the supply, and `issue` keeps the supply countable.
    let total = held
        .checked_add(amount)
        .map_err(|_| MoneyError::SupplyOverflow { currency })?;
    BALANCES.save(storage, key, &total)?;
    Ok(())
}

fn moved(kind: &str, from: &str, to: String, amount: Uint128, currency: Currency) -> Event {
    Event::new(kind)
        .add_attribute("subject", to)
        .add_attribute("from", from)
        .add_attribute("amount", amount.to_string())
        .add_attribute("currency", currency.as_str())
}
