//! Help, JSON results and errors are what scripts and people rely on: changing them is a decision.
//!
//! `BLOCKWORM_BLESS=1 cargo test --test the_command_line_keeps_its_shape` rewrites the snapshots.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, blockworm, path};
use serde_json::{Map, Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[track_caller]
fn check_snapshot(name: &str, found: &str) {
    let file = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/snapshots"
    ))
    .join(name);
    if std::env::var_os("BLOCKWORM_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, found).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let difference = kept
        .lines()
        .zip(found.lines())
        .find(|(kept, found)| kept != found);
    assert!(
        kept == found,
        "{} differs, first in {difference:?}; found:\n{found}",
        file.display()
    );
}

/// Whose help is kept.
const VERBS: [&[&str]; 69] = [
    &[],
    &["up"],
    &["down"],
    &["status"],
    &["doctor"],
    &["node", "run"],
    &["node"],
    &["node", "start"],
    &["node", "stop"],
    &["node", "restart"],
    &["node", "logs"],
    &["node", "ping"],
    &["node", "package"],
    &["node", "install"],
    &["network"],
    &["network", "health"],
    &["ledger"],
    &["ledger", "join"],
    &["ledger", "archive"],
    &["api-key"],
    &["api-key", "create"],
    &["api-key", "list"],
    &["api-key", "revoke"],
    &["tx", "show"],
    &["tx", "submit"],
    &["proof", "export"],
    &["verify"],
    &["member"],
    &["member", "register"],
    &["member", "renew"],
    &["member", "revoke"],
    &["member", "list"],
    &["asset"],
    &["asset", "draft"],
    &["asset", "transfer"],
    &["asset", "freeze"],
    &["asset", "offer"],
    &["voucher"],
    &["voucher", "issue"],
    &["receivable"],
    &["receivable", "import"],
    &["receivable", "credit"],
    &["receivable", "confirm"],
    &["receivable", "finance"],
    &["receivable", "settle"],
    &["receivable", "split"],
    &["receivable", "ask"],
    &["receivable", "case"],
    &["receivable", "forgo"],
    &["receivable", "show"],
    &["evidence"],
    &["evidence", "deposit"],
    &["evidence", "phase"],
    &["evidence", "attest"],
    &["evidence", "decide"],
    &["evidence", "declare"],
    &["evidence", "show"],
    &["registry"],
    &["registry", "reserve"],
    &["registry", "release"],
    &["registry", "reregister"],
    &["registry", "mutations"],
    &["financing", "check"],
    &["key-holder"],
    &["key-holder", "show"],
    &["key-holder", "rotate"],
    &["key-holder", "publish"],
    &["key-holder", "audit"],
    &["query"],
];

#[test]
fn help() {
    let mut text = String::new();
    for verb in VERBS {
        let mut args = verb.to_vec();
        args.push("--help");
        let ran = blockworm(&args);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            !ran.stdout.contains('\u{1b}'),
            "no colour when not on a terminal"
        );
        text.push_str(&format!("$ blockworm {}\n{}\n", args.join(" "), ran.stdout));
    }
    check_snapshot("help.txt", &text);
}

/// What the fingerprints find is printed without any node, and a missed goal is a failure.
#[test]
fn the_table_of_mutations() {
    let invoice = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/steel-invoice.xml"
    );
    let args = ["registry", "mutations", "--generated", "400"];
    let shipped = blockworm(&[&args[..], &["--output", "json"]].concat()).json();
    let given = blockworm(&[&args[..], &[invoice, "--output", "json"]].concat()).json();
    assert_eq!(shipped, given, "the sample is the file that ships");
    assert_eq!(shipped["invoices"], 401);
    assert!(shipped["rows"].as_array().unwrap().len() >= 12);
    let text = blockworm(&args);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("False alerts: "), "{text:?}");
    let credit = invoice.replace("steel-invoice", "steel-credit-note");
    let refused = blockworm(&["registry", "mutations", &credit, "--output", "json"]);
    assert_eq!(refused.error_code(), "invoice.credit_note");
}

