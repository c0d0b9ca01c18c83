//! A credit note against a receivable that the buyer has not confirmed: whether it fits, and what is left.

use super::import::{Claim, Owed, receivable_id};
use crate::{
    decimal::Decimal,
    invoice::{Date, DocumentKind, Identity, Invoice, InvoiceError, Party, identity_digest},
};
use blockworm_crypto::Digest;
use blockworm_ledger::{Amount, MemberId};
use blockworm_receivable::{ReceivableResponse, msg::Status};

/// Why a credit note changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// Another document.
    #[error("{number} is an invoice: it asks for money and gives none back")]
    NotACreditNote {
        /// BT-1.
        number: String,
    },
    /// It names no invoice, or several, and could be taken off any of them.
    #[error(
        "{number} names {count} invoices (BT-25); a credit note that is taken off a receivable names one"
    )]
    NotOneInvoice {
        /// BT-1.
        number: String,
        /// How many.
        count: usize,
    },
    /// The invoice that was given is not the one.
    #[error("the credit note is on {named}, the invoice given is {given}: {what} differs")]
    OtherInvoice {
        /// The number that the note names.
        named: String,
        /// The number of the invoice.
        given: String,
        /// What differs.
        what: &'static str,
    },
    /// It comes from somebody else.
    #[error("the seller of the credit note is not the seller of the invoice {number}")]
    OtherSeller {
        /// The invoice.
        number: String,
    },
    /// Nothing is given back.
    #[error("the credit note gives {payable} back (BT-115): nothing to take off")]
    NothingCredited {
        /// BT-115.
        payable: Decimal,
    },
    /// The seller has no identifier by which the invoice could be found.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// The ledger has nothing on the invoice.
    #[error("no receivable on the invoice {number} of the credit note's seller is on this ledger")]
    UnknownInvoice {
        /// The invoice.
        number: String,
    },
    /// It was taken off before.
    #[error("the credit note was taken off before: what was left is the receivable {id}")]
    AlreadyApplied {
        /// The receivable that it left.
        id: String,
    },
    /// Somebody else issued the receivable.
    #[error("the seller of {id} is {seller}; nobody else takes anything off it")]
    NotTheSeller {
        /// The receivable.
        id: String,
        /// Its seller.
        seller: String,
    },
    /// Another currency.
    #[error("the credit note is in {note}, the receivable {id} in {owed}")]
    OtherCurrency {
        /// The receivable.
        id: String,
        /// The note's currency.
        note: String,
        /// The receivable's.
        owed: String,
    },
    /// More than is owed.
    #[error("the credit note gives {credited} back, and the receivable {id} is over {owed}")]
    MoreThanOwed {
        /// The receivable.
        id: String,
        /// What the note gives back.
        credited: Amount,
        /// What is owed.
        owed: Amount,
    },
    /// The buyer has acknowledged the debt as it stands.
    #[error("the buyer has confirmed {id}: a confirmed debt is settled in full")]
    Confirmed {
        /// The receivable.
        id: String,
    },
    /// It is paid.
    #[error("{id} is settled: nothing is owed any more")]
    Settled {
        /// The receivable.
        id: String,
    },
    /// The buyer denied it.
    #[error("the buyer has refused {id}: nothing is owed")]
    Refused {
        /// The receivable.
        id: String,
    },
    /// It was taken back before.
    #[error("{id} is withdrawn: nothing is owed on it any more")]
    Withdrawn {
        /// The receivable.
        id: String,
    },
}

