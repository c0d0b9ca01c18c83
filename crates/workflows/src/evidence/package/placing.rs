//! Where everything of a package lies.

use super::{
    collect::{Collected, Registered},
    facts::TimeFact,
    index::{certificate_file, pretty},
    source::{Holdings, Opened, Original},
};
use blockworm_service::identity::encode_pem;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Longest part of a file's name that is kept.
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
    // Once for all proofs, in the form that the node's own file has.
    placed.put("data/genesis.json".into(), collected.genesis.to_json());
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
