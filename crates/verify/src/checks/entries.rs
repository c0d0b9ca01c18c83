//! Entries: the file is the one that was committed to, the row is the proved one, the chain has no gap.

use super::Case;
use crate::{
    index::{EntryFiles, Listed, SaltedFile},
    rows::{EntryRow, MatterRow, decimal},
};
use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::report::{Checks, Verdict};

const NO_LINK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `SHA-256(domain ‖ 00 ‖ salt ‖ SHA-256(file))` of docs/contracts/evidence.md.
fn commitment(what: &str, salt: &Digest, file: &Digest) -> String {
    let domain = format!("blockworm/evidence/{what}\0");
    sha256(&[domain.as_bytes(), salt.as_bytes(), file.as_bytes()]).to_string()
}

impl Case<'_> {
    pub(super) fn check_entries(&self, checks: &mut Checks) {
        let mut before = NO_LINK;
        for entry in &self.index.entries {
            let name = format!("entry[{}]", entry.row.number);
            self.note_proof(&name, &entry.files.proof, checks);
            let (verdict, reason) = self.check_original(entry);
            checks.push(format!("{name}.original"), verdict, reason);
            let (verdict, reason) = match &entry.files.capture_file {
                Some(file) => passed(self.check_salted("capture", file, Some(&entry.row.capture))),
                None => (
                    Verdict::Unchecked,
                    "the capture record is not in the package".into(),
                ),
            };
            checks.push(format!("{name}.capture"), verdict, reason);
            checks.note(format!("{name}.link"), self.check_link(&entry.row, before));
            before = &entry.row.link;
            checks.note(format!("{name}.row"), self.check_entry_row(entry));
            let deed = entry.row.deed();
            let signer = self.check_signer(deed, &entry.files.proof);
            checks.note(format!("{name}.signer"), signer);
            let (verdict, reason) =
                self.check_history(deed, &entry.files.proof, entry.files.checkpoint);
            checks.push(format!("{name}.history"), verdict, reason);
        }
    }

    /// The digest of a file of the package, as it was hashed with the manifests.
    fn digest(&self, path: &str, folder: &str) -> Result<Digest, String> {
        if !path.starts_with(folder) {
            return Err(format!("{path} does not lie in {folder}"));
        }
        let digest = self.bag.digests.get(path);
        digest.copied().ok_or_else(|| format!("{path} is missing"))
    }

    fn check_original(&self, entry: &Listed<EntryRow, EntryFiles>) -> (Verdict, String) {
        let Some(original) = &entry.files.original else {
            let reason = match entry.row.erased {
                Some(act) => format!("its depositor destroyed it, by act {act}"),
                None => "the original was not handed over".into(),
            };
            return (Verdict::Unchecked, reason);
        };
        let digest = match self.digest(&original.file, "data/originals/") {
            Ok(digest) => digest,
            Err(reason) => return (Verdict::Fail, reason),
        };
        let committed = match (&original.salt, &original.sha256) {
            (Some(salt), Some(file)) => {
                if commitment("original", salt, file) != entry.row.commitment {
                    return (Verdict::Fail, "it is not what was committed to".into());
                }
                Some(*file)
            }
            _ => None,
        };
        match committed {
            _ if original.encrypted => (
                Verdict::Unchecked,
                "the original is here in its encrypted form; compare it with the commitment after decrypting".into(),
            ),
            None => (Verdict::Fail, "its salt or its digest is left out, though it is not encrypted".into()),
            Some(file) if file != digest => {
                (Verdict::Fail, format!("its SHA-256 is {digest}, matter.json says {file}"))
            }
            Some(_) => {
                let size = self.files.size(&original.file).unwrap_or_default();
                if decimal(&entry.row.size) != Some(size) {
                    return (Verdict::Fail, format!("it has {size} bytes, the row says {}", entry.row.size));
                }
                (Verdict::Pass, format!("SHA-256 {digest}, as committed to"))
            }
        }
    }

    pub(super) fn check_salted(
        &self,
        what: &str,
        file: &SaltedFile,
        expected: Option<&String>,
    ) -> Result<String, String> {
        let digest = self.digest(&file.file, "data/")?;
        if digest != file.sha256 {
            return Err(format!(
                "its SHA-256 is {digest}, matter.json says {}",
                file.sha256
            ));
        }
        if Some(&commitment(what, &file.salt, &digest)) != expected {
            return Err("it is not what was committed to".into());
        }
        Ok(format!("SHA-256 {digest}, as committed to"))
    }

    fn check_link(&self, row: &EntryRow, before: &str) -> Result<String, String> {
        let number = row.number.to_string();
        let lines = [
            "blockworm/evidence/link/1",
            before,
            &self.index.matter,
            &number,
            &row.phase,
            &row.kind,
            &row.commitment,
            &row.size,
            &row.capture,
            &row.method,
            &row.captured_ms,
            &row.by,
        ];
        let text = lines.map(|line| format!("{line}\n")).concat();
        let found = sha256(&[text.as_bytes()]).to_string();
        if found == row.link {
            Ok("it chains the entry to those before".into())
        } else {
            Err(format!("the link would be {found}"))
        }
    }

    fn check_entry_row(&self, entry: &Listed<EntryRow, EntryFiles>) -> Result<String, String> {
        let row = &entry.row;
        let number = row.number.to_be_bytes();
        let proved: EntryRow =
            self.state
                .row(self.index, "entries", &[&self.index.matter], &number)?;
        if proved != *row {
            return Err("matter.json differs from the proved row".into());
        }
        let words = [self.index.matter.as_str(), &row.commitment, &row.capture];
        self.check_deed(row.deed(), &entry.files.proof, &words)?;
        Ok(format!("as the ledger has it since block {}", row.height))
    }

    pub(super) fn matter(&self) -> Result<MatterRow, String> {
        let index = self.index;
        self.state
            .row(index, "matters", &[], index.matter.as_bytes())
    }

    /// Nothing that the matter's row counts is left out.
    pub(super) fn check_complete(&self, checks: &mut Checks) {
        checks.note("matter.complete", self.complete());
    }

    fn complete(&self) -> Result<String, String> {
        let matter = self.matter()?;
        let index = self.index;
        if matter.id != index.matter {
            return Err(format!("the row is matter {}'s", matter.id));
        }
        let numbered = |what: &str, numbers: Vec<u32>, count: u32| {
            if numbers.iter().copied().eq(1..=count) {
                Ok(())
            } else {
                let shown = numbers.len();
                Err(format!(
                    "the ledger counts {count} {what}, the package lists {shown}, or not in order"
                ))
            }
        };
        let entries = index.entries.iter().map(|entry| entry.row.number);
        numbered("entries", entries.collect(), matter.entries)?;
        let attestations = index.attestations.iter().map(|one| one.row.number);
        numbered("attestations", attestations.collect(), matter.attestations)?;
        let acts = index.acts.iter().map(|act| act.row.number);
        numbered("acts", acts.collect(), matter.acts)?;
        let head = index
            .entries
            .last()
            .map_or(NO_LINK, |entry| &entry.row.link);
        if head != matter.head {
            return Err("the last entry's link is not the matter's head".into());
        }
        let state = match (matter.closed, matter.hold) {
            (_, Some(act)) => format!("; kept by the order of act {act}"),
            (true, None) => "; closed".into(),
            (false, None) => String::new(),
        };
        let retained = matter.retain_until_ms.map_or_else(String::new, |until| {
            format!("; originals are kept until {until} ms")
        });
        Ok(format!(
            "{} entries, {} attestations, {} acts since block {}, opened by {} ({} ms, transaction {}){state}{retained}",
            matter.entries,
            matter.attestations,
            matter.acts,
            matter.height,
            matter.opened_by,
            matter.time_ms,
            matter.transaction
        ))
    }
}

pub(super) fn passed(found: Result<String, String>) -> (Verdict, String) {
    match found {
        Ok(reason) => (Verdict::Pass, reason),
        Err(reason) => (Verdict::Fail, reason),
    }
}
