//! What each action of an asset's life does, once the table in `lifecycle` allows it.

use crate::{
    check::{MAX_BACKINGS, MAX_MAKERS, check_backing, check_digest, increased, tier},
    error::IssuanceError,
    execute::{
        Content, check_content, check_unmanaged, class_of, free_backing, require_any, take_backing,
        told,
    },
    lifecycle::{Action, Who, next},
    msg::{Backing, Class, Supply},
    state::{ASSETS, Asset, HOLDINGS, Increase, Status},
};
use blockworm_kit::{
    Caller, KitQuery,
    assets::{Approval, AssetId, HoldingsMsg, IssuanceMsg, Kind, is_complete, is_wanted},
    find_member, policy,
};
use cosmwasm_std::{DepsMut, QuerierWrapper, Response, Storage, Uint128, WasmMsg, to_json_binary};

/// An action that its caller may take on an asset, in a state that knows it.
pub(crate) struct Case<'a> {
    storage: &'a mut dyn Storage,
    caller: Caller,
    class: Class,
    id: AssetId,
    asset: Asset,
    /// Where the action leads.
    to: Status,
}

impl<'a> Case<'a> {
    pub(crate) fn open(
        deps: DepsMut<'a, KitQuery>,
        caller: Caller,
        id: AssetId,
        action: Action,
    ) -> Result<Self, IssuanceError> {
        Self::open_as(deps, caller, id, action, None)
    }

    /// Who may, then whether the state knows it.
    pub(crate) fn open_as(
        deps: DepsMut<'a, KitQuery>,
        caller: Caller,
        id: AssetId,
        action: Action,
        role: Option<&str>,
    ) -> Result<Self, IssuanceError> {
        let asset = ASSETS.may_load(deps.storage, id.as_str())?;
        let Some(asset) = asset else {
            return Err(IssuanceError::UnknownAsset { asset: id });
        };
        let class = class_of(deps.storage, id.class())?;
        if action.who() != Who::Freezer {
            check_unmanaged(&class)?;
        }
        check_who(&deps.querier, &caller, &class, &asset, action.who(), role)?;
        let status = asset.status;
        let to = next(status, action).ok_or(IssuanceError::WrongState { status, action })?;
        let storage = deps.storage;
        Ok(Self {
            storage,
            caller,
            class,
            id,
            asset,
            to,
        })
    }

    /// Writes the asset in its new state, tells of it, and tells the holdings' contract.
    fn done(mut self, kind: &str, message: Option<IssuanceMsg>) -> Result<Response, IssuanceError> {
        self.asset.status = self.to;
        let by = self.caller.address.as_str();
        done(self.storage, &self.id, &self.asset, (kind, by), message)
    }

    pub(crate) fn amend(
        mut self,
        (amount, backing, metadata): Content,
    ) -> Result<Response, IssuanceError> {
        check_content(&self.class, amount, &backing, &metadata)?;
        self.join_makers()?;
        // A draft stands on one document.
        let kept = |before: &Backing| before.commitment == backing.commitment;
        if !self.asset.backing.iter().any(kept) {
            take_backing(self.storage, &self.id, &backing)?;
            for before in &self.asset.backing {
                free_backing(self.storage, before);
            }
        }
        self.asset.amount = amount;
        self.asset.backing = vec![backing];
        self.asset.metadata = metadata;
        self.done("amended", None)
    }

    fn join_makers(&mut self) -> Result<(), IssuanceError> {
        let member = self.caller.address.as_str();
        if self.asset.makers.iter().any(|maker| maker == member) {
            return Ok(());
        }
        if self.asset.makers.len() >= MAX_MAKERS {
            return Err(IssuanceError::TooMany {
                most: MAX_MAKERS,
                what: "makers",
            });
        }
        self.asset.makers.push(member.to_owned());
        Ok(())
    }

    pub(crate) fn propose(mut self) -> Result<Response, IssuanceError> {
        self.join_makers()?;
        self.asset.version += 1;
        self.asset.approvals.clear();
        self.done("proposed", None)
    }

    /// The units that are proposed, with those that are there.
    fn proposed(&self) -> Result<Uint128, IssuanceError> {
        match (&self.asset.increase, self.asset.status) {
            (Some(increase), _) => {
                let (amount, backing) = (increase.amount, increase.backing.as_ref());
                increased(&self.class, &self.asset, amount, backing)
            }
            (None, Status::Active) => Err(IssuanceError::NothingProposed),
            (None, _) => Ok(self.asset.amount),
        }
    }

