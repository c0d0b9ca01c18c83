//! A bank's financing across two ledgers: reserve on the registry, pledge on the trade's ledger, confirm on the registry, each by proof of the step before.
//!
//! It looks where things stand before every step, so whoever was interrupted runs it again.

use super::stage::{Crossing, Scene, Stage, Step, StoryError, Submitter, strange};
use super::steps::{Contracts, On, StepError};
use crate::registry::Registry;
use blockworm_crypto::Digest;
use blockworm_kit::claims::{claim_key, fingerprint_text, pledge_key};
use blockworm_ledger::{Amount, MemberId};
use blockworm_receivable::{
    InstantiateMsg, Payload, ReceivableResponse, Reservation,
    msg::{Part, RegistryPlace},
};
use blockworm_registry::msg::NumberedClaim;
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
    /// How long a reservation made here lasts, milliseconds.
    pub for_ms: u64,
}

/// A financing, done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Financing {
    /// The receivable's id.
    pub receivable: String,
    /// What the registry knows the invoice by; none where there is no registry.
    pub fingerprint: Option<String>,
    /// The number of the bank's claim there.
    pub claim: Option<u32>,
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
    let mut stage = Stage {
        submitter,
        tell,
        steps: Vec::new(),
    };
    let (fingerprint, claim) = stage.finance(plan).await?;
    Ok(Financing {
        receivable: plan.receivable.clone(),
        fingerprint,
        claim,
        steps: stage.steps,
    })
}

/// Asks the registry to let go of the newest claim on a document, by proof of what the trade's
/// ledger holds under it.
///
/// # Errors
/// As [`finance`].
pub async fn release<S: Submitter>(
    submitter: &mut S,
    plan: &Plan,
    fingerprint: &Digest,
    tell: impl FnMut(&Step),
) -> Result<Vec<Step>, StoryError<S::Error>> {
    let mut stage = Stage {
        submitter,
        tell,
        steps: Vec::new(),
    };
    stage.release(plan, &fingerprint.to_string()).await?;
    Ok(stage.steps)
}

/// Makes a reservation under which the trade's ledger has a pledge a financing on the registry.
///
/// # Errors
/// As [`finance`].
pub async fn confirm<S: Submitter>(
    submitter: &mut S,
    plan: &Plan,
    fingerprint: &Digest,
    tell: impl FnMut(&Step),
) -> Result<Vec<Step>, StoryError<S::Error>> {
    let mut stage = Stage {
        submitter,
        tell,
        steps: Vec::new(),
    };
    stage.register(plan, &fingerprint.to_string()).await?;
    Ok(stage.steps)
}

