//! `blockworm member`: registers, renews, revokes and lists members.

use super::tx::print_receipt;
use crate::{
    cli::{MemberCommand, MemberListArgs, MemberRegisterArgs, MemberRenewArgs, MemberRevokeArgs},
    failure::{Failure, Result},
    output::{Format, table},
    remote::Remote,
    signer::{Signer, now_ms},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{Algorithm, Namespace, sha256};
use blockworm_ledger::{ContractName, LedgerId, MemberId};
use blockworm_service::{
    identity::{self, Authority, Identity, IdentityError, Passphrase},
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
    let possession = identity
        .key
        .sign(&namespace, &sha256(&[&identity.certificate]));
    let member = json!({
        "certificate": BASE64_STANDARD.encode(&identity.certificate),
        "possession": possession,
    });
    json!({ verb: member }).to_string().into_bytes()
}

async fn register(args: &MemberRegisterArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let organisation = args.member.organisation();
    let name = args.member.name();
    if folder.key_file(&organisation, name).exists() {
        let what = format!("a key of {} lies in the folder already", args.member);
        return Err(Failure::new("member.key_exists", what).next(format!(
            "blockworm member renew {}; or choose another name",
            args.member
        )));
    }
    let unusable =
        |error: IdentityError| Failure::of("member.not_certified", &error).next("blockworm doctor");
    let authority = Authority::load(&folder, &organisation).map_err(unusable)?;
    let identity = authority
        .create_member(name, &args.functions, Algorithm::Ed25519, now_ms())
        .map_err(unusable)?;
    let admin = admin(&folder, &args.member, args.admin.as_ref(), &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    // The key is kept before it is registered: a registered key that is lost helps nobody.
    let passphrase = Passphrase::read(&folder.passphrase_file(&organisation)).map_err(unusable)?;
    identity::keep(&folder, &organisation, name, &identity, &passphrase).map_err(unusable)?;
    let message = registration("register", remote.ledger, &identity);
    let wait = Duration::from_secs(args.signing.wait_s);
    let submitted = remote.submit_ok(&admin, &contract(), message, wait).await;
    if let Err(failure) = &submitted
        && failure.code != "transaction.pending"
    {
        discard(&folder, &args.member);
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
    let functions = if args.functions.is_empty() {
        identity::read_member(&old.certificate)
            .map_err(unusable)?
            .functions
    } else {
        args.functions.clone()
    };
    let certificate = Authority::load(&folder, &organisation)
        .and_then(|authority| {
            authority.issue(
                args.member.name(),
                &functions,
                &old.key.public_key(),
                now_ms(),
            )
        })
        .map_err(unusable)?;
    let renewed = Identity {
        certificate,
        key: old.key,
    };
    let admin = admin(&folder, &args.member, args.admin.as_ref(), &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    let message = registration("renew", remote.ledger, &renewed);
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote.submit_ok(&admin, &contract(), message, wait).await?;
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
