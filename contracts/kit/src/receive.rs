//! How money arrives at a contract: the money contract moves the units, then calls `receive`.

use crate::currency::Currency;
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Binary, Uint128};

/// The fields of the `receive` message that the money contract sends; the sender of the message
/// itself is the money contract, and the receiver must check that it is the one it trusts.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct ReceiveMsg {
    /// The member who paid.
    pub sender: String,
    /// Minor units that arrived.
    pub amount: Uint128,
    /// Their currency.
    pub currency: Currency,
    /// What the member asks for, in the receiving contract's own JSON.
    pub payload: Binary,
}
