//! All keys of the asset issuance contract.

use crate::msg::{Backing, Class};
use blockworm_kit::assets::{Approval, AssetId};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;
use cw_storage_plus::{Item, Map};
use std::{collections::BTreeMap, fmt};

/// The contract that keeps the holdings.
pub const HOLDINGS: Item<String> = Item::new("holdings");

/// Roles whose makers may define classes.
pub const DEFINERS: Item<Vec<String>> = Item::new("definers");

/// Name → class; written once.
pub const CLASSES: Map<&str, Class> = Map::new("c");

/// Id → asset; never removed.
pub const ASSETS: Map<&str, Asset> = Map::new("a");

/// A document's commitment → the asset that it backs; removed when that is cancelled, never when it
/// is redeemed: a paid document backs nothing any more.
pub const BACKED: Map<&str, AssetId> = Map::new("b");

/// An asset's life so far.
#[cw_serde]
#[derive(Eq)]
pub struct Asset {
    /// Where it stands.
    pub status: Status,
    /// The member who drafted it and holds its first units.
    pub issuer: String,
    /// That member's organisation.
    pub organisation: String,
    /// Every member who had a hand in what is, or was last, proposed: none of them may approve it.
    pub makers: Vec<String>,
    /// Units; once active, those in existence.
    pub amount: Uint128,
    /// What stands behind it.
    pub backing: Vec<Backing>,
    /// By the class's schema.
    pub metadata: BTreeMap<String, String>,
    /// The number of its newest proposal.
    pub version: u32,
    /// To its newest proposal.
    pub approvals: Vec<Approval>,
    /// Units that are proposed to be added.
    pub increase: Option<Increase>,
    /// Whether no units can be added any more.
    pub finalised: bool,
    /// The order under which it is frozen.
    pub order: Option<String>,
}

/// Units that are proposed to be added.
#[cw_serde]
#[derive(Eq)]
pub struct Increase {
    /// How many.
    pub amount: Uint128,
    /// A further document.
    pub backing: Option<Backing>,
}

/// Where an asset stands.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Status {
    /// Its maker is still writing.
    Draft,
    /// Waiting for approvals.
    Proposed,
    /// Approved, and not yet in the world.
    Approved,
    /// Held and moved.
    Active,
    /// Nothing of it moves.
    Frozen,
    /// Paid and over.
    Redeemed,
    /// Over without having been paid.
    Cancelled,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "a draft",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Redeemed => "redeemed",
            Self::Cancelled => "cancelled",
        })
    }
}
