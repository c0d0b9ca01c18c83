//! The fixtures, verified by a program that shares no code with this crate: Python and openssl.
//!
//! It was written from docs/formats, so what those files say is enough for a stranger.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod sample;

use blockworm_ledger::{Pin, TransactionProof};
use not_run::not_run;
use sample::changing::{Changing, changing};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const GENESIS: &str = "96f6679fdf1f26ba8bd38e9d7586aaf9f8485838440a125a4d8e7e485774a492";
/// Of the ledger whose validators changed twice.
const GENESIS_2: &str = "89feda6c129bc3348ea40264073af15faee0ca887cd4b538718c36e3f79583c2";

fn tools_are_here() -> bool {
    let runs = |program: &str, argument: &str| Command::new(program).arg(argument).output().is_ok();
    if runs("python3", "--version") && runs("openssl", "version") {
        return true;
    }
    not_run("python3 and openssl are not both installed");
    false
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file for a proof that is no fixture.
fn written(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Exit status and the names of failed checks.
fn verify(proof: &Path, pin: Option<&str>) -> (i32, Vec<String>) {
    verify_beside(proof, pin, None)
}

/// With the file of the genesis beside the proof.
fn verify_beside(proof: &Path, pin: Option<&str>, genesis: Option<&Path>) -> (i32, Vec<String>) {
    let script = folder().join("tests/second_implementation/verify.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(proof)
        .args(pin)
        .args(genesis)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let failed = text
        .lines()
        .filter_map(|line| line.strip_prefix("FAIL "))
        .map(str::to_owned)
        .collect();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap(), failed)
}

#[test]
fn a_second_implementation_agrees() {
    if !tools_are_here() {
        return;
    }
    for (name, genesis) in [
        ("proof.json", GENESIS),
        ("state.json", GENESIS),
        ("proof-2.json", GENESIS_2),
        ("state-2.json", GENESIS_2),
    ] {
        let path = folder().join("fixtures").join(name);
        assert_eq!(verify(&path, Some(genesis)), (0, vec![]), "{name}");
        assert_eq!(verify(&path, None), (2, vec![]), "{name}");
        let other = genesis.replace('9', "8");
        assert_eq!(
            verify(&path, Some(&other)),
            (1, vec!["genesis.pinned".into()]),
            "{name}"
        );
    }
    for name in ["proof-3.json", "state-3.json"] {
        let path = folder().join("fixtures").join(name);
        let own = folder().join("fixtures/genesis.json");
        let found = verify_beside(&path, Some(GENESIS), Some(&own));
        assert_eq!(found, (0, vec![]), "{name}");
        let other = written("genesis-2.json", &changing().genesis.to_json());
        let (status, failed) = verify_beside(&path, Some(GENESIS), Some(&other));
        assert_eq!(
            (status, failed[0].as_str()),
            (1, "genesis.digest"),
            "{name}"
        );
    }
    let text = fs::read_to_string(folder().join("fixtures/proof.json")).unwrap();
    let altered = text.replace("\\\"1200\\\"", "\\\"9200\\\"");
    assert_ne!(altered, text);
    let (status, failed) = verify(&written("altered-proof.json", &altered), Some(GENESIS));
    assert_eq!(status, 1);
    assert_eq!(
        failed,
        [
            "transaction.signature",
            "transaction.included",
            "receipt.transaction"
        ]
    );
}

/// A proof of a changing ledger, the heights of its headers, and what is altered in it.
type Case = (&'static str, [u64; 2], fn(&Changing, &mut TransactionProof));

const CASES: [Case; 14] = [
    ("straddling a change", [6, 9], |_, _| {}),
    ("straddling two changes", [2, 9], |_, _| {}),
    ("certified by an epoch's last block", [5, 7], |_, _| {}),
    ("before any change", [1, 3], |_, _| {}),
    ("first dropped", [9, 12], |_, p| {
        drop(p.chain.handovers.remove(0))
    }),
    ("last dropped", [9, 12], |_, p| {
        drop(p.chain.handovers.pop())
    }),
    ("swapped", [9, 12], |_, p| p.chain.handovers.swap(0, 1)),
    ("repeated", [9, 12], |c, p| {
        p.chain.handovers.push(c.handover(7))
    }),
    ("signed by too few", [9, 12], |_, p| {
        p.chain.handovers[1].finality.signatures.truncate(3)
    }),
    ("signed by the new set", [9, 12], |c, p| {
        p.chain.handovers[0].finality = c.sets[1].vote(c.header(3), 4)
    }),
    ("of a height that ends no epoch", [9, 12], |c, p| {
        p.chain.handovers[1] = c.handover(6)
    }),
    ("a set out of order", [9, 12], |_, p| {
        p.chain.handovers[0].validators.swap(0, 1)
    }),
    ("the old set's proof", [9, 12], |c, p| {
        p.chain.finality = c.sets[1].vote(c.header(12), 4)
    }),
    ("with the handover of its own height", [5, 7], |c, p| {
        p.chain.handovers.push(c.handover(7))
    }),
];

#[test]
fn a_second_implementation_agrees_on_every_fault_of_a_handover() {
    if !tools_are_here() {
        return;
    }
    let changing = changing();
    let pin = Pin::genesis(&changing.genesis);
    for (what, [first, last], alter) in CASES {
        let mut proof = changing.proof(first, last);
        alter(&changing, &mut proof);
        let report = proof.verify(Some(&pin));
        let expected: Vec<_> = report
            .checks
            .failures()
            .map(|check| check.name.clone())
            .collect();
        let path = written("handovers.json", &proof.to_json().unwrap());
        let status = i32::from(report.outcome.exit_code());
        assert_eq!(verify(&path, Some(GENESIS_2)), (status, expected), "{what}");
    }
}
