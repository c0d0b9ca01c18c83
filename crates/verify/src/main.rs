//! `blockworm-verify`: checks a proof or an evidence package without network, node or account.

use blockworm_ledger::{checkpoint::Policy, proof::PROOF_MAX_BYTES};
use blockworm_verify::{
    FileSource, GenesisPin, HandedError, Package, Pins, package_in, pem_certificates,
    render_package, render_proof, verify_package, verify_text,
};
use std::{
    ffi::OsString,
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
blockworm-verify FILE [--genesis FILE|DIGEST] [--policy FILE] [--tsa-root FILE]... [--output text|json]

Checks a proof (JSON) or an evidence package (the zip file, or the folder after unzipping).
Nothing is sent anywhere. Every check is listed by name with its verdict and reason.

  --genesis FILE|DIGEST  the genesis that you trust, learned from elsewhere than the package;
                         a proof taken out of a package needs the file
  --policy FILE          which cosigners count, likewise
  --tsa-root FILE        a root of a timestamp authority that you trust, PEM; may be given again
  --output text|json     how the report is written; text when left out

Exit status: 0 every check that could be made holds, 1 at least one fails or the file is none,
2 everything agrees with itself but genesis or policy were not given.
";

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    file: PathBuf,
    genesis: Option<GenesisPin>,
    pins: Pins,
    json: bool,
}

fn main() -> ExitCode {
    let mut given: Vec<OsString> = std::env::args_os().skip(1).collect();
    if given.is_empty() || given.iter().any(|one| one == "--help" || one == "-h") {
        return write(USAGE, u8::from(given.is_empty()));
    }
    if given.iter().any(|one| one == "--version") {
        return write(
            concat!("blockworm-verify ", env!("CARGO_PKG_VERSION"), "\n"),
            0,
        );
    }
    match read_arguments(&mut given).and_then(|arguments| run(&arguments)) {
        Ok((text, status)) => write(&text, status),
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "blockworm-verify: {reason}");
            ExitCode::from(1)
        }
    }
}

fn write(text: &str, status: u8) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(status),
        Err(_) => ExitCode::from(1),
    }
}

fn read_arguments(given: &mut Vec<OsString>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut file = None;
    let mut rest = given.drain(..);
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy().into_owned();
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(OsString::from(value)))
            }
            _ => (text, None),
        };
        if !name.starts_with("--") {
            if file.replace(PathBuf::from(word)).is_some() {
                return Err("more than one file was given; see --help".into());
            }
            continue;
        }
        let mut value = || {
            inline
                .clone()
                .or_else(|| rest.next())
                .ok_or_else(|| format!("{name} needs a value; see --help"))
        };
        match name.as_str() {
            "--genesis" => arguments.genesis = Some(read_genesis(&value()?)?),
            "--policy" => arguments.pins.policy = Some(read_policy(&value()?)?),
            "--tsa-root" => arguments.pins.tsa_roots.extend(read_roots(&value()?)?),
            "--output" => {
                arguments.json = match value()?.to_str() {
                    Some("json") => true,
                    Some("text") => false,
                    _ => return Err("--output is text or json".into()),
                }
            }
            _ => return Err(format!("{name} is no option; see --help")),
        }
    }
    arguments.file = file.ok_or("no file was given; see --help")?;
    arguments.pins.genesis = arguments.genesis.as_ref().map(|pin| pin.digest);
    Ok(arguments)
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        // One byte beyond the limit is enough to refuse the rest.
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(bytes)
}

fn read_text(path: &Path, limit: u64) -> Result<String, String> {
    String::from_utf8(read(path, limit)?).map_err(|_| format!("{} is no text", path.display()))
}

fn read_genesis(given: &OsString) -> Result<GenesisPin, String> {
    if let Some(digest) = given.to_str().and_then(|text| text.parse().ok()) {
        return Ok(GenesisPin {
            digest,
            genesis: None,
        });
    }
    let path = Path::new(given);
    GenesisPin::read(&read_text(path, 8 << 20)?).map_err(|reason| {
        format!(
            "{}: {reason}; give a genesis file or its digest",
            path.display()
        )
    })
}

fn read_policy(given: &OsString) -> Result<Policy, String> {
    let path = Path::new(given);
    Policy::parse(&read(path, 1 << 20)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_roots(given: &OsString) -> Result<Vec<Vec<u8>>, String> {
    let path = Path::new(given);
    pem_certificates(&read(path, 1 << 20)?)
        .map_err(|reason| format!("{}: {reason}", path.display()))
}

fn run(arguments: &Arguments) -> Result<(String, u8), String> {
    let path = &arguments.file;
    let nothing = |error: HandedError| {
        let (code, next) = (error.code(), error.next());
        format!("{}: {error} ({code}); {next}", path.display())
    };
    if path.is_dir() {
        return package(&package_in(path).map_err(nothing)?, arguments);
    }
    let unreadable = |error| format!("cannot read {}: {error}", path.display());
    let source = FileSource::open(path).map_err(unreadable)?;
    if Package::is_zip(&source) {
        return package(&Package::Zip(&source), arguments);
    }
    let bytes = read(path, PROOF_MAX_BYTES as u64)?;
    let report = verify_text(path, &bytes, arguments.genesis.as_ref()).map_err(nothing)?;
    let text = if arguments.json {
        json(&report)?
    } else {
        render_proof(&report)
    };
    Ok((text, report.outcome.exit_code()))
}

fn package(package: &Package<'_>, arguments: &Arguments) -> Result<(String, u8), String> {
    let report = verify_package(package, &arguments.pins);
    let text = if arguments.json {
        json(&report)?
    } else {
        render_package(&report)
    };
    Ok((text, report.outcome.exit_code()))
}

fn json(report: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(report)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}
