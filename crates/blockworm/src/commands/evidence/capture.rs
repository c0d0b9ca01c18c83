//! Files on their way to the ledger: read, written down where they were captured, kept, deposited.

use super::{Desk, failure, folder_of};
use crate::{
    cli::{Acting, EvidenceDepositArgs, EvidencePhaseArgs, HowCaptured},
    commands::acting::read,
    failure::{Failure, Result},
    output::{Format, table},
    progress::Progress,
    signer::now_ms,
};
use blockworm_workflows::evidence::{
    Captured, Deposited, Device, EvidenceError, File, Terms, capture, deposit as deposit_files,
};
use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::UNIX_EPOCH};

pub(super) async fn deposit(args: &EvidenceDepositArgs, format: Format) -> Result<ExitCode> {
    let files = captured(
        &args.acting,
        (&args.matter, &args.phase),
        &args.files,
        &args.how,
    )?;
    let folder = folder_of(&args.acting);
    let desk = Desk::open(&args.acting, &folder).await?;
    submit(desk, files, format).await
}

pub(super) async fn phase(args: &EvidencePhaseArgs, format: Format) -> Result<ExitCode> {
    let files = captured(
        &args.acting,
        (&args.matter, &args.phase),
        &args.files,
        &args.how,
    )?;
    let folder = folder_of(&args.acting);
    let mut desk = Desk::open(&args.acting, &folder).await?;
    if desk
        .way()
        .matter(&args.matter)
        .await
        .map_err(failure)?
        .is_none()
    {
        let what = format!("there is no matter {} on this ledger", args.matter);
        let next = format!(
            "blockworm evidence deposit {} … opens it, blockworm evidence list shows all",
            args.matter
        );
        return Err(Failure::new("evidence.unknown_matter", what).next(next));
    }
    submit(desk, files, format).await
}

/// All files with their records; nothing is written yet.
fn captured(
    acting: &Acting,
    (matter, phase): (&str, &str),
    paths: &[std::path::PathBuf],
    how: &HowCaptured,
) -> Result<Vec<Captured>> {
    let device = device();
    let now = now_ms();
    let one = |path: &std::path::PathBuf| {
        let modified = fs::metadata(path).and_then(|file| file.modified());
        let modified = modified
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let file = File {
            name: name(path),
            bytes: read(path)?,
            media_type: how.media_type.clone(),
            modified_ms: modified.and_then(|time| u64::try_from(time.as_millis()).ok()),
        };
        let terms = Terms {
            matter: matter.to_owned(),
            phase: phase.to_owned(),
            kind: how.kind.clone(),
            method: how.method.clone(),
            captured_ms: how.captured.unwrap_or(now),
            source: how.source.clone(),
            by: acting.member.clone(),
        };
        capture(file, terms, &device).map_err(|error| {
            Failure::of(error.code(), &error).during(format!("cannot deposit {}", path.display()))
        })
    };
    paths.iter().map(one).collect()
}

/// A file's name without its folders.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// This machine and program.
fn device() -> Device {
    let told = |what: &str| {
        let text = fs::read_to_string(format!("/proc/sys/kernel/{what}"));
        text.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
    };
    Device {
        host: told("hostname"),
        program: env!("CARGO_PKG_NAME").to_owned(),
        system: format!("{} {}", told("ostype"), told("osrelease")),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

async fn submit(mut desk: Desk<'_>, files: Vec<Captured>, format: Format) -> Result<ExitCode> {
    let store = desk.store()?;
    let member = desk.acting.member.clone();
    let progress = Progress::new();
    progress.doing(format!("keeping {} files and depositing them", files.len()));
    let mut way = desk.way();
    let done = deposit_files(&mut way, &store, &member, files, now_ms()).await;
    let done = done.map_err(|error| match error {
        EvidenceError::Submitter(failure) => {
            let next = "the same command again: what is kept goes on under the same commitment";
            failure.next(next)
        }
        other => failure(other),
    })?;
    for made in &done.entries {
        if let Some(number) = made.duplicate_of {
            progress.say(&format!(
                "warning: {} is the same file as entry {number}; entry {} says it again",
                made.name, made.number
            ));
        }
    }
    progress.done();
    format.print(&done, text(&done))?;
    Ok(ExitCode::SUCCESS)
}

fn text(done: &Deposited) -> String {
    let rows: Vec<[String; 4]> = done
        .entries
        .iter()
        .map(|made| {
            let (number, size) = (made.number.to_string(), made.size.to_string());
            [number, made.name.clone(), size, made.commitment.clone()]
        })
        .collect();
    let mut text = format!("matter       {}\n", done.matter);
    if let (Some(transaction), Some(height)) = (&done.transaction, done.height) {
        let _ = writeln!(text, "transaction  {transaction}\nblock        {height}");
    }
    let table = table(["ENTRY", "FILE", "BYTES", "COMMITMENT"], &rows);
    format!("{text}{table}\n")
}
