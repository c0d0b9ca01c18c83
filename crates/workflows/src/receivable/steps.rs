//! The messages that a receivable's life sends to the ledger. Pure: who signs and sends them is others' work.

use super::import::{Claim, Opening, Owed};
use crate::asset::Assets;
use blockworm_crypto::Digest;
use blockworm_kit::{CivilDate, Currency, assets::AssetId};
use blockworm_ledger::{Amount, ContractName, MemberId};
use blockworm_receivable::{ExecuteMsg as ReceivableMsg, Payload, QueryMsg, Reservation};
use cosmwasm_std::Uint128;

/// Which of a consortium's ledgers a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// The ledger of the trade's parties.
    Trade,
    /// The ledger of financed documents, shared with rivals.
    Registry,
}

/// One thing asked of one contract by one member; a transaction once it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// On which ledger.
    pub on: On,
    /// Who asks and signs.
    pub sender: MemberId,
    /// Which contract is asked.
    pub contract: ContractName,
    /// The contract's message, JSON in UTF-8.
    pub message: Vec<u8>,
}

/// What the contracts are called on the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// Assets, settlement money among them.
    pub assets: Assets,
    /// Receivables, `receivable@1`.
    pub receivable: ContractName,
}

impl Default for Contracts {
    /// As a local consortium names them: `issuance`, `assets` and `receivable`.
    fn default() -> Self {
        Self {
            assets: Assets::default(),
            receivable: "receivable"
                .parse()
                .expect("invariant: a constant slug is well formed"),
        }
    }
}

/// What the supplier decides beside the invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueTerms {
    /// The receivable's id, new on the ledger.
    pub id: String,
    /// The member who must confirm that it is owed.
    pub buyer: MemberId,
    /// What the supplier asks for it; the whole amount if `None`.
    pub price: Option<Amount>,
    /// Whether the supplier takes it back from a bank if the buyer does not pay in time.
    pub recourse: bool,
}

/// Why a request cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The contracts' calendar or currencies refuse what the invoice says.
    #[error("{what} `{value}` is not known to the contracts")]
    NotExpressible {
        /// Which value.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// The price in another currency than the invoice's.
    #[error("the price is in {price}, the invoice in {invoice}")]
    PriceCurrency {
        /// The price's currency.
        price: blockworm_ledger::Currency,
        /// The invoice's.
        invoice: blockworm_ledger::Currency,
    },
    /// JSON could not be written.
    #[error("the message could not be written: {0}")]
    Json(String),
}

impl StepError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotExpressible { .. } => "receivable.not_expressible",
            Self::PriceCurrency { .. } => "receivable.price_currency",
            Self::Json(_) => "receivable.json",
        }
    }
}

impl Contracts {
    /// The supplier puts the claim on the ledger. The commitment to the file goes along when its
    /// opening is kept.
    pub fn issue(
        &self,
        supplier: &MemberId,
        claim: &Claim,
        terms: &IssueTerms,
        opening: Option<&Opening>,
    ) -> Result<Request, StepError> {
        self.issue_owed(supplier, &claim.owed(), terms, opening)
    }

    /// The same, wherever the invoice was read.
    pub fn issue_owed(
        &self,
        supplier: &MemberId,
        owed: &Owed,
        terms: &IssueTerms,
        opening: Option<&Opening>,
    ) -> Result<Request, StepError> {
        if let Some(price) = terms
            .price
            .filter(|price| price.currency != owed.amount.currency)
        {
            return Err(StepError::PriceCurrency {
                price: price.currency,
                invoice: owed.amount.currency,
            });
        }
        let due_date = owed.due_date.to_string();
        let message = ReceivableMsg::Issue {
            id: terms.id.clone(),
            invoice_digest: owed.invoice_digest.to_string(),
            document_commitment: opening.map(|opening| opening.commitment().to_string()),
            buyer: terms.buyer.to_string(),
            amount: Uint128::new(owed.amount.minor),
            currency: kit_currency(owed.amount.currency)?,
            due_date: CivilDate::parse(&due_date).map_err(|_| StepError::NotExpressible {
                what: "the due date",
                value: due_date,
            })?,
            price: terms.price.map(|price| Uint128::new(price.minor)),
            recourse: terms.recourse,
        };
        request(On::Trade, supplier, &self.receivable, &message)
    }

    /// The buyer confirms that the receivable is owed.
    pub fn confirm(&self, buyer: &MemberId, id: &str) -> Result<Request, StepError> {
        request(
            On::Trade,
            buyer,
            &self.receivable,
            &ReceivableMsg::Confirm { id: id.to_owned() },
        )
    }

