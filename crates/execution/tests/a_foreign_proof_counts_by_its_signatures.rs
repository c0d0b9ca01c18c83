//! What contracts may be shown of another ledger: only what the validators of its pinned genesis, or those they handed it over to, have signed.

#![allow(clippy::unwrap_used)]

mod support;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::Digest;
use blockworm_kit::ForeignValue;
use blockworm_ledger::{ForeignState, Receipt};
use serde_json::json;
use support::foreign::{Other, advance, ask, follow, pin, prober, validators};
use support::{Chain, builtins, found_with, mint, parameters};

/// The key under which money keeps the bank's maker's account.
fn account() -> Vec<u8> {
    b"\0\x01b\0\x03CNYbank/maker".to_vec()
}

/// A ledger with the probe, and the other ledger with money in an account.
fn two() -> (Chain, Other) {
    let more = [("probe", "probe@1")];
    let here = found_with(builtins().with("probe@1", prober()), &more, parameters());
    let mut other = Other::start("other");
    other.send("bank/maker", "money", &mint("bank/maker", 500));
    (Chain::start(here), other)
}

fn following() -> (Chain, Other) {
    let (mut chain, other) = two();
    pin(&mut chain, 1, "other", other.genesis());
    chain.must("bank/maker", "ledger", &follow("other", other.genesis()));
    (chain, other)
}

fn show(chain: &mut Chain, key: &[u8], proof: &ForeignState) -> Receipt {
    let message = ask("other", "money", key, &proof.encode());
    chain.ask("bank/maker", "probe", &message)
}

fn value(receipt: &Receipt) -> ForeignValue {
    assert_eq!(receipt.code, "ok", "{}", receipt.message);
    serde_json::from_slice(&receipt.data).unwrap()
}

/// The proof after a change must be refused with this code, naming this check.
fn refused(
    chain: &mut Chain,
    proof: &ForeignState,
    code: &str,
    check: &str,
    change: impl FnOnce(&mut ForeignState),
) {
    let mut changed = proof.clone();
    change(&mut changed);
    assert_ne!(&changed, proof);
    let receipt = show(chain, &proof.claim.key, &changed);
    assert_eq!(
        (receipt.code.as_str(), receipt.message.contains(check)),
        (code, true),
        "{}",
        receipt.message
    );
    assert!(receipt.cost > 0 && receipt.data.is_empty());
}

#[test]
fn presence_and_absence_are_believed_with_the_time_of_their_block() {
    let (mut chain, mut other) = following();
    let height = other.height();
    let proof = other.prove("money", &account());
    let shown = value(&show(&mut chain, &account(), &proof));
    assert_eq!(shown.value.unwrap().to_vec(), b"\"500\"");
    assert_eq!(shown.height, height);
    assert_eq!(shown.time_ms, proof.header().unwrap().time_ms);
    let absent = other.prove("money", b"no such key");
    assert_eq!(
        value(&show(&mut chain, b"no such key", &absent)).value,
        None
    );
}

#[test]
fn every_altered_part_is_found() {
    let (mut chain, mut other) = following();
    let proof = other.prove("money", &account());
    let broken = "foreign.broken_proof";
    refused(&mut chain, &proof, broken, "finality.quorum", |p| {
        p.chain.finality.signatures[0].1[5] ^= 1;
    });
    refused(&mut chain, &proof, broken, "finality.quorum", |p| {
        p.chain.finality.signatures.pop();
    });
    refused(&mut chain, &proof, broken, "finality.quorum", |p| {
        p.chain.finality.signatures[1] = p.chain.finality.signatures[0];
    });
    refused(&mut chain, &proof, broken, "state", |p| {
        p.claim.value = Some(b"\"501\"".to_vec());
    });
    refused(&mut chain, &proof, broken, "state", |p| {
        p.claim.value = None
    });
    refused(&mut chain, &proof, broken, "state", |p| {
        p.claim.proof.pairs.clear();
    });
    refused(&mut chain, &proof, broken, "state", |p| p.claim.height += 1);
    refused(&mut chain, &proof, broken, "headers.contiguous", |p| {
        p.chain.headers[0].time_ms += 1;
    });
    refused(&mut chain, &proof, broken, "finality.payload", |p| {
        p.chain.headers.last_mut().unwrap().state_root = Digest::ZERO;
    });
    refused(&mut chain, &proof, broken, "headers.contiguous", |p| {
        p.chain.headers.remove(2);
    });
    refused(&mut chain, &proof, broken, "state", |p| {
        // What is left is signed and says the same, but not when.
        p.chain.headers.remove(0);
    });
    refused(&mut chain, &proof, broken, "headers.contiguous", |p| {
        p.chain.headers.clear();
    });
    refused(&mut chain, &proof, "foreign.other_key", "money", |p| {
        p.claim.contract += 1;
    });
    refused(&mut chain, &proof, "foreign.other_key", "money", |p| {
        p.claim.key.push(0);
    });
    value(&show(&mut chain, &account(), &proof));
}

