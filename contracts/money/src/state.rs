//! All keys of the money contract.

use cosmwasm_std::Uint128;
use cw_storage_plus::Map;

/// (currency, account) → minor units; an account at zero has no key.
pub const BALANCES: Map<(&str, &str), Uint128> = Map::new("b");

/// Currency → minor units in existence.
pub const SUPPLY: Map<&str, Uint128> = Map::new("s");
