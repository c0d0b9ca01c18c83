//! Sellers, buyers and tax representatives.

use super::codes::{has_country_prefix, is_country};
use super::reader::{Reader, Term, optional, required};
use crate::invoice::draft::DraftParty;
use crate::invoice::finding::{Kind, UBL};
use crate::invoice::node::Node;

/// The business terms of one side.
pub struct Terms {
    party: Term,
    name: Term,
    trading_name: Term,
    vat_id: Term,
    registration_id: Term,
    other_id: Term,
    address: Term,
    country: Term,
}

/// BG-4.
pub const SELLER: Terms = Terms {
    party: required("BG-4", UBL),
    name: required("BT-27", "BR-06"),
    trading_name: optional("BT-28"),
    vat_id: required("BT-31", UBL),
    registration_id: optional("BT-30"),
    other_id: required("BT-29", UBL),
    address: required("BG-5", "BR-08"),
    country: required("BT-40", "BR-09"),
};

/// BG-7.
pub const BUYER: Terms = Terms {
    party: required("BG-7", UBL),
    name: required("BT-44", "BR-07"),
    trading_name: optional("BT-45"),
    vat_id: required("BT-48", UBL),
    registration_id: optional("BT-47"),
    other_id: required("BT-46", UBL),
    address: required("BG-8", "BR-10"),
    country: required("BT-55", "BR-11"),
};

impl Reader {
    /// One side of the invoice; as much as there is.
    pub fn party(&mut self, root: &Node<'_>, role: &'static str, terms: &Terms) -> DraftParty {
        let mut party = DraftParty {
            path: root.child_path(role),
            ..DraftParty::default()
        };
        let at = self
            .child(root, role, terms.party)
            .and_then(|node| self.child(&node, "cac:Party", terms.party));
        let Some(at) = at else {
            return party;
        };
        party.path.clone_from(&at.path);
        for identification in at.all("cac:PartyIdentification") {
            if let Some(node) = self.child(&identification, "cbc:ID", terms.other_id)
                && let Some(id) = self.text_of(&node, terms.other_id)
            {
                party.other_ids.push((node.attribute("schemeID"), id));
            }
        }
        if let Some(name) = self.child(&at, "cac:PartyName", terms.trading_name) {
            party.trading_name = self.text(&name, "cbc:Name", terms.trading_name);
        }
        if let Some(address) = self.child(&at, "cac:PostalAddress", terms.address) {
            party.country = self.country(&address, terms.country);
        }
        (party.vat_id, party.tax_id) = self.tax_ids(&at, terms.vat_id);
        if let Some(legal) = self.child(&at, "cac:PartyLegalEntity", terms.name) {
            party.name = self.text(&legal, "cbc:RegistrationName", terms.name);
            party.registration_id = self.text(&legal, "cbc:CompanyID", terms.registration_id);
        }
        party
    }

    /// BT-63, the VAT identifier of the seller's tax representative.
    pub fn representative_vat_id(&mut self, root: &Node<'_>) -> Option<String> {
        let at = self.child(root, "cac:TaxRepresentativeParty", optional("BG-11"))?;
        let term = required("BT-63", "BR-56");
        let (vat_id, _) = self.tax_ids(&at, term);
        if vat_id.is_none() {
            let place = term.at(at.child_path("cac:PartyTaxScheme/cbc:CompanyID"));
            self.findings
                .missing("BR-56", place, "the representative's VAT identifier");
        }
        vat_id
    }

    fn country(&mut self, address: &Node<'_>, term: Term) -> Option<String> {
        let at = self.child(address, "cac:Country", term)?;
        let node = self.child(&at, "cbc:IdentificationCode", term)?;
        let code = self.text_of(&node, term)?;
        if !is_country(&code) {
            let place = term.at(node.path);
            self.findings.note(
                Kind::Invalid,
                "BR-CL-14",
                place,
                Some(&code),
                "a country of ISO 3166-1",
            );
        }
        Some(code)
    }

    /// The identifiers for VAT and for any other tax (BT-32 of a seller).
    fn tax_ids(&mut self, at: &Node<'_>, term: Term) -> (Option<String>, Option<String>) {
        let (mut vat_id, mut tax_id) = (None, None);
        for scheme in at.all("cac:PartyTaxScheme") {
            if !is_vat(&scheme) {
                tax_id = tax_id.or(self.text(&scheme, "cbc:CompanyID", optional("BT-32")));
                continue;
            }
            let Some(node) = self.child(&scheme, "cbc:CompanyID", term) else {
                continue;
            };
            let Some(id) = self.text_of(&node, term) else {
                continue;
            };
            let place = term.at(node.path);
            if vat_id.is_some() {
                self.findings
                    .note(Kind::Repeated, UBL, place, Some(&id), "one VAT identifier");
                continue;
            }
            if !has_country_prefix(&id) {
                self.findings.note(
                    Kind::Invalid,
                    "BR-CO-09",
                    place,
                    Some(&id),
                    "a VAT identifier that begins with its country (ISO 3166-1, or EL)",
                );
            }
            vat_id = Some(id);
        }
        (vat_id, tax_id)
    }
}

/// Whether a tax scheme or category is about VAT; others have no place in EN 16931's figures.
pub fn is_vat(node: &Node<'_>) -> bool {
    let schemes = node.all("cac:TaxScheme");
    let mut ids = schemes.iter().flat_map(|scheme| scheme.all("cbc:ID"));
    ids.any(|id| id.element.text.trim().eq_ignore_ascii_case("VAT"))
}
