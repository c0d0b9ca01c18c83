//! Thousands of messages to the asset contracts, right and wrong, native and as WASM: every code, answer, event and byte is the same.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod support;
#[path = "support/two_hosts.rs"]
mod two_hosts;

use not_run::not_run;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{BUYER, Chain, SELLER};

const MEMBERS: [&str; 5] = [SELLER, BUYER, "bank/maker", "court/admin", "platform/admin"];

/// The same numbers on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }

    /// Mostly the first, else another.
    fn mostly<'a>(&mut self, usual: &'a str, others: &[&'a str]) -> &'a str {
        if self.roll(4) > 0 {
            usual
        } else {
            self.pick(others)
        }
    }

    fn digest(&mut self, of: u64) -> String {
        format!("{:04x}", self.roll(of)).repeat(16)
    }
}

/// A message to the issuance, and who sends it.
fn issuing(dice: &mut Dice, asset: &str) -> (&'static str, Value) {
    let amount = (1 + dice.roll(20) * 50).to_string();
    let backing = json!({
        "commitment": dice.digest(400), "amount": dice.pick(&["1000", "400", amount.as_str()]),
        "currency": dice.mostly("CNY", &["EUR"]),
    });
    let metadata = if dice.roll(8) > 0 {
        json!({"invoice": "R-1"})
    } else {
        json!({"other": "x"})
    };
    let version = 1 + dice.roll(8) / 7;
    let role = dice.mostly("platform", &["bank", "court"]);
    let order = "0f".repeat(32);
    match dice.roll(14) {
        0..4 => {
            let class = dice.pick(&["note", "cash", "cash", "none"]);
            let draft = json!({"draft": {"class": class, "amount": amount, "backing": backing, "metadata": metadata}});
            (dice.mostly(SELLER, &MEMBERS), draft)
        }
        4 => {
            let amend = json!({"amend": {"asset": asset, "amount": amount, "backing": backing, "metadata": metadata}});
            (dice.mostly(SELLER, &MEMBERS), amend)
        }
        5 | 6 => (
            dice.mostly(SELLER, &MEMBERS),
            json!({"propose": {"asset": asset}}),
        ),
        7 | 8 => {
            let verdict = dice.mostly("approve", &["reject"]);
            let verdict = json!({verdict: {"asset": asset, "version": version, "role": role}});
            (dice.mostly(BUYER, &MEMBERS), verdict)
        }
        9 | 10 => (
            dice.mostly(SELLER, &MEMBERS),
            json!({"activate": {"asset": asset}}),
        ),
        11 => {
            let what = dice.pick(&["freeze", "unfreeze"]);
            let freeze = json!({what: {"asset": asset, "order": order}});
            (dice.mostly("court/admin", &MEMBERS), freeze)
        }
        12 => {
            let what = dice.pick(&["retire", "mint"]);
            (
                dice.pick(&MEMBERS),
                json!({what: {"asset": asset, "amount": amount}}),
            )
        }
        _ => {
            let what = dice.pick(&["redeem", "cancel", "finalise", "burn"]);
            (dice.pick(&MEMBERS), json!({what: {"asset": asset}}))
        }
    }
}

