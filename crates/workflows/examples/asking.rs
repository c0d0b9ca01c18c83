//! What it costs to fingerprint one document through two key holders, without the network: `cargo run --release -p blockworm-workflows --example asking`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use blockworm_crypto::{
    SecretKey,
    oprf::{EvaluationKey, KeyVersion},
};
use blockworm_ledger::LedgerId;
use blockworm_service::key_holder::{
    AuditFile, EvaluationRequest, KeyHolder, Limit, Nonce, SentElement, SignedRequest, Standing,
};
use blockworm_workflows::{
    fingerprint::{
        Document, forms,
        keyed::{Asking, KeySet},
    },
    receivable::{SAMPLE_INVOICE, import},
};
use std::time::{Duration, Instant};

const ROUNDS: u8 = 100;
const NOW_MS: u64 = 1_795_305_600_000;

/// The middle of some times, in milliseconds.
fn middle(mut times: Vec<Duration>) -> String {
    times.sort();
    format!("{:.2} ms", times[times.len() / 2].as_secs_f64() * 1_000.0)
}

fn main() {
    let document = Document::of(&import(SAMPLE_INVOICE).unwrap().invoice).unwrap();
    let inputs = forms::asked(&document);
    let ledger: LedgerId = "07".repeat(16).parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bank = SecretKey::from_ed25519_seed([1; 32]);
    let standing = Standing {
        key: bank.public_key(),
        active: true,
        roles: vec!["bank".to_owned()],
    };
    let key = |seed| {
        let seed = SecretKey::from_ed25519_seed([seed; 32]);
        EvaluationKey::derive(&seed, KeyVersion(1)).unwrap()
    };
    let keys = KeySet {
        version: KeyVersion(1),
        holders: [key(2).public_key(), key(3).public_key()],
    };
    let mut holders = [2, 3].map(|seed| {
        let (audit, rows) = AuditFile::open(&folder.path().join(seed.to_string()), 0).unwrap();
        let name = "notary".parse().unwrap();
        KeyHolder::new(name, ledger, [key(seed)], Limit::default(), audit, rows)
    });
    let [mut blind, mut check, mut answer, mut finish] = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let begun = Instant::now();
        let asking = Asking::new(keys, &inputs).unwrap();
        let signed = asking.blinded().map(|elements| {
            let request = EvaluationRequest {
                ledger,
                holder: "notary".parse().unwrap(),
                asker: "bank/maker".parse().unwrap(),
                version: KeyVersion(1),
                asked_at_ms: NOW_MS,
                nonce: Nonce([round; 16]),
                elements: elements.iter().map(SentElement::from).collect(),
            };
            serde_json::to_vec(&request.sign(&bank)).unwrap()
        });
        blind.push(begun.elapsed());
        let begun = Instant::now();
        let read: SignedRequest = serde_json::from_slice(&signed[0]).unwrap();
        assert!(read.is_signed_by(&standing.key));
        check.push(begun.elapsed());
        let mut answers = Vec::new();
        for (holder, signed) in holders.iter_mut().zip(&signed) {
            let begun = Instant::now();
            let read: SignedRequest = serde_json::from_slice(signed).unwrap();
            answers.push(holder.answer(&read, Some(&standing), NOW_MS).unwrap());
            answer.push(begun.elapsed());
        }
        let begun = Instant::now();
        asking.fingerprints([&answers[0], &answers[1]]).unwrap();
        finish.push(begun.elapsed());
    }
    println!(
        "{} fingerprints, {ROUNDS} times; the middle of",
        inputs.len()
    );
    println!("the bank blinds for both and signs    {}", middle(blind));
    println!("a holder finds out who asks           {}", middle(check));
    println!("a holder answers, its row on disk     {}", middle(answer));
    println!("the bank checks both and unblinds     {}", middle(finish));
}
