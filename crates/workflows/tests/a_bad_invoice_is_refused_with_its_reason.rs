//! A bad invoice is refused with a code and the facts that mend it.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::invoice::{
    DocumentKind, InvoiceError, check_totals, identity_digest, line_remarks, read,
};
use blockworm_workflows::xml::{Limits, Position, XmlError};

const GOOD: &str = include_str!("../../../samples/steel-invoice.xml");
const WRONG_TOTALS: &str = include_str!("../../../samples/steel-invoice-wrong-totals.xml");
const BROKEN: &str = include_str!("../../../samples/steel-invoice-broken.xml");
const ENTITY_BOMB: &str = include_str!("../../../samples/steel-invoice-entity-bomb.xml");

fn refusal(text: &str) -> InvoiceError {
    match read(text.as_bytes(), &Limits::default()) {
        Ok(invoice) => check_totals(&invoice).unwrap_err(),
        Err(error) => error,
    }
}

/// The sample with one passage replaced; fails when it is not there.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn mismatch(text: &str) -> (&'static str, String, String) {
    match refusal(text) {
        InvoiceError::TotalsMismatch(mismatch) => (
            mismatch.rule,
            mismatch.stated.to_string(),
            mismatch.computed.to_string(),
        ),
        other => panic!("{}: {other}", other.code()),
    }
}

#[test]
fn the_sample_is_read_whole() {
    let invoice = read(GOOD.as_bytes(), &Limits::default()).unwrap();
    check_totals(&invoice).unwrap();
    assert_eq!(line_remarks(&invoice), vec![]);
    assert_eq!(invoice.kind, DocumentKind::Invoice);
    assert_eq!(invoice.number, "CL-2026-004417");
    assert_eq!(invoice.issue_date.to_string(), "2026-11-02");
    assert_eq!(invoice.due_date.unwrap().to_string(), "2027-01-31");
    assert_eq!(invoice.currency.as_str(), "CNY");
    assert_eq!(invoice.seller.name, "沧澜特钢有限公司");
    assert_eq!(
        invoice.seller.trading_name.as_deref(),
        Some("Canglan Special Steel Co., Ltd.")
    );
    assert_eq!(invoice.buyer.country.as_deref(), Some("CN"));
    assert_eq!(invoice.lines.len(), 4);
    assert_eq!(invoice.totals.payable.to_minor(2), Some(164_814_405));
}

#[test]
fn the_samples_of_refusals_are_refused() {
    assert_eq!(
        mismatch(WRONG_TOTALS),
        ("BR-CO-16", "1848144.05".into(), "1648144.05".into())
    );

    let broken = refusal(BROKEN);
    assert_eq!(broken.code(), "invoice.malformed");
    let line = BROKEN
        .lines()
        .position(|line| line.contains("</cbc:IssuDate>"))
        .unwrap()
        + 1;
    let InvoiceError::Xml(XmlError::Malformed { at, .. }) = broken else {
        panic!("{broken}")
    };
    assert_eq!(at, Position { line, column: 28 });

    let bomb = refusal(ENTITY_BOMB);
    assert_eq!(bomb.code(), "invoice.entity_refused");
    assert!(
        bomb.to_string()
            .starts_with("line 4, column 1: a document type declaration"),
        "{bomb}"
    );
}

