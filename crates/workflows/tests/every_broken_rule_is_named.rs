//! Every rule that a document breaks is named with its field: one alteration, exactly the rules that it breaks.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::invoice::{Finding, read};
use blockworm_workflows::xml::Limits;

const RICH: &str = include_str!("fixtures/rich-invoice.xml");

/// The document with one passage replaced; the passage must stand there once.
fn with(from: &str, to: &str) -> String {
    assert_eq!(RICH.matches(from).count(), 1, "{from}");
    RICH.replace(from, to)
}

fn findings(text: &str) -> Vec<Finding> {
    match read(text.as_bytes(), &Limits::default()) {
        Ok(_) => Vec::new(),
        Err(error) => error.findings().to_vec(),
    }
}

/// The rules with their terms, in order: `BR-CO-10 BT-106`.
#[track_caller]
fn assert_broken(text: &str, expected: &[&str]) {
    let found = findings(text);
    let named: Vec<String> = found
        .iter()
        .map(|finding| format!("{} {}", finding.rule, finding.term))
        .collect();
    assert_eq!(named, expected, "{found:#?}");
}

#[test]
fn the_document_itself_keeps_every_rule() {
    let invoice = read(RICH.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(invoice.remarks, []);
    assert_eq!(invoice.preceding[0].number, "R-76");
    assert_eq!(
        invoice.preceding[0].issue_date.unwrap().to_string(),
        "2026-09-15"
    );
    assert_eq!(
        invoice.totals.vat_in_tax_currency.unwrap().to_string(),
        "1448.66"
    );
    assert_eq!(invoice.totals.payable.to_minor(2), Some(100_000));
}

/// Element, what stands in its first one with that, what is written instead, and what that breaks.
const ALTERED: &[(&str, &str, &str, &[&str])] = &[
    (
        "LineExtensionAmount",
        "978.69",
        "978.70",
        &["BR-CO-10 BT-106", "BR-CO-13 BT-109"],
    ),
    (
        "AllowanceTotalAmount",
        "52.87",
        "52.86",
        &["BR-CO-11 BT-107", "BR-CO-13 BT-109"],
    ),
    (
        "ChargeTotalAmount",
        "33.01",
        "33.00",
        &["BR-CO-12 BT-108", "BR-CO-13 BT-109"],
    ),
    (
        "TaxExclusiveAmount",
        "958.83",
        "958.84",
        &["BR-CO-13 BT-109", "BR-CO-15 BT-112"],
    ),
    (
        "TaxAmount",
        "125.97",
        "125.98",
        &["BR-CO-14 BT-110", "BR-CO-15 BT-112"],
    ),
    (
        "TaxInclusiveAmount",
        "1084.80",
        "1084.81",
        &["BR-CO-15 BT-112", "BR-CO-16 BT-115"],
    ),
    ("PrepaidAmount", "84.83", "84.82", &["BR-CO-16 BT-115"]),
    (
        "PayableRoundingAmount",
        "0.03",
        "0.02",
        &["BR-CO-16 BT-115"],
    ),
    ("PayableAmount", "1000.00", "-1000.00", &["BR-CO-16 BT-115"]),
    ("TaxableAmount", "175.00", "175.01", &["BR-E-08 BT-116"]),
    ("TaxableAmount", "308.00", "308.01", &["BR-S-08 BT-116"]),
    (
        "TaxAmount",
        "30.80",
        "30.82",
        &["BR-CO-14 BT-110", "BR-CO-17 BT-117", "BR-S-09 BT-117"],
    ),
    (
        "TaxAmount",
        "0.00",
        "0.01",
        &["BR-CO-14 BT-110", "BR-CO-17 BT-117", "BR-E-09 BT-117"],
    ),
    (
        "LineExtensionAmount",
        "150.00",
        "150.01",
        &["BR-CO-10 BT-106", "BR-E-08 BT-116"],
    ),
    (
        "Amount",
        "25.00",
        "24.99",
        &["BR-CO-12 BT-108", "BR-E-08 BT-116"],
    ),
];

#[test]
fn an_altered_total_breaks_the_rules_that_it_stands_in() {
    for (element, from, to, rules) in ALTERED {
        let before = format!("{from}</cbc:{element}>");
        let after = format!("{to}</cbc:{element}>");
        let place = RICH.find(&before).unwrap_or_else(|| panic!("{before}"));
        let text = format!("{}{after}{}", &RICH[..place], &RICH[place + before.len()..]);
        assert_broken(&text, rules);
    }
}

#[test]
fn a_finding_names_place_figures_and_reason() {
    let found = findings(&with(">30.80<", ">31.80<"));
    let last = found.last().unwrap();
    assert_eq!(last.code, "invoice.totals_mismatch");
    assert_eq!(
        last.path,
        "/Invoice/cac:TaxTotal/cac:TaxSubtotal[2]/cbc:TaxAmount"
    );
    assert_eq!(last.found.as_deref(), Some("31.80"));
    assert_eq!(
        last.wanted,
        "30.80, the taxable amount (BT-116) × the rate (BT-119) ÷ 100, rounded"
    );
    let error = read(with(">1000.00<", ">999.00<").as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "BR-CO-16: /Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount (BT-115) is `999.00`; wanted: 1000.00, \
         the total with VAT (BT-112) less the paid amount (BT-113) plus the rounding (BT-114)"
    );
}

#[test]
fn faults_that_have_nothing_to_do_with_each_other_are_all_listed() {
    let text = with(">1000.00<", ">999.00<")
        .replace("<cbc:ID>R-77</cbc:ID>", "")
        .replace(">2026-12-01<", ">2026-13-01<")
        .replace(">150.00<", ">150,00<");
    assert_broken(
        &text,
        &[
            "BR-02 BT-1",
            "UBL-2.1 BT-9",
            "UBL-2.1 BT-131",
            "BR-CO-16 BT-115",
        ],
    );
}

#[test]
fn a_reason_is_required_under_both_of_its_numbers() {
    for (reason, rules) in [
        (
            "<cbc:AllowanceChargeReason>Loyalty</cbc:AllowanceChargeReason>",
            ["BR-33 BT-97", "BR-CO-21 BT-97"],
        ),
        (
            "<cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>",
            ["BR-38 BT-104", "BR-CO-22 BT-104"],
        ),
        (
            "<cbc:AllowanceChargeReason>Surface</cbc:AllowanceChargeReason>",
            ["BR-42 BT-139", "BR-CO-23 BT-139"],
        ),
        (
            "<cbc:AllowanceChargeReason>Cutting</cbc:AllowanceChargeReason>",
            ["BR-44 BT-144", "BR-CO-24 BT-144"],
        ),
    ] {
        assert_broken(&with(reason, ""), &rules);
    }
}

#[test]
fn periods_say_something_and_exclude_a_vat_point() {
    let dates =
        "<cbc:StartDate>2026-09-01</cbc:StartDate>\n    <cbc:EndDate>2026-09-30</cbc:EndDate>";
    assert_broken(&with(dates, ""), &["BR-CO-19 BG-14"]);
    let coded = with(dates, "<cbc:DescriptionCode>3</cbc:DescriptionCode>");
    assert_broken(&coded, &[]);
    let both = coded.replace(
        "<cbc:TaxCurrencyCode>",
        "<cbc:TaxPointDate>2026-09-30</cbc:TaxPointDate><cbc:TaxCurrencyCode>",
    );
    assert_broken(&both, &["BR-CO-03 BT-7"]);
    let line =
        "<cbc:StartDate>2026-09-01</cbc:StartDate>\n      <cbc:EndDate>2026-09-02</cbc:EndDate>";
    assert_broken(&with(line, ""), &["BR-CO-20 BG-26"]);
}

#[test]
fn no_amount_has_more_than_two_digits_after_the_point() {
    for (from, rule) in [
        (">52.87</cbc:Amount>", "BR-DEC-01 BT-92"),
        (">528.70</cbc:BaseAmount>", "BR-DEC-02 BT-93"),
        (">25.00</cbc:Amount>", "BR-DEC-05 BT-99"),
        (">978.69<", "BR-DEC-09 BT-106"),
        (">52.87</cbc:AllowanceTotalAmount>", "BR-DEC-10 BT-107"),
        (">33.01<", "BR-DEC-11 BT-108"),
        (">958.83<", "BR-DEC-12 BT-109"),
        (">125.97<", "BR-DEC-13 BT-110"),
        (">1084.80<", "BR-DEC-14 BT-112"),
        (">1448.66<", "BR-DEC-15 BT-111"),
        (">84.83<", "BR-DEC-16 BT-113"),
        (">0.03<", "BR-DEC-17 BT-114"),
        (">1000.00<", "BR-DEC-18 BT-115"),
        (">475.83<", "BR-DEC-19 BT-116"),
        (">95.17<", "BR-DEC-20 BT-117"),
        (">150.00<", "BR-DEC-23 BT-131"),
        (">27.30<", "BR-DEC-24 BT-136"),
        (">546.00<", "BR-DEC-25 BT-137"),
        (">10.00<", "BR-DEC-27 BT-141"),
    ] {
        // The same figure, a zero longer: nothing else is wrong.
        let to = from.replacen('<', "0<", 1);
        assert_broken(&with(from, &to), &[rule]);
    }
    let base = "<cbc:Amount currencyID=\"EUR\">10.00</cbc:Amount>";
    let with_base = format!("{base}<cbc:BaseAmount currencyID=\"EUR\">1.000</cbc:BaseAmount>");
    assert_broken(&with(base, &with_base), &["BR-DEC-28 BT-142"]);
    let base = "<cbc:Amount currencyID=\"EUR\">25.00</cbc:Amount>";
    let with_base = format!("{base}<cbc:BaseAmount currencyID=\"EUR\">1.000</cbc:BaseAmount>");
    assert_broken(&with(base, &with_base), &["BR-DEC-06 BT-100"]);
}

#[test]
fn every_amount_is_in_the_currency_of_its_document() {
    for (from, term) in [
        ("\"EUR\">52.87</cbc:Amount>", "BT-92"),
        ("\"EUR\">528.70</cbc:BaseAmount>", "BT-93"),
        ("\"EUR\">125.97<", "BT-110"),
        ("\"EUR\">475.83<", "BT-116"),
        ("\"EUR\">95.17<", "BT-117"),
        ("\"EUR\">1000.00<", "BT-115"),
        ("\"EUR\">0.03<", "BT-114"),
        ("\"EUR\">27.30<", "BT-136"),
        ("\"EUR\">150.00<", "BT-131"),
        ("\"EUR\">75.00<", "BT-146"),
        ("\"EUR\">50.00<", "BT-148"),
    ] {
        let mismatch = format!("PEPPOL-EN16931-R051 {term}");
        assert_broken(&with(from, &from.replace("EUR", "USD")), &[&mismatch]);
        let unknown = format!("BR-CL-03 {term}");
        assert_broken(&with(from, &from.replace("EUR", "EUX")), &[&unknown]);
    }
    let third = with("\"SEK\">1448.66<", "\"USD\">1448.66<");
    assert_broken(&third, &["PEPPOL-EN16931-R051 BT-110", "BR-53 BT-111"]);
    assert_broken(&with(">EUR<", ">EUX<"), &["BR-CL-04 BT-5"]);
    let twice = "<cac:TaxTotal>\n    <cbc:TaxAmount currencyID=\"SEK\">";
    let again = format!(
        "<cac:TaxTotal><cbc:TaxAmount currencyID=\"SEK\">1.00</cbc:TaxAmount></cac:TaxTotal>{twice}"
    );
    assert_broken(&with(twice, &again), &["UBL-2.1 BT-111"]);
}

#[test]
fn prices_that_do_not_give_their_line_are_remarks() {
    for (from, to, rule, term, wanted) in [
        (
            ">99.995<",
            ">99.965<",
            "PEPPOL-EN16931-R120",
            "BT-131",
            "299.90, ",
        ),
        (
            ">120<",
            ">121<",
            "PEPPOL-EN16931-R120",
            "BT-131",
            "533.25, ",
        ),
        (
            "unitCode=\"KGM\">10<",
            "unitCode=\"TNE\">10<",
            "PEPPOL-EN16931-R130",
            "BT-150",
            "KGM, ",
        ),
        (
            ">4.50<",
            ">4.40<",
            "PEPPOL-EN16931-R046",
            "BT-146",
            "45.60, ",
        ),
    ] {
        let invoice = read(with(from, to).as_bytes(), &Limits::default()).unwrap();
        let [remark] = invoice.remarks.as_slice() else {
            panic!("{:#?}", invoice.remarks)
        };
        assert_eq!(
            (remark.rule, remark.term, remark.code),
            (rule, term, "invoice.remark")
        );
        assert!(remark.wanted.starts_with(wanted), "{remark}");
    }
}

#[test]
fn a_sum_that_is_not_there_is_missing_when_there_is_something_to_sum() {
    let sum = "<cbc:ChargeTotalAmount currencyID=\"EUR\">33.01</cbc:ChargeTotalAmount>";
    let found = findings(&with(sum, ""));
    assert_eq!((found[0].rule, found[0].term), ("BR-CO-12", "BT-108"));
    assert_eq!(found[0].found, None);
    assert!(found[0].wanted.starts_with("33.01, "), "{}", found[0]);
    assert_eq!(found[1].rule, "BR-CO-13");
    assert_eq!(found.len(), 2);
}
