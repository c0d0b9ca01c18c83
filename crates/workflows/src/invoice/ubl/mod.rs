//! UBL 2.1 (OASIS, ISO/IEC 19845) read as EN 16931-1 through the syntax binding of CEN/TS 16931-3-2.

mod codes;
mod lines;
mod party;
mod reader;

use super::draft::{Draft, DraftSubtotal, DraftTotals, Figure};
use super::error::InvoiceError;
use super::finding::{Findings, Kind, UBL};
use super::node::{CAC, CBC, Node};
use super::{Date, DocumentKind, Preceding, Reference, ReferenceKind};
use crate::xml::{self, Interest, Limits};
use party::{BUYER, SELLER};
use reader::{Reader, Term, exponent_of, optional, required};

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";

const INTEREST: Interest = Interest {
    namespaces: &[INVOICE, CREDIT_NOTE, CAC, CBC],
    dropped_text: &["EmbeddedDocumentBinaryObject"],
    attributes: &[],
};

/// Most bytes of an invoice's number.
const MAX_NUMBER_BYTES: usize = 100;

/// Reads one document, and notes what is missing in it, repeated or of a wrong type.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<(Draft, Findings), InvoiceError> {
    let tree = xml::parse(bytes, limits, INTEREST)?;
    let kind = match (tree.namespace, tree.name.as_str()) {
        (Some(INVOICE), "Invoice") => DocumentKind::Invoice,
        (Some(CREDIT_NOTE), "CreditNote") => DocumentKind::CreditNote,
        _ => {
            return Err(InvoiceError::NotUbl {
                found: tree.name.chars().take(100).collect(),
            });
        }
    };
    let mut reader = Reader::default();
    let draft = reader.document(&Node::root(&tree), kind);
    Ok((draft, reader.findings))
}

impl Reader {
    fn document(&mut self, root: &Node<'_>, root_kind: DocumentKind) -> Draft {
        let (type_name, line_name) = match root_kind {
            DocumentKind::Invoice => ("cbc:InvoiceTypeCode", "cac:InvoiceLine"),
            DocumentKind::CreditNote => ("cbc:CreditNoteTypeCode", "cac:CreditNoteLine"),
        };
        self.text(root, "cbc:CustomizationID", required("BT-24", "BR-01"));
        let number = self.document_number(root);
        let issue_date = self.date(root, "cbc:IssueDate", required("BT-2", "BR-03"));
        let due_date = self.due_date(root, root_kind);
        let type_code = self.type_code(root, type_name);
        self.currencies(root);
        self.period(root, &DOCUMENT_PERIOD);
        self.tax_point(root);
        let is_credit_note = type_code.as_deref().is_some_and(codes::is_credit_note_type);
        let (totals, vat) = self.totals(root);
        let lines = root.all(line_name);
        if lines.is_empty() {
            let place = optional("BG-25").at(root.child_path(line_name));
            self.findings.missing("BR-16", place, "at least one line");
        }
        Draft {
            root: root.path.clone(),
            root_kind,
            kind: match is_credit_note {
                true => DocumentKind::CreditNote,
                false => root_kind,
            },
            type_code,
            number,
            issue_date,
            due_date,
            says_when: due_date.is_some()
                || root.has("cbc:DueDate")
                || root
                    .all("cac:PaymentTerms")
                    .iter()
                    .any(|node| node.has("cbc:Note")),
            currency: self.currency,
            tax_currency: self.text(root, "cbc:TaxCurrencyCode", optional("BT-6")),
            preceding: self.preceding(root),
            references: Self::references(root),
            seller: self.party(root, "cac:AccountingSupplierParty", &SELLER),
            buyer: self.party(root, "cac:AccountingCustomerParty", &BUYER),
            representative_vat_id: self.representative_vat_id(root),
            totals,
            vat,
            adjustments: self.adjustments(root),
            lines: lines
                .iter()
                .map(|node| self.line(node, root_kind))
                .collect(),
        }
    }

    fn document_number(&mut self, root: &Node<'_>) -> Option<String> {
        let term = required("BT-1", "BR-02");
        let node = self.child(root, "cbc:ID", term)?;
        let number = self.text_of(&node, term)?;
        if number.len() > MAX_NUMBER_BYTES {
            let wanted = format!("a number of at most {MAX_NUMBER_BYTES} bytes");
            self.findings.note(
                Kind::Invalid,
                UBL,
                term.at(node.path),
                Some(&number),
                wanted,
            );
        }
        Some(number)
    }

    fn type_code(&mut self, root: &Node<'_>, name: &'static str) -> Option<String> {
        let term = required("BT-3", "BR-04");
        let node = self.child(root, name, term)?;
        let code = self.text_of(&node, term)?;
        if !codes::is_invoice_type(&code) && !codes::is_credit_note_type(&code) {
            let wanted = "a type of UNTDID 1001 that EN 16931 lists (380 is an invoice)";
            let place = term.at(node.path);
            self.findings
                .note(Kind::Invalid, "BR-CL-01", place, Some(&code), wanted);
        }
        Some(code)
    }