impl CreditError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotACreditNote { .. } => "credit.not_a_credit_note",
            Self::NotOneInvoice { .. } => "credit.not_one_invoice",
            Self::OtherInvoice { .. } => "credit.other_invoice",
            Self::OtherSeller { .. } => "credit.other_seller",
            Self::NothingCredited { .. } => "credit.nothing_credited",
            Self::Invoice(error) => error.code(),
            Self::UnknownInvoice { .. } => "credit.unknown_invoice",
            Self::AlreadyApplied { .. } => "credit.already_applied",
            Self::NotTheSeller { .. } => "credit.not_the_seller",
            Self::OtherCurrency { .. } => "credit.other_currency",
            Self::MoreThanOwed { .. } => "credit.more_than_owed",
            Self::Confirmed { .. } => "credit.confirmed",
            Self::Settled { .. } => "credit.settled",
            Self::Refused { .. } => "credit.refused",
            Self::Withdrawn { .. } => "credit.withdrawn",
        }
    }

    /// What to do.
    pub fn next(&self) -> String {
        match self {
            Self::NotACreditNote { .. } => "blockworm receivable import INVOICE".into(),
            Self::NotOneInvoice { .. } => "ask the supplier for one credit note for each invoice".into(),
            Self::OtherInvoice { .. } | Self::OtherSeller { .. } => {
                "give the invoice that the credit note names, or leave --invoice out".into()
            }
            Self::UnknownInvoice { .. } => {
                "give the invoice itself with --invoice, if it names its seller by another identifier".into()
            }
            Self::AlreadyApplied { id } | Self::Settled { id } | Self::Refused { id } => {
                format!("blockworm receivable show {id}")
            }
            Self::NotTheSeller { seller, .. } => format!("--as {seller}"),
            Self::Confirmed { .. } => {
                "the supplier pays the credit back: blockworm voucher give --to BUYER".into()
            }
            Self::Withdrawn { .. } => {
                "if an earlier run of this command was interrupted after withdrawing it: --resume".into()
            }
            Self::NothingCredited { .. }
            | Self::Invoice(_)
            | Self::OtherCurrency { .. }
            | Self::MoreThanOwed { .. } => {
                "nothing was changed on the ledger; ask the supplier for a corrected credit note".into()
            }
        }
    }
}

/// A credit note as far as the ledger is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// BT-1 of the note.
    pub number: String,
    /// Which note it is.
    pub note_digest: Digest,
    /// BT-25: the invoice that it credits.
    pub invoice_number: String,
    /// Which invoice that is.
    pub invoice_digest: Digest,
    /// What it gives back, BT-115.
    pub amount: Amount,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether the receivable has yet to be withdrawn.
    pub withdraw: bool,
    /// What is issued then; nothing, where nothing is left.
    pub left: Option<Owed>,
}

impl Credit {
    /// Reads a note. The invoice's digest follows from the note alone, by its seller and the number
    /// that it names; where the invoice is given, the note must fit it.
    ///
    /// # Errors
    /// [`CreditError`], the first that applies.
    pub fn of(note: &Invoice, invoice: Option<&Claim>) -> Result<Self, CreditError> {
        let number = note.number.clone();
        if note.kind != DocumentKind::CreditNote {
            return Err(CreditError::NotACreditNote { number });
        }
        let [named] = note.preceding.as_slice() else {
            let count = note.preceding.len();
            return Err(CreditError::NotOneInvoice { number, count });
        };
        if let Some(claim) = invoice {
            fits(note, &claim.invoice)?;
        }
        let payable = note.totals.payable;
        let exponent = note.currency.exponent().unwrap_or(0);
        let minor = payable.to_minor(exponent).filter(|minor| *minor > 0);
        let minor = minor.ok_or(CreditError::NothingCredited { payable })?;
        let note_digest = identity_digest(note)?;
        let other = note.seller.other_ids.first();
        let identity = Identity {
            kind: DocumentKind::Invoice,
            vat_id: note.seller.vat_id.as_deref(),
            registration_id: note.seller.registration_id.as_deref(),
            other_id: other
                .map(|(scheme, id)| (scheme.as_deref().unwrap_or_default(), id.as_str())),
            number: &named.number,
        };
        let invoice_digest = invoice.map(|claim| claim.invoice_digest);
        let unknown = || CreditError::UnknownInvoice {
            number: named.number.clone(),
        };
        Ok(Self {
            number,
            note_digest,
            invoice_number: named.number.clone(),
            invoice_digest: invoice_digest
                .or_else(|| identity.digest())
                .ok_or_else(unknown)?,
            amount: Amount::new(minor, note.currency),
        })
    }

