//! How long the ledger takes to check a document against a registry with many: a real store on disk, the contract's own query.
//! `cargo run --release -p blockworm-execution --example registry_check_bench [DOCUMENTS]`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../tests/support/mod.rs"]
mod support;

use blockworm_crypto::sha256;
use blockworm_execution::{Builtins, Executor, FIRST_BUSINESS_CONTRACT, Native};
use blockworm_kit::claims::{Claim, KnownAs, WHOLE, claim_key};
use blockworm_ledger::genesis::GenesisContract;
use blockworm_registry::state::{HELD, Held, Share};
use blockworm_state::{FjallStore, State, Writes};
use cosmwasm_std::to_json_vec;
use serde_json::json;
use std::{sync::Arc, time::Instant};
use support::found;

/// Fingerprints that a financing registers of a usual document, and a bank asks for.
const FORMS: u64 = 12;
const ASKED: u64 = 24;
const COMMITTED_AT_ONCE: u64 = 5_000;
const ROUNDS: u64 = 2_000;

fn fingerprint(document: u64, form: u64) -> String {
    sha256(&[&document.to_be_bytes(), &form.to_be_bytes()]).to_string()
}

fn main() {
    let documents: u64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let registry = Native::new(
        blockworm_registry::instantiate,
        blockworm_registry::execute,
        blockworm_registry::query,
    );
    let mut genesis = (*found().genesis).clone();
    genesis.parameters.bucket_bits = 20;
    let ledgers = json!([{"name": "trade", "contract": "receivable"}]);
    let init = json!({"ledgers": ledgers, "holders": ["notary", "court"], "settle_blocks": 2});
    genesis.contracts = vec![GenesisContract {
        name: "registry".parse().unwrap(),
        code: "registry@1".into(),
        init: init.to_string(),
    }];
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(FjallStore::open(folder.path()).unwrap(), 20).unwrap();
    let builtins = Arc::new(Builtins::new().with("registry@1", registry));
    let mut executor = Executor::new(state.clone(), Arc::new(genesis), builtins).unwrap();
    executor.apply_genesis().unwrap();
    fill(&state, documents);
    let reader = executor.reader();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Half are known, half are not.
        let document = (round * 7_919) % (2 * documents);
        let asked: Vec<String> = (0..ASKED).map(|form| fingerprint(document, form)).collect();
        let question = json!({"check": {"fingerprints": asked}}).to_string();
        let begun = Instant::now();
        let answer = reader.query("registry", question.as_bytes()).unwrap();
        times.push(begun.elapsed());
        let known = String::from_utf8(answer).unwrap().contains("financed");
        assert_eq!(known, document < documents);
    }
    times.sort();
    let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1_000.0;
    println!(
        "a check of {ASKED} fingerprints among {documents} documents of {FORMS}: p50 {:.2} ms, p99 {:.2} ms",
        at(50),
        at(99)
    );
}

/// A key of the registry's in the ledger's state.
fn key(own: &[u8]) -> Vec<u8> {
    [&FIRST_BUSINESS_CONTRACT.to_be_bytes(), own].concat()
}

fn claim(document: u64) -> Vec<u8> {
    let claim = Claim {
        bank: "bank".into(),
        ledger: "trade".into(),
        documents: vec![KnownAs {
            version: 1,
            fingerprint: fingerprint(document, 0),
            share: WHOLE,
        }],
        committed_at: 1,
        reserved_at: 2,
        firm_at: 2,
        reserved_until_ms: 3,
        financed_at: Some(4),
        ended_at: None,
        end: None,
    };
    to_json_vec(&claim).unwrap()
}

/// Every document's rows, as a financing leaves them.
fn fill(state: &State<FjallStore>, documents: u64) {
    let begun = Instant::now();
    let mut height = state.height().unwrap();
    for first in (0..documents).step_by(usize::try_from(COMMITTED_AT_ONCE).unwrap()) {
        let mut writes = Writes::default();
        for document in first..(first + COMMITTED_AT_ONCE).min(documents) {
            writes.insert(key(&claim_key(document)), Some(claim(document)));
            for form in 0..FORMS {
                let held = Held {
                    shares: vec![Share {
                        claim: document,
                        share: WHOLE,
                        firm_at: 2,
                    }],
                    marks: 0,
                };
                let place = key(&HELD.key(&fingerprint(document, form)));
                writes.insert(place, Some(to_json_vec(&held).unwrap()));
            }
        }
        height += 1;
        state.stage(height, writes).unwrap();
        state.commit(height, Vec::new()).unwrap();
    }
    println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
}
