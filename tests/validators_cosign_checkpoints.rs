//! Four nodes cosign checkpoints: openssl and a shell check them, a pinned policy says which count, and nobody's silence stops the ledger.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, Ran, not_run, path, run, wait};
use serde_json::Value;
use std::{fs, process::Command};

/// The commands of the format's document whose block begins with this comment.
fn commands(name: &str) -> String {
    let document = include_str!("../docs/formats/checkpoint.md");
    let begin = format!("```sh\n# {name}\n");
    let (_, rest) = document.split_once(&begin).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs a command line of the document in a shell, as a stranger would.
fn shell(consortium: &Consortium, script: &str, arguments: [&str; 2]) -> bool {
    let file = consortium.beside(script);
    fs::write(&file, commands(script)).unwrap();
    let ran = run(Command::new("bash").arg(&file).args(arguments));
    eprintln!("{}{}", ran.stdout, ran.stderr);
    ran.code == Some(0)
}

fn height(consortium: &Consortium, organisation: &str) -> u64 {
    wait(consortium.client(organisation).ledger(&consortium.ledger()))
        .unwrap()
        .height
}

/// Asks for a checkpoint that covers a height, with a policy, until it says what is expected.
fn shown(
    consortium: &Consortium,
    height: u64,
    more: &[&str],
    enough: impl Fn(&Ran, &Value) -> bool,
) -> Value {
    let covering = height.to_string();
    let mut answer = Value::Null;
    consortium.wait_until("a checkpoint covers the block", || {
        let args = [&["checkpoint", "show", "--covering", &covering], more].concat();
        let ran = consortium.run(&args);
        answer = serde_json::from_str(&ran.stdout).unwrap_or_default();
        enough(&ran, &answer)
    });
    answer
}

fn cosigners(answer: &Value) -> Vec<(String, String)> {
    let list = answer["checkpoint"]["cosigners"].as_array();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = list
        .into_iter()
        .flatten()
        .map(|one| (text(&one["organisation"]), text(&one["vkey"])))
        .collect();
    all.sort();
    all
}

fn group<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let groups = answer["policy"]["groups"].as_array().unwrap();
    groups.iter().find(|one| one["name"] == name).unwrap()
}

/// Two nodes write the same policy.
fn make_policy(consortium: &Consortium) -> String {
    let policy = consortium.beside("policy.txt");
    let again = consortium.beside("policy-of-the-court.txt");
    let one = consortium
        .run(&["checkpoint", "policy", "-o", path(&policy)])
        .json();
    let args = [
        "checkpoint",
        "policy",
        "--node",
        "court",
        "-o",
        path(&again),
    ];
    let other = consortium.run(&args).json();
    assert_eq!(one["missing"].as_array().unwrap().len(), 0, "{one}");
    assert_eq!(
        (&one["sha256"], &one["met_by_newest"]),
        (&other["sha256"], &Value::Bool(true))
    );
    let digest = run(Command::new("sha256sum").arg(&policy)).stdout;
    assert!(digest.starts_with(one["sha256"].as_str().unwrap()));
    path(&policy).to_owned()
}

/// Every line of the note, its certificates and a header's path, by what stands in the document.
fn check_by_hand(consortium: &Consortium, answer: &Value, at: u64, note: &str) {
    let altered = path(&consortium.beside("altered.txt")).to_owned();
    let text = fs::read_to_string(note).unwrap();
    let size = answer["checkpoint"]["size"].as_u64().unwrap();
    fs::write(
        &altered,
        text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1),
    )
    .unwrap();
    for (organisation, vkey) in cosigners(answer) {
        assert!(
            shell(consortium, "cosignature.sh", [note, &vkey]),
            "{organisation}"
        );
        assert!(
            !shell(consortium, "cosignature.sh", [&altered, &vkey]),
            "{organisation}"
        );
    }
    for one in answer["checkpoint"]["cosigners"].as_array().unwrap() {
        let organisation = one["organisation"].as_str().unwrap().parse().unwrap();
        let chain = consortium.beside("chain.pem");
        fs::write(&chain, one["chain_pem"].as_str().unwrap()).unwrap();
        let root = consortium.folder.certificate_file(&organisation, "ca");
        let mut verify = Command::new("openssl");
        verify.args([
            "verify",
            "-x509_strict",
            "-CAfile",
            path(&root),
            "-untrusted",
        ]);
        let ran = run(verify.args([path(&chain), path(&chain)]));
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let proof = path(&consortium.beside("history.json")).to_owned();
    let (at, size) = (at.to_string(), size.to_string());
    consortium
        .run(&["checkpoint", "history", &at, "--size", &size, "-o", &proof])
        .json();
    assert!(shell(consortium, "history.sh", [note, &proof]));
    assert!(!shell(consortium, "history.sh", [&altered, &proof]));
    let other = fs::read_to_string(&proof)
        .unwrap()
        .replace("\"time_ms\": 1", "\"time_ms\": 2");
    fs::write(&proof, other).unwrap();
    assert!(!shell(consortium, "history.sh", [note, &proof]));
}

