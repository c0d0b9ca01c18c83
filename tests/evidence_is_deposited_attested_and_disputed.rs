//! A matter's whole life on four nodes: deposits and phases, a notary's word, a dispute and its decision, an order, an original's end; and a killed process loses nothing.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_evidence::{
    chain::{START, link},
    state::Entry,
};
use blockworm_workflows::evidence::{Store, import::utc};
use dsl::{Consortium, Ran, path};
use serde_json::Value;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

const MATTER: &str = "steel-2026";
const PLATFORM: &str = "platform/admin";
const BANK: &str = "bank/maker";
const NOTARY: &str = "notary/admin";
const COURT: &str = "court/admin";

/// A file beside the consortium.
fn written(consortium: &Consortium, name: &str, bytes: &[u8]) -> String {
    let file = consortium.beside(name);
    fs::write(&file, bytes).unwrap();
    path(&file).to_owned()
}

fn evidence(consortium: &Consortium, member: &str, args: &[&str]) -> Ran {
    consortium.run(&[&["evidence"], args, &["--as", member]].concat())
}

fn show(consortium: &Consortium, more: &[&str]) -> Value {
    let args = [&["evidence", "show", MATTER], more].concat();
    consortium.run(&args).json()
}

fn refused(consortium: &Consortium, member: &str, args: &[&str], code: &str) {
    let ran = evidence(consortium, member, args);
    assert_eq!(ran.error_code(), code, "{member} {args:?}: {}", ran.stderr);
}

fn numbers(deposited: &Value) -> Vec<u64> {
    let made = deposited["entries"].as_array().unwrap().iter();
    made.map(|made| made["number"].as_u64().unwrap()).collect()
}

#[test]
fn a_matter_from_its_contract_to_its_last_original() {
    let consortium = Consortium::start(4);
    deposits_and_phases(&consortium);
    a_word_a_dispute_and_a_decision(&consortium);
    an_order_a_retention_and_an_end(&consortium);
    a_killed_process_loses_nothing(&consortium);
    the_chain_is_recomputed(&consortium);
}

fn deposits_and_phases(consortium: &Consortium) {
    let contract = written(consortium, "contract.pdf", b"%PDF-1.7 the contract");
    let note = written(consortium, "delivery note.txt", b"22 t of rebar");
    let empty = written(consortium, "empty.txt", b"");
    let open = ["open", MATTER, "--party", "bank"];
    evidence(consortium, PLATFORM, &open).json();
    refused(consortium, BANK, &open, "evidence.matter_exists");
    let first = ["deposit", MATTER, &contract, "--phase", "contract"];
    let made = evidence(consortium, PLATFORM, &first).json();
    assert_eq!(numbers(&made), [1]);
    let phase = |file: &str| ["phase", MATTER, "delivery", file].map(String::from);
    let phase = |member: &str, file: &str, more: &[&str]| {
        let args = phase(file);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        evidence(consortium, member, &[&args, more].concat())
    };
    let scanned = ["--method", "scan", "--kind", "delivery-note"];
    let made = phase(BANK, &note, &scanned).json();
    assert_eq!(numbers(&made), [2]);

    assert_eq!(
        phase(NOTARY, &note, &[]).error_code(),
        "evidence.not_a_party"
    );
    assert_eq!(phase(BANK, &empty, &[]).error_code(), "evidence.empty");
    assert_eq!(phase(BANK, "nowhere", &[]).error_code(), "file.unreadable");
    let late = ["--captured", "2126-01-01T00:00:00Z"];
    assert_eq!(phase(BANK, &note, &late).error_code(), "evidence.bad_time");
    let unknown = ["phase", "no-such-matter", "delivery", &note];
    refused(consortium, BANK, &unknown, "evidence.unknown_matter");
    // The same file again is taken, and said to be.
    let again = phase(BANK, &note, &[]);
    assert!(
        again.stderr.contains("the same file as entry 2"),
        "{}",
        again.stderr
    );
    let again = again.json();
    assert_eq!(again["entries"][0]["duplicate_of"], 2);
    assert_eq!(numbers(&again), [3]);
    let shown = show(consortium, &["--org", "bank"]);
    assert_eq!(
        shown["held"].as_array().unwrap().len(),
        2,
        "nothing refused is kept"
    );
    assert_eq!(shown["entries"][1]["method"], "scan");
    let listed = consortium
        .run(&["evidence", "list", "--party", "bank"])
        .json();
    assert_eq!(listed[0]["id"], MATTER);
}

