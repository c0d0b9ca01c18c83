//! `blockworm proof export`: writes a proof that a stranger checks offline.

use crate::{
    cli::{ProofCommand, ProofExportArgs},
    failure::{Failure, Result},
    output::Format,
    remote::Remote,
};
use serde::Serialize;
use std::{fs, path::Path, process::ExitCode, time::Duration};

#[derive(Serialize)]
struct Exported {
    transaction: String,
    file: String,
    size_bytes: usize,
}

/// Runs the verb.
pub async fn run(command: &ProofCommand, format: Format) -> Result<ExitCode> {
    let ProofCommand::Export(args) = command;
    export(args, format).await
}

async fn export(args: &ProofExportArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let text = remote
        .proof(&args.id, Duration::from_secs(args.wait_s))
        .await?;
    write(&args.out, &text)?;
    let exported = Exported {
        transaction: args.id.to_string(),
        file: args.out.display().to_string(),
        size_bytes: text.len(),
    };
    let line = format!("wrote {} ({} bytes)", exported.file, exported.size_bytes);
    format.print(&exported, line)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a proof file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| {
        Failure::of("proof.unwritable", &error)
            .during(format!("cannot write {}", path.display()))
            .next("choose another file with -o")
    })
}
