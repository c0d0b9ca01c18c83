//! From an invoice's file to a claim that can be put on the ledger.

pub use crate::commitment::{Opening, Salt};
use crate::decimal::Decimal;
use crate::invoice::{self, Date, DocumentKind, Finding, Invoice, InvoiceError, Kind, Place};
use crate::xml::Limits;
use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::Amount;
use serde::Serialize;

/// Why an invoice is no claim to be financed, though it may be a good document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not a readable invoice, or its figures do not add up.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// A credit note gives money back.
    #[error("{number} is a credit note: nobody owes it")]
    CreditNote {
        /// BT-1.
        number: String,
    },
    /// Nothing left to pay.
    #[error("the amount due (BT-115) is {payable}: there is nothing to finance")]
    NothingPayable {
        /// BT-115.
        payable: Decimal,
    },
    /// No due date, so nobody could tell when it is overdue.
    #[error(
        "/Invoice/cbc:DueDate (BT-9) is missing: a receivable needs the day on which it is due"
    )]
    DueDateMissing,
    /// Due before it was issued.
    #[error("the invoice is due on {due_date} (BT-9), before its issue on {issue_date} (BT-2)")]
    DueBeforeIssue {
        /// BT-9.
        due_date: Date,
        /// BT-2.
        issue_date: Date,
    },
}

impl ImportError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invoice(error) => error.code(),
            Self::CreditNote { .. } => "invoice.credit_note",
            Self::NothingPayable { .. } => "invoice.nothing_payable",
            Self::DueDateMissing => "invoice.field_missing",
            Self::DueBeforeIssue { .. } => "invoice.due_before_issue",
        }
    }

    /// The rules that the document breaks, if that is why.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Invoice(error) => error.findings(),
            _ => &[],
        }
    }
}

/// A checked invoice with what the ledger will hold of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The invoice; it stays off the ledger.
    pub invoice: Invoice,
    /// Equal for every copy of the invoice: the ledger registers it once.
    pub invoice_digest: Digest,
    /// SHA-256 of the file's bytes; only its commitment goes on the ledger.
    pub file_digest: Digest,
    /// What the buyer owes, BT-115.
    pub amount: Amount,
    /// The day on which it is due, BT-9.
    pub due_date: Date,
}

/// What the ledger is told of an invoice, wherever it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// Which invoice it is.
    pub invoice_digest: Digest,
    /// What the buyer owes.
    pub amount: Amount,
    /// The day on which it is due.
    pub due_date: Date,
}

impl Owed {
    /// An id for the receivable: `r-` and the first sixteen hex digits of the invoice's digest.
    pub fn receivable_id(&self) -> String {
        receivable_id(&self.invoice_digest)
    }
}

/// See [`Owed::receivable_id`].
pub fn receivable_id(invoice_digest: &Digest) -> String {
    format!("r-{}", &invoice_digest.to_string()[..16])
}

impl Claim {
    /// An id for the receivable: `r-` and the first sixteen hex digits of the invoice's digest.
    pub fn receivable_id(&self) -> String {
        receivable_id(&self.invoice_digest)
    }

    /// What goes on the ledger, without the invoice.
    pub fn owed(&self) -> Owed {
        Owed {
            invoice_digest: self.invoice_digest,
            amount: self.amount,
            due_date: self.due_date,
        }
    }

    /// What opens the commitment that goes on the ledger: keep it with the file.
    pub fn opening(&self, salt: Salt) -> Opening {
        Opening {
            file_digest: self.file_digest,
            salt,
        }
    }
}

/// Reads and checks an invoice. Nothing is kept when anything is wrong.
pub fn import(file: &[u8]) -> Result<Claim, ImportError> {
    let invoice = invoice::read(file, &Limits::default())?;
    if invoice.kind == DocumentKind::CreditNote {
        return Err(ImportError::CreditNote {
            number: invoice.number,
        });
    }
    let payable = invoice.totals.payable;
    if payable.is_zero() || payable.is_negative() {
        return Err(ImportError::NothingPayable { payable });
    }
    let exponent = invoice.currency.exponent().unwrap_or(0);
    let minor = payable
        .to_minor(exponent)
        .ok_or_else(|| too_large(payable))?;
    let due_date = invoice.due_date.ok_or(ImportError::DueDateMissing)?;
    if due_date < invoice.issue_date {
        return Err(ImportError::DueBeforeIssue {
            due_date,
            issue_date: invoice.issue_date,
        });
    }
    Ok(Claim {
        invoice_digest: invoice::identity_digest(&invoice)?,
        file_digest: sha256(&[file]),
        amount: Amount::new(minor, invoice.currency),
        due_date,
        invoice,
    })
}

