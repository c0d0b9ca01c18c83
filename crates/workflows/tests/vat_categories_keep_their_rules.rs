//! Each VAT category has its family of rules, and any sums that do not add up are found.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::decimal::Decimal;
use blockworm_workflows::invoice::{InvoiceError, read};
use blockworm_workflows::xml::Limits;
use proptest::prelude::*;
use std::fmt::Write as _;

/// An amount with its category: a line, an allowance or a charge.
#[derive(Clone, Debug)]
struct Part {
    amount: String,
    code: String,
    rate: Option<String>,
}

/// A part of the breakdown.
#[derive(Clone, Debug)]
struct Subtotal {
    part: Part,
    tax: String,
    has_reason: bool,
}

/// What is written into an invoice.
#[derive(Clone, Debug)]
struct Written {
    lines: Vec<Part>,
    allowances: Vec<Part>,
    charges: Vec<Part>,
    breakdown: Vec<Subtotal>,
    /// BT-106, -107, -108, -109, -110, -112, -115.
    totals: [String; 7],
    seller_vat: bool,
    seller_tax: bool,
    buyer_vat: bool,
}

fn part(amount: &str, code: &str, rate: Option<&str>) -> Part {
    Part {
        amount: amount.into(),
        code: code.into(),
        rate: rate.map(Into::into),
    }
}

fn category(element: &str, part: &Part, reason: bool) -> String {
    let rate = part.rate.as_ref();
    let rate = rate.map_or(String::new(), |rate| {
        format!("<cbc:Percent>{rate}</cbc:Percent>")
    });
    let reason = match reason {
        true => "<cbc:TaxExemptionReason>so it is</cbc:TaxExemptionReason>",
        false => "",
    };
    let code = &part.code;
    format!(
        "<cac:{element}><cbc:ID>{code}</cbc:ID>{rate}{reason}<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{element}>"
    )
}

fn amount(element: &str, value: &str) -> String {
    format!("<cbc:{element} currencyID=\"EUR\">{value}</cbc:{element}>")
}

fn party(role: &str, name: &str, vat: bool, tax: bool) -> String {
    let scheme = |present: bool, kind: &str| match present {
        true => format!(
            "<cac:PartyTaxScheme><cbc:CompanyID>DE1</cbc:CompanyID><cac:TaxScheme><cbc:ID>{kind}</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
        ),
        false => String::new(),
    };
    format!(
        "<cac:{role}><cac:Party><cac:PartyIdentification><cbc:ID>7</cbc:ID></cac:PartyIdentification><cac:PostalAddress><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>{}{}<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:{role}>",
        scheme(vat, "VAT"),
        scheme(tax, "LOC")
    )
}

impl Written {
    /// A line of 100, an allowance of 10, a charge of 20, all of one category.
    fn of(code: &str, rate: Option<&str>, has_reason: bool) -> Self {
        let tax = if rate == Some("10") { "11.00" } else { "0.00" };
        let with_vat = if rate == Some("10") {
            "121.00"
        } else {
            "110.00"
        };
        let totals = [
            "100.00", "10.00", "20.00", "110.00", tax, with_vat, with_vat,
        ];
        Self {
            lines: vec![part("100.00", code, rate)],
            allowances: vec![part("10.00", code, rate)],
            charges: vec![part("20.00", code, rate)],
            breakdown: vec![Subtotal {
                part: part("110.00", code, rate),
                tax: tax.into(),
                has_reason,
            }],
            totals: totals.map(Into::into),
            seller_vat: code != "O",
            seller_tax: false,
            buyer_vat: code != "O",
        }
    }

