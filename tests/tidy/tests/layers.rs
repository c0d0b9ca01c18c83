//! The layers of ARCHITECTURE.md: arrows point down, and one crate alone names the engine.

#![allow(clippy::unwrap_used)]

use blockworm_tidy::{files, root};
use std::{collections::BTreeMap, fs};

/// The level of every folder; a crate may use only crates of lower levels.
const LEVELS: &[(&str, u32)] = &[
    ("crates/crypto", 0),
    ("crates/ledger", 1),
    ("crates/state", 2),
    ("crates/execution", 3),
    ("contracts/kit", 2),
    ("contracts/asset-issuance", 3),
    ("contracts/asset-transaction", 3),
    ("contracts/evidence", 3),
    ("contracts/money", 3),
    ("contracts/receivable", 3),
    ("contracts/registry", 3),
    ("crates/node", 4),
    ("crates/verify", 4),
    ("crates/verify-page", 5),
    ("crates/document", 5),
    ("crates/service", 5),
    ("crates/workflows", 6),
    ("crates/api", 7),
    ("crates/console", 7),
    ("crates/blockworm", 8),
];

/// What a business contract may use besides contracts/kit: the rules must run on any CosmWasm host.
const CONTRACT_DEPENDENCIES: &[&str] = &[
    "blockworm-kit",
    "cosmwasm-schema",
    "cosmwasm-std",
    "cw-storage-plus",
    "serde",
    "sha2",
    "thiserror",
];

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn dependencies(manifest: &toml::Table) -> Vec<String> {
    manifest
        .get("dependencies")
        .and_then(|d| d.as_table())
        .map_or_else(Vec::new, |d| d.keys().cloned().collect())
}

fn folders(parent: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(parent))
        .unwrap()
        .flatten()
        .filter(|e| e.path().join("Cargo.toml").is_file())
        .map(|e| format!("{parent}/{}", e.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

#[test]
fn every_crate_has_a_level_and_its_arrows_point_down() {
    let levels: BTreeMap<String, u32> = LEVELS
        .iter()
        .map(|(folder, level)| {
            let name = manifest(folder)["package"]["name"]
                .as_str()
                .unwrap()
                .to_owned();
            (name, *level)
        })
        .collect();
    for folder in folders("crates").into_iter().chain(folders("contracts")) {
        let level = LEVELS.iter().find(|(f, _)| *f == folder);
        let (_, level) = level.unwrap_or_else(|| panic!("{folder} has no level: add it to LEVELS"));
        for dependency in dependencies(&manifest(&folder)) {
            if let Some(below) = levels.get(&dependency) {
                assert!(
                    below < level,
                    "{folder} (level {level}) uses {dependency} (level {below})"
                );
            }
        }
    }
}

#[test]
fn contracts_use_the_kit_and_cosmwasm_alone() {
    for folder in folders("contracts") {
        for dependency in dependencies(&manifest(&folder)) {
            assert!(
                CONTRACT_DEPENDENCIES.contains(&dependency.as_str()),
                "{folder} uses {dependency}: a contract runs on any CosmWasm host"
            );
        }
    }
}

#[test]
fn only_the_node_names_the_engine() {
    let engine = ["common", "ware"].concat();
    for file in files(".rs").into_iter().chain(files("Cargo.toml")) {
        let allowed = file.path.starts_with("crates/node/") || file.path == "Cargo.toml";
        assert!(
            allowed || !file.text.to_lowercase().contains(&engine),
            "{} names the engine: only crates/node may",
            file.path
        );
    }
}

/// A module that is not Rust can call only what is exported unmangled, which counts as unsafe. This
/// crate alone may, and says so at each export.
const EXPORTING: &str = "crates/verify-page";

#[test]
fn the_exporting_crate_takes_every_other_lint() {
    let workspace = manifest(".")["workspace"]["lints"].clone();
    let mut own = manifest(EXPORTING)["lints"].clone();
    let unsafe_code = own["rust"]
        .as_table_mut()
        .unwrap()
        .insert("unsafe_code".into(), "forbid".into());
    assert_eq!(unsafe_code, Some(toml::Value::String("deny".into())));
    assert_eq!(own, workspace);
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for parent in ["crates", "contracts", "third_party"] {
        for folder in folders(parent) {
            if folder == EXPORTING {
                continue;
            }
            let lints = manifest(&folder)
                .get("lints")
                .and_then(|l| l.get("workspace"))
                .cloned();
            assert_eq!(
                lints,
                Some(toml::Value::Boolean(true)),
                "{folder}: [lints] workspace = true"
            );
        }
    }
}

#[test]
fn deterministic_crates_deny_floats_and_hash_order() {
    let line = "#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]";
    for folder in ["crates/ledger", "crates/state", "crates/execution"]
        .into_iter()
        .map(String::from)
        .chain(folders("contracts"))
    {
        let lib = fs::read_to_string(root().join(&folder).join("src/lib.rs")).unwrap();
        assert!(lib.contains(line), "{folder}/src/lib.rs must say {line}");
    }
}
