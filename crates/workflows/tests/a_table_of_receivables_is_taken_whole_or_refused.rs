//! A table of receivables is taken whole, each row the invoice that its document is, or refused with every fault.
#![allow(clippy::unwrap_used)]

mod workbook;

use blockworm_ledger::Currency;
use blockworm_workflows::receivable::{
    SAMPLE_INVOICE, Salt, import,
    table::{Given, Table, TableError, read},
};
use std::fmt::Write as _;
use workbook::{Workbook, header, number, row, text};

const CSV: &[u8] = include_bytes!("../../../samples/receivables.csv");
const XLSX: &[u8] = include_bytes!("../../../samples/receivables.xlsx");
const BROKEN: &[u8] = include_bytes!("../../../samples/receivables-broken.csv");
const HEAD: &str =
    "invoice number,issue date,due date,currency,amount due,seller tax id,buyer tax id";
const GOOD: &str = "F-1,2026-11-02,2027-01-31,CNY,100.00,CN91990000MA0K0L3N77,";

fn given() -> Given {
    Given {
        buyer: Some("platform/buyer-c27e".parse().unwrap()),
        ..Given::default()
    }
}

fn table(bytes: &[u8]) -> Result<Table, TableError> {
    read(bytes, &given())
}

/// Each fault as `code row column`.
fn faults(error: &TableError) -> Vec<String> {
    let one = |fault: &blockworm_workflows::receivable::table::Fault| {
        let column = fault.column.clone().unwrap_or_default();
        format!("{} {} {column}", fault.code, fault.row)
            .trim_end()
            .to_owned()
    };
    error.faults().iter().map(one).collect()
}

#[track_caller]
fn refused(csv: &str) -> Vec<String> {
    faults(&table(csv.as_bytes()).unwrap_err())
}

