//! All keys of the asset transaction contract.

use crate::msg::{Part, Want};
use blockworm_kit::{
    Currency,
    assets::{Approval, AssetId, Kind, Manager, Requirement, Units},
};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;
use cw_storage_plus::{Item, Map};

/// The contract that opens, freezes and closes assets.
pub const ISSUANCE: Item<String> = Item::new("issuance");

/// Asset → what it is; never removed.
pub const ASSETS: Map<&str, Asset> = Map::new("a");

/// (asset, owner) → units of a fungible asset that move freely; absent at zero.
pub const BALANCES: Map<(&str, &str), Balance> = Map::new("b");

/// (asset, number) → holding; closed ones stay.
pub const HOLDINGS: Map<(&str, u64), Holding> = Map::new("h");

/// (asset, holding's number, place) → what happened to the holding; written once.
pub const STEPS: Map<(&str, u64, u32), Step> = Map::new("s");

/// How many offers were made, and the offers.
pub const OFFER_COUNT: Item<u64> = Item::new("offers");
/// Number → offer.
pub const OFFERS: Map<u64, Offer> = Map::new("o");

/// How many proposals were made, and the proposals.
pub const PROPOSAL_COUNT: Item<u64> = Item::new("proposals");
/// Number → proposal.
pub const PROPOSALS: Map<u64, Proposal> = Map::new("p");

/// What an asset is.
#[cw_serde]
#[derive(Eq)]
pub struct Asset {
    /// How its units relate to each other.
    pub kind: Kind,
    /// What they count.
    pub currency: Currency,
    /// How many there are.
    pub amount: Uint128,
    /// The member who issued it.
    pub issuer: String,
    /// The number of the next holding.
    pub next: u64,
    /// Whether nothing moves.
    pub frozen: bool,
    /// Whether it is over.
    pub closed: bool,
    /// Who must approve each change of hands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Requirement>,
    /// The contract that runs its class, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// Units that the manager ended: nobody holds them.
    #[serde(default, skip_serializing_if = "Uint128::is_zero")]
    pub retired: Uint128,
}

/// A holder's freely moving units of a fungible asset.
#[cw_serde]
#[derive(Eq, Default)]
pub struct Balance {
    /// How many.
    pub amount: Uint128,
    /// The court's order under which they are frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// An interval of an asset's units in one hand. Of a fungible asset their numbers say nothing, their
/// count does.
#[cw_serde]
#[derive(Eq)]
pub struct Holding {
    /// Which units.
    pub units: Units,
    /// In whose hand.
    pub owner: String,
    /// What keeps it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encumbrance: Option<Encumbrance>,
    /// The court's order under which it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// How many steps it has taken.
    pub steps: u32,
    /// Whether it was split, merged or ended.
    pub closed: bool,
}

/// What keeps a holding in its owner's hand.
#[cw_serde]
#[derive(Eq)]
pub enum Encumbrance {
    /// Until the pledgee releases it.
    Pledged {
        /// Who alone may release it.
        pledgee: String,
    },
    /// Until a time, or until the keeper unlocks it.
    Locked {
        /// Who may unlock it before.
        keeper: String,
        /// Milliseconds since 1970; from then on there is no lock.
        until_ms: u64,
    },
}

/// What happened to a holding.
#[cw_serde]
#[derive(Eq)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// Who did it.
    pub by: String,
    /// In whose hand the holding was then.
    pub owner: String,
    /// The block.
    pub height: u64,
    /// The court's order, where one froze it or lifted the freeze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The step or, after a merger, the steps before.
    pub before: Vec<StepRef>,
}

/// A step of a holding.
#[cw_serde]
#[derive(Eq, Copy, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct StepRef {
    /// The holding's number.
    pub holding: u64,
    /// Its step's place, from 0.
    pub step: u32,
}

/// What can happen to a holding.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum StepKind {
    /// It began with its asset.
    Opened,
    /// It was set aside from a balance.
    SetAside,
    /// It came out of the one that was split.
    Split,
    /// It came out of those that were merged.
    Merged,
    /// Its owner gave it away.
    Transferred,
    /// An offer for it was accepted.
    Exchanged,
    /// It was pledged.
    Pledged,
    /// The pledgee let go.
    Released,
    /// It was locked.
    Locked,
    /// The keeper unlocked it.
    Unlocked,
    /// A court froze it.
    Frozen,
    /// A court lifted the freeze.
    Lifted,
    /// Its asset's manager ended it, against payment.
    Retired,
    /// It ended: in other holdings, in a balance, or with its asset.
    Closed,
}

/// Something offered.
#[cw_serde]
#[derive(Eq)]
pub struct Offer {
    /// Who offers.
    pub by: String,
    /// Of which asset.
    pub asset: AssetId,
    /// What.
    pub give: Part,
    /// For what; nothing, where `null`.
    pub want: Option<Want>,
    /// To whom alone.
    pub to: Option<String>,
    /// From this time on nobody can accept it, milliseconds since 1970.
    pub until_ms: u64,
    /// How it ended.
    pub end: Option<OfferEnd>,
}

/// How an offer ended.
#[cw_serde]
#[derive(Eq)]
pub enum OfferEnd {
    /// This member accepted it.
    Accepted(String),
    /// Who offered took it back.
    Withdrawn,
}

/// A change of hands that others must approve.
#[cw_serde]
#[derive(Eq)]
pub struct Proposal {
    /// The owner.
    pub by: String,
    /// Of which asset.
    pub asset: AssetId,
    /// What.
    pub part: Part,
    /// To whom.
    pub to: String,
    /// From this time on nobody can approve it, milliseconds since 1970.
    pub until_ms: u64,
    /// Given so far.
    pub approvals: Vec<Approval>,
    /// How it ended.
    pub end: Option<ProposalEnd>,
}

/// How a proposal ended.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum ProposalEnd {
    /// All approved, and it was done.
    Done,
    /// Who proposed took it back.
    Withdrawn,
}
