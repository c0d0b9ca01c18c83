//! A bank's financing across two ledgers: commit and reserve on the registry, pledge on the trade's ledger, confirm on the registry, each by proof of the step before.
//!
//! It looks where things stand before every step, so whoever was interrupted runs it again.

use super::stage::{Crossing, Scene, Since, Stage, Step, StoryError, Submitter, strange};
use super::steps::{Contracts, On, StepError};
use crate::registry::{Registry, Sealed};
use blockworm_kit::claims::{Claim, claim_key, pledge_key};
use blockworm_ledger::{Amount, MemberId};
use blockworm_receivable::{
    InstantiateMsg, ReceivableResponse, Reservation,
    msg::{Part, RegistryPlace},
};
use blockworm_registry::{DocumentSet, msg::NumberedClaim};
use cosmwasm_std::{Binary, Uint128};
use serde::Serialize;

/// Refusals of a payment under a claim that will never serve again.
const USED_UP: [&str; 2] = ["receivable.reservation_expired", "receivable.claim_used"];

/// What a bank is about to finance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The contracts of the trade's ledger.
    pub contracts: Contracts,
    /// The registry's.
    pub registry: Registry,
    /// The maker who reserves, pays and confirms.
    pub bank: MemberId,
    /// The receivable's id.
    pub receivable: String,
    /// The part of it; the only one that its owner offers, where `None`.
    pub part: Option<u64>,
    /// What is claimed on the invoice ([`crate::fingerprint::sets`]); not needed where there is no
    /// registry.
    pub sets: Vec<DocumentSet>,
    /// How long a reservation made here lasts, milliseconds.
    pub for_ms: u64,
}

/// A financing, done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Financing {
    /// The receivable's id.
    pub receivable: String,
    /// What the registry knows the invoice by under the newest keys; none where there is no registry.
    pub fingerprint: Option<String>,
    /// The number of the bank's claim there.
    pub claim: Option<u64>,
    /// The transactions of this run, in order.
    pub steps: Vec<Step>,
}

/// Takes the financing on from wherever it stands to its end.
///
/// # Errors
/// [`StoryError::Unexpected`] with the refusal of whichever contract refuses first.
pub async fn finance<S: Submitter>(
    submitter: &mut S,
    plan: &Plan,
    tell: impl FnMut(&Step),
) -> Result<Financing, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, tell);
    let (fingerprint, claim) = stage.finance(plan).await?;
    Ok(Financing {
        receivable: plan.receivable.clone(),
        fingerprint,
        claim,
        steps: stage.steps,
    })
}

/// Asks the registry to let go of an open claim, by proof of what the trade's ledger holds under it.
///
/// # Errors
/// As [`finance`].
pub async fn release<S: Submitter>(
    submitter: &mut S,
    plan: &Plan,
    claim: u64,
    tell: impl FnMut(&Step),
) -> Result<Vec<Step>, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, tell);
    stage.release(plan, claim).await?;
    Ok(stage.steps)
}

/// Makes a reservation under which the trade's ledger has a pledge a financing on the registry.
///
/// # Errors
/// As [`finance`].
pub async fn confirm<S: Submitter>(
    submitter: &mut S,
    plan: &Plan,
    claim: u64,
    tell: impl FnMut(&Step),
) -> Result<Vec<Step>, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, tell);
    stage.register(plan, claim).await?;
    Ok(stage.steps)
}

/// More than one part could be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyOf;

/// The part of this number; without one the only part that is offered or, where none is, the only one
/// that there is.
///
/// # Errors
/// [`AnyOf`].
pub fn choose(mut parts: Vec<Part>, number: Option<u64>) -> Result<Option<Part>, AnyOf> {
    parts.retain(|part| !part.held.closed);
    if let Some(number) = number {
        return Ok(parts.into_iter().find(|part| part.holding == number));
    }
    if parts.iter().any(|part| part.ask.is_some()) {
        parts.retain(|part| part.ask.is_some());
    }
    if parts.len() > 1 {
        Err(AnyOf)
    } else {
        Ok(parts.pop())
    }
}

