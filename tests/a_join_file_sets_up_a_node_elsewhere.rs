//! A node is set up elsewhere by a join file, beside its organisation's own keys; a file that is not what it should be is refused
//! and writes nothing.
#![allow(clippy::unwrap_used)]

mod dsl;
mod hosts;

use dsl::path;
use hosts::{Scene, check_no_secret, on};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// A join file made by the platform, installed in the bank's own folder, which has its keys alone.
#[test]
fn a_join_file_sets_up_a_node_elsewhere() {
    let scene = Scene::set();
    let platform = scene.host("platform");
    let file = scene.beside("join.json");
    let args = [
        "node",
        "package",
        "bank",
        "--for",
        "join",
        "-o",
        path(&file),
    ];
    let made = on(platform.folder.root(), &args).json();
    let digests = made["genesis_digests"].as_array().unwrap().clone();
    assert_eq!(digests.len(), 2);
    let text = fs::read_to_string(&file).unwrap();
    check_no_secret(platform, &text);
    let join: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        join["peers"].as_array().unwrap().len(),
        4,
        "all but the bank"
    );

    let bank = scene
        .host("bank")
        .folder
        .organisation(&"bank".parse().unwrap());
    let mine = scene.beside("mine");
    hosts::copy(&bank.join("keys"), &mine.join("bank/keys"));
    let install = |more: &[&str]| on(&mine, &[&["node", "install", path(&file)], more].concat());
    let other = install(&["--genesis", &"00".repeat(32)]);
    assert_eq!(other.error_code(), "ledger.other_genesis");
    let digest = |number: usize| {
        digests[number]
            .as_str()
            .unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
    };
    let both = ["--genesis", digest(0), "--genesis", digest(1)];
    let installed = install(&both).json();
    assert_eq!(
        (
            &installed["key_is_new"],
            &installed["ledgers"][0]["founder"]
        ),
        (&false.into(), &true.into())
    );
    assert_eq!(install(&both).error_code(), "node.installed");
    check_record(&mine);
    let again = on(
        &mine,
        &[
            "node",
            "package",
            "bank",
            "--for",
            "systemd",
            "-o",
            path(&scene.beside("unit")),
        ],
    );
    again.json();
    refuse_what_is_wrong(&scene, &file, &join);
}

fn refuse_what_is_wrong(scene: &Scene, file: &Path, join: &Value) {
    let try_install = |join: &Value, keys_of: &str| {
        let wrong = scene.beside("wrong.json");
        fs::write(&wrong, join.to_string()).unwrap();
        let fresh = tempfile::tempdir_in(scene.scratch.path()).unwrap();
        let home = scene
            .host(keys_of)
            .folder
            .organisation(&keys_of.parse().unwrap());
        let to = fresh.path().join(keys_of).join("keys");
        hosts::copy(&home.join("keys"), &to);
        let ran = on(fresh.path(), &["node", "install", path(&wrong)]);
        let written: Vec<_> = fs::read_dir(fresh.path()).unwrap().flatten().collect();
        assert!(!written.iter().any(|entry| entry.file_name() == "FORMAT"));
        ran.error_code()
    };
    assert_eq!(try_install(join, "court"), "node.other_organisation");
    let changed = |change: fn(&mut Value)| {
        let mut changed = join.clone();
        change(&mut changed);
        changed
    };
    let outside = changed(|join| join["ledgers"][0]["name"] = "../../outside".into());
    assert_eq!(try_install(&outside, "bank"), "ledger.bad_name");
    assert!(!scene.beside("outside.json").exists());
    let newer = changed(|join| join["format"] = "blockworm-join/9".into());
    assert_eq!(try_install(&newer, "bank"), "join.malformed");
    let empty = changed(|join| join["ledgers"] = json!([]));
    assert_eq!(try_install(&empty, "bank"), "join.malformed");
    let unknown = changed(|join| join["secret"] = true.into());
    assert_eq!(try_install(&unknown, "bank"), "join.malformed");
    let nobody = on(
        scene.host("platform").folder.root(),
        &[
            "node",
            "package",
            "tax-office",
            "--for",
            "join",
            "-o",
            path(file),
        ],
    );
    assert_eq!(nobody.error_code(), "join.no_ledger");
}

/// Members are those whose keys lie here.
fn check_record(mine: &Path) {
    let record: Value =
        serde_json::from_str(&fs::read_to_string(mine.join("consortium.json")).unwrap()).unwrap();
    assert_eq!(record["nodes"][0]["organisation"], "bank");
    let organisations = record["organisations"].as_array().unwrap();
    let members = |id: &str| {
        let found = organisations.iter().find(|one| one["id"] == id).unwrap();
        found["members"].as_array().unwrap().len()
    };
    assert!(members("bank") >= 4 && members("court") == 0, "{record:#}");
}
