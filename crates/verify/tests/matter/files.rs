//! The files of a sample matter: what each entry, attestation and act says, and everything that proves it.

use super::{
    about,
    bag::{self, Files},
    ledger::{self, CONTRACT, Deed, Ledger, MATTER, STATE_HEIGHT},
    papers::{self, SIZE, Stamps},
};
use blockworm_crypto::sha256;
use blockworm_ledger::{checkpoint::Policy, state_proof::state_key};
use blockworm_verify::Pins;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a sample differs from the good one.
#[derive(Clone, Default)]
pub struct Wishes {
    /// Blocks in which members of these organisations were revoked.
    pub revoked: BTreeMap<&'static str, u64>,
    /// The notary's own time instead of an outsider's.
    pub own_time: bool,
    /// The timestamp's certificate had ended before the token's time.
    pub expired_stamps: bool,
    /// Without a seal.
    pub unsealed: bool,
    /// When the documents' certificate was revoked, milliseconds.
    pub documents_revoked_ms: Option<u64>,
    /// The seal bears a timestamp.
    pub stamped_seal: bool,
}

pub struct Matter {
    pub ledger: Ledger,
    pub stamps: Stamps,
    pub index: Value,
    pub files: Files,
    pub wishes: Wishes,
}

fn salted(what: &str, salt: &[u8; 32], file: &[u8]) -> String {
    let domain = format!("blockworm/evidence/{what}\0");
    sha256(&[domain.as_bytes(), salt, sha256(&[file]).as_bytes()]).to_string()
}

/// Original, capture record and the row that commits to them.
struct Deposit {
    original: Vec<u8>,
    capture: Vec<u8>,
    row: Value,
}

