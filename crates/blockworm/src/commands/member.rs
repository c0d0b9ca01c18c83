//! `blockworm member`: registers, renews, revokes and lists members.

mod presentation;
mod rotation;

pub use presentation::presented;

use super::{certificate::failure, tx::print_receipt};
use crate::{
    cli::{MemberCommand, MemberListArgs, MemberRegisterArgs, MemberRenewArgs, MemberRevokeArgs},
    failure::{Failure, Result},
    output::{Format, table},
    remote::Remote,
    signer::{Signer, now_ms},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{Algorithm, Namespace, Signature, Signing, SigningError, sha256};
use blockworm_ledger::{ContractName, LedgerId, MemberId};
use blockworm_service::{
    identity::{
        self, AUTHORITY, Authority, Enrolled, Identity, IdentityError, IssuedLog, Passphrase,
        PossessionProof, Possessions, is_reserved,
    },
    network::ConsortiumFolder,
};
use serde_json::{Value, json};
use std::{fs, process::ExitCode, time::Duration};

/// The system contract that knows the members.
const CONTRACT: &str = "members";
/// Most members in one answer of the contract.
const PAGE: u32 = 100;

/// Runs one of the verbs.
pub async fn run(command: &MemberCommand, format: Format) -> Result<ExitCode> {
    match command {
        MemberCommand::Register(args) => register(args, format).await,
        MemberCommand::Renew(args) => renew(args, format).await,
        MemberCommand::RotateKey(args) => rotation::run(args, format).await,
        MemberCommand::Present(args) => presentation::run(args, format),
        MemberCommand::Revoke(args) => revoke(args, format).await,
        MemberCommand::List(args) => list(args, format).await,
    }
}

/// The system contract's name.
pub fn contract() -> ContractName {
    CONTRACT
        .parse()
        .expect("invariant: the system contract's name is well formed")
}

/// The message that registers a member: its certificate, and its own key's signature over it.
pub fn registration(verb: &str, ledger: LedgerId, identity: &Identity) -> Vec<u8> {
    let namespace = Namespace::new(&ledger.to_string(), "register");
    let chain = &identity.certificate;
    let possession = identity.key.sign(&namespace, &sha256(&[chain]));
    registration_message(verb, chain, &possession)
}

/// The same with a key that may lie on a token.
pub fn registration_by(
    verb: &str,
    ledger: LedgerId,
    chain: &[u8],
    key: &dyn Signing,
) -> std::result::Result<Vec<u8>, SigningError> {
    let namespace = Namespace::new(&ledger.to_string(), "register");
    let possession = key.sign(&namespace, &sha256(&[chain]))?;
    Ok(registration_message(verb, chain, &possession))
}

pub(super) fn registration_message(verb: &str, chain: &[u8], possession: &Signature) -> Vec<u8> {
    let member = json!({
        "certificate": BASE64_STANDARD.encode(chain),
        "possession": possession,
    });
    json!({ verb: member }).to_string().into_bytes()
}

async fn register(args: &MemberRegisterArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let enrolled = Possessions::read(&folder, &args.member).map_err(|error| failure(&error))?;
    match enrolled {
        Some(proof) => register_enrolled(args, &folder, &proof, format).await,
        None => register_new(args, &folder, format).await,
    }
}

/// A member who was certified by token and proved on its own machine that it holds the key.
async fn register_enrolled(
    args: &MemberRegisterArgs,
    folder: &ConsortiumFolder,
    proof: &PossessionProof,
    format: Format,
) -> Result<ExitCode> {
    if !args.functions.is_empty() {
        let what = format!(
            "{} was enrolled; its certificate says what it may do",
            args.member
        );
        return Err(Failure::new("member.functions_are_certified", what)
            .next("leave --function out, or enrol it again with another token"));
    }
    let admin = admin(folder, &args.member, args.admin.as_ref(), &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    let possession = proof.possession.get(&remote.ledger).ok_or_else(|| {
        let what = format!(
            "{} proved no possession for ledger {}",
            args.member, remote.ledger
        );
        Failure::new("member.possession_unproved", what)
            .next("enrol it with a token whose --ledger names it")
    })?;
    let member = json!({ "certificate": proof.certificate, "possession": possession });
    let message = json!({ "register": member }).to_string().into_bytes();
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote.submit_ok(&admin, &contract(), message, wait).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

async fn register_new(
    args: &MemberRegisterArgs,
    folder: &ConsortiumFolder,
    format: Format,
) -> Result<ExitCode> {
    let organisation = args.member.organisation();
    let name = args.member.name();
    if args.functions.is_empty() {
        let what = format!("nothing says what {} may do", args.member);
        return Err(Failure::new("member.no_function", what).next(format!(
            "give --function maker, or enrol it: blockworm enrolment token {name} --node {organisation}"
        )));
    }
    if is_reserved(name) {
        let what = format!("`{name}` is the name of another key in the folder");
        return Err(Failure::new("member.bad_name", what).next("choose another name"));
    }
    if folder.key_file(&organisation, name).exists() {
        let what = format!("a key of {} lies in the folder already", args.member);
        return Err(Failure::new("member.key_exists", what).next(format!(
            "blockworm member renew {}; or choose another name",
            args.member
        )));
    }
    let unusable =
        |error: IdentityError| Failure::of("member.not_certified", &error).next("blockworm doctor");
    let authority = Authority::load(folder, &organisation).map_err(unusable)?;
    let identity = authority
        .create_member(name, &args.functions, Algorithm::Ed25519, now_ms())
        .map_err(unusable)?;
    let admin = admin(folder, &args.member, args.admin.as_ref(), &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    // The key is kept before it is registered: a registered key that is lost helps nobody.
    let passphrase = Passphrase::read(&folder.passphrase_file(&organisation)).map_err(unusable)?;
    IssuedLog::of(folder, &organisation)
        .record(&identity.certificate, Enrolled::Registered, None)
        .map_err(|error| unusable(error.into()))?;
    identity::keep(folder, &organisation, name, &identity, &passphrase).map_err(unusable)?;
    let message = registration("register", remote.ledger, &identity);
    let wait = Duration::from_secs(args.signing.wait_s);
    let submitted = remote.submit_ok(&admin, &contract(), message, wait).await;
    if let Err(failure) = &submitted
        && failure.code != "transaction.pending"
    {
        discard(folder, &args.member);
    }
    print_receipt(&submitted?, format)?;
    Ok(ExitCode::SUCCESS)
}

/// Forgets the key of a member that was refused.
fn discard(folder: &ConsortiumFolder, member: &MemberId) {
    let organisation = member.organisation();
    for path in [
        folder.key_file(&organisation, member.name()),
        folder.certificate_file(&organisation, member.name()),
    ] {
        // A key file that stays is found and named by the next `register`.
        let _ = fs::remove_file(path);
    }
}

async fn renew(args: &MemberRenewArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let organisation = args.member.organisation();
    let unusable =
        |error: IdentityError| Failure::of("member.not_certified", &error).next("blockworm doctor");
    let old = identity::load(&folder, &args.member).map_err(unusable)?;
    let before = identity::read_member(&old.certificate).map_err(unusable)?;
    let functions = match args.functions.is_empty() {
        true => before.functions.clone(),
        false => args.functions.clone(),
    };
    let remote = Remote::connect(&args.target).await?;
    let certificate = if folder.certificate_file(&organisation, AUTHORITY).exists() {
        Authority::load(&folder, &organisation)
            .and_then(|authority| {
                let name = args.member.name();
                let chain = authority.issue(name, &functions, &old.key.public_key(), now_ms())?;
                IssuedLog::of(&folder, &organisation).record(&chain, Enrolled::Renewed, None)?;
                Ok(chain)
            })
            .map_err(unusable)?
    } else {
        rotation::by_node(&remote.client, &args.member, &old, &old.key).await?
    };
    let renewed = Identity {
        certificate,
        key: old.key,
    };
    let signer = match (&args.admin, functions == before.functions) {
        (None, true) => Signer::open(&folder, &args.member, &args.signing)?,
        (given, _) => admin(&folder, &args.member, given.as_ref(), &args.signing)?,
    };
    let message = registration("renew", remote.ledger, &renewed);
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote
        .submit_ok(&signer, &contract(), message, wait)
        .await?;
    let path = folder.certificate_file(&organisation, args.member.name());
    identity::write_certificate(&path, &renewed.certificate).map_err(unusable)?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

async fn revoke(args: &MemberRevokeArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let admin = admin(&folder, &args.member, args.admin.as_ref(), &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    let message = json!({ "revoke": { "member": args.member, "reason": args.reason } });
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote
        .submit_ok(&admin, &contract(), message.to_string().into_bytes(), wait)
        .await?;
    let organisation = args.member.organisation();
    if folder.organisation(&organisation).exists() {
        // For outsiders, who read the list of revocations; the ledger knows already.
        IssuedLog::of(&folder, &organisation)
            .revoke(args.member.as_str(), now_ms(), &args.reason)
            .map_err(|error| Failure::of(error.code(), &error).next("restore issued.jsonl"))?;
    }
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

fn admin(
    folder: &ConsortiumFolder,
    member: &MemberId,
    given: Option<&MemberId>,
    signing: &crate::cli::Signing,
) -> Result<Signer> {
    let admin = match given {
        Some(admin) => admin.clone(),
        None => MemberId::new(&member.organisation(), "admin").map_err(|error| {
            Failure::of("member.bad_name", &error).next("name the admin with --as")
        })?,
    };
    Signer::open(folder, &admin, signing)
}

async fn list(args: &MemberListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let mut members: Vec<Value> = Vec::new();
    loop {
        let last = members.last().map(|member| member["id"].clone());
        let question = json!({ "list": {
            "organisation": args.organisation,
            "start_after": last,
            "limit": PAGE,
        }});
        let answer = remote.query(CONTRACT, &question).await?;
        let page = answer.as_array().cloned().unwrap_or_default();
        let full = page.len() == PAGE as usize;
        members.extend(page);
        if !full {
            break;
        }
    }
    let rows: Vec<[String; 4]> = members
        .iter()
        .map(|member| {
            let functions = member["functions"]
                .as_array()
                .map_or_else(String::new, |all| {
                    all.iter()
                        .filter_map(Value::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                });
            let standing = member["revoked_at"].as_u64().map_or_else(
                || "active".to_owned(),
                |height| format!("revoked at {height}"),
            );
            let text = |key: &str| member[key].as_str().unwrap_or_default().to_owned();
            [text("id"), functions, standing, text("key")]
        })
        .collect();
    format.print(
        &members,
        table(["MEMBER", "FUNCTIONS", "STANDING", "KEY"], &rows),
    )?;
    Ok(ExitCode::SUCCESS)
}
