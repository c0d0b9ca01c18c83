//! Whatever is changed in a proof, a named check fails or the file is not read at all.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::{
    Genesis, Outcome, Pin, Receipt, StateAnswerProof, TransactionProof, VerificationReport,
    proof_file::ProofFile, report::Verdict, state_proof,
};
use sample::{Sample, changing::changing, sample};
use serde_json::Value;
use std::ops::Range;

fn verify(proof: &TransactionProof) -> VerificationReport {
    proof.verify(Some(&Pin::genesis(&sample::genesis())))
}

fn failed(report: &VerificationReport) -> Vec<&str> {
    report
        .checks
        .failures()
        .map(|check| check.name.as_str())
        .collect()
}

#[test]
fn an_honest_proof_is_valid_and_names_its_signers() {
    let report = verify(&sample().proof());
    assert_eq!(failed(&report), Vec::<&str>::new());
    assert_eq!(report.outcome, Outcome::Valid);
    assert_eq!(report.certified_height, 4);
    assert_eq!(report.signers.len(), 3);
    let names: Vec<_> = report
        .checks
        .iter()
        .map(|check| check.name.as_str())
        .collect();
    let expected = [
        "genesis.well_formed",
        "genesis.digest",
        "genesis.pinned",
        "ledger.id",
        "headers.contiguous",
        "validators.genesis",
        "finality.payload",
        "finality.epoch",
        "finality.quorum",
        "transaction.encoding",
        "transaction.ledger",
        "transaction.signature",
        "transaction.included",
        "receipt.transaction",
        "receipt.included",
        "state[0]",
        "state[1]",
    ];
    assert_eq!(names, expected);
}

#[test]
fn without_a_pin_a_proof_is_unpinned_at_best() {
    let proof = sample().proof();
    assert_eq!(proof.verify(None).outcome, Outcome::Unpinned);
    let state = sample().state_answer();
    assert_eq!(state.verify(None).outcome, Outcome::Unpinned);
    assert_eq!(
        state
            .verify(Some(&Pin::genesis(&sample::genesis())))
            .outcome,
        Outcome::Valid
    );
    assert_eq!(
        [Outcome::Valid, Outcome::Broken, Outcome::Unpinned].map(Outcome::exit_code),
        [0, 1, 2]
    );
}

#[test]
fn a_pin_by_digest_is_as_good_as_the_file() {
    let proof = sample().proof();
    let digest = sample::genesis().digest();
    assert_eq!(
        proof.verify(Some(&Pin::digest(digest))).outcome,
        Outcome::Valid
    );
    let other = proof.verify(Some(&Pin::digest(Digest([7; 32]))));
    assert_eq!(
        (other.outcome, failed(&other)),
        (Outcome::Broken, vec!["genesis.pinned"])
    );
}

/// A forger's whole network: own validators, own genesis, everything signed and consistent.
fn forged() -> TransactionProof {
    let mut sample = Sample {
        genesis: Genesis {
            name: "forged".into(),
            ..sample::genesis()
        },
        ..sample()
    };
    let transaction = sample::transaction(sample.genesis.ledger_id(), 1);
    let mut proof = sample.proof();
    proof.transaction = transaction.encode();
    proof.states.clear();
    proof.receipt = sample::receipt(&transaction, 0);
    let leaf = blockworm_ledger::TransactionView::parse(&proof.transaction)
        .unwrap()
        .leaf();
    proof.inclusion = merkle::prove(&[leaf], 0).unwrap();
    proof.receipt_inclusion = merkle::prove(&[proof.receipt.leaf()], 0).unwrap();
    let mut parent = sample.genesis.header();
    for header in &mut sample.headers {
        header.ledger = parent.ledger;
        header.parent = parent.digest();
        header.next_validators = parent.next_validators;
        header.transactions_root = leaf;
        header.receipts_root = proof.receipt.leaf();
        parent = header.clone();
    }
    proof.chain = sample.chain();
    proof
}

#[test]
fn a_proof_with_its_own_genesis_never_counts() {
    let proof = forged();
    assert_eq!(
        proof.verify(None).outcome,
        Outcome::Unpinned,
        "{:?}",
        proof.verify(None)
    );
    let report = verify(&proof);
    assert_eq!(
        (report.outcome, failed(&report)),
        (Outcome::Broken, vec!["genesis.pinned"])
    );
}

