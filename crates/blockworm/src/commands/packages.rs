//! `blockworm node package|install`: what a node needs on a host of its own.

use crate::{
    cli::{NodeInstallArgs, NodePackageArgs},
    failure::{Failure, Result},
    output::{Format, table},
    remote::{folder_failure, recorded},
};
use blockworm_service::network::{
    ConsortiumFolder,
    config::ConfigError,
    elsewhere::{self, ElsewhereError, InstalledLedger, JoinFile},
    package::{self, PackageError},
};
use serde::Serialize;
use std::{fs, process::ExitCode};

#[derive(Serialize)]
struct Packaged {
    organisation: String,
    out: String,
    files: Vec<String>,
    /// Of each ledger's genesis, for whoever installs it to compare.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    genesis_digests: Vec<String>,
}

/// Writes a package or a join file.
pub fn package(args: &NodePackageArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    recorded(&folder)?;
    let packaged = match args.target.kind() {
        None => join_file(args, &folder)?,
        Some(kind) => {
            let files = package::package(&folder, &args.organisation, kind, &args.program)
                .and_then(|files| package::write(&files, &args.out).map(|()| files))
                .map_err(|error| package_failure(&folder, &error))?;
            Packaged {
                organisation: args.organisation.to_string(),
                out: args.out.display().to_string(),
                files: files.into_iter().map(|(name, _)| name).collect(),
                genesis_digests: Vec::new(),
            }
        }
    };
    let mut text = match packaged.files.first() {
        Some(first) => format!(
            "wrote {} files to {}; {first} begins with how to use them",
            packaged.files.len(),
            packaged.out
        ),
        None => format!(
            "wrote {}, which holds no secret; on the other host: blockworm node install {} --dir DIR",
            packaged.out, packaged.out
        ),
    };
    for digest in &packaged.genesis_digests {
        text.push_str(&format!("\n  genesis {digest}"));
    }
    if !packaged.genesis_digests.is_empty() {
        text.push_str("\ntell the digests by another way than the file, so that it can be checked (--genesis)");
    }
    format.print(&packaged, text)?;
    Ok(ExitCode::SUCCESS)
}

fn join_file(args: &NodePackageArgs, folder: &ConsortiumFolder) -> Result<Packaged> {
    let reached = args.reached_at.iter().cloned().collect();
    let join = JoinFile::gather(folder, &args.organisation, &args.ledgers, &reached)
        .map_err(|error| elsewhere_failure(folder, &error))?;
    let text = join
        .to_json()
        .map_err(|error| folder_failure(folder, &error))?;
    fs::write(&args.out, text).map_err(|error| {
        Failure::of("file.unwritable", &error)
            .during(format!("cannot write {}", args.out.display()))
            .next("give a file in a folder that is there")
    })?;
    let digests = join.ledgers.iter();
    Ok(Packaged {
        organisation: args.organisation.to_string(),
        out: args.out.display().to_string(),
        files: Vec::new(),
        genesis_digests: digests
            .map(|one| format!("{} {}", one.name, one.digest()))
            .collect(),
    })
}

#[derive(Serialize)]
struct Installed {
    organisation: String,
    key: String,
    key_is_new: bool,
    listen: String,
    api_url: String,
    ledgers: Vec<InstalledLedger>,
    next: Vec<String>,
}

