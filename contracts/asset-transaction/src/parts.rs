//! Parts of an asset in one hand: whether one moves freely, how it moves, and the steps that are written of it.

use crate::{
    error::AssetError,
    msg::Part,
    state::{
        ASSETS, Asset, BALANCES, Balance, Encumbrance, HOLDINGS, Holding, STEPS, Step, StepKind,
        StepRef,
    },
};
use blockworm_kit::{
    KitQuery,
    assets::{AssetId, Kind, Manager, Units},
    find_member, time_ms,
};
use cosmwasm_std::{Env, QuerierWrapper, Storage, Uint128};

/// An asset and its parts, as one message sees them.
pub(crate) struct Book<'a> {
    pub(crate) storage: &'a mut dyn Storage,
    pub(crate) env: &'a Env,
    /// On whose behalf.
    pub(crate) by: &'a str,
    pub(crate) id: &'a AssetId,
    pub(crate) asset: Asset,
}

impl<'a> Book<'a> {
    /// An asset that is not over.
    pub(crate) fn open(
        storage: &'a mut dyn Storage,
        env: &'a Env,
        by: &'a str,
        id: &'a AssetId,
    ) -> Result<Self, AssetError> {
        let asset = ASSETS.may_load(storage, id.as_str())?;
        let asset = asset.ok_or_else(|| AssetError::UnknownAsset { asset: id.clone() })?;
        if asset.closed {
            return Err(AssetError::Closed);
        }
        Ok(Self {
            storage,
            env,
            by,
            id,
            asset,
        })
    }

    /// Refuses while all of the asset is frozen.
    pub(crate) fn moving(self) -> Result<Self, AssetError> {
        if self.asset.frozen {
            Err(AssetError::AssetFrozen)
        } else {
            Ok(self)
        }
    }

    /// Refuses where others must approve a change of hands.
    pub(crate) fn unapproved(self) -> Result<Self, AssetError> {
        if self.asset.approvals.is_empty() {
            Ok(self)
        } else {
            Err(AssetError::NeedsApproval)
        }
    }

    /// Refuses a receiver whom the asset's manager alone lets have any of it.
    pub(crate) fn admitting(
        self,
        querier: &QuerierWrapper<'_, KitQuery>,
        to: &str,
    ) -> Result<Self, AssetError> {
        let Some(Manager { contract, guarded }) = &self.asset.manager else {
            return Ok(self);
        };
        let admitted = match find_member(querier, to)? {
            Some(member) => !member.roles.iter().any(|role| guarded.contains(role)),
            // Any other contract could pass it on to whom it likes.
            None => to == contract,
        };
        if admitted {
            Ok(self)
        } else {
            let (to, contract) = (to.to_owned(), contract.clone());
            Err(AssetError::Guarded { to, contract })
        }
    }

    pub(crate) fn save(&mut self) -> Result<(), AssetError> {
        Ok(ASSETS.save(self.storage, self.id.as_str(), &self.asset)?)
    }

    /// A holding that has not ended.
    pub(crate) fn held(&self, number: u64) -> Result<Holding, AssetError> {
        let holding = HOLDINGS.may_load(self.storage, (self.id.as_str(), number))?;
        match holding {
            None => Err(AssetError::UnknownHolding { holding: number }),
            Some(holding) if holding.closed => Err(AssetError::HoldingClosed { holding: number }),
            Some(holding) => Ok(holding),
        }
    }

    /// A holding that its owner may move: neither frozen, nor pledged, nor locked.
    pub(crate) fn free(&self, number: u64, owner: &str) -> Result<Holding, AssetError> {
        let holding = self.held(number)?;
        if holding.owner != owner {
            let by = owner.to_owned();
            return Err(AssetError::NotOwner {
                holding: number,
                by,
            });
        }
        check_order(holding.order.as_ref())?;
        match holding.encumbrance {
            Some(Encumbrance::Pledged { pledgee }) => Err(AssetError::Pledged { pledgee }),
            Some(Encumbrance::Locked { keeper, until_ms }) if time_ms(self.env) < until_ms => {
                Err(AssetError::Locked { keeper, until_ms })
            }
            // A lock whose time has passed is none.
            Some(Encumbrance::Locked { .. }) | None => Ok(Holding {
                encumbrance: None,
                ..holding
            }),
        }
    }

    /// A holding that the asset's manager may move: free, or pledged to the manager itself.
    pub(crate) fn free_for(&self, manager: &str, number: u64) -> Result<Holding, AssetError> {
        let mut holding = self.held(number)?;
        let kept = Encumbrance::Pledged {
            pledgee: manager.to_owned(),
        };
        if holding.encumbrance == Some(kept) {
            check_order(holding.order.as_ref())?;
            holding.encumbrance = None;
            return Ok(holding);
        }
        self.free(number, &holding.owner)
    }

    pub(crate) fn balance(&self, owner: &str) -> Result<Balance, AssetError> {
        let key = (self.id.as_str(), owner);
        Ok(BALANCES.may_load(self.storage, key)?.unwrap_or_default())
    }

