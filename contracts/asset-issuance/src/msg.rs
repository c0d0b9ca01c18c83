//! Messages of the asset issuance contract.

use blockworm_kit::{
    Currency,
    assets::{AssetId, Kind, ManageMsg, Manager, Requirement},
};
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::Uint128;
use std::collections::BTreeMap;

pub use blockworm_kit::assets::Backing;

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// The contract that keeps the holdings.
    pub holdings: String,
    /// Roles whose makers may define classes.
    pub definers: Vec<String>,
    /// Classes that exist from the beginning.
    pub classes: Vec<Class>,
}

/// What all assets of a class have in common. It never changes.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Class {
    /// A small letter, then small letters, digits and hyphens, at most 32.
    pub name: String,
    /// How its units relate to each other.
    pub kind: Kind,
    /// A unit is one minor unit of this currency.
    pub currency: Currency,
    /// Roles whose makers may issue.
    pub issue: Vec<String>,
    /// Roles whose members may freeze and unfreeze.
    pub freeze: Vec<String>,
    /// Roles whose makers may redeem and retire.
    pub redeem: Vec<String>,
    /// Who must approve, by amount; ordered by `up_to`, the unlimited one last.
    pub tiers: Vec<Tier>,
    /// Whether units may be added to an active asset.
    pub supply: Supply,
    /// What is said of every asset.
    pub schema: Vec<Field>,
    /// Who must approve each change of hands; nobody, where empty.
    pub transfer_approvals: Vec<Requirement>,
    /// The contract that decides who issues, approves and redeems instead of roles and tiers, which
    /// are empty then; members, where `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
}

/// Who must approve assets of up to an amount.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Tier {
    /// The largest amount of the tier; `null`: any.
    pub up_to: Option<Uint128>,
    /// How many approvals of which roles; at least one.
    pub approvals: Vec<Requirement>,
    /// Whether approvals must come from other organisations than the issuer, each from another.
    pub other_organisation: bool,
}

/// Whether units may be added to an active asset.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Supply {
    /// Never.
    Fixed,
    /// Up to so many units an asset, until it is finalised; fungible classes alone.
    Capped(Uint128),
}

/// One thing that is said of every asset of a class.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Field {
    /// What it is called.
    pub name: String,
    /// What it looks like.
    pub form: Form,
    /// Whether it may be left out.
    pub required: bool,
}

/// What a value looks like.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Form {
    /// 1 to 256 bytes.
    Text,
    /// Decimal digits of a 128-bit number.
    Integer,
    /// `YYYY-MM-DD`.
    Date,
    /// 64 lower-case hex digits.
    Digest,
}

/// What members may ask, and the managers of classes.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// From the class's manager alone.
    Manage(ManageMsg),
    /// Defines a class.
    Define {
        /// The class.
        class: Class,
    },
    /// Writes a first draft; the answer's data is the asset's id.
    Draft {
        /// The class's name.
        class: String,
        /// Units.
        amount: Uint128,
        /// What stands behind it.
        backing: Backing,
        /// By the class's schema.
        metadata: BTreeMap<String, String>,
    },
    /// Changes a draft.
    Amend {
        /// The asset.
        asset: AssetId,
        /// Units.
        amount: Uint128,
        /// What stands behind it.
        backing: Backing,
        /// By the class's schema.
        metadata: BTreeMap<String, String>,
    },
    /// Puts a draft to those who must approve it.
    Propose {
        /// The asset.
        asset: AssetId,
    },
    /// Approves what is proposed: the asset, or on an active one the units to be added.
    Approve {
        /// The asset.
        asset: AssetId,
        /// The proposal that was read; each has the next number.
        version: u32,
        /// For which of the caller's organisation's roles.
        role: String,
    },
    /// Sends what is proposed back.
    Reject {
        /// The asset.
        asset: AssetId,
        /// The proposal that was read.
        version: u32,
        /// For which of the caller's organisation's roles.
        role: String,
    },
    /// Lets the approved asset begin.
    Activate {
        /// The asset.
        asset: AssetId,
    },
    /// Proposes more units of an active asset.
    Mint {
        /// The asset.
        asset: AssetId,
        /// How many more.
        amount: Uint128,
        /// A further document, where those before are not enough.
        backing: Option<Backing>,
    },
    /// Ends the time in which units can be added.
    Finalise {
        /// The asset.
        asset: AssetId,
    },
    /// Takes units that are back with the issuer out of the world.
    Retire {
        /// The asset.
        asset: AssetId,
        /// How many.
        amount: Uint128,
    },
    /// Stops every movement.
    Freeze {
        /// The asset.
        asset: AssetId,
        /// The order's digest.
        order: String,
    },
    /// Lets it move again.
    Unfreeze {
        /// The asset.
        asset: AssetId,
        /// The digest of what lifts the order.
        order: String,
    },
    /// Ends an asset that was paid: all of it is back with the issuer.
    Redeem {
        /// The asset.
        asset: AssetId,
    },
    /// Ends an asset that nobody but the issuer holds any of.
    Cancel {
        /// The asset.
        asset: AssetId,
    },
}

/// Most assets of a page.
pub const MAX_PAGE: u32 = 100;

/// An asset and its id.
#[cw_serde]
#[derive(Eq)]
pub struct NamedAsset {
    /// The id.
    pub id: AssetId,
    /// The asset.
    pub asset: crate::state::Asset,
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// A class, or `null`.
    #[returns(Option<Class>)]
    Class {
        /// Its name.
        name: String,
    },
    /// An asset, or `null`.
    #[returns(Option<crate::state::Asset>)]
    Asset {
        /// Its id.
        asset: AssetId,
    },
    /// A page of a class's assets in order of id.
    #[returns(Vec<NamedAsset>)]
    Assets {
        /// The class's name.
        class: String,
        /// The last id of the page before.
        start_after: Option<AssetId>,
        /// At most [`MAX_PAGE`], which is also the default.
        limit: Option<u32>,
    },
    /// The asset that a document backs, or `null`.
    #[returns(Option<AssetId>)]
    Backed {
        /// The document's commitment.
        commitment: String,
    },
}
