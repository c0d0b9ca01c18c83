//! `blockworm verify`: checks a proof or an evidence package offline and says so by its exit status.

use crate::{
    cli::VerifyArgs,
    failure::{Failure, Result},
    output::Format,
};
use blockworm_crypto::Digest;
use blockworm_ledger::{VerificationReport, checkpoint::Policy, proof::PROOF_MAX_BYTES};
use blockworm_service::network::config::read_genesis;
use blockworm_verify::{
    FileSource, GenesisPin, HandedError, Package, Pins, package_in, pem_certificates,
    verify_package, verify_proof, verify_text,
};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
};

pub use blockworm_verify::render_proof as render;

/// Most bytes of a policy or of roots.
const PIN_MAX_BYTES: usize = 1 << 20;

/// Checks the file against what the user trusts.
pub fn run(args: &VerifyArgs, format: Format) -> Result<ExitCode> {
    let pin = args.genesis.as_deref().map(genesis_pin).transpose()?;
    let genesis = pin.as_ref().map(|pin| pin.digest);
    if args.file.is_dir() {
        let folder = package_in(&args.file).map_err(|error| nothing(&args.file, &error))?;
        return package(&folder, args, genesis, format);
    }
    let source = FileSource::open(&args.file).map_err(|error| unreadable(&args.file, &error))?;
    if Package::is_zip(&source) {
        return package(&Package::Zip(&source), args, genesis, format);
    }
    let bytes = read(&args.file, PROOF_MAX_BYTES)?;
    let report = verify_text(&args.file, &bytes, pin.as_ref())
        .map_err(|error| nothing(&args.file, &error))?;
    format.print(&report, render(&report))?;
    Ok(ExitCode::from(report.outcome.exit_code()))
}

fn package(
    package: &Package<'_>,
    args: &VerifyArgs,
    genesis: Option<Digest>,
    format: Format,
) -> Result<ExitCode> {
    let mut pins = Pins {
        genesis,
        ..Pins::default()
    };
    if let Some(path) = &args.policy {
        let policy = Policy::parse(&read(path, PIN_MAX_BYTES)?);
        pins.policy = Some(policy.map_err(|error| {
            Failure::of(error.code(), &error).during(format!("{}", path.display()))
        })?);
    }
    for path in &args.tsa_root {
        let roots = pem_certificates(&read(path, PIN_MAX_BYTES)?);
        let roots = roots.map_err(|reason| {
            Failure::new("verify.tsa_root", format!("{}: {reason}", path.display()))
                .next("give the root certificate of the authority as PEM")
        })?;
        pins.tsa_roots.extend(roots);
    }
    let report = verify_package(package, &pins);
    format.print(&report, blockworm_verify::render_package(&report))?;
    Ok(ExitCode::from(report.outcome.exit_code()))
}

/// Checks a proof's text.
pub fn check(text: &str, pin: Option<&GenesisPin>) -> Result<VerificationReport> {
    verify_proof(text, pin).map_err(|error| {
        let error = HandedError::Proof(error);
        Failure::of(error.code(), &error).next(error.next())
    })
}

fn nothing(path: &Path, error: &HandedError) -> Failure {
    Failure::of(error.code(), error)
        .next(error.next())
        .during(path.display())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::of("proof.unreadable", error).during(format!("cannot read {}", path.display()))
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough for the verifier to refuse the rest.
    File::open(path)
        .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

/// A genesis digest, given as such or by the file of the genesis.
pub fn genesis_digest(text: &str) -> Result<Digest> {
    genesis_pin(text).map(|pin| pin.digest)
}

fn genesis_pin(text: &str) -> Result<GenesisPin> {
    if let Ok(digest) = text.parse() {
        return Ok(GenesisPin {
            digest,
            genesis: None,
        });
    }
    let genesis = read_genesis(Path::new(text)).map_err(|error| {
        Failure::of("genesis.unusable", &error)
            .next("give a genesis file or its digest, 64 hex digits")
    })?;
    Ok(GenesisPin::of(genesis))
}