/// While a node is away: whether the policy of newer checkpoints is met, and that blocks go on.
fn without(consortium: &Consortium, organisation: &str, policy: &str, met: bool) {
    consortium.run(&["node", "stop", organisation]).json();
    let before = height(consortium, "platform");
    consortium.wait_until("the ledger goes on", || {
        height(consortium, "platform") > before + 2
    });
    let answer = shown(
        consortium,
        before + 1,
        &["--policy", policy],
        |ran, answer| cosigners(answer).len() == 3 && ran.code.is_some(),
    );
    assert!(
        cosigners(&answer)
            .iter()
            .all(|(who, _)| who != organisation)
    );
    assert_eq!(answer["policy"]["met"], met, "{answer}");
    assert_eq!(group(&answer, "validators.quorum")["met"], true, "{answer}");
    assert_eq!(group(&answer, "courts.any")["met"], met, "{answer}");
    let covering = (before + 1).to_string();
    let args = [
        "checkpoint",
        "show",
        "--covering",
        &covering,
        "--policy",
        policy,
    ];
    assert_eq!(consortium.run(&args).code, Some(i32::from(!met)));
    consortium.run(&["node", "start", organisation]).json();
}

/// A folder without a cosigner's key: the node works, says so, and takes one that is issued later.
fn issue_later(consortium: &Consortium, policy: &str) {
    let (bank, before) = ("bank".parse().unwrap(), height(consortium, "platform"));
    consortium.run(&["node", "stop", "bank"]).json();
    for file in [
        consortium.folder.key_file(&bank, "cosigner"),
        consortium.folder.certificate_file(&bank, "cosigner"),
    ] {
        fs::remove_file(file).unwrap();
    }
    consortium.run(&["node", "start", "bank"]).json();
    let log = consortium.folder.organisation(&bank).join("node.log");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("cosigns no checkpoints"), "{log}");
    let issued = consortium.run(&["certificate", "issue", "cosigner", "--node", "bank"]);
    assert_eq!(issued.json()["certificates"][0]["profile"], "cosigning");
    let again = consortium.run(&["certificate", "issue", "cosigner", "--node", "bank"]);
    assert_eq!(again.error_code(), "certificate.exists");
    consortium.run(&["node", "restart", "bank"]).json();
    let now = height(consortium, "platform").max(before);
    let answer = shown(consortium, now, &["--policy", policy], |_, answer| {
        cosigners(answer).len() == 4
    });
    // The policy pins the key before: the new one is an outsider's to it.
    let outsiders = answer["policy"]["outsiders"].as_array().unwrap();
    assert_eq!(outsiders.len(), 1, "{answer}");
    assert_eq!(outsiders[0]["name"], "blockworm/bank");
    assert_eq!(answer["policy"]["met"], true, "{answer}");
}

#[test]
fn validators_cosign_checkpoints() {
    if Command::new("openssl").arg("version").output().is_err() {
        return not_run("there is no openssl to check with");
    }
    let consortium = Consortium::start(4);
    let at = height(&consortium, "platform");
    let note = path(&consortium.beside("note.txt")).to_owned();
    let all = shown(&consortium, at, &["-o", &note], |_, answer| {
        cosigners(answer).len() == 4
    });
    let names: Vec<_> = cosigners(&all).into_iter().map(|(who, _)| who).collect();
    assert_eq!(names, ["bank", "court", "notary", "platform"]);
    consortium.wait_until("the newest has all", || {
        let ran = consortium.run(&["checkpoint", "show"]);
        cosigners(&serde_json::from_str(&ran.stdout).unwrap_or_default()).len() == 4
    });
    let policy = make_policy(&consortium);
    check_by_hand(&consortium, &all, at, &note);
    let size = all["checkpoint"]["size"].clone();
    let met = shown(&consortium, at, &["--policy", &policy], |_, answer| {
        answer["policy"]["met"] == true
    });
    assert_eq!(group(&met, "notaries.any")["have"], 1);
    let strange = consortium.run(&["checkpoint", "show", "--policy", &note]);
    assert_eq!(strange.error_code(), "policy.origin");

    without(&consortium, "bank", &policy, true);
    without(&consortium, "court", &policy, false);

    issue_later(&consortium, &policy);

    // What the notary's node knew, it knows after kill -9.
    let known = || {
        let covering = at.to_string();
        let args = [
            "checkpoint",
            "show",
            "--node",
            "notary",
            "--covering",
            &covering,
        ];
        consortium.run(&args).json()
    };
    let before = known();
    consortium.crash("notary");
    consortium.run(&["node", "start", "notary"]).json();
    assert_eq!(known(), before);
    assert_eq!(before["checkpoint"]["size"], size);
}
