//! A bad invoice is refused with a code and the facts that mend it.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::invoice::{DocumentKind, InvoiceError, identity_digest, read};
use blockworm_workflows::xml::{Limits, Position, XmlError};

const GOOD: &str = include_str!("../../../samples/steel-invoice.xml");
const WRONG_TOTALS: &str = include_str!("../../../samples/steel-invoice-wrong-totals.xml");
const BROKEN: &str = include_str!("../../../samples/steel-invoice-broken.xml");
const CREDIT_NOTE: &str = include_str!("../../../samples/steel-credit-note.xml");
const ENTITY_BOMB: &str = include_str!("../../../samples/steel-invoice-entity-bomb.xml");

fn refusal(text: &str) -> InvoiceError {
    read(text.as_bytes(), &Limits::default()).unwrap_err()
}

/// The sample with one passage replaced; fails when it is not there.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// The only broken rule with both figures.
#[track_caller]
fn mismatch(text: &str) -> (&'static str, String, String) {
    let error = refusal(text);
    let [finding] = error.findings() else {
        panic!("{}: {error}", error.code())
    };
    assert_eq!(finding.code, "invoice.totals_mismatch");
    let computed = finding.wanted.split(',').next().unwrap();
    (
        finding.rule,
        finding.found.clone().unwrap(),
        computed.to_owned(),
    )
}

#[test]
fn the_sample_is_read_whole() {
    let invoice = read(GOOD.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(invoice.remarks, []);
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
fn a_vat_amount_may_be_rounded_line_by_line_and_no_more() {
    // Four lines, an allowance and a charge: six roundings of half a cent around 212618.3423.
    let restated = |tax: &str, inclusive: &str, payable: &str| {
        GOOD.replace(">212618.34<", &format!(">{tax}<"))
            .replace(">1848144.05<", &format!(">{inclusive}<"))
            .replace(">1648144.05<", &format!(">{payable}<"))
    };
    let near = restated("212618.37", "1848144.08", "1648144.08");
    read(near.as_bytes(), &Limits::default()).unwrap();
    let far = restated("212618.38", "1848144.09", "1648144.09");
    let error = refusal(&far);
    let rules: Vec<&str> = error.findings().iter().map(|one| one.rule).collect();
    assert_eq!(rules, ["BR-CO-17", "BR-S-09"], "{error}");
    let last = error.findings().last().unwrap();
    assert_eq!(last.found.as_deref(), Some("212618.38"));
    assert!(last.wanted.starts_with("212618.34, "), "{error}");
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
        let [finding] = error.findings() else {
            panic!("{error}")
        };
        let place = (finding.path.as_str(), finding.term);
        assert_eq!(place, (path, term), "{error}");
        assert_eq!(finding.found, None, "{error}");
        assert_eq!(error.code(), "invoice.field_missing");
    }
    let no_ids = GOOD
        .replace("<cbc:CompanyID>", "<cbc:CompanyLegalForm>")
        .replace("</cbc:CompanyID>", "</cbc:CompanyLegalForm>");
    let error = refusal(&no_ids);
    assert_eq!(error.code(), "invoice.field_missing");
    let last = error.findings().last().unwrap();
    assert_eq!((last.rule, last.term), ("BR-CO-26", "BT-31"), "{error}");
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
    read(attached.as_bytes(), &Limits::default()).unwrap();
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
    assert_eq!(note.kind, DocumentKind::CreditNote);
    assert_eq!(note.due_date, None);
    assert_ne!(
        identity_digest(&note).unwrap(),
        identity_digest(&read(GOOD.as_bytes(), &Limits::default()).unwrap()).unwrap()
    );
}

#[test]
fn the_credit_note_sample_names_the_invoice_that_it_credits() {
    let note = read(CREDIT_NOTE.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(note.kind, DocumentKind::CreditNote);
    assert_eq!(note.number, "CL-2026-K00031");
    assert_eq!(note.preceding[0].number, "CL-2026-004417");
    assert_eq!(note.totals.payable.to_minor(2), Some(1_481_700));
    assert_eq!(note.remarks, []);
    // What is paid back needs no due date (BR-CO-25), but adds up all the same.
    let wrong = CREDIT_NOTE.replace(
        ">14817.00</cbc:PayableAmount>",
        ">14817.01</cbc:PayableAmount>",
    );
    let error = refusal(&wrong);
    let [finding] = error.findings() else {
        panic!("{error}")
    };
    assert_eq!(finding.rule, "BR-CO-16");
    assert_eq!(
        finding.path,
        "/CreditNote/cac:LegalMonetaryTotal/cbc:PayableAmount"
    );
    let unnamed = CREDIT_NOTE.replace("<cbc:ID>CL-2026-004417</cbc:ID>", "");
    assert_eq!(refusal(&unnamed).findings()[0].rule, "BR-55");
}

#[test]
fn a_document_without_lines_breaks_br_16() {
    let begin = GOOD.find("<cac:InvoiceLine>").unwrap();
    let end = GOOD.rfind("</cac:InvoiceLine>").unwrap() + "</cac:InvoiceLine>".len();
    let error = refusal(&format!("{}{}", &GOOD[..begin], &GOOD[end..]));
    let first = &error.findings()[0];
    assert_eq!(
        (first.rule, first.path.as_str()),
        ("BR-16", "/Invoice/cac:InvoiceLine")
    );
}

/// As many faults as anybody likes: the list stays short, and reading quick.
#[test]
fn a_flood_of_faults_is_counted_not_listed() {
    let line = "<cac:InvoiceLine/>".repeat(20_000);
    let error = refusal(&with("</Invoice>", &format!("{line}</Invoice>")));
    assert_eq!(error.findings().len(), 100);
    let InvoiceError::Rules(findings) = &error else {
        panic!("{error}")
    };
    // Five things are missing on each line: number, quantity, net amount, item, price.
    assert_eq!(findings.more() + 100, 20_000 * 5);
    assert!(error.to_string().ends_with(" more"));
    assert!(error.to_string().len() < 40_000);
}