    /// The id of what this note leaves, so that no note is taken off twice: the invoice's receivable
    /// id, `-c-` and the first sixteen hex digits of the note's digest. An id is never free again.
    pub fn receivable_id(&self) -> String {
        let base = receivable_id(&self.invoice_digest);
        format!("{base}-c-{}", &self.note_digest.to_string()[..16])
    }

    /// What is to be done with the receivable on the invoice.
    ///
    /// # Errors
    /// [`CreditError`], the first that applies.
    pub fn against(
        &self,
        found: &ReceivableResponse,
        seller: &MemberId,
        resume: bool,
    ) -> Result<Plan, CreditError> {
        let id = found.id.clone();
        if found.seller != seller.as_str() {
            let seller = found.seller.clone();
            return Err(CreditError::NotTheSeller { id, seller });
        }
        let withdraw = match found.status {
            Status::Issued => true,
            Status::Withdrawn if resume => false,
            Status::Withdrawn => return Err(CreditError::Withdrawn { id }),
            Status::Confirmed | Status::Financed => return Err(CreditError::Confirmed { id }),
            Status::Settled => return Err(CreditError::Settled { id }),
            Status::Refused => return Err(CreditError::Refused { id }),
        };
        if found.currency.as_str() != self.amount.currency.as_str() {
            return Err(CreditError::OtherCurrency {
                id,
                note: self.amount.currency.to_string(),
                owed: found.currency.as_str().to_owned(),
            });
        }
        let owed = Amount::new(found.amount.u128(), self.amount.currency);
        let Some(left) = owed.minor.checked_sub(self.amount.minor) else {
            let credited = self.amount;
            return Err(CreditError::MoreThanOwed { id, credited, owed });
        };
        let due_date = Date::parse(&found.due_date.to_string());
        let left = (left > 0).then_some(()).and(due_date).map(|due_date| Owed {
            invoice_digest: self.invoice_digest,
            amount: Amount::new(left, self.amount.currency),
            due_date,
        });
        match (withdraw, left) {
            (false, None) => Err(CreditError::Withdrawn { id }),
            (withdraw, left) => Ok(Plan { withdraw, left }),
        }
    }
}

/// Whether a note is one on this invoice.
fn fits(note: &Invoice, invoice: &Invoice) -> Result<(), CreditError> {
    let Some(named) = note.preceding.first() else {
        return Ok(());
    };
    let other = |what| CreditError::OtherInvoice {
        named: named.number.clone(),
        given: invoice.number.clone(),
        what,
    };
    if named.number != invoice.number {
        return Err(other("the number"));
    }
    if named
        .issue_date
        .is_some_and(|day| day != invoice.issue_date)
    {
        return Err(other("the day of issue (BT-26)"));
    }
    if note.currency != invoice.currency {
        return Err(other("the currency"));
    }
    if !same(&note.seller, &invoice.seller) {
        let number = invoice.number.clone();
        return Err(CreditError::OtherSeller { number });
    }
    if !same(&note.buyer, &invoice.buyer) {
        return Err(other("the buyer"));
    }
    Ok(())
}

