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
    let kind: &[u8] = match invoice.kind {
        DocumentKind::Invoice => b"invoice",
        DocumentKind::CreditNote => b"credit_note",
    };
    let seller = seller_identifier(invoice)?;
    let mut hashed = DOMAIN.to_vec();
    hashed.push(0);
    for part in [kind, seller.as_bytes(), invoice.number.as_bytes()] {
        let length = u32::try_from(part.len()).map_err(|_| too_long())?;
        hashed.extend_from_slice(&length.to_be_bytes());
        hashed.extend_from_slice(part);
    }
    Ok(sha256(&[&hashed]))
}

fn too_long() -> InvoiceError {
    let place = Place::new("BT-1", "/Invoice/cbc:ID");
    InvoiceError::one(Kind::TooLarge, UBL, place, None, "fewer bytes")
}

/// The seller's VAT identifier (BT-31), else its registration (BT-30), else its first other identifier
/// (BT-29); BR-CO-26 requires one. ASCII letters are written large and only ASCII letters and digits
/// and other scripts' characters kept, because `NL8200.98.395.B.01` and `NL820098395B01` are one company.
fn seller_identifier(invoice: &Invoice) -> Result<String, InvoiceError> {
    let seller = &invoice.seller;
    let candidates = [
        seller.vat_id.as_ref().map(|id| ("vat", "", id)),
        seller
            .registration_id
            .as_ref()
            .map(|id| ("registration", "", id)),
        seller
            .other_ids
            .first()
            .map(|(scheme, id)| ("other", scheme.as_deref().unwrap_or_default(), id)),
    ];
    for (sort, scheme, id) in candidates.into_iter().flatten() {
        let plain: String = id
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || !character.is_ascii())
            .map(|character| character.to_ascii_uppercase())
            .collect();
        if !plain.is_empty() {
            return Ok(format!("{sort}:{scheme}:{plain}"));
        }
    }
    let path = "/Invoice/cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID";
    let wanted = "an identifier of the seller (BT-31, BT-30 or BT-29) with letters or digits";
    Err(InvoiceError::one(
        Kind::Missing,
        "BR-CO-26",
        Place::new("BT-31", path),
        None,
        wanted,
    ))
}
