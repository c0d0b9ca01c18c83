//! Which roles may do an act, as the consortium voted it, or else as the contract has it.

use crate::{
    caller::{Caller, CallerError},
    query::KitQuery,
};
use cosmwasm_std::QuerierWrapper;

/// Bringing assets into being.
pub const ISSUE: &str = "issue";
/// Signing for what others rely on as evidence.
pub const ATTEST: &str = "attest";
/// Freezing under an order, and lifting that.
pub const FREEZE: &str = "freeze";
/// Replacing a contract's code.
pub const UPGRADE: &str = "upgrade";

/// Refuses unless the caller's organisation holds one of the roles that a vote gave to `act`, or one
/// of `usual` where nothing was voted.
pub fn require(
    querier: &QuerierWrapper<'_, KitQuery>,
    caller: &Caller,
    act: &str,
    usual: &[&str],
) -> Result<(), CallerError> {
    held(querier, caller, act, usual).map(drop)
}

/// Likewise; the first of those roles that the organisation holds.
pub fn held(
    querier: &QuerierWrapper<'_, KitQuery>,
    caller: &Caller,
    act: &str,
    usual: &[&str],
) -> Result<String, CallerError> {
    let act = act.to_owned();
    let voted: Option<Vec<String>> = querier.query(&KitQuery::Policy { act }.into())?;
    let roles: Vec<&str> = match &voted {
        Some(roles) => roles.iter().map(String::as_str).collect(),
        None => usual.to_vec(),
    };
    caller.require_role(&roles)?;
    let held = |role: &&&str| caller.member.roles.iter().any(|own| own == **role);
    let role = roles.iter().find(held).copied();
    Ok(role.unwrap_or_default().to_owned())
}