/// Sets up a node from a join file.
pub fn install(args: &NodeInstallArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let failed = |error: ElsewhereError| elsewhere_failure(&folder, &error);
    let join = JoinFile::read(&args.file).map_err(failed)?;
    join.check_digests(&args.digests).map_err(failed)?;
    let (listen, api) = elsewhere::usual_addresses();
    let (listen, api) = (args.listen.unwrap_or(listen), args.api.unwrap_or(api));
    let made = elsewhere::install(&folder, &join, listen, api).map_err(failed)?;
    let dir = args.place.dir.display();
    let organisation = &made.node.organisation;
    let mut next = Vec::new();
    if made.ledgers.iter().any(|ledger| !ledger.founder) {
        next.push(format!(
            "where a ledger does not list the node: a member votes it in (blockworm proposal make admit-node, then add-validator) with key {} and the address where others reach {listen}",
            made.key
        ));
    }
    next.push(format!("blockworm node start {organisation} --dir {dir}"));
    next.push(format!("blockworm network health --dir {dir}"));
    let rows: Vec<[String; 3]> = made
        .ledgers
        .iter()
        .map(|ledger| {
            let place = if ledger.founder {
                "founder"
            } else {
                "to be admitted"
            };
            [
                ledger.name.clone(),
                place.to_owned(),
                ledger.genesis_digest.clone(),
            ]
        })
        .collect();
    let compare = if args.digests.is_empty() {
        "\ncompare the digests with another organisation's before the first start"
    } else {
        ""
    };
    let text = format!(
        "the node of {organisation} is set up in {}; key {}\n\n{}{compare}\n\nnext:\n  {}",
        folder.node_file(organisation).display(),
        made.key,
        table(["LEDGER", "PLACE", "GENESIS DIGEST"], &rows),
        next.join("\n  ")
    );
    let installed = Installed {
        organisation: organisation.to_string(),
        key: made.key.to_string(),
        key_is_new: made.key_is_new,
        listen: listen.to_string(),
        api_url: made.node.api_url(),
        ledgers: made.ledgers,
        next,
    };
    format.print(&installed, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What it means that a join file cannot be made or used.
pub fn elsewhere_failure(folder: &ConsortiumFolder, error: &ElsewhereError) -> Failure {
    let (code, next) = match error {
        ElsewhereError::Folder(inner) => return folder_failure(folder, inner),
        ElsewhereError::Config(inner) => return config_failure(inner),
        ElsewhereError::Malformed { .. } => (
            "join.malformed",
            "have it made anew: blockworm node package ORG --for join".to_owned(),
        ),
        ElsewhereError::NoNode { .. } => (
            "join.no_ledger",
            "name the ledgers with --ledger; the folder's node must keep them".to_owned(),
        ),
        ElsewhereError::Unreachable { organisation, .. } => (
            "join.unreachable",
            format!("say where others reach it: --reached-at {organisation}=ADDRESS:PORT"),
        ),
        ElsewhereError::OtherOrganisation { wanted, .. } => (
            "node.other_organisation",
            format!(
                "install it in the folder with the keys of {wanted}, or have a file made for your organisation"
            ),
        ),
        ElsewhereError::Installed { .. } => (
            "node.installed",
            "start it (blockworm node start), or add a ledger with blockworm ledger join"
                .to_owned(),
        ),
        ElsewhereError::OtherGenesis { .. } => (
            "ledger.name_taken",
            "two ledgers of one node need different names; keep it in another folder".to_owned(),
        ),
        ElsewhereError::LedgerName { .. } => (
            "ledger.bad_name",
            "do not use this file: found the ledger under another name".to_owned(),
        ),
        ElsewhereError::Unexpected { .. } => (
            "ledger.other_genesis",
            "do not use this file: ask its maker, and compare the digests by another way"
                .to_owned(),
        ),
        ElsewhereError::Identity(_) => (
            "key.unusable",
            format!("blockworm doctor --dir {}", folder.root().display()),
        ),
    };
    Failure::of(code, error).next(next)
}

/// What it means that a node's settings cannot be used.
pub fn config_failure(error: &ConfigError) -> Failure {
    Failure::of("config.unusable", error).next("correct the file, then run it again")
}

fn package_failure(folder: &ConsortiumFolder, error: &PackageError) -> Failure {
    let (code, next) = match error {
        PackageError::Folder(inner) => return folder_failure(folder, inner),
        PackageError::Config(inner) => return config_failure(inner),
        PackageError::Local { .. } => (
            "package.local",
            "set profile = \"network\" in node.toml, with addresses that other hosts reach",
        ),
        PackageError::SeveralTlsKeys { .. } => (
            "package.several_tls_keys",
            "let all listeners of node.toml use the same certificate_file and key_file",
        ),
        PackageError::LedgerName { .. } => (
            "ledger.bad_name",
            "such a ledger cannot be packaged; found it under another name",
        ),
        PackageError::NotEmpty { .. } => (
            "package.not_empty",
            "choose a new folder with -o, or empty this one",
        ),
    };
    Failure::of(code, error).next(next)
}
