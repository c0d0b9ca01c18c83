//! Pure checks: whether a class can work, and whether an asset fits its class and its backing.

use crate::{
    error::IssuanceError,
    msg::{Backing, Class, Form, Supply, Tier},
    state::Asset,
};
use blockworm_kit::{
    CivilDate,
    assets::{Kind, Manager, is_class, well_formed},
    is_digest,
};
use cosmwasm_std::Uint128;
use std::{collections::BTreeMap, str::FromStr};

/// Most documents behind one asset.
pub const MAX_BACKINGS: usize = 64;
/// Most members who have a hand in one proposal.
pub const MAX_MAKERS: usize = 16;
/// Most roles, tiers or fields of a class.
const MAX_LIST: usize = 32;
/// The longest name of a field and the longest text in one, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// Refuses a class that nobody could issue or approve, or that contradicts itself.
pub fn check_class(class: &Class) -> Result<(), IssuanceError> {
    let bad = |what| Err(IssuanceError::BadClass { what });
    if !is_class(&class.name) {
        return bad(
            "its name is a small letter, then small letters, digits and hyphens, at most 32",
        );
    }
    if class.freeze.is_empty() || class.freeze.len() > MAX_LIST {
        return bad("freeze names 1 to 32 roles");
    }
    match &class.manager {
        Some(manager) => check_manager(class, manager)?,
        None => check_rules(class)?,
    }
    if class.supply != Supply::Fixed && class.kind != Kind::Fungible {
        return bad("units of fungible assets alone can be added");
    }
    check_schema(class)
}

/// What a contract decides, no rule of the class decides as well.
fn check_manager(class: &Class, manager: &Manager) -> Result<(), IssuanceError> {
    let bad = |what| Err(IssuanceError::BadClass { what });
    if manager.contract.is_empty() || manager.guarded.len() > MAX_LIST {
        return bad("its manager is a contract, which guards at most 32 roles");
    }
    let ruled = [&class.issue, &class.redeem]
        .iter()
        .any(|roles| !roles.is_empty());
    if ruled || !class.tiers.is_empty() || !class.transfer_approvals.is_empty() {
        return bad(
            "where it has a manager, issue, redeem, tiers and transfer_approvals are empty",
        );
    }
    if class.supply != Supply::Fixed || class.kind == Kind::Fungible {
        return bad("where it has a manager, it is unique or divisible and its supply is fixed");
    }
    Ok(())
}