/// A part as a bank looks at it.
struct Offer {
    holding: u64,
    owner: String,
    currency: blockworm_kit::Currency,
    /// What its owner asks; `None` where a bank holds it, or it is not offered.
    price: Option<Uint128>,
    financier: Option<String>,
    financed_under: Option<u32>,
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
    ) -> Result<(Option<String>, Option<u32>), StoryError<S::Error>> {
        let id = &plan.receivable;
        let receivable = self.receivable(&plan.contracts, id).await?;
        let part = self.part(plan).await?;
        let offer = Offer::new(&receivable, part);
        let Some(place) = self.registry_of(plan).await? else {
            self.pay(plan, &offer, None).await?;
            return Ok((None, None));
        };
        let fingerprint = fingerprint_text(&receivable.invoice_digest)
            .ok_or_else(|| strange(&plan.contracts.receivable, &"no invoice digest"))?;
        let open = self.open_claim(plan, &fingerprint).await?;
        let ours = open.filter(|open| open.claim.bank == plan.bank.organisation().as_str());
        let pledged = offer.financed_under.filter(|_| {
            let bank = offer.financier.as_deref().unwrap_or_default();
            bank.split('/').next() == Some(plan.bank.organisation().as_str())
        });
        match (offer.price, ours) {
            // Interrupted between the pledge and its registration.
            (None, Some(open))
                if pledged == Some(open.number) && open.claim.financed_at.is_none() =>
            {
                let number = open.number;
                self.register(plan, &fingerprint).await?;
                Ok((Some(fingerprint), Some(number)))
            }
            (Some(_), ours) => {
                let held = ours.filter(|open| open.claim.ledger == place.known_as);
                let held = held.map(|open| open.number);
                let number = self
                    .pledge(plan, &offer, &fingerprint, &place, held)
                    .await?;
                self.register(plan, &fingerprint).await?;
                Ok((Some(fingerprint), Some(number)))
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

    /// The part that the plan names; else the only one that is offered, or, where none is, the only
    /// one that there is.
    async fn part(&mut self, plan: &Plan) -> Result<Option<Part>, StoryError<S::Error>> {
        let mut parts = self.all_parts(&plan.contracts, &plan.receivable).await?;
        parts.retain(|part| !part.held.closed);
        if let Some(number) = plan.part {
            return Ok(parts.into_iter().find(|part| part.holding == number));
        }
        let offered = parts.iter().filter(|part| part.ask.is_some()).count();
        let mut parts = parts
            .into_iter()
            .filter(|part| offered == 0 || part.ask.is_some());
        match (parts.next(), parts.next()) {
            (one, None) => Ok(one),
            (_, Some(_)) => Err(StoryError::WhichPart(plan.receivable.clone())),
        }
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

    /// The newest claim on the document, unless it has ended.
    async fn open_claim(
        &mut self,
        plan: &Plan,
        fingerprint: &str,
    ) -> Result<Option<NumberedClaim>, StoryError<S::Error>> {
        let question = plan.registry.newest_query(fingerprint)?;
        let contract = &plan.registry.contract;
        let newest: Option<NumberedClaim> = self.ask(On::Registry, contract, &question).await?;
        Ok(newest.filter(|newest| newest.claim.end.is_none()))
    }

    /// Pays under a claim that the bank holds already, else under a new one; the claim's number. One
    /// that can be used no more is released first.
    async fn pledge(
        &mut self,
        plan: &Plan,
        offer: &Offer,
        fingerprint: &str,
        place: &RegistryPlace,
        held: Option<u32>,
    ) -> Result<u32, StoryError<S::Error>> {
        if let Some(number) = held {
            let reservation = self.reservation(plan, fingerprint, number, place).await?;
            match self.pay(plan, offer, Some(reservation)).await {
                Err(StoryError::Unexpected { code, .. }) if USED_UP.contains(&code.as_str()) => {
                    self.release(plan, fingerprint).await?;
                }
                paid => return paid.map(|()| number),
            }
        }
        let registry = &plan.registry;
        let request = registry.reserve(&plan.bank, fingerprint, &place.known_as, plan.for_ms)?;
        let sentence = "reserves the invoice's fingerprint";
        let reserved = self.act(Scene::new("reserve", request, sentence)).await?;
        let mut events = reserved.events.iter();
        let number = events.find_map(|event| event.attribute("claim")?.parse().ok());
        let number = number.ok_or_else(|| strange(&registry.contract, &"no claim's number"))?;
        let reservation = self.reservation(plan, fingerprint, number, place).await?;
        self.pay(plan, offer, Some(reservation)).await?;
        Ok(number)
    }

    /// The claim's row of the registry, proved for the trade's ledger.
    async fn reservation(
        &mut self,
        plan: &Plan,
        fingerprint: &str,
        claim: u32,
        place: &RegistryPlace,
    ) -> Result<Reservation, StoryError<S::Error>> {
        let key = claim_key(fingerprint, claim);
        let crossing = Crossing {
            from: On::Registry,
            contract: &plan.registry.contract,
            key: &key,
            absent_from_ms: 0,
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
        let payload = Payload::Finance {
            id: id.clone(),
            holding: offer.holding,
            reservation,
        };
        let request = contracts.pay(&plan.bank, &money, minor, &payload)?;
        let sentence = format!("finances {id} and pays {price} to {}", offer.owner);
        self.act(Scene::new("finance", request, sentence)).await?;
        Ok(())
    }

    /// See [`confirm`].
    async fn register(
        &mut self,
        plan: &Plan,
        fingerprint: &str,
    ) -> Result<(), StoryError<S::Error>> {
        let proof = self.pledge_proof(plan, fingerprint).await?;
        let request = plan.registry.confirm(&plan.bank, fingerprint, proof)?;
        let sentence = "registers the invoice as financed";
        self.act(Scene::new("register", request, sentence)).await?;
        Ok(())
    }

    /// See [`release`].
    async fn release(
        &mut self,
        plan: &Plan,
        fingerprint: &str,
    ) -> Result<(), StoryError<S::Error>> {
        let proof = self.pledge_proof(plan, fingerprint).await?;
        let request = plan.registry.release(&plan.bank, fingerprint, proof)?;
        let sentence = "shows the registry that nothing is financed under the claim any more";
        self.act(Scene::new("release", request, sentence)).await?;
        Ok(())
    }

    /// What the trade's ledger holds under the open claim, for the registry.
    async fn pledge_proof(
        &mut self,
        plan: &Plan,
        fingerprint: &str,
    ) -> Result<Vec<u8>, StoryError<S::Error>> {
        let Some(open) = self.open_claim(plan, fingerprint).await? else {
            // The registry says that there is no claim to act on.
            return Ok(Vec::new());
        };
        let key = pledge_key(fingerprint, open.number, &open.claim.bank);
        let crossing = Crossing {
            from: On::Trade,
            contract: &plan.contracts.receivable,
            key: &key,
            absent_from_ms: open.claim.reserved_until_ms,
            to: On::Registry,
            known_as: &open.claim.ledger,
            who: &plan.bank,
        };
        Ok(self.carry(&crossing).await?.encode())
    }
}