/// The value with every string and number replaced by its kind.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let inner: Map<String, Value> = map
                .iter()
                .map(|(key, inner)| (key.clone(), shape(inner)))
                .collect();
            Value::Object(inner)
        }
        Value::Array(all) => {
            let mut shapes: Vec<Value> = all.iter().map(shape).collect();
            shapes.dedup();
            Value::Array(shapes)
        }
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("true or false"),
        Value::Null => json!(null),
    }
}

/// The shapes of what each command prints, by the command's own words up to the first value.
struct Shapes<'a> {
    consortium: &'a Consortium,
    found: Map<String, Value>,
}

impl Shapes<'_> {
    fn keep(&mut self, verb: &str, values: &[&str]) -> Value {
        let words: Vec<&str> = verb.split(' ').chain(values.iter().copied()).collect();
        let result = self.consortium.run(&words).json();
        self.found.insert(verb.to_owned(), shape(&result));
        result
    }
}

fn keep_evidence(shapes: &mut Shapes<'_>, file: &str) {
    let (matter, as_admin) = ("steel", ["--as", "platform/admin"]);
    let deposit = [matter, file, "--phase", "invoice"];
    shapes.keep("evidence deposit", &[&deposit[..], &as_admin].concat());
    let attest = [matter, "1", "seen-original", "--findings", file];
    let as_notary = ["--as", "notary/admin"];
    shapes.keep("evidence attest", &[&attest[..], &as_notary].concat());
    let until = [matter, "--until", "2090-01-01T00:00:00Z"];
    shapes.keep("evidence retain", &[&until[..], &as_admin].concat());
    let declare = ["platform", "none"];
    shapes.keep("evidence declare", &[&declare[..], &as_notary].concat());
    shapes.keep("evidence show", &[matter, "--org", "platform"]);
    shapes.keep("evidence list", &[]);
    shapes.keep("evidence list --relations", &[]);
}

#[test]
fn results() {
    let consortium = Consortium::planned(1);
    let up = consortium.up(&[]).json();
    let id = up["first_transaction"].as_str().unwrap();
    let proof = consortium.beside("proof.json");
    let genesis = consortium.folder.genesis_file("trade");
    let invoice = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/steel-invoice.xml"
    );
    let statement = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/settlement-account.csv"
    );
    let mut shapes = Shapes {
        consortium: &consortium,
        found: Map::new(),
    };
    shapes.found.insert("up".to_owned(), shape(&up));
    shapes.keep("status", &[]);
    shapes.keep("doctor", &[]);
    shapes.keep("tx show", &[id]);
    let as_bank = ["--as", "bank/maker"];
    let checked = ["--checker", "bank/checker"];
    let amount = ["10000000.00", "CNY", "--statement", statement];
    let issued = shapes.keep("voucher issue", &[&amount[..], &checked].concat());
    let money = issued["asset"].as_str().unwrap();
    let transfer = format!(
        r#"{{"transfer":{{"asset":"{money}","part":{{"units":"1"}},"to":"bank/checker"}}}}"#
    );
    let submit = ["--contract", "assets", "--message", &transfer];
    shapes.keep("tx submit", &[&as_bank[..], &submit].concat());
    shapes.keep("voucher balance", &["bank/maker"]);
    shapes.keep("asset show", &[money]);
    shapes.keep("proof export", &[id, "-o", path(&proof)]);
    shapes.keep("member list", &["--organisation", "bank"]);
    let imported = shapes.keep("receivable import", &[invoice]);
    let receivable = imported["receivable"].as_str().unwrap();
    shapes.keep("receivable confirm", &[receivable]);
    shapes.keep("receivable finance", &[receivable, "--invoice", invoice]);
    shapes.keep("receivable show", &[receivable]);
    shapes.keep("registry show", &[invoice]);
    shapes.keep("key-holder show", &["--org", "court"]);
    shapes.keep("key-holder rotate", &["--org", "court"]);
    shapes.keep("key-holder audit", &["--org", "court"]);
    // Nobody has given the buyer money yet.
    let gift = ["5000000.00", "CNY", "platform/buyer-c27e"];
    shapes.keep("voucher give", &[&gift[..], &as_bank].concat());
    let case = consortium.beside("case");
    shapes.keep("receivable case", &[receivable, "-o", path(&case)]);
    let asset = shapes.found["receivable show"]["asset"].clone();
    assert_eq!(asset, "string");
    shapes.keep("receivable settle", &[receivable]);
    shapes.keep("registry release", &[invoice]);
    keep_evidence(&mut shapes, invoice);
    shapes.keep("down", &[]);
    let verify = [
        "verify",
        path(&proof),
        "--genesis",
        path(&genesis),
        "--output",
        "json",
    ];
    shapes
        .found
        .insert("verify".to_owned(), shape(&blockworm(&verify).json()));
    let text = serde_json::to_string_pretty(&Value::Object(shapes.found)).unwrap();
    check_snapshot("results.json", &format!("{text}\n"));
}

