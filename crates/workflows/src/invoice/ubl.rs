//! UBL 2.1 (OASIS, ISO/IEC 19845) read as EN 16931-1 through the syntax binding of CEN/TS 16931-3-2.

use super::error::InvoiceError;
use super::node::{CAC, CBC, Node};
use super::{
    Adjustment, Date, DocumentKind, Invoice, Line, Party, Totals, VatCategory, VatSubtotal,
};
use crate::decimal::Decimal;
use crate::xml::{self, Interest, Limits};
use blockworm_ledger::Currency;

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";

const INTEREST: Interest = Interest {
    namespaces: &[INVOICE, CREDIT_NOTE, CAC, CBC],
    dropped_text: &["EmbeddedDocumentBinaryObject"],
};

/// Codes of UNTDID 1001 that EN 16931 lists for credit notes.
const CREDIT_NOTE_CODES: [&str; 11] = [
    "81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532",
];

/// Most bytes of an invoice's number.
const MAX_NUMBER_BYTES: usize = 100;

/// Reads one document. Figures are read, not judged: that is [`super::check_totals`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, InvoiceError> {
    let tree = xml::parse(bytes, limits, INTEREST)?;
    let root = Node::root(&tree);
    let kind = match (tree.namespace, tree.name.as_str()) {
        (Some(INVOICE), "Invoice") => DocumentKind::Invoice,
        (Some(CREDIT_NOTE), "CreditNote") => DocumentKind::CreditNote,
        _ => {
            return Err(InvoiceError::NotUbl {
                found: tree.name.chars().take(100).collect(),
            });
        }
    };
    Document::new(root, kind)?.read()
}

/// What reading a part needs of the whole.
struct Document<'a> {
    root: Node<'a>,
    kind: DocumentKind,
    currency: Currency,
    exponent: u8,
}

impl<'a> Document<'a> {
    fn new(root: Node<'a>, kind: DocumentKind) -> Result<Self, InvoiceError> {
        let node = root.required("cbc:DocumentCurrencyCode", "BT-5")?;
        let code = node.text("BT-5")?;
        let known = code
            .parse::<Currency>()
            .ok()
            .and_then(|currency| Some((currency, currency.exponent()?)));
        let (currency, exponent) = known.ok_or_else(|| InvoiceError::CurrencyUnknown {
            path: node.path.clone(),
            code: code.chars().take(20).collect(),
        })?;
        Ok(Self {
            root,
            kind,
            currency,
            exponent,
        })
    }

    fn read(self) -> Result<Invoice, InvoiceError> {
        let root = &self.root;
        let (type_name, line_name) = match self.kind {
            DocumentKind::Invoice => ("cbc:InvoiceTypeCode", "cac:InvoiceLine"),
            DocumentKind::CreditNote => ("cbc:CreditNoteTypeCode", "cac:CreditNoteLine"),
        };
        let number_node = root.required("cbc:ID", "BT-1")?;
        let number = number_node.text("BT-1")?;
        if number.len() > MAX_NUMBER_BYTES {
            return Err(number_node.invalid(
                "BT-1",
                format!("a number has at most {MAX_NUMBER_BYTES} bytes"),
            ));
        }
        let type_code = root.required_text(type_name, "BT-3")?;
        let is_credit_note = CREDIT_NOTE_CODES.contains(&type_code.as_str());
        let lines = root
            .all(line_name)
            .map(|node| self.line(&node))
            .collect::<Result<Vec<_>, _>>()?;
        if lines.is_empty() {
            return Err(InvoiceError::FieldMissing {
                path: format!("{}/{line_name}", root.path),
                term: "BG-25",
            });
        }
        let (vat_total, vat) = self.vat()?;
        Ok(Invoice {
            kind: if is_credit_note {
                DocumentKind::CreditNote
            } else {
                self.kind
            },
            type_code,
            number,
            issue_date: date(&root.required("cbc:IssueDate", "BT-2")?, "BT-2")?,
            due_date: self.due_date()?,
            currency: self.currency,
            seller: party(root, "cac:AccountingSupplierParty", &SELLER)?,
            buyer: party(root, "cac:AccountingCustomerParty", &BUYER)?,
            totals: self.totals(vat_total)?,
            vat,
            adjustments: self.adjustments()?,
            lines,
        })
    }

