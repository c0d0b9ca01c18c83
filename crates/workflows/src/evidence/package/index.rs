//! `matter.json`, the package's index.

use super::{
    collect::{Collected, Registered, signing_key},
    placing::{Opening, Placed},
    source::Holdings,
    values::Row,
};
use blockworm_crypto::sha256;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The format field.
pub const FORMAT: &str = "blockworm-evidence/1";

/// Where a member's chain lies.
#[must_use]
pub fn certificate_file(id: &str) -> String {
    format!("data/certificates/{}.pem", id.replacen('/', "-", 1))
}

/// Where a token stands in a record, and how long it is.
#[must_use]
pub fn record_offset(record: &[u8], token: &[u8]) -> Option<(usize, usize)> {
    let at = record
        .windows(token.len().max(1))
        .position(|part| part == token)?;
    Some((at, token.len()))
}

/// The index.
#[must_use]
pub fn index(
    collected: &Collected,
    placed: &Placed,
    holdings: &dyn Holdings,
    exported: (&str, u64),
    asset: Option<&str>,
) -> Value {
    let (exported_by, exported_ms) = exported;
    let matter = collected.matter.row.id.as_str();
    let entries = collected.entries.iter().map(|one| {
        let mut fields = row(collected, placed, one, &one.row.transaction, one.row.height);
        let prefix = format!("data/originals/{:04}-", one.row.number);
        let file = placed
            .files
            .range(prefix.clone()..)
            .next()
            .map(|(file, _)| file);
        let file = file.filter(|file| file.starts_with(&prefix));
        fields.insert(
            "original".into(),
            original(matter, one.row.number, &one.row.commitment, file, holdings),
        );
        fields.insert(
            "capture_file".into(),
            opened(placed, &one.row.capture, "capture"),
        );
        fields
    });
    let attestations = collected.attestations.iter().map(|one| {
        let mut fields = row(collected, placed, one, &one.row.transaction, one.row.height);
        let findings = one.row.findings.as_deref().unwrap_or_default();
        fields.insert("findings_file".into(), opened(placed, findings, "findings"));
        fields
    });
    let acts = collected.acts.iter().map(|one| {
        let mut fields = row(collected, placed, one, &one.row.transaction, one.row.height);
        fields.insert(
            "document_file".into(),
            json!(placed.documents.get(&one.row.number)),
        );
        fields
    });
    let relations = collected.relations.iter().map(|one| {
        let mut fields = one.fields.clone();
        fields.insert("proof".into(), Value::Null);
        fields
    });
    json!({
        "format": FORMAT,
        "ledger": collected.genesis.ledger_id(),
        "genesis_digest": collected.genesis.digest(),
        "contract": super::collect::CONTRACT,
        "contract_id": collected.contract,
        "matter": matter,
        "exported_ms": exported_ms.to_string(),
        "exported_by": exported_by,
        "state_height": collected.state_height,
        "entries": entries.collect::<Vec<_>>(),
        "attestations": attestations.collect::<Vec<_>>(),
        "acts": acts.collect::<Vec<_>>(),
        "relations": relations.collect::<Vec<_>>(),
        "organisations": organisations(collected),
        "members": members(collected),
        "checkpoints": checkpoints(collected),
        "asset": asset.map(|receivable| json!({ "receivable": receivable, "case": "data/case.json" })),
    })
}

/// A row's fields with its proof and the checkpoint that covers it.
fn row<T>(
    collected: &Collected,
    placed: &Placed,
    row: &Row<T>,
    transaction: &str,
    height: u64,
) -> Map<String, Value> {
    let mut fields = row.fields.clone();
    let proof = placed
        .transactions
        .get(transaction)
        .map(|one| one.file.clone());
    fields.insert("proof".into(), json!(proof));
    fields.insert("checkpoint".into(), json!(collected.covered.get(&height)));
    fields
}

fn original(
    matter: &str,
    number: u32,
    commitment: &str,
    file: Option<&String>,
    holdings: &dyn Holdings,
) -> Value {
    let (Some(file), Ok(Some(held))) = (file, holdings.original(matter, number, commitment)) else {
        return Value::Null;
    };
    let (sha256, salt) = match held.opening {
        Some((sha256, salt)) => (Some(sha256), Some(hex::encode(salt))),
        None => (None, None),
    };
    json!({
        "file": file,
        "encrypted": held.encrypted,
        "name": held.name,
        "sha256": sha256,
        "salt": salt,
    })
}

fn opened(placed: &Placed, commitment: &str, what: &str) -> Value {
    let opening = placed
        .openings
        .iter()
        .find(|one| one.what == what && one.commitment == commitment);
    let file = opened_file(placed, opening);
    opening.zip(file).map_or(Value::Null, |(opening, bytes)| {
        json!({
            "file": opening.file,
            "sha256": sha256(&[bytes]),
            "salt": hex::encode(opening.salt),
        })
    })
}

fn opened_file<'a>(placed: &'a Placed, opening: Option<&Opening>) -> Option<&'a [u8]> {
    placed.files.get(&opening?.file).map(Vec::as_slice)
}

fn organisations(collected: &Collected) -> Vec<Value> {
    let listed = collected.organisations.iter().map(|(slug, record)| {
        let crl = collected.revocations.contains_key(slug);
        json!({
            "slug": slug,
            "name": record.name,
            "roles": record.roles,
            "root": format!("data/certificates/{slug}-root.pem"),
            "crl": crl.then(|| format!("data/revocation/{slug}.crl")),
            "suspended_at": record.suspended_at,
        })
    });
    listed.collect()
}

fn members(collected: &Collected) -> Vec<Value> {
    let listed = collected
        .members
        .iter()
        .map(|(id, Registered { record, .. })| {
            json!({
                "id": id,
                "key": record.key,
                "functions": record.functions,
                "certificate": certificate_file(id),
                "registered_at": record.registered_at,
                "revoked_at": record.revoked_at,
            })
        });
    listed.collect()
}

fn checkpoints(collected: &Collected) -> Vec<Value> {
    let listed = collected.checkpoints.iter().map(|(size, covering)| {
        let folder = format!("data/checkpoints/{size}");
        let stamp = covering.stamp.as_ref();
        let history = covering.history.keys().map(|height| {
            json!({ "height": height, "file": format!("{folder}/history-{height}.json") })
        });
        json!({
            "size": size,
            "file": format!("{folder}/checkpoint.txt"),
            "token": stamp.map(|_| format!("{folder}/token.tsr")),
            "record": stamp.and_then(|stamp| stamp.record.as_ref()).map(|_| format!("{folder}/record.ers")),
            "history": history.collect::<Vec<_>>(),
        })
    });
    listed.collect()
}

/// Members whose key of today did not sign everything that they signed: their keys were exchanged since.
#[must_use]
pub fn exchanged(collected: &Collected) -> BTreeSet<String> {
    let signed = collected
        .entries
        .iter()
        .map(|one| (&one.row.by, &one.row.transaction));
    let other = signed.filter(|(by, transaction)| {
        let key = collected.proved.get(*transaction).and_then(signing_key);
        let now = collected.members.get(*by).map(|member| member.record.key);
        key != now
    });
    other.map(|(by, _)| by.clone()).collect()
}

/// JSON for people and programs, ended by a line feed.
#[must_use]
pub fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}