fn check_rules(class: &Class) -> Result<(), IssuanceError> {
    let bad = |what| Err(IssuanceError::BadClass { what });
    for roles in [&class.issue, &class.redeem] {
        if roles.is_empty() || roles.len() > MAX_LIST {
            return bad("issue and redeem each name 1 to 32 roles");
        }
    }
    if class.tiers.is_empty() || class.tiers.len() > MAX_LIST {
        return bad("it has 1 to 32 tiers");
    }
    for pair in class.tiers.windows(2) {
        let ordered = match (pair[0].up_to, pair[1].up_to) {
            (Some(low), Some(high)) => low < high,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if !ordered {
            return bad("its tiers are ordered by up_to, each once, the unlimited one last");
        }
    }
    for tier in &class.tiers {
        if tier.approvals.is_empty() || !well_formed(&tier.approvals) {
            return bad("a tier asks for 1 to 16 approvals, each role once and of at least one");
        }
    }
    if !well_formed(&class.transfer_approvals) {
        return bad(
            "a change of hands asks for at most 16 approvals, each role once and of at least one",
        );
    }
    Ok(())
}

fn check_schema(class: &Class) -> Result<(), IssuanceError> {
    let bad = |what| Err(IssuanceError::BadClass { what });
    if class.schema.len() > MAX_LIST {
        return bad("it has at most 32 fields");
    }
    for (place, field) in class.schema.iter().enumerate() {
        if field.name.is_empty() || field.name.len() > MAX_TEXT_BYTES {
            return bad("a field's name has 1 to 256 bytes");
        }
        if class.schema[..place].iter().any(|f| f.name == field.name) {
            return bad("each field stands once");
        }
    }
    Ok(())
}

/// The tier of an amount.
pub fn tier(class: &Class, amount: Uint128) -> Result<&Tier, IssuanceError> {
    class
        .tiers
        .iter()
        .find(|tier| tier.up_to.is_none_or(|up_to| amount <= up_to))
        .ok_or(IssuanceError::NoTier { amount })
}

/// Refuses a document that cannot back an asset of the class.
pub fn check_backing(class: &Class, backing: &Backing) -> Result<(), IssuanceError> {
    if backing.currency != class.currency {
        return Err(IssuanceError::CurrencyMismatch {
            wanted: class.currency,
            given: backing.currency,
        });
    }
    check_digest(&backing.commitment, "commitment")
}

/// Refuses what is no digest.
pub fn check_digest(text: &str, what: &'static str) -> Result<(), IssuanceError> {
    if is_digest(text) {
        Ok(())
    } else {
        Err(IssuanceError::BadDigest { what })
    }
}

/// Refuses an amount of nothing, more than its backing, above the cap, or that nobody may approve.
pub fn check_amount<'a>(
    class: &Class,
    amount: Uint128,
    backing: impl IntoIterator<Item = &'a Backing>,
) -> Result<(), IssuanceError> {
    if amount.is_zero() {
        return Err(IssuanceError::ZeroAmount);
    }
    let backing = backing
        .into_iter()
        .try_fold(Uint128::zero(), |sum, b| sum.checked_add(b.amount))
        .map_err(|_| IssuanceError::Overflow)?;
    if amount > backing {
        return Err(IssuanceError::AboveBacking { amount, backing });
    }
    match class.supply {
        Supply::Capped(cap) if amount > cap => Err(IssuanceError::AboveCap { amount, cap }),
        // The manager decides of any amount.
        Supply::Fixed if class.manager.is_some() => Ok(()),
        Supply::Fixed | Supply::Capped(_) => tier(class, amount).map(drop),
    }
}

/// Refuses what the class's schema does not know, misses, or wants in another form.
pub fn check_metadata(
    class: &Class,
    metadata: &BTreeMap<String, String>,
) -> Result<(), IssuanceError> {
    let bad = |field: &str, what| {
        Err(IssuanceError::BadMetadata {
            field: field.chars().take(64).collect(),
            what,
        })
    };
    for field in &class.schema {
        match metadata.get(&field.name) {
            None if field.required => return bad(&field.name, "is missing"),
            None => {}
            Some(value) => {
                if let Err(what) = check_form(field.form, value) {
                    return bad(&field.name, what);
                }
            }
        }
    }
    for name in metadata.keys() {
        if !class.schema.iter().any(|field| field.name == *name) {
            return bad(name, "is not one of the class");
        }
    }
    Ok(())
}

fn check_form(form: Form, value: &str) -> Result<(), &'static str> {
    let fits = match form {
        Form::Text => !value.is_empty() && value.len() <= MAX_TEXT_BYTES,
        Form::Integer => {
            value.bytes().all(|b| b.is_ascii_digit()) && Uint128::from_str(value).is_ok()
        }
        Form::Date => CivilDate::parse(value).is_ok(),
        Form::Digest => is_digest(value),
    };
    let what = match form {
        Form::Text => "has 1 to 256 bytes",
        Form::Integer => "is decimal digits of a 128-bit number",
        Form::Date => "is YYYY-MM-DD and a day of the calendar",
        Form::Digest => "is 64 lower-case hex digits",
    };
    if fits { Ok(()) } else { Err(what) }
}

/// The units that an active asset would have, once what is proposed is added.
pub fn increased(
    class: &Class,
    asset: &Asset,
    amount: Uint128,
    backing: Option<&Backing>,
) -> Result<Uint128, IssuanceError> {
    if amount.is_zero() {
        return Err(IssuanceError::ZeroAmount);
    }
    let total = asset
        .amount
        .checked_add(amount)
        .map_err(|_| IssuanceError::Overflow)?;
    check_amount(class, total, asset.backing.iter().chain(backing))?;
    Ok(total)
}