fn a_word_a_dispute_and_a_decision(consortium: &Consortium) {
    let findings = written(consortium, "findings.txt", b"the seal is genuine");
    let reasons = written(consortium, "reasons.txt", b"the date was changed");
    let decision = written(consortium, "decision.txt", b"the date stands");
    let attest = [
        "attest",
        MATTER,
        "1",
        "seen-original",
        "--findings",
        &findings,
    ];
    evidence(consortium, NOTARY, &attest).json();
    refused(consortium, BANK, &attest, "caller.missing_role");
    let word = ["withdraw", MATTER, "1"];
    refused(consortium, COURT, &word, "evidence.not_the_attester");

    let dispute = ["dispute", MATTER, "1", "--document", &reasons];
    refused(consortium, NOTARY, &dispute, "evidence.not_a_party");
    evidence(consortium, BANK, &dispute).json();
    let erase = ["erase", MATTER, "1"];
    refused(consortium, PLATFORM, &erase, "evidence.dispute_open");
    let decide = ["decide", MATTER, "1", "dismissed", "--document", &decision];
    refused(consortium, NOTARY, &decide, "caller.missing_role");
    evidence(consortium, COURT, &decide).json();
    refused(consortium, COURT, &decide, "evidence.no_dispute");

    let declare = ["declare", "platform", "none"];
    refused(consortium, BANK, &declare, "caller.missing_function");
    evidence(consortium, NOTARY, &declare).json();
    let said = consortium.run(&["evidence", "list", "--relations"]).json();
    assert_eq!(said[0]["organisation"], "notary");

    let shown = show(consortium, &["--org", "notary"]);
    assert_eq!(shown["attestations"][0]["role"], "notary");
    assert_eq!(shown["acts"][1]["outcome"], "dismissed");
    let held = &shown["held"][0];
    assert_eq!(held["part"], "findings");
    assert_eq!(held["commitment"], shown["attestations"][0]["findings"]);
}

fn an_order_a_retention_and_an_end(consortium: &Consortium) {
    let order = written(consortium, "order.txt", b"keep everything");
    let document = ["--document", &order];
    let keep = [&["hold", MATTER], &document[..]].concat();
    let lift = [&["release", MATTER], &document[..]].concat();
    let erase = ["erase", MATTER, "1"];
    let until = utc(dsl::signing::now_ms() + 12_000);
    let retain = ["retain", MATTER, "--until", &until];
    evidence(consortium, BANK, &retain).json();
    refused(consortium, BANK, &retain, "evidence.bad_retention");
    refused(consortium, PLATFORM, &erase, "evidence.retained");
    refused(consortium, BANK, &keep, "caller.missing_role");
    evidence(consortium, NOTARY, &keep).json();
    refused(consortium, PLATFORM, &erase, "evidence.on_hold");
    refused(consortium, NOTARY, &lift, "caller.missing_role");
    evidence(consortium, COURT, &lift).json();
    refused(consortium, BANK, &erase, "evidence.not_the_depositor");

    let out = consortium.beside("back.pdf");
    let original = ["--org", "platform", "--original", "1", "-o", path(&out)];
    show(consortium, &original);
    assert_eq!(fs::read(&out).unwrap(), b"%PDF-1.7 the contract");
    consortium.wait_until("the retention has ended", || {
        evidence(consortium, PLATFORM, &erase).code == Some(0)
    });
    refused(consortium, PLATFORM, &erase, "evidence.already_erased");
    let gone = consortium.beside("gone.pdf");
    let original = ["--org", "platform", "--original", "1", "-o", path(&gone)];
    let args = [&["evidence", "show", MATTER], &original[..]].concat();
    let ran = consortium.run(&args);
    assert_eq!(ran.error_code(), "evidence.original_erased");
    assert!(!gone.exists());
}

/// What a proxy does with the request that submits.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// It never reaches the node.
    Before,
    /// The node answers, and the answer never arrives.
    After,
}

/// Passes requests on to a node until one submits a transaction; says so and lets it hang.
fn proxy(node: &str, cut: Cut, told: Sender<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let node = node.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (node, told) = (node.clone(), told.clone());
            thread::spawn(move || pass(client.unwrap(), &node, cut, &told));
        }
    });
    address
}

