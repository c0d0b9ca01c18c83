//! A workbook's cells are taken exactly as they are meant, or refused; damaged archives and bombs are refused.
#![allow(clippy::unwrap_used)]

mod workbook;

use blockworm_workflows::receivable::table::{Fault, Given, Table, TableError, read};
use workbook::{Workbook, header, number, row, text};

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
    let one = |fault: &Fault| {
        let column = fault.column.clone().unwrap_or_default();
        format!("{} {} {column}", fault.code, fault.row)
    };
    error.faults().iter().map(one).collect()
}

/// The columns that workbooks of these tests have, and a good row of theirs with something in place
/// of a cell.
fn workbook_with(column: &str, cell: &str) -> Vec<u8> {
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
    let good = [
        text("A2", "F-1"),
        number("B2", 1, "46328"),
        number("C2", 1, "46418"),
        text("D2", "CNY"),
        number("E2", 2, "100.5"),
        text("F2", "91990000MA0K0L3N77"),
    ];
    let place = format!("r=\"{column}2\"");
    let cells: Vec<String> = good
        .into_iter()
        .map(|kept| {
            if kept.contains(&place) {
                cell.to_owned()
            } else {
                kept
            }
        })
        .collect();
    Workbook::of(&[("应收", &format!("{head}{}", row(2, &cells)))]).bytes()
}

type Case = (&'static str, String, Result<&'static str, &'static str>);

#[track_caller]
fn check(cases: Vec<Case>) {
    for (column, cell, expected) in cases {
        let read = table(&workbook_with(column, &cell));
        let found = read
            .as_ref()
            .map(|read| read.entries[0].facts.number.clone())
            .map_err(|error| faults(error).join(" "));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{cell}");
    }
}

#[test]
fn numbers_and_days_are_exact_or_refused() {
    check(vec![
        ("A", number("A2", 0, "4417"), Ok("4417")),
        (
            "A",
            number("A2", 3, "4417"),
            Err("table.number_as_figure 2 A"),
        ),
        (
            "A",
            number("A2", 0, "24512000000012345678"),
            Err("table.number_as_figure 2 A"),
        ),
        (
            "A",
            number("A2", 0, "1.5"),
            Err("table.number_as_figure 2 A"),
        ),
        ("B", number("B2", 0, "46328"), Err("table.bad_date 2 B")),
        ("B", number("B2", 0, "20261102"), Ok("F-1")),
        (
            "B",
            text("B2", "02/11/2026"),
            Err("table.ambiguous_date 2 B"),
        ),
        (
            "B",
            r#"<c r="B2" t="d"><v>2026-11-02T00:00:00</v></c>"#.to_owned(),
            Ok("F-1"),
        ),
    ]);
}

#[test]
fn amounts_are_exact_or_refused() {
    check(vec![
        ("E", number("E2", 2, "0.1"), Ok("F-1")),
        (
            "E",
            number("E2", 2, "0.30000000000000004"),
            Err("table.decimals 2 E"),
        ),
        (
            "E",
            number("E2", 2, "99999999999999.99"),
            Err("table.precision_lost 2 E"),
        ),
        (
            "E",
            number("E2", 2, "1e300"),
            Err("table.amount_too_large 2 E"),
        ),
        ("E", number("E2", 1, "46328"), Err("table.bad_amount 2 E")),
        (
            "E",
            r#"<c r="E2" t="e"><f>1/0</f><v>#DIV/0!</v></c>"#.to_owned(),
            Err("table.cell_error 2 E"),
        ),
        (
            "E",
            r#"<c r="E2" t="b"><v>1</v></c>"#.to_owned(),
            Err("table.cell_error 2 E"),
        ),
        (
            "E",
            r#"<c r="E2"><f>A1*2</f></c>"#.to_owned(),
            Err("table.formula_uncalculated 2 E"),
        ),
        (
            "E",
            r#"<c r="E2" t="str"><f>TEXT(1,"0")</f><v>12.50</v></c>"#.to_owned(),
            Ok("F-1"),
        ),
        ("F", String::new(), Err("table.field_missing 2 F")),
    ]);
}

/// Four mebibytes of nothing, whose contents say another size.
fn saying(size: u32) -> Vec<u8> {
    let spaces = Workbook::of(&[("a", "")]).part("xl/worksheets/1.xml", vec![b' '; 4 << 20]);
    let mut bytes = spaces.bytes();
    let real = (4u32 << 20).to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == real {
            bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
        }
    }
    bytes
}

/// Bytes that are no good workbook, and their codes.
fn spoilt() -> Vec<(Vec<u8>, &'static str)> {
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
    let good = workbook_with("-", "");
    let two = Workbook::of(&[("一月", &head), ("二月", &head)]);
    let entities = Workbook::of(&[("a", "")]).part(
        "xl/worksheets/1.xml",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    );
    let order = Workbook::of(&[("a", &format!("{}{}", header(2, &["x"]), header(1, &["x"])))]);
    let outside = Workbook::of(&[("a", r#"<row r="1"><c r="A1" t="s"><v>7</v></c></row>"#)]);
    let far = Workbook::of(&[("a", &row(1, &[text("XFD1", "x")]))]);
    let binary = Workbook::of(&[]).part("_rels/.rels", r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>"#);
    let mut cut = good.clone();
    cut.truncate(cut.len() - 30);
    let mut flipped = good.clone();
    let at = flipped
        .windows(4)
        .position(|four| four == b"PK\x03\x04")
        .unwrap()
        + 60;
    flipped[at] ^= 0xFF;
    let mut twice = Workbook::of(&[("a", &head)]);
    twice.parts.push(twice.parts[0].clone());
    vec![
        (two.bytes(), "table.several_sheets"),
        (saying(97 << 20), "table.limit_exceeded"),
        (saying(1), "table.malformed"),
        (entities.bytes(), "table.malformed"),
        (order.bytes(), "table.malformed"),
        (outside.bytes(), "table.malformed"),
        (far.bytes(), "table.limit_exceeded"),
        (binary.bytes(), "table.old_format"),
        (
            Workbook::of(&[])
                .part("_rels/.rels", "<Relationships/>")
                .bytes(),
            "table.malformed",
        ),
        (
            Workbook::of(&[("说明", &header(1, &["x"]))]).bytes(),
            "table.no_header",
        ),
        (twice.bytes(), "table.malformed"),
        (cut, "table.malformed"),
        (flipped, "table.malformed"),
    ]
}

#[test]
fn workbooks_that_are_damaged_or_bombs_are_refused() {
    assert!(table(&workbook_with("-", "")).is_ok());
    for (bytes, code) in spoilt() {
        let error = table(&bytes).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn the_sheet_that_is_named_is_read() {
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
    let two = Workbook::of(&[("一月", &head), ("二月", &head)]);
    let named = Given {
        sheet: Some("二月".into()),
        ..given()
    };
    assert_eq!(
        read(&two.bytes(), &named).unwrap_err().code(),
        "table.empty"
    );
    let unknown = Given {
        sheet: Some("三月".into()),
        ..given()
    };
    assert_eq!(
        read(&two.bytes(), &unknown).unwrap_err().code(),
        "table.unknown_sheet"
    );
    assert!(
        table(
            &Workbook {
                deflated: false,
                ..Workbook::of(&[("a", &head)])
            }
            .bytes()
        )
        .unwrap_err()
        .code()
            == "table.empty"
    );
}
