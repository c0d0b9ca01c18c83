//! Messages of members: classes, drafts, and every action of an asset's life by the table in `lifecycle`.

use crate::{
    actions::Case,
    check::{check_amount, check_backing, check_class, check_metadata},
    error::IssuanceError,
    lifecycle::Action,
    manage,
    msg::{Backing, Class, ExecuteMsg, InstantiateMsg},
    state::{ASSETS, Asset, BACKED, CLASSES, DEFINERS, HOLDINGS, Status},
};
use blockworm_kit::{Caller, KitQuery, assets::AssetId, policy};
use cosmwasm_std::{DepsMut, Env, Event, MessageInfo, Response, Storage, Uint128};
use std::collections::BTreeMap;

/// Begins with the classes that the consortium founded.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, IssuanceError> {
    HOLDINGS.save(deps.storage, &msg.holdings)?;
    DEFINERS.save(deps.storage, &msg.definers)?;
    for class in &msg.classes {
        define(deps.storage, class)?;
    }
    Ok(Response::new())
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, IssuanceError> {
    use ExecuteMsg as M;
    // A manager is a contract and no member.
    let caller = Caller::of(&deps.querier, &info.sender);
    match msg {
        M::Manage(msg) => manage::execute(deps, &env, &info.sender, msg),
        M::Define { class } => {
            let caller = caller?;
            require_any(&caller, &DEFINERS.load(deps.storage)?)?;
            caller.require_function("maker")?;
            define(deps.storage, &class)?;
            let event = Event::new("class_defined").add_attribute("subject", class.name);
            Ok(Response::new().add_event(event))
        }
        M::Draft {
            class,
            amount,
            backing,
            metadata,
        } => draft(deps, &env, &caller?, &class, (amount, backing, metadata)),
        M::Amend {
            asset,
            amount,
            backing,
            metadata,
        } => Case::open(deps, caller?, asset, Action::Amend)?.amend((amount, backing, metadata)),
        M::Propose { asset } => Case::open(deps, caller?, asset, Action::Propose)?.propose(),
        M::Approve {
            asset,
            version,
            role,
        } => {
            let action = Action::Approve { last: false };
            Case::open_as(deps, caller?, asset, action, Some(&role))?.approve(version, role)
        }
        M::Reject {
            asset,
            version,
            role,
        } => {
            let case = Case::open_as(deps, caller?, asset, Action::Reject, Some(&role))?;
            case.reject(version, &role)
        }
        M::Activate { asset } => Case::open(deps, caller?, asset, Action::Activate)?.activate(),
        M::Mint {
            asset,
            amount,
            backing,
        } => Case::open(deps, caller?, asset, Action::Mint)?.mint(amount, backing),
        M::Finalise { asset } => Case::open(deps, caller?, asset, Action::Finalise)?.finalise(),
        M::Retire { asset, amount } => {
            Case::open(deps, caller?, asset, Action::Retire)?.retire(amount)
        }
        M::Freeze { asset, order } => {
            Case::open(deps, caller?, asset, Action::Freeze)?.freeze(order)
        }
        M::Unfreeze { asset, order } => {
            Case::open(deps, caller?, asset, Action::Unfreeze)?.unfreeze(&order)
        }
        M::Redeem { asset } => Case::open(deps, caller?, asset, Action::Redeem)?.redeem(),
        M::Cancel { asset } => Case::open(deps, caller?, asset, Action::Cancel)?.cancel(),
    }
}

pub(crate) fn require_any(caller: &Caller, roles: &[String]) -> Result<(), IssuanceError> {
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    Ok(caller.require_role(&roles)?)
}

fn define(storage: &mut dyn Storage, class: &Class) -> Result<(), IssuanceError> {
    check_class(class)?;
    if CLASSES.has(storage, &class.name) {
        return Err(IssuanceError::ClassExists {
            class: class.name.clone(),
        });
    }
    Ok(CLASSES.save(storage, &class.name, class)?)
}

