//! Messages of members: what the buyer owes, whether it says so too, and what owners of parts ask.

use crate::{
    error::ReceivableError,
    lifecycle::{Action, next},
    msg::{Ask, ExecuteMsg, HistoryEntry, InstantiateMsg, Status, Step},
    overdue, payments, pledge,
    state::{ASKS, CONFIG, HISTORY, INVOICES, RECEIVABLES, Receivable},
};
use blockworm_kit::{
    Caller, CivilDate, Currency, KitQuery,
    assets::{Approval, AssetId, Backing, HeldView, HoldingsQuery, ManageMsg, ManagedMsg},
    find_member, is_digest, policy, time_ms,
};
use cosmwasm_std::{
    Addr, DepsMut, Env, Event, MessageInfo, QuerierWrapper, Response, StdResult, Storage, Uint128,
    WasmMsg, to_json_binary,
};
use std::collections::BTreeMap;

/// The whole of an asset that has just begun.
const WHOLE: u64 = 0;

/// Remembers which contracts keep assets, what is money, and where documents are reserved.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ReceivableError> {
    CONFIG.save(deps.storage, &msg)?;
    Ok(Response::new())
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ReceivableError> {
    let sender = info.sender;
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
            recourse,
        } => {
            let terms = Terms {
                id,
                invoice_digest,
                document_commitment,
                buyer,
                amount,
                currency,
                due_date,
                price: price.unwrap_or(amount),
                recourse,
            };
            issue(deps, &env, &sender, terms)
        }
        ExecuteMsg::Confirm { id } => confirm(deps, &env, &sender, id),
        ExecuteMsg::Refuse { id } => refuse(deps, &env, &sender, id),
        ExecuteMsg::Withdraw { id } => withdraw(deps, &env, &sender, id),
        ExecuteMsg::Ask {
            id,
            holding,
            price,
            recourse,
        } => ask(deps, &env, &sender, id, holding, (price, recourse)),
        ExecuteMsg::Notify {
            id,
            holding,
            notice,
        } => overdue::notify(deps, &env, &sender, id, holding, notice),
        ExecuteMsg::Demand {
            id,
            holding,
            amount,
        } => overdue::demand(deps, &env, &sender, id, holding, amount),
        ExecuteMsg::Forgo { claim } => pledge::forgo(deps, &env, &sender, claim),
        ExecuteMsg::ReceiveAsset(arrived) => payments::receive(deps, &env, &sender, arrived),
    }
}

/// What a seller says is owed.
struct Terms {
    id: String,
    invoice_digest: String,
    document_commitment: Option<String>,
    buyer: String,
    amount: Uint128,
    currency: Currency,
    due_date: CivilDate,
    price: Uint128,
    recourse: bool,
}

fn issue(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    terms: Terms,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, sender)?;
    let usual = ["platform", "supplier"];
    policy::require(&deps.querier, &caller, policy::ISSUE, &usual)?;
    check_terms(sender.as_str(), &terms)?;
    match find_member(&deps.querier, &terms.buyer)? {
        Some(buyer) if buyer.active => {}
        _ => {
            return Err(ReceivableError::UnknownBuyer { buyer: terms.buyer });
        }
    }
    let id = terms.id.clone();
    if RECEIVABLES.has(deps.storage, &id) {
        return Err(ReceivableError::AlreadyExists { id });
    }
    if let Some(other) = INVOICES.may_load(deps.storage, &terms.invoice_digest)? {
        return Err(ReceivableError::InvoiceAlreadyRegistered { id: other });
    }
    let config = CONFIG.load(deps.storage)?;
    let class = class_of(&config, terms.currency);
    let transaction = env.transaction.as_ref().map(|known| known.hash.as_slice());
    let asset = AssetId::of(&class, transaction.unwrap_or_default())
        .ok_or(ReceivableError::NoTransaction)?;
    let event = told_issued(&asset, sender, &terms);
    let propose = ManageMsg::Propose {
        class,
        amount: terms.amount,
        backing: Backing {
            commitment: terms.invoice_digest.clone(),
            amount: terms.amount,
            currency: terms.currency,
        },
        metadata: metadata(&terms),
        issuer: sender.to_string(),
    };
    INVOICES.save(deps.storage, &terms.invoice_digest, &id)?;
    let price = Ask {
        by: sender.to_string(),
        price: terms.price,
        recourse: terms.recourse,
    };
    ASKS.save(deps.storage, (&id, WHOLE), &price)?;
    let mut receivable = Receivable {
        asset,
        status: Status::Issued,
        invoice_digest: terms.invoice_digest,
        document_commitment: terms.document_commitment,
        seller: sender.to_string(),
        buyer: terms.buyer,
        amount: terms.amount,
        currency: terms.currency,
        due_date: terms.due_date,
        settled: Uint128::zero(),
        financed_parts: 0,
        financier: None,
        known: BTreeMap::new(),
        steps: 0,
    };
    let taken = Taken::new(Step::Issued, sender).of(terms.amount);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    Ok(Response::new()
        .add_event(event)
        .add_message(manage(&config, propose)?))
}

