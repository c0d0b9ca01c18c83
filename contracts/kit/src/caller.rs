//! Who calls: roles are the organisation's, granted by vote; functions are the member's, from its CA.

use crate::query::{KitQuery, MemberView, find_member};
use cosmwasm_std::{Addr, QuerierWrapper, StdError};

/// The member on whose behalf a message runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// `organisation/name`.
    pub address: Addr,
    /// What the ledger knows about it.
    pub member: MemberView,
}

/// Why a caller may not do what it asks.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// The host could not answer.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The address belongs to no member; a contract cannot act here.
    #[error("caller.not_a_member: {address} is not a member of this ledger")]
    NotMember {
        /// Who asked.
        address: String,
    },
    /// Revoked, or of a suspended organisation.
    #[error("caller.inactive: {address} is revoked or its organisation is suspended")]
    Inactive {
        /// Who asked.
        address: String,
    },
    /// The consortium never granted the role.
    #[error("caller.missing_role: {organisation} does not hold the role {wanted}")]
    MissingRole {
        /// Whose member asked.
        organisation: String,
        /// The role, or roles, of which one is needed.
        wanted: String,
    },
    /// The organisation's CA never gave the function.
    #[error("caller.missing_function: {address} does not hold the function {wanted}")]
    MissingFunction {
        /// Who asked.
        address: String,
        /// The function needed.
        wanted: String,
    },
}

impl Caller {
    /// The active member behind `address`.
    pub fn of(querier: &QuerierWrapper<'_, KitQuery>, address: &Addr) -> Result<Self, CallerError> {
        let member =
            find_member(querier, address.as_str())?.ok_or_else(|| CallerError::NotMember {
                address: address.to_string(),
            })?;
        if !member.active {
            return Err(CallerError::Inactive {
                address: address.to_string(),
            });
        }
        Ok(Self {
            address: address.clone(),
            member,
        })
    }

    /// Refuses unless the organisation holds at least one of `roles`.
    pub fn require_role(&self, roles: &[&str]) -> Result<(), CallerError> {
        if self
            .member
            .roles
            .iter()
            .any(|held| roles.contains(&held.as_str()))
        {
            return Ok(());
        }
        Err(CallerError::MissingRole {
            organisation: self.member.organisation.clone(),
            wanted: roles.join(" or "),
        })
    }

    /// Refuses unless the member holds `function`.
    pub fn require_function(&self, function: &str) -> Result<(), CallerError> {
        if self.member.functions.iter().any(|held| held == function) {
            return Ok(());
        }
        Err(CallerError::MissingFunction {
            address: self.address.to_string(),
            wanted: function.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            address: Addr::unchecked("harbour-bank/maker"),
            member: MemberView {
                organisation: "harbour-bank".into(),
                roles: vec!["bank".into()],
                functions: vec!["maker".into()],
                active: true,
            },
        }
    }

    #[test]
    fn one_of_several_roles_is_enough() {
        assert!(caller().require_role(&["platform", "bank"]).is_ok());
        let refusal = caller()
            .require_role(&["court", "notary"])
            .unwrap_err()
            .to_string();
        assert_eq!(
            refusal,
            "caller.missing_role: harbour-bank does not hold the role court or notary"
        );
    }

    #[test]
    fn a_function_is_the_members_own() {
        assert!(caller().require_function("maker").is_ok());
        let refusal = caller()
            .require_function("checker")
            .unwrap_err()
            .to_string();
        assert_eq!(
            refusal,
            "caller.missing_function: harbour-bank/maker does not hold the function checker"
        );
    }
}
