//! Every refusal of the asset issuance contract, in order of precedence.

use crate::{lifecycle::Action, state::Status};
use blockworm_kit::{CallerError, Currency, assets::AssetId};
use cosmwasm_std::{StdError, Uint128};

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum IssuanceError {
    /// The host could not answer, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// The caller may not ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// A definition that cannot work.
    #[error("issuance.bad_class: {what}")]
    BadClass {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The name is taken.
    #[error("issuance.class_exists: a class {class} is defined already, and classes never change")]
    ClassExists {
        /// The name.
        class: String,
    },
    /// Nobody defined it.
    #[error("issuance.unknown_class: no class {class} is defined")]
    UnknownClass {
        /// The name.
        class: String,
    },
    /// Nobody drafted it.
    #[error("issuance.unknown_asset: there is no asset {asset}")]
    UnknownAsset {
        /// The id.
        asset: AssetId,
    },
    /// Another organisation's asset.
    #[error(
        "issuance.not_the_issuer: {organisation} issues the asset, and its makers alone may do this"
    )]
    NotTheIssuer {
        /// Whose it is.
        organisation: String,
    },
    /// A contract runs the class.
    #[error(
        "issuance.managed: assets of this class are issued and ended by the contract {contract} alone"
    )]
    Managed {
        /// Its name.
        contract: String,
    },
    /// Not that contract.
    #[error("issuance.not_manager: {sender} does not run the class {class}")]
    NotManager {
        /// Who asked.
        sender: String,
        /// The class.
        class: String,
    },
    /// Not in this state.
    #[error("issuance.wrong_state: the asset is {status}, and one may not {action} it then")]
    WrongState {
        /// Where it stands.
        status: Status,
        /// What was asked.
        action: Action,
    },
    /// Nothing to issue.
    #[error("issuance.zero_amount: the amount must be more than zero")]
    ZeroAmount,
    /// Not what the class counts.
    #[error("issuance.currency_mismatch: the class counts {wanted}, the backing {given}")]
    CurrencyMismatch {
        /// The class's.
        wanted: Currency,
        /// The backing's.
        given: Currency,
    },
    /// Not a digest.
    #[error("issuance.bad_digest: a {what} is 64 lower-case hex digits")]
    BadDigest {
        /// Of what.
        what: &'static str,
    },
    /// More than an amount can count.
    #[error("issuance.overflow: an amount cannot count that many units")]
    Overflow,
    /// More than stands behind it.
    #[error("issuance.above_backing: {amount} units would stand on a backing of {backing}")]
    AboveBacking {
        /// Units.
        amount: Uint128,
        /// What backs them.
        backing: Uint128,
    },
    /// More than the class allows.
    #[error("issuance.above_cap: {amount} units are more than the class's cap of {cap}")]
    AboveCap {
        /// Units.
        amount: Uint128,
        /// The most.
        cap: Uint128,
    },
    /// Too large for every tier.
    #[error("issuance.no_tier: the class says of no tier who approves {amount} units")]
    NoTier {
        /// Units.
        amount: Uint128,
    },
    /// What is said of the asset does not fit the class's schema.
    #[error("issuance.bad_metadata: the field {field} {what}")]
    BadMetadata {
        /// The field.
        field: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A document backs one asset.
    #[error("issuance.backing_used: the document backs {asset} already")]
    BackingUsed {
        /// The other asset.
        asset: AssetId,
    },
    /// Too many documents or makers.
    #[error("issuance.too_many: an asset has at most {most} {what}")]
    TooMany {
        /// The most.
        most: usize,
        /// Of what.
        what: &'static str,
    },
    /// The host gave no transaction id to name the asset by.
    #[error(
        "issuance.no_transaction: the asset would be named by its transaction, and there is none"
    )]
    NoTransaction,
    /// One transaction drafts one asset of a class.
    #[error(
        "issuance.asset_exists: there is an asset {asset} already; one transaction drafts one asset of a class"
    )]
    AssetExists {
        /// The id.
        asset: AssetId,
    },
    /// More than there is.
    #[error("issuance.above_supply: {amount} units exist, which is less than {asked}")]
    AboveSupply {
        /// Units in existence.
        amount: Uint128,
        /// Units to be retired.
        asked: Uint128,
    },
    /// Not a kind whose units are added or retired.
    #[error("issuance.not_fungible: units of fungible assets alone are added and retired")]
    NotFungible,
    /// The class fixes the supply.
    #[error("issuance.fixed_supply: the class fixes the supply of its assets")]
    FixedSupply,
    /// Its time is over.
    #[error("issuance.finalised: no units can be added to this asset any more")]
    Finalised,
    /// One at a time.
    #[error("issuance.mint_pending: units to be added wait for approval already")]
    MintPending,
    /// Nothing is proposed.
    #[error("issuance.nothing_proposed: nothing about the asset waits for approval")]
    NothingProposed,
    /// What was read is not what stands.
    #[error("issuance.other_version: proposal {newest} stands, not {read}; read it, then decide")]
    OtherVersion {
        /// What the caller read.
        read: u32,
        /// What stands.
        newest: u32,
    },
    /// Who makes does not check.
    #[error(
        "issuance.maker_checks: {member} had a hand in the proposal; another member must check it"
    )]
    MakerChecks {
        /// The caller.
        member: String,
    },
    /// The tier wants other organisations.
    #[error(
        "issuance.same_organisation: {organisation} issues the asset or has approved it; for this amount each approval comes from another organisation"
    )]
    SameOrganisation {
        /// The caller's.
        organisation: String,
    },
    /// Twice the same member.
    #[error("issuance.already_approved: {member} has approved the proposal")]
    AlreadyApproved {
        /// The caller.
        member: String,
    },
    /// The tier does not want one more of this role.
    #[error("issuance.not_needed: no further approval of the role {role} is asked for")]
    NotNeeded {
        /// The role.
        role: String,
    },
}