#[test]
fn an_invoice_is_the_same_as_document_and_as_row() {
    let claim = import(SAMPLE_INVOICE).unwrap();
    let from_csv = table(CSV).unwrap();
    assert_eq!(from_csv.entries.len(), 3);
    assert_eq!(from_csv.entries[0].owed, claim.owed());
    assert_eq!(
        from_csv.entries[0].owed.receivable_id(),
        claim.receivable_id()
    );
    // The code of the company without its country, as tables in China have it, is the same seller.
    let bare = String::from_utf8_lossy(CSV).replace("CN9199", "9199");
    assert_eq!(
        table(bare.as_bytes()).unwrap().entries[0].owed,
        claim.owed()
    );
    // And so as a workbook: day by day, figure by figure.
    let head = header(
        1,
        &[
            "发票号码",
            "开票日期",
            "到期日",
            "币种",
            "应收金额",
            "销售方税号",
        ],
    );
    let cells = [
        text("A2", "CL-2026-004417"),
        number("B2", 1, "46328"),
        number("C2", 1, "46418"),
        text("D2", "人民币"),
        number("E2", 2, "1648144.0500000001"),
        text("F2", "91990000MA0K0L3N77"),
    ];
    for before in ["", r#"<workbookPr date1904="0"/>"#] {
        let book = Workbook::with(&[("应收", &format!("{head}{}", row(2, &cells)))], before);
        assert_eq!(table(&book.bytes()).unwrap().entries[0].owed, claim.owed());
    }
    let since_1904 = [
        &cells[..1],
        &[number("B2", 1, "44866"), number("C2", 1, "44956")],
        &cells[3..],
    ]
    .concat();
    let rows = format!("{head}{}", row(2, &since_1904));
    let book = Workbook::with(&[("应收", &rows)], r#"<workbookPr date1904="1"/>"#);
    assert_eq!(table(&book.bytes()).unwrap().entries[0].owed, claim.owed());
}

#[test]
fn the_samples_are_read_and_the_broken_one_is_answered_with_every_fault() {
    let read = table(XLSX).unwrap();
    assert_eq!(read.sheet.as_deref(), Some("应收"));
    let amounts: Vec<&str> = read
        .entries
        .iter()
        .map(|entry| entry.facts.amount.as_str())
        .collect();
    assert_eq!(amounts, ["16950.00", "99666.40", "3900.00"]);
    assert_eq!(read.entries[0].facts.issue_date.to_string(), "2026-11-18");
    assert_eq!(
        read.entries[0].facts.seller_tax_id.as_deref(),
        Some("CN91990000MA0K0L3N77")
    );
    assert_eq!(read.totals[0].to_string(), "120516.40 CNY");
    let remarks = read.remarks.join("\n");
    for remark in [
        "above the header",
        "column G: 4 cells hold formulas, the first in row 4",
        "备注",
        "row 9, below the totals",
    ] {
        assert!(remarks.contains(remark), "{remark}: {remarks}");
    }
    let totals: Vec<String> = table(CSV)
        .unwrap()
        .totals
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(totals, ["1734564.55 CNY", "12900.00 EUR"]);
    let error = table(BROKEN).unwrap_err();
    let expected = [
        "table.ambiguous_date 3 B",
        "table.due_before_issue 4 C",
        "table.ambiguous_amount 4 E",
        "table.duplicate 5 A",
        "table.field_missing 6 A",
        "table.bad_currency 6 D",
        "table.bad_tax_id 6 F",
    ];
    assert_eq!(faults(&error), expected, "{error}");
    let shown = error.to_string();
    assert!(
        shown.contains("row 3, column B (Issue date) is `02/11/2026`; wanted: a day"),
        "{shown}"
    );
    assert!(shown.contains("row 2 is the same one"), "{shown}");
}

#[test]
fn each_class_of_bad_rows_has_its_code() {
    for (from, to, expected) in [
        ("F-1,", ",", "table.field_missing 2 A"),
        ("F-1,", "\"=\"\"0017\"\"\",", "table.formula_text 2 A"),
        ("2026-11-02", "", "table.field_missing 2 B"),
        ("2026-11-02", "2/11/2026", "table.ambiguous_date 2 B"),
        ("2026-11-02", "2026-02-30", "table.bad_date 2 B"),
        ("2027-01-31", "2026-11-01", "table.due_before_issue 2 C"),
        ("2027-01-31", "soon", "table.bad_date 2 C"),
        ("CNY", "", "table.field_missing 2 D"),
        ("CNY", "gold", "table.bad_currency 2 D"),
        ("CNY", "JPY", "table.decimals 2 E"),
        ("100.00", "", "table.field_missing 2 E"),
        ("100.00", "0.00", "table.not_positive 2 E"),
        ("100.00", "-5.00", "table.not_positive 2 E"),
        ("100.00", "100.005", "table.ambiguous_amount 2 E"),
        ("100.00", "1000.005", "table.decimals 2 E"),
        ("100.00", "\"1,000\"", "table.ambiguous_amount 2 E"),
        ("100.00", "100.00 EUR", "table.currency_mismatch 2 E"),
        ("100.00", "9999999999999999.00", "table.bad_amount 2 E"),
        ("CN91990000MA0K0L3N77", "12345", "table.bad_tax_id 2 F"),
        ("CN91990000MA0K0L3N77", "", "table.field_missing 2 F"),
        (
            "N77,",
            "N77,CN91990000MA0K0L3N77",
            "table.buyer_is_seller 2 G",
        ),
        ("N77,", "N77", "table.ragged_row 2"),
        ("N77,", "N77,,x", "table.ragged_row 2 H"),
        (
            "F-1,",
            &format!("{},", "F".repeat(101)),
            "table.too_long 2 A",
        ),
    ] {
        assert!(GOOD.contains(from));
        let row = GOOD.replacen(from, to, 1);
        let csv = match to {
            // `CNY` with another currency keeps the amount's point.
            "JPY" => format!("{HEAD}\n{}\n", row.replace("100.00", "100.50")),
            _ => format!("{HEAD}\n{row}\n"),
        };
        let found = match table(csv.as_bytes()) {
            Err(error) => faults(&error),
            Ok(read) => panic!("{from} as {to} was read: {read:?}"),
        };
        assert_eq!(found, [expected], "{from} as {to}");
    }
    assert_eq!(
        table(format!("{HEAD}\n{GOOD}\n").as_bytes())
            .unwrap()
            .entries
            .len(),
        1
    );
}

#[test]
fn rows_are_compared_with_each_other() {
    let row = |number: &str, amount: &str, seller: &str| {
        format!("{number},2026-11-02,2027-01-31,CNY,{amount},{seller},\n")
    };
    let ours = "CN91990000MA0K0L3N77";
    let same = row("F-1", "1.00", ours)
        + &row("F  1", "2.00", ours)
        + &row("F-1", "3.00", "91990000MA0K0L3N77");
    assert_eq!(refused(&format!("{HEAD}\n{same}")), ["table.duplicate 4 A"]);
    let others = row("F-1", "1.00", ours) + &row("F-2", "2.00", "NL820098395B01");
    assert_eq!(
        refused(&format!("{HEAD}\n{others}")),
        ["table.sellers_differ 3 F"]
    );
    let rows = row("F-1", "1.00", ours) + &row("F-2", "2.50", ours);
    for (total, expected) in [
        ("Total,,,,3.50,,", None),
        ("合 计：,,,CNY,3.50,,", None),
        (",总计（元）,,,3.50,,", None),
        ("Total,,,,3.51,,", Some("table.totals_mismatch 4 E")),
        ("小计,,,,1.00,,", Some("table.totals_mismatch 4 E")),
        ("Total,,,EUR,3.50,,", Some("table.totals_mismatch 4 E")),
        ("Total,,,,much,,", Some("table.bad_amount 4 E")),
    ] {
        let read = table(format!("{HEAD}\n{rows}{total}\n").as_bytes());
        let found = read.as_ref().map_or_else(faults, |_| Vec::new());
        assert_eq!(found.first().map(String::as_str), expected, "{total}");
    }
    let euro = rows.clone() + &row("F-3", "9.00", ours).replace("CNY", "EUR");
    assert_eq!(
        refused(&format!("{HEAD}\n{euro}Total,,,,12.50,,\n")),
        ["table.totals_mixed 5 E"]
    );
    assert!(
        table(format!("{HEAD}\n{euro}Total,,,CNY,3.50,,\nTotal,,,EUR,9.00,,\n").as_bytes()).is_ok()
    );
    let parts = row("F-1", "1.00", ours)
        + "小计,,,,1.00,,\n"
        + &row("F-2", "2.00", ours)
        + "小计,,,,2.00,,\n合计,,,,3.00,,\n";
    assert_eq!(
        table(format!("{HEAD}\n{parts}").as_bytes())
            .unwrap()
            .entries
            .len(),
        2
    );
}

#[test]
fn headers_decide_what_is_read() {
    let body = "F-1,2026-11-02,2027-01-31,100.00,13.00,113.00,CN91990000MA0K0L3N77\n";
    let taxed = |head: &str| format!("{head}\n{body}");
    let net = "发票号码,开票日期,到期日,金额,税额,价税合计,销售方税号";
    let with_currency = Given {
        currency: Some(Currency::CNY),
        ..given()
    };
    let read_it = |csv: &str| read(csv.as_bytes(), &with_currency);
    assert_eq!(
        read_it(&taxed(net)).unwrap().entries[0].facts.amount,
        "113.00"
    );
    let wrong = read_it(&taxed(net).replace("113.00", "114.00")).unwrap_err();
    assert_eq!(faults(&wrong), ["table.totals_mismatch 2 F"]);
    for (from, to, expected) in [
        ("价税合计", "备注", "table.column_missing 1"),
        ("开票日期", "备注", "table.column_missing 1"),
        ("税额", "应收金额,价税合计", "table.column_repeated 1 G"),
        ("价税合计", "价税合计（万元）", "table.header_unit 1 F"),
        ("价税合计", "应收金额", "table.not_positive 2 F"),
    ] {
        let csv = taxed(&net.replacen(from, to, 1))
            .replace("113.00", if to == "应收金额" { "0" } else { "113.00" });
        assert_eq!(
            faults(&read_it(&csv).unwrap_err())[0],
            expected,
            "{from} as {to}"
        );
    }
    for (currency, seller, code) in [
        ("ABC", None, "table.bad_currency"),
        ("CNY", Some("12345"), "table.bad_tax_id"),
    ] {
        let wrong = Given {
            currency: Some(currency.parse().unwrap()),
            seller_tax_id: seller.map(Into::into),
            ..given()
        };
        assert_eq!(
            read(taxed(net).as_bytes(), &wrong).unwrap_err().code(),
            code
        );
    }
    let named = taxed(&net.replace("价税合计", "价税合计(EUR)"));
    let entry = &read(named.as_bytes(), &given()).unwrap().entries[0];
    assert_eq!(entry.facts.currency, "EUR");
    assert_eq!(
        refused(&taxed(net)),
        ["table.column_missing 1"],
        "nothing says the currency"
    );
    let none = Given::default();
    let unknown = read(format!("{HEAD}\n{GOOD}\n").as_bytes(), &none).unwrap_err();
    assert_eq!(faults(&unknown), ["table.field_missing 2"]);
    assert!(unknown.to_string().contains("--buyer"));
    let member = format!("{HEAD},buyer member\n{GOOD},bank/maker\n");
    let entry = &read(member.as_bytes(), &none).unwrap().entries[0];
    assert_eq!(entry.buyer_member.as_ref().unwrap().as_str(), "bank/maker");
    let bad = format!("{HEAD},buyer member\n{GOOD},somebody\n");
    assert_eq!(refused(&bad), ["table.bad_member 2 H"]);
    let coded = format!("发票代码,{HEAD}\n044001,{GOOD}\n");
    assert_eq!(refused(&coded), ["table.invoice_code 2 A"]);
}

#[test]
fn every_separator_and_mark_is_found() {
    let plain = format!("{HEAD}\r\n{GOOD}\r\n");
    let good = table(plain.as_bytes()).unwrap();
    let marked = [b"\xEF\xBB\xBF", plain.as_bytes()].concat();
    let declared = format!("sep=;\n{}", plain.replace(',', ";"));
    for same in [
        marked,
        plain.replace(',', ";").into_bytes(),
        plain.replace(',', "\t").into_bytes(),
        plain.replace("\r\n", "\n\n").into_bytes(),
        declared.into_bytes(),
        plain.replace("\r\n", "\r").into_bytes(),
        plain.replace("F-1", "\"F-1\"").into_bytes(),
    ] {
        let read = table(&same).unwrap();
        assert_eq!(read.entries[0].facts, good.entries[0].facts);
    }
    let deep = format!("{HEAD}\n\n\n,,,,,,\n{GOOD}\n");
    assert_eq!(table(deep.as_bytes()).unwrap().entries[0].row, 5);
}

#[test]
fn what_is_no_table_is_named() {
    let plain = format!("{HEAD}\r\n{GOOD}\r\n");
    let wide = format!("{HEAD},{}\n", vec!["x"; 70].join(","));
    let mut long = format!("{HEAD}\n");
    for index in 0..10_001 {
        let _ = writeln!(long, "{}", GOOD.replace("F-1", &format!("F-{index}")));
    }
    for (bytes, code) in [
        (b"\xFF\xFEa\0".to_vec(), "table.encoding"),
        (
            b"\xB7\xA2\xC6\xB1\xBA\xC5\xC2\xEB,a\n".to_vec(),
            "table.encoding",
        ),
        (b"a\0b".to_vec(), "table.malformed"),
        (b"".to_vec(), "table.no_header"),
        (b"a,b,c\n1,2,3\n".to_vec(), "table.no_header"),
        (format!("{HEAD}\n").into_bytes(), "table.empty"),
        (
            plain.replace("F-1", "\"F-1").into_bytes(),
            "table.bad_quotes",
        ),
        (
            plain.replace("F-1", "F\"-1").into_bytes(),
            "table.bad_quotes",
        ),
        (
            plain.replace("F-1", "\"F\"-1").into_bytes(),
            "table.bad_quotes",
        ),
        (
            plain.replace("F-1", &"F".repeat(5_000)).into_bytes(),
            "table.limit_exceeded",
        ),
        (wide.into_bytes(), "table.limit_exceeded"),
        (long.into_bytes(), "table.limit_exceeded"),
        (vec![b' '; (16 << 20) + 1], "table.too_large"),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 an old one".to_vec(),
            "table.old_format",
        ),
        (
            [
                b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(),
                "EncryptedPackage"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
            ]
            .concat(),
            "table.encrypted",
        ),
        (b"PK\x03\x04 but nothing else".to_vec(), "table.malformed"),
    ] {
        let error = table(&bytes).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.next().is_empty());
    }
}

#[test]
fn a_row_alone_opens_its_commitment() {
    let read = table(CSV).unwrap();
    let facts = &read.entries[1].facts;
    let opening = facts.opening(Salt([7; 32])).unwrap();
    let document = facts.document().unwrap();
    assert!(
        document.starts_with(r#"{"number":"CL-2026-004431","issue_date":"2026-11-05","#),
        "{document}"
    );
    assert!(opening.opens(&opening.commitment(), document.as_bytes()));
    assert!(!opening.opens(
        &opening.commitment(),
        read.entries[0].facts.document().unwrap().as_bytes()
    ));
}