    fn check_version(&self, read: u32) -> Result<(), IssuanceError> {
        let newest = self.asset.version;
        if read == newest {
            Ok(())
        } else {
            Err(IssuanceError::OtherVersion { read, newest })
        }
    }

    pub(crate) fn approve(mut self, version: u32, role: String) -> Result<Response, IssuanceError> {
        let total = self.proposed()?;
        self.check_version(version)?;
        let member = self.caller.address.to_string();
        let organisation = self.caller.member.organisation.clone();
        let given = &self.asset.approvals;
        if self.asset.makers.contains(&member) {
            return Err(IssuanceError::MakerChecks { member });
        }
        if given.iter().any(|approval| approval.member == member) {
            return Err(IssuanceError::AlreadyApproved { member });
        }
        let tier = tier(&self.class, total)?;
        let known = organisation == self.asset.organisation
            || given
                .iter()
                .any(|approval| approval.organisation == organisation);
        if tier.other_organisation && known {
            return Err(IssuanceError::SameOrganisation { organisation });
        }
        if !is_wanted(&tier.approvals, given, &role) {
            return Err(IssuanceError::NotNeeded { role });
        }
        self.asset.approvals.push(Approval {
            member,
            organisation,
            role,
        });
        let last = is_complete(&tier.approvals, &self.asset.approvals);
        let (status, action) = (self.asset.status, Action::Approve { last });
        self.to = next(status, action).ok_or(IssuanceError::WrongState { status, action })?;
        match self.asset.increase.take_if(|_| last) {
            None => self.done("approved", None),
            Some(increase) => self.add(total, increase),
        }
    }

    fn add(mut self, total: Uint128, increase: Increase) -> Result<Response, IssuanceError> {
        self.asset.amount = total;
        self.asset.backing.extend(increase.backing);
        let (asset, amount) = (self.id.clone(), increase.amount);
        self.done("minted", Some(IssuanceMsg::Mint { asset, amount }))
    }

    pub(crate) fn reject(mut self, version: u32, role: &str) -> Result<Response, IssuanceError> {
        let total = self.proposed()?;
        self.check_version(version)?;
        let tier = tier(&self.class, total)?;
        if !tier.approvals.iter().any(|wanted| wanted.role == role) {
            return Err(IssuanceError::NotNeeded {
                role: role.to_owned(),
            });
        }
        self.drop_increase();
        self.asset.approvals.clear();
        self.done("rejected", None)
    }

    fn drop_increase(&mut self) {
        if let Some(backing) = self
            .asset
            .increase
            .take()
            .and_then(|increase| increase.backing)
        {
            free_backing(self.storage, &backing);
        }
    }

    pub(crate) fn activate(mut self) -> Result<Response, IssuanceError> {
        self.asset.finalised = self.class.supply == Supply::Fixed;
        let open = opening(&self.class, &self.id, &self.asset);
        self.done("activated", Some(open))
    }

    pub(crate) fn mint(
        mut self,
        amount: Uint128,
        backing: Option<Backing>,
    ) -> Result<Response, IssuanceError> {
        if self.class.kind != Kind::Fungible {
            return Err(IssuanceError::NotFungible);
        }
        if self.class.supply == Supply::Fixed {
            return Err(IssuanceError::FixedSupply);
        }
        if self.asset.finalised {
            return Err(IssuanceError::Finalised);
        }
        if self.asset.increase.is_some() {
            return Err(IssuanceError::MintPending);
        }
        if let Some(backing) = &backing {
            check_backing(&self.class, backing)?;
        }
        increased(&self.class, &self.asset, amount, backing.as_ref())?;
        if let Some(backing) = &backing {
            if self.asset.backing.len() >= MAX_BACKINGS {
                return Err(IssuanceError::TooMany {
                    most: MAX_BACKINGS,
                    what: "documents",
                });
            }
            take_backing(self.storage, &self.id, backing)?;
        }
        self.asset.makers = vec![self.caller.address.to_string()];
        self.asset.version += 1;
        self.asset.approvals.clear();
        self.asset.increase = Some(Increase { amount, backing });
        self.done("mint_proposed", None)
    }

    pub(crate) fn finalise(mut self) -> Result<Response, IssuanceError> {
        if self.asset.finalised {
            return Err(IssuanceError::Finalised);
        }
        if self.asset.increase.is_some() {
            return Err(IssuanceError::MintPending);
        }
        self.asset.finalised = true;
        self.done("finalised", None)
    }

