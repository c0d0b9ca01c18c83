//! `blockworm evidence export` and `seal`: a matter as a file that a court checks without us.

use super::{
    acting::Desk,
    evidence_source::{FolderHoldings, NodeSource},
    parts,
};
use crate::{
    cli::{EvidenceExportArgs, EvidenceSealArgs},
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    signer::now_ms,
};
use blockworm_crypto::cms::Signer;
use blockworm_ledger::{OrganisationId, checkpoint::Policy, report::Verdict};
use blockworm_service::{
    identity::{DOCUMENTS, open_key},
    network::ConsortiumFolder,
};
use blockworm_verify::{BytesSource, Package, Pins, verify_package};
use blockworm_workflows::evidence::package::{
    Case, ExportError, Exported, Request, Sealer, Summary, export, seal_archive,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// Longer files are no packages.
const LARGEST_PACKAGE_BYTES: u64 = 1 << 30;

#[derive(Serialize)]
pub struct Written {
    file: String,
    #[serde(flatten)]
    summary: Summary,
}

/// Exports a matter.
pub async fn run(args: &EvidenceExportArgs, format: Format) -> Result<ExitCode> {
    if args.out.exists() {
        let what = format!("{} is there already", args.out.display());
        return Err(Failure::new("file.exists", what).next("choose another -o"));
    }
    let desk = Desk::open(&args.target).await?;
    let progress = Progress::new();
    let written = write_package(&desk, args, &progress).await?;
    progress.done();
    let text = told(&written);
    format.print(&written, text)?;
    Ok(ExitCode::SUCCESS)
}

pub async fn write_package(
    desk: &Desk,
    args: &EvidenceExportArgs,
    progress: &Progress,
) -> Result<Written> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let sealer = args
        .sealed_by
        .as_ref()
        .map(|one| sealer(&folder, one))
        .transpose()?;
    let case = match &args.asset {
        Some(receivable) => Some(case(desk, &folder, receivable, args, progress).await?),
        None => None,
    };
    let matter = args
        .matter
        .clone()
        .or_else(|| args.asset.as_deref().map(matter_of));
    let matter = matter.unwrap_or_default();
    progress.doing(format!("collecting what the ledger proves of {matter}"));
    let organisations = [&args.organisation].into_iter().chain(&args.also);
    let ledger = desk.remote.ledger_text();
    let holdings = FolderHoldings::open(&folder, organisations, ledger, args.encrypted)?;
    let patience = Duration::from_secs(args.wait_s);
    let mut source = NodeSource::new(desk.remote.clone(), folder.clone(), patience);
    let request = Request {
        matter: &matter,
        exported_by: args.organisation.as_str(),
        exported_ms: now_ms(),
        holdings: &holdings,
        with_originals: !args.without_originals,
        case,
        sealer: sealer.as_ref(),
    };
    let Exported { archive, summary } = export(&mut source, request).await.map_err(refused)?;
    create(&args.out, &archive)?;
    Ok(Written {
        file: args.out.display().to_string(),
        summary,
    })
}

/// A receivable's own matter: its id in the letters that matters have.
pub fn matter_of(receivable: &str) -> String {
    let letter = |one: char| match one.to_ascii_lowercase() {
        one @ ('a'..='z' | '0'..='9') => one,
        _ => '-',
    };
    receivable.chars().take(64).map(letter).collect()
}

async fn case(
    desk: &Desk,
    folder: &ConsortiumFolder,
    receivable: &str,
    args: &EvidenceExportArgs,
    progress: &Progress,
) -> Result<Case> {
    let wait = Duration::from_secs(args.wait_s.max(1));
    let gathered = parts::gather(desk, folder, receivable, None, (wait, "case"), progress).await?;
    let mut files = BTreeMap::new();
    for (name, text) in gathered.proofs {
        files.insert(name, text.into_bytes());
    }
    let json = serde_json::to_vec_pretty(&gathered.case)
        .map_err(|error| Failure::of("case.unwritable", &error))?;
    files.insert("case.json".to_owned(), json);
    files.insert("case.txt".to_owned(), gathered.case.to_text().into_bytes());
    Ok(Case {
        receivable: receivable.to_owned(),
        files,
    })
}

