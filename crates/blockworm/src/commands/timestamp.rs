//! `blockworm timestamp`: stamps of checkpoints, and timestamps of files.

use crate::{
    cli::{
        TimestampCheckArgs, TimestampCommand, TimestampListArgs, TimestampRenewArgs,
        TimestampRequestArgs, TimestampShowArgs,
    },
    failure::{Failure, Result},
    output::{Format, table, utc},
    remote::{Remote, client_failure},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blockworm_api::{Paging, model::StampView};
use blockworm_crypto::{
    pkix::HashAlgorithm,
    timestamp::{EvidenceRecord, Imprint, Response, TimestampError, Token, Verified},
};
use blockworm_service::time::{Source, TimeClient, TimeError, read_roots};
use serde::Serialize;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs one of its verbs.
pub async fn run(command: &TimestampCommand, format: Format) -> Result<ExitCode> {
    match command {
        TimestampCommand::List(args) => list(args, format).await,
        TimestampCommand::Show(args) => show(args, format).await,
        TimestampCommand::Request(args) => request(args, format).await,
        TimestampCommand::Check(args) => check(args, format),
        TimestampCommand::Renew(args) => renew(args, format).await,
    }
}

async fn list(args: &TimestampListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let ledger = remote.ledger_text();
    let paging = Paging::new(args.last.into(), None);
    let page = remote.client.stamps(&ledger, &paging).await;
    let page = page.map_err(client_failure)?;
    let view = remote.client.stamping(&ledger).await;
    let view = view.map_err(client_failure)?;
    let row = |stamp: &StampView| {
        [
            stamp.size.to_string(),
            utc(stamp.token_ms),
            stamp.authority.clone(),
            utc(stamp.holds_until_ms),
            stamp.renewals.to_string(),
        ]
    };
    let rows: Vec<[String; 5]> = page.items.iter().map(row).collect();
    let mut text = table(
        ["size", "stamped", "authority", "holds until", "renewed"],
        &rows,
    );
    if !view.stamping {
        text.push_str("\n\nthis node stamps nothing: set [[time.sources]] in node.toml");
    }
    if let Some(failing) = &view.failing {
        let since = utc(failing.since_ms);
        text.push_str(&format!(
            "\n\nno stamp since {since}: {}: {}",
            failing.code, failing.detail
        ));
    }
    if view.drifting {
        text.push_str(&format!(
            "\n\nthe authority's time lies {} ms off",
            view.drift_ms
        ));
    }
    let value = json!({ "stamping": view, "stamps": page.items });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &TimestampShowArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let ledger = remote.ledger_text();
    let asked = remote.client.timestamp(&ledger, args.covering).await;
    let view = asked.map_err(client_failure)?;
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|error| Failure::of("node.unexpected", &error))
        };
        for (name, content) in [
            ("checkpoint.txt", view.note.clone().into_bytes()),
            ("body.txt", view.body.clone().into_bytes()),
            ("token.tsr", bytes(&view.token)?),
            ("record.ers", bytes(&view.evidence_record)?),
            ("chain.pem", view.tsa_chain_pem.clone().into_bytes()),
        ] {
            write(&folder.join(name), &content)?;
        }
    }
    let stamp = &view.stamp;
    let text = format!(
        "{}stamped {} by {}\nroot {}\nholds until {}, renewed {} times",
        view.body,
        utc(stamp.token_ms),
        stamp.authority,
        stamp.root,
        utc(stamp.holds_until_ms),
        stamp.renewals
    );
    format.print(&view, text)?;
    Ok(ExitCode::SUCCESS)
}

/// A token as it is shown.
#[derive(Serialize)]
struct Shown {
    time_ms: u64,
    accuracy_ms: Option<u64>,
    authority: String,
    root: String,
    policy: String,
    holds_until_ms: u64,
    /// Whether a list of revocations speaks of each certificate of the path.
    revocation_known: Vec<bool>,
}

impl From<&Verified> for Shown {
    fn from(verified: &Verified) -> Self {
        Self {
            time_ms: verified.time_ms,
            accuracy_ms: verified.accuracy_ms,
            authority: verified.path.subject.clone(),
            root: verified.path.root_subject.clone(),
            policy: verified.policy.clone(),
            holds_until_ms: verified.path.not_after_ms,
            revocation_known: verified.path.revocation_known.clone(),
        }
    }
}