    /// BT-5, which everything else needs, and whether BT-6 is a currency.
    fn currencies(&mut self, root: &Node<'_>) {
        let currencies = [
            (
                "cbc:DocumentCurrencyCode",
                required("BT-5", "BR-05"),
                "BR-CL-04",
            ),
            ("cbc:TaxCurrencyCode", optional("BT-6"), "BR-CL-05"),
        ];
        for (name, term, rule) in currencies {
            let Some(node) = self.child(root, name, term) else {
                continue;
            };
            let Some(code) = self.text_of(&node, term) else {
                continue;
            };
            match (exponent_of(&code), code.parse()) {
                (Some(exponent), Ok(currency)) if rule == "BR-CL-04" => {
                    self.currency = Some((currency, exponent));
                }
                (Some(_), Ok(_)) => {}
                _ => self.findings.note(
                    Kind::CurrencyUnknown,
                    rule,
                    term.at(node.path),
                    Some(&code),
                    "a currency of ISO 4217",
                ),
            }
        }
    }

    fn due_date(&mut self, root: &Node<'_>, kind: DocumentKind) -> Option<Date> {
        let term = optional("BT-9");
        match kind {
            DocumentKind::Invoice => self.date(root, "cbc:DueDate", term),
            DocumentKind::CreditNote => {
                let means = root.all("cac:PaymentMeans");
                let dates = means
                    .iter()
                    .map(|node| self.date(node, "cbc:PaymentDueDate", term));
                dates.collect::<Vec<_>>().into_iter().flatten().next()
            }
        }
    }

    /// BT-7 and BT-8 exclude each other.
    fn tax_point(&mut self, root: &Node<'_>) {
        let term = optional("BT-7");
        let date = self.date(root, "cbc:TaxPointDate", term);
        let has_code = root
            .all("cac:InvoicePeriod")
            .iter()
            .any(|period| period.has("cbc:DescriptionCode"));
        if let (Some(date), true) = (date, has_code) {
            self.findings.note(
                Kind::Other,
                "BR-CO-03",
                term.at(root.child_path("cbc:TaxPointDate")),
                Some(&date.to_string()),
                "either the VAT point date (BT-7) or its code (BT-8), not both",
            );
        }
    }

    /// BG-3: the invoices that this one corrects or credits.
    fn preceding(&mut self, root: &Node<'_>) -> Vec<Preceding> {
        let (number, date) = (required("BT-25", "BR-55"), optional("BT-26"));
        let mut found = Vec::new();
        for reference in root.all("cac:BillingReference") {
            let at = self.child(&reference, "cac:InvoiceDocumentReference", number);
            if let Some(at) = at
                && let Some(number) = self.text(&at, "cbc:ID", number)
            {
                let issue_date = self.date(&at, "cbc:IssueDate", date);
                found.push(Preceding { number, issue_date });
            }
        }
        found
    }

    /// BT-13, BT-15 and BT-16. The first of each is read; that there are others breaks nothing.
    fn references(root: &Node<'_>) -> Vec<Reference> {
        let sorts = [
            ("cac:OrderReference", ReferenceKind::Order),
            ("cac:ReceiptDocumentReference", ReferenceKind::Receipt),
            ("cac:DespatchDocumentReference", ReferenceKind::Despatch),
        ];
        let mut found = Vec::new();
        for (name, kind) in sorts {
            if let Some(at) = root.all(name).first()
                && let Some(id) = at.all("cbc:ID").first()
                && let number = id.text()
                && !number.is_empty()
            {
                let number = number.chars().take(MAX_NUMBER_BYTES).collect();
                found.push(Reference { kind, number });
            }
        }
        found
    }

    fn totals(&mut self, root: &Node<'_>) -> (DraftTotals, Vec<DraftSubtotal>) {
        let mut totals = DraftTotals::UNREAD;
        let vat = self.vat(root, &mut totals);
        let Some(at) = self.child(root, "cac:LegalMonetaryTotal", required("BG-22", UBL)) else {
            return (totals, vat);
        };
        let fields: [(&mut Figure, &'static str, Term, &'static str); 8] = [
            (
                &mut totals.lines,
                "cbc:LineExtensionAmount",
                required("BT-106", "BR-12"),
                "BR-DEC-09",
            ),
            (
                &mut totals.allowances,
                "cbc:AllowanceTotalAmount",
                optional("BT-107"),
                "BR-DEC-10",
            ),
            (
                &mut totals.charges,
                "cbc:ChargeTotalAmount",
                optional("BT-108"),
                "BR-DEC-11",
            ),
            (
                &mut totals.without_vat,
                "cbc:TaxExclusiveAmount",
                required("BT-109", "BR-13"),
                "BR-DEC-12",
            ),
            (
                &mut totals.with_vat,
                "cbc:TaxInclusiveAmount",
                required("BT-112", "BR-14"),
                "BR-DEC-14",
            ),
            (
                &mut totals.prepaid,
                "cbc:PrepaidAmount",
                optional("BT-113"),
                "BR-DEC-16",
            ),
            (
                &mut totals.rounding,
                "cbc:PayableRoundingAmount",
                optional("BT-114"),
                "BR-DEC-17",
            ),
            (
                &mut totals.payable,
                "cbc:PayableAmount",
                required("BT-115", "BR-15"),
                "BR-DEC-18",
            ),
        ];
        for (field, name, term, decimals) in fields {
            *field = self.amount(&at, name, term.decimals(decimals));
        }
        (totals, vat)
    }