/// Once drafted an asset becomes active, if nothing else has come first.
fn the_usual_way(asset: &str) -> [(&'static str, Value); 3] {
    let on = |action: &str| json!({action: {"asset": asset}});
    let approve = json!({"approve": {"asset": asset, "version": 1, "role": "platform"}});
    [
        (SELLER, on("propose")),
        (BUYER, approve),
        (SELLER, on("activate")),
    ]
}

/// A message to the holdings, and who sends it.
fn trading(dice: &mut Dice, assets: [&str; 2]) -> (&'static str, Value) {
    let [asset, other] = assets;
    let (by, to) = (dice.mostly(SELLER, &MEMBERS), dice.pick(&MEMBERS));
    let (holding, units) = (dice.roll(6), (1 + dice.roll(90)).to_string());
    let part = if dice.roll(2) == 0 {
        json!({"units": units})
    } else {
        json!({"holding": holding})
    };
    let for_ms = 1_000 * dice.roll(9);
    let order = "0f".repeat(32);
    let target = if dice.roll(3) > 0 {
        json!({"holding": holding})
    } else {
        json!({"balance": to})
    };
    let number = dice.roll(6);
    let message = match dice.roll(18) {
        0..4 => json!({"transfer": {"asset": asset, "part": part, "to": to}}),
        4 => json!({"set_aside": {"asset": asset, "amount": units}}),
        5 | 6 => json!({"split": {"asset": asset, "holding": holding, "at": units}}),
        7 => json!({"merge": {"asset": asset, "holdings": [holding, holding + 1]}}),
        8 => json!({"pledge": {"asset": asset, "holding": holding, "pledgee": to}}),
        9 => json!({"release": {"asset": asset, "holding": holding}}),
        10 => {
            json!({"lock": {"asset": asset, "holding": holding, "keeper": to, "for_ms": for_ms}})
        }
        11 => json!({"unlock": {"asset": asset, "holding": holding}}),
        12 => {
            let what = dice.pick(&["freeze", "lift"]);
            let freeze = json!({what: {"asset": asset, "target": target, "order": order}});
            return (dice.mostly("court/admin", &MEMBERS), freeze);
        }
        13 => {
            let want = json!({"asset": other, "amount": units});
            json!({"offer": {"asset": asset, "give": part, "want": want, "for_ms": for_ms}})
        }
        14 => {
            let accept = json!({"accept": {"offer": number, "holding": holding}});
            return (to, accept);
        }
        15 => json!({"withdraw": {"offer": number}}),
        16 => {
            json!({"send": {"asset": asset, "part": part, "contract": "money", "payload": "e30="}})
        }
        _ => json!({"issuance": {"close": {"asset": asset}}}),
    };
    (by, message)
}

/// What every holding, balance and asset is, as both kinds of contract answer it.
fn compare_answers(chain: &Chain, asset: &str) {
    chain.query("issuance", &json!({"asset": {"asset": asset}}));
    chain.query("holdings", &json!({"asset": {"asset": asset}}));
    let all = json!({"holdings": {"asset": asset, "from": null, "limit": 50}});
    chain.query("holdings", &all);
    for owner in MEMBERS {
        chain.query(
            "holdings",
            &json!({"balance": {"asset": asset, "owner": owner}}),
        );
    }
}

#[test]
fn three_thousand_messages_end_the_same() {
    let mut chain = two_hosts::chain();
    if chain.twin.is_none() {
        not_run("set BLOCKWORM_CONTRACTS to the folder that scripts/build-contracts fills");
        return;
    }
    let mut dice = Dice(0x5eed_0f5e_ed0f_5eed);
    let mut assets = vec![format!("note/{}", "00".repeat(8))];
    let mut codes = BTreeMap::<String, u32>::new();
    let mut drafted: Vec<String> = Vec::new();
    for _ in 0..150 {
        let mut transactions = Vec::new();
        for asset in drafted.drain(..) {
            for (by, message) in the_usual_way(&asset) {
                transactions.push(Chain::sign(chain.body(by, "issuance", &message)));
            }
            assets.push(asset);
        }
        while transactions.len() < 20 {
            let recent = &assets[assets.len().saturating_sub(6)..];
            let two = [0; 2]
                .map(|_| recent[usize::try_from(dice.roll(recent.len() as u64)).unwrap()].as_str());
            let (contract, (by, message)) = if dice.roll(2) == 0 {
                ("issuance", issuing(&mut dice, two[0]))
            } else {
                ("holdings", trading(&mut dice, two))
            };
            transactions.push(Chain::sign(chain.body(by, contract, &message)));
        }
        for receipt in chain.commit(&transactions) {
            if receipt
                .events
                .first()
                .is_some_and(|event| event.kind == "drafted")
            {
                drafted.push(String::from_utf8(receipt.data).unwrap());
            }
            *codes.entry(receipt.code).or_default() += 1;
        }
        compare_answers(&chain, assets.last().unwrap());
    }
    let (native, wasm) = chain.twin.as_ref().unwrap().costs;
    println!("{codes:#?}\n{native} units native, {wasm} as WASM");
    assert!(
        codes["ok"] > 300 && codes.len() > 20,
        "the walk goes nowhere"
    );
}
