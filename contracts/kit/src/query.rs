//! What a contract may ask the host beyond CosmWasm's own: who is behind an address, and what another ledger proves to hold.

use crate::date::CivilDate;
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, CustomQuery, QuerierWrapper, StdResult};

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
    /// The roles that the consortium lets do an act (`issue`, `attest`, `freeze`, `upgrade`), ordered;
    /// `null` where nothing was voted and the contract's own rule holds.
    #[returns(Option<Vec<String>>)]
    Policy {
        /// The act.
        act: String,
    },
    /// A year of a calendar that the consortium voted; `null` where it voted none.
    #[returns(Option<CalendarYear>)]
    Calendar {
        /// The calendar's name.
        calendar: String,
        /// The year.
        year: u16,
    },
    /// What a key of a contract on another ledger held, by that ledger's own finality. The host
    /// ends the whole transaction with a code `foreign.*` where the proof does not hold.
    #[returns(ForeignValue)]
    Foreign {
        /// The name under which the consortium pinned the other ledger here.
        ledger: String,
        /// The contract's name there.
        contract: String,
        /// The contract's own key there.
        key: Binary,
        /// docs/formats/foreign-state.md.
        proof: Binary,
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

/// The days of a year on which a calendar departs from Monday to Friday.
#[cw_serde]
#[derive(Eq)]
pub struct CalendarYear {
    /// Days that are no business days, ascending.
    pub holidays: Vec<CivilDate>,
    /// Saturdays and Sundays that are business days, ascending.
    pub workdays: Vec<CivilDate>,
}

/// What a key of another ledger held, or that it held nothing.
#[cw_serde]
#[derive(Eq)]
pub struct ForeignValue {
    /// After which block of that ledger.
    pub height: u64,
    /// That block's time, milliseconds since 1970.
    pub time_ms: u64,
    /// The stored bytes; `null` when there was no entry.
    pub value: Option<Binary>,
}

/// Asks the host what a proof shows of another ledger.
pub fn foreign_value(
    querier: &QuerierWrapper<'_, KitQuery>,
    ledger: &str,
    contract: &str,
    key: &[u8],
    proof: Binary,
) -> StdResult<ForeignValue> {
    querier.query(
        &KitQuery::Foreign {
            ledger: ledger.to_owned(),
            contract: contract.to_owned(),
            key: Binary::from(key),
            proof,
        }
        .into(),
    )
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