/// The documents key of a notary or a court.
fn sealer(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Result<Sealer> {
    let unusable = |what: String| {
        Failure::new("evidence.no_documents_key", what).next(
            "the notary or court seals it on its own machine: blockworm evidence seal PACKAGE --as ORGANISATION",
        )
    };
    let (key, chain) = open_key(folder, organisation, DOCUMENTS).map_err(|error| {
        unusable(format!(
            "the documents key of {organisation} cannot be used: {error}"
        ))
    })?;
    let signer = Signer::new(key, chain).map_err(|error| unusable(error.to_string()))?;
    let record = folder.record().ok();
    let named = record.iter().flat_map(|record| &record.organisations);
    let name = named
        .clone()
        .find(|one| one.id == *organisation)
        .map(|one| one.name.clone());
    Ok(Sealer {
        organisation: organisation.to_string(),
        name: name.unwrap_or_else(|| organisation.to_string()),
        signer,
    })
}

/// What a failed export means for the user.
pub fn refused(error: ExportError<Failure>) -> Failure {
    match error {
        ExportError::Source(failure) => failure,
        other => {
            let next = match &other {
                ExportError::NotFound(_) => "blockworm evidence list",
                ExportError::Empty(_) => "blockworm evidence deposit MATTER FILE",
                ExportError::Growing(_) => "run it again when nothing is being deposited",
                ExportError::TooMany(_) => {
                    "leave relations out of account: fewer organisations, or a matter with fewer rows"
                }
                ExportError::Strange(_) => "ask another node: --api ADDRESS",
                ExportError::Held(_) => "blockworm doctor",
                ExportError::Document(_) | ExportError::Archive(_) => {
                    "--without-originals, or --encrypted"
                }
                ExportError::Seal(_) => "blockworm evidence seal PACKAGE --as ORGANISATION",
                ExportError::Source(_) => "",
            };
            Failure::of(other.code(), &other).next(next)
        }
    }
}

fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        Failure::of("file.unwritable", &error)
            .during(format!("cannot write {}", path.display()))
            .next("choose another -o")
    })
}

pub fn told(written: &Written) -> String {
    let Written { file, summary } = written;
    let mut text = format!(
        "package     {file}\nid          {}\nentries     {}, {} attestations, {} acts\nsize        {} bytes, {} beyond the originals\nindex       {}\n",
        summary.id,
        summary.entries,
        summary.attestations,
        summary.acts,
        summary.bytes,
        summary.overhead_bytes,
        summary.index,
    );
    match summary.earliest_outside_ms {
        Some(ms) => {
            let _ = writeln!(
                text,
                "outside     {} UTC at the latest",
                crate::output::utc(ms)
            );
        }
        None => text.push_str("outside     no time yet by somebody who runs no node\n"),
    }
    if let Some(by) = &summary.sealed_by {
        let _ = writeln!(text, "sealed by   {by}");
    }
    for one in &summary.missing {
        let _ = writeln!(text, "missing     {}", one.said.en);
    }
    let _ = writeln!(
        text,
        "next        blockworm verify {file} --genesis FILE|DIGEST --policy FILE"
    );
    text
}

#[derive(Serialize)]
struct Sealed {
    file: String,
    sealed_by: String,
    bytes: usize,
    /// Checks of the unsealed package that could not be made, by name.
    unchecked: Vec<String>,
}

/// Seals somebody's package after checking what can be checked.
pub fn seal(args: &EvidenceSealArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let package = read(&args.package)?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let pins = Pins {
        genesis: Some(super::verify::genesis_digest(&args.genesis)?),
        policy,
        tsa_roots: Vec::new(),
    };
    let unchecked = check(&package, &pins)?;
    let sealer = sealer(&folder, &args.organisation)?;
    let sealed = seal_archive(&package, &sealer, now_ms())
        .map_err(|error| Failure::of(error.code(), &error).during(args.package.display()))?;
    let out = args.out.as_deref().unwrap_or(&args.package);
    replace(out, &sealed)?;
    let sealed = Sealed {
        file: out.display().to_string(),
        sealed_by: args.organisation.to_string(),
        bytes: sealed.len(),
        unchecked,
    };
    let mut text = format!("sealed      {} by {}\n", sealed.file, sealed.sealed_by);
    for name in &sealed.unchecked {
        let _ = writeln!(text, "unchecked   {name}");
    }
    format.print(&sealed, text)?;
    Ok(ExitCode::SUCCESS)
}

/// A notary does not put its name to what does not hold.
fn check(package: &[u8], pins: &Pins) -> Result<Vec<String>> {
    let source = BytesSource(package.to_vec());
    let report = verify_package(&Package::Zip(&source), pins);
    let failed: Vec<String> = report
        .checks
        .failures()
        .map(|check| format!("{}: {}", check.name, check.reason))
        .collect();
    if let Some(first) = failed.first() {
        let what = format!("{} checks of the package fail, first {first}", failed.len());
        return Err(Failure::new("evidence.package_broken", what)
            .next("blockworm verify PACKAGE --genesis FILE|DIGEST --policy FILE")
            .fact("failed", serde_json::json!(failed)));
    }
    let unchecked = report.checks.ended(Verdict::Unchecked);
    Ok(unchecked.map(|check| check.name.clone()).collect())
}

fn policy(path: &Path) -> Result<Policy> {
    Policy::parse(&read(path)?)
        .map_err(|error| Failure::of(error.code(), &error).during(path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Failure::of("file.unreadable", &error)
            .during(format!("cannot read {}", path.display()))
            .next("look at its path and owner")
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST_PACKAGE_BYTES {
        let what = format!(
            "{} has {size} bytes; packages have at most 1 GiB",
            path.display()
        );
        return Err(Failure::new("evidence.package_too_large", what));
    }
    fs::read(path).map_err(unreadable)
}

/// Puts new bytes in a file's place, all or none.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("sealing");
    create(&beside, bytes)?;
    fs::rename(&beside, path).map_err(|error| {
        Failure::of("file.unwritable", &error).during(format!("cannot write {}", path.display()))
    })
}
