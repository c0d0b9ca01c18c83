//! Makes an evidence package: collected from a node, held in a folder, laid out as a bag, written as a ZIP.

use super::{
    archive,
    bag::Bag,
    checklist::{Checklist, checklist},
    collect::{Collected, collect},
    error::ExportError,
    facts::{Facts, Said, date, named},
    index::{self, Placed, pretty},
    operators::{Operators, operators},
    report,
    seal::{Sealer, seal},
    source::{Holdings, Source},
    verify_md::{self, Guide},
};
use blockworm_crypto::{Digest, sha256};
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

/// Something that a complete package would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What: `original`, `capture`, `checkpoint`, `time`, `revocations`, `relation`, `seal`.
    pub what: &'static str,
    /// In words.
    #[serde(flatten)]
    pub said: Said,
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
    let placed = index::place(&collected, request.holdings, request.with_originals)
        .map_err(ExportError::Held)?;
    let facts = Facts::of(&collected);
    let missing = missing(&collected, &placed, &facts, request.sealer.is_some());
    assemble(&collected, placed, &facts, missing, request)
}

fn assemble<E>(
    collected: &Collected,
    mut placed: Placed,
    facts: &Facts,
    missing: Vec<Missing>,
    request: Request<'_>,
) -> Result<Exported, ExportError<E>> {
    let exported = (request.exported_by, request.exported_ms);
    let asset = request.case.as_ref().map(|case| case.receivable.as_str());
    let index = pretty(&index::index(
        collected,
        &placed,
        request.holdings,
        exported,
        asset,
    ));
    let operators = operators(collected, facts);
    let checklist = checklist(collected, facts, &operators);
    let digest = sha256(&[&index]);
    let material = Material {
        collected,
        facts,
        placed: &placed,
        operators: &operators,
        checklist: &checklist,
        missing: &missing,
        index: digest,
        exported_by: request.exported_by,
        exported_ms: request.exported_ms,
    };
    let report = report::report(&material, &index).to_pdf()?;
    let mut guide = verify_md::text(&Guide {
        collected,
        facts,
        placed: &placed,
        exported_ms: request.exported_ms,
    });
    guide.push_str(&not_here(&missing));
    let original_bytes = placed
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("data/originals/"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    let mut payload = std::mem::take(&mut placed.files);
    payload.insert("data/matter.json".into(), index);
    payload.insert("data/operators.json".into(), pretty(&operators));
    payload.insert("data/checklist.json".into(), pretty(&checklist));
    payload.insert("data/VERIFY.md".into(), guide.into_bytes());
    payload.insert("data/report.pdf".into(), report);
    for (path, bytes) in request.case.map(|case| case.files).unwrap_or_default() {
        payload.insert(format!("data/{path}"), bytes);
    }
    let id = format!(
        "{}/{}",
        collected.genesis.ledger_id(),
        collected.matter.row.id
    );
    let info = [
        ("Source-Organization", request.exported_by.to_owned()),
        ("External-Identifier", id.clone()),
        ("Bagging-Date", date(request.exported_ms)),
        ("Blockworm-Evidence", "1".to_owned()),
    ];
    let mut bag = Bag {
        name: collected.matter.row.id.clone(),
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

/// What a complete package would have and this one has not.
fn missing(collected: &Collected, placed: &Placed, facts: &Facts, sealed: bool) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut lacks = |what, zh: String, en: String| {
        missing.push(Missing {
            what,
            said: Said::new(zh, en),
        })
    };
    for (number, why) in &placed.without_original {
        let zh = match *why {
            "erased" => "已由存证人声明销毁",
            "left out" => "导出时未附",
            _ => "导出方不持有",
        };
        lacks(
            "original",
            format!("第 {number} 项的原件：{zh}。"),
            format!("The original of entry {number}: {why}."),
        );
    }
    for number in &placed.without_capture {
        lacks(
            "capture",
            format!("第 {number} 项的取证记录：导出方不持有。"),
            format!("The capture record of entry {number}: not held here."),
        );
    }
    for number in &placed.without_document {
        lacks(
            "document",
            format!("第 {number} 号程序所据的文书：导出方不持有。"),
            format!("The document that act {number} rests on: not held here."),
        );
    }
    let uncovered: Vec<String> = collected
        .entries
        .iter()
        .filter(|one| !collected.covered.contains_key(&one.row.height))
        .map(|one| one.row.number.to_string())
        .collect();
    if !uncovered.is_empty() {
        let numbers = uncovered.join(", ");
        lacks(
            "checkpoint",
            format!("第 {numbers} 项尚无会签的检查点覆盖。"),
            format!("No cosigned checkpoint covers entries {numbers} yet."),
        );
    }
    let timed = |number: &u32| facts.times.iter().any(|time| time.covers.contains(number));
    let untimed: Vec<String> = collected
        .entries
        .iter()
        .filter(|one| !timed(&one.row.number))
        .map(|one| one.row.number.to_string())
        .collect();
    if !untimed.is_empty() {
        let numbers = untimed.join(", ");
        lacks(
            "time",
            format!("第 {numbers} 项尚无时间戳覆盖。"),
            format!("No timestamp covers entries {numbers} yet."),
        );
    } else if facts.earliest_outside().is_none() {
        lacks(
            "time",
            "没有独立于节点运营者的时间戳。".into(),
            "No timestamp is by an authority apart from those who run nodes.".into(),
        );
    }
    for slug in collected
        .organisations
        .keys()
        .filter(|slug| !collected.revocations.contains_key(*slug))
    {
        let name = named(collected, slug);
        lacks(
            "revocations",
            format!("{name}的证书吊销列表：所问节点没有。"),
            format!("{name}'s list of revoked certificates: the node that was asked has none."),
        );
    }
    for member in index::exchanged(collected) {
        lacks(
            "certificate",
            format!("{member} 的密钥其后更换，包内是现行证书。"),
            format!("{member} has exchanged its key since; its certificate here is today's."),
        );
    }
    if !sealed {
        lacks(
            "seal",
            "本包未经公证处或法院封签。".into(),
            "No notary or court has sealed this package.".into(),
        );
    }
    missing
}

fn not_here(missing: &[Missing]) -> String {
    let mut text = String::from("\n## 本包所缺 · What is not in this package\n");
    for one in missing {
        text.push_str(&format!("- {} {}\n", one.said.zh, one.said.en));
    }
    if missing.is_empty() {
        text.push_str("- 无 nothing\n");
    }
    text
}