#[test]
fn what_cannot_be_read_or_is_too_much_is_refused_before_the_work() {
    let (mut chain, mut other) = following();
    let proof = other.prove("money", &account());
    refused(&mut chain, &proof, "foreign.too_large", "64 headers", |p| {
        let header = p.chain.headers[0].clone();
        p.chain.headers.resize(65, header);
    });
    refused(
        &mut chain,
        &proof,
        "foreign.too_large",
        "4 signatures",
        |p| {
            p.chain.finality.signatures.resize(5, (9, [0; 64]));
        },
    );
    let handover = other.hand_over(&["bank"]);
    refused(&mut chain, &proof, "foreign.malformed", "advance", |p| {
        p.chain.handovers.push(handover);
    });
    let mut bytes = proof.encode();
    bytes.push(0);
    for bytes in [&bytes, &bytes[..40], b""] {
        let message = ask("other", "money", &account(), bytes);
        let receipt = chain.ask("bank/maker", "probe", &message);
        assert_eq!(receipt.code, "foreign.malformed");
    }
    let long = ask("other", "money", &account(), &vec![0; 40_000]);
    assert_eq!(
        chain.ask("bank/maker", "probe", &long).code,
        "foreign.malformed"
    );
}

#[test]
fn another_ledgers_signatures_are_worth_nothing_here() {
    let (mut chain, _) = following();
    // The same organisations, the same validators, another genesis.
    let mut twin = Other::start("twin");
    twin.send("bank/maker", "money", &mint("bank/maker", 900));
    let proof = twin.prove("money", &account());
    let receipt = show(&mut chain, &account(), &proof);
    assert_eq!(receipt.code, "foreign.broken_proof");
    assert!(receipt.message.starts_with("ledger.id"), "{receipt:?}");
    let unknown = |chain: &mut Chain, ledger: &str, contract: &str| {
        let message = ask(ledger, contract, &account(), &proof.encode());
        chain.ask("bank/maker", "probe", &message).code
    };
    assert_eq!(
        unknown(&mut chain, "twin", "money"),
        "foreign.unknown_ledger"
    );
    assert_eq!(
        unknown(&mut chain, "No Name", "money"),
        "foreign.unknown_ledger"
    );
    assert_eq!(
        unknown(&mut chain, "other", "gold"),
        "foreign.unknown_contract"
    );
}

#[test]
fn a_ledger_is_followed_from_the_genesis_that_was_voted() {
    let (mut chain, other) = two();
    let twin = Other::start("twin");
    let code = |chain: &mut Chain, message| chain.ask("court/admin", "ledger", &message).code;
    let early = code(&mut chain, follow("other", other.genesis()));
    assert_eq!(early, "foreign.unknown_ledger");
    pin(&mut chain, 1, "other", other.genesis());
    let anchors = |chain: &Chain| chain.query("ledger", &json!({ "anchors": {} }));
    assert_eq!(anchors(&chain), json!({}));
    assert_eq!(
        code(&mut chain, follow("other", twin.genesis())),
        "foreign.other_genesis"
    );
    let nonsense = json!({ "follow": { "name": "other", "genesis": "AAAA" } });
    assert_eq!(code(&mut chain, nonsense), "foreign.malformed");
    let receipt = chain.must("court/admin", "ledger", &follow("other", other.genesis()));
    assert_eq!(
        (
            receipt.events[0].kind.as_str(),
            receipt.events[0].subject.as_str()
        ),
        ("followed", "other")
    );
    let shown = &anchors(&chain)["other"];
    assert_eq!(shown["ledger"], other.genesis().ledger_id().to_string());
    assert_eq!(
        (
            &shown["since"],
            shown["validators"].as_array().unwrap().len()
        ),
        (&json!(0), 4)
    );
    assert_eq!(
        code(&mut chain, follow("other", other.genesis())),
        "foreign.already_followed"
    );
}

