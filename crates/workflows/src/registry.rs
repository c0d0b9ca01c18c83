//! Claims on the registry that rival banks share: an invoice's fingerprint and the messages about it.

use crate::receivable::{
    Claim, Request,
    steps::{On, StepError, json, request},
};
use blockworm_crypto::Digest;
use blockworm_kit::claims;
use blockworm_ledger::{ContractName, MemberId};
use blockworm_registry::{ExecuteMsg, QueryMsg};
use cosmwasm_std::Binary;

/// How long a bank keeps an invoice reserved while it pays, unless it says otherwise: an hour.
pub const USUAL_RESERVATION_MS: u64 = 3_600_000;

/// What the registry knows an invoice by: [`blockworm_kit::claims::fingerprint`] of the digest of
/// its identity. Every bank that holds the invoice computes the same.
#[must_use]
pub fn fingerprint(claim: &Claim) -> Digest {
    Digest(claims::fingerprint(&claim.invoice_digest.0))
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
    /// A bank's maker keeps everybody else from financing the document on any ledger, and itself on
    /// any but this one, for a while.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn reserve(
        &self,
        bank: &MemberId,
        fingerprint: &(impl ToString + ?Sized),
        ledger: &str,
        for_ms: u64,
    ) -> Result<Request, StepError> {
        self.ask(
            bank,
            &ExecuteMsg::Reserve {
                fingerprint: fingerprint.to_string(),
                ledger: ledger.to_owned(),
                for_ms,
            },
        )
    }

    /// The bank has financed the document, as the proof of its pledge shows.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn confirm(
        &self,
        bank: &MemberId,
        fingerprint: &(impl ToString + ?Sized),
        proof: Vec<u8>,
    ) -> Result<Request, StepError> {
        self.ask(
            bank,
            &ExecuteMsg::Confirm {
                fingerprint: fingerprint.to_string(),
                proof: Binary::new(proof),
            },
        )
    }

    /// Nothing is or will be financed under the open claim, as the proof shows.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn release(
        &self,
        bank: &MemberId,
        fingerprint: &(impl ToString + ?Sized),
        proof: Vec<u8>,
    ) -> Result<Request, StepError> {
        self.ask(
            bank,
            &ExecuteMsg::Release {
                fingerprint: fingerprint.to_string(),
                proof: Binary::new(proof),
            },
        )
    }

    /// The question for the newest claim on a document.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn newest_query(
        &self,
        fingerprint: &(impl ToString + ?Sized),
    ) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Newest {
            fingerprint: fingerprint.to_string(),
        })
    }

    /// The question where a document stands.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn standing_query(&self, fingerprint: &Digest) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Standing {
            fingerprint: fingerprint.to_string(),
        })
    }

    /// The question for every claim on a document.
    ///
    /// # Errors
    /// [`StepError::Json`].
    pub fn history_query(&self, fingerprint: &Digest) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::History {
            fingerprint: fingerprint.to_string(),
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
    use crate::receivable::{SAMPLE_INVOICE, import, sample_invoice};

    #[test]
    fn a_fingerprint_belongs_to_the_invoice_and_not_to_its_file() {
        let claim = import(SAMPLE_INVOICE).unwrap();
        let text = String::from_utf8(SAMPLE_INVOICE.to_vec()).unwrap();
        let reformatted = import(text.replace("  ", "\t").as_bytes()).unwrap();
        assert_ne!(claim.file_digest, reformatted.file_digest);
        assert_eq!(fingerprint(&claim), fingerprint(&reformatted));
        let other = import(&sample_invoice(1)).unwrap();
        assert_ne!(fingerprint(&claim), fingerprint(&other));
        assert_ne!(fingerprint(&claim), claim.invoice_digest);
    }
}
