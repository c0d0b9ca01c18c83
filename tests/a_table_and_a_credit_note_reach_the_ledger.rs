//! A supplier's table goes on the ledger row by row, once; a credit note leaves a smaller receivable, once.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_ledger::Amount;
use blockworm_workflows::receivable::Opening;
use dsl::{Consortium, SAMPLE_INVOICE, path};
use serde_json::Value;
use std::{fs, path::PathBuf};

const BUYER: [&str; 2] = ["--buyer", "platform/buyer-c27e"];
const NOTE: &str = include_str!("../samples/steel-credit-note.xml");

fn sample(name: &str) -> String {
    format!("{}/../../samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A file beside the consortium.
fn written(consortium: &Consortium, name: &str, text: &str) -> PathBuf {
    let path = consortium.beside(name);
    fs::write(&path, text).unwrap();
    path
}

/// The shipped credit note under another number, on another invoice.
fn note(consortium: &Consortium, number: &str, invoice: &str) -> PathBuf {
    assert_eq!(NOTE.matches("CL-2026-004417").count(), 1);
    let text = NOTE
        .replace("CL-2026-K00031", number)
        .replace("CL-2026-004417", invoice);
    let text = text.replace("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "");
    written(consortium, &format!("{number}.xml"), &text)
}

fn import(consortium: &Consortium, table: &str, more: &[&str]) -> dsl::Ran {
    consortium.run(&[&["receivable", "import", table], more].concat())
}

fn credit(consortium: &Consortium, note: &str, more: &[&str]) -> dsl::Ran {
    consortium.run(&[&["receivable", "credit", note], more].concat())
}

fn show(consortium: &Consortium, id: &str) -> Value {
    consortium.run(&["receivable", "show", id]).json()
}

fn counts(imported: &Value) -> (u64, u64) {
    let count = |name: &str| imported[name].as_u64().unwrap();
    (count("issued"), count("known"))
}

fn minor(value: &Value) -> u128 {
    serde_json::from_value::<Amount>(value.clone())
        .unwrap()
        .minor
}

#[test]
fn a_table_goes_on_the_ledger_once_and_credit_notes_leave_what_is_owed() {
    let consortium = Consortium::start(1);
    let document = import(&consortium, SAMPLE_INVOICE, &[]).json();
    let first = document["receivable"].as_str().unwrap();
    table_is_issued_once(&consortium, first);
    notes_that_do_not_fit(&consortium);
    a_part_is_credited(&consortium, first);
    the_whole_is_credited_and_an_interruption_taken_up(&consortium);
}

fn table_is_issued_once(consortium: &Consortium, first: &str) {
    let csv = written(
        consortium,
        "ledger.csv",
        &fs::read_to_string(sample("receivables.csv")).unwrap(),
    );
    let (csv, openings) = (path(&csv), consortium.beside("ledger.csv.openings.jsonl"));
    assert_eq!(
        import(consortium, csv, &[]).error_code(),
        "table.field_missing"
    );
    let broken = import(consortium, &sample("receivables-broken.csv"), &BUYER);
    assert_eq!(broken.error_code(), "table.ambiguous_date");
    let answer: Value = serde_json::from_str(broken.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        answer["error"]["faults"].as_array().unwrap().len(),
        7,
        "{answer:#}"
    );
    assert_eq!(answer["error"]["faults"][0]["column"], "B");
    let priced = import(
        consortium,
        csv,
        &[&BUYER[..], &["--price", "1.00"]].concat(),
    );
    assert_eq!(priced.error_code(), "table.one_price");
    let checked = import(consortium, csv, &[&BUYER[..], &["--check"]].concat()).json();
    assert_eq!((counts(&checked), openings.exists()), ((0, 0), false));
    // Nobody of this name is on the ledger: what is issued before is kept, the rest is for another run.
    let strangers = import(consortium, csv, &["--buyer", "platform/nobody"]);
    assert_eq!(strangers.error_code(), "receivable.unknown_buyer");
    let imported = import(consortium, csv, &BUYER).json();
    assert_eq!(counts(&imported), (2, 1), "{imported:#}");
    let rows = imported["rows"].as_array().unwrap();
    assert_eq!(
        rows[0]["receivable"], first,
        "the invoice of the document is the row's"
    );
    assert_eq!(
        (
            &rows[0]["became"],
            rows[0]["differs"].as_array().unwrap().len()
        ),
        (&"known".into(), 0)
    );
    assert_eq!(counts(&import(consortium, csv, &BUYER).json()), (0, 3));
    // What the ledger has of a row is opened by that row alone.
    let id = rows[1]["receivable"].as_str().unwrap();
    let on_ledger = show(consortium, id);
    let kept = fs::read_to_string(openings).unwrap();
    let opens = kept.lines().any(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let opening: Opening = serde_json::from_value(line["opening"].clone()).unwrap();
        let commitment = opening.commitment();
        let document = line["document"].as_str().unwrap().as_bytes();
        on_ledger["document_commitment"] == commitment.to_string()
            && opening.opens(&commitment, document)
    });
    assert!(opens, "{kept}");
    let book = consortium.beside("ledger.xlsx");
    fs::copy(sample("receivables.xlsx"), &book).unwrap();
    let imported = import(consortium, path(&book), &BUYER).json();
    assert_eq!(
        (counts(&imported), &imported["sheet"]),
        ((3, 0), &"应收".into())
    );
}

fn notes_that_do_not_fit(consortium: &Consortium) {
    let euro = note(consortium, "K-1", "CL-2026-004452");
    let small = note(consortium, "K-2", "CL-2026-004490");
    let unknown = note(consortium, "K-3", "CL-2026-999999");
    let nameless = written(consortium, "K-4.xml", &{
        let (begin, rest) = NOTE.split_once("<cac:BillingReference>").unwrap();
        format!(
            "{begin}{}",
            rest.split_once("</cac:BillingReference>").unwrap().1
        )
    });
    let shipped = sample("steel-credit-note.xml");
    for (file, more, code) in [
        (SAMPLE_INVOICE, &[][..], "credit.not_a_credit_note"),
        (path(&nameless), &[], "credit.not_one_invoice"),
        (path(&euro), &[], "credit.other_currency"),
        (
            path(&euro),
            &["--invoice", SAMPLE_INVOICE],
            "credit.other_invoice",
        ),
        (path(&small), &[], "credit.more_than_owed"),
        (path(&unknown), &[], "credit.unknown_invoice"),
        (
            &shipped,
            &["--as", "platform/buyer-c27e"],
            "credit.not_the_seller",
        ),
        (&shipped, &["--price", "9999999.00"], "receivable.bad_price"),
    ] {
        assert_eq!(credit(consortium, file, more).error_code(), code, "{file}");
    }
}

fn a_part_is_credited(consortium: &Consortium, first: &str) {
    let shipped = sample("steel-credit-note.xml");
    let credited = credit(consortium, &shipped, &["--invoice", SAMPLE_INVOICE]).json();
    assert_eq!(credited["withdrawn"], first);
    assert_eq!(minor(&credited["left"]), 164_814_405 - 1_481_700);
    assert_eq!(show(consortium, first)["status"], "withdrawn");
    let left = credited["receivable"].as_str().unwrap();
    let now = show(consortium, left);
    assert_eq!(
        (&now["status"], &now["amount"]),
        (&"issued".into(), &"163332705".into())
    );
    assert_eq!(
        credit(consortium, &shipped, &[]).error_code(),
        "credit.already_applied"
    );
    // The table still says what the invoice said; that it differs is told, and nothing is issued.
    let csv = consortium.beside("ledger.csv");
    let again = import(consortium, path(&csv), &BUYER).json();
    assert_eq!(
        (counts(&again), &again["rows"][0]["differs"]),
        ((0, 3), &serde_json::json!(["amount"]))
    );
    consortium.run(&["receivable", "confirm", left]).json();
    let second = note(consortium, "K-5", "CL-2026-004417");
    assert_eq!(
        credit(consortium, path(&second), &[]).error_code(),
        "credit.confirmed"
    );
}

fn the_whole_is_credited_and_an_interruption_taken_up(consortium: &Consortium) {
    let table = "invoice number,issue date,due date,amount due,seller tax id\n\
        W-1,2026-11-02,2027-01-31,14817.00,91990000MA0K0L3N77\n";
    let table = written(consortium, "whole.csv", table);
    let flags = [&BUYER[..], &["--currency", "CNY"]].concat();
    let imported = import(consortium, path(&table), &flags).json();
    let whole = note(consortium, "K-6", "W-1");
    let credited = credit(consortium, path(&whole), &[]).json();
    assert_eq!(credited["withdrawn"], imported["rows"][0]["receivable"]);
    assert!(credited["receivable"].is_null() && credited["left"].is_null());
    for more in [&[][..], &["--resume"]] {
        assert_eq!(
            credit(consortium, path(&whole), more).error_code(),
            "credit.withdrawn"
        );
    }
    // A table does not bring back what was withdrawn.
    let again = import(consortium, path(&table), &flags).json();
    assert_eq!(
        (counts(&again), &again["rows"][0]["became"]),
        ((0, 1), &"cancelled".into())
    );
    // As if it had stopped between the two steps.
    let part = note(consortium, "K-7", "CL-2026-004431");
    let csv = import(consortium, path(&consortium.beside("ledger.csv")), &BUYER).json();
    let id = csv["rows"][1]["receivable"].as_str().unwrap();
    let supplier = ["--as", "platform/supplier-3f9a"];
    consortium
        .run(&[&["receivable", "withdraw", id], &supplier[..]].concat())
        .json();
    assert_eq!(
        credit(consortium, path(&part), &[]).error_code(),
        "credit.withdrawn"
    );
    let resumed = credit(consortium, path(&part), &["--resume"]).json();
    assert_eq!(minor(&resumed["left"]), 8_642_050 - 1_481_700);
    assert_eq!(
        credit(consortium, path(&part), &["--resume"]).error_code(),
        "credit.already_applied"
    );
}
