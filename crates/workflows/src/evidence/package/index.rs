//! `matter.json`, the package's index, and where each thing that it names lies.

use super::{
    collect::{Collected, Registered, Row, signing_key},
    facts::TimeFact,
    source::{Holdings, Opened, Original},
};
use blockworm_crypto::sha256;
use blockworm_service::identity::encode_pem;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The format field.
pub const FORMAT: &str = "blockworm-evidence/1";
/// Longest part of an original's name that is kept.
const NAME_BYTES: usize = 100;

/// A file of the package that opens a commitment.
#[derive(Clone, Debug)]
pub struct Opening {
    /// `original`, `capture` or `findings`.
    pub what: &'static str,
    /// Its path.
    pub file: String,
    /// The salt.
    pub salt: [u8; 32],
    /// What the ledger keeps.
    pub commitment: String,
}

/// A transaction's proof in the package.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its path.
    pub file: String,
    /// The block.
    pub height: u64,
    /// What its message must hold.
    pub says: BTreeSet<String>,
}

/// Where everything lies, and the files themselves.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Path → bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that open commitments.
    pub openings: Vec<Opening>,
    /// Proofs by the transaction's id.
    pub transactions: BTreeMap<String, Transaction>,
    /// Chains of certificates with the organisation that they lead to.
    pub chains: Vec<(String, String)>,
    /// Chains of members who were revoked.
    pub revoked: BTreeSet<String>,
    /// Entries without an original, and why.
    pub without_original: BTreeMap<u32, &'static str>,
    /// Documents that acts rest on, by the act's number.
    pub documents: BTreeMap<u32, String>,
    /// Acts whose document is not held.
    pub without_document: BTreeSet<u32>,
    /// Entries without a capture record.
    pub without_capture: BTreeSet<u32>,
    /// Block → the file with its path in a checkpoint.
    histories: BTreeMap<u64, String>,
    /// Checkpoint → the chain of its timestamp's authority.
    authorities: BTreeMap<u64, String>,
}

impl Placed {
    /// The file that leads from a block to a checkpoint.
    #[must_use]
    pub fn history(&self, height: u64) -> Option<&str> {
        self.histories.get(&height).map(String::as_str)
    }

    /// The chain of a checkpoint's timestamp authority.
    #[must_use]
    pub fn tsa_chain(&self, size: u64) -> Option<&str> {
        self.authorities.get(&size).map(String::as_str)
    }

    /// The file with the root that a timestamp leads to.
    #[must_use]
    pub fn tsa_root(&self, time: &TimeFact) -> Option<String> {
        match &time.run_by {
            Some(slug) => Some(format!("data/certificates/{slug}-root.pem")),
            None if time.root.is_some() => self.tsa_chain(time.size).map(str::to_owned),
            None => None,
        }
    }

    fn put(&mut self, path: String, bytes: impl Into<Vec<u8>>) -> String {
        self.files.insert(path.clone(), bytes.into());
        path
    }
}

/// Lays out everything but the texts for people.
///
/// # Errors
/// Why what is held cannot be read, in words.
pub fn place(
    collected: &Collected,
    holdings: &dyn Holdings,
    with_originals: bool,
) -> Result<Placed, String> {
    let mut placed = Placed::default();
    placed.put("data/proofs/state.json".into(), collected.state.as_bytes());
    for (id, text) in &collected.proofs {
        let file = format!("data/proofs/tx-{}.json", id.get(..16).unwrap_or(id));
        let height = collected
            .proved
            .get(id)
            .and_then(|proof| proof.chain.headers.first());
        let transaction = Transaction {
            file: placed.put(file, text.as_bytes()),
            height: height.map_or(0, |header| header.height),
            says: BTreeSet::new(),
        };
        placed.transactions.insert(id.clone(), transaction);
    }
    place_checkpoints(collected, &mut placed);
    place_certificates(collected, &mut placed);
    place_held(collected, holdings, with_originals, &mut placed)?;
    Ok(placed)
}

fn place_checkpoints(collected: &Collected, placed: &mut Placed) {
    let mut authorities: Vec<&str> = Vec::new();
    for (size, covering) in &collected.checkpoints {
        let folder = format!("data/checkpoints/{size}");
        placed.put(
            format!("{folder}/checkpoint.txt"),
            covering.checkpoint.note.as_bytes(),
        );
        for (height, history) in &covering.history {
            let inclusion = &history.inclusion;
            let mut proofs = collected
                .proved
                .values()
                .filter_map(|one| one.chain.headers.first());
            let header = proofs.find(|header| header.height == *height);
            let text = pretty(&json!({
                "header": header,
                "index": inclusion.index,
                "size": inclusion.size,
                "path": inclusion.path,
            }));
            let file = placed.put(format!("{folder}/history-{height}.json"), text);
            placed.histories.insert(*height, file);
        }
        let Some(stamp) = &covering.stamp else {
            continue;
        };
        placed.put(format!("{folder}/token.tsr"), stamp.token.as_slice());
        if let Some(record) = &stamp.record {
            placed.put(format!("{folder}/record.ers"), record.as_slice());
        }
        if let Some(chain) = stamp.chain.as_deref().filter(|chain| !chain.is_empty()) {
            let known = authorities.iter().position(|one| *one == chain);
            let number = known.unwrap_or(authorities.len()) + 1;
            if known.is_none() {
                authorities.push(chain);
            }
            let file = placed.put(
                format!("data/certificates/tsa-{number}.pem"),
                chain.as_bytes(),
            );
            placed.authorities.insert(*size, file);
        }
    }
}

