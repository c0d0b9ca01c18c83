//! The life of a receivable: issued → confirmed → financed → settled.

use crate::{
    error::ReceivableError,
    msg::{ExecuteMsg, HistoryEntry, InstantiateMsg, OutgoingMsg, Payload, Reservation, Status},
    pledge,
    state::{INVOICES, MONEY, RECEIVABLES, REGISTRY, Receivable},
};
use blockworm_kit::{Caller, KitQuery, ReceiveMsg, find_member, is_digest, time_ms};
use cosmwasm_std::{
    Addr, DepsMut, Env, Event, MessageInfo, Response, Storage, Uint128, WasmMsg, from_json,
    to_json_binary,
};
use std::collections::BTreeMap;

/// Remembers which contract's money counts, and where documents are reserved.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ReceivableError> {
    MONEY.save(deps.storage, &deps.api.addr_validate(&msg.money)?)?;
    if let Some(registry) = msg.registry {
        REGISTRY.save(deps.storage, &registry)?;
    }
    Ok(Response::new())
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ReceivableError> {
    match msg {
        ExecuteMsg::Issue {
            id,
            invoice_digest,
            document_commitment,
            buyer,
            amount,
            currency,
            due_date,
            price,
        } => {
            let receivable = Receivable {
                invoice_digest,
                document_commitment,
                seller: info.sender.to_string(),
                buyer,
                amount,
                currency,
                due_date,
                price: price.unwrap_or(amount),
                claim: None,
                documents: BTreeMap::new(),
                history: vec![entry(Status::Issued, info.sender.as_str(), &env)],
            };
            issue(deps, &info.sender, id, &receivable)
        }
        ExecuteMsg::Confirm { id } => confirm(deps, &env, &info.sender, id),
        ExecuteMsg::Forgo { claim } => pledge::forgo(deps, &env, &info.sender, claim),
        ExecuteMsg::Receive(payment) => receive(deps, &env, &info.sender, payment),
    }
}

fn issue(
    deps: DepsMut<'_, KitQuery>,
    sender: &Addr,
    id: String,
    receivable: &Receivable,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?.require_role(&["platform", "supplier"])?;
    check_terms(&id, receivable)?;
    match find_member(&deps.querier, &receivable.buyer)? {
        Some(buyer) if buyer.active => {}
        _ => {
            return Err(ReceivableError::UnknownBuyer {
                buyer: receivable.buyer.clone(),
            });
        }
    }
    if RECEIVABLES.has(deps.storage, &id) {
        return Err(ReceivableError::AlreadyExists { id });
    }
    if let Some(other) = INVOICES.may_load(deps.storage, &receivable.invoice_digest)? {
        return Err(ReceivableError::InvoiceAlreadyRegistered { id: other });
    }
    RECEIVABLES.save(deps.storage, &id, receivable)?;
    INVOICES.save(deps.storage, &receivable.invoice_digest, &id)?;
    let event = Event::new("issued")
        .add_attribute("subject", id)
        .add_attribute("invoice_digest", &receivable.invoice_digest)
        .add_attribute("seller", &receivable.seller)
        .add_attribute("buyer", &receivable.buyer)
        .add_attribute("amount", receivable.amount.to_string())
        .add_attribute("currency", receivable.currency.as_str())
        .add_attribute("due_date", receivable.due_date.to_string())
        .add_attribute("price", receivable.price.to_string());
    let commitment = receivable.document_commitment.as_ref();
    let event = match commitment {
        Some(digest) => event.add_attribute("document_commitment", digest),
        None => event,
    };
    Ok(Response::new().add_event(event))
}

/// What the terms alone decide.
fn check_terms(id: &str, receivable: &Receivable) -> Result<(), ReceivableError> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(letter) {
        return Err(ReceivableError::BadId);
    }
    let commitment = receivable.document_commitment.as_deref();
    if !is_digest(&receivable.invoice_digest) || !commitment.is_none_or(is_digest) {
        return Err(ReceivableError::BadDigest);
    }
    if receivable.amount.is_zero() {
        return Err(ReceivableError::ZeroAmount);
    }
    if receivable.price.is_zero() || receivable.price > receivable.amount {
        return Err(ReceivableError::BadPrice);
    }
    if receivable.buyer == receivable.seller {
        return Err(ReceivableError::BuyerIsSeller);
    }
    Ok(())
}

/// The buyer's acknowledgement of the debt (Civil Code of China, art. 763: a buyer who has
/// feigned a debt cannot plead to a factor in good faith that it never existed).
fn confirm(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?;
    let mut receivable = load(deps.storage, &id)?;
    if sender.as_str() != receivable.buyer {
        return Err(ReceivableError::NotTheBuyer {
            id,
            buyer: receivable.buyer,
        });
    }
    match receivable.status() {
        Status::Issued => {}
        Status::Confirmed => return Err(ReceivableError::AlreadyConfirmed { id }),
        Status::Financed => return Err(already_financed(id, &receivable)),
        Status::Settled => return Err(already_settled(id, &receivable)),
    }
    receivable
        .history
        .push(entry(Status::Confirmed, sender.as_str(), env));
    RECEIVABLES.save(deps.storage, &id, &receivable)?;
    let event = Event::new("confirmed")
        .add_attribute("subject", id)
        .add_attribute("buyer", sender.as_str());
    Ok(Response::new().add_event(event))
}

fn receive(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    payment: ReceiveMsg,
) -> Result<Response, ReceivableError> {
    let money = MONEY.load(deps.storage)?;
    if *sender != money {
        return Err(ReceivableError::NotTheMoneyContract {
            sender: sender.to_string(),
        });
    }
    match from_json(&payment.payload).map_err(|_| ReceivableError::BadPayload)? {
        Payload::Finance { id, reservation } => finance(deps, env, money, id, reservation, payment),
        Payload::Settle { id } => settle(deps, env, money, id, payment),
    }
}