#[test]
fn claiming_the_pinned_digest_over_another_genesis_is_broken() {
    let mut proof = forged();
    proof.genesis_digest = sample::genesis().digest();
    let report = verify(&proof);
    assert_eq!(report.outcome, Outcome::Broken);
    assert!(failed(&report).contains(&"genesis.digest"));
    assert!(failed(&report).contains(&"genesis.pinned"));
}

/// One change in memory and the checks that must notice it.
type Change = (
    &'static str,
    fn(&mut TransactionProof),
    &'static [&'static str],
);

const CHANGES: [Change; 17] = [
    (
        "another ledger",
        |p| p.ledger.0[0] ^= 1,
        &["ledger.id", "transaction.ledger", "finality.quorum"],
    ),
    (
        "a signature of the transaction",
        |p| *p.transaction.last_mut().unwrap() ^= 1,
        &["transaction.included"],
    ),
    (
        "the transaction's first byte",
        |p| p.transaction[0] ^= 1,
        &["transaction.signature", "transaction.included"],
    ),
    (
        "half a transaction",
        |p| p.transaction.truncate(100),
        &["transaction.encoding"],
    ),
    (
        "another place",
        |p| p.inclusion.index = 0,
        &["transaction.included"],
    ),
    (
        "a receipt of refusal",
        |p| p.receipt.code = "money.insufficient".into(),
        &["receipt.included"],
    ),
    (
        "another receipt's place",
        |p| p.receipt.index = 2,
        &["receipt.transaction", "receipt.included"],
    ),
    (
        "a receipt of another height",
        |p| p.receipt.height = 2,
        &["receipt.transaction", "receipt.included"],
    ),
    (
        "a tree of another size",
        |p| p.inclusion.size = 4,
        &["receipt.included"],
    ),
    (
        "no headers",
        |p| p.chain.headers.clear(),
        &["headers.contiguous", "finality.payload"],
    ),
    (
        "a header left out",
        |p| _ = p.chain.headers.remove(1),
        &["headers.contiguous"],
    ),
    (
        "the roots left out",
        |p| p.chain.headers.truncate(2),
        &["finality.payload", "receipt.included"],
    ),
    (
        "the last header's state root",
        |p| p.chain.headers[3].state_root.0[0] ^= 1,
        &["finality.payload"],
    ),
    (
        "a header's validators",
        |p| p.chain.headers[2].next_validators.0[0] ^= 1,
        &["validators.genesis"],
    ),
    (
        "a signature taken away",
        |p| _ = p.chain.finality.signatures.pop(),
        &["finality.quorum"],
    ),
    (
        "another epoch",
        |p| p.chain.finality.epoch = 1,
        &["finality.epoch", "finality.quorum"],
    ),
    (
        "a richer account",
        |p| p.states[0].value = Some(b"9999".to_vec()),
        &["state[0]"],
    ),
];

#[test]
fn each_change_is_found_by_its_own_check() {
    for (what, change, expected) in CHANGES {
        let mut proof = sample().proof();
        change(&mut proof);
        let report = verify(&proof);
        assert_eq!(report.outcome, Outcome::Broken, "{what}");
        let failed = failed(&report);
        for name in expected {
            assert!(failed.contains(name), "{what}: {name} not among {failed:?}");
        }
        assert!(
            report
                .checks
                .iter()
                .all(|check| check.verdict != Verdict::Unpinned)
        );
    }
}

#[test]
fn absence_is_not_claimed_for_what_exists() {
    let sample = sample();
    let mut proof = sample.proof();
    proof.states[0].value = None;
    assert_eq!(failed(&verify(&proof)), ["state[0]"]);
    let mut proof = sample.proof();
    proof.states[1].value = Some(Vec::new());
    assert_eq!(failed(&verify(&proof)), ["state[1]"]);
    let mut proof = sample.proof();
    proof.states[1].proof = sample
        .state
        .prove(&state_proof::state_key(16, b"balance/platform/shop"));
    assert_eq!(failed(&verify(&proof)), ["state[1]"]);
}

#[test]
fn another_transactions_receipt_does_not_pass() {
    let sample = sample();
    let mut proof = sample.proof();
    let leaves: Vec<_> = sample.receipts.iter().map(Receipt::leaf).collect();
    proof.receipt = sample.receipts[2].clone();
    proof.receipt_inclusion = merkle::prove(&leaves, 2).unwrap();
    assert_eq!(
        failed(&verify(&proof)),
        ["receipt.transaction", "receipt.included"]
    );
}