    fn xml(&self) -> String {
        let mut text = String::from(
            "<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\"><cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID><cbc:ID>V-1</cbc:ID><cbc:IssueDate>2026-11-01</cbc:IssueDate><cbc:DueDate>2026-12-01</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>",
        );
        text += &party(
            "AccountingSupplierParty",
            "Seller",
            self.seller_vat,
            self.seller_tax,
        );
        text += &party("AccountingCustomerParty", "Buyer", self.buyer_vat, false);
        for (is_charge, parts) in [(false, &self.allowances), (true, &self.charges)] {
            for part in parts {
                let value = amount("Amount", &part.amount);
                let category = category("TaxCategory", part, false);
                write!(text, "<cac:AllowanceCharge><cbc:ChargeIndicator>{is_charge}</cbc:ChargeIndicator><cbc:AllowanceChargeReason>r</cbc:AllowanceChargeReason>{value}{category}</cac:AllowanceCharge>").unwrap();
            }
        }
        let [lines, allowances, charges, without, vat, with, payable] = &self.totals;
        write!(text, "<cac:TaxTotal>{}", amount("TaxAmount", vat)).unwrap();
        for subtotal in &self.breakdown {
            let taxable = amount("TaxableAmount", &subtotal.part.amount);
            let tax = amount("TaxAmount", &subtotal.tax);
            let category = category("TaxCategory", &subtotal.part, subtotal.has_reason);
            write!(
                text,
                "<cac:TaxSubtotal>{taxable}{tax}{category}</cac:TaxSubtotal>"
            )
            .unwrap();
        }
        text += "</cac:TaxTotal><cac:LegalMonetaryTotal>";
        for (element, value) in [
            ("LineExtensionAmount", lines),
            ("TaxExclusiveAmount", without),
            ("TaxInclusiveAmount", with),
            ("AllowanceTotalAmount", allowances),
            ("ChargeTotalAmount", charges),
            ("PayableAmount", payable),
        ] {
            text += &amount(element, value);
        }
        text += "</cac:LegalMonetaryTotal>";
        for (index, line) in self.lines.iter().enumerate() {
            let net = amount("LineExtensionAmount", &line.amount);
            let price = amount("PriceAmount", line.amount.trim_start_matches('-'));
            let category = category("ClassifiedTaxCategory", line, false);
            write!(text, "<cac:InvoiceLine><cbc:ID>{index}</cbc:ID><cbc:InvoicedQuantity unitCode=\"C62\">1</cbc:InvoicedQuantity>{net}<cac:Item><cbc:Name>x</cbc:Name>{category}</cac:Item><cac:Price>{price}</cac:Price></cac:InvoiceLine>").unwrap();
        }
        text + "</Invoice>"
    }

