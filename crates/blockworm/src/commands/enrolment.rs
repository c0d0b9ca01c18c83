//! `blockworm enrolment`: tokens for those who are to be certified, and their requests.

use super::certificate::failure;
use crate::{
    cli::{EnrolmentCommand, EnrolmentRequestArgs, EnrolmentTokenArgs, OfOrganisation},
    failure::{Failure, Result},
    output::{Format, table},
    remote::{client_failure, folder_failure, recorded, stranger},
    signer::now_ms,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateRequest, Order, Profile, describe, verify_chain},
    sha256,
};
use blockworm_ledger::{LedgerId, MemberId};
use blockworm_service::{
    identity::{
        Authority, Certified, EnrolmentRequest, NewToken, Passphrase, PossessionProof, TokenFile,
        TokenText, check_private, keep_key, read_key, write_certificate,
    },
    network::{ConsortiumFolder, make_private_folder},
};
use serde_json::{Value, json};
use std::{fs, net::IpAddr, path::Path, process::ExitCode};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Runs one of the verbs.
pub async fn run(command: &EnrolmentCommand, format: Format) -> Result<ExitCode> {
    match command {
        EnrolmentCommand::Token(args) => token(args, format),
        EnrolmentCommand::Request(args) => request(args, format).await,
        EnrolmentCommand::List(of) => list(of, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn token(args: &EnrolmentTokenArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.of.place.dir);
    let organisation = &args.of.organisation;
    let profile = Profile::from_name(&args.profile).filter(|profile| *profile != Profile::Node);
    let Some(profile) = profile else {
        let what = format!("`{}` is no profile that a token may give", args.profile);
        return Err(Failure::new("enrolment.profile", what)
            .next("member, tls-server, document-signing or timestamping"));
    };
    let authority = Authority::load(&folder, organisation).map_err(|error| failure(&error))?;
    // Whatever could not be certified is refused here, before the token is handed over.
    let order = Order {
        profile,
        name: &args.name,
        functions: &args.functions,
        hosts: &args.hosts,
    };
    let trial = SecretKey::generate(Algorithm::Ed25519)
        .map_err(|error| Failure::of("system.random", &error))?;
    let now_ms = now_ms();
    authority
        .issue_as(&order, &trial.public_key(), now_ms)
        .map_err(|error| failure(&error).next("give another name, function or host"))?;
    let new = NewToken {
        name: args.name.clone(),
        profile,
        functions: args.functions.clone(),
        hosts: args.hosts.clone(),
        ledgers: match profile {
            Profile::Member => ledgers(&folder, args)?,
            _ => Vec::new(),
        },
        expires_at_ms: now_ms + args.hours * HOUR_MS,
    };
    let mut file = TokenFile::open(&folder, organisation).map_err(|error| failure(&error))?;
    let text = file
        .create(new, authority.root(), now_ms)
        .map_err(|error| failure(&error))?;
    let value = json!({
        "token": *text.text(), "name": args.name, "expires_at_ms": now_ms + args.hours * HOUR_MS,
    });
    let told = format!(
        "{}\n\nThis token is shown once and counts once, for {} h. Its holder runs:\n  \
         blockworm enrolment request {organisation}/{} --token-file FILE --api URL",
        *text.text(),
        args.hours,
        args.name
    );
    format.print(&value, told)
}

fn ledgers(folder: &ConsortiumFolder, args: &EnrolmentTokenArgs) -> Result<Vec<LedgerId>> {
    let record = recorded(folder)?;
    let wanted = |ledger: &&blockworm_service::network::LedgerRecord| match args.ledgers.is_empty()
    {
        true => ledger.is_kept_by(&args.of.organisation),
        false => args.ledgers.contains(&ledger.name) || args.ledgers.contains(&ledger.id),
    };
    let found: Vec<LedgerId> = record
        .ledgers
        .iter()
        .filter(wanted)
        .filter_map(|ledger| ledger.id.parse().ok())
        .collect();
    if found.len() < args.ledgers.len() {
        let what = format!(
            "not all of {} are ledgers of this folder",
            args.ledgers.join(", ")
        );
        return Err(Failure::new("ledger.not_found", what).next("blockworm status"));
    }
    Ok(found)
}

fn list(of: &OfOrganisation, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&of.place.dir);
    let file = TokenFile::open(&folder, &of.organisation).map_err(|error| failure(&error))?;
    let now_ms = now_ms();
    let state = |token: &blockworm_service::identity::TokenRecord| match token.used_at_ms {
        Some(_) => "used",
        None if now_ms >= token.expires_at_ms => "ended",
        None => "open",
    };
    let values: Vec<Value> = file
        .tokens
        .iter()
        .map(|token| {
            json!({
                "name": token.name, "profile": token.profile, "functions": token.functions,
                "state": state(token), "expires_at_ms": token.expires_at_ms, "key": token.key,
            })
        })
        .collect();
    let rows: Vec<[String; 4]> = file
        .tokens
        .iter()
        .map(|token| {
            [
                token.name.clone(),
                token.profile.clone(),
                token.functions.join(", "),
                state(token).to_owned(),
            ]
        })
        .collect();
    let text = table(["NAME", "FOR", "FUNCTIONS", "STATE"], &rows);
    format.print(&json!({ "tokens": values }), text)
}

async fn request(args: &EnrolmentRequestArgs, format: Format) -> Result<()> {
    let text = read_token(&args.token_file)?;
    if !is_safe(&args.api) {
        let what = format!(
            "a token would cross the network in the clear to {}",
            args.api
        );
        return Err(Failure::new("key.in_the_clear", what)
            .next("give the node's https:// address with --server-ca"));
    }
    let folder = ConsortiumFolder::new(&args.place.dir);
    let key = own_key(&folder, &args.member)?;
    let organisation = args.member.organisation();
    let asked = CertificateRequest::create(organisation.as_str(), args.member.name(), &[], &key)
        .map_err(|error| Failure::of(error.code(), &error))?;
    let client = stranger(&args.api, &args.credentials)?;
    let asked = EnrolmentRequest {
        token: text.text().to_string(),
        request: BASE64_STANDARD.encode(asked),
    };
    let certified = client.enrol(&asked).await.map_err(client_failure)?;
    let chain = accept(&certified, &text, &key)?;
    let path = folder.certificate_file(&organisation, args.member.name());
    write_certificate(&path, &chain).map_err(|error| failure(&error))?;
    if !certified.ledgers.is_empty() {
        let proof = PossessionProof::sign(&chain, &certified.ledgers, &key)
            .map_err(|error| Failure::of("key.unusable", &error))?;
        client
            .take_possession(&proof)
            .await
            .map_err(client_failure)?;
    }
    let described = describe(&chain).map_err(|error| Failure::of(error.code(), &error))?;
    let value = json!({
        "member": args.member, "certificate_file": path, "key": key.public_key(),
        "functions": described.functions, "not_after_ms": described.validity.not_after_ms,
        "ledgers": certified.ledgers,
    });
    let told = format!(
        "{} is certified; its key and certificate lie in {}\nan admin registers it: blockworm member register {}",
        args.member,
        folder.keys(&organisation).display(),
        args.member
    );
    format.print(&value, told)
}

fn read_token(path: &Path) -> Result<TokenText> {
    check_private(path).map_err(|error| {
        Failure::of("key.unusable", &error).next(format!("chmod 600 {}", path.display()))
    })?;
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::of("file.unreadable", &error).during(format!("cannot read {}", path.display()))
    })?;
    TokenText::parse(text.lines().next().unwrap_or_default()).ok_or_else(|| {
        let what = format!("{} holds no enrolment token", path.display());
        Failure::new("enrolment.token_unknown", what)
            .next("put the line that `blockworm enrolment token` printed into it, alone")
    })
}