    fn due_date(&self) -> Result<Option<Date>, InvoiceError> {
        let stated = match self.kind {
            DocumentKind::Invoice => self.root.optional("cbc:DueDate", "BT-9")?,
            DocumentKind::CreditNote => {
                let means: Vec<Node<'a>> = self.root.all("cac:PaymentMeans").collect();
                let dates = means
                    .iter()
                    .map(|node| node.optional("cbc:PaymentDueDate", "BT-9"));
                dates
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .next()
            }
        };
        stated.map(|node| date(&node, "BT-9")).transpose()
    }

    /// The amount in an element, in the invoice's currency and with no more digits than it has.
    fn amount(&self, node: &Node<'_>, term: &'static str) -> Result<Decimal, InvoiceError> {
        let value = self.price(node, term)?;
        if value.scale() > self.exponent {
            return Err(InvoiceError::CurrencyDecimals {
                path: node.path.clone(),
                value,
                currency: self.currency,
                exponent: self.exponent,
            });
        }
        Ok(value)
    }

    /// The same for a price per unit, which may be finer than any coin.
    fn price(&self, node: &Node<'_>, term: &'static str) -> Result<Decimal, InvoiceError> {
        let currency =
            node.element
                .attribute("currencyID")
                .ok_or_else(|| InvoiceError::FieldMissing {
                    path: format!("{}/@currencyID", node.path),
                    term,
                })?;
        if currency != self.currency.as_str() {
            return Err(InvoiceError::CurrencyMismatch {
                path: node.path.clone(),
                found: currency.chars().take(20).collect(),
                expected: self.currency.to_string(),
            });
        }
        node.number(term)
    }

    fn required_amount(
        &self,
        at: &Node<'_>,
        name: &'static str,
        term: &'static str,
    ) -> Result<Decimal, InvoiceError> {
        self.amount(&at.required(name, term)?, term)
    }

    fn optional_amount(
        &self,
        at: &Node<'_>,
        name: &'static str,
        term: &'static str,
    ) -> Result<Option<Decimal>, InvoiceError> {
        at.optional(name, term)?
            .map(|node| self.amount(&node, term))
            .transpose()
    }

    fn totals(&self, vat: Option<Decimal>) -> Result<Totals, InvoiceError> {
        let at = self.root.required("cac:LegalMonetaryTotal", "BG-22")?;
        Ok(Totals {
            lines: self.required_amount(&at, "cbc:LineExtensionAmount", "BT-106")?,
            allowances: self.optional_amount(&at, "cbc:AllowanceTotalAmount", "BT-107")?,
            charges: self.optional_amount(&at, "cbc:ChargeTotalAmount", "BT-108")?,
            without_vat: self.required_amount(&at, "cbc:TaxExclusiveAmount", "BT-109")?,
            vat,
            with_vat: self.required_amount(&at, "cbc:TaxInclusiveAmount", "BT-112")?,
            prepaid: self.optional_amount(&at, "cbc:PrepaidAmount", "BT-113")?,
            rounding: self.optional_amount(&at, "cbc:PayableRoundingAmount", "BT-114")?,
            payable: self.required_amount(&at, "cbc:PayableAmount", "BT-115")?,
        })
    }

    /// BT-110 and BG-23. A `TaxTotal` in another currency is BT-111, for the tax office alone.
    fn vat(&self) -> Result<(Option<Decimal>, Vec<VatSubtotal>), InvoiceError> {
        let mut total = None;
        let mut subtotals = Vec::new();
        for node in self.root.all("cac:TaxTotal") {
            let amount = node.required("cbc:TaxAmount", "BT-110")?;
            if amount
                .element
                .attribute("currencyID")
                .is_some_and(|currency| currency != self.currency.as_str())
            {
                self.accounting_currency(&amount)?;
                continue;
            }
            if total.is_some() {
                return Err(InvoiceError::FieldRepeated {
                    path: amount.path,
                    term: "BT-110",
                });
            }
            total = Some(self.amount(&amount, "BT-110")?);
            for part in node.all("cac:TaxSubtotal") {
                let category = part.required("cac:TaxCategory", "BT-118")?;
                subtotals.push(VatSubtotal {
                    category: vat_category(&category, "BT-118", "BT-119")?,
                    taxable: self.required_amount(&part, "cbc:TaxableAmount", "BT-116")?,
                    tax: self.required_amount(&part, "cbc:TaxAmount", "BT-117")?,
                });
            }
        }
        Ok((total, subtotals))
    }

