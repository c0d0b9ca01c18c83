//! The question that a contract may ask the host beyond CosmWasm's own: who is behind an address?

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{CustomQuery, QuerierWrapper, StdResult};

/// Questions to the host.
#[cw_serde]
#[derive(QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum KitQuery {
    /// The member behind an address as of the start of this block; `null` when there is none.
    #[returns(Option<MemberView>)]
    Member {
        /// `organisation/name`.
        address: String,
    },
}

impl CustomQuery for KitQuery {}

/// What the ledger knows about a member.
#[cw_serde]
#[derive(Eq)]
pub struct MemberView {
    /// The slug of its organisation.
    pub organisation: String,
    /// Roles that the consortium granted the organisation, ordered.
    pub roles: Vec<String>,
    /// Functions in the member's certificate, ordered.
    pub functions: Vec<String>,
    /// False once the member is revoked or its organisation suspended.
    pub active: bool,
}

/// Asks the host for the member behind `address`.
pub fn find_member(
    querier: &QuerierWrapper<'_, KitQuery>,
    address: &str,
) -> StdResult<Option<MemberView>> {
    querier.query(
        &KitQuery::Member {
            address: address.to_owned(),
        }
        .into(),
    )
}