fn told_issued(asset: &AssetId, sender: &Addr, terms: &Terms) -> Event {
    let event = Event::new("issued")
        .add_attribute("subject", &terms.id)
        .add_attribute("asset", asset.as_str())
        .add_attribute("invoice_digest", &terms.invoice_digest)
        .add_attribute("seller", sender.as_str())
        .add_attribute("buyer", &terms.buyer)
        .add_attribute("amount", terms.amount.to_string())
        .add_attribute("currency", terms.currency.as_str())
        .add_attribute("due_date", terms.due_date.to_string())
        .add_attribute("price", terms.price.to_string());
    match &terms.document_commitment {
        Some(digest) => event.add_attribute("document_commitment", digest),
        None => event,
    }
}

/// What the issuance contract is told of the asset, by the schema of the receivables' classes.
fn metadata(terms: &Terms) -> BTreeMap<String, String> {
    let mut said = BTreeMap::from([
        ("receivable".to_owned(), terms.id.clone()),
        ("buyer".to_owned(), terms.buyer.clone()),
        ("due".to_owned(), terms.due_date.to_string()),
    ]);
    if let Some(commitment) = &terms.document_commitment {
        said.insert("document".to_owned(), commitment.clone());
    }
    said
}

fn class_of(config: &InstantiateMsg, currency: Currency) -> String {
    let currency = currency.as_str().to_ascii_lowercase();
    format!("{}-{currency}", config.class)
}

/// What the terms alone decide.
fn check_terms(seller: &str, terms: &Terms) -> Result<(), ReceivableError> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if terms.id.is_empty() || terms.id.len() > 64 || !terms.id.bytes().all(letter) {
        return Err(ReceivableError::BadId);
    }
    let commitment = terms.document_commitment.as_deref();
    if !is_digest(&terms.invoice_digest) || !commitment.is_none_or(is_digest) {
        return Err(ReceivableError::BadDigest);
    }
    if terms.amount.is_zero() {
        return Err(ReceivableError::ZeroAmount);
    }
    if terms.price.is_zero() || terms.price > terms.amount {
        return Err(ReceivableError::BadPrice);
    }
    if terms.buyer == seller {
        return Err(ReceivableError::BuyerIsSeller);
    }
    Ok(())
}

/// The buyer's acknowledgement of the debt (Civil Code of China, art. 763: a buyer who has
/// feigned a debt cannot plead to a factor in good faith that it never existed). The asset begins.
fn confirm(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, sender)?;
    let mut receivable = load(deps.storage, &id)?;
    require_buyer(&id, &receivable, sender.as_str())?;
    receivable.status = next(&id, receivable.shown(), Action::Confirm)?;
    let taken = Taken::new(Step::Confirmed, sender);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    let begin = ManageMsg::Begin {
        asset: receivable.asset,
        approval: Approval {
            member: sender.to_string(),
            organisation: caller.member.organisation,
            role: "buyer".to_owned(),
        },
    };
    let event = Event::new("confirmed")
        .add_attribute("subject", id)
        .add_attribute("buyer", sender.as_str());
    let config = CONFIG.load(deps.storage)?;
    Ok(Response::new()
        .add_event(event)
        .add_message(manage(&config, begin)?))
}

fn refuse(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?;
    let receivable = load(deps.storage, &id)?;
    require_buyer(&id, &receivable, sender.as_str())?;
    let steps = (Action::Refuse, Step::Refused, "refused");
    cancel(deps, env, sender, id, receivable, steps)
}

fn withdraw(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?;
    let receivable = load(deps.storage, &id)?;
    if sender.as_str() != receivable.seller {
        let seller = receivable.seller;
        return Err(ReceivableError::NotTheSeller { id, seller });
    }
    let steps = (Action::Withdraw, Step::Withdrawn, "withdrawn");
    cancel(deps, env, sender, id, receivable, steps)
}

/// The asset never begins, and the invoice can be issued on again.
fn cancel(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
    mut receivable: Receivable,
    (action, step, kind): (Action, Step, &str),
) -> Result<Response, ReceivableError> {
    receivable.status = next(&id, receivable.shown(), action)?;
    let taken = Taken::new(step, sender);
    record(deps.storage, env, &id, &mut receivable, taken)?;
    INVOICES.remove(deps.storage, &receivable.invoice_digest);
    ASKS.remove(deps.storage, (&id, WHOLE));
    let event = Event::new(kind)
        .add_attribute("subject", id)
        .add_attribute("by", sender.as_str());
    let config = CONFIG.load(deps.storage)?;
    let asset = receivable.asset;
    Ok(Response::new()
        .add_event(event)
        .add_message(manage(&config, ManageMsg::Cancel { asset })?))
}

