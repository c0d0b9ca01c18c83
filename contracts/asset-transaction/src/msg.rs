//! Messages of the asset transaction contract.

use blockworm_kit::assets::{AssetId, IssuanceMsg, ManagerMsg};
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, Uint128};

/// Shortest time of a lock, an offer or a proposal, milliseconds: a second.
pub const MIN_TIME_MS: u64 = 1_000;
/// Longest time of a lock, an offer or a proposal, milliseconds: ten years of 365 days.
pub const MAX_TIME_MS: u64 = 10 * 365 * 24 * 3_600 * 1_000;
/// Most holdings that one message merges.
pub const MAX_MERGE: usize = 16;
/// Most rows of an answer.
pub const MAX_PAGE: u32 = 100;
/// Most steps of a page of provenance.
pub const MAX_STEPS: u32 = 1_000;

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// The contract that opens, freezes and closes assets.
    pub issuance: String,
}

/// A part of an asset in one hand.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Part {
    /// So many units of the owner's balance of a fungible asset.
    Units(Uint128),
    /// A holding by its number.
    Holding(u64),
}

/// What an offer asks for.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Want {
    /// Of which asset.
    pub asset: AssetId,
    /// How many units.
    pub amount: Uint128,
}

/// What a court freezes.
#[cw_serde]
#[derive(Eq)]
pub enum Target {
    /// A holding by its number.
    Holding(u64),
    /// A holder's balance of a fungible asset, with what still arrives in it.
    Balance(String),
}

/// What may be asked. Owners are members, or contracts to which assets were sent.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// From the issuance contract alone.
    Issuance(IssuanceMsg),
    /// From the asset's manager alone.
    Manager(ManagerMsg),
    /// Gives a part to a member.
    Transfer {
        /// The asset.
        asset: AssetId,
        /// What of it.
        part: Part,
        /// The receiver.
        to: String,
    },
    /// Gives a part to a contract and calls its `receive_asset`; if that is refused, nothing moves.
    Send {
        /// The asset.
        asset: AssetId,
        /// What of it.
        part: Part,
        /// The receiver.
        contract: String,
        /// What the sender asks of it, in its own JSON.
        payload: Binary,
    },
    /// Makes a holding out of units of a fungible balance, to be pledged, locked or offered.
    SetAside {
        /// The asset.
        asset: AssetId,
        /// How many.
        amount: Uint128,
    },
    /// Makes two holdings out of one.
    Split {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// The unit at which the second begins.
        at: Uint128,
    },
    /// Makes one holding out of neighbours, in order; of a fungible asset: puts them into the balance.
    Merge {
        /// The asset.
        asset: AssetId,
        /// The holdings.
        holdings: Vec<u64>,
    },
    /// Pledges a holding.
    Pledge {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// Who alone may release it.
        pledgee: String,
    },
    /// Ends a pledge; the pledgee's.
    Release {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
    },
    /// Locks a holding for a time.
    Lock {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// Who may unlock it before.
        keeper: String,
        /// For how long, milliseconds of block time: [`MIN_TIME_MS`] to [`MAX_TIME_MS`].
        for_ms: u64,
    },
    /// Ends a lock before its time; the keeper's.
    Unlock {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
    },
    /// Freezes by a court's order.
    Freeze {
        /// The asset.
        asset: AssetId,
        /// What of it.
        target: Target,
        /// The order's digest.
        order: String,
    },
    /// Lifts a freeze by a court's order.
    Lift {
        /// The asset.
        asset: AssetId,
        /// What of it.
        target: Target,
        /// The lifting order's digest.
        order: String,
    },
    /// Offers a part; the answer's data is the offer's number.
    Offer(OfferMsg),
    /// Takes what is offered and gives what is asked: both or none.
    Accept {
        /// The offer.
        offer: u64,
        /// The holding to give, where the offer does not ask for units of a balance.
        holding: Option<u64>,
    },
    /// Takes an offer back.
    Withdraw {
        /// The offer.
        offer: u64,
    },
    /// Proposes a change of hands that the asset's class wants approved; the data is its number.
    Propose {
        /// The asset.
        asset: AssetId,
        /// What of it.
        part: Part,
        /// The receiver.
        to: String,
        /// For how long, milliseconds of block time: [`MIN_TIME_MS`] to [`MAX_TIME_MS`].
        for_ms: u64,
    },
    /// Approves a proposal; the last approval carries it out.
    Approve {
        /// The proposal.
        proposal: u64,
        /// For which of the caller's organisation's roles.
        role: String,
    },
    /// Takes a proposal back.
    Retract {
        /// The proposal.
        proposal: u64,
    },
}

/// What is offered, and under which conditions.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct OfferMsg {
    /// The asset.
    pub asset: AssetId,
    /// What of it.
    pub give: Part,
    /// For what; nothing, where `null`.
    pub want: Option<Want>,
    /// To whom alone; to everybody, where `null`.
    pub to: Option<String>,
    /// For how long, milliseconds of block time: [`MIN_TIME_MS`] to [`MAX_TIME_MS`].
    pub for_ms: u64,
}

/// The message that tells a contract of assets that were sent to it.
#[cw_serde]
#[derive(Eq)]
pub enum OutgoingMsg {
    /// Assets arrived.
    ReceiveAsset(blockworm_kit::assets::ReceiveAssetMsg),
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// An asset, or `null`.
    #[returns(Option<crate::state::Asset>)]
    Asset {
        /// Its id.
        asset: AssetId,
    },
    /// A holder's balance of a fungible asset.
    #[returns(crate::state::Balance)]
    Balance {
        /// The asset.
        asset: AssetId,
        /// The holder.
        owner: String,
    },
    /// A holding, or `null`.
    #[returns(Option<crate::state::Holding>)]
    Holding {
        /// The asset.
        asset: AssetId,
        /// Its number.
        holding: u64,
    },
    /// An asset's holdings by number, closed ones too.
    #[returns(Vec<NumberedHolding>)]
    Holdings {
        /// The asset.
        asset: AssetId,
        /// The number to begin with.
        from: Option<u64>,
        /// At most [`MAX_PAGE`], which is also the default.
        limit: Option<u32>,
    },
    /// Where a holding comes from, newest step first, through every split and merger.
    #[returns(ProvenanceResponse)]
    Provenance {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// `next` of the page before; the holding's newest step, where `null`.
        cursor: Option<Vec<crate::state::StepRef>>,
        /// At most [`MAX_STEPS`], which is also the default.
        limit: Option<u32>,
    },
    /// An offer, or `null`.
    #[returns(Option<crate::state::Offer>)]
    Offer {
        /// Its number.
        offer: u64,
    },
    /// A proposal, or `null`.
    #[returns(Option<crate::state::Proposal>)]
    Proposal {
        /// Its number.
        proposal: u64,
    },
}

/// A holding and its number.
#[cw_serde]
#[derive(Eq)]
pub struct NumberedHolding {
    /// The number.
    pub number: u64,
    /// The holding.
    pub holding: crate::state::Holding,
}

/// The answer to [`QueryMsg::Provenance`].
#[cw_serde]
#[derive(Eq)]
pub struct ProvenanceResponse {
    /// The steps of this page.
    pub steps: Vec<NumberedStep>,
    /// Where the next page begins; empty at the end.
    pub next: Vec<crate::state::StepRef>,
}

/// A step and its place.
#[cw_serde]
#[derive(Eq)]
pub struct NumberedStep {
    /// Whose, and the how-manieth.
    pub at: crate::state::StepRef,
    /// The step.
    pub step: crate::state::Step,
}