#[test]
fn errors_say_what_failed_where_and_what_next() {
    let nowhere = Consortium::planned(1);
    for verb in [&["status"][..], &["down"], &["tx", "show", &"0".repeat(64)]] {
        let ran = nowhere.run(verb);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(ran.error_code(), "folder.absent");
        assert_eq!(ran.stdout, "", "results alone go to standard output");
    }
    let dir = path(nowhere.folder.root());
    let text = blockworm(&["status", "--dir", dir]);
    assert_eq!(text.code, Some(1));
    assert!(text.stderr.contains("folder.absent"), "{}", text.stderr);
    assert!(
        text.stderr.contains("blockworm up --dir"),
        "{}",
        text.stderr
    );
    assert!(!text.stderr.contains('\u{1b}'), "{:?}", text.stderr);

    for wrong in [
        &["upp"][..],
        &["up", "--nodes", "3"],
        &["tx", "show", "12"],
        &["verify"],
    ] {
        let ran = blockworm(wrong);
        assert_eq!(ran.code, Some(64), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }

    let foreign = nowhere.beside("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.txt"), "years of work").unwrap();
    let ran = blockworm(&[
        "up",
        "--detach",
        "--dir",
        path(&foreign),
        "--output",
        "json",
    ]);
    assert_eq!(ran.error_code(), "folder.foreign");
    assert_eq!(
        fs::read_to_string(foreign.join("thesis.txt")).unwrap(),
        "years of work"
    );

    let missing = blockworm(&["verify", "/nonexistent/proof.json", "--output", "json"]);
    assert_eq!(missing.error_code(), "proof.unreadable");
}

#[test]
fn a_stopped_consortium_is_told_from_a_dead_one() {
    let consortium = Consortium::start(1);
    assert_eq!(consortium.run(&["doctor"]).code, Some(0));
    consortium.run(&["down"]).json();
    let stopped = consortium.run(&["status"]);
    assert_eq!(stopped.code, Some(1));
    assert!(stopped.stdout.contains("\"stopped\""), "{stopped:?}");
    consortium.up(&[]).json();
    consortium.crash("platform");
    let dead = consortium.run(&["status"]);
    assert!(dead.stdout.contains("\"died\""), "{dead:?}");
    let doctor = consortium.run(&["doctor"]);
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.stdout.contains("blockworm up"), "{doctor:?}");
    let show = consortium.run(&["tx", "show", &"0".repeat(64)]);
    assert_eq!(show.error_code(), "node.not_running");
}

#[test]
fn what_is_neither_a_package_nor_a_proof_is_told_as_such() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let told = |file: &Path, code: &str| {
        let ran = blockworm(&["verify", path(file), "--output", "json"]);
        assert_eq!((ran.code, ran.error_code().as_str()), (Some(1), code));
        let error: Value = serde_json::from_str(&ran.stderr).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(path(file)), "{message}");
        assert!(error["error"]["next"].is_string(), "{error}");
    };
    told(&folder, "verify.no_package");
    for (name, bytes, code) in [
        ("x.zip", &b"junk"[..], "verify.no_zip"),
        ("x.zip", b"{}", "verify.no_zip"),
        ("x.zip", b"", "verify.empty"),
        ("x.json", b"", "verify.empty"),
        ("x.jpg", b"\xff\xd8", "verify.unknown_file"),
        ("x.json", b"junk", "proof.malformed"),
    ] {
        let file = place.path().join(name);
        fs::write(&file, bytes).unwrap();
        told(&file, code);
    }
    let cut = place.path().join("cut.zip");
    fs::write(&cut, b"PK\x03\x04 and no more").unwrap();
    let ran = blockworm(&["verify", path(&cut)]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("the file was cut short"), "{ran:?}");
}