    pub(crate) fn retire(mut self, amount: Uint128) -> Result<Response, IssuanceError> {
        if self.class.kind != Kind::Fungible {
            return Err(IssuanceError::NotFungible);
        }
        if amount.is_zero() {
            return Err(IssuanceError::ZeroAmount);
        }
        // The tier of what is proposed follows from the units that exist.
        if self.asset.increase.is_some() {
            return Err(IssuanceError::MintPending);
        }
        let left = self.asset.amount.checked_sub(amount);
        self.asset.amount = left.map_err(|_| IssuanceError::AboveSupply {
            amount: self.asset.amount,
            asked: amount,
        })?;
        let asset = self.id.clone();
        self.done("retired", Some(IssuanceMsg::Retire { asset, amount }))
    }

    pub(crate) fn freeze(mut self, order: String) -> Result<Response, IssuanceError> {
        check_digest(&order, "order")?;
        self.asset.order = Some(order);
        let asset = self.id.clone();
        self.done("frozen", Some(IssuanceMsg::Freeze { asset }))
    }

    pub(crate) fn unfreeze(mut self, order: &str) -> Result<Response, IssuanceError> {
        check_digest(order, "order")?;
        self.asset.order = None;
        let asset = self.id.clone();
        self.done("unfrozen", Some(IssuanceMsg::Unfreeze { asset }))
    }

    pub(crate) fn redeem(mut self) -> Result<Response, IssuanceError> {
        self.drop_increase();
        let asset = self.id.clone();
        self.done("redeemed", Some(IssuanceMsg::Close { asset }))
    }

    pub(crate) fn cancel(mut self) -> Result<Response, IssuanceError> {
        self.drop_increase();
        for backing in &self.asset.backing {
            free_backing(self.storage, backing);
        }
        let asset = self.id.clone();
        let held = self.asset.status == Status::Active;
        self.done("cancelled", held.then_some(IssuanceMsg::Close { asset }))
    }
}

/// What lets an asset begin with all its units at its issuer.
pub(crate) fn opening(class: &Class, id: &AssetId, asset: &Asset) -> IssuanceMsg {
    IssuanceMsg::Open {
        asset: id.clone(),
        kind: class.kind,
        currency: class.currency,
        amount: asset.amount,
        owner: asset.issuer.clone(),
        approvals: class.transfer_approvals.clone(),
        manager: class.manager.clone(),
    }
}

/// Writes the asset, tells of it, and tells the holdings' contract.
pub(crate) fn done(
    storage: &mut dyn Storage,
    id: &AssetId,
    asset: &Asset,
    (kind, by): (&str, &str),
    message: Option<IssuanceMsg>,
) -> Result<Response, IssuanceError> {
    ASSETS.save(storage, id.as_str(), asset)?;
    let event = told(kind, id, asset)
        .add_attribute("by", by)
        .add_attribute("version", asset.version.to_string());
    let response = Response::new().add_event(event);
    let Some(message) = message else {
        return Ok(response);
    };
    Ok(response.add_message(WasmMsg::Execute {
        contract_addr: HOLDINGS.load(storage)?,
        msg: to_json_binary(&HoldingsMsg::Issuance(message))?,
        funds: Vec::new(),
    }))
}

/// Redeeming is the issuing organisation's where it holds a redeeming role itself, so that a rival
/// with the same role cannot end its assets.
fn check_who(
    querier: &QuerierWrapper<'_, KitQuery>,
    caller: &Caller,
    class: &Class,
    asset: &Asset,
    who: Who,
    role: Option<&str>,
) -> Result<(), IssuanceError> {
    let issuing = caller.member.organisation == asset.organisation;
    let not_the_issuer = || IssuanceError::NotTheIssuer {
        organisation: asset.organisation.clone(),
    };
    match who {
        Who::IssuingMaker => {
            require_any(caller, &class.issue)?;
            caller.require_function("maker")?;
            if issuing {
                Ok(())
            } else {
                Err(not_the_issuer())
            }
        }
        Who::Checker => {
            caller.require_role(role.as_slice())?;
            Ok(caller.require_function("checker")?)
        }
        Who::Freezer => {
            let usual: Vec<&str> = class.freeze.iter().map(String::as_str).collect();
            Ok(policy::require(querier, caller, policy::FREEZE, &usual)?)
        }
        Who::Redeemer => {
            require_any(caller, &class.redeem)?;
            caller.require_function("maker")?;
            let issuer = find_member(querier, &asset.issuer)?;
            let itself = issuer.is_some_and(|m| m.roles.iter().any(|r| class.redeem.contains(r)));
            if issuing || !itself {
                Ok(())
            } else {
                Err(not_the_issuer())
            }
        }
    }
}
