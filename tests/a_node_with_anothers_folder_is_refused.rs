//! A node that is started with another organisation's folder or key ends at once and says whose it is; it casts no vote.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, Ran, path, run};
use std::{fs, path::PathBuf, process::Command};

fn home(consortium: &Consortium, organisation: &str) -> PathBuf {
    consortium
        .folder
        .organisation(&organisation.parse().unwrap())
}

/// What the court's own process says when it runs with its settings as they stand.
fn run_court(consortium: &Consortium) -> Ran {
    let config = home(consortium, "court").join("node.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
    run(command.args(["node", "run", "--config", path(&config), "--output", "json"]))
}

#[track_caller]
fn refused(ran: &Ran, owner: &str) {
    assert_eq!(ran.error_code(), "node.other_organisation");
    let line = ran.stderr.lines().last().unwrap();
    assert!(line.contains(owner) && line.contains("node.toml"), "{line}");
    assert!(!ran.stderr.contains("epoch entered"), "{ran:#?}");
}

#[test]
fn a_node_with_anothers_folder_is_refused() {
    let consortium = Consortium::start(4);
    consortium.run(&["node", "stop", "court"]).json();
    let court = home(&consortium, "court");
    let settings = fs::read_to_string(court.join("node.toml")).unwrap();

    // The settings name somebody else: the certificate beside the key tells.
    let renamed = settings.replacen("\"court\"", "\"notary\"", 1);
    fs::write(court.join("node.toml"), &renamed).unwrap();
    refused(&run_court(&consortium), "court");

    // Without a certificate the ledger itself tells, before any vote.
    let certificate = court.join("keys/node.cert.pem");
    let kept = fs::read(&certificate).unwrap();
    fs::remove_file(&certificate).unwrap();
    refused(&run_court(&consortium), "court");
    let started = consortium.run(&["node", "start", "court"]);
    assert_eq!(started.error_code(), "node.start");
    assert!(
        started.stderr.contains("is the node of court"),
        "{started:#?}"
    );

    // The court's settings with the bank's key: the ledger knows it.
    fs::write(court.join("node.toml"), &settings).unwrap();
    let bank = home(&consortium, "bank");
    for name in ["consensus.key.pem", "passphrase"] {
        let to = court.join("keys").join(name);
        fs::copy(&to, to.with_extension("kept")).unwrap();
        fs::copy(bank.join("keys").join(name), &to).unwrap();
    }
    refused(&run_court(&consortium), "bank");

    // With its own again it starts.
    for name in ["consensus.key.pem", "passphrase"] {
        let to = court.join("keys").join(name);
        fs::copy(to.with_extension("kept"), &to).unwrap();
    }
    fs::write(&certificate, kept).unwrap();
    consortium.run(&["node", "start", "court"]).json();
    archive_and_come_back(&consortium);
}

/// A ledger is archived by vote, dropped by one node and kept again; before the vote nothing is dropped.
fn archive_and_come_back(consortium: &Consortium) {
    let bank = ["--as-org", "bank"];
    let drop = [&["ledger", "archive", "registry", "--drop"], &bank[..]].concat();
    assert_eq!(consortium.run(&drop).error_code(), "ledger.not_archived");
    let ambiguous = consortium.run(&["ledger", "archive", "registry", "--drop"]);
    assert_eq!(ambiguous.error_code(), "node.ambiguous");
    let proposed = consortium
        .run(&["ledger", "archive", "registry", "--as", "bank/admin"])
        .json();
    let event = &proposed["events"][0];
    let number = event["subject"].as_str().unwrap();
    for voter in ["platform/admin", "notary/admin", "court/admin"] {
        let vote = [
            "proposal", "vote", number, "--as", voter, "--ledger", "registry",
        ];
        consortium.run(&vote).json();
    }
    let dropped = consortium.run(&drop).json();
    let files = PathBuf::from(dropped["files"].as_str().unwrap());
    assert!(files.join("state").is_dir(), "{dropped}");
    let names = || {
        let listed = consortium.run(&["ledger", "list", "--node", "bank"]).json();
        let all = listed.as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(), ["trade"]);
    assert_eq!(consortium.run(&drop).error_code(), "ledger.not_found");
    let last = ["ledger", "archive", "trade", "--drop", "--as-org", "bank"];
    assert_eq!(consortium.run(&last).error_code(), "ledger.not_archived");

    let genesis = consortium.folder.genesis_file("registry");
    let join = |more: &[&str]| {
        let args = ["ledger", "join", path(&genesis), "--as-org", "bank"];
        consortium.run(&[&args[..], more].concat())
    };
    assert_eq!(
        join(&["--genesis", &"00".repeat(32)]).error_code(),
        "ledger.other_genesis"
    );
    let joined = join(&[]).json();
    let others = consortium
        .run(&["ledger", "list", "--node", "court"])
        .json();
    let court = others
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "registry");
    assert!(
        joined[0]["height"].as_u64() >= court.unwrap()["height"].as_u64().map(|height| height - 1)
    );
    let mut all = names();
    all.sort();
    assert_eq!(all, ["registry", "trade"]);
    assert_eq!(join(&[]).error_code(), "ledger.already_kept");
    let node_toml = consortium.run(&[
        "ledger",
        "join",
        path(&home(consortium, "bank").join("node.toml")),
        "--as-org",
        "bank",
    ]);
    assert_eq!(node_toml.error_code(), "ledger.malformed");
}
