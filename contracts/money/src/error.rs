//! Refusals of the money contract, in order of precedence.

use blockworm_kit::{CallerError, Currency};
use cosmwasm_std::{StdError, Uint128};

/// Why a message was refused.
#[derive(Debug, thiserror::Error)]
pub enum MoneyError {
    /// The host failed, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The caller is not who may ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// Nothing to move.
    #[error("money.zero_amount: the amount must be more than zero")]
    ZeroAmount,
    /// A misspelt receiver would lose the money.
    #[error("money.unknown_account: {account} is not a member of this ledger")]
    UnknownAccount {
        /// Who should have received.
        account: String,
    },
    /// The receiver could not use the money.
    #[error("money.inactive_account: {account} is revoked or its organisation is suspended")]
    InactiveAccount {
        /// Who should have received.
        account: String,
    },
    /// The payer has less.
    #[error("money.insufficient_funds: {account} holds {held} {currency} and needs {needed}")]
    InsufficientFunds {
        /// Who pays.
        account: String,
        /// Minor units there.
        held: Uint128,
        /// Minor units asked for.
        needed: Uint128,
        /// Of which currency.
        currency: Currency,
    },
    /// More units than an amount can count.
    #[error("money.supply_overflow: {currency} cannot count that many units")]
    SupplyOverflow {
        /// Of which currency.
        currency: Currency,
    },
}