fn deposits(people: &ledger::People) -> Vec<Deposit> {
    let mut before = "0".repeat(64);
    let all = [("platform", "contract", 1_u64), ("bank", "delivery", 2)];
    let mut made = Vec::new();
    for (place, (slug, phase, height)) in all.into_iter().enumerate() {
        let number = u8::try_from(place + 1).unwrap();
        let original = format!("the {phase} in full, page {number}\n")
            .repeat(40)
            .into_bytes();
        let capture =
            json!({"who": people.members[slug].id, "device": "scanner 7", "method": "scan"});
        let capture = capture.to_string().into_bytes();
        let mut row = json!({
            "number": number, "phase": phase, "kind": "paper",
            "commitment": salted("original", &[number; 32], &original),
            "size": original.len().to_string(),
            "capture": salted("capture", &[number + 100; 32], &capture),
            "method": "scan", "captured_ms": "1789999990000", "by": people.members[slug].id,
            "organisation": slug, "height": height, "erased": null,
        });
        let field = |name: &str| row[name].as_str().unwrap().to_owned();
        let lines = [
            "blockworm/evidence/link/1".to_owned(),
            before.clone(),
            MATTER.to_owned(),
            number.to_string(),
            field("phase"),
            field("kind"),
            field("commitment"),
            field("size"),
            field("capture"),
            field("method"),
            field("captured_ms"),
            field("by"),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        before = sha256(&[text.as_bytes()]).to_string();
        row["link"] = before.clone().into();
        made.push(Deposit {
            original,
            capture,
            row,
        });
    }
    made
}

fn acts(people: &ledger::People) -> Vec<Value> {
    let act = |number: u32, act: &str, slug: &str, height: u64, document: &str| {
        json!({
            "number": number, "act": act, "entry": 2, "of": null, "outcome": null,
            "document": ledger::digest(document), "until_ms": null, "by": people.members[slug].id,
            "organisation": slug, "height": height,
        })
    };
    let dispute = act(1, "dispute", "bank", 4, "why it is disputed");
    let mut decision = act(2, "decide", "court", 5, "the decision");
    decision["of"] = 1.into();
    decision["outcome"] = "dismissed".into();
    vec![dispute, decision]
}

/// Everything that the message of a row's transaction must say.
fn message(row: &Value) -> String {
    let name = row
        .get("act")
        .or_else(|| row.get("statement"))
        .or_else(|| row.get("relation"));
    json!({ name.map_or("deposit", |name| name.as_str().unwrap()): {"matter": MATTER, "row": row} })
        .to_string()
}

impl Matter {
    pub fn good() -> Self {
        Self::new(Wishes::default())
    }

    pub fn new(wishes: Wishes) -> Self {
        let people = ledger::people();
        let genesis = ledger::genesis(&people);
        let deposits = deposits(&people);
        let findings = b"seen, complete, and like the paper".to_vec();
        let attestation = json!({
            "number": 1, "entry": 1, "statement": "seen-original", "role": "notary",
            "findings": salted("findings", &[77; 32], &findings), "by": people.members["notary"].id,
            "organisation": "notary", "height": 3, "withdrawn": null,
        });
        let relation = json!({
            "organisation": "notary", "to": "bank", "relation": "none", "height": 6,
            "by": people.members["notary"].id,
        });
        let mut rows: Vec<Value> = deposits.iter().map(|deposit| deposit.row.clone()).collect();
        rows.push(attestation);
        rows.extend(acts(&people));
        rows.push(relation);
        let mut deeds = Vec::new();
        for row in &mut rows {
            let slug = row["organisation"].as_str().unwrap();
            let organisation = sample_slug(slug);
            let height = row["height"].as_u64().unwrap();
            let deed = Deed {
                organisation,
                height,
                message: message(row),
            };
            let id = ledger::transaction(&people, &genesis, &deed)
                .id()
                .to_string();
            row["time_ms"] = ledger::time_ms(&genesis, height).to_string().into();
            row["transaction"] = id.into();
            deeds.push(deed);
        }
        let matter = about::matter_row(&rows);
        let state = state_rows(&matter, &rows);
        let ledger = Ledger::new(people, genesis, &deeds, state, &wishes.revoked);
        let stamps = stamps(&ledger, &wishes);
        let mut made = Self {
            ledger,
            stamps,
            index: Value::Null,
            files: Files::new(),
            wishes,
        };
        made.write_deposits(&deposits, &findings);
        made.write_proofs(&rows);
        made.write_people();
        made.write_index(&rows);
        made.seal();
        made
    }

    pub fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }

    fn write_deposits(&mut self, deposits: &[Deposit], findings: &[u8]) {
        for (place, deposit) in deposits.iter().enumerate() {
            let number = place + 1;
            self.put(
                &format!("data/originals/{number:04}-paper {number}.txt"),
                deposit.original.clone(),
            );
            self.put(
                &format!("data/captures/{number:04}.json"),
                deposit.capture.clone(),
            );
        }
        self.put("data/findings/0001.txt", findings);
        self.put("data/acts/0002.txt", "the decision");
        self.put("data/VERIFY.md", "# How to check this with openssl\n");
    }

    fn write_proofs(&mut self, rows: &[Value]) {
        for row in rows {
            let proof = self.ledger.proof(row["height"].as_u64().unwrap());
            let text = proof.to_json_without_genesis().unwrap();
            self.put(&proof_path(row), text);
            let height = row["height"].as_u64().unwrap();
            let history = papers::history(&self.ledger, height);
            self.put(&history_path(height), history);
        }
        let state = self.ledger.state_answer().to_json_without_genesis();
        self.put("data/proofs/state.json", state.unwrap());
        self.put("data/genesis.json", self.ledger.genesis.to_json());
        let checkpoint = papers::checkpoint(&self.ledger);
        let signed = papers::cosigned(&checkpoint, &["bank", "court", "notary"]);
        self.put(
            &format!("data/checkpoints/{SIZE}/checkpoint.txt"),
            signed.to_string(),
        );
        let token = self
            .stamps
            .stamp(checkpoint.body().as_bytes(), papers::STAMPED_MS);
        let record = blockworm_crypto::timestamp::EvidenceRecord::new(
            blockworm_crypto::timestamp::Token::parse(&token).unwrap(),
        );
        self.put(
            &format!("data/checkpoints/{SIZE}/record.ers"),
            record.to_der(),
        );
        self.put(&format!("data/checkpoints/{SIZE}/token.tsr"), token);
    }

    fn write_people(&mut self) {
        let mut files = Vec::new();
        for (slug, member) in &self.ledger.people.members {
            let root = self.ledger.people.authorities[slug].certificate();
            files.push((
                format!("data/certificates/{slug}-root.pem"),
                papers::pem(root),
            ));
            let name = member.id.split_once('/').unwrap().1;
            files.push((
                format!("data/certificates/{slug}-{name}.pem"),
                papers::chain_pem(&member.chain),
            ));
        }
        let (_, documents) = papers::documents(&self.ledger);
        files.push((
            "data/certificates/notary-documents.pem".into(),
            papers::chain_pem(&documents),
        ));
        files.push((
            "data/certificates/tsa-1.pem".into(),
            self.stamps.chain_pem(),
        ));
        for (path, text) in files {
            self.put(&path, text);
        }
    }

    fn write_index(&mut self, rows: &[Value]) {
        let with = |row: &Value, extra: Value| {
            let mut row = row.clone();
            row.as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            row["proof"] = proof_path(&row).into();
            row["checkpoint"] = SIZE.into();
            row
        };
        let salted_file = |path: String, salt: u8, files: &Files| json!({"file": path, "sha256": sha256(&[&files[&path]]).to_string(), "salt": hex::encode([salt; 32])});
        let entry = |number: u8| {
            let mut original = salted_file(
                format!("data/originals/{number:04}-paper {number}.txt"),
                number,
                &self.files,
            );
            original["encrypted"] = false.into();
            original["name"] = format!("paper {number}.txt").into();
            let capture = salted_file(
                format!("data/captures/{number:04}.json"),
                number + 100,
                &self.files,
            );
            with(
                &rows[usize::from(number) - 1],
                json!({"original": original, "capture_file": capture}),
            )
        };
        let findings = salted_file("data/findings/0001.txt".into(), 77, &self.files);
        let mut relation = rows[5].clone();
        relation["proof"] = proof_path(&relation).into();
        let heights: Vec<u64> = rows
            .iter()
            .map(|row| row["height"].as_u64().unwrap())
            .collect();
        let history: Vec<Value> = heights
            .iter()
            .map(|height| json!({"height": height, "file": history_path(*height)}))
            .collect();
        let folder = format!("data/checkpoints/{SIZE}");
        self.index = json!({
            "format": "blockworm-evidence/1", "ledger": self.ledger.genesis.ledger_id().to_string(),
            "genesis_digest": self.ledger.genesis.digest().to_string(), "contract": "evidence",
            "contract_id": CONTRACT, "matter": MATTER, "exported_ms": "1790000100000", "exported_by": "notary",
            "state_height": STATE_HEIGHT, "entries": [entry(1), entry(2)],
            "attestations": [with(&rows[2], json!({"findings_file": findings}))],
            "acts": [with(&rows[3], json!({"document_file": null})), with(&rows[4], json!({"document_file": "data/acts/0002.txt"}))],
            "relations": [relation],
            "organisations": self.organisations(), "members": self.members(),
            "checkpoints": [{"size": SIZE, "file": format!("{folder}/checkpoint.txt"), "token": format!("{folder}/token.tsr"),
                "record": format!("{folder}/record.ers"), "history": history}],
            "asset": null,
        });
        self.put(
            "data/operators.json",
            about::operators(&self.ledger).to_string(),
        );
        self.put("data/checklist.json", about::checklist().to_string());
        self.rewrite();
    }

    fn organisations(&mut self) -> Value {
        if let Some(time) = self.wishes.documents_revoked_ms {
            let (_, chain) = papers::documents(&self.ledger);
            // The seal's certificate is made anew for each package, with a serial of its own.
            let _ = (time, chain);
        }
        let slugs = self.ledger.people.authorities.keys();
        slugs
            .map(|slug| {
                let crl = (*slug == "notary" && self.wishes.documents_revoked_ms.is_some())
                    .then_some("data/revocation/notary.crl");
                json!({"slug": slug, "name": format!("The {slug}"), "roles": [slug],
                    "root": format!("data/certificates/{slug}-root.pem"), "crl": crl, "suspended_at": null})
            })
            .collect()
    }

    fn members(&self) -> Value {
        let members = self.ledger.people.members.iter();
        members
            .map(|(slug, member)| {
                let name = member.id.split_once('/').unwrap().1;
                json!({"id": member.id, "key": member.key.public_key(), "functions": ["maker"],
                    "certificate": format!("data/certificates/{slug}-{name}.pem"), "registered_at": 0,
                    "revoked_at": self.wishes.revoked.get(slug)})
            })
            .collect()
    }

    /// matter.json and the report that carries it.
    pub fn rewrite(&mut self) {
        let text = serde_json::to_vec_pretty(&self.index).unwrap();
        let (signer, chain) = papers::documents(&self.ledger);
        if let Some(revoked_at_ms) = self.wishes.documents_revoked_ms {
            let said = blockworm_crypto::identity::describe(&chain).unwrap();
            let revoked = blockworm_crypto::identity::RevokedCertificate {
                serial: said.serial,
                revoked_at_ms,
            };
            let list = self.ledger.people.authorities["notary"]
                .revocation_list(1, ledger::VALIDITY, &[revoked])
                .unwrap();
            self.put("data/revocation/notary.crl", list);
        }
        self.put(
            "data/certificates/notary-documents.pem",
            papers::chain_pem(&chain),
        );
        self.put("data/report.pdf", papers::report(&text, &signer));
        self.put("data/matter.json", text);
        self.bag(Some(&signer));
    }

    /// Manifests for the files as they are now, and a seal if one is wished for.
    pub fn bag(&mut self, signer: Option<&blockworm_crypto::cms::Signer>) {
        let ledger = self.ledger.genesis.ledger_id().to_string();
        self.put(
            "bagit.txt",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        );
        self.put("bag-info.txt", bag::info(&self.files, &ledger, MATTER));
        let manifest = bag::manifest(&self.files);
        self.put("manifest-sha256.txt", manifest.clone());
        self.files.remove("seal.p7s");
        if let Some(signer) = signer.filter(|_| !self.wishes.unsealed) {
            let stamps = self.wishes.stamped_seal.then_some(&self.stamps);
            self.put("seal.p7s", papers::seal(&manifest, signer, stamps));
        }
        self.put("tagmanifest-sha256.txt", bag::tag_manifest(&self.files));
    }

    fn seal(&mut self) {
        self.rewrite();
    }

    pub fn zip(&self) -> Vec<u8> {
        bag::zip(MATTER, &self.files)
    }

    pub fn pins(&self) -> Pins {
        Pins {
            genesis: Some(self.ledger.genesis.digest()),
            policy: Some(Policy::parse(papers::policy(&self.ledger).as_bytes()).unwrap()),
            tsa_roots: vec![self.stamps.root.certificate().to_vec()],
        }
    }

    /// What an attacker does: changes files and repairs everything that needs no key.
    pub fn repaired(&self, change: impl FnOnce(&mut Files)) -> Vec<u8> {
        let mut files = self.files.clone();
        change(&mut files);
        let ledger = self.ledger.genesis.ledger_id().to_string();
        files.insert("bag-info.txt".into(), bag::info(&files, &ledger, MATTER));
        files.insert("manifest-sha256.txt".into(), bag::manifest(&files));
        files.remove("seal.p7s");
        files.insert("tagmanifest-sha256.txt".into(), bag::tag_manifest(&files));
        bag::zip(MATTER, &files)
    }

    /// Likewise with a change of matter.json.
    pub fn reindexed(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut index = self.index.clone();
        change(&mut index);
        self.repaired(|files| {
            files.insert(
                "data/matter.json".into(),
                serde_json::to_vec_pretty(&index).unwrap(),
            );
        })
    }
}