fn too_large(payable: Decimal) -> InvoiceError {
    let place = Place::new(
        "BT-115",
        "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount",
    );
    let found = payable.to_string();
    let wanted = "an amount that a ledger holds";
    InvoiceError::one(Kind::TooLarge, "ISO-4217", place, Some(&found), wanted)
}

/// The shipped invoice under another number, so that its story can be told again on a ledger that
/// knows it: copy 0 is the file as shipped, copy 2 has the number `CL-2026-004417-2`.
pub fn sample_invoice(copy: u32) -> Vec<u8> {
    let text = String::from_utf8_lossy(super::SAMPLE_INVOICE);
    if copy == 0 {
        return super::SAMPLE_INVOICE.to_vec();
    }
    text.replace("CL-2026-004417</", &format!("CL-2026-004417-{copy}</"))
        .into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::receivable::SAMPLE_INVOICE;

    fn with(from: &str, to: &str) -> Vec<u8> {
        let text = std::str::from_utf8(SAMPLE_INVOICE).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    }

    #[test]
    fn the_sample_is_a_claim() {
        let claim = import(SAMPLE_INVOICE).unwrap();
        assert_eq!(
            claim.amount.to_string(),
            Amount::new(164_814_405, claim.invoice.currency).to_string()
        );
        assert_eq!(claim.due_date.to_string(), "2027-01-31");
        // Anybody can recompute it: see docs/workflows/receivable.md.
        assert_eq!(
            claim.invoice_digest.to_string(),
            "0c213e0f3149cba5ba1cab1ca1627c8c17a21d7790924770e66372bb8d4b792b"
        );
        let copy = import(&sample_invoice(2)).unwrap();
        assert_eq!(copy.invoice.number, "CL-2026-004417-2");
        assert_ne!(copy.receivable_id(), claim.receivable_id());
    }

    #[test]
    fn what_nobody_owes_is_no_claim() {
        let credit = with("<cbc:InvoiceTypeCode>380<", "<cbc:InvoiceTypeCode>381<");
        assert_eq!(import(&credit).unwrap_err().code(), "invoice.credit_note");
        let paid = String::from_utf8(with(">200000.00<", ">1848144.05<")).unwrap();
        let paid = paid.replace(">1648144.05<", ">0.00<");
        assert_eq!(
            import(paid.as_bytes()).unwrap_err().code(),
            "invoice.nothing_payable"
        );
        let undated = with("<cbc:DueDate>2027-01-31</cbc:DueDate>", "");
        assert_eq!(import(&undated).unwrap_err(), ImportError::DueDateMissing);
        let early = with("<cbc:DueDate>2027-01-31<", "<cbc:DueDate>2026-11-01<");
        assert_eq!(
            import(&early).unwrap_err().code(),
            "invoice.due_before_issue"
        );
    }

    #[test]
    fn a_commitment_opens_for_its_file_alone() {
        let claim = import(SAMPLE_INVOICE).unwrap();
        let opening = claim.opening(Salt([7; 32]));
        let commitment = opening.commitment();
        assert!(opening.opens(&commitment, SAMPLE_INVOICE));
        assert!(!opening.opens(&commitment, &SAMPLE_INVOICE[1..]));
        assert!(
            !claim
                .opening(Salt([8; 32]))
                .opens(&commitment, SAMPLE_INVOICE)
        );
        let json = serde_json::to_string(&opening).unwrap();
        assert_eq!(serde_json::from_str::<Opening>(&json).unwrap(), opening);
        assert_ne!(Salt::random().unwrap(), Salt::random().unwrap());
    }
}