/// A bank buys the receivable: the price goes to the seller, the claim to the bank, both or
/// neither (Civil Code of China, art. 761 and 768: factoring, and which of several assignees wins).
fn finance(
    mut deps: DepsMut<'_, KitQuery>,
    env: &Env,
    money: Addr,
    id: String,
    reservation: Option<Reservation>,
    payment: ReceiveMsg,
) -> Result<Response, ReceivableError> {
    let bank = Addr::unchecked(payment.sender);
    let caller = Caller::of(&deps.querier, &bank)?;
    caller.require_role(&["bank"])?;
    let mut receivable = load(deps.storage, &id)?;
    match receivable.status() {
        Status::Confirmed => {}
        Status::Financed => return Err(already_financed(id, &receivable)),
        Status::Settled => return Err(already_settled(id, &receivable)),
        Status::Issued => {
            return Err(ReceivableError::NotConfirmed {
                id,
                buyer: receivable.buyer,
            });
        }
    }
    if (payment.amount, payment.currency) != (receivable.price, receivable.currency) {
        return Err(ReceivableError::WrongPrice {
            id,
            price: receivable.price,
            currency: receivable.currency,
            paid: payment.amount,
            paid_in: payment.currency,
        });
    }
    let organisation = &caller.member.organisation;
    let whole = (receivable.amount, receivable.amount);
    let known = &mut receivable.documents;
    let claim = pledge::pledge(&mut deps, env, organisation, known, whole, reservation)?;
    receivable.claim = claim;
    receivable
        .history
        .push(entry(Status::Financed, bank.as_str(), env));
    RECEIVABLES.save(deps.storage, &id, &receivable)?;
    let event = Event::new("financed")
        .add_attribute("subject", id)
        .add_attribute("financier", bank.as_str())
        .add_attribute("seller", &receivable.seller)
        .add_attribute("price", receivable.price.to_string())
        .add_attribute("currency", receivable.currency.as_str());
    let pay = pay(money, receivable.seller, payment.amount, &payment.currency)?;
    Ok(Response::new().add_event(event).add_message(pay))
}

/// The buyer pays what is owed to whoever holds the claim; the pledge ends with the debt.
fn settle(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    money: Addr,
    id: String,
    payment: ReceiveMsg,
) -> Result<Response, ReceivableError> {
    let payer = Addr::unchecked(payment.sender);
    Caller::of(&deps.querier, &payer)?;
    let mut receivable = load(deps.storage, &id)?;
    if payer.as_str() != receivable.buyer {
        return Err(ReceivableError::NotTheBuyer {
            id,
            buyer: receivable.buyer,
        });
    }
    match receivable.status() {
        Status::Confirmed | Status::Financed => {}
        Status::Settled => return Err(already_settled(id, &receivable)),
        Status::Issued => {
            return Err(ReceivableError::NotConfirmed {
                id,
                buyer: receivable.buyer,
            });
        }
    }
    if (payment.amount, payment.currency) != (receivable.amount, receivable.currency) {
        return Err(ReceivableError::WrongAmount {
            id,
            amount: receivable.amount,
            currency: receivable.currency,
            paid: payment.amount,
            paid_in: payment.currency,
        });
    }
    if let (Some(claim), Some(financier)) = (receivable.claim, receivable.financier()) {
        pledge::end(deps.storage, env, claim, pledge::organisation(financier))?;
    }
    receivable
        .history
        .push(entry(Status::Settled, payer.as_str(), env));
    RECEIVABLES.save(deps.storage, &id, &receivable)?;
    let holder = receivable.holder().to_owned();
    let event = Event::new("settled")
        .add_attribute("subject", id)
        .add_attribute("buyer", payer.as_str())
        .add_attribute("holder", &holder)
        .add_attribute("amount", receivable.amount.to_string())
        .add_attribute("currency", receivable.currency.as_str());
    let pay = pay(money, holder, payment.amount, &payment.currency)?;
    Ok(Response::new().add_event(event).add_message(pay))
}

fn pay(
    money: Addr,
    to: String,
    amount: Uint128,
    currency: &blockworm_kit::Currency,
) -> Result<WasmMsg, ReceivableError> {
    let transfer = OutgoingMsg::Transfer {
        to,
        amount,
        currency: *currency,
    };
    Ok(WasmMsg::Execute {
        contract_addr: money.into_string(),
        msg: to_json_binary(&transfer)?,
        funds: Vec::new(),
    })
}

fn load(storage: &dyn Storage, id: &str) -> Result<Receivable, ReceivableError> {
    let found = RECEIVABLES.may_load(storage, id)?;
    found.ok_or_else(|| ReceivableError::NotFound { id: id.to_owned() })
}

fn already_financed(id: String, receivable: &Receivable) -> ReceivableError {
    let step = receivable.history.last();
    ReceivableError::AlreadyFinanced {
        id,
        financier: receivable.financier().unwrap_or_default().to_owned(),
        height: step.map_or(0, |step| step.height),
    }
}

fn already_settled(id: String, receivable: &Receivable) -> ReceivableError {
    let height = receivable.history.last().map_or(0, |step| step.height);
    ReceivableError::AlreadySettled { id, height }
}

fn entry(status: Status, by: &str, env: &Env) -> HistoryEntry {
    HistoryEntry {
        status,
        by: by.to_owned(),
        height: env.block.height,
        time_ms: time_ms(env),
    }
}
