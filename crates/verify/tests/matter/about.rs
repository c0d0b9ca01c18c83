//! Who ran the nodes of a sample matter, and what a court weighs of it.

use super::{
    ledger::{Ledger, MATTER},
    papers,
};
use blockworm_ledger::proof_file::ProofFile;
use serde_json::{Value, json};

pub fn operators(ledger: &Ledger) -> Value {
    let node = |validator: &blockworm_ledger::genesis::Validator| {
        let slug = validator.organisation.as_str();
        json!({"organisation": slug, "node": format!("{slug}-1"), "roles": [slug], "consensus_key": validator.key,
            "cosigner": papers::cosigner_key(slug).to_string(), "votes": true})
    };
    let nodes: Vec<Value> = ledger.genesis.validators.iter().map(node).collect();
    json!({"format": "blockworm-operators/1", "nodes": nodes, "relations": [
        {"organisation": "notary", "party": "bank", "relation": "none", "said_by": "notary"},
        {"organisation": "notary", "party": "platform", "relation": "not declared", "said_by": null},
    ]})
}

pub fn checklist() -> Value {
    let words = |text: &str| json!({"zh": format!("{text}（中文）"), "en": text});
    let item = |article: &str, checks: Value| {
        json!({"article": article, "question": words("What is asked?"), "facts": [words("What is known.")],
            "checks": checks, "open": null})
    };
    json!({"format": "blockworm-checklist/1", "items": [
        item("16", json!(["entry[1].original", "entry[n].history"])), item("17", json!(["operators.consistent"])),
        item("18", json!(["entry[n].capture"])), item("19", json!(["matter.complete", "file:<path>"])),
    ]})
}

pub fn matter_row(rows: &[Value]) -> Value {
    json!({
        "id": MATTER, "opened_by": rows[0]["by"], "parties": ["bank", "platform"], "entries": 2,
        "attestations": 1, "acts": 2, "head": rows[1]["link"], "closed": false, "retain_until_ms": null,
        "hold": null, "height": 1, "time_ms": rows[0]["time_ms"], "transaction": rows[0]["transaction"],
    })
}

impl super::Matter {
    /// The same package in its other form: each proof holds the genesis, which has no file.
    pub fn holding_genesis(&self) -> Vec<u8> {
        let genesis = &self.ledger.genesis;
        self.repaired(|files| {
            files.remove("data/genesis.json").unwrap();
            let proofs = files.iter_mut();
            for (_, bytes) in proofs.filter(|(path, _)| path.starts_with("data/proofs/")) {
                let text = String::from_utf8(bytes.clone()).unwrap();
                let whole = match ProofFile::from_json_with(&text, Some(genesis)).unwrap() {
                    ProofFile::Transaction(proof) => proof.to_json(),
                    ProofFile::State(proof) => proof.to_json(),
                };
                *bytes = whole.unwrap().into_bytes();
            }
        })
    }
}
