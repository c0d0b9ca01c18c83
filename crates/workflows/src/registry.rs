//! Claims on the registry that rival banks share: the messages about them, and what a bank seals before it claims.

use crate::receivable::{
    Request,
    steps::{On, StepError, json, request},
};
use blockworm_ledger::{ContractName, MemberId, OrganisationId};
use blockworm_registry::{DocumentSet, ExecuteMsg, QueryMsg, commitment};
use cosmwasm_std::Binary;

/// How long a bank keeps an invoice reserved while it pays, unless it says otherwise: an hour.
pub const USUAL_RESERVATION_MS: u64 = 3_600_000;

/// What a bank commits to and opens in a later block. Whoever loses the nonce commits again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    nonce: [u8; 32],
    sets: Vec<DocumentSet>,
}

impl Sealed {
    /// Under a fresh nonce from the operating system.
    ///
    /// # Errors
    /// The operating system's, where it gives no random bytes.
    pub fn new(sets: Vec<DocumentSet>) -> Result<Self, getrandom::Error> {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce)?;
        Ok(Self { nonce, sets })
    }

    fn nonce(&self) -> String {
        hex::encode(self.nonce)
    }
}

/// The messages to the registry contract, by the name that it has on its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// `registry@1`.
    pub contract: ContractName,
    /// What the registry calls the ledger on which the bank finances.
    pub trade: String,
}

impl Default for Registry {
    /// As a local consortium names them: `registry` and `trade`.
    fn default() -> Self {
        Self {
            contract: "registry"
                .parse()
                .expect("invariant: a constant slug is well formed"),
            trade: "trade".to_owned(),
        }
    }
}

impl Registry {
    /// A bank's maker binds the bank to what it will claim, before anybody sees it.
    ///
    /// # Errors
    /// [`StepError::NotExpressible`] where a fingerprint is none, [`StepError::Json`].
    pub fn commit(&self, bank: &MemberId, sealed: &Sealed) -> Result<Request, StepError> {
        let made = commitment(bank.organisation().as_str(), &sealed.nonce(), &sealed.sets);
        let commitment = made.ok_or_else(|| StepError::NotExpressible {
            what: "a fingerprint of",
            value: sealed
                .sets
                .first()
                .map_or_else(String::new, |set| set.document.clone()),
        })?;
        self.ask(bank, &ExecuteMsg::Commit { commitment })
    }

    /// It opens the commitment: nobody else finances these shares on any ledger, and the bank on none
    /// but this one, for a while.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn reserve(
        &self,
        bank: &MemberId,
        sealed: &Sealed,
        ledger: &str,
        for_ms: u64,
    ) -> Result<Request, StepError> {
        self.ask(
            bank,
            &ExecuteMsg::Reserve {
                nonce: sealed.nonce(),
                ledger: ledger.to_owned(),
                for_ms,
                sets: sealed.sets.clone(),
            },
        )
    }

    /// It opens a commitment to sets of newer keys for its open claim.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn reregister(
        &self,
        bank: &MemberId,
        claim: u64,
        sealed: &Sealed,
    ) -> Result<Request, StepError> {
        self.ask(
            bank,
            &ExecuteMsg::Reregister {
                claim,
                nonce: sealed.nonce(),
                sets: sealed.sets.clone(),
            },
        )
    }

    /// The bank has financed under its claim, as the proof of its pledge shows.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn confirm(
        &self,
        bank: &MemberId,
        claim: u64,
        proof: Vec<u8>,
    ) -> Result<Request, StepError> {
        let proof = Binary::new(proof);
        self.ask(bank, &ExecuteMsg::Confirm { claim, proof })
    }

    /// Nothing is or will be financed under the open claim, as the proof shows.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn release(
        &self,
        bank: &MemberId,
        claim: u64,
        proof: Vec<u8>,
    ) -> Result<Request, StepError> {
        let proof = Binary::new(proof);
        self.ask(bank, &ExecuteMsg::Release { claim, proof })
    }

    /// The question what a claim is made on, set by set.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn parts_query(&self, claim: u64) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Parts { claim })
    }

    /// The question what the registry began with.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn config_query(&self) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Config {})
    }

    /// The question for a claim.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn claim_query(&self, claim: u64) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Claim { claim })
    }

    /// The question for a bank's open claim on a document.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn open_query(
        &self,
        bank: &OrganisationId,
        fingerprint: &str,
    ) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Open {
            bank: bank.to_string(),
            fingerprint: fingerprint.to_owned(),
        })
    }

    /// The question where documents stand.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn check_query(&self, fingerprints: &[String]) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Check {
            fingerprints: fingerprints.to_vec(),
        })
    }

    /// The question for the newest claims on a document.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn claims_query(&self, fingerprint: &str) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Claims {
            fingerprint: fingerprint.to_owned(),
            start_before: None,
            limit: None,
        })
    }

    fn ask(&self, bank: &MemberId, message: &ExecuteMsg) -> Result<Request, StepError> {
        request(On::Registry, bank, &self.contract, message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    fn sealed() -> Sealed {
        let set = DocumentSet {
            version: 1,
            document: "ab".repeat(32),
            share: 5,
            parts: Vec::new(),
        };
        Sealed::new(vec![set]).unwrap()
    }

    #[test]
    fn what_is_opened_is_what_was_committed_to() {
        let (registry, sealed) = (Registry::default(), sealed());
        let bank: MemberId = "bank/maker".parse().unwrap();
        let message = |request: Request| -> Value {
            assert_eq!(request.on, On::Registry);
            serde_json::from_slice(&request.message).unwrap()
        };
        let commit = message(registry.commit(&bank, &sealed).unwrap());
        let open = message(registry.reserve(&bank, &sealed, "trade", 7).unwrap());
        let nonce = open["reserve"]["nonce"].as_str().unwrap();
        let sets: Vec<DocumentSet> =
            serde_json::from_value(open["reserve"]["sets"].clone()).unwrap();
        let expected = commitment("bank", nonce, &sets).unwrap();
        assert_eq!(commit["commit"]["commitment"], expected);
        assert!(
            !commit.to_string().contains(nonce),
            "it stays secret until then"
        );
        let again = Sealed::new(sealed.sets.clone()).unwrap();
        assert_ne!(again, sealed, "every nonce is new");
        let added = message(registry.reregister(&bank, 3, &sealed).unwrap());
        assert_eq!(added["reregister"]["nonce"], nonce);
    }

    #[test]
    fn what_is_no_fingerprint_cannot_be_sealed() {
        let mut bad = sealed();
        bad.sets[0].document = "AB".to_owned();
        let bank = "bank/maker".parse().unwrap();
        let refused = Registry::default().commit(&bank, &bad).unwrap_err();
        assert!(matches!(refused, StepError::NotExpressible { .. }));
    }
}
