//! Transactions: that the one that a row names stands in a final block, was taken, and is its member's.

use super::Case;
use crate::{Pins, files::Files, index::Index, rows::Deed};
use blockworm_crypto::identity::verify_chain;
use blockworm_ledger::{
    Genesis, Pin, TransactionProof, TransactionView,
    proof_file::ProofFile,
    report::{CheckList, Checks, Verdict},
    transaction::TransactionId,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Proof files by their path, each read and verified once.
pub(super) struct Proofs(BTreeMap<String, Result<Proof, String>>);

pub(super) struct Proof {
    pub(super) proof: TransactionProof,
    checks: CheckList,
    held: bool,
}

impl Proofs {
    pub(super) fn read(
        files: &Files<'_>,
        index: &Index,
        pins: &Pins,
        genesis: Option<&Genesis>,
    ) -> Self {
        let mut proofs = BTreeMap::new();
        let pin = pins.genesis.map(Pin::digest);
        let named = index.entries.iter().map(|entry| Some(&entry.files.proof));
        let named = named
            .chain(index.attestations.iter().map(|one| Some(&one.files.proof)))
            .chain(index.acts.iter().map(|act| Some(&act.files.proof)))
            .chain(index.relations.iter().map(|one| one.files.proof.as_ref()));
        for path in named.flatten() {
            if !proofs.contains_key(path) {
                proofs.insert(path.clone(), read(files, path, pin.as_ref(), genesis));
            }
        }
        Self(proofs)
    }

    fn get(&self, path: &str) -> Result<&Proof, String> {
        match self.0.get(path) {
            Some(Ok(proof)) => Ok(proof),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(format!("{path} was not read")),
        }
    }

    /// Every proof is of the index's ledger.
    pub(super) fn check_genesis(&self, index: &Index) -> Result<(), String> {
        for (path, proof) in &self.0 {
            let Ok(proof) = proof else { continue };
            if proof.proof.genesis_digest != index.genesis_digest {
                return Err(format!(
                    "{path} is of the genesis {}",
                    proof.proof.genesis_digest
                ));
            }
        }
        Ok(())
    }
}

fn read(
    files: &Files<'_>,
    path: &str,
    pin: Option<&Pin>,
    genesis: Option<&Genesis>,
) -> Result<Proof, String> {
    let text = String::from_utf8(files.read(path)?).map_err(|_| format!("{path} is not UTF-8"))?;
    let file = ProofFile::from_json_with(&text, genesis);
    match file.map_err(|error| format!("{path}: {error}"))? {
        ProofFile::State(_) => Err(format!("{path} is no proof of a transaction")),
        ProofFile::Transaction(proof) => {
            let report = proof.verify(pin);
            let held = report.checks.failures().next().is_none();
            Ok(Proof {
                held,
                checks: report.checks,
                proof: *proof,
            })
        }
    }
}

impl Case<'_> {
    /// Notes all checks of the proof under the row's own name.
    pub(super) fn note_proof(&self, name: &str, path: &str, checks: &mut Checks) {
        match self.proofs.get(path) {
            Err(reason) => checks.note(format!("{name}.proof"), Err(reason)),
            Ok(proof) => {
                for check in &proof.checks {
                    let name = format!("{name}.{}", check.name);
                    checks.push(name, check.verdict, check.reason.clone());
                }
            }
        }
    }

    /// The transaction that the row names was taken, and says what the row says.
    pub(super) fn check_deed(
        &self,
        deed: Deed<'_>,
        path: &str,
        words: &[&str],
    ) -> Result<(), String> {
        let Proof { proof, held, .. } = self.proofs.get(path)?;
        if !held {
            return Err("a check of its transaction's proof failed".into());
        }
        let view = view(proof)?;
        let id: Result<TransactionId, _> = deed.transaction.parse();
        if id.ok() != Some(view.id()) {
            return Err(format!("{path} proves transaction {}", view.id()));
        }
        if proof.receipt.code != "ok" {
            return Err(format!(
                "the transaction was refused: {}",
                proof.receipt.code
            ));
        }
        let body = view.to_transaction().body;
        if body.contract.as_str() != self.index.contract {
            return Err(format!("the transaction is to {}", body.contract.as_str()));
        }
        if body.sender.as_str() != deed.by || body.sender.organisation_str() != deed.organisation {
            return Err(format!("the transaction is {}'s", body.sender.as_str()));
        }
        let header = proof.chain.header(deed.height);
        let header = header.filter(|_| proof.receipt.height == deed.height);
        let time = header
            .ok_or("the transaction stands in another block")?
            .time_ms;
        if time.to_string() != deed.time_ms {
            return Err(format!("its block's time is {time} ms"));
        }
        let message: Value = serde_json::from_slice(&body.message)
            .map_err(|_| "the transaction's message is no JSON")?;
        match words.iter().find(|word| !says(&message, word)) {
            Some(word) => Err(format!("the signed message does not say {word}")),
            None => Ok(()),
        }
    }

    /// The signer's key is the member's, with a certificate under its organisation's root.
    pub(super) fn check_signer(&self, deed: Deed<'_>, path: &str) -> Result<String, String> {
        let Proof { proof, held, .. } = self.proofs.get(path)?;
        if !held {
            return Err("a check of its transaction's proof failed".into());
        }
        let key = *view(proof)?.key();
        if self.state.holder(&key)? != deed.by.as_bytes() {
            return Err(format!("the key {key} is not {}'s", deed.by));
        }
        let member = self.state.member(deed.by)?;
        if let Some(revoked) = member.revoked_at.filter(|block| *block < deed.height) {
            return Err(format!(
                "{} was revoked in block {revoked}, before block {}",
                deed.by, deed.height
            ));
        }
        let listed = self.index.members.iter();
        let item = listed
            .clone()
            .find(|item| item.id.as_str() == deed.by && item.key == key)
            .ok_or_else(|| format!("no certificate of {} with this key is listed", deed.by))?;
        let chain = self.chain(&item.certificate)?;
        if member.key == key && chain != self.state.certificate(deed.by)? {
            return Err("the certificate is not the one that the ledger holds".into());
        }
        let at_ms = crate::rows::decimal(deed.time_ms).ok_or("the time is no number")?;
        let mut refused = String::new();
        for root in self.roots(deed.organisation)? {
            match verify_chain(&chain, &root, at_ms) {
                Ok(said) if format!("{}/{}", said.organisation, said.name) != deed.by => {
                    return Err(format!(
                        "the certificate is {}/{}'s",
                        said.organisation, said.name
                    ));
                }
                Ok(said) if said.public_key != key => {
                    return Err("the certificate is of another key".into());
                }
                Ok(_) => {
                    let later = member.revoked_at.map_or_else(String::new, |block| {
                        format!("; revoked later, in block {block}")
                    });
                    return Ok(format!(
                        "{} with a certificate under its organisation's root{later}",
                        deed.by
                    ));
                }
                Err(error) => refused = error.to_string(),
            }
        }
        Err(refused)
    }

    /// The header of the row's block is a leaf of the checkpoint's tree.
    pub(super) fn check_history(
        &self,
        deed: Deed<'_>,
        path: &str,
        checkpoint: Option<u64>,
    ) -> (Verdict, String) {
        let Some(size) = checkpoint else {
            return match &self.pins.policy {
                Some(_) => (
                    Verdict::Fail,
                    "the pinned policy wants a cosigned checkpoint, and none covers its block"
                        .into(),
                ),
                None => (
                    Verdict::Unchecked,
                    "no cosigned checkpoint covers its block yet".into(),
                ),
            };
        };
        let found = self.proofs.get(path).and_then(|proof| {
            let header = proof.proof.chain.header(deed.height);
            let header = header.ok_or("its proof has not its block's header")?;
            self.checkpoints
                .check_header(self.files, self.index, size, header)
        });
        match found {
            Ok(reason) => (Verdict::Pass, reason),
            Err(reason) => (Verdict::Fail, reason),
        }
    }
}

fn view(proof: &TransactionProof) -> Result<TransactionView<'_>, String> {
    TransactionView::parse(&proof.transaction).map_err(|error| error.to_string())
}

/// Whether some string or number within the message is this word.
fn says(message: &Value, word: &str) -> bool {
    match message {
        Value::String(text) => text == word,
        Value::Number(number) => number.to_string() == word,
        Value::Array(list) => list.iter().any(|item| says(item, word)),
        Value::Object(fields) => {
            fields.keys().any(|name| name == word) || fields.values().any(|item| says(item, word))
        }
        _ => false,
    }
}