fn ask(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
    holding: u64,
    (price, recourse): (Option<Uint128>, bool),
) -> Result<Response, ReceivableError> {
    Caller::of(&deps.querier, sender)?;
    let mut receivable = load(deps.storage, &id)?;
    receivable.status = next(&id, receivable.shown(), Action::Ask)?;
    let held = owned(&deps, &receivable, holding, sender.as_str())?;
    let event = Event::new("asked")
        .add_attribute("subject", &id)
        .add_attribute("holding", holding.to_string())
        .add_attribute("owner", sender.as_str());
    let event = match price {
        None => {
            ASKS.remove(deps.storage, (&id, holding));
            event
        }
        Some(price) => {
            if price.is_zero() || price > held.units.count() {
                return Err(ReceivableError::BadPrice);
            }
            let by = sender.to_string();
            let ask = Ask {
                by,
                price,
                recourse,
            };
            ASKS.save(deps.storage, (&id, holding), &ask)?;
            event.add_attribute("price", price.to_string())
        }
    };
    let taken = Taken {
        amount: price,
        ..Taken::new(Step::Asked, sender).part(holding)
    };
    record(deps.storage, env, &id, &mut receivable, taken)?;
    Ok(Response::new().add_event(event))
}

fn require_buyer(id: &str, receivable: &Receivable, sender: &str) -> Result<(), ReceivableError> {
    if sender == receivable.buyer {
        return Ok(());
    }
    Err(ReceivableError::NotTheBuyer {
        id: id.to_owned(),
        buyer: receivable.buyer.clone(),
    })
}

pub(crate) fn load(storage: &dyn Storage, id: &str) -> Result<Receivable, ReceivableError> {
    let found = RECEIVABLES.may_load(storage, id)?;
    found.ok_or_else(|| ReceivableError::NotFound { id: id.to_owned() })
}

/// A part that was neither split, merged nor paid.
pub(crate) fn held(
    querier: &QuerierWrapper<'_, KitQuery>,
    assets: &str,
    asset: &AssetId,
    holding: u64,
) -> Result<HeldView, ReceivableError> {
    let question = HoldingsQuery::Holding {
        asset: asset.clone(),
        holding,
    };
    let held: Option<HeldView> = querier.query_wasm_smart(assets, &question)?;
    held.filter(|held| !held.closed)
        .ok_or(ReceivableError::NoPart { holding })
}

/// Likewise, and it must be this member's.
pub(crate) fn owned(
    deps: &DepsMut<'_, KitQuery>,
    receivable: &Receivable,
    holding: u64,
    owner: &str,
) -> Result<HeldView, ReceivableError> {
    let config = CONFIG.load(deps.storage)?;
    let held = held(&deps.querier, &config.assets, &receivable.asset, holding)?;
    if held.owner == owner {
        return Ok(held);
    }
    Err(ReceivableError::NotTheOwner {
        holding,
        owner: held.owner,
    })
}

/// The message to the issuance contract.
pub(crate) fn manage(config: &InstantiateMsg, message: ManageMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: config.issuance.clone(),
        msg: to_json_binary(&ManagedMsg::Manage(message))?,
        funds: Vec::new(),
    })
}

/// A step that was taken, before it has its place.
pub(crate) struct Taken<'a> {
    step: Step,
    by: &'a Addr,
    holding: Option<u64>,
    amount: Option<Uint128>,
    digest: Option<String>,
}

impl<'a> Taken<'a> {
    pub(crate) const fn new(step: Step, by: &'a Addr) -> Self {
        Self {
            step,
            by,
            holding: None,
            amount: None,
            digest: None,
        }
    }

    pub(crate) fn part(mut self, holding: u64) -> Self {
        self.holding = Some(holding);
        self
    }

    pub(crate) fn of(mut self, amount: Uint128) -> Self {
        self.amount = Some(amount);
        self
    }

    pub(crate) fn on(mut self, digest: String) -> Self {
        self.digest = Some(digest);
        self
    }
}

/// Writes the receivable and what has just happened to it.
pub(crate) fn record(
    storage: &mut dyn Storage,
    env: &Env,
    id: &str,
    receivable: &mut Receivable,
    taken: Taken<'_>,
) -> Result<(), ReceivableError> {
    let place = receivable.steps;
    receivable.steps = place.checked_add(1).ok_or(ReceivableError::Overflow)?;
    let entry = HistoryEntry {
        step: taken.step,
        by: taken.by.to_string(),
        height: env.block.height,
        time_ms: time_ms(env),
        holding: taken.holding,
        amount: taken.amount,
        digest: taken.digest,
    };
    HISTORY.save(storage, (id, place), &entry)?;
    Ok(RECEIVABLES.save(storage, id, receivable)?)
}