#[test]
fn each_rule_that_does_not_hold_is_named_with_both_figures() {
    for (from, to, rule, stated, computed) in [
        (
            ">1632025.71</cbc:LineExtensionAmount>",
            ">1632025.72</cbc:LineExtensionAmount>",
            "BR-CO-10",
            "1632025.72",
            "1632025.71",
        ),
        (
            ">8500.00</cbc:AllowanceTotalAmount>",
            ">8400.00</cbc:AllowanceTotalAmount>",
            "BR-CO-11",
            "8400",
            "8500",
        ),
        (
            ">12000.00</cbc:ChargeTotalAmount>",
            ">0.00</cbc:ChargeTotalAmount>",
            "BR-CO-12",
            "0",
            "12000",
        ),
        (
            ">1635525.71</cbc:TaxExclusiveAmount>",
            ">1632025.71</cbc:TaxExclusiveAmount>",
            "BR-CO-13",
            "1632025.71",
            "1635525.71",
        ),
        (
            "<cac:TaxTotal>\n    <cbc:TaxAmount currencyID=\"CNY\">212618.34",
            "<cac:TaxTotal>\n    <cbc:TaxAmount currencyID=\"CNY\">212618.35",
            "BR-CO-14",
            "212618.35",
            "212618.34",
        ),
        (
            ">1848144.05</cbc:TaxInclusiveAmount>",
            ">1848144.06</cbc:TaxInclusiveAmount>",
            "BR-CO-15",
            "1848144.06",
            "1848144.05",
        ),
        (
            ">1648144.05</cbc:PayableAmount>",
            ">1648144.15</cbc:PayableAmount>",
            "BR-CO-16",
            "1648144.15",
            "1648144.05",
        ),
        (
            ">1635525.71</cbc:TaxableAmount>",
            ">1635525.70</cbc:TaxableAmount>",
            "BR-S-08",
            "1635525.7",
            "1635525.71",
        ),
    ] {
        assert_eq!(
            mismatch(&with(from, to)),
            (rule, stated.into(), computed.into())
        );
    }
}

#[test]
fn a_vat_amount_may_be_rounded_line_by_line_and_no_more() {
    // Four lines, an allowance and a charge: six roundings of half a cent around 212618.3423.
    let restated = |tax: &str, inclusive: &str, payable: &str| {
        GOOD.replace(">212618.34<", &format!(">{tax}<"))
            .replace(">1848144.05<", &format!(">{inclusive}<"))
            .replace(">1648144.05<", &format!(">{payable}<"))
    };
    let near = restated("212618.37", "1848144.08", "1648144.08");
    check_totals(&read(near.as_bytes(), &Limits::default()).unwrap()).unwrap();
    let far = restated("212618.38", "1848144.09", "1648144.09");
    assert_eq!(
        mismatch(&far),
        ("BR-CO-17", "212618.38".into(), "212618.34".into())
    );
}

#[test]
fn a_category_without_its_place_in_the_breakdown_is_found() {
    let text = GOOD.replacen("<cbc:ID>S</cbc:ID>\n        <cbc:Percent>13</cbc:Percent>\n        <cac:TaxScheme>\n          <cbc:ID>VAT</cbc:ID>\n        </cac:TaxScheme>\n      </cac:ClassifiedTaxCategory>",
        "<cbc:ID>Z</cbc:ID>\n        <cbc:Percent>0</cbc:Percent>\n        <cac:TaxScheme>\n          <cbc:ID>VAT</cbc:ID>\n        </cac:TaxScheme>\n      </cac:ClassifiedTaxCategory>", 1);
    assert_ne!(text, GOOD);
    let (rule, ..) = mismatch(&text);
    assert_eq!(rule, "BR-S-08");
}

#[test]
fn a_missing_field_is_named_with_its_path_and_term() {
    for (from, to, path, term) in [
        (
            "<cbc:ID>CL-2026-004417</cbc:ID>",
            "",
            "/Invoice/cbc:ID",
            "BT-1",
        ),
        (
            "<cbc:ID>CL-2026-004417</cbc:ID>",
            "<cbc:ID> </cbc:ID>",
            "/Invoice/cbc:ID",
            "BT-1",
        ),
        (
            "<cbc:IssueDate>2026-11-02</cbc:IssueDate>",
            "",
            "/Invoice/cbc:IssueDate",
            "BT-2",
        ),
        (
            "<cbc:DocumentCurrencyCode>CNY</cbc:DocumentCurrencyCode>",
            "",
            "/Invoice/cbc:DocumentCurrencyCode",
            "BT-5",
        ),
        (
            "<cbc:RegistrationName>北渡重工机械有限公司</cbc:RegistrationName>",
            "",
            "/Invoice/cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName",
            "BT-44",
        ),
        (
            "<cbc:PayableAmount currencyID=\"CNY\">1648144.05</cbc:PayableAmount>",
            "",
            "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount",
            "BT-115",
        ),
        (
            "<cbc:PayableAmount currencyID=\"CNY\">",
            "<cbc:PayableAmount>",
            "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID",
            "BT-115",
        ),
        (
            "<cbc:LineExtensionAmount currencyID=\"CNY\">344623.55</cbc:LineExtensionAmount>",
            "",
            "/Invoice/cac:InvoiceLine[2]/cbc:LineExtensionAmount",
            "BT-131",
        ),
    ] {
        let error = refusal(&with(from, to));
        assert_eq!(
            error,
            InvoiceError::FieldMissing {
                path: path.into(),
                term
            },
            "{error}"
        );
        assert_eq!(error.code(), "invoice.field_missing");
    }
    let no_ids = GOOD
        .replace("<cbc:CompanyID>", "<cbc:CompanyLegalForm>")
        .replace("</cbc:CompanyID>", "</cbc:CompanyLegalForm>");
    assert_eq!(refusal(&no_ids).code(), "invoice.field_missing");
}

