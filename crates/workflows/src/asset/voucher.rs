//! A bank's settlement money: issued on a statement of its account, approved by its checker, found again when somebody pays.

use super::{Assets, classes};
use crate::receivable::{
    On, Step, StoryError, Submitter,
    stage::{Scene, Stage},
    steps::{StepError, kit_currency},
};
use blockworm_asset_issuance::{
    ExecuteMsg as IssuanceMsg,
    msg::{Backing, NamedAsset},
    state::Status,
};
use blockworm_asset_transaction::state::Balance;
use blockworm_crypto::Digest;
use blockworm_kit::assets::AssetId;
use blockworm_ledger::{Amount, Currency, MemberId};
use cosmwasm_std::Uint128;
use serde::Serialize;
use std::collections::BTreeMap;

/// For which of its roles a bank's checker approves.
const APPROVING_ROLE: &str = "bank";

/// What a bank is about to issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The asset contracts.
    pub assets: Assets,
    /// Who issues, and receives it.
    pub maker: MemberId,
    /// Who approves, another member of the same bank; nobody, where the checker does so apart.
    pub checker: Option<MemberId>,
    /// How much.
    pub amount: Amount,
    /// Commitment to the statement that shows that it is there.
    pub backing: Digest,
}

/// Settlement money, issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// The asset.
    pub asset: AssetId,
    /// How much more of it there is, once it is approved.
    pub amount: Amount,
    /// Whether a checker of the bank has yet to approve.
    pub waits: bool,
    /// The transactions of this run, in order.
    pub steps: Vec<Step>,
}

/// Issues settlement money: an asset of the bank's own at first, further units of it from then on.
///
/// # Errors
/// [`StoryError::MoneyWaits`] where an earlier issue was not brought to its end, so that nothing is
/// ever issued twice; [`StoryError::Unexpected`] with the first refusal.
pub async fn issue<S: Submitter>(
    submitter: &mut S,
    plan: &Issue,
    tell: impl FnMut(&Step),
) -> Result<Issued, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, tell);
    let (asset, waits) = stage.issue_money(plan).await?;
    Ok(Issued {
        asset,
        waits,
        amount: plan.amount,
        steps: stage.steps,
    })
}

/// The settlement money of a currency of which a member holds most. Whether it is enough, the
/// contract says.
///
/// # Errors
/// [`StoryError::NoMoney`] where nobody has issued any.
pub async fn purse<S: Submitter>(
    submitter: &mut S,
    assets: &Assets,
    owner: &str,
    currency: Currency,
) -> Result<AssetId, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, |_: &Step| ());
    stage.purse(assets, owner, currency).await
}

