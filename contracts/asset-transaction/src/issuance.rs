//! What the issuance contract alone may ask: assets open, grow, shrink, freeze and close.

use crate::{
    error::AssetError,
    execute::Call,
    parts::{Book, check_order},
    state::{ASSETS, Asset, ISSUANCE, StepKind},
};
use blockworm_kit::assets::{AssetId, IssuanceMsg, Kind, Units};
use cosmwasm_std::{Event, Response, Uint128};

pub(crate) fn execute(call: Call<'_>, msg: IssuanceMsg) -> Result<Response, AssetError> {
    let issuance = ISSUANCE.load(call.storage)?;
    if call.by != issuance {
        return Err(AssetError::NotIssuance { issuance });
    }
    let (kind, asset) = match msg {
        IssuanceMsg::Open {
            asset,
            kind,
            currency,
            amount,
            owner,
            approvals,
            manager,
        } => {
            let row = Asset {
                kind,
                currency,
                amount,
                issuer: owner,
                next: 0,
                frozen: false,
                closed: false,
                approvals,
                manager,
                retired: Uint128::zero(),
            };
            open(call, &asset, row)?;
            ("opened", asset)
        }
        IssuanceMsg::Mint { asset, amount } => {
            mint(call.book(&asset)?.moving()?, amount)?;
            ("minted", asset)
        }
        IssuanceMsg::Retire { asset, amount } => {
            retire(call.book(&asset)?.moving()?, amount)?;
            ("retired", asset)
        }
        IssuanceMsg::Freeze { asset } => {
            freeze(call.book(&asset)?, true)?;
            ("frozen", asset)
        }
        IssuanceMsg::Unfreeze { asset } => {
            freeze(call.book(&asset)?, false)?;
            ("unfrozen", asset)
        }
        IssuanceMsg::Close { asset } => {
            close(call.book(&asset)?.moving()?)?;
            ("closed", asset)
        }
    };
    let event = Event::new(kind).add_attribute("subject", asset.as_str());
    Ok(Response::new().add_event(event))
}

fn open(call: Call<'_>, id: &AssetId, asset: Asset) -> Result<(), AssetError> {
    if ASSETS.has(call.storage, id.as_str()) {
        return Err(AssetError::AlreadyOpen { asset: id.clone() });
    }
    let (owner, amount) = (asset.issuer.clone(), asset.amount);
    let Call {
        storage, env, by, ..
    } = call;
    let mut book = Book {
        storage,
        env,
        by,
        id,
        asset,
    };
    if book.asset.kind == Kind::Fungible {
        book.credit(&owner, amount)?;
    } else {
        book.born(Units::first(amount), &owner, StepKind::Opened, Vec::new())?;
    }
    book.save()
}

fn mint(mut book: Book<'_>, amount: Uint128) -> Result<(), AssetError> {
    if book.asset.kind != Kind::Fungible {
        return Err(AssetError::NotFungible);
    }
    let total = book.asset.amount.checked_add(amount);
    book.asset.amount = total.map_err(|_| AssetError::Overflow)?;
    let issuer = book.asset.issuer.clone();
    book.credit(&issuer, amount)?;
    book.save()
}

fn retire(mut book: Book<'_>, amount: Uint128) -> Result<(), AssetError> {
    let issuer = book.asset.issuer.clone();
    book.debit(&issuer, amount)?;
    let left = book.asset.amount.checked_sub(amount);
    book.asset.amount = left.map_err(|_| AssetError::Overflow)?;
    book.save()
}

fn freeze(mut book: Book<'_>, frozen: bool) -> Result<(), AssetError> {
    book.asset.frozen = frozen;
    book.save()
}

/// Everything is in the issuer's hand and free. No scan is needed: a fungible asset is then all in
/// one balance, and of any other the whole was opened or merged last.
fn close(mut book: Book<'_>) -> Result<(), AssetError> {
    let issuer = book.asset.issuer.clone();
    let amount = book.asset.amount;
    if book.asset.manager.is_some() && book.asset.retired == amount {
        // Its manager ended every unit.
    } else if book.asset.kind == Kind::Fungible {
        let mut balance = book.balance(&issuer)?;
        if balance.amount != amount {
            return Err(AssetError::HeldElsewhere);
        }
        check_order(balance.order.as_ref())?;
        balance.amount = Uint128::zero();
        book.set_balance(&issuer, &balance)?;
    } else {
        let newest = book
            .asset
            .next
            .checked_sub(1)
            .ok_or(AssetError::HeldElsewhere)?;
        let whole = book.held(newest).map_err(|_| AssetError::HeldElsewhere)?;
        if whole.units != Units::first(amount) || whole.owner != issuer {
            return Err(AssetError::HeldElsewhere);
        }
        let whole = book.free(newest, &issuer)?;
        book.end(newest, whole)?;
    }
    book.asset.closed = true;
    book.save()
}
