//! `blockworm authority`: an organisation's root and issuing authority, and their replacement.

use super::{certificate::failure, tx::print_receipt};
use crate::{
    cli::{AuthorityAdoptArgs, AuthorityCommand, AuthorityRootArgs, OfOrganisation},
    failure::{Failure, Result},
    output::Format,
    remote::{Remote, client_failure},
    signer::{Signer, now_ms},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{identity::describe, sha256};
use blockworm_execution::{Action, ProposalsMsg};
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_service::{
    identity::{Authority, NextRoot, Passphrase},
    network::ConsortiumFolder,
};
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Runs one of the verbs.
pub async fn run(command: &AuthorityCommand, format: Format) -> Result<ExitCode> {
    match command {
        AuthorityCommand::Show(of) => show(of, format),
        AuthorityCommand::Rotate(of) => rotate(of, format),
        AuthorityCommand::Root(args) => root(args, format).await,
        AuthorityCommand::Adopt(args) => adopt(args, format).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

fn show(of: &OfOrganisation, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&of.place.dir);
    let authority = Authority::load(&folder, &of.organisation).map_err(|error| failure(&error))?;
    print(&authority, format)
}

fn print(authority: &Authority, format: Format) -> Result<()> {
    let view = |certificate: &[u8]| match describe(certificate) {
        Ok(described) => json!({
            "name": described.name, "key": described.public_key,
            "not_after_ms": described.validity.not_after_ms,
            "sha256": sha256(&[certificate]),
        }),
        Err(_) => Value::Null,
    };
    let value = json!({
        "organisation": authority.organisation(), "root": view(authority.root()),
        "root_key_is_here": authority.has_root_key(), "issuing": view(authority.issuing()),
    });
    let line = |what: &str, view: &Value| {
        format!(
            "{what:8} {} {}",
            view["name"].as_str().unwrap_or("-"),
            view["key"].as_str().unwrap_or("")
        )
    };
    let text = [
        line("root", &value["root"]),
        line("issuing", &value["issuing"]),
    ]
    .join("\n");
    format.print(&value, text)
}

fn rotate(of: &OfOrganisation, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&of.place.dir);
    let mut authority =
        Authority::load(&folder, &of.organisation).map_err(|error| failure(&error))?;
    Passphrase::read(&folder.passphrase_file(&of.organisation))
        .and_then(|passphrase| authority.rotate_issuing(&folder, &passphrase, now_ms()))
        .map_err(|error| failure(&error))?;
    print(&authority, format)
}

/// Proposes the new root on one ledger; the same root on the next ones.
async fn root(args: &AuthorityRootArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let organisation = &args.organisation;
    let next = NextRoot::make(&folder, organisation, now_ms()).map_err(|error| failure(&error))?;
    let admin = match &args.admin {
        Some(admin) => admin.clone(),
        None => MemberId::new(organisation, "admin")
            .map_err(|error| Failure::of("member.bad_name", &error).next("name it with --as"))?,
    };
    let signer = Signer::open(&folder, &admin, &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    let now = ledgers_root(&remote, organisation).await?;
    if now == next.certificate {
        let what = "this ledger has accepted the new root already".to_owned();
        return Err(Failure::new("proposal.no_change", what)
            .next(format!("blockworm authority adopt {organisation}")));
    }
    let message = ProposalsMsg::Propose {
        action: Action::SetAuthority {
            organisation: organisation.clone(),
            certificate: next.certificate,
            replaces: sha256(&[&now]),
        },
        for_ms: args.hours * HOUR_MS,
    };
    let message = serde_json::to_vec(&message).map_err(|error| Failure::of("json", &error))?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let contract = "proposals"
        .parse()
        .map_err(|_| Failure::new("contract.bad_name", "`proposals` is no contract's name"))?;
    let receipt = remote.submit_ok(&signer, &contract, message, wait).await?;
    print_receipt(&receipt, format)
}

/// The root certificate that the ledger knows, DER.
pub async fn ledgers_root(remote: &Remote, organisation: &OrganisationId) -> Result<Vec<u8>> {
    let question = json!({ "organisation": { "id": organisation } });
    let record = remote.query("organisations", &question).await?;
    let root = record["ca_certificate"].as_str().unwrap_or_default();
    let root = BASE64_STANDARD.decode(root).unwrap_or_default();
    if root.is_empty() {
        let what = format!("the ledger knows no organisation {organisation}");
        return Err(Failure::new("proposal.unknown_organisation", what).next("blockworm org list"));
    }
    Ok(root)
}

/// From now on the new root issues; what the old one issued is issued again.
async fn adopt(args: &AuthorityAdoptArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let organisation = &args.organisation;
    let next = NextRoot::read(&folder, organisation).map_err(|error| failure(&error))?;
    let Some(next) = next else {
        let what = format!(
            "no new root of {organisation} waits in {}",
            folder.root().display()
        );
        return Err(Failure::new("authority.no_next_root", what)
            .next(format!("blockworm authority root {organisation}")));
    };
    let client = Remote::node(&args.target)?;
    let ledgers = client.ledgers().await.map_err(client_failure)?;
    for ledger in &ledgers {
        let there = Remote::of(client.clone(), ledger)?;
        let Ok(root) = ledgers_root(&there, organisation).await else {
            continue;
        };
        if root != next.certificate {
            let what = format!("ledger {} has not accepted the new root", ledger.name);
            return Err(Failure::new("authority.not_accepted", what).next(format!(
                "blockworm proposal list --ledger {}; blockworm authority root {organisation} --ledger {}",
                ledger.name, ledger.name
            )));
        }
    }
    let authority = next
        .adopt(&folder, now_ms())
        .map_err(|error| failure(&error))?;
    print(&authority, format)
}