fn pass(mut client: TcpStream, node: &str, cut: Cut, told: &Sender<()>) {
    let mut request = Vec::new();
    let mut buffer = [0; 16 << 10];
    let head = loop {
        let end = request.windows(4).position(|at| at == b"\r\n\r\n");
        if let Some(end) = end {
            break String::from_utf8(request[..end].to_vec()).unwrap();
        }
        match client.read(&mut buffer) {
            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let length = name.eq_ignore_ascii_case("content-length");
        length.then(|| value.trim().parse::<usize>().unwrap())
    });
    while request.len() < head.len() + 4 + length.unwrap_or(0) {
        let count = client.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..count]);
    }
    let submits =
        head.starts_with("POST") && head.lines().next().unwrap().contains("/transactions");
    if submits && cut == Cut::Before {
        told.send(()).unwrap();
        return thread::sleep(dsl::PATIENCE);
    }
    // One request a connection, so that its answer ends with it; and the node's own name.
    let rest = request[head.len()..].to_vec();
    let is_host = |line: &&str| line.to_lowercase().starts_with("host:");
    let host = head.lines().find(is_host).unwrap();
    let head = head.replace(host, &format!("host: {node}"));
    let mut upstream = TcpStream::connect(node).unwrap();
    write!(upstream, "{head}\r\nconnection: close").unwrap();
    upstream.write_all(&rest).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    if submits {
        told.send(()).unwrap();
        return thread::sleep(dsl::PATIENCE);
    }
    let _ = client.write_all(&answer);
}

fn a_killed_process_loses_nothing(consortium: &Consortium) {
    let before = show(consortium, &[])["entries"].as_array().unwrap().len();
    let node = consortium.record().nodes[0].api_url();
    let store = Store::open(consortium.folder.root(), &"platform".parse().unwrap()).unwrap();
    let ledger = consortium.ledger();
    for (place, cut) in [Cut::Before, Cut::After].into_iter().enumerate() {
        let name = format!("invoice-{place}.txt");
        let file = written(consortium, &name, name.as_bytes());
        let deposit = ["deposit", MATTER, &file, "--phase", "invoice"];
        let (told, heard) = channel();
        let api = proxy(&node, cut, told);
        let mut killed = Command::new(env!("CARGO_BIN_EXE_blockworm"))
            .arg("evidence")
            .args(deposit)
            .args(["--as", PLATFORM, "--api", &api, "--dir"])
            .arg(consortium.folder.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let heard = heard.recv_timeout(Duration::from_secs(60));
        killed.kill().unwrap();
        killed.wait().unwrap();
        heard.expect("it came to submit");
        let left = store.leftovers(&ledger, MATTER).unwrap();
        let [left] = &left[..] else {
            panic!("{left:?}")
        };
        assert_eq!(store.original(left).unwrap(), name.as_bytes());
        let count = before + place;
        let there = show(consortium, &[])["entries"].as_array().unwrap().len();
        assert_eq!(there, if cut == Cut::Before { count } else { count + 1 });

        // The same command goes on, under the same commitment, and once.
        let again = evidence(consortium, PLATFORM, &deposit).json();
        assert_eq!(again["entries"][0]["resumed"], true);
        assert_eq!(
            again["entries"][0]["commitment"],
            left.commitment.to_string()
        );
        assert_eq!(again["transaction"].is_null(), cut == Cut::After);
        let entries = show(consortium, &[])["entries"].clone();
        assert_eq!(entries.as_array().unwrap().len(), count + 1);
        assert!(store.leftovers(&ledger, MATTER).unwrap().is_empty());
        let number = (count + 1) as u32;
        let kept = store.find(&ledger, MATTER, number).unwrap().unwrap();
        assert_eq!(entries[count]["commitment"], kept.commitment.to_string());
        assert_eq!(entries[count]["transaction"], kept.transaction.unwrap());
    }
    refused(
        consortium,
        BANK,
        &["close", MATTER],
        "evidence.not_the_opener",
    );
    evidence(consortium, PLATFORM, &["close", MATTER]).json();
    let file = written(consortium, "late.txt", b"too late");
    let late = ["deposit", MATTER, &file, "--phase", "invoice"];
    refused(consortium, PLATFORM, &late, "evidence.closed");
    assert!(store.leftovers(&ledger, MATTER).unwrap().is_empty());
}

fn the_chain_is_recomputed(consortium: &Consortium) {
    let shown = show(consortium, &[]);
    let entries: Vec<Entry> = serde_json::from_value(shown["entries"].clone()).unwrap();
    let mut head = START.to_owned();
    for entry in &entries {
        head = link(&head, MATTER, entry);
        assert_eq!(entry.link, head);
    }
    assert_eq!(
        (entries.len(), &shown["matter"]["head"]),
        (5, &Value::from(head))
    );
    let text = dsl::blockworm(&[
        "evidence",
        "show",
        MATTER,
        "--dir",
        path(consortium.folder.root()),
    ]);
    assert_eq!(text.code, Some(0));
    for told in ["closed", "original destroyed", "seen-original", "dismissed"] {
        assert!(text.stdout.contains(told), "{told}: {}", text.stdout);
    }
}