/// What verifying this text as a pinned proof gives; `None` when it is not even read.
fn outcome(text: &str, pin: &Pin) -> Option<Outcome> {
    let read = ProofFile::from_json_with(text, Some(&sample::genesis())).ok()?;
    Some(read.verify(Some(pin)).outcome)
}

/// A neighbour that keeps most texts readable: digits and hex digits stay such.
fn neighbour(byte: u8) -> u8 {
    match byte {
        b'9' | b'f' | b'z' | b'Z' => byte - 1,
        byte if byte.is_ascii_graphic() => byte + 1,
        _ => b'x',
    }
}

/// Changes every character of a part of a proof file, and by turns flips its case or leaves it out.
fn no_change_survives(text: &str, part: Range<usize>, genesis: &Genesis) {
    let honest: Value = serde_json::from_str(text).unwrap();
    let pin = Pin::genesis(genesis);
    assert_eq!(outcome(text, &pin), Some(Outcome::Valid));
    let (mut read, mut unread) = (0, 0);
    for at in part {
        for kind in [0, 1 + at % 2] {
            let mut bytes = text.as_bytes().to_vec();
            match kind {
                0 => bytes[at] = neighbour(bytes[at]),
                1 => bytes[at] ^= 0x20,
                _ => drop(bytes.remove(at)),
            }
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            // White space between values and the like: the same proof in another dress.
            if serde_json::from_str::<Value>(&changed).is_ok_and(|value| value == honest) {
                continue;
            }
            match outcome(&changed, &pin) {
                None => unread += 1,
                Some(Outcome::Broken) => read += 1,
                Some(other) => panic!(
                    "{other:?} after change {kind} at {at}: {:?}",
                    &changed[at..at + 20]
                ),
            }
        }
    }
    assert!(
        read > 1000 && unread > 1000,
        "the test must reach both: {read} read, {unread} not"
    );
}

#[test]
fn no_character_of_a_transaction_proof_can_change() {
    let text = include_str!("../fixtures/proof.json");
    no_change_survives(text, 0..text.len(), &sample::genesis());
}

#[test]
fn no_character_of_a_state_answer_can_change() {
    let text = include_str!("../fixtures/state.json");
    no_change_survives(text, 0..text.len(), &sample::genesis());
}

#[test]
fn no_character_of_a_proof_beside_its_genesis_can_change() {
    let text = include_str!("../fixtures/proof-3.json");
    no_change_survives(text, 0..text.len(), &sample::genesis());
}

#[test]
fn no_character_of_a_handover_can_change() {
    for text in [
        include_str!("../fixtures/proof-2.json"),
        include_str!("../fixtures/state-2.json"),
    ] {
        let part = text.find("\"handovers\"").unwrap()..text.find("\"headers\"").unwrap();
        no_change_survives(text, part, &changing().genesis);
    }
}

#[test]
fn no_byte_of_a_binary_proof_can_change() {
    for honest in [sample().proof(), changing().proof(9, 12)] {
        let pin = Pin::genesis(&honest.genesis);
        let bytes = honest.encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            if let Ok(proof) = TransactionProof::decode(&changed) {
                let outcome = proof.verify(Some(&pin)).outcome;
                assert_eq!(outcome, Outcome::Broken, "byte {at}");
            }
        }
    }
}

#[test]
fn another_spelling_is_not_read() {
    let text = include_str!("../fixtures/proof.json");
    let digest = sample::genesis().digest().to_string();
    assert!(TransactionProof::from_json(&text.replace(&digest, &digest.to_uppercase())).is_err());
    let extra = text.replacen('{', "{\"note\":\"trust me\",", 1);
    assert_eq!(
        TransactionProof::from_json(&extra).unwrap_err().code(),
        "proof.malformed"
    );
    for (format, code) in [
        ("blockworm-proof/2", "proof.malformed"),
        ("blockworm-proof/3", "proof.malformed"),
        ("blockworm-proof/4", "proof.unknown_format"),
    ] {
        let text = text.replace("blockworm-proof/1", format);
        assert_eq!(TransactionProof::from_json(&text).unwrap_err().code(), code);
    }
    assert_eq!(
        StateAnswerProof::from_json(text).unwrap_err().code(),
        "proof.unknown_format"
    );
    let compact = serde_json::from_str::<Value>(text).unwrap().to_string();
    assert_eq!(
        TransactionProof::from_json(&compact).unwrap(),
        sample().proof()
    );
}
