//! Which invoice it is: a digest that is equal for every copy of one invoice (docs/workflows/receivable.md).

use super::error::InvoiceError;
use super::finding::{Kind, Place, UBL};
use super::{DocumentKind, Invoice};
use blockworm_crypto::{Digest, sha256};

/// First part of what is hashed; a change of the form below changes the number in it.
const DOMAIN: &[u8] = b"blockworm/invoice-identity/1";

/// SHA-256 over `blockworm/invoice-identity/1`, a zero byte, and then, each with its length in bytes as a u32 (big-endian)
/// before it: the kind (`invoice` or `credit_note`), the seller's identifier, the number (BT-1).
///
/// The number is unique for its seller (EN 16931-1, BT-1; Directive 2006/112/EC, article 226(2)), so
/// these name the claim, and neither the file's formatting nor a corrected figure makes another one
/// of it. The digest is not salted: two financings of one invoice must meet.
pub fn identity_digest(invoice: &Invoice) -> Result<Digest, InvoiceError> {
    let seller = &invoice.seller;
    let other = seller.other_ids.first();
    let identity = Identity {
        kind: invoice.kind,
        vat_id: seller.vat_id.as_deref(),
        registration_id: seller.registration_id.as_deref(),
        other_id: other.map(|(scheme, id)| (scheme.as_deref().unwrap_or_default(), id.as_str())),
        number: &invoice.number,
    };
    if identity.seller().is_none() {
        return Err(nameless());
    }
    identity.digest().ok_or_else(too_long)
}

/// What makes an invoice the one it is, wherever it stands: in a document, or in a row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// BT-31.
    pub vat_id: Option<&'a str>,
    /// BT-30.
    pub registration_id: Option<&'a str>,
    /// The first BT-29, with its scheme.
    pub other_id: Option<(&'a str, &'a str)>,
    /// BT-1, runs of white space as one space, none at the ends.
    pub number: &'a str,
}

impl Identity<'_> {
    /// See [`identity_digest`]; `None` without an identifier that has letters or digits.
    pub fn digest(&self) -> Option<Digest> {
        let kind: &[u8] = match self.kind {
            DocumentKind::Invoice => b"invoice",
            DocumentKind::CreditNote => b"credit_note",
        };
        let seller = self.seller()?;
        let mut hashed = DOMAIN.to_vec();
        hashed.push(0);
        for part in [kind, seller.as_bytes(), self.number.as_bytes()] {
            hashed.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            hashed.extend_from_slice(part);
        }
        Some(sha256(&[&hashed]))
    }

    /// The seller's VAT identifier (BT-31), else its registration (BT-30), else its first other
    /// identifier (BT-29); BR-CO-26 requires one. ASCII letters are written large and only ASCII
    /// letters and digits and other scripts' characters kept, because `NL8200.98.395.B.01` and
    /// `NL820098395B01` are one company.
    pub fn seller(&self) -> Option<String> {
        let candidates = [
            self.vat_id.map(|id| ("vat", "", id)),
            self.registration_id.map(|id| ("registration", "", id)),
            self.other_id.map(|(scheme, id)| ("other", scheme, id)),
        ];
        candidates
            .into_iter()
            .flatten()
            .find_map(|(sort, scheme, id)| {
                let plain: String = id
                    .chars()
                    .filter(|character| character.is_ascii_alphanumeric() || !character.is_ascii())
                    .map(|character| character.to_ascii_uppercase())
                    .collect();
                (!plain.is_empty()).then(|| format!("{sort}:{scheme}:{plain}"))
            })
    }
}

fn too_long() -> InvoiceError {
    let place = Place::new("BT-1", "/Invoice/cbc:ID");
    InvoiceError::one(Kind::TooLarge, UBL, place, None, "fewer bytes")
}

fn nameless() -> InvoiceError {
    let path = "/Invoice/cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID";
    let wanted = "an identifier of the seller (BT-31, BT-30 or BT-29) with letters or digits";
    let place = Place::new("BT-31", path);
    InvoiceError::one(Kind::Missing, "BR-CO-26", place, None, wanted)
}
