//! `up --sample` brings up a consortium, plays the story and leaves a proof that a stranger checks.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, blockworm, path};
use serde_json::Value;
use std::process::Command;

fn play(nodes: usize) -> (Consortium, Value) {
    let consortium = Consortium::planned(nodes);
    let up = consortium.up(&["--sample"]).json();
    (consortium, up)
}

fn check_story(nodes: usize) {
    let (consortium, up) = play(nodes);
    assert_eq!(up["nodes"].as_array().unwrap().len(), nodes);
    assert_eq!(up["organisations"].as_array().unwrap().len(), 5);
    assert_eq!(up["ledgers"].as_array().unwrap().len(), 2);
    assert!(
        up["console_url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert!(up["elapsed_ms"].as_u64().unwrap() > 0);
    for command in up["next"].as_array().unwrap() {
        // As a person would type it, in a folder of their own.
        let mut shell = Command::new("sh");
        shell.args(["-c", command.as_str().unwrap()]);
        let ran = dsl::run(shell.current_dir(consortium.beside("")));
        assert_eq!(ran.code, Some(0), "{command}: {}", ran.stderr);
    }
    let sample = &up["sample"];
    assert_eq!(
        sample["second_financing"]["code"],
        "receivable.already_financed"
    );
    assert_eq!(
        sample["rival_financing"]["code"],
        "registry.already_financed"
    );
    assert_eq!(sample["verification"]["outcome"], "valid");

    // The stranger has the proof and the genesis, and no node.
    let proof = sample["proof_file"].as_str().unwrap();
    let genesis = consortium.folder.genesis_file("trade");
    consortium.run(&["down"]).json();
    let genesis_path = path(&genesis);
    let pinned = blockworm(&[
        "verify",
        proof,
        "--genesis",
        genesis_path,
        "--output",
        "json",
    ]);
    assert_eq!(pinned.json()["outcome"], "valid");
    let digest = consortium.genesis().digest().to_string();
    assert_eq!(
        blockworm(&["verify", proof, "--genesis", &digest]).code,
        Some(0)
    );
    assert_eq!(blockworm(&["verify", proof]).code, Some(2));

    // And it goes on where it stopped.
    let again = consortium.up(&[]).json();
    assert_eq!(again["founded"], false);
    let receivable = sample["receivable"].as_str().unwrap();
    let shown = consortium.run(&["receivable", "show", receivable]).json();
    assert_eq!(shown["financier"].as_str(), Some("bank/maker"), "{shown}");
}

#[test]
fn on_one_node() {
    check_story(1);
}

#[test]
fn on_five_nodes() {
    check_story(5);
}