fn is_safe(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else {
        return true;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The member's key in this folder; one of an earlier attempt is used again, so that a token whose
/// answer was lost is not lost with it.
fn own_key(folder: &ConsortiumFolder, member: &MemberId) -> Result<SecretKey> {
    let organisation = member.organisation();
    let file = folder.key_file(&organisation, member.name());
    if folder
        .certificate_file(&organisation, member.name())
        .exists()
    {
        let what = format!(
            "{member} has a certificate in {} already",
            folder.root().display()
        );
        return Err(Failure::new("member.key_exists", what)
            .next("choose another --dir, or renew it: blockworm member renew"));
    }
    make_private_folder(&folder.keys(&organisation))
        .map_err(|error| folder_failure(folder, &error))?;
    let passphrase_file = folder.passphrase_file(&organisation);
    if !passphrase_file.exists() {
        Passphrase::generate()
            .and_then(|passphrase| passphrase.write(&passphrase_file))
            .map_err(|error| failure(&error))?;
    }
    let passphrase = Passphrase::read(&passphrase_file).map_err(|error| failure(&error))?;
    if file.exists() {
        return read_key(&file, &passphrase).map_err(|error| failure(&error));
    }
    let key = SecretKey::generate(Algorithm::Ed25519)
        .map_err(|error| Failure::of("system.random", &error))?;
    keep_key(folder, &organisation, member.name(), &key, &passphrase)
        .map_err(|error| failure(&error))?;
    Ok(key)
}

/// What the node answered must be a certificate of this key that leads to the root of the token.
fn accept(certified: &Certified, text: &TokenText, key: &SecretKey) -> Result<Vec<u8>> {
    let unexpected = |what: &str| {
        Failure::new("enrolment.unexpected", what.to_owned())
            .next("ask the organisation's admin whether this is its node")
    };
    let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap_or_default();
    let (chain, root) = (decode(&certified.certificate), decode(&certified.root));
    if sha256(&[&root]) != *text.root() {
        return Err(unexpected(
            "the node answered with another root than the token's",
        ));
    }
    let described =
        describe(&chain).map_err(|_| unexpected("the node's answer holds no certificate"))?;
    if described.public_key != key.public_key() {
        return Err(unexpected("the node certified another key"));
    }
    if described.profile == Some(Profile::Member) {
        verify_chain(&chain, &root, now_ms())
            .map_err(|error| Failure::of(error.code(), &error).next("compare the two clocks"))?;
    }
    Ok(chain)
}