fn assert_codes(cases: &[(&str, &str, &str)]) {
    for (from, to, code) in cases {
        let error = refusal(&with(from, to));
        assert_eq!(error.code(), *code, "{from} -> {to}: {error}");
    }
}

#[test]
fn wrong_values_have_their_own_codes() {
    assert_codes(&[
        (
            ">1648144.05</cbc:PayableAmount>",
            ">1648144.051</cbc:PayableAmount>",
            "invoice.currency_decimals",
        ),
        (
            "\"CNY\">1648144.05</cbc:PayableAmount>",
            "\"USD\">1648144.05</cbc:PayableAmount>",
            "invoice.currency_mismatch",
        ),
        (
            "<cbc:DocumentCurrencyCode>CNY<",
            "<cbc:DocumentCurrencyCode>RMB<",
            "invoice.currency_unknown",
        ),
        (
            "<cbc:IssueDate>2026-11-02<",
            "<cbc:IssueDate>2026-02-29<",
            "invoice.field_invalid",
        ),
        (
            ">1648144.05</cbc:PayableAmount>",
            ">1,648,144.05</cbc:PayableAmount>",
            "invoice.field_invalid",
        ),
        (
            ">1648144.05</cbc:PayableAmount>",
            ">1e6</cbc:PayableAmount>",
            "invoice.field_invalid",
        ),
        (
            ">1648144.05</cbc:PayableAmount>",
            ">99999999999999999999</cbc:PayableAmount>",
            "invoice.field_invalid",
        ),
        (
            "<cbc:DueDate>2027-01-31</cbc:DueDate>",
            "<cbc:DueDate>2027-01-31</cbc:DueDate><cbc:DueDate>2099-01-31</cbc:DueDate>",
            "invoice.field_repeated",
        ),
        (
            "<cac:LegalMonetaryTotal>",
            "<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID=\"CNY\">1.00</cbc:PayableAmount>",
            "invoice.field_repeated",
        ),
    ]);
}

#[test]
fn what_is_no_ubl_invoice_has_its_own_code() {
    assert_codes(&[
        ("xsd:Invoice-2\"", "xsd:Invoice-3\"", "invoice.not_ubl"),
        (
            "xsd:CommonBasicComponents-2\"",
            "xsd:CommonBasicComponents-9\"",
            "invoice.field_missing",
        ),
        (
            "encoding=\"UTF-8\"",
            "encoding=\"GB18030\"",
            "invoice.encoding",
        ),
        (
            "2026-11-02</cbc:IssueDate>",
            "2026-11-02&nbsp;</cbc:IssueDate>",
            "invoice.entity_refused",
        ),
        (
            "2026-11-02</cbc:IssueDate>",
            "2026-11-02&#0;</cbc:IssueDate>",
            "invoice.malformed",
        ),
        ("</Invoice>", "", "invoice.malformed"),
        ("</Invoice>", "</Invoice><Invoice/>", "invoice.malformed"),
        ("</Invoice>", "</Invoice>more", "invoice.malformed"),
        ("<cbc:DueDate>", "<zzz:DueDate>", "invoice.malformed"),
        (
            "<cbc:DueDate>",
            "<cbc:DueDate a='1' a='2'>",
            "invoice.malformed",
        ),
        ("<cbc:DueDate>", "<cbc:DueDate a='<'>", "invoice.malformed"),
    ]);
}

