//! What the manager of a class asks: the same table of states, walked by a contract instead of makers and checkers.

use crate::{
    actions::{done, opening},
    error::IssuanceError,
    execute::{begin, class_of, free_backing},
    lifecycle::{Action, next},
    msg::Class,
    state::{ASSETS, Asset, Status},
};
use blockworm_kit::{
    KitQuery,
    assets::{Approval, AssetId, IssuanceMsg, ManageMsg},
    find_member,
};
use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage};

pub(crate) fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    msg: ManageMsg,
) -> Result<Response, IssuanceError> {
    let by = sender.as_str();
    match msg {
        ManageMsg::Propose {
            class,
            amount,
            backing,
            metadata,
            issuer,
        } => {
            let class = class_of(deps.storage, &class)?;
            check_manager(&class, by)?;
            let member = find_member(&deps.querier, &issuer)?;
            let organisation = member.map(|member| member.organisation).unwrap_or_default();
            let content = (amount, backing, metadata);
            let (id, mut asset) =
                begin(deps.storage, env, &class, content, (issuer, organisation))?;
            asset.version = 1;
            walk(&mut asset, &[Action::Propose])?;
            done(deps.storage, &id, &asset, ("proposed", by), None)
        }
        ManageMsg::Begin { asset, approval } => start(deps.storage, by, asset, approval),
        ManageMsg::Cancel { asset } => {
            let (_, mut row) = managed(deps.storage, by, &asset)?;
            let held = row.status == Status::Active;
            walk(&mut row, &[Action::Cancel])?;
            for backing in &row.backing {
                free_backing(deps.storage, backing);
            }
            let close = held.then(|| IssuanceMsg::Close {
                asset: asset.clone(),
            });
            done(deps.storage, &asset, &row, ("cancelled", by), close)
        }
        ManageMsg::Redeem { asset } => {
            let (_, mut row) = managed(deps.storage, by, &asset)?;
            walk(&mut row, &[Action::Redeem])?;
            let close = IssuanceMsg::Close {
                asset: asset.clone(),
            };
            done(deps.storage, &asset, &row, ("redeemed", by), Some(close))
        }
    }
}

fn start(
    storage: &mut dyn Storage,
    by: &str,
    id: AssetId,
    approval: Approval,
) -> Result<Response, IssuanceError> {
    let (class, mut asset) = managed(storage, by, &id)?;
    if asset.makers.contains(&approval.member) {
        return Err(IssuanceError::MakerChecks {
            member: approval.member,
        });
    }
    walk(
        &mut asset,
        &[Action::Approve { last: true }, Action::Activate],
    )?;
    asset.approvals.push(approval);
    asset.finalised = true;
    let open = opening(&class, &id, &asset);
    done(storage, &id, &asset, ("activated", by), Some(open))
}

/// An asset of a class that the caller runs.
fn managed(storage: &dyn Storage, by: &str, id: &AssetId) -> Result<(Class, Asset), IssuanceError> {
    let asset = ASSETS.may_load(storage, id.as_str())?;
    let asset = asset.ok_or_else(|| IssuanceError::UnknownAsset { asset: id.clone() })?;
    let class = class_of(storage, id.class())?;
    check_manager(&class, by)?;
    Ok((class, asset))
}

fn check_manager(class: &Class, by: &str) -> Result<(), IssuanceError> {
    match &class.manager {
        Some(manager) if manager.contract == by => Ok(()),
        Some(_) | None => Err(IssuanceError::NotManager {
            sender: by.to_owned(),
            class: class.name.clone(),
        }),
    }
}

/// Takes these actions, one after the other, as the table of states allows them.
fn walk(asset: &mut Asset, actions: &[Action]) -> Result<(), IssuanceError> {
    for action in actions {
        let (status, action) = (asset.status, *action);
        asset.status = next(status, action).ok_or(IssuanceError::WrongState { status, action })?;
    }
    Ok(())
}
