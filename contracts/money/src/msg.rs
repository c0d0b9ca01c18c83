//! Messages of the money contract.

use blockworm_kit::Currency;
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, Uint128};

/// The contract needs nothing to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {}

/// What a member may ask.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// Creates units for a member. For makers of organisations with the role `bank`.
    Issue {
        /// The member who receives them.
        to: String,
        /// Minor units, more than zero.
        amount: Uint128,
        /// ISO 4217.
        currency: Currency,
    },
    /// Moves the caller's units to another member.
    Transfer {
        /// The member who receives them.
        to: String,
        /// Minor units, more than zero.
        amount: Uint128,
        /// ISO 4217.
        currency: Currency,
    },
    /// Moves the caller's units to a contract and calls its `receive` (see the kit's `ReceiveMsg`);
    /// if the contract refuses, nothing moves.
    Send {
        /// The contract's name.
        contract: String,
        /// Minor units, more than zero.
        amount: Uint128,
        /// ISO 4217.
        currency: Currency,
        /// What the contract is asked, in its own JSON, Base64.
        payload: Binary,
    },
}

/// The messages that this contract sends to others.
#[cw_serde]
#[derive(Eq)]
pub enum OutgoingMsg {
    /// Money has arrived.
    Receive(blockworm_kit::ReceiveMsg),
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// Units of one account in one currency.
    #[returns(BalanceResponse)]
    Balance {
        /// A member's id or a contract's name.
        account: String,
        /// ISO 4217.
        currency: Currency,
    },
    /// All units of one currency.
    #[returns(SupplyResponse)]
    Supply {
        /// ISO 4217.
        currency: Currency,
    },
}

/// Units of an account.
#[cw_serde]
#[derive(Eq)]
pub struct BalanceResponse {
    /// Minor units.
    pub amount: Uint128,
    /// ISO 4217.
    pub currency: Currency,
}

/// Units of a currency.
#[cw_serde]
#[derive(Eq)]
pub struct SupplyResponse {
    /// Minor units.
    pub amount: Uint128,
    /// ISO 4217.
    pub currency: Currency,
}
