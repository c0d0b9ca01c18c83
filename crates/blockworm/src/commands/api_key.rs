//! `blockworm api-key`: makes, lists and revokes the keys that a node's API accepts.

use super::private_files::private_file_failure;
use crate::{
    cli::{ApiKeyCommand, ApiKeyCreateArgs, ApiKeyPlace, ApiKeyRevokeArgs},
    failure::{Failure, Result},
    output::{self, Format},
    remote::{folder_failure, recorded},
    signer::now_ms,
};
use blockworm_api::keys::{KeyFile, KeyRecord, KeysError, NewKey};
use blockworm_service::network::{ConsortiumFolder, NodeConfigFile, Overrides};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Runs one of the three.
pub fn run(command: &ApiKeyCommand, format: Format) -> Result<ExitCode> {
    match command {
        ApiKeyCommand::Create(args) => create(args, format),
        ApiKeyCommand::List(of) => list(of, format),
        ApiKeyCommand::Revoke(args) => revoke(args, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn create(args: &ApiKeyCreateArgs, format: Format) -> Result<()> {
    let folder = folder(&args.of);
    let path = keys_path(&args.of)?;
    // Held until the file is written: two commands at once must not lose each other's key.
    let _lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let mut file = read(&path)?;
    let now_ms = now_ms();
    let new = NewKey {
        name: args.name.clone(),
        scopes: args.scopes.iter().copied().collect(),
        ledgers: args.ledgers.clone(),
        expires_at_ms: now_ms.saturating_add(args.days.saturating_mul(DAY_MS)),
    };
    let key = file.create(new, now_ms).map_err(|error| failure(&error))?;
    file.write(&path).map_err(|error| failure(&error))?;
    let mut value = file
        .keys
        .last()
        .map_or(Value::Null, |record| view(record, now_ms));
    value["key"] = json!(*key);
    // The key stands alone on its line, so that it can be cut out; it is kept nowhere.
    let text = format!(
        "{}\n\nThis key is shown once. Keep it where only its user can read it (--api-key-file FILE).",
        *key
    );
    format.print(&value, text)
}

fn list(of: &ApiKeyPlace, format: Format) -> Result<()> {
    let file = read(&keys_path(of)?)?;
    let now_ms = now_ms();
    let views: Vec<Value> = file.keys.iter().map(|key| view(key, now_ms)).collect();
    let rows: Vec<[String; 5]> = file.keys.iter().map(|key| row(key, now_ms)).collect();
    let text = output::table(["KEY", "STATE", "SCOPES", "LEDGERS", "ENDS IN"], &rows);
    format.print(&json!({ "keys": views }), text)
}

fn revoke(args: &ApiKeyRevokeArgs, format: Format) -> Result<()> {
    let folder = folder(&args.of);
    let path = keys_path(&args.of)?;
    let _lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let mut file = read(&path)?;
    let now_ms = now_ms();
    let revoked = file
        .revoke(&args.name, now_ms)
        .map_err(|error| failure(&error))?;
    let value = view(revoked, now_ms);
    file.write(&path).map_err(|error| failure(&error))?;
    format.print(&value, format!("the key {} is revoked", args.name))
}

fn folder(of: &ApiKeyPlace) -> ConsortiumFolder {
    ConsortiumFolder::new(&of.place.dir)
}

fn keys_path(of: &ApiKeyPlace) -> Result<PathBuf> {
    node_file(of).map(|file| file.api_keys_file)
}

/// The node.toml of the node, which says where its files are.
pub(super) fn node_file(of: &ApiKeyPlace) -> Result<NodeConfigFile> {
    let folder = folder(of);
    let record = recorded(&folder)?;
    if !record.nodes.iter().any(|node| node.organisation == of.node) {
        let nodes: Vec<_> = record
            .nodes
            .iter()
            .map(|node| node.organisation.as_str())
            .collect();
        let what = format!("no node of {} is in this folder", of.node);
        let next = format!("--node {}", nodes.join(" or "));
        return Err(Failure::new("node.not_found", what).next(next));
    }
    NodeConfigFile::read(&folder.node_file(&of.node), Overrides::default())
        .map_err(|error| Failure::of("config.unusable", &error).next("blockworm doctor"))
}

fn read(path: &std::path::Path) -> Result<KeyFile> {
    let read = KeyFile::read(path).map_err(|error| failure(&error))?;
    Ok(read.unwrap_or_default())
}

fn state(key: &KeyRecord, now_ms: u64) -> &'static str {
    match key.revoked_at_ms {
        Some(_) => "revoked",
        None if now_ms >= key.expires_at_ms => "ended",
        None => "good",
    }
}

fn scopes(key: &KeyRecord) -> Vec<&'static str> {
    key.scopes.iter().map(|scope| scope.as_str()).collect()
}

/// Everything about a key but the key and its digest.
fn view(key: &KeyRecord, now_ms: u64) -> Value {
    json!({
        "name": key.name,
        "state": state(key, now_ms),
        "scopes": scopes(key),
        "ledgers": key.ledgers,
        "created_at_ms": key.created_at_ms,
        "expires_at_ms": key.expires_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
    })
}

fn row(key: &KeyRecord, now_ms: u64) -> [String; 5] {
    let ledgers = if key.ledgers.is_empty() {
        "all".to_owned()
    } else {
        key.ledgers.join(", ")
    };
    let days = key.expires_at_ms.saturating_sub(now_ms) / DAY_MS;
    [
        key.name.clone(),
        state(key, now_ms).to_owned(),
        scopes(key).join(", "),
        ledgers,
        format!("{days} days"),
    ]
}

fn failure(error: &KeysError) -> Failure {
    match error {
        KeysError::File(inner) => private_file_failure(
            "keys",
            inner,
            "restore the file, or remove it and make new keys",
        ),
        KeysError::BadKey(_) => {
            Failure::of("key.bad", error).next("blockworm api-key create --help")
        }
        KeysError::NameTaken { .. } => {
            Failure::of("key.name_taken", error).next("choose another name")
        }
        KeysError::Unknown { .. } => {
            Failure::of("key.unknown", error).next("blockworm api-key list")
        }
        KeysError::TooMany => Failure::of("keys.too_many", error)
            .next("remove ended and revoked keys from the file by hand"),
        KeysError::NoRandomness => Failure::of("system.random", error),
    }
}