#[test]
fn other_encodings_are_refused_by_name() {
    let gbk = [
        b"<?xml version=\"1.0\" encoding=\"GBK\"?><a>".as_slice(),
        &[0xB7, 0xA2, 0xC6, 0xB1],
        b"</a>",
    ]
    .concat();
    let error = read(&gbk, &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the document must be UTF-8, but it declares GBK"
    );
    assert_eq!(
        read(b"\xFF\xFE<\0", &Limits::default()).unwrap_err().code(),
        "invoice.encoding"
    );
    assert_eq!(
        read(b"", &Limits::default()).unwrap_err().code(),
        "invoice.malformed"
    );
}

#[test]
fn yen_have_no_cents() {
    let yen = GOOD.replace("CNY", "JPY");
    assert_eq!(refusal(&yen).code(), "invoice.currency_decimals");
}

#[test]
fn size_depth_count_and_length_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(60), "</a>".repeat(60));
    let many_attributes: String = (0..70).map(|index| format!(" a{index}='1'")).collect();
    let long = format!("<a>{}</a>", "x".repeat(70_000));
    for text in [
        deep,
        format!("<a{many_attributes}/>"),
        long,
        format!("<a b='{}'/>", "x".repeat(70_000)),
    ] {
        assert_eq!(
            read(text.as_bytes(), &Limits::default())
                .unwrap_err()
                .code(),
            "invoice.limit_exceeded"
        );
    }
    let small = Limits {
        bytes: 1_000,
        ..Limits::default()
    };
    assert_eq!(
        read(GOOD.as_bytes(), &small).unwrap_err().code(),
        "invoice.too_large"
    );
    let few = Limits {
        elements: 50,
        ..Limits::default()
    };
    assert_eq!(
        read(GOOD.as_bytes(), &few).unwrap_err().code(),
        "invoice.limit_exceeded"
    );
    let attached = with(
        "<cac:Delivery>",
        &format!(
            "<cbc:EmbeddedDocumentBinaryObject>{}</cbc:EmbeddedDocumentBinaryObject><cac:Delivery>",
            "QUJD".repeat(30_000)
        ),
    );
    check_totals(&read(attached.as_bytes(), &Limits::default()).unwrap()).unwrap();
}

#[test]
fn prefixes_comments_and_spaces_make_no_other_invoice() {
    let other = GOOD
        .replace("cbc:", "b:")
        .replace("xmlns:cbc", "xmlns:b")
        .replace("cac:", "a:")
        .replace("xmlns:cac", "xmlns:a");
    let other = other
        .replace("<b:DueDate>", "<!-- due --><b:DueDate>\n ")
        .replace(">91990000MA0K0L3N77<", ">  91990000MA0K0L3N77 <");
    let (first, second) = (
        read(GOOD.as_bytes(), &Limits::default()).unwrap(),
        read(other.as_bytes(), &Limits::default()).unwrap(),
    );
    assert_eq!(first, second);
    assert_eq!(
        identity_digest(&first).unwrap(),
        identity_digest(&second).unwrap()
    );

    let renumbered = read(
        with(
            "<cbc:ID>CL-2026-004417</cbc:ID>",
            "<cbc:ID>CL-2026-004418</cbc:ID>",
        )
        .as_bytes(),
        &Limits::default(),
    )
    .unwrap();
    assert_ne!(
        identity_digest(&first).unwrap(),
        identity_digest(&renumbered).unwrap()
    );
}

#[test]
fn a_credit_note_is_known_by_its_root_and_by_its_code() {
    let coded = with("<cbc:InvoiceTypeCode>380<", "<cbc:InvoiceTypeCode>381<");
    assert_eq!(
        read(coded.as_bytes(), &Limits::default()).unwrap().kind,
        DocumentKind::CreditNote
    );
    let rooted = GOOD
        .replace("xsd:Invoice-2", "xsd:CreditNote-2")
        .replace("<Invoice ", "<CreditNote ")
        .replace("</Invoice>", "</CreditNote>")
        .replace("InvoiceTypeCode", "CreditNoteTypeCode")
        .replace("cac:InvoiceLine", "cac:CreditNoteLine")
        .replace("InvoicedQuantity", "CreditedQuantity");
    let note = read(rooted.as_bytes(), &Limits::default()).unwrap();
    check_totals(&note).unwrap();
    assert_eq!(note.kind, DocumentKind::CreditNote);
    assert_eq!(note.due_date, None);
    assert_ne!(
        identity_digest(&note).unwrap(),
        identity_digest(&read(GOOD.as_bytes(), &Limits::default()).unwrap()).unwrap()
    );
}
