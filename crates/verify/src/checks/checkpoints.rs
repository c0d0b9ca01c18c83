//! Cosigned checkpoints: their form, who signed, whether the pinned policy is met, and headers that are leaves of them.

use super::Case;
use crate::{
    files::Files,
    index::{CheckpointItem, Index},
};
use blockworm_crypto::{Digest, merkle::InclusionProof};
use blockworm_ledger::{
    Header,
    checkpoint::{CosignerKey, Policy, SignedCheckpoint, Verdict as Cosigned},
    report::{Checks, Verdict},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Checkpoints by their size, each read once.
pub(super) struct Checkpoints(BTreeMap<u64, Result<SignedCheckpoint, String>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryFile {
    header: Header,
    index: u64,
    size: u64,
    path: Vec<Digest>,
}

impl Checkpoints {
    pub(super) fn read(files: &Files<'_>, index: &Index) -> Self {
        let mut all = BTreeMap::new();
        for item in &index.checkpoints {
            all.insert(item.size, read(files, index, item));
        }
        Self(all)
    }

    pub(super) fn get(&self, size: u64) -> Result<&SignedCheckpoint, String> {
        match self.0.get(&size) {
            Some(Ok(checkpoint)) => Ok(checkpoint),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(format!("no checkpoint of size {size} is listed")),
        }
    }

    /// The header is the leaf of its height below the checkpoint's root.
    pub(super) fn check_header(
        &self,
        files: &Files<'_>,
        index: &Index,
        size: u64,
        header: &Header,
    ) -> Result<String, String> {
        let checkpoint = &self.get(size)?.checkpoint;
        let item = index.checkpoints.iter().find(|item| item.size == size);
        let history = item.iter().flat_map(|item| &item.history);
        let height = header.height;
        let listed = history.clone().find(|item| item.height == height);
        let listed = listed.ok_or_else(|| format!("no way from block {height} to it is listed"))?;
        let file: HistoryFile = serde_json::from_slice(&files.read(&listed.file)?)
            .map_err(|error| format!("{}: {error}", listed.file))?;
        if file.header != *header {
            return Err(format!("{} has another header than the proof", listed.file));
        }
        if file.index != height || file.size != size {
            return Err(format!(
                "{} leads from another leaf or to another size",
                listed.file
            ));
        }
        let inclusion = InclusionProof {
            index: file.index,
            size: file.size,
            path: file.path,
        };
        if !inclusion.verify(&header.history_leaf(), &checkpoint.root) {
            return Err("the path does not lead to the checkpoint's root".into());
        }
        Ok(format!(
            "block {height} is a leaf of the checkpoint of {size} headers"
        ))
    }
}

fn read(
    files: &Files<'_>,
    index: &Index,
    item: &CheckpointItem,
) -> Result<SignedCheckpoint, String> {
    let signed =
        SignedCheckpoint::parse(&files.read(&item.file)?).map_err(|error| error.to_string())?;
    if signed.checkpoint.ledger != index.ledger {
        return Err("it is another ledger's".into());
    }
    if signed.checkpoint.size != item.size {
        return Err(format!("it has {} headers", signed.checkpoint.size));
    }
    Ok(signed)
}

impl Case<'_> {
    pub(super) fn check_checkpoints(&self, checks: &mut Checks) {
        for item in &self.index.checkpoints {
            let name = format!("checkpoint[{}]", item.size);
            let signed = match self.checkpoints.get(item.size) {
                Ok(signed) => signed,
                Err(reason) => {
                    checks.note(format!("{name}.form"), Err(reason));
                    continue;
                }
            };
            let root = signed.checkpoint.root;
            checks.note(format!("{name}.form"), Ok(format!("root {root}")));
            match &self.pins.policy {
                Some(policy) => note_policy(&name, signed, policy, checks),
                None => self.note_unpinned(&name, signed, checks),
            }
        }
    }

    /// Without a policy the lines are checked under the keys that the package itself names, which
    /// counts for nothing.
    fn note_unpinned(&self, name: &str, signed: &SignedCheckpoint, checks: &mut Checks) {
        let keys = self.cosigner_keys();
        for line in &signed.cosignatures {
            let name = format!("{name}.cosignature:{}", line.name);
            match keys.iter().find(|key| line.is_of(key)) {
                None => checks.unchecked(name, "no policy was pinned that names this key"),
                Some(key) => match line.verify(&signed.checkpoint, key) {
                    Ok(time_s) => checks.unchecked(
                        name,
                        format!("at {time_s} s by its own clock, under the key that the package names; no policy was pinned"),
                    ),
                    Err(error) => checks.note(name, Err(error.to_string())),
                },
            }
        }
        checks.unpinned(
            format!("{name}.policy"),
            "no policy was pinned, so nobody said whose cosignatures count",
        );
    }

    pub(super) fn cosigner_keys(&self) -> Vec<CosignerKey> {
        let operators = self.operators();
        let nodes = operators.iter().flat_map(|operators| &operators.nodes);
        let keys = nodes.filter_map(|node| node.cosigner.as_deref());
        keys.filter_map(|text| text.parse().ok()).collect()
    }
}

fn note_policy(name: &str, signed: &SignedCheckpoint, policy: &Policy, checks: &mut Checks) {
    let report = policy.evaluate(signed);
    for cosigner in &report.cosigners {
        let name = format!("{name}.cosignature:{}", cosigner.key_name);
        let again = match cosigner.duplicates {
            0 => String::new(),
            more => format!("; {more} more lines of it count for nothing"),
        };
        let (verdict, reason) = match &cosigner.verdict {
            Cosigned::Signed { time_s } => (
                Verdict::Pass,
                format!("at {time_s} s by its own clock{again}"),
            ),
            Cosigned::Missing => (Verdict::Unchecked, "it did not cosign".into()),
            Cosigned::Invalid { reason } => (Verdict::Fail, reason.clone()),
            Cosigned::Unsupported { algorithm } => (
                Verdict::Unchecked,
                format!("signatures of algorithm {algorithm:#04x} are not checked by this program"),
            ),
        };
        checks.push(name, verdict, reason);
    }
    for outsider in &report.outsiders {
        checks.unchecked(
            format!("{name}.cosignature:{}", outsider.name),
            format!(
                "key {} is not in the policy: it counts for nothing",
                outsider.key_id
            ),
        );
    }
    let groups: Vec<String> = report
        .groups
        .iter()
        .map(|group| format!("{} {} of {}", group.name, group.have, group.needed))
        .collect();
    let groups = groups.join(", ");
    checks.note(
        format!("{name}.policy"),
        match (report.ledger_matches, report.met) {
            (false, _) => Err(format!("the policy is for ledger {}", policy.ledger)),
            (true, false) => Err(format!("{} is not met: {groups}", policy.quorum)),
            (true, true) => Ok(format!("{} is met: {groups}", policy.quorum)),
        },
    );
}
