//! A ledger on which receivables are assets and settlement money is another: its contracts, a bank that issues, and the usual messages.

use super::{BUYER, Chain, Founded, found_with, parameters};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_execution::{Builtins, Native};
use blockworm_ledger::genesis::GenesisContract;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the receivable contract begins with.
pub const RECEIVABLE: &str = r#"{"issuance":"issuance","assets":"assets","class":"receivable","vouchers":["voucher-cny"],"utc_offset_minutes":480,"registry":null}"#;

/// The usual contracts and those of assets.
pub fn builtins() -> Builtins {
    super::builtins()
        .with(
            "asset-issuance@1",
            Native::new(
                blockworm_asset_issuance::instantiate,
                blockworm_asset_issuance::execute,
                blockworm_asset_issuance::query,
            ),
        )
        .with(
            "asset-transaction@1",
            Native::new(
                blockworm_asset_transaction::instantiate,
                blockworm_asset_transaction::execute,
                blockworm_asset_transaction::query,
            ),
        )
}

/// The usual founders with receivables on the asset contracts.
pub fn found() -> Founded {
    let mut founded = found_with(builtins(), &[], parameters());
    let mut genesis = (*founded.genesis).clone();
    let more = [
        ("issuance", "asset-issuance@1", issuance()),
        (
            "assets",
            "asset-transaction@1",
            json!({"issuance": "issuance"}),
        ),
    ];
    for (name, code, init) in more {
        genesis.contracts.push(GenesisContract {
            name: name.parse().unwrap(),
            code: code.to_owned(),
            init: init.to_string(),
        });
    }
    founded.genesis = Arc::new(genesis);
    founded
}

fn issuance() -> Value {
    let field = |name: &str, form: &str, required: bool| json!({"name": name, "form": form, "required": required});
    let voucher = json!({
        "name": "voucher-cny", "kind": "fungible", "currency": "CNY", "issue": ["bank"],
        "freeze": ["court"], "redeem": ["bank"], "supply": {"capped": "1000000000000"},
        "tiers": [{"up_to": null, "approvals": [{"role": "bank", "count": 1}], "other_organisation": false}],
        "schema": [], "transfer_approvals": [],
    });
    let receivable = json!({
        "name": "receivable-cny", "kind": "divisible", "currency": "CNY", "issue": [],
        "freeze": ["court"], "redeem": [], "supply": "fixed", "tiers": [], "transfer_approvals": [],
        "schema": [
            field("receivable", "text", true), field("buyer", "text", true),
            field("due", "date", true), field("document", "digest", false),
        ],
        "manager": {"contract": "receivable", "guarded": ["bank"]},
    });
    json!({"holdings": "assets", "definers": ["platform"], "classes": [voucher, receivable]})
}

/// A ledger on which the bank has issued so much settlement money to its maker.
pub struct Trade {
    pub chain: Chain,
    pub voucher: String,
}

impl Trade {
    pub fn start(money: u128) -> Self {
        Self::with(Chain::start(found()).beside_wasm(), money)
    }

    pub fn with(mut chain: Chain, money: u128) -> Self {
        let backing =
            json!({"commitment": "5a".repeat(32), "amount": money.to_string(), "currency": "CNY"});
        let draft = json!({"draft": {
            "class": "voucher-cny", "amount": money.to_string(), "backing": backing, "metadata": {},
        }});
        let receipt = chain.must("bank/maker", "issuance", &draft);
        let voucher = String::from_utf8(receipt.data).unwrap();
        let steps = [
            ("bank/maker", json!({"propose": {"asset": voucher}})),
            (
                "bank/checker",
                json!({"approve": {"asset": voucher, "version": 1, "role": "bank"}}),
            ),
            ("bank/maker", json!({"activate": {"asset": voucher}})),
        ];
        for (member, message) in steps {
            chain.must(member, "issuance", &message);
        }
        Self { chain, voucher }
    }

    pub fn give(&self, to: &str, amount: u128) -> Value {
        let part = json!({"units": amount.to_string()});
        json!({"transfer": {"asset": self.voucher, "part": part, "to": to}})
    }

    pub fn balance(&self, owner: &str) -> u128 {
        let question = json!({"balance": {"asset": self.voucher, "owner": owner}});
        let balance = self.chain.query("assets", &question);
        balance["amount"].as_str().unwrap().parse().unwrap()
    }

    /// A payment to the receivable contract.
    pub fn pay(&self, amount: u128, payload: &Value) -> Value {
        let part = json!({"units": amount.to_string()});
        let payload = BASE64_STANDARD.encode(payload.to_string());
        json!({"send": {
            "asset": self.voucher, "part": part, "contract": "receivable", "payload": payload,
        }})
    }

    pub fn finance(&self, id: &str, holding: u64, price: u128) -> Value {
        self.pay(price, &json!({"finance": {"id": id, "holding": holding}}))
    }

    pub fn settle(&self, id: &str, holdings: &[u64], amount: u128) -> Value {
        self.pay(amount, &json!({"settle": {"id": id, "holdings": holdings}}))
    }

    pub fn receivable(&self, id: &str) -> Value {
        self.chain
            .query("receivable", &json!({"receivable": {"id": id}}))
    }

    /// A receivable that the buyer has confirmed; the asset that it is.
    pub fn confirmed(&mut self, id: &str, digest: &str, amount: u128, price: u128) -> String {
        let issue = issue_receivable(id, digest, amount, price);
        self.chain.must(super::SELLER, "receivable", &issue);
        let confirm = json!({"confirm": {"id": id}});
        self.chain.must(BUYER, "receivable", &confirm);
        self.receivable(id)["asset"].as_str().unwrap().to_owned()
    }

    /// Each holding of an asset that is not closed: number, units, owner.
    pub fn open_parts(&self, asset: &str) -> Vec<(u64, u128, String)> {
        let question = json!({"holdings": {"asset": asset, "from": null, "limit": null}});
        let rows = self.chain.query("assets", &question);
        let rows = rows.as_array().unwrap().iter();
        rows.filter(|row| row["holding"]["closed"] == false)
            .map(|row| {
                let units = &row["holding"]["units"];
                let number = |text: &Value| text.as_str().unwrap().parse::<u128>().unwrap();
                let owner = row["holding"]["owner"].as_str().unwrap().to_owned();
                let count = number(&units["to"]) - number(&units["from"]);
                (row["number"].as_u64().unwrap(), count, owner)
            })
            .collect()
    }
}

pub fn issue_receivable(id: &str, digest: &str, amount: u128, price: u128) -> Value {
    json!({"issue": {
        "id": id, "invoice_digest": digest, "buyer": BUYER, "amount": amount.to_string(),
        "currency": "CNY", "due_date": "2027-05-31", "price": price.to_string(), "recourse": true,
    }})
}
