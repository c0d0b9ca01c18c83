//! `blockworm verify`: checks a proof offline and says so by its exit status.

use crate::{
    cli::VerifyArgs,
    failure::{Failure, Result},
    output::Format,
};
use blockworm_crypto::Digest;
use blockworm_ledger::{
    Outcome, Pin, VerificationReport, proof::PROOF_MAX_BYTES, proof_file::ProofFile,
    report::Verdict,
};
use blockworm_service::network::config::read_genesis;
use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
};

/// Checks the file against the genesis that the user trusts.
pub fn run(args: &VerifyArgs, format: Format) -> Result<ExitCode> {
    let pin = args.genesis.as_deref().map(genesis_digest).transpose()?;
    let pin = pin.map(Pin::digest);
    let text = read(&args.file)?;
    let report =
        check(&text, pin.as_ref()).map_err(|failure| failure.during(args.file.display()))?;
    format.print(&report, render(&report))?;
    Ok(ExitCode::from(report.outcome.exit_code()))
}

/// Checks a proof's text.
pub fn check(text: &str, pin: Option<&Pin>) -> Result<VerificationReport> {
    let file = ProofFile::from_json(text).map_err(|error| {
        Failure::of(error.code(), &error)
            .next("ask for the file again: `blockworm proof export TRANSACTION -o FILE`")
    })?;
    Ok(match file {
        ProofFile::Transaction(proof) => proof.verify(pin),
        ProofFile::State(proof) => proof.verify(pin),
    })
}

fn read(path: &Path) -> Result<String> {
    let unreadable = |error: io::Error| {
        Failure::of("proof.unreadable", &error).during(format!("cannot read {}", path.display()))
    };
    let mut text = String::new();
    // One byte beyond the limit is enough for the verifier to refuse the rest.
    File::open(path)
        .and_then(|file| {
            file.take(PROOF_MAX_BYTES as u64 + 1)
                .read_to_string(&mut text)
        })
        .map_err(unreadable)?;
    Ok(text)
}

/// A genesis digest, given as such or by the file of the genesis.
pub fn genesis_digest(text: &str) -> Result<Digest> {
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    let genesis = read_genesis(Path::new(text)).map_err(|error| {
        Failure::of("genesis.unusable", &error)
            .next("give a genesis file or its digest, 64 hex digits")
    })?;
    Ok(genesis.digest())
}

/// The report for people.
pub fn render(report: &VerificationReport) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = match check.verdict {
            Verdict::Pass => "ok  ",
            Verdict::Fail => "FAIL",
            Verdict::Unpinned | Verdict::Unchecked => "?   ",
        };
        let _ = writeln!(text, "{mark}  {:<24} {}", check.name, check.reason);
    }
    let signers: Vec<&str> = report
        .signers
        .iter()
        .map(|signer| signer.as_str())
        .collect();
    let _ = writeln!(text, "\nledger     {}", report.ledger);
    let _ = writeln!(text, "genesis    {}", report.genesis_digest);
    let _ = writeln!(
        text,
        "certified  block {} at {} ms by {}",
        report.certified_height,
        report.certified_time_ms,
        signers.join(", ")
    );
    let _ = writeln!(text, "verdict    {}", report.outcome);
    match report.outcome {
        Outcome::Valid => {}
        Outcome::Broken => {
            let _ = writeln!(
                text,
                "next       trust nothing in this file; ask for it again"
            );
        }
        Outcome::Unpinned => {
            let _ = writeln!(
                text,
                "next       get the genesis from somebody you trust, not from this file's sender, \
                 and give it with --genesis"
            );
        }
    }
    text
}