    /// A VAT total in another currency must be in the one that BT-6 names.
    fn accounting_currency(&self, amount: &Node<'_>) -> Result<(), InvoiceError> {
        let found = amount.element.attribute("currencyID").unwrap_or_default();
        let accounting = self.root.optional_text("cbc:TaxCurrencyCode", "BT-6")?;
        if accounting.as_deref() == Some(found) {
            return Ok(());
        }
        Err(InvoiceError::CurrencyMismatch {
            path: amount.path.clone(),
            found: found.chars().take(20).collect(),
            expected: accounting.unwrap_or_else(|| self.currency.to_string()),
        })
    }

    fn adjustments(&self) -> Result<Vec<Adjustment>, InvoiceError> {
        let read = |node: Node<'_>| {
            let is_charge = charge_indicator(&node)?;
            let (amount, category, rate) = if is_charge {
                ("BT-99", "BT-102", "BT-103")
            } else {
                ("BT-92", "BT-95", "BT-96")
            };
            Ok(Adjustment {
                is_charge,
                amount: self.required_amount(&node, "cbc:Amount", amount)?,
                category: vat_category(
                    &node.required("cac:TaxCategory", category)?,
                    category,
                    rate,
                )?,
            })
        };
        self.root.all("cac:AllowanceCharge").map(read).collect()
    }

    fn line(&self, node: &Node<'_>) -> Result<Line, InvoiceError> {
        let quantity_name = match self.kind {
            DocumentKind::Invoice => "cbc:InvoicedQuantity",
            DocumentKind::CreditNote => "cbc:CreditedQuantity",
        };
        let quantity = node.required(quantity_name, "BT-129")?;
        let item = node.required("cac:Item", "BG-31")?;
        let price = node.required("cac:Price", "BG-29")?;
        let mut adjustments = Decimal::ZERO;
        for adjustment in node.all("cac:AllowanceCharge") {
            let is_charge = charge_indicator(&adjustment)?;
            let amount = self.required_amount(
                &adjustment,
                "cbc:Amount",
                if is_charge { "BT-141" } else { "BT-136" },
            )?;
            let signed = if is_charge { amount } else { amount.negated() };
            adjustments = adjustments
                .plus(signed)
                .ok_or(InvoiceError::NumberTooLarge { rule: "BT-131" })?;
        }
        let base = price
            .optional("cbc:BaseQuantity", "BT-149")?
            .map(|base| base.number("BT-149"))
            .transpose()?;
        Ok(Line {
            id: node.required_text("cbc:ID", "BT-126")?,
            item: item.required_text("cbc:Name", "BT-153")?,
            quantity: quantity.number("BT-129")?,
            unit: quantity
                .element
                .attribute("unitCode")
                .map(|unit| unit.chars().take(20).collect()),
            price: self.price(&price.required("cbc:PriceAmount", "BT-146")?, "BT-146")?,
            price_base: base.unwrap_or(Decimal::ONE),
            adjustments,
            net: self.required_amount(node, "cbc:LineExtensionAmount", "BT-131")?,
            category: line_category(&item)?,
        })
    }
}

/// The business terms of one side.
struct PartyTerms {
    party: &'static str,
    name: &'static str,
    trading_name: &'static str,
    vat_id: &'static str,
    registration_id: &'static str,
    other_id: &'static str,
    country: &'static str,
}

const SELLER: PartyTerms = PartyTerms {
    party: "BG-4",
    name: "BT-27",
    trading_name: "BT-28",
    vat_id: "BT-31",
    registration_id: "BT-30",
    other_id: "BT-29",
    country: "BT-40",
};

