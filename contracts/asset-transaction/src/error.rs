//! Every refusal of the asset transaction contract, in order of precedence.

use blockworm_kit::{CallerError, assets::AssetId};
use cosmwasm_std::{StdError, Uint128};

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// The host could not answer, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The caller may not ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The issuance contract's own messages.
    #[error("asset.not_issuance: the contract {issuance} alone opens, mints, freezes and closes")]
    NotIssuance {
        /// Its name.
        issuance: String,
    },
    /// The asset's manager's own messages.
    #[error("asset.not_manager: the asset's manager alone hands over and retires its holdings")]
    NotManager,
    /// Too short or too long.
    #[error("asset.bad_duration: it lasts {least} to {most} ms, not {asked}")]
    BadDuration {
        /// What was asked for.
        asked: u64,
        /// The shortest.
        least: u64,
        /// The longest.
        most: u64,
    },
    /// Only the asset's manager lets this receiver have any.
    #[error("asset.guarded: {to} gets this asset through the contract {contract} alone")]
    Guarded {
        /// Who would receive it.
        to: String,
        /// The asset's manager.
        contract: String,
    },
    /// Not a digest.
    #[error("asset.bad_digest: an order is named by its digest, 64 lower-case hex digits")]
    BadDigest,
    /// No such offer.
    #[error("asset.unknown_offer: there is no offer {offer}")]
    UnknownOffer {
        /// The number.
        offer: u64,
    },
    /// No such proposal.
    #[error("asset.unknown_proposal: there is no proposal {proposal}")]
    UnknownProposal {
        /// The number.
        proposal: u64,
    },
    /// Somebody else's offer or proposal.
    #[error("asset.not_yours: {by} made it and alone may take it back")]
    NotYours {
        /// Who made it.
        by: String,
    },
    /// Accepted, done or taken back.
    #[error("asset.ended: it was accepted, carried out or taken back before")]
    Ended,
    /// Its time has passed.
    #[error("asset.expired: its time passed at {until_ms}; make it anew")]
    Expired {
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// Offered to somebody else.
    #[error("asset.not_for_you: it is offered to {to} alone")]
    NotForYou {
        /// To whom.
        to: String,
    },
    /// With oneself.
    #[error("asset.own_offer: who offers cannot accept")]
    OwnOffer,
    /// Nobody issued it.
    #[error("asset.unknown_asset: there is no asset {asset}")]
    UnknownAsset {
        /// The id.
        asset: AssetId,
    },
    /// Issued twice.
    #[error("asset.already_open: the asset {asset} has begun already")]
    AlreadyOpen {
        /// The id.
        asset: AssetId,
    },
    /// Redeemed or cancelled.
    #[error("asset.closed: the asset was redeemed or cancelled")]
    Closed,
    /// By its issuance.
    #[error("asset.asset_frozen: all of the asset is frozen by order")]
    AssetFrozen,
    /// Not in one step.
    #[error(
        "asset.needs_approval: the asset changes hands by `propose` and the approvals that its class asks for"
    )]
    NeedsApproval,
    /// In one step.
    #[error("asset.no_approval_needed: the asset changes hands by `transfer`")]
    NoApprovalNeeded,
    /// Nothing to move.
    #[error("asset.zero_amount: the amount must be more than zero")]
    ZeroAmount,
    /// Its units are numbered.
    #[error("asset.not_fungible: the asset has no balances; name a holding")]
    NotFungible,
    /// Held whole.
    #[error("asset.not_divisible: a unique asset is held whole")]
    NotDivisible,
    /// What is given is not what is asked.
    #[error("asset.wrong_payment: the offer asks for {wanted} units, and this is {given}")]
    WrongPayment {
        /// Units asked for.
        wanted: Uint128,
        /// Units offered in return.
        given: Uint128,
    },
    /// No such holding.
    #[error("asset.unknown_holding: the asset has no holding {holding}")]
    UnknownHolding {
        /// Its number.
        holding: u64,
    },
    /// Split, merged or ended.
    #[error("asset.holding_closed: the holding {holding} was split, merged or ended")]
    HoldingClosed {
        /// Its number.
        holding: u64,
    },
    /// Somebody else's.
    #[error("asset.not_owner: the holding {holding} is not {by}'s")]
    NotOwner {
        /// Its number.
        holding: u64,
        /// Who asked.
        by: String,
    },
    /// By a court.
    #[error("asset.frozen: a court froze it by the order {order}")]
    Frozen {
        /// The order's digest.
        order: String,
    },
    /// It is not.
    #[error("asset.not_frozen: no order of a court freezes it")]
    NotFrozen,
    /// The pledgee's business.
    #[error("asset.pledged: it is pledged until {pledgee} releases it")]
    Pledged {
        /// Who alone may release it.
        pledgee: String,
    },
    /// It is not.
    #[error("asset.not_pledged: the holding is not pledged")]
    NotPledged,
    /// Somebody else's pledge.
    #[error("asset.not_pledgee: it is pledged to {pledgee}, who alone releases it")]
    NotPledgee {
        /// To whom.
        pledgee: String,
    },
    /// For a time.
    #[error("asset.locked: it is locked until {until_ms}, or until {keeper} unlocks it")]
    Locked {
        /// Who may unlock it before.
        keeper: String,
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// It is not, or not any more.
    #[error("asset.not_locked: no lock keeps the holding")]
    NotLocked,
    /// Somebody else keeps it.
    #[error("asset.not_keeper: {keeper} keeps the lock and alone ends it before its time")]
    NotKeeper {
        /// Who.
        keeper: String,
    },
    /// Less is there.
    #[error("asset.insufficient_units: {owner} freely holds {held} units and needs {needed}")]
    InsufficientUnits {
        /// Whose balance.
        owner: String,
        /// Units there.
        held: Uint128,
        /// Units asked for.
        needed: Uint128,
    },
    /// Outside the holding.
    #[error("asset.bad_split: a holding is split at a unit between its first and its last")]
    BadSplit,
    /// Not neighbours.
    #[error("asset.bad_merge: a merger names neighbours in order, each once, at most 16")]
    BadMerge,
    /// Not all of it is back.
    #[error(
        "asset.held_elsewhere: the issuer does not hold all of the asset, in one hand and freely"
    )]
    HeldElsewhere,
    /// A misspelt receiver would lose it.
    #[error("asset.unknown_member: {member} is not a member of this ledger")]
    UnknownMember {
        /// Who should have received, kept or been pledged to.
        member: String,
    },
    /// It could not use it.
    #[error("asset.inactive_member: {member} is revoked or its organisation is suspended")]
    InactiveMember {
        /// Who should have received, kept or been pledged to.
        member: String,
    },
    /// One cannot pledge to oneself or keep one's own lock.
    #[error("asset.same_member: the pledgee or keeper is another member than the owner")]
    SameMember,
    /// Approvals are others'.
    #[error(
        "asset.same_organisation: {organisation} proposed it or has approved it; each approval comes from another organisation"
    )]
    SameOrganisation {
        /// The caller's.
        organisation: String,
    },
    /// The class does not want one more of this role.
    #[error("asset.not_needed: no further approval of the role {role} is asked for")]
    NotNeeded {
        /// The role.
        role: String,
    },
    /// More than an amount or a number can count.
    #[error("asset.overflow: that is more than can be counted")]
    Overflow,
}
