//! Claims on the real host, natively and beside the registry as a WASM module: keys, commitments, displacement, rotation, a new set.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_execution::Native;
use blockworm_ledger::genesis::GenesisContract;
use blockworm_registry::{DocumentSet, Part, commitment};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{Chain, Founded, builtins, found_with, parameters};

const WHOLE: u32 = 1_000_000_000;

fn founded() -> Founded {
    let registry = Native::new(
        blockworm_registry::instantiate,
        blockworm_registry::execute,
        blockworm_registry::query,
    );
    let builtins = builtins().with("registry@1", registry);
    let mut founded = found_with(builtins, &[], parameters());
    let mut genesis = (*founded.genesis).clone();
    // The second bank is the platform, which holds that role as well here.
    genesis.organisations[3].roles.insert(0, "bank".into());
    let ledgers = json!([{"name": "trade", "contract": "receivable"}]);
    let init = json!({"ledgers": ledgers, "holders": ["notary", "court"], "settle_blocks": 3});
    genesis.contracts.push(GenesisContract {
        name: "registry".parse().unwrap(),
        code: "registry@1".into(),
        init: init.to_string(),
    });
    founded.genesis = Arc::new(genesis);
    founded
}

fn set(version: u32, share: u32) -> DocumentSet {
    let fingerprint = |form: u8| format!("{version:062x}{form:02x}");
    let part = |form, share| Part {
        fingerprint: fingerprint(form),
        share,
    };
    DocumentSet {
        version,
        document: fingerprint(1),
        share,
        parts: vec![part(1, share), part(2, 0)],
    }
}

fn commit(bank: &str, nonce: &str, sets: &[DocumentSet]) -> Value {
    json!({"commit": {"commitment": commitment(bank, nonce, sets).unwrap()}})
}

fn reserve(nonce: &str, sets: &[DocumentSet]) -> Value {
    json!({"reserve": {"nonce": nonce, "ledger": "trade", "for_ms": 60_000, "sets": sets}})
}

fn publish(chain: &mut Chain, version: u32) {
    for (holder, digit) in [("notary/admin", "a"), ("court/admin", "b")] {
        let public_key = format!("{digit}{version:063x}");
        let message = json!({"publish_key": {"version": version, "public_key": public_key}});
        chain.must(holder, "registry", &message);
    }
}

#[test]
fn whoever_committed_first_has_it_natively_and_as_a_module() {
    let mut chain = Chain::start(founded()).beside_wasm();
    let (first, second) = ("01".repeat(32), "02".repeat(32));
    let sets = [set(1, WHOLE)];
    let (bank, rival) = ("bank/maker", "platform/supplier-1");
    let early = chain.refused(bank, "registry", &reserve(&first, &sets));
    assert_eq!(early.code, "registry.not_committed");
    publish(&mut chain, 1);
    chain.must(bank, "registry", &commit("bank", &first, &sets));
    chain.must(rival, "registry", &commit("platform", &second, &sets));
    // The rival opens first, and is displaced by who committed before it.
    chain.must(rival, "registry", &reserve(&second, &sets));
    let opened = chain.must(bank, "registry", &reserve(&first, &sets));
    let kinds: Vec<&str> = opened.events.iter().map(|e| e.kind.as_str()).collect();
    assert!(kinds.contains(&"displaced"), "{kinds:?}");
    let copied = chain.refused(rival, "registry", &reserve(&first, &sets));
    assert_eq!(copied.code, "registry.not_committed");

    publish(&mut chain, 2);
    let third = "03".repeat(32);
    let newer = [set(2, WHOLE)];
    let fourth = "04".repeat(32);
    chain.must(rival, "registry", &commit("platform", &fourth, &newer));
    let lacking = chain.refused(rival, "registry", &reserve(&fourth, &newer));
    assert_eq!(lacking.code, "registry.other_versions");
    chain.must(bank, "registry", &commit("bank", &third, &newer));
    for _ in 0..5 {
        chain.commit(&[]);
    }
    let again = json!({"reregister": {"claim": 1, "nonce": third, "sets": newer}});
    chain.must(bank, "registry", &again);
    let fingerprints = [
        &sets[0].document,
        &newer[0].document,
        &newer[0].parts[1].fingerprint,
    ];
    let asked = json!({"check": {"fingerprints": fingerprints}});
    let checked = chain.query("registry", &asked);
    let standing: Vec<&Value> = checked
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["standing"])
        .collect();
    assert_eq!(standing, ["reserved", "reserved", "free"]);
    assert_eq!(checked[2]["marked"], true);
    let keys = chain.query("registry", &json!({"keys": {}}));
    assert_eq!(keys["required"], json!([2]));
}