fn sample_slug(slug: &str) -> &'static str {
    let all = super::sample::ORGANISATIONS;
    all.iter().find(|(name, _)| *name == slug).unwrap().0
}

fn stamps(ledger: &Ledger, wishes: &Wishes) -> Stamps {
    let mut validity = ledger::VALIDITY;
    if wishes.expired_stamps {
        validity.not_after_ms = papers::STAMPED_MS - 3_600_000;
    }
    if wishes.own_time {
        return Stamps::of(ledger.people.authorities["notary"].clone(), validity);
    }
    Stamps::new("timekeeper", validity)
}

fn proof_path(row: &Value) -> String {
    format!(
        "data/proofs/tx-{}.json",
        &row["transaction"].as_str().unwrap()[..16]
    )
}

fn history_path(height: u64) -> String {
    format!("data/checkpoints/{SIZE}/history-{height}.json")
}

fn state_rows(matter: &Value, rows: &[Value]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let key = |namespace: &str, first: &[&str], last: &[u8]| {
        let mut key = Vec::new();
        for part in [namespace].iter().chain(first) {
            key.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            key.extend(part.as_bytes());
        }
        state_key(CONTRACT, &[&key, last].concat())
    };
    let number = |row: &Value| {
        u32::try_from(row["number"].as_u64().unwrap())
            .unwrap()
            .to_be_bytes()
    };
    let mut state = BTreeMap::from([(
        key("matters", &[], MATTER.as_bytes()),
        matter.to_string().into_bytes(),
    )]);
    for (place, row) in rows.iter().enumerate() {
        let full = match place {
            0 | 1 => key("entries", &[MATTER], &number(row)),
            2 => key("attestations", &[MATTER], &number(row)),
            3 | 4 => key("acts", &[MATTER], &number(row)),
            _ => key(
                "relations",
                &[row["organisation"].as_str().unwrap()],
                row["to"].as_str().unwrap().as_bytes(),
            ),
        };
        state.insert(full, row.to_string().into_bytes());
    }
    state
}