/// Whether two parties are one: by what both say of tax and register, else by name.
fn same(one: &Party, other: &Party) -> bool {
    let plain = |id: &String| -> String {
        let kept = id.chars().filter(|c| c.is_alphanumeric());
        kept.map(|c| c.to_ascii_uppercase()).collect()
    };
    let both = |a: &Option<String>, b: &Option<String>| {
        let pair = a.as_ref().zip(b.as_ref());
        pair.map(|(a, b)| plain(a) == plain(b))
    };
    both(&one.vat_id, &other.vat_id)
        .or_else(|| both(&one.registration_id, &other.registration_id))
        .unwrap_or(one.name == other.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        invoice::read,
        receivable::{SAMPLE_INVOICE, import},
        xml::Limits,
    };
    use blockworm_kit::{CivilDate, Currency, assets::AssetId};
    use cosmwasm_std::Uint128;

    const NOTE: &str = include_str!("../../../../samples/steel-credit-note.xml");
    const SELLER: &str = "platform/supplier-3f9a";

    fn code(text: &str, invoice: Option<&Claim>) -> &'static str {
        let note = read(text.as_bytes(), &Limits::default()).unwrap();
        Credit::of(&note, invoice).map_or_else(|error| error.code(), |_| "good")
    }

    fn credit() -> Credit {
        let note = read(NOTE.as_bytes(), &Limits::default()).unwrap();
        Credit::of(&note, None).unwrap()
    }

    fn receivable(status: Status, minor: u128) -> ReceivableResponse {
        ReceivableResponse {
            id: "r-1".into(),
            asset: AssetId::of("receivable-cny", &[7; 32]).unwrap(),
            status,
            overdue: false,
            invoice_digest: credit().invoice_digest.to_string(),
            document_commitment: None,
            seller: SELLER.into(),
            buyer: "platform/buyer-c27e".into(),
            amount: Uint128::new(minor),
            currency: Currency::parse("CNY").unwrap(),
            due_date: CivilDate::parse("2027-01-31").unwrap(),
            settled: Uint128::zero(),
            financier: None,
        }
    }

    #[test]
    fn a_note_names_its_invoice_without_it() {
        let claim = import(SAMPLE_INVOICE).unwrap();
        assert_eq!(credit().invoice_digest, claim.invoice_digest);
        assert_eq!(code(NOTE, Some(&claim)), "good");
        let mut other = claim.clone();
        other.invoice.seller.vat_id = Some("CN91990000MA0P5Q2R8M".into());
        assert_eq!(code(NOTE, Some(&other)), "credit.other_seller");
        let mut other = claim.clone();
        other.invoice.buyer.vat_id = Some("CN91990000MA0K0L3N77".into());
        assert_eq!(code(NOTE, Some(&other)), "credit.other_invoice");
        let later = NOTE.replace("<cbc:IssueDate>2026-11-02<", "<cbc:IssueDate>2026-11-03<");
        assert_ne!(later, NOTE);
        assert_eq!(code(&later, Some(&claim)), "credit.other_invoice");
        let paid = "<cbc:PrepaidAmount currencyID=\"CNY\">14817.00</cbc:PrepaidAmount>\
            <cbc:PayableAmount currencyID=\"CNY\">0.00<";
        let paid = NOTE.replace("<cbc:PayableAmount currencyID=\"CNY\">14817.00<", paid);
        assert_eq!(code(&paid, None), "credit.nothing_credited");
    }

    #[test]
    fn what_is_left_follows_from_where_the_receivable_stands() {
        let credit = credit();
        let seller = SELLER.parse().unwrap();
        let of = |status, minor, resume| {
            let plan = credit.against(&receivable(status, minor), &seller, resume);
            plan.map(|plan| (plan.withdraw, plan.left.map(|left| left.amount.minor)))
                .map_err(|error| error.code())
        };
        assert_eq!(
            of(Status::Issued, 2_000_000, false),
            Ok((true, Some(518_300)))
        );
        assert_eq!(of(Status::Issued, 1_481_700, false), Ok((true, None)));
        assert_eq!(
            of(Status::Issued, 1_481_699, false),
            Err("credit.more_than_owed")
        );
        assert_eq!(
            of(Status::Withdrawn, 2_000_000, true),
            Ok((false, Some(518_300)))
        );
        assert_eq!(
            of(Status::Withdrawn, 1_481_700, true),
            Err("credit.withdrawn")
        );
        for (status, code) in [
            (Status::Withdrawn, "credit.withdrawn"),
            (Status::Confirmed, "credit.confirmed"),
            (Status::Financed, "credit.confirmed"),
            (Status::Settled, "credit.settled"),
            (Status::Refused, "credit.refused"),
        ] {
            assert_eq!(of(status, 2_000_000, false), Err(code));
        }
        assert_eq!(of(Status::Refused, 2_000_000, true), Err("credit.refused"));
        let other = "platform/other-1111".parse().unwrap();
        let refused = credit.against(&receivable(Status::Issued, 2_000_000), &other, false);
        assert_eq!(refused.unwrap_err().code(), "credit.not_the_seller");
    }
}