#[test]
fn another_pin_ends_what_was_believed_until_that_ledger_is_followed() {
    let (mut chain, mut other) = following();
    let proof = other.prove("money", &account());
    value(&show(&mut chain, &account(), &proof));
    let mut twin = Other::start("twin");
    twin.pass(1);
    pin(&mut chain, 2, "other", twin.genesis());
    let receipt = show(&mut chain, &account(), &proof);
    assert_eq!(receipt.code, "foreign.unknown_ledger");
    assert_eq!(chain.query("ledger", &json!({ "anchors": {} })), json!({}));
    chain.must("bank/maker", "ledger", &follow("other", twin.genesis()));
    assert_eq!(
        show(&mut chain, &account(), &proof).code,
        "foreign.broken_proof"
    );
    let proof = twin.prove("money", &account());
    assert_eq!(value(&show(&mut chain, &account(), &proof)).value, None);
}

#[test]
fn changed_validators_count_once_the_old_ones_handed_over() {
    let (mut chain, mut other) = following();
    let old = other.prove("money", &account());
    let handover = other.hand_over(&["court", "notary", "platform"]);
    let new = other.prove("money", &account());
    // Three of four signed both; by the old set the new proof is not even one.
    assert_eq!(
        show(&mut chain, &account(), &new).code,
        "foreign.broken_proof"
    );
    let mut forged = handover.clone();
    forged.validators = validators(&["court"]);
    let receipt = chain.refused("bank/maker", "ledger", &advance("other", &[forged]));
    assert_eq!(receipt.code, "foreign.broken_proof");
    let mut unsigned = handover.clone();
    unsigned.finality.signatures[1].1[0] ^= 1;
    let receipt = chain.refused("bank/maker", "ledger", &advance("other", &[unsigned]));
    assert_eq!(receipt.code, "foreign.broken_proof");
    for many in [0, 17] {
        let handovers = vec![handover.clone(); many];
        let receipt = chain.refused("bank/maker", "ledger", &advance("other", &handovers));
        assert_eq!(receipt.code, "foreign.too_large");
    }

    let done = chain.must(
        "bank/maker",
        "ledger",
        &advance("other", std::slice::from_ref(&handover)),
    );
    assert_eq!(done.events[0].attribute("since"), Some("20"));
    value(&show(&mut chain, &account(), &new));
    assert_eq!(show(&mut chain, &account(), &old).code, "foreign.stale");
    let again = chain.refused("bank/maker", "ledger", &advance("other", &[handover]));
    assert_eq!(again.code, "foreign.stale");
    let next = other.hand_over(&["bank", "court"]);
    chain.must("court/admin", "ledger", &advance("other", &[next]));
    // The genesis would lead back to validators who handed over long ago.
    let back = chain.refused("bank/maker", "ledger", &follow("other", other.genesis()));
    assert_eq!(back.code, "foreign.already_followed");
}

#[test]
fn each_signature_and_header_costs_and_a_refusal_costs_as_much() {
    let (mut chain, mut other) = following();
    let proof = other.prove("money", &account());
    let good = show(&mut chain, &account(), &proof);
    let mut forged = proof.clone();
    forged.chain.finality.signatures[2].1[5] ^= 1;
    let refused = show(&mut chain, &account(), &forged);
    assert_eq!(refused.code, "foreign.broken_proof");
    // Only the answer's bytes are left out.
    assert!(refused.cost < good.cost && refused.cost + 1_000 > good.cost);
    let mut more = proof.clone();
    more.chain.finality.signatures.push((3, [0; 64]));
    let dearer = show(&mut chain, &account(), &more);
    assert_eq!(dearer.code, "foreign.broken_proof");
    assert!(
        dearer.cost >= refused.cost + 1_000,
        "{} {}",
        dearer.cost,
        refused.cost
    );
    let mut longer = proof.clone();
    longer.chain.headers.push(proof.chain.headers[0].clone());
    let longer = show(&mut chain, &account(), &longer);
    assert_eq!(longer.code, "foreign.broken_proof");
    assert!(longer.cost >= refused.cost + 100);
}

#[test]
fn a_limit_too_low_for_the_signatures_stops_before_them() {
    let more = [("probe", "probe@1")];
    let mut few = parameters();
    few.transaction_cost = 60_000;
    let here = found_with(builtins().with("probe@1", prober()), &more, few);
    let (mut chain, mut other) = (Chain::start(here), Other::start("other"));
    pin(&mut chain, 1, "other", other.genesis());
    let receipt = chain.ask("bank/maker", "ledger", &follow("other", other.genesis()));
    assert_eq!(receipt.code, "ok", "{}", receipt.cost);
    let mut proof = other.prove("money", &account());
    proof.chain.headers = vec![proof.chain.headers[0].clone(); 64];
    let bytes = BASE64_STANDARD.encode(proof.encode());
    assert!(bytes.len() > 15_000);
    assert_eq!(
        show(&mut chain, &account(), &proof).code,
        "execution.cost_exceeded"
    );
}