pub(crate) fn class_of(storage: &dyn Storage, name: &str) -> Result<Class, IssuanceError> {
    let class = CLASSES.may_load(storage, name)?;
    class.ok_or_else(|| IssuanceError::UnknownClass {
        class: name.chars().take(64).collect(),
    })
}

/// Units, what stands behind them, and what is said of them.
pub(crate) type Content = (Uint128, Backing, BTreeMap<String, String>);

fn draft(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    caller: &Caller,
    class: &str,
    (amount, backing, metadata): Content,
) -> Result<Response, IssuanceError> {
    let class = class_of(deps.storage, class)?;
    check_unmanaged(&class)?;
    require_any(caller, &class.issue)?;
    // A vote narrows who may issue at all; it opens no class to those whom the class leaves out.
    let usual: Vec<&str> = class.issue.iter().map(String::as_str).collect();
    policy::require(&deps.querier, caller, policy::ISSUE, &usual)?;
    caller.require_function("maker")?;
    let content = (amount, backing, metadata);
    let member = caller.address.to_string();
    let organisation = caller.member.organisation.clone();
    let (id, asset) = begin(deps.storage, env, &class, content, (member, organisation))?;
    ASSETS.save(deps.storage, id.as_str(), &asset)?;
    let event = told("drafted", &id, &asset);
    Ok(Response::new()
        .add_event(event)
        .set_data(id.as_str().as_bytes()))
}

pub(crate) fn check_unmanaged(class: &Class) -> Result<(), IssuanceError> {
    match &class.manager {
        None => Ok(()),
        Some(manager) => Err(IssuanceError::Managed {
            contract: manager.contract.clone(),
        }),
    }
}

/// A draft of the member and its organisation, on a document that backs nothing else; the caller
/// saves it.
pub(crate) fn begin(
    storage: &mut dyn Storage,
    env: &Env,
    class: &Class,
    (amount, backing, metadata): Content,
    (member, organisation): (String, String),
) -> Result<(AssetId, Asset), IssuanceError> {
    check_content(class, amount, &backing, &metadata)?;
    let transaction = env
        .transaction
        .as_ref()
        .map(|t| t.hash.as_slice())
        .unwrap_or_default();
    let id = AssetId::of(&class.name, transaction).ok_or(IssuanceError::NoTransaction)?;
    if ASSETS.has(storage, id.as_str()) {
        return Err(IssuanceError::AssetExists { asset: id });
    }
    take_backing(storage, &id, &backing)?;
    let asset = Asset {
        status: Status::Draft,
        issuer: member.clone(),
        organisation,
        makers: vec![member],
        amount,
        backing: vec![backing],
        metadata,
        version: 0,
        approvals: Vec::new(),
        increase: None,
        finalised: false,
        order: None,
    };
    Ok((id, asset))
}

pub(crate) fn check_content(
    class: &Class,
    amount: Uint128,
    backing: &Backing,
    metadata: &BTreeMap<String, String>,
) -> Result<(), IssuanceError> {
    check_backing(class, backing)?;
    check_amount(class, amount, [backing])?;
    check_metadata(class, metadata)
}

/// A document backs one asset, for good or until that is cancelled.
pub(crate) fn take_backing(
    storage: &mut dyn Storage,
    id: &AssetId,
    backing: &Backing,
) -> Result<(), IssuanceError> {
    if let Some(asset) = BACKED.may_load(storage, &backing.commitment)? {
        return Err(IssuanceError::BackingUsed { asset });
    }
    Ok(BACKED.save(storage, &backing.commitment, id)?)
}

pub(crate) fn free_backing(storage: &mut dyn Storage, backing: &Backing) {
    BACKED.remove(storage, &backing.commitment);
}

pub(crate) fn told(kind: &str, id: &AssetId, asset: &Asset) -> Event {
    Event::new(kind)
        .add_attribute("subject", id.as_str())
        .add_attribute("issuer", &asset.issuer)
        .add_attribute("amount", asset.amount.to_string())
}
