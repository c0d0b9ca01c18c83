//! The story that shows what the ledgers are for: one invoice, one receivable, one financing, and every second one refused.

use super::financing::Plan;
use super::import::{Claim, Opening, Salt, import, sample_invoice};
use super::stage::{MOST_TELLINGS, Scene, Stage, strange};
use super::steps::{Contracts, IssueTerms, On};
use crate::asset::voucher::Issue;
use crate::fingerprint::{Document, Shares, check::WHOLE, sets};
use crate::registry::{Registry, USUAL_RESERVATION_MS};
use blockworm_asset_transaction::msg::Part;
use blockworm_ledger::{Amount, MemberId};
use blockworm_registry::DocumentSet;
use cosmwasm_std::Uint128;
use serde::Serialize;

pub use super::stage::{Outcome, Shown, Step, StoryError, Submitter};

/// What stands behind the sample's settlement money (samples/settlement-account.csv).
const SETTLEMENT_STATEMENT: &[u8] = include_bytes!("../../../../samples/settlement-account.csv");

/// What one telling claims: all of its invoice, and of the order that the invoices of all tellings
/// name as much as leaves room for the others.
const A_TELLING: Shares = Shares {
    document: WHOLE,
    named: WHOLE / MOST_TELLINGS,
};

/// Who plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Who is owed: a member of an organisation with the role `supplier` or `platform`.
    pub supplier: MemberId,
    /// Who owes, and confirms.
    pub buyer: MemberId,
    /// A bank's maker: issues settlement money and finances.
    pub financier: MemberId,
    /// Another member of that bank, who approves the money.
    pub checker: MemberId,
    /// A bank's member who finances the same receivable again, and is refused.
    pub second_financier: MemberId,
    /// A maker of another bank, who sees the registry alone, is offered the same invoice and is
    /// refused.
    pub rival: MemberId,
}

/// The whole story, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The receivable's id.
    pub receivable: String,
    /// The imported invoice and what the ledger holds of it.
    pub claim: Claim,
    /// What opens the commitment to the invoice's file.
    pub opening: Opening,
    /// The transactions, in order.
    pub steps: Vec<Step>,
}

impl Story {
    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

/// Plays the story on the shipped invoice; on a ledger that knows it already, on a copy with the next
/// free number. `tell` hears every step as soon as it is final.
pub async fn play_sample<S: Submitter>(
    submitter: &mut S,
    contracts: &Contracts,
    cast: &Cast,
    tell: impl FnMut(&Step),
) -> Result<Story, StoryError<S::Error>> {
    for copy in 0..MOST_TELLINGS {
        let file = sample_invoice(copy);
        let question = contracts.invoice_query(&import(&file)?)?;
        let known = submitter
            .query(On::Trade, &contracts.receivable, &question)
            .await
            .map_err(StoryError::Submitter)?;
        if known.is_none_or(|answer| answer.is_null()) {
            return play(submitter, contracts, cast, &file, tell).await;
        }
    }
    Err(StoryError::ToldTooOften)
}

/// Plays the story on any invoice that the ledger does not know yet.
pub async fn play<S: Submitter>(
    submitter: &mut S,
    contracts: &Contracts,
    cast: &Cast,
    invoice: &[u8],
    tell: impl FnMut(&Step),
) -> Result<Story, StoryError<S::Error>> {
    let claim = import(invoice)?;
    let opening =
        claim.opening(Salt::random().map_err(|error| StoryError::NoRandomness(error.to_string()))?);
    let id = claim.receivable_id();
    let mut stage = Stage::new(submitter, tell);
    let terms = IssueTerms {
        id: id.clone(),
        buyer: cast.buyer.clone(),
        price: Some(asking_price(&claim.amount)),
        recourse: true,
    };
    let mut plan = Plan {
        contracts: contracts.clone(),
        registry: Registry::default(),
        bank: cast.financier.clone(),
        receivable: id.clone(),
        part: None,
        sets: Vec::new(),
        for_ms: USUAL_RESERVATION_MS,
    };
    stage.prepare(&plan, cast, &claim, &terms, &opening).await?;
    plan.sets = stage.sets(&plan, &cast.financier, &claim).await?;
    stage.finance(&plan).await?;
    stage.try_again(&plan, cast, &claim, &terms).await?;
    let steps = stage.steps;
    Ok(Story {
        receivable: id,
        claim,
        opening,
        steps,
    })
}

impl<S: Submitter, T: FnMut(&Step)> Stage<'_, S, T> {
    /// The receivable, confirmed, and money for two offers.
    async fn prepare(
        &mut self,
        plan: &Plan,
        cast: &Cast,
        claim: &Claim,
        terms: &IssueTerms,
        opening: &Opening,
    ) -> Result<(), StoryError<S::Error>> {
        let (contracts, id) = (&plan.contracts, &terms.id);
        let issues = format!(
            "issues receivable {id} over {} on invoice {}, due {}",
            claim.amount, claim.invoice.number, claim.due_date
        );
        let request = contracts.issue(&cast.supplier, claim, terms, Some(opening))?;
        self.act(Scene::new("issue", request, issues)).await?;
        let request = contracts.confirm(&cast.buyer, id)?;
        let confirms = format!("confirms that {id} is owed");
        self.act(Scene::new("confirm", request, confirms)).await?;
        self.fund(contracts, cast, &asking_price(&claim.amount))
            .await
    }