/// A part as a bank looks at it.
struct Offer {
    holding: u64,
    owner: String,
    currency: blockworm_kit::Currency,
    /// What its owner asks; `None` where a bank holds it, or it is not offered.
    price: Option<Uint128>,
    financier: Option<String>,
    financed_under: Option<u64>,
}

impl Offer {
    fn new(receivable: &ReceivableResponse, part: Option<Part>) -> Self {
        let financing = part
            .as_ref()
            .and_then(|part| part.financing.clone())
            .filter(|financing| financing.end.is_none());
        let held = part.as_ref().map(|part| part.held.owner.clone());
        Self {
            holding: part.as_ref().map_or(0, |part| part.holding),
            owner: held.unwrap_or_else(|| receivable.seller.clone()),
            currency: receivable.currency,
            price: part.and_then(|part| part.ask).map(|ask| ask.price),
            financed_under: financing.as_ref().and_then(|financing| financing.claim),
            financier: financing.map(|financing| financing.bank),
        }
    }
}

impl<S: Submitter, T: FnMut(&Step)> Stage<'_, S, T> {
    /// See [`finance`]; the fingerprint and the claim's number, where there is a registry.
    pub(crate) async fn finance(
        &mut self,
        plan: &Plan,
    ) -> Result<(Option<String>, Option<u64>), StoryError<S::Error>> {
        let id = &plan.receivable;
        let receivable = self.receivable(&plan.contracts, id).await?;
        let part = self.part(plan).await?;
        let offer = Offer::new(&receivable, part);
        let Some(place) = self.registry_of(plan).await? else {
            self.pay(plan, &offer, None).await?;
            return Ok((None, None));
        };
        let fingerprint = plan.sets.last().map(|newest| newest.document.clone());
        let pledged = offer.financed_under.filter(|_| {
            let bank = offer.financier.as_deref().unwrap_or_default();
            bank.split('/').next() == Some(plan.bank.organisation().as_str())
        });
        match (offer.price, pledged) {
            // Interrupted between the pledge and its registration.
            (None, Some(number)) if self.is_unregistered(plan, number).await? => {
                self.register(plan, number).await?;
                Ok((fingerprint, Some(number)))
            }
            (Some(_), _) if fingerprint.is_none() => Err(StoryError::NoInvoice),
            (Some(_), _) => {
                let ours = self.open_claim(plan).await?;
                let held = ours.filter(|open| {
                    open.claim.ledger == place.known_as && open.claim.financed_at.is_none()
                });
                let number = self.pledge(plan, &offer, &place, held).await?;
                self.register(plan, number).await?;
                Ok((fingerprint, Some(number)))
            }
            // Nothing can be financed: the contract says why, and nothing is reserved for it.
            _ => {
                self.pay(plan, &offer, None).await?;
                Err(strange(
                    &plan.contracts.receivable,
                    &format!("it took money for {id} without a reservation"),
                ))
            }
        }
    }

    pub(crate) async fn receivable(
        &mut self,
        contracts: &Contracts,
        id: &str,
    ) -> Result<ReceivableResponse, StoryError<S::Error>> {
        let question = contracts.receivable_query(id)?;
        let found = self
            .ask(On::Trade, &contracts.receivable, &question)
            .await?;
        found.ok_or_else(|| StoryError::NotFound(id.to_owned()))
    }

    /// Every part, closed ones too.
    pub(crate) async fn all_parts(
        &mut self,
        contracts: &Contracts,
        id: &str,
    ) -> Result<Vec<Part>, StoryError<S::Error>> {
        let mut parts = Vec::new();
        let mut from = 0;
        loop {
            let question = contracts.parts_query(id, from)?;
            let page = self
                .ask(On::Trade, &contracts.receivable, &question)
                .await?;
            let page: Vec<Part> = page.unwrap_or_default();
            let Some(last) = page.last() else {
                return Ok(parts);
            };
            from = last.holding.saturating_add(1);
            parts.extend(page);
        }
    }

    /// See [`choose`].
    async fn part(&mut self, plan: &Plan) -> Result<Option<Part>, StoryError<S::Error>> {
        let parts = self.all_parts(&plan.contracts, &plan.receivable).await?;
        choose(parts, plan.part).map_err(|AnyOf| StoryError::WhichPart(plan.receivable.clone()))
    }

    /// Where documents of the trade's ledger are reserved.
    async fn registry_of(
        &mut self,
        plan: &Plan,
    ) -> Result<Option<RegistryPlace>, StoryError<S::Error>> {
        let (contract, question) = (&plan.contracts.receivable, plan.contracts.config_query()?);
        let config: Option<InstantiateMsg> = self.ask(On::Trade, contract, &question).await?;
        Ok(config.and_then(|config| config.registry))
    }

    /// Whether the registry does not know yet what is financed under a claim.
    async fn is_unregistered(
        &mut self,
        plan: &Plan,
        claim: u64,
    ) -> Result<bool, StoryError<S::Error>> {
        let question = plan.registry.claim_query(claim)?;
        let contract = &plan.registry.contract;
        let claim: Option<Claim> = self.ask(On::Registry, contract, &question).await?;
        Ok(claim.is_some_and(|claim| claim.financed_at.is_none() && claim.end.is_none()))
    }

    /// The bank's open claim on the document, under whichever keys it was made.
    async fn open_claim(
        &mut self,
        plan: &Plan,
    ) -> Result<Option<NumberedClaim>, StoryError<S::Error>> {
        let bank = plan.bank.organisation();
        for set in plan.sets.iter().rev() {
            let question = plan.registry.open_query(&bank, &set.document)?;
            let contract = &plan.registry.contract;
            if let Some(open) = self.ask(On::Registry, contract, &question).await? {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }

    /// Pays under a claim that the bank holds already, else under a new one; the claim's number. One
    /// that can be used no more is released first.
    async fn pledge(
        &mut self,
        plan: &Plan,
        offer: &Offer,
        place: &RegistryPlace,
        held: Option<NumberedClaim>,
    ) -> Result<u64, StoryError<S::Error>> {
        if let Some(NumberedClaim { number, claim }) = held {
            let reservation = self.reservation(plan, number, claim.firm_at, place).await?;
            match self.pay(plan, offer, Some(reservation)).await {
                Err(StoryError::Unexpected { code, .. }) if USED_UP.contains(&code.as_str()) => {
                    self.release(plan, number).await?;
                }
                paid => return paid.map(|()| number),
            }
        }
        let (number, firm_at) = self.reserve(plan, &place.known_as).await?;
        let reservation = self.reservation(plan, number, firm_at, place).await?;
        self.pay(plan, offer, Some(reservation)).await?;
        Ok(number)
    }

    /// Commits and reserves; the claim's number and the block from which on it is firm.
    async fn reserve(
        &mut self,
        plan: &Plan,
        ledger: &str,
    ) -> Result<(u64, u64), StoryError<S::Error>> {
        let (registry, bank) = (&plan.registry, &plan.bank);
        let sealed = self.commit("commit", registry, bank, &plan.sets).await?;
        let request = registry.reserve(bank, &sealed, ledger, plan.for_ms)?;
        let sentence = "reserves the invoice, known by its fingerprints alone";
        let reserved = self.act(Scene::new("reserve", request, sentence)).await?;
        let of = |name: &str| {
            let mut events = reserved.events.iter().rev();
            events.find_map(|event| event.attribute(name)?.parse().ok())
        };
        let strange = || strange(&registry.contract, &"no claim's number and block");
        let number = of("claim").ok_or_else(strange)?;
        Ok((number, of("firm_at").ok_or_else(strange)?))
    }

    /// Binds the bank to what it will claim.
    pub(crate) async fn commit(
        &mut self,
        name: &'static str,
        registry: &Registry,
        bank: &MemberId,
        sets: &[DocumentSet],
    ) -> Result<Sealed, StoryError<S::Error>> {
        let sealed = Sealed::new(sets.to_vec());
        let sealed = sealed.map_err(|error| StoryError::NoRandomness(error.to_string()))?;
        let request = registry.commit(bank, &sealed)?;
        let sentence = "commits itself to what it will reserve, which nobody sees yet";
        self.act(Scene::new(name, request, sentence)).await?;
        Ok(sealed)
    }

    /// The claim's row of the registry, proved for the trade's ledger once it is firm.
    async fn reservation(
        &mut self,
        plan: &Plan,
        claim: u64,
        firm_at: u64,
        place: &RegistryPlace,
    ) -> Result<Reservation, StoryError<S::Error>> {
        let key = claim_key(claim);
        let crossing = Crossing {
            from: On::Registry,
            contract: &plan.registry.contract,
            key: &key,
            since: Since {
                height: firm_at,
                absent_ms: 0,
            },
            to: On::Trade,
            known_as: &place.ledger,
            who: &plan.bank,
        };
        let proof = Binary::new(self.carry(&crossing).await?.encode());
        Ok(Reservation { claim, proof })
    }

    async fn pay(
        &mut self,
        plan: &Plan,
        offer: &Offer,
        reservation: Option<Reservation>,
    ) -> Result<(), StoryError<S::Error>> {
        let (contracts, id) = (&plan.contracts, &plan.receivable);
        let currency = offer.currency.as_str();
        let currency = currency.parse().map_err(|_| StepError::NotExpressible {
            what: "the currency",
            value: currency.to_owned(),
        })?;
        // Where nothing is offered, the contract says why.
        let minor = offer.price.unwrap_or(Uint128::one());
        let price = Amount::new(minor.u128(), currency);
        let money = self
            .purse(&contracts.assets, plan.bank.as_str(), currency)
            .await?;
        let part = (id.as_str(), offer.holding);
        let request = contracts.finance(&plan.bank, &money, part, minor, reservation)?;
        let sentence = format!("finances {id} and pays {price} to {}", offer.owner);
        self.act(Scene::new("finance", request, sentence)).await?;
        Ok(())
    }

    /// See [`confirm`].
    async fn register(&mut self, plan: &Plan, claim: u64) -> Result<(), StoryError<S::Error>> {
        let proof = self.pledge_proof(plan, claim).await?;
        let request = plan.registry.confirm(&plan.bank, claim, proof)?;
        let sentence = "registers the invoice as financed";
        self.act(Scene::new("register", request, sentence)).await?;
        Ok(())
    }

    /// See [`release`].
    async fn release(&mut self, plan: &Plan, claim: u64) -> Result<(), StoryError<S::Error>> {
        let proof = self.pledge_proof(plan, claim).await?;
        let request = plan.registry.release(&plan.bank, claim, proof)?;
        let sentence = "shows the registry that nothing is financed under the claim any more";
        self.act(Scene::new("release", request, sentence)).await?;
        Ok(())
    }

    /// What the trade's ledger holds under the claim, for the registry.
    async fn pledge_proof(
        &mut self,
        plan: &Plan,
        number: u64,
    ) -> Result<Vec<u8>, StoryError<S::Error>> {
        let question = plan.registry.claim_query(number)?;
        let contract = &plan.registry.contract;
        let claim: Option<Claim> = self.ask(On::Registry, contract, &question).await?;
        let Some(claim) = claim else {
            // The registry says that there is no claim to act on.
            return Ok(Vec::new());
        };
        let key = pledge_key(number, &claim.bank);
        let crossing = Crossing {
            from: On::Trade,
            contract: &plan.contracts.receivable,
            key: &key,
            since: Since {
                height: 0,
                absent_ms: claim.reserved_until_ms,
            },
            to: On::Registry,
            known_as: &claim.ledger,
            who: &plan.bank,
        };
        Ok(self.carry(&crossing).await?.encode())
    }
}
