//! Attestations, acts and relations: the row is the proved one, and whoever did it could.

use super::{Case, entries::passed};
use crate::{
    index::{ActFiles, AttestationFiles, Listed},
    rows::{ActRow, AttestationRow, Deed, RelationRow},
};
use blockworm_ledger::report::{Checks, Verdict};

impl Case<'_> {
    pub(super) fn check_officials(&self, checks: &mut Checks) {
        for one in &self.index.attestations {
            self.check_attestation(one, checks);
        }
        for act in &self.index.acts {
            self.check_act(act, checks);
        }
        for (place, relation) in self.index.relations.iter().enumerate() {
            let name = format!("relation[{}]", place + 1);
            if let Some(path) = &relation.files.proof {
                self.note_proof(&name, path, checks);
            }
            let row = &relation.row;
            let found = self.check_relation(row, relation.files.proof.as_deref());
            checks.note(format!("{name}.row"), found);
        }
    }

    fn check_attestation(
        &self,
        one: &Listed<AttestationRow, AttestationFiles>,
        checks: &mut Checks,
    ) {
        let (row, files) = (&one.row, &one.files);
        let name = format!("attestation[{}]", row.number);
        let matter = self.index.matter.as_str();
        self.note_proof(&name, &files.proof, checks);
        let number = row.number.to_be_bytes();
        let found = self
            .state
            .row::<AttestationRow>(self.index, "attestations", &[matter], &number)
            .and_then(|proved| same(&proved, row))
            .and_then(|()| {
                let findings = row.findings.as_deref().unwrap_or(matter);
                self.check_deed(
                    row.deed(),
                    &files.proof,
                    &[matter, &row.statement, findings],
                )
            });
        let said = |()| {
            let back = row.withdrawn.map_or_else(String::new, |block| {
                format!("; WITHDRAWN in block {block}: it counts no more")
            });
            format!("{} of entry {}{back}", row.statement, row.entry)
        };
        checks.note(format!("{name}.row"), found.map(said));
        let (verdict, reason) = match &files.findings_file {
            Some(file) => passed(self.check_salted("findings", file, row.findings.as_ref())),
            None => (Verdict::Unchecked, "no findings are in the package".into()),
        };
        checks.push(format!("{name}.findings"), verdict, reason);
        self.note_person(&name, row.deed(), &files.proof, files.checkpoint, checks);
        let (verdict, reason) = self.check_role(row.deed(), &row.role);
        checks.push(format!("{name}.role"), verdict, reason);
        let interest = self.matter().and_then(|matter| {
            if matter.parties.contains(&row.organisation) {
                return Err(format!(
                    "{} is itself a party of the matter",
                    row.organisation
                ));
            }
            Ok(self.interest(&row.organisation, &matter.parties))
        });
        checks.note(format!("{name}.interest"), interest);
    }

    /// What the organisation and the parties have declared about each other.
    fn interest(&self, organisation: &str, parties: &[String]) -> String {
        let rows = self.index.relations.iter().map(|relation| &relation.row);
        let between = rows.filter(|row| {
            let (from, to) = (row.organisation.as_str(), row.to.as_str());
            (from == organisation && parties.iter().any(|party| party == to))
                || (to == organisation && parties.iter().any(|party| party == from))
        });
        let said: Vec<String> = between
            .map(|row| format!("{} says: {} to {}", row.organisation, row.relation, row.to))
            .collect();
        if said.is_empty() {
            return "no party; no relation to a party was declared".into();
        }
        format!("no party; {}", said.join(", "))
    }

    fn check_act(&self, act: &Listed<ActRow, ActFiles>, checks: &mut Checks) {
        let (row, files) = (&act.row, &act.files);
        let name = format!("act[{}]", row.number);
        let matter = self.index.matter.as_str();
        self.note_proof(&name, &files.proof, checks);
        let number = row.number.to_be_bytes();
        let found = self
            .state
            .row::<ActRow>(self.index, "acts", &[matter], &number)
            .and_then(|proved| same(&proved, row))
            .and_then(|()| self.check_deed(row.deed(), &files.proof, &[matter, &row.act]));
        checks.note(format!("{name}.row"), found.map(|()| describe(row)));
        let (verdict, reason) = match &files.document_file {
            None => (Verdict::Unchecked, "no document is in the package".into()),
            Some(path) => match self.bag.digests.get(path) {
                Some(digest) if Some(digest.to_string()) == row.document => {
                    (Verdict::Pass, format!("SHA-256 {digest}, as the act says"))
                }
                Some(_) => (
                    Verdict::Fail,
                    "it is not the document that the act names".into(),
                ),
                None => (Verdict::Fail, format!("{path} is missing")),
            },
        };
        checks.push(format!("{name}.document"), verdict, reason);
        self.note_person(&name, row.deed(), &files.proof, files.checkpoint, checks);
        let (verdict, reason) = self.check_act_role(row);
        checks.push(format!("{name}.role"), verdict, reason);
    }

    fn note_person(
        &self,
        name: &str,
        deed: Deed<'_>,
        path: &str,
        checkpoint: Option<u64>,
        checks: &mut Checks,
    ) {
        checks.note(format!("{name}.signer"), self.check_signer(deed, path));
        let (verdict, reason) = self.check_history(deed, path, checkpoint);
        checks.push(format!("{name}.history"), verdict, reason);
    }

    /// The voted role, and the member's and its organisation's standing at that block.
    fn check_role(&self, deed: Deed<'_>, role: &str) -> (Verdict, String) {
        let standing = self.state.member(deed.by).and_then(|member| {
            let organisation = self.state.organisation(deed.organisation)?;
            let ended = [
                ("the member was revoked", member.revoked_at),
                ("the organisation was suspended", organisation.suspended_at),
                ("the organisation was removed", organisation.removed_at),
            ];
            let before = |block: &u64| *block < deed.height;
            match ended.iter().find(|(_, at)| at.as_ref().is_some_and(before)) {
                Some((what, at)) => Err(format!(
                    "{what} in block {}, before block {}",
                    at.unwrap_or_default(),
                    deed.height
                )),
                None => Ok(organisation),
            }
        });
        match standing {
            Err(reason) => (Verdict::Fail, reason),
            Ok(organisation) if organisation.roles.iter().any(|held| held == role) => (
                Verdict::Pass,
                format!("{} has the role {role} by vote", deed.organisation),
            ),
            Ok(_) => (
                Verdict::Unchecked,
                format!(
                    "{} has no longer the role {role}; that it had it then is what the contract found",
                    deed.organisation
                ),
            ),
        }
    }

    fn check_act_role(&self, row: &ActRow) -> (Verdict, String) {
        let parties = match self.matter() {
            Ok(matter) => matter.parties,
            Err(reason) => return (Verdict::Fail, reason),
        };
        let party = parties.contains(&row.organisation);
        match row.act.as_str() {
            "dispute" | "retain" | "erase" | "close" if party => {
                (Verdict::Pass, format!("{} is a party", row.organisation))
            }
            "dispute" | "retain" | "erase" | "close" => {
                (Verdict::Fail, format!("{} is no party", row.organisation))
            }
            "decide" | "release" | "hold" if party => (
                Verdict::Fail,
                format!("{} is itself a party of the matter", row.organisation),
            ),
            "decide" | "release" => self.check_role(row.deed(), "court"),
            "hold" => match self.check_role(row.deed(), "court") {
                (Verdict::Unchecked, _) => self.check_role(row.deed(), "notary"),
                found => found,
            },
            "withdraw" => {
                let attested = self.index.attestations.iter().any(|one| {
                    Some(one.row.number) == row.of && one.row.organisation == row.organisation
                });
                passed(if attested {
                    Ok(format!(
                        "{} takes its own attestation back",
                        row.organisation
                    ))
                } else {
                    Err("the attestation is another organisation's".into())
                })
            }
            other => (Verdict::Fail, format!("{other} is no act")),
        }
    }

    fn check_relation(&self, row: &RelationRow, proof: Option<&str>) -> Result<String, String> {
        let proved: RelationRow = self.state.row(
            self.index,
            "relations",
            &[&row.organisation],
            row.to.as_bytes(),
        )?;
        same(&proved, row)?;
        if let Some(path) = proof {
            self.check_deed(row.deed(), path, &[&row.to, &row.relation])?;
        }
        Ok(format!(
            "{} says: {} to {}",
            row.organisation, row.relation, row.to
        ))
    }
}

fn same<T: PartialEq>(proved: &T, listed: &T) -> Result<(), String> {
    if proved == listed {
        Ok(())
    } else {
        Err("matter.json differs from the proved row".into())
    }
}

fn describe(row: &ActRow) -> String {
    let mut text = format!("{} by {} in block {}", row.act, row.by, row.height);
    if let Some(entry) = row.entry {
        text.push_str(&format!(", about entry {entry}"));
    }
    if let Some(outcome) = &row.outcome {
        text.push_str(&format!(", outcome {outcome}"));
    }
    if let Some(until) = &row.until_ms {
        text.push_str(&format!(", until {until} ms"));
    }
    text
}