const BUYER: PartyTerms = PartyTerms {
    party: "BG-7",
    name: "BT-44",
    trading_name: "BT-45",
    vat_id: "BT-48",
    registration_id: "BT-47",
    other_id: "BT-46",
    country: "BT-55",
};

fn party(root: &Node<'_>, role: &'static str, terms: &PartyTerms) -> Result<Party, InvoiceError> {
    let at = root
        .required(role, terms.party)?
        .required("cac:Party", terms.party)?;
    let legal = at.required("cac:PartyLegalEntity", terms.name)?;
    let mut vat_id = None;
    for scheme in at.all("cac:PartyTaxScheme").filter(|node| is_vat(node)) {
        if vat_id.is_some() {
            return Err(InvoiceError::FieldRepeated {
                path: scheme.path,
                term: terms.vat_id,
            });
        }
        vat_id = Some(scheme.required_text("cbc:CompanyID", terms.vat_id)?);
    }
    let mut other_ids = Vec::new();
    for identification in at.all("cac:PartyIdentification") {
        let id = identification.required("cbc:ID", terms.other_id)?;
        let scheme = id
            .element
            .attribute("schemeID")
            .map(|scheme| scheme.chars().take(20).collect());
        other_ids.push((scheme, id.text(terms.other_id)?));
    }
    let trading_name = match at.optional("cac:PartyName", terms.trading_name)? {
        Some(name) => name.optional_text("cbc:Name", terms.trading_name)?,
        None => None,
    };
    let address = at.optional("cac:PostalAddress", terms.country)?;
    let country = match address
        .map(|node| node.optional("cac:Country", terms.country))
        .transpose()?
        .flatten()
    {
        Some(country) => country.optional_text("cbc:IdentificationCode", terms.country)?,
        None => None,
    };
    Ok(Party {
        name: legal.required_text("cbc:RegistrationName", terms.name)?,
        trading_name,
        vat_id,
        registration_id: legal.optional_text("cbc:CompanyID", terms.registration_id)?,
        other_ids,
        country,
    })
}

fn date(node: &Node<'_>, term: &'static str) -> Result<Date, InvoiceError> {
    Date::parse(&node.text(term)?)
        .ok_or_else(|| node.invalid(term, "it is not a date YYYY-MM-DD".into()))
}

/// `xsd:boolean`.
fn charge_indicator(node: &Node<'_>) -> Result<bool, InvoiceError> {
    let indicator = node.required("cbc:ChargeIndicator", "BG-20")?;
    match indicator.text("BG-20")?.as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(indicator.invalid("BG-20", "it is neither true nor false".into())),
    }
}

/// Whether a tax scheme or category is about VAT; others have no place in EN 16931's figures.
fn is_vat(node: &Node<'_>) -> bool {
    node.all("cac:TaxScheme")
        .flat_map(|scheme| scheme.all("cbc:ID").collect::<Vec<_>>())
        .any(|id| id.element.text.trim().eq_ignore_ascii_case("VAT"))
}

fn line_category(item: &Node<'_>) -> Result<VatCategory, InvoiceError> {
    let mut found = item.all("cac:ClassifiedTaxCategory").filter(is_vat);
    let path = format!("{}/cac:ClassifiedTaxCategory", item.path);
    match (found.next(), found.next()) {
        (Some(category), None) => vat_category(&category, "BT-151", "BT-152"),
        (Some(_), Some(_)) => Err(InvoiceError::FieldRepeated {
            path,
            term: "BT-151",
        }),
        (None, _) => Err(InvoiceError::FieldMissing {
            path,
            term: "BT-151",
        }),
    }
}

fn vat_category(
    node: &Node<'_>,
    code: &'static str,
    rate: &'static str,
) -> Result<VatCategory, InvoiceError> {
    let percent = node
        .optional("cbc:Percent", rate)?
        .map(|percent| percent.number(rate))
        .transpose()?;
    Ok(VatCategory {
        code: node.required_text("cbc:ID", code)?,
        rate: percent.unwrap_or(Decimal::ZERO),
    })
}