    /// The buyer says that nothing is owed.
    pub fn refuse(&self, buyer: &MemberId, id: &str) -> Result<Request, StepError> {
        let id = id.to_owned();
        self.ask(buyer, &ReceivableMsg::Refuse { id })
    }

    /// The supplier takes back what was not confirmed.
    pub fn withdraw(&self, supplier: &MemberId, id: &str) -> Result<Request, StepError> {
        let id = id.to_owned();
        self.ask(supplier, &ReceivableMsg::Withdraw { id })
    }

    /// Any message to the receivable contract.
    pub fn ask(&self, who: &MemberId, message: &ReceivableMsg) -> Result<Request, StepError> {
        request(On::Trade, who, &self.receivable, message)
    }

    /// Money for a part: the assets' contract hands it to the receivable contract, which lets the part
    /// change hands or end; if that refuses, no money moves. Where there is a registry, a bank that
    /// finances must show its reservation there.
    pub fn pay(
        &self,
        who: &MemberId,
        money: &AssetId,
        amount: Uint128,
        payload: &Payload,
    ) -> Result<Request, StepError> {
        let assets = &self.assets;
        assets.send(who, money, amount, &self.receivable, payload)
    }

    /// A bank pays for a part, with its reservation where there is a registry.
    pub fn finance(
        &self,
        bank: &MemberId,
        money: &AssetId,
        (id, holding): (&str, u64),
        price: Uint128,
        reservation: Option<Reservation>,
    ) -> Result<Request, StepError> {
        let payload = Payload::Finance {
            id: id.to_owned(),
            holding,
            reservation,
        };
        self.pay(bank, money, price, &payload)
    }

    /// A bank will never finance the document under this claim of the registry.
    pub fn forgo(&self, bank: &MemberId, claim: u64) -> Result<Request, StepError> {
        let message = ReceivableMsg::Forgo { claim };
        request(On::Trade, bank, &self.receivable, &message)
    }

    /// The question what the contract began with.
    pub fn config_query(&self) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Config {})
    }

    /// The question that shows a receivable.
    pub fn receivable_query(&self, id: &str) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Receivable { id: id.to_owned() })
    }

    /// The question for a page of a receivable's history, from a place on.
    pub fn history_query(&self, id: &str, from: u32) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::History {
            id: id.to_owned(),
            from: Some(from),
            limit: None,
        })
    }

    /// The question for a page of a receivable's parts, from a number on.
    pub fn parts_query(&self, id: &str, from: u64) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::Parts {
            id: id.to_owned(),
            from: Some(from),
            limit: None,
        })
    }

    /// The question that finds the receivable of an invoice.
    pub fn invoice_query(&self, claim: &Claim) -> Result<Vec<u8>, StepError> {
        self.digest_query(&claim.invoice_digest)
    }

    /// The same, by the invoice's digest.
    pub fn digest_query(&self, invoice: &Digest) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::ByInvoice {
            digest: invoice.to_string(),
        })
    }

    /// The question for a page of receivables in order of id, after one.
    pub fn list_query(&self, start_after: &str) -> Result<Vec<u8>, StepError> {
        json(&QueryMsg::List {
            start_after: Some(start_after.to_owned()),
            limit: Some(100),
        })
    }
}

/// The currency as contracts write it.
pub(crate) fn kit_currency(currency: blockworm_ledger::Currency) -> Result<Currency, StepError> {
    let text = currency.as_str();
    Currency::parse(text).map_err(|_| StepError::NotExpressible {
        what: "the currency",
        value: text.to_owned(),
    })
}

pub(crate) fn request<M: serde::Serialize>(
    on: On,
    sender: &MemberId,
    contract: &ContractName,
    message: &M,
) -> Result<Request, StepError> {
    Ok(Request {
        on,
        sender: sender.clone(),
        contract: contract.clone(),
        message: json(message)?,
    })
}

/// A message to the system's contract `ledger`.
pub(crate) fn ledger_request<M: serde::Serialize>(
    on: On,
    sender: &MemberId,
    message: &M,
) -> Result<Request, StepError> {
    let contract = "ledger"
        .parse()
        .expect("invariant: a constant slug is well formed");
    request(on, sender, &contract, message)
}

pub(crate) fn json<M: serde::Serialize>(message: &M) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec(message).map_err(|error| StepError::Json(error.to_string()))
}