    fn broken(&self) -> Vec<String> {
        match read(self.xml().as_bytes(), &Limits::default()) {
            Ok(_) => Vec::new(),
            Err(InvoiceError::Rules(found)) => {
                found.listed().iter().map(|one| one.rule.into()).collect()
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    fn assert_broken(&self, rules: &[String]) {
        assert_eq!(self.broken(), rules, "{self:#?}");
    }
}

/// Code, name of the family, rate, whether it has a reason.
const FAMILIES: [(&str, &str, Option<&str>, bool); 9] = [
    ("S", "S", Some("10"), false),
    ("L", "AF", Some("10"), false),
    ("M", "AG", Some("10"), false),
    ("Z", "Z", Some("0"), false),
    ("E", "E", Some("0"), true),
    ("AE", "AE", Some("0"), true),
    ("K", "IC", Some("0"), true),
    ("G", "G", Some("0"), true),
    ("O", "O", None, true),
];

fn rules(name: &str, numbers: &[&str]) -> Vec<String> {
    let full = |number: &&str| match number.starts_with("BR") {
        true => (*number).to_owned(),
        false => format!("BR-{name}-{number}"),
    };
    numbers.iter().map(full).collect()
}

#[test]
fn each_family_holds_and_breaks_by_its_own_rules() {
    for (code, name, rate, reason) in FAMILIES {
        let good = Written::of(code, rate, reason);
        good.assert_broken(&[]);

        let mut no_part = good.clone();
        no_part.breakdown[0].part.code = if code == "Z" { "E" } else { "Z" }.into();
        assert!(
            no_part.broken().contains(&format!("BR-{name}-01")),
            "{code}"
        );

        // Another rate: none, or one that the category forbids.
        let wrong = match code {
            "S" | "L" | "M" => Some("-1"),
            "O" => Some("0"),
            _ => Some("5"),
        };
        for (number, alter) in [
            (
                "05",
                (|it: &mut Written| &mut it.lines[0]) as fn(&mut Written) -> &mut Part,
            ),
            ("06", |it| &mut it.allowances[0]),
            ("07", |it| &mut it.charges[0]),
        ] {
            let mut altered = good.clone();
            alter(&mut altered).rate = wrong.map(Into::into);
            assert!(
                altered.broken().contains(&format!("BR-{name}-{number}")),
                "{code} {number}"
            );
            if code != "O" {
                alter(&mut altered).rate = None;
                assert!(
                    altered.broken().contains(&format!("BR-{name}-{number}")),
                    "{code}"
                );
            }
        }

        let mut taxable = good.clone();
        taxable.breakdown[0].part.amount = "110.01".into();
        taxable.assert_broken(&rules(name, &["08"]));

        let mut tax = good.clone();
        let [vat, with_vat] = if rate == Some("10") {
            ["12.00", "122.00"]
        } else {
            ["1.00", "111.00"]
        };
        tax.breakdown[0].tax = vat.into();
        tax.totals[4] = vat.into();
        tax.totals[5] = with_vat.into();
        tax.totals[6] = with_vat.into();
        tax.assert_broken(&rules(name, &["BR-CO-17", "09"]));

        let mut reason = good.clone();
        reason.breakdown[0].has_reason ^= true;
        reason.assert_broken(&rules(name, &["10"]));
    }
}

#[test]
fn each_family_wants_its_identifiers() {
    for (code, name, rate, reason) in FAMILIES {
        let with = |seller_vat, seller_tax, buyer_vat| Written {
            seller_vat,
            seller_tax,
            buyer_vat,
            ..Written::of(code, rate, reason)
        };
        let broken = rules(name, &["02", "03", "04"]);
        let held: &[String] = &[];
        let expect = |holds: bool| if holds { held } else { &broken };
        let (is_outside, is_intra) = (code == "O", code == "K");
        with(true, false, true).assert_broken(expect(!is_outside));
        with(false, false, false).assert_broken(expect(is_outside));
        with(false, true, true).assert_broken(expect(!is_outside && !is_intra && code != "G"));
        with(true, false, false).assert_broken(expect(!is_outside && !is_intra && code != "AE"));
    }
}

#[test]
fn what_is_outside_of_vat_stands_alone() {
    let mut mixed = Written::of("O", None, true);
    mixed.lines.push(part("5.00", "Z", Some("0")));
    mixed.breakdown.push(Subtotal {
        part: part("5.00", "Z", Some("0")),
        tax: "0.00".into(),
        has_reason: false,
    });
    mixed.totals = [
        "105.00", "10.00", "20.00", "115.00", "0.00", "115.00", "115.00",
    ]
    .map(Into::into);
    mixed.assert_broken(&rules("O", &["BR-Z-02", "11", "12"]));
}

#[test]
fn a_breakdown_is_there_and_complete() {
    let good = Written::of("S", Some("10"), false);
    let mut none = good.clone();
    none.breakdown.clear();
    none.assert_broken(&rules("S", &["BR-CO-18", "01"]));

    let mut no_rate = good.clone();
    no_rate.breakdown[0].part.rate = None;
    no_rate.assert_broken(&rules("S", &["08", "08", "BR-48"]));

    let mut twice = Written::of("E", Some("0"), true);
    twice.breakdown.push(twice.breakdown[0].clone());
    twice.assert_broken(&rules("E", &["01"]));
    // Each of the two is right by itself, and the totals agree: the tax would be asked for twice.
    let mut twice = good.clone();
    twice.breakdown.push(twice.breakdown[0].clone());
    twice.totals[4] = "22.00".into();
    twice.totals[5] = "132.00".into();
    twice.totals[6] = "132.00".into();
    twice.assert_broken(&rules("S", &["08"]));

    let mut unknown = good.clone();
    unknown.lines[0].code = "X".into();
    unknown.assert_broken(&rules("S", &["BR-CL-18"]));
    unknown = good.clone();
    unknown.charges[0].code = "X".into();
    unknown.assert_broken(&rules("S", &["BR-CL-17"]));

    for (element, rule) in [
        ("ClassifiedTaxCategory", "BR-CO-04"),
        ("TaxCategory", "BR-32"),
    ] {
        let text = good.xml();
        let begin = text.find(&format!("<cac:{element}>")).unwrap();
        let end = begin + text[begin..].find("</cac:TaxScheme>").unwrap();
        let end = end + text[end..].find('>').unwrap() + 1;
        let end = end + text[end..].find('>').unwrap() + 1;
        let without = format!("{}{}", &text[..begin], &text[end..]);
        let error = read(without.as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(error.findings()[0].rule, rule, "{error}");
        assert_eq!(error.findings().len(), 1, "{error}");
    }

    // Split payment is calculated as the standard rate is.
    let split = Written::of("B", Some("10"), false);
    split.assert_broken(&[]);
}

fn cents(value: i64) -> String {
    Decimal::new(value.into(), 2).unwrap().to_fixed(2)
}

/// Amounts with rates, added up as EN 16931 says.
fn summed(lines: &[(i64, u8)], allowance: i64, charge: i64) -> Written {
    let rate_of = |index: u8| ["5", "10", "19.5"][usize::from(index)];
    let at = |value: i64, index: u8| part(&cents(value), "S", Some(rate_of(index)));
    let mut written = Written::of("S", Some("10"), false);
    written.lines = lines
        .iter()
        .map(|(value, index)| at(*value, *index))
        .collect();
    written.allowances = vec![at(allowance, lines[0].1)];
    written.charges = vec![at(charge, lines[0].1)];
    written.breakdown.clear();
    let (mut sum, mut vat) = (0, 0);
    for index in 0..3 {
        let used: Vec<i64> = lines
            .iter()
            .filter(|line| line.1 == index)
            .map(|line| line.0)
            .collect();
        if used.is_empty() {
            continue;
        }
        let extra = if index == lines[0].1 {
            charge - allowance
        } else {
            0
        };
        let taxable = used.iter().sum::<i64>() + extra;
        let per_mille = [50, 100, 195][usize::from(index)];
        let product = taxable * per_mille;
        let tax = (product.abs() + 500) / 1000 * product.signum();
        written.breakdown.push(Subtotal {
            part: at(taxable, index),
            tax: cents(tax),
            has_reason: false,
        });
        sum += taxable;
        vat += tax;
    }
    let of_lines: i64 = lines.iter().map(|line| line.0).sum();
    let totals = [of_lines, allowance, charge, sum, vat, sum + vat, sum + vat];
    written.totals = totals.map(cents);
    written
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sums_that_add_up_are_accepted_and_any_altered_total_is_found(
        lines in prop::collection::vec((-5_000_000i64..50_000_000, 0u8..3), 1..12),
        allowance in 0i64..100_000,
        charge in 0i64..100_000,
        delta in prop_oneof![-10_000i64..0, 1i64..10_000],
    ) {
        let written = summed(&lines, allowance, charge);
        prop_assert_eq!(written.broken(), Vec::<String>::new());
        let expected: [&[&str]; 7] = [
            &["BR-CO-10", "BR-CO-13"],
            &["BR-CO-11", "BR-CO-13"],
            &["BR-CO-12", "BR-CO-13"],
            &["BR-CO-13", "BR-CO-15"],
            &["BR-CO-14", "BR-CO-15"],
            &["BR-CO-15", "BR-CO-16"],
            &["BR-CO-16"],
        ];
        for (index, rules) in expected.iter().enumerate() {
            let mut altered = written.clone();
            let stated = Decimal::parse(&altered.totals[index]).unwrap();
            let delta = Decimal::new(delta.into(), 2).unwrap();
            altered.totals[index] = stated.plus(delta).unwrap().to_fixed(2);
            prop_assert_eq!(altered.broken(), rules.to_vec());
        }
    }
}
