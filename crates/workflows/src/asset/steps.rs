//! The messages to the two asset contracts, by the names that they have on the trade's ledger. Pure.

use crate::receivable::{
    Request,
    steps::{On, StepError, json, request},
};
use blockworm_asset_issuance::{
    ExecuteMsg as IssuanceMsg, QueryMsg as IssuanceQuery,
    msg::{Backing, Class},
};
use blockworm_asset_transaction::{
    ExecuteMsg as AssetMsg, QueryMsg as AssetQuery, msg::Part, state::StepRef,
};
use blockworm_kit::assets::AssetId;
use blockworm_ledger::{ContractName, MemberId};
use cosmwasm_std::{Binary, Uint128};
use std::collections::BTreeMap;

/// What the asset contracts are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// Classes and the life of assets, `asset-issuance@1`.
    pub issuance: ContractName,
    /// Who holds them, `asset-transaction@1`.
    pub holdings: ContractName,
}

impl Default for Assets {
    /// As a local consortium names them: `issuance` and `assets`.
    fn default() -> Self {
        let name = |text: &str| {
            text.parse()
                .expect("invariant: a constant slug is well formed")
        };
        Self {
            issuance: name("issuance"),
            holdings: name("assets"),
        }
    }
}

impl Assets {
    /// Any message to the issuance contract.
    ///
    /// # Errors
    /// [`StepError::Json`], as of every function here.
    pub fn issue(&self, who: &MemberId, message: &IssuanceMsg) -> Result<Request, StepError> {
        request(On::Trade, who, &self.issuance, message)
    }

    /// Any message to the contract that keeps the holdings.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn act(&self, who: &MemberId, message: &AssetMsg) -> Result<Request, StepError> {
        request(On::Trade, who, &self.holdings, message)
    }

    /// A new class.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn define(&self, who: &MemberId, class: Class) -> Result<Request, StepError> {
        self.issue(who, &IssuanceMsg::Define { class })
    }

    /// A draft of an asset without metadata.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn draft(
        &self,
        who: &MemberId,
        class: &str,
        amount: Uint128,
        backing: Backing,
    ) -> Result<Request, StepError> {
        let message = IssuanceMsg::Draft {
            class: class.to_owned(),
            amount,
            backing,
            metadata: BTreeMap::new(),
        };
        self.issue(who, &message)
    }

    /// Gives a part to a member.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn transfer(
        &self,
        who: &MemberId,
        asset: &AssetId,
        part: Part,
        to: &MemberId,
    ) -> Result<Request, StepError> {
        let message = AssetMsg::Transfer {
            asset: asset.clone(),
            part,
            to: to.to_string(),
        };
        self.act(who, &message)
    }

    /// Gives units to a contract with what is asked of it.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn send<M: serde::Serialize>(
        &self,
        who: &MemberId,
        asset: &AssetId,
        amount: Uint128,
        contract: &ContractName,
        payload: &M,
    ) -> Result<Request, StepError> {
        let message = AssetMsg::Send {
            asset: asset.clone(),
            part: Part::Units(amount),
            contract: contract.to_string(),
            payload: Binary::new(json(payload)?),
        };
        self.act(who, &message)
    }

    /// The question for a page of a class's assets.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn assets_query(
        &self,
        class: &str,
        start_after: Option<AssetId>,
    ) -> Result<Vec<u8>, StepError> {
        json(&IssuanceQuery::Assets {
            class: class.to_owned(),
            start_after,
            limit: None,
        })
    }

    /// The question for one asset's life.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn asset_query(&self, asset: &AssetId) -> Result<Vec<u8>, StepError> {
        let asset = asset.clone();
        json(&IssuanceQuery::Asset { asset })
    }

    /// The question what the contract that keeps its holdings says of an asset.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn held_query(&self, asset: &AssetId) -> Result<Vec<u8>, StepError> {
        let asset = asset.clone();
        json(&AssetQuery::Asset { asset })
    }

    /// The question for a class.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn class_query(&self, name: &str) -> Result<Vec<u8>, StepError> {
        let name = name.to_owned();
        json(&IssuanceQuery::Class { name })
    }

    /// The question for a balance.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn balance_query(&self, asset: &AssetId, owner: &str) -> Result<Vec<u8>, StepError> {
        let (asset, owner) = (asset.clone(), owner.to_owned());
        json(&AssetQuery::Balance { asset, owner })
    }

    /// The question for a page of an asset's holdings, from a number on.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn holdings_query(&self, asset: &AssetId, from: u64) -> Result<Vec<u8>, StepError> {
        json(&AssetQuery::Holdings {
            asset: asset.clone(),
            from: Some(from),
            limit: None,
        })
    }

    /// The question where a holding comes from; `cursor` is `next` of the page before.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn provenance_query(
        &self,
        asset: &AssetId,
        holding: u64,
        cursor: Option<Vec<StepRef>>,
    ) -> Result<Vec<u8>, StepError> {
        json(&AssetQuery::Provenance {
            asset: asset.clone(),
            holding,
            cursor,
            limit: None,
        })
    }
}