    /// What is left of an owner's balance after so many units; nothing is written.
    fn rest(&self, owner: &str, amount: Uint128) -> Result<Balance, AssetError> {
        if self.asset.kind != Kind::Fungible {
            return Err(AssetError::NotFungible);
        }
        if amount.is_zero() {
            return Err(AssetError::ZeroAmount);
        }
        let mut balance = self.balance(owner)?;
        check_order(balance.order.as_ref())?;
        let left = balance.amount.checked_sub(amount);
        balance.amount = left.map_err(|_| AssetError::InsufficientUnits {
            owner: owner.to_owned(),
            held: balance.amount,
            needed: amount,
        })?;
        Ok(balance)
    }

    /// How many units a part is that its owner may move; nothing is written.
    pub(crate) fn check(&self, part: Part, owner: &str) -> Result<Uint128, AssetError> {
        match part {
            Part::Units(amount) => self.rest(owner, amount).map(|_| amount),
            Part::Holding(number) => Ok(self.free(number, owner)?.units.count()),
        }
    }

    /// Moves a part from its owner to another; how many units it was.
    pub(crate) fn give(
        &mut self,
        part: Part,
        (from, to): (&str, &str),
        kind: StepKind,
    ) -> Result<Uint128, AssetError> {
        match part {
            Part::Units(amount) => {
                self.debit(from, amount)?;
                self.credit(to, amount)?;
                Ok(amount)
            }
            Part::Holding(number) => {
                let mut holding = self.free(number, from)?;
                holding.owner = to.to_owned();
                let amount = holding.units.count();
                self.step(number, holding, kind)?;
                Ok(amount)
            }
        }
    }

    pub(crate) fn debit(&mut self, owner: &str, amount: Uint128) -> Result<(), AssetError> {
        let rest = self.rest(owner, amount)?;
        self.set_balance(owner, &rest)
    }

    pub(crate) fn credit(&mut self, owner: &str, amount: Uint128) -> Result<(), AssetError> {
        let mut balance = self.balance(owner)?;
        let total = balance.amount.checked_add(amount);
        balance.amount = total.map_err(|_| AssetError::Overflow)?;
        self.set_balance(owner, &balance)
    }

    /// A balance of nothing has no key, unless a court froze it.
    pub(crate) fn set_balance(&mut self, owner: &str, balance: &Balance) -> Result<(), AssetError> {
        let key = (self.id.as_str(), owner);
        if *balance == Balance::default() {
            BALANCES.remove(self.storage, key);
            return Ok(());
        }
        Ok(BALANCES.save(self.storage, key, balance)?)
    }

    /// Writes a holding and what has just happened to it.
    pub(crate) fn step(
        &mut self,
        number: u64,
        holding: Holding,
        kind: StepKind,
    ) -> Result<StepRef, AssetError> {
        let before = last_step(number, &holding);
        self.write(number, holding, kind, None, before)
    }

    /// Likewise, by a court's order.
    pub(crate) fn ordered(
        &mut self,
        number: u64,
        holding: Holding,
        kind: StepKind,
        order: String,
    ) -> Result<StepRef, AssetError> {
        let before = last_step(number, &holding);
        self.write(number, holding, kind, Some(order), before)
    }

    fn write(
        &mut self,
        number: u64,
        mut holding: Holding,
        kind: StepKind,
        order: Option<String>,
        before: Vec<StepRef>,
    ) -> Result<StepRef, AssetError> {
        let place = holding.steps;
        holding.steps = place.checked_add(1).ok_or(AssetError::Overflow)?;
        let step = Step {
            kind,
            by: self.by.to_owned(),
            owner: holding.owner.clone(),
            height: self.env.block.height,
            order,
            before,
        };
        let id = self.id.as_str();
        STEPS.save(self.storage, (id, number, place), &step)?;
        HOLDINGS.save(self.storage, (id, number), &holding)?;
        Ok(StepRef {
            holding: number,
            step: place,
        })
    }

    /// A new holding; the caller saves the asset, which counts it.
    pub(crate) fn born(
        &mut self,
        units: Units,
        owner: &str,
        kind: StepKind,
        before: Vec<StepRef>,
    ) -> Result<u64, AssetError> {
        let number = self.asset.next;
        self.asset.next = number.checked_add(1).ok_or(AssetError::Overflow)?;
        let holding = Holding {
            units,
            owner: owner.to_owned(),
            encumbrance: None,
            order: None,
            steps: 0,
            closed: false,
        };
        self.write(number, holding, kind, None, before)?;
        Ok(number)
    }

    /// Ends a holding; its last step.
    pub(crate) fn end(&mut self, number: u64, mut holding: Holding) -> Result<StepRef, AssetError> {
        holding.closed = true;
        self.step(number, holding, StepKind::Closed)
    }
}

/// The step that a holding's next one comes after; none for a new holding.
fn last_step(number: u64, holding: &Holding) -> Vec<StepRef> {
    let last = holding.steps.checked_sub(1);
    last.map(|step| StepRef {
        holding: number,
        step,
    })
    .into_iter()
    .collect()
}

/// Refuses what a court froze.
pub(crate) fn check_order(order: Option<&String>) -> Result<(), AssetError> {
    match order {
        None => Ok(()),
        Some(order) => Err(AssetError::Frozen {
            order: order.clone(),
        }),
    }
}