fn print(verified: &[Verified], file: Option<&Path>, format: Format) -> Result<ExitCode> {
    let shown: Vec<Shown> = verified.iter().map(Shown::from).collect();
    let lines = shown.iter().map(|one| {
        let until = utc(one.holds_until_ms);
        let time = utc(one.time_ms);
        format!(
            "valid: {time} UTC by {} under {}, holds until {until}",
            one.authority, one.root
        )
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if let Some(file) = file {
        text.push_str(&format!("\nwritten: {}", file.display()));
    }
    let file = file.map(|file| file.display().to_string());
    format.print(
        &json!({ "valid": true, "tokens": shown, "file": file }),
        text,
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn request(args: &TimestampRequestArgs, format: Format) -> Result<ExitCode> {
    let hash = hash_named(&args.hash)?;
    let data = read(&args.file)?;
    let imprint = Imprint {
        algorithm: hash,
        digest: hash.digest(&data),
    };
    let stamped = ask(&args.url, &args.roots, &imprint).await?;
    let out = args.out.clone().unwrap_or_else(|| {
        let mut name = args.file.clone().into_os_string();
        name.push(".tsr");
        PathBuf::from(name)
    });
    write(&out, stamped.token.der())?;
    print(&[stamped.verified], Some(&out), format)
}

async fn ask(
    url: &str,
    roots: &[PathBuf],
    imprint: &Imprint,
) -> Result<blockworm_service::time::Stamped> {
    let source = Source {
        url: url.to_owned(),
        roots: roots.to_vec(),
        timeout: TIMEOUT,
    };
    let client = TimeClient::new().map_err(|error| time_failure(&error))?;
    let stamped = client.stamp(&source, imprint).await;
    stamped.map_err(|error| time_failure(&error))
}

fn check(args: &TimestampCheckArgs, format: Format) -> Result<ExitCode> {
    let (der, data) = (read(&args.token)?, read(&args.data)?);
    let roots = all_roots(&args.roots)?;
    let crls = args.crls.iter().map(|path| read(path));
    let crls = crls.collect::<Result<Vec<_>>>()?;
    let verified = record_of(&der).and_then(|record| record.verify(&data, &roots, &crls));
    let verified = verified.map_err(|error| token_failure(&args.token, &error))?;
    print(&verified, None, format)
}

async fn renew(args: &TimestampRenewArgs, format: Format) -> Result<ExitCode> {
    let (der, data) = (read(&args.record)?, read(&args.data)?);
    let roots = all_roots(&args.roots)?;
    let refused = |error: &TimestampError| token_failure(&args.record, error);
    let mut record = record_of(&der).map_err(|error| refused(&error))?;
    // What does not hold is not worth renewing.
    record
        .verify(&data, &roots, &[])
        .map_err(|error| refused(&error))?;
    let hash = args.hash.as_deref().map(hash_named).transpose()?;
    let imprint = match hash {
        Some(hash) => Some(record.what_to_stamp_hash(&data, hash)),
        None => record.what_to_stamp_timestamp(),
    };
    let imprint = imprint.ok_or_else(|| Failure::new("timestamp.malformed", "no token"))?;
    let stamped = ask(&args.url, &args.roots, &imprint).await?;
    match hash {
        Some(hash) => record.renew_hash(&data, hash, stamped.token),
        None => record.renew_timestamp(stamped.token),
    }
    .map_err(|error| refused(&error))?;
    let verified = record
        .verify(&data, &roots, &[])
        .map_err(|error| refused(&error))?;
    write(&args.out, &record.to_der())?;
    print(&verified, Some(&args.out), format)
}

/// An evidence record; or a token, alone or in an authority's answer, as a record of one.
fn record_of(der: &[u8]) -> std::result::Result<EvidenceRecord, TimestampError> {
    if let Ok(record) = EvidenceRecord::parse(der) {
        return Ok(record);
    }
    match Response::parse(der) {
        Ok(Response::Granted(token)) => Token::parse(&token),
        Ok(Response::Refused(refusal)) => Err(TimestampError::Refused(refusal)),
        Err(_) => Token::parse(der),
    }
    .map(EvidenceRecord::new)
}

fn hash_named(name: &str) -> Result<HashAlgorithm> {
    HashAlgorithm::from_name(name).ok_or_else(|| {
        let known = HashAlgorithm::ALL.map(HashAlgorithm::as_str).join(", ");
        Failure::new("timestamp.hash", format!("{name:?} is none of {known}"))
    })
}

fn all_roots(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut roots = Vec::new();
    for path in paths {
        roots.extend(read_roots(path).map_err(|error| time_failure(&error))?);
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| unusable(path, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::of("file.unusable", error).during(format!("{}", path.display()))
}

fn time_failure(error: &TimeError) -> Failure {
    let next = match error.code() {
        "timestamp.untrusted" => "pin the root of this authority with --root",
        "timestamp.unreachable" => "look at the URL and the network; ask again later",
        "timestamp.wrong_nonce" | "timestamp.imprint" => "use another authority, and tell this one",
        _ => "use another authority",
    };
    Failure::new(error.code(), error.to_string()).next(next)
}

fn token_failure(path: &Path, error: &TimestampError) -> Failure {
    let what = format!("{}: {error}", path.display());
    Failure::new(error.code(), what).next("docs/formats/time.md says what each check asks")
}