    /// Settlement money for two offers, on a statement of the bank's account.
    async fn fund(
        &mut self,
        contracts: &Contracts,
        cast: &Cast,
        price: &Amount,
    ) -> Result<(), StoryError<S::Error>> {
        let statement = Opening::of(SETTLEMENT_STATEMENT).map_err(StoryError::NoRandomness)?;
        let plan = Issue {
            assets: contracts.assets.clone(),
            maker: cast.financier.clone(),
            checker: Some(cast.checker.clone()),
            amount: Amount::new(price.minor.saturating_mul(2), price.currency),
            backing: statement.commitment(),
        };
        let (money, _) = self.issue_money(&plan).await?;
        let part = Part::Units(Uint128::new(price.minor));
        let second = &cast.second_financier;
        let request = contracts
            .assets
            .transfer(&cast.financier, &money, part, second)?;
        let gives = format!("gives {price} to {second}");
        self.act(Scene::new("give", request, gives)).await?;
        Ok(())
    }

    /// What a bank claims that finances the invoice, by its own asking.
    async fn sets(
        &mut self,
        plan: &Plan,
        bank: &MemberId,
        claim: &Claim,
    ) -> Result<Vec<DocumentSet>, StoryError<S::Error>> {
        let document = Document::of(&claim.invoice)?;
        let known = self.submitter.fingerprint(bank, &document).await;
        let known = known.map_err(StoryError::Submitter)?;
        let made = sets(&document, &known, A_TELLING);
        made.ok_or_else(|| strange(&plan.registry.contract, &"other forms than were asked for"))
    }

    /// The same bank once more, and the rival on the registry: both are refused.
    async fn try_again(
        &mut self,
        plan: &Plan,
        cast: &Cast,
        claim: &Claim,
        terms: &IssueTerms,
    ) -> Result<(), StoryError<S::Error>> {
        let price = asking_price(&claim.amount);
        let (second, id) = (&cast.second_financier, &terms.id);
        let contracts = &plan.contracts;
        let money = self
            .purse(&contracts.assets, second.as_str(), price.currency)
            .await?;
        let minor = Uint128::new(price.minor);
        let request = contracts.finance(second, &money, (id, 0), minor, None)?;
        let offers = format!("offers {price} for {id} a second time");
        self.act(Scene {
            expected: "receivable.already_financed",
            ..Scene::new("finance_again", request, offers)
        })
        .await?;
        let (rival, registry) = (&cast.rival, &plan.registry);
        let sets = self.sets(plan, rival, claim).await?;
        let sealed = self.commit("commit_again", registry, rival, &sets).await?;
        let request = registry.reserve(rival, &sealed, &registry.trade, plan.for_ms)?;
        let tries = "is offered the same invoice and tries to reserve it";
        self.act(Scene {
            expected: "registry.already_financed",
            ..Scene::new("reserve_again", request, tries)
        })
        .await?;
        Ok(())
    }
}

/// What the story's supplier asks for its claim: 1.5 % below the amount, rounded down to the minor unit.
fn asking_price(amount: &Amount) -> Amount {
    let discount = (amount.minor / 1_000).saturating_mul(15);
    Amount::new(
        amount.minor.saturating_sub(discount).max(1),
        amount.currency,
    )
}
