//! What one message of the asset contracts costs natively, its JSON read and its rows written in memory; the limit is 15 µs. And how long a holding's whole history takes to read.
//!
//! `cargo bench -p blockworm-execution`

#![allow(clippy::unwrap_used, missing_docs)]

use blockworm_execution::{Native, NativeContract};
use blockworm_kit::testing::{Directory, TestDeps};
use cosmwasm_std::{Addr, Binary, Env, MessageInfo, Response, TransactionInfo, testing::mock_env};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const CASH: &str = "cash/0101010101010101";
const NOTE: &str = "note/0101010101010101";
const A: &str = "platform/supplier-1";
const B: &str = "bank/maker";

/// One contract over memory.
struct Bench {
    contract: Box<dyn NativeContract>,
    deps: TestDeps,
    env: Env,
}

impl Bench {
    fn new(contract: impl NativeContract, init: &Value) -> Self {
        let mut deps = Directory::default()
            .with(A, &["platform"], &["maker"])
            .with(B, &["bank"], &["maker", "checker"])
            .deps();
        let env = mock_env();
        let init = init.to_string();
        contract
            .instantiate(deps.as_mut(), env.clone(), info("ledger"), init.as_bytes())
            .unwrap();
        let contract = Box::new(contract);
        Self {
            contract,
            deps,
            env,
        }
    }

    fn run(&mut self, sender: &str, message: &[u8]) -> Response {
        let (deps, env) = (self.deps.as_mut(), self.env.clone());
        self.contract
            .execute(deps, env, info(sender), message)
            .unwrap()
    }
}

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: Vec::new(),
    }
}

fn holdings() -> Bench {
    let contract = Native::new(
        blockworm_asset_transaction::instantiate,
        blockworm_asset_transaction::execute,
        blockworm_asset_transaction::query,
    );
    let mut bench = Bench::new(contract, &json!({"issuance": "issuance"}));
    for (asset, kind) in [(CASH, "fungible"), (NOTE, "divisible")] {
        let open = json!({"issuance": {"open": {
            "asset": asset, "kind": kind, "currency": "CNY", "amount": "1000000",
            "owner": A, "approvals": [],
        }}});
        bench.run("issuance", open.to_string().as_bytes());
    }
    bench
}

/// Two messages that undo each other, so that every round finds what the first one found.
fn pair(c: &mut Criterion, name: &str, there: (&str, Value), back: (&str, Value)) {
    let mut bench = holdings();
    let messages = [there, back].map(|(by, message)| (by, message.to_string().into_bytes()));
    let mut turn = 0;
    c.bench_function(name, |bencher| {
        bencher.iter(|| {
            let (by, message) = &messages[turn % 2];
            turn += 1;
            bench.run(by, message)
        });
    });
}

fn transactions(c: &mut Criterion) {
    let give = |asset: &str, part: Value, to: &str| json!({"transfer": {"asset": asset, "part": part, "to": to}});
    let units = || json!({"units": "5"});
    pair(
        c,
        "transfer of units",
        (A, give(CASH, units(), B)),
        (B, give(CASH, units(), A)),
    );
    let whole = || json!({"holding": 0});
    pair(
        c,
        "transfer of a holding",
        (A, give(NOTE, whole(), B)),
        (B, give(NOTE, whole(), A)),
    );
    let pledge = json!({"pledge": {"asset": NOTE, "holding": 0, "pledgee": B}});
    let release = json!({"release": {"asset": NOTE, "holding": 0}});
    pair(c, "pledge or release", (A, pledge), (B, release));
    let lock = json!({"lock": {"asset": NOTE, "holding": 0, "keeper": B, "for_ms": 60_000}});
    let unlock = json!({"unlock": {"asset": NOTE, "holding": 0}});
    pair(c, "lock or unlock", (A, lock), (B, unlock));
}

