//! `blockworm certificate`: how long certificates count, their calendar, renewal and revocation lists.

use crate::{
    cli::{
        CertificateCalendarArgs, CertificateCommand, CertificateCrlArgs, CertificateIssueArgs,
        CertificateListArgs, CertificateRenewArgs,
    },
    failure::{Failure, Result},
    output::{Format, table, utc},
    remote::recorded,
    signer::now_ms,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::identity::{Profile, describe};
use blockworm_kit::CivilDate;
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    identity::{
        Authority, CertificateStanding, CertificateState, ISSUING, IdentityError, IssuedLog,
        OrganisationKey, Passphrase, TLS, certificates, read_certificate, renewal,
    },
    network::ConsortiumFolder,
};
use serde_json::json;
use std::{fmt::Write as _, fs, path::Path, process::ExitCode};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Runs one of the verbs.
pub fn run(command: &CertificateCommand, format: Format) -> Result<ExitCode> {
    match command {
        CertificateCommand::List(args) => list(args, format),
        CertificateCommand::Calendar(args) => calendar(args, format),
        CertificateCommand::Issue(args) => issue(args, format),
        CertificateCommand::Renew(args) => renew(args, format),
        CertificateCommand::Crl(args) => crl(args, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// What an identity's error means for the user.
pub fn failure(error: &IdentityError) -> Failure {
    let (code, next) = match error {
        IdentityError::Certificate { source, .. } => (source.code(), "blockworm doctor"),
        IdentityError::Issued(issued) => {
            (issued.code(), "every certificate needs a key of its own")
        }
        IdentityError::NoRootKey { .. } => (
            "authority.no_root_key",
            "run it where the root's key lies, and bring the result here",
        ),
        IdentityError::Exposed { .. } => ("key.unusable", "chmod 600 the file"),
        _ => ("identity.unusable", "blockworm doctor"),
    };
    Failure::of(code, error).next(next)
}

fn standings(
    dir: &Path,
    organisation: Option<&OrganisationId>,
) -> Result<Vec<CertificateStanding>> {
    let folder = ConsortiumFolder::new(dir);
    let organisations = match organisation {
        Some(one) => vec![one.clone()],
        None => {
            let record = recorded(&folder)?;
            record.organisations.into_iter().map(|one| one.id).collect()
        }
    };
    Ok(certificates(&folder, &organisations, now_ms()))
}

const fn state(state: CertificateState) -> &'static str {
    match state {
        CertificateState::Valid => "valid",
        CertificateState::Ending => "ending",
        CertificateState::NotYetValid => "not yet valid",
        CertificateState::Expired => "expired",
        CertificateState::Revoked => "revoked",
    }
}

fn left(seconds: i64) -> String {
    match seconds {
        ..0 => "-".to_owned(),
        0..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn list(args: &CertificateListArgs, format: Format) -> Result<()> {
    let standings = standings(&args.place.dir, args.organisation.as_ref())?;
    print(&standings, format)
}

fn print(standings: &[CertificateStanding], format: Format) -> Result<()> {
    let rows: Vec<[String; 6]> = standings
        .iter()
        .map(|one| {
            [
                format!("{}/{}", one.organisation, one.file),
                one.profile.clone(),
                state(one.state).to_owned(),
                left(one.seconds_left),
                utc(one.not_after_ms),
                one.serial.clone(),
            ]
        })
        .collect();
    let header = [
        "CERTIFICATE",
        "FOR",
        "STATE",
        "LEFT",
        "ENDS (UTC)",
        "SERIAL",
    ];
    format.print(&json!({ "certificates": standings }), table(header, &rows))
}

fn calendar(args: &CertificateCalendarArgs, format: Format) -> Result<()> {
    let mut standings = standings(&args.place.dir, args.organisation.as_ref())?;
    let days = i64::try_from(args.days).unwrap_or(i64::MAX);
    standings.retain(|one| one.seconds_left <= days.saturating_mul(86_400));
    if let Some(out) = &args.out {
        let text = icalendar(&standings, now_ms());
        fs::write(out, text).map_err(|error| {
            Failure::of("file.unwritable", &error).during(format!("cannot write {}", out.display()))
        })?;
    }
    print(&standings, format)
}

/// RFC 5545: one event for each end, with an alarm where the first warning is due.
fn icalendar(standings: &[CertificateStanding], now_ms: u64) -> String {
    let stamp = |ms: u64| {
        let second = ms / 1000 % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let day = CivilDate::at(ms, 0).to_string().replace('-', "");
        format!("{day}T{hour:02}{minute:02}{second:02}Z")
    };
    let mut text =
        String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Blockworm//certificates//EN\r\n");
    for one in standings {
        let life_ms = one.not_after_ms.saturating_sub(one.not_before_ms);
        let ahead_h = (life_ms / 4).min(30 * DAY_MS) / 3_600_000;
        let lines = [
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@blockworm", one.serial),
            format!("DTSTAMP:{}", stamp(now_ms)),
            format!("DTSTART:{}", stamp(one.not_after_ms)),
            format!(
                "SUMMARY:{}/{} ends ({})",
                one.organisation, one.file, one.profile
            ),
            "BEGIN:VALARM".to_owned(),
            "ACTION:DISPLAY".to_owned(),
            "DESCRIPTION:A certificate nears its end".to_owned(),
            format!("TRIGGER:-PT{ahead_h}H"),
            "END:VALARM".to_owned(),
            "END:VEVENT".to_owned(),
        ];
        for line in lines {
            let _ = write!(text, "{line}\r\n");
        }
    }
    text.push_str("END:VCALENDAR\r\n");
    text
}

/// Makes a key that founding made for others; nothing is put in the place of one that lies there.
fn issue(args: &CertificateIssueArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.of.place.dir);
    let organisation = &args.of.organisation;
    let which = OrganisationKey::from_name(&args.key)
        .ok_or_else(|| Failure::new("cli.usage", format!("no key is called {}", args.key)))?;
    let name = which.name();
    if folder.certificate_file(organisation, name).exists() {
        let what = format!("{organisation}/{name} lies in the folder already");
        return Err(Failure::new("certificate.exists", what).next(format!(
            "blockworm certificate renew {name} --node {organisation}"
        )));
    }
    let made = Authority::load(&folder, organisation).and_then(|authority| {
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        authority.make_key(&folder, which, &passphrase, now_ms())
    });
    made.map_err(|error| failure(&error))?;
    let mut standings = standings(folder.root(), Some(organisation))?;
    standings.retain(|one| one.file == name);
    print(&standings, format)
}

fn renew(args: &CertificateRenewArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.of.place.dir);
    let organisation = &args.of.organisation;
    let (name, now_ms) = (args.name.as_str(), now_ms());
    let mut authority = Authority::load(&folder, organisation).map_err(|error| failure(&error))?;
    let path = folder.certificate_file(organisation, name);
    let described = read_certificate(&path)
        .map_err(|error| failure(&error))
        .and_then(|chain| describe(&chain).map_err(|error| Failure::of(error.code(), &error)))?;
    let done = match (name, described.profile) {
        (ISSUING, _) => Passphrase::read(&folder.passphrase_file(organisation))
            .and_then(|passphrase| authority.rotate_issuing(&folder, &passphrase, now_ms)),
        (_, None) => {
            let what = format!("{organisation}/{name} is a root, which ledgers name");
            return Err(Failure::new("certificate.is_a_root", what)
                .next(format!("blockworm authority root {organisation}")));
        }
        (TLS, Some(Profile::TlsServer)) if args.new_key => {
            authority.make_tls_server(&folder, &described.hosts, now_ms)
        }
        (_, Some(profile)) if args.new_key => {
            let next = match profile {
                Profile::Member => format!("blockworm member rotate-key {organisation}/{name}"),
                Profile::Node => format!("blockworm node rotate-key {organisation}"),
                Profile::Cosigning | Profile::Timestamping | Profile::DocumentSigning => {
                    format!(
                        "take {name}.key.pem and {name}.cert.pem away and run: blockworm certificate issue {name} --node {organisation}"
                    )
                }
                _ => format!(
                    "enrol it again: blockworm enrolment token {name} --node {organisation}"
                ),
            };
            let what =
                format!("the key of {organisation}/{name} is known elsewhere and not changed so");
            return Err(Failure::new("certificate.key_is_known", what).next(next));
        }
        (_, Some(profile)) => {
            renewal::again(&folder, &authority, name, profile, &described, now_ms)
        }
    };
    done.map_err(|error| failure(&error))?;
    let standings = standings(folder.root(), Some(organisation))?;
    let renewed: Vec<_> = standings
        .into_iter()
        .filter(|one| one.file == name)
        .collect();
    print(&renewed, format)
}

fn crl(args: &CertificateCrlArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.of.place.dir);
    let organisation = &args.of.organisation;
    let authority = Authority::load(&folder, organisation).map_err(|error| failure(&error))?;
    let revoked = IssuedLog::of(&folder, organisation)
        .revoked()
        .map_err(|error| Failure::of(error.code(), &error).next("restore issued.jsonl"))?;
    let now_ms = now_ms();
    let list = authority
        .revocation_list(&revoked, now_ms, now_ms + args.days * DAY_MS)
        .map_err(|error| failure(&error))?;
    let mut text = String::from("-----BEGIN X509 CRL-----\n");
    let base64 = BASE64_STANDARD.encode(list);
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END X509 CRL-----\n");
    fs::write(&args.out, text).map_err(|error| {
        Failure::of("file.unwritable", &error)
            .during(format!("cannot write {}", args.out.display()))
            .next("choose another -o")
    })?;
    let told = format!("{} revoked, in {}", revoked.len(), args.out.display());
    format.print(&json!({ "revoked": revoked.len(), "file": args.out }), told)
}