fn place_certificates(collected: &Collected, placed: &mut Placed) {
    for (slug, record) in &collected.organisations {
        let pem = encode_pem(&record.ca_certificate).unwrap_or_default();
        placed.put(format!("data/certificates/{slug}-root.pem"), pem);
        if let Some(list) = collected.revocations.get(slug) {
            placed.put(format!("data/revocation/{slug}.crl"), list.as_slice());
        }
    }
    for (id, Registered { record, chain }) in &collected.members {
        let (slug, _) = id.split_once('/').unwrap_or((id, ""));
        let file = placed.put(certificate_file(id), encode_pem(chain).unwrap_or_default());
        placed.chains.push((file.clone(), slug.to_owned()));
        if record.revoked_at.is_some() {
            placed.revoked.insert(file);
        }
    }
    for covering in collected.checkpoints.values() {
        for cosigner in &covering.checkpoint.cosigners {
            let file = format!("data/certificates/{}-cosigner.pem", cosigner.organisation);
            let known = collected.organisations.contains_key(&cosigner.organisation);
            if let (Some(chain), true, false) =
                (&cosigner.chain_pem, known, placed.files.contains_key(&file))
            {
                let file = placed.put(file, chain.as_bytes());
                placed.chains.push((file, cosigner.organisation.clone()));
            }
        }
    }
}

fn place_held(
    collected: &Collected,
    holdings: &dyn Holdings,
    with_originals: bool,
    placed: &mut Placed,
) -> Result<(), String> {
    let matter = collected.matter.row.id.as_str();
    for entry in collected.entries.iter().map(|one| &one.row) {
        let number = entry.number;
        if let Some(place) = placed.transactions.get_mut(&entry.transaction) {
            place.says.insert(entry.commitment.clone());
        }
        if let Some(capture) = holdings.opened(matter, &entry.capture)? {
            let file = format!("data/captures/{number:04}.json");
            open(placed, "capture", file, &capture, &entry.capture);
        } else {
            placed.without_capture.insert(number);
        }
        let original = match with_originals && entry.erased.is_none() {
            true => holdings.original(matter, number, &entry.commitment)?,
            false => None,
        };
        let Some(original) = original else {
            let why = match (entry.erased, with_originals) {
                (Some(_), _) => "erased",
                (None, true) => "not held here",
                (None, false) => "left out",
            };
            placed.without_original.insert(number, why);
            continue;
        };
        let file = original_file(number, &original);
        if let (Some((_, salt)), false) = (original.opening, original.encrypted) {
            let (file, commitment) = (file.clone(), entry.commitment.clone());
            placed.openings.push(Opening {
                what: "original",
                file,
                salt,
                commitment,
            });
        }
        placed.put(file, original.bytes);
    }
    for attestation in collected.attestations.iter().map(|one| &one.row) {
        if let Some(place) = placed.transactions.get_mut(&attestation.transaction) {
            place.says.insert(attestation.statement.clone());
        }
        let Some(findings) = &attestation.findings else {
            continue;
        };
        if let Some(opened) = holdings.opened(matter, findings)? {
            let file = format!("data/findings/{:04}", attestation.number);
            open(placed, "findings", file, &opened, findings);
        }
    }
    for act in collected.acts.iter().map(|one| &one.row) {
        let Some(digest) = &act.document else {
            continue;
        };
        if let Some((name, bytes)) = holdings.document(matter, digest)? {
            let file = placed.put(named_file("documents", act.number, &name), bytes);
            placed.documents.insert(act.number, file);
        } else {
            placed.without_document.insert(act.number);
        }
    }
    Ok(())
}

fn open(placed: &mut Placed, what: &'static str, file: String, opened: &Opened, commitment: &str) {
    let file = placed.put(file, opened.bytes.as_slice());
    let (salt, commitment) = (opened.salt, commitment.to_owned());
    placed.openings.push(Opening {
        what,
        file,
        salt,
        commitment,
    });
}

/// The path of an original: its number and as much of its name as any file system takes.
fn original_file(number: u32, original: &Original) -> String {
    let ending = if original.encrypted { ".age" } else { "" };
    let file = named_file("originals", number, &original.name);
    format!("{file}{ending}")
}

fn named_file(folder: &str, number: u32, name: &str) -> String {
    let sign = |one: char| match one {
        '/' | '\\' | ':' | '%' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        other if other.is_control() => '_',
        other => other,
    };
    let mut name: String = name.chars().map(sign).collect();
    while name.len() > NAME_BYTES {
        name.pop();
    }
    format!("data/{folder}/{number:04}-{name}")
}

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
