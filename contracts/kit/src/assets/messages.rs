//! Messages between the asset contracts, those that run classes of assets on them, and receivers.

use super::{Approval, AssetId, Kind, Requirement, Units};
use crate::currency::Currency;
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Binary, Uint128};
use std::collections::BTreeMap;

/// What the issuance contract alone may ask the contract that keeps the holdings.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum IssuanceMsg {
    /// Lets an asset begin with all its units at one member.
    Open {
        /// The asset.
        asset: AssetId,
        /// Of its class.
        kind: Kind,
        /// What units count.
        currency: Currency,
        /// How many.
        amount: Uint128,
        /// The issuing member.
        owner: String,
        /// Who must approve each change of hands; nobody, where empty.
        approvals: Vec<Requirement>,
        /// The contract that runs the asset's class, where one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manager: Option<Manager>,
    },
    /// Adds units of a fungible asset to its issuer's balance.
    Mint {
        /// The asset.
        asset: AssetId,
        /// How many more.
        amount: Uint128,
    },
    /// Takes units of a fungible asset from its issuer's balance out of the world.
    Retire {
        /// The asset.
        asset: AssetId,
        /// How many fewer.
        amount: Uint128,
    },
    /// Stops every movement of an asset.
    Freeze {
        /// The asset.
        asset: AssetId,
    },
    /// Lets it move again.
    Unfreeze {
        /// The asset.
        asset: AssetId,
    },
    /// Ends an asset; refused while anybody but the issuer holds any, or any is encumbered. Units
    /// that its manager retired are held by nobody.
    Close {
        /// The asset.
        asset: AssetId,
    },
}

/// A contract that runs a class of assets: it alone issues, ends and redeems them, and some
/// organisations get holdings of them through it alone.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Manager {
    /// The contract's name.
    pub contract: String,
    /// Members of organisations with one of these roles receive holdings, as owner or pledgee, by
    /// the manager's word alone. Everybody else may freely give them to each other.
    pub guarded: Vec<String>,
}

/// Units of a fungible asset that change hands for something.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Payment {
    /// The asset.
    pub asset: AssetId,
    /// How many units.
    pub amount: Uint128,
}

/// What an asset's manager alone may ask the contract that keeps the holdings. The manager answers
/// for the owner's consent; what is paid comes out of the manager's own balance, and both legs
/// happen or neither.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ManagerMsg {
    /// Gives a holding that is free, or pledged to the manager, to another member.
    Hand {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// The receiver.
        to: String,
        /// What its owner is paid.
        against: Payment,
        /// Whether it stays pledged to the manager from then on.
        keep: bool,
    },
    /// Ends a holding that is free, or pledged to the manager: its units are held by nobody any more.
    Retire {
        /// The asset.
        asset: AssetId,
        /// The holding.
        holding: u64,
        /// What its owner is paid.
        against: Payment,
    },
}

/// The messages of other contracts as the holdings' contract reads them.
#[cw_serde]
#[derive(Eq)]
#[schemaifier(mute_warnings)]
pub enum HoldingsMsg {
    /// From the issuance contract.
    Issuance(IssuanceMsg),
    /// From an asset's manager.
    Manager(ManagerMsg),
}

/// A holding as far as a manager reads it.
#[cw_serde]
#[derive(Eq)]
pub struct HeldView {
    /// Which units.
    pub units: Units,
    /// In whose hand.
    pub owner: String,
    /// Whether it was split, merged or ended.
    pub closed: bool,
}

/// What a manager asks the holdings' contract.
#[cw_serde]
#[derive(Eq)]
#[schemaifier(mute_warnings)]
pub enum HoldingsQuery {
    /// A [`HeldView`], or `null`.
    Holding {
        /// The asset.
        asset: AssetId,
        /// Its number.
        holding: u64,
    },
    /// An asset's holdings by number, closed ones too: a list of [`NumberedHeld`].
    Holdings {
        /// The asset.
        asset: AssetId,
        /// The number to begin with.
        from: Option<u64>,
        /// At most 100.
        limit: Option<u32>,
    },
}

/// A holding and its number.
#[cw_serde]
#[derive(Eq)]
pub struct NumberedHeld {
    /// The number.
    pub number: u64,
    /// The holding.
    pub holding: HeldView,
}

/// A document that stands behind an asset.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Backing {
    /// The document's commitment, 64 lower-case hex digits.
    pub commitment: String,
    /// What it is good for, in minor units.
    pub amount: Uint128,
    /// Of which currency.
    pub currency: Currency,
}

/// What the manager of a class alone may ask the issuance contract, of assets of that class.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ManageMsg {
    /// Drafts and proposes an asset for a member; it is named as one that the member drafts.
    Propose {
        /// The class.
        class: String,
        /// Units.
        amount: Uint128,
        /// What stands behind it.
        backing: Backing,
        /// By the class's schema.
        metadata: BTreeMap<String, String>,
        /// The member to whom its units will belong.
        issuer: String,
    },
    /// The asset is approved and begins.
    Begin {
        /// The asset.
        asset: AssetId,
        /// Who approved, other than the issuer.
        approval: Approval,
    },
    /// The asset never begins; its document is free again.
    Cancel {
        /// The asset.
        asset: AssetId,
    },
    /// The asset is over, paid: all its units were retired.
    Redeem {
        /// The asset.
        asset: AssetId,
    },
}

/// The messages of managers as the issuance contract reads them.
#[cw_serde]
#[derive(Eq)]
#[schemaifier(mute_warnings)]
pub enum ManagedMsg {
    /// From a class's manager.
    Manage(ManageMsg),
}

/// The fields of the `receive_asset` message that a contract gets after assets were sent to it.
/// The sender of the message itself is the holdings' contract; the receiver must check that it is
/// the one it trusts, and that `asset` is one that it takes: anybody's class may count the same
/// currency.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct ReceiveAssetMsg {
    /// Who sent.
    pub sender: String,
    /// What arrived.
    pub asset: AssetId,
    /// The holding's number; `null` where units of a fungible asset arrived in the balance.
    pub holding: Option<u64>,
    /// How many units.
    pub amount: Uint128,
    /// What they count.
    pub currency: Currency,
    /// What the sender asks for, in the receiving contract's own JSON.
    pub payload: Binary,
}