    /// BT-110, BT-111 and BG-23. A `TaxTotal` in BT-6's currency is BT-111, unless that is BT-5's too.
    fn vat(&mut self, root: &Node<'_>, totals: &mut DraftTotals) -> Vec<DraftSubtotal> {
        let document = self.currency.map(|(currency, _)| currency.to_string());
        let tax_currency = root.all("cbc:TaxCurrencyCode").first().map(Node::text);
        let mut subtotals = Vec::new();
        for node in root.all("cac:TaxTotal") {
            let term = required("BT-110", UBL).decimals("BR-DEC-13");
            let Some(amount) = self.child(&node, "cbc:TaxAmount", term) else {
                totals.vat = Figure::Unreadable;
                continue;
            };
            let currency = amount.attribute("currencyID");
            if currency.is_some() && currency == tax_currency && currency != document {
                let figure = self.tax_currency_amount(&amount, currency.as_deref());
                self.only_once(&mut totals.vat_in_tax_currency, figure, &amount, "BT-111");
                continue;
            }
            let figure = self.amount_of(&amount, term);
            let is_foreign = currency.is_some() && document.is_some() && currency != document;
            if is_foreign && !node.has("cac:TaxSubtotal") {
                // Noted as an amount in a third currency.
                continue;
            }
            self.only_once(&mut totals.vat, figure, &amount, "BT-110");
            for part in node.all("cac:TaxSubtotal") {
                subtotals.push(self.subtotal(&part));
            }
        }
        subtotals
    }

    fn tax_currency_amount(&mut self, amount: &Node<'_>, currency: Option<&str>) -> Figure {
        let term = optional("BT-111");
        let figure = self.number_of(amount, term);
        if let Figure::Is(value) = figure {
            let exponent = currency.and_then(exponent_of);
            self.check_decimals(amount, term, "BR-DEC-15", value, exponent);
        }
        figure
    }

    /// Fills a field that may be filled once.
    fn only_once(&mut self, field: &mut Figure, figure: Figure, at: &Node<'_>, term: &'static str) {
        if *field == Figure::Absent {
            *field = figure;
            return;
        }
        let place = optional(term).at(at.path.clone());
        self.findings.note(
            Kind::Repeated,
            UBL,
            place,
            Some(&at.text()),
            "one VAT total in each currency",
        );
    }

    fn subtotal(&mut self, part: &Node<'_>) -> DraftSubtotal {
        let taxable = required("BT-116", "BR-45").decimals("BR-DEC-19");
        let tax = required("BT-117", "BR-46").decimals("BR-DEC-20");
        let code = required("BT-118", "BR-47");
        DraftSubtotal {
            path: part.path.clone(),
            taxable: self.amount(part, "cbc:TaxableAmount", taxable),
            tax: self.amount(part, "cbc:TaxAmount", tax),
            category: self
                .child(part, "cac:TaxCategory", code)
                .and_then(|node| self.category(&node, code, optional("BT-119"), "BR-CL-17")),
        }
    }

    /// BG-14 or BG-26.
    fn period(&mut self, at: &Node<'_>, rules: &Period) {
        let Some(period) = self.child(at, "cac:InvoicePeriod", optional(rules.group)) else {
            return;
        };
        let start = self.date(&period, "cbc:StartDate", optional(rules.start));
        let end = self.date(&period, "cbc:EndDate", optional(rules.end));
        let is_empty = !["cbc:StartDate", "cbc:EndDate", "cbc:DescriptionCode"]
            .iter()
            .any(|name| period.has(name));
        if is_empty {
            let place = optional(rules.group).at(period.path.clone());
            let wanted = "a first day, a last day, or both";
            self.findings.missing(rules.filled, place, wanted);
        }
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            self.findings.note(
                Kind::Other,
                rules.order,
                optional(rules.end).at(period.child_path("cbc:EndDate")),
                Some(&end.to_string()),
                format!("no day before the first, {start}"),
            );
        }
    }
}

/// The terms and rules of a period.
struct Period {
    group: &'static str,
    start: &'static str,
    end: &'static str,
    filled: &'static str,
    order: &'static str,
}

const DOCUMENT_PERIOD: Period = Period {
    group: "BG-14",
    start: "BT-73",
    end: "BT-74",
    filled: "BR-CO-19",
    order: "BR-29",
};

const LINE_PERIOD: Period = Period {
    group: "BG-26",
    start: "BT-134",
    end: "BT-135",
    filled: "BR-CO-20",
    order: "BR-30",
};