/// An offer of units for units and its acceptance: four legs of keys.
fn exchange(c: &mut Criterion) {
    let mut bench = holdings();
    let want = json!({"asset": CASH, "amount": "5"});
    let offer = json!({"offer": {
        "asset": CASH, "give": {"units": "5"}, "want": want, "for_ms": 60_000,
    }});
    let give = json!({"transfer": {"asset": CASH, "part": {"units": "5000"}, "to": B}});
    bench.run(A, give.to_string().as_bytes());
    let offer = offer.to_string().into_bytes();
    let mut number = 0;
    c.bench_function("offer and acceptance, two messages", |bencher| {
        bencher.iter(|| {
            bench.run(A, &offer);
            let accept = format!(r#"{{"accept":{{"offer":{number}}}}}"#);
            number += 1;
            bench.run(B, accept.as_bytes())
        });
    });
}

fn issuance(c: &mut Criterion) {
    let contract = Native::new(
        blockworm_asset_issuance::instantiate,
        blockworm_asset_issuance::execute,
        blockworm_asset_issuance::query,
    );
    let approvals = json!([{"role": "bank", "count": 1}]);
    let class = json!({
        "name": "note", "kind": "divisible", "currency": "CNY", "issue": ["platform"],
        "freeze": ["court"], "redeem": ["bank"], "supply": "fixed", "transfer_approvals": [],
        "tiers": [{"up_to": null, "approvals": approvals, "other_organisation": true}],
        "schema": [{"name": "invoice", "form": "text", "required": true}],
    });
    let init = json!({"holdings": "holdings", "definers": ["platform"], "classes": [class]});
    let mut bench = Bench::new(contract, &init);
    let mut number = 0u64;
    c.bench_function("draft, proposal, approval, activation, four messages", |bencher| {
        bencher.iter(|| {
            number += 1;
            let mut id = number.to_be_bytes().to_vec();
            id.resize(32, 0);
            bench.env.transaction = Some(TransactionInfo::new(0, Binary::new(id)));
            let draft = format!(
                r#"{{"draft":{{"class":"note","amount":"100","backing":{{"commitment":"{number:064x}","amount":"100","currency":"CNY"}},"metadata":{{"invoice":"R-1"}}}}}}"#
            );
            bench.run(A, draft.as_bytes());
            let on = format!(r#"{{"asset":"note/{number:016x}""#);
            bench.run(A, format!(r#"{{"propose":{on}}}}}"#).as_bytes());
            let approve = format!(r#"{{"approve":{on},"version":1,"role":"bank"}}}}"#);
            bench.run(B, approve.as_bytes());
            bench.run(A, format!(r#"{{"activate":{on}}}}}"#).as_bytes())
        });
    });
}

/// Ten thousand steps of a holding that went back and forth, read to the first; the limit is 50 ms.
fn provenance(c: &mut Criterion) {
    let mut bench = holdings();
    for step in 1..10_000 {
        let (by, to) = if step % 2 == 1 { (A, B) } else { (B, A) };
        let give = json!({"transfer": {"asset": NOTE, "part": {"holding": 0}, "to": to}});
        bench.run(by, give.to_string().as_bytes());
    }
    c.bench_function("provenance of 10,000 steps", |bencher| {
        bencher.iter(|| {
            let (mut steps, mut cursor) = (0, Value::Null);
            loop {
                let question = json!({"provenance": {
                    "asset": NOTE, "holding": 0, "cursor": cursor, "limit": null,
                }});
                let (deps, env) = (bench.deps.as_ref(), bench.env.clone());
                let answer = bench
                    .contract
                    .query(deps, env, question.to_string().as_bytes());
                let page: Value = serde_json::from_slice(&answer.unwrap()).unwrap();
                steps += page["steps"].as_array().unwrap().len();
                if page["next"].as_array().unwrap().is_empty() {
                    break;
                }
                cursor = page["next"].clone();
            }
            assert_eq!(steps, 10_000);
        });
    });
}

criterion_group!(benches, transactions, exchange, issuance, provenance);
criterion_main!(benches);
