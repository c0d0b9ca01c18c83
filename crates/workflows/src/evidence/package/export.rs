//! Makes an evidence package: collected from a node, held in a folder, laid out as a bag, written as a ZIP.

use super::{
    archive,
    bag::Bag,
    checklist::{Checklist, checklist},
    collect::{Collected, collect},
    error::ExportError,
    facts::{Facts, date},
    index::{self, pretty},
    missing::{Missing, SEAL, missing, section},
    operators::{Operators, operators},
    placing::{Placed, place},
    report,
    seal::{Sealer, seal},
    source::{Holdings, Source},
    verify_md::{self, Guide},
};
use blockworm_crypto::{Digest, sha256};
use blockworm_document::DocumentError;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked for.
pub struct Request<'a> {
    /// The matter.
    pub matter: &'a str,
    /// The organisation that exports.
    pub exported_by: &'a str,
    /// When, milliseconds since 1970.
    pub exported_ms: u64,
    /// What is held of the matter.
    pub holdings: &'a (dyn Holdings + Sync),
    /// Whether originals go into the package.
    pub with_originals: bool,
    /// The case of a receivable that goes with it.
    pub case: Option<Case>,
    /// A notary or a court that seals it.
    pub sealer: Option<&'a Sealer>,
}

/// The case file of a receivable.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The receivable's id.
    pub receivable: String,
    /// Path below `data/` → bytes; `case.json` among them.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The ZIP.
    pub archive: Vec<u8>,
    /// What is said of it.
    pub summary: Summary,
}

/// What is said of a package to whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The ledger's id and the matter.
    pub id: String,
    /// SHA-256 of the package's index.
    pub index: Digest,
    /// How many entries.
    pub entries: usize,
    /// How many attestations.
    pub attestations: usize,
    /// How many acts.
    pub acts: usize,
    /// How many files the package has.
    pub files: usize,
    /// Its size.
    pub bytes: usize,
    /// The size of the originals in it.
    pub original_bytes: usize,
    /// What the package takes beyond them.
    pub overhead_bytes: usize,
    /// The earliest time that somebody says who runs no node of the ledger, milliseconds since 1970.
    pub earliest_outside_ms: Option<u64>,
    /// Who sealed it.
    pub sealed_by: Option<String>,
    /// What is not in it.
    pub missing: Vec<Missing>,
}

/// Everything that the texts for people are made of.
pub struct Material<'a> {
    /// What was collected.
    pub collected: &'a Collected,
    /// What follows from it.
    pub facts: &'a Facts,
    /// Where it lies.
    pub placed: &'a Placed,
    /// Who runs what.
    pub operators: &'a Operators,
    /// What a court weighs.
    pub checklist: &'a Checklist,
    /// What is not there.
    pub missing: &'a [Missing],
    /// SHA-256 of the index.
    pub index: Digest,
    /// Who exports.
    pub exported_by: &'a str,
    /// When.
    pub exported_ms: u64,
}

/// Makes the package.
///
/// # Errors
/// [`ExportError`].
pub async fn export<S: Source>(
    source: &mut S,
    request: Request<'_>,
) -> Result<Exported, ExportError<S::Error>> {
    let collected = collect(source, request.matter).await?;
    let placed =
        place(&collected, request.holdings, request.with_originals).map_err(ExportError::Held)?;
    let facts = Facts::of(&collected);
    let missing = missing(&collected, &placed, &facts, request.sealer.is_some());
    assemble(&collected, placed, &facts, missing, request)
}

fn assemble<E>(
    collected: &Collected,
    mut placed: Placed,
    facts: &Facts,
    missing: Vec<Missing>,
    mut request: Request<'_>,
) -> Result<Exported, ExportError<E>> {
    let exported = (request.exported_by, request.exported_ms);
    let asset = request.case.as_ref().map(|case| case.receivable.as_str());
    let index = index::index(collected, &placed, request.holdings, exported, asset);
    let index = pretty(&index);
    let digest = sha256(&[&index]);
    let texts = texts(collected, &placed, facts, &missing, (&request, &index))?;
    let originals = placed.files.range("data/originals/".to_owned()..);
    let originals = originals.take_while(|(path, _)| path.starts_with("data/originals/"));
    let original_bytes = originals.map(|(_, bytes)| bytes.len()).sum();
    let mut payload = std::mem::take(&mut placed.files);
    payload.insert("data/matter.json".into(), index);
    payload.extend(texts);
    for (path, bytes) in request
        .case
        .take()
        .map(|case| case.files)
        .unwrap_or_default()
    {
        payload.insert(format!("data/{path}"), bytes);
    }
    let matter = collected.matter.row.id.clone();
    let id = format!("{}/{matter}", collected.genesis.ledger_id());
    let info = [
        ("Source-Organization", request.exported_by.to_owned()),
        ("External-Identifier", id.clone()),
        ("Bagging-Date", date(request.exported_ms)),
        ("Blockworm-Evidence", "1".to_owned()),
    ];
    let mut bag = Bag {
        name: matter,
        info: info.map(|(name, value)| (name.to_owned(), value)).into(),
        payload,
        seal: None,
    };
    if let Some(sealer) = request.sealer {
        seal(&mut bag, sealer, request.exported_ms)
            .map_err(|error| ExportError::Seal(error.to_string()))?;
    }
    let files = bag.files();
    let archive = archive::write(&files)?;
    let summary = Summary {
        id,
        index: digest,
        entries: collected.entries.len(),
        attestations: collected.attestations.len(),
        acts: collected.acts.len(),
        files: files.len(),
        bytes: archive.len(),
        original_bytes,
        overhead_bytes: archive.len().saturating_sub(original_bytes),
        earliest_outside_ms: facts.earliest_outside().map(|time| time.time_ms),
        sealed_by: request.sealer.map(|sealer| sealer.organisation.clone()),
        missing,
    };
    Ok(Exported { archive, summary })
}

/// The files for people, and those that sum up.
fn texts(
    collected: &Collected,
    placed: &Placed,
    facts: &Facts,
    missing: &[Missing],
    (request, index): (&Request<'_>, &[u8]),
) -> Result<[(String, Vec<u8>); 4], DocumentError> {
    let operators = operators(collected, facts);
    let checklist = checklist(collected, facts, &operators);
    // Somebody may seal the package later, and what it says must stay true.
    let lasting: Vec<Missing> = missing
        .iter()
        .filter(|one| one.what != SEAL)
        .cloned()
        .collect();
    let material = Material {
        collected,
        facts,
        placed,
        operators: &operators,
        checklist: &checklist,
        missing: &lasting,
        index: sha256(&[index]),
        exported_by: request.exported_by,
        exported_ms: request.exported_ms,
    };
    let report = report::report(&material, index).to_pdf()?;
    let mut guide = verify_md::text(&Guide {
        collected,
        facts,
        placed,
        exported_ms: request.exported_ms,
    });
    guide.push_str(&section(&lasting));
    let file = |name: &str, bytes: Vec<u8>| (format!("data/{name}"), bytes);
    Ok([
        file("operators.json", pretty(&operators)),
        file("checklist.json", pretty(&checklist)),
        file("VERIFY.md", guide.into_bytes()),
        file("report.pdf", report),
    ])
}