/// What comes next, by where the bank's newest asset stands.
enum Next {
    /// Nothing waits, and the plan's statement stands behind it.
    Done(AssetId),
    /// It waits for a checker, and the plan names none.
    Waits(AssetId),
    /// Something waits that the plan knows nothing of.
    NotOurs(AssetId),
    /// Somebody must ask this.
    Ask(&'static str, MemberId, Box<IssuanceMsg>, String),
}

impl Issue {
    fn next(&self, own: Option<NamedAsset>, class: &str) -> Result<Next, StepError> {
        let amount = Uint128::new(self.amount.minor);
        let backing = Backing {
            commitment: self.backing.to_string(),
            amount,
            currency: kit_currency(self.amount.currency)?,
        };
        let ask = |name, who: &MemberId, message, sentence| {
            Next::Ask(name, who.clone(), Box::new(message), sentence)
        };
        let Some(NamedAsset { id, asset }) = own else {
            let draft = draft(class, amount, backing);
            let sentence = format!("drafts {} of settlement money", self.amount);
            return Ok(ask("draft", &self.maker, draft, sentence));
        };
        let backed = asset.backing.iter();
        let backed = backed.chain(
            asset
                .increase
                .iter()
                .filter_map(|more| more.backing.as_ref()),
        );
        let ours = backed
            .clone()
            .any(|known| known.commitment == backing.commitment);
        let waiting = asset.status == Status::Proposed || asset.increase.is_some();
        if !ours && (waiting || asset.status != Status::Active) {
            return Ok(Next::NotOurs(id));
        }
        Ok(match (asset.status, &self.checker) {
            (Status::Draft, _) => {
                let sentence = format!("proposes {id}");
                ask(
                    "propose",
                    &self.maker,
                    IssuanceMsg::Propose { asset: id },
                    sentence,
                )
            }
            (_, None) if waiting => Next::Waits(id),
            (_, Some(checker)) if waiting => {
                let sentence = format!("approves {id}");
                let message = IssuanceMsg::Approve {
                    asset: id,
                    version: asset.version,
                    role: APPROVING_ROLE.to_owned(),
                };
                ask("approve", checker, message, sentence)
            }
            (Status::Approved, _) => {
                let sentence = format!("lets {id} begin");
                ask(
                    "activate",
                    &self.maker,
                    IssuanceMsg::Activate { asset: id },
                    sentence,
                )
            }
            _ if ours => Next::Done(id),
            _ => {
                let sentence = format!("proposes {} more of {id}", self.amount);
                let message = IssuanceMsg::Mint {
                    asset: id,
                    amount,
                    backing: Some(backing),
                };
                ask("mint", &self.maker, message, sentence)
            }
        })
    }
}

fn draft(class: &str, amount: Uint128, backing: Backing) -> IssuanceMsg {
    IssuanceMsg::Draft {
        class: class.to_owned(),
        amount,
        backing,
        metadata: BTreeMap::new(),
    }
}

impl<S: Submitter, T: FnMut(&Step)> Stage<'_, S, T> {
    /// See [`issue`]; whether it waits for a checker.
    pub(crate) async fn issue_money(
        &mut self,
        plan: &Issue,
    ) -> Result<(AssetId, bool), StoryError<S::Error>> {
        let class = classes::name(classes::VOUCHER, plan.amount.currency.as_str());
        loop {
            let own = self.own_money(plan, &class).await?;
            match plan.next(own, &class)? {
                Next::Done(id) => return Ok((id, false)),
                Next::Waits(id) => return Ok((id, true)),
                Next::NotOurs(id) => return Err(StoryError::MoneyWaits(id.to_string())),
                Next::Ask(name, who, message, sentence) => {
                    let request = plan.assets.issue(&who, &message)?;
                    self.act(Scene::new(name, request, sentence)).await?;
                }
            }
        }
    }

    /// The bank's newest asset of the class that is not over.
    async fn own_money(
        &mut self,
        plan: &Issue,
        class: &str,
    ) -> Result<Option<NamedAsset>, StoryError<S::Error>> {
        let organisation = plan.maker.organisation();
        let own = self.money(&plan.assets, class).await?.into_iter();
        let own = own.filter(|named| named.asset.organisation == organisation.as_str());
        // Whatever waits comes before what is settled.
        Ok(own.min_by_key(|named| named.asset.status == Status::Active))
    }

    /// All assets of a class that are not over.
    async fn money(
        &mut self,
        assets: &Assets,
        class: &str,
    ) -> Result<Vec<NamedAsset>, StoryError<S::Error>> {
        let mut found: Vec<NamedAsset> = Vec::new();
        let mut last = None;
        loop {
            let question = assets.assets_query(class, last.clone())?;
            let page = self.ask(On::Trade, &assets.issuance, &question).await?;
            let page: Vec<NamedAsset> = page.unwrap_or_default();
            let Some(end) = page.last() else {
                return Ok(found);
            };
            last = Some(end.id.clone());
            found.extend(page.into_iter().filter(|named| {
                !matches!(named.asset.status, Status::Redeemed | Status::Cancelled)
            }));
        }
    }

    /// See [`purse`].
    pub(crate) async fn purse(
        &mut self,
        assets: &Assets,
        owner: &str,
        currency: Currency,
    ) -> Result<AssetId, StoryError<S::Error>> {
        let class = classes::name(classes::VOUCHER, currency.as_str());
        let mut best: Option<(Uint128, AssetId)> = None;
        for named in self.money(assets, &class).await? {
            if named.asset.status != Status::Active {
                continue;
            }
            let question = assets.balance_query(&named.id, owner)?;
            let balance = self.ask(On::Trade, &assets.holdings, &question).await?;
            let amount = balance.map_or(Uint128::zero(), |balance: Balance| balance.amount);
            if best.as_ref().is_none_or(|(most, _)| amount > *most) {
                best = Some((amount, named.id));
            }
        }
        best.map(|(_, asset)| asset)
            .ok_or(StoryError::NoMoney(currency))
    }
}
