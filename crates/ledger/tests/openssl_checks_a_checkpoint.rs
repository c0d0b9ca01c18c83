//! The commands of docs/formats/checkpoint.md check what this program writes, and refuse what is altered.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
mod sample;

use blockworm_crypto::{SecretKey, merkle};
use blockworm_ledger::{
    Header, History, SignedCheckpoint,
    checkpoint::{Checkpoint, Cosignature, CosignerKey, Policy, cosigner_name},
};
use not_run::not_run;
use sample::sample;
use std::{fs, path::Path, process::Command};

const TIME_S: u64 = 1_790_000_000;

/// The commands of the format's document whose block begins with this comment.
fn commands(name: &str) -> String {
    let document = include_str!("../../../docs/formats/checkpoint.md");
    let begin = format!("```sh\n# {name}\n");
    let (_, rest) = document.split_once(&begin).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn runs(folder: &Path, script: &str, arguments: [&str; 2]) -> bool {
    fs::write(folder.join(script), commands(script)).unwrap();
    let output = Command::new("bash")
        .arg(script)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    eprint!(
        "{}",
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
    );
    output.status.success()
}

fn openssl_is_here() -> bool {
    let here = Command::new("openssl").arg("version").output().is_ok();
    if !here {
        not_run("there is no openssl to check with");
    }
    here
}

fn cosigner(seed: u8) -> (SecretKey, CosignerKey) {
    let secret = SecretKey::from_ed25519_seed([seed; 32]);
    let name = cosigner_name(["bank", "court", "notary", "platform"][usize::from(seed) - 101]);
    let key = CosignerKey::new(name, &secret.public_key()).unwrap();
    (secret, key)
}

/// The sample's five headers and the note over them, by four cosigners.
fn note() -> (Vec<Header>, SignedCheckpoint) {
    let sample = sample();
    let headers: Vec<_> = [sample.genesis.header()]
        .into_iter()
        .chain(sample.headers)
        .collect();
    let mut history = History::new(&headers[0]);
    for header in &headers[1..] {
        history.push(header).unwrap();
    }
    let checkpoint = Checkpoint::of(headers[0].ledger, &history);
    let line = |seed| {
        let (secret, key) = cosigner(seed);
        Cosignature::sign(&checkpoint, &key.name, &secret, TIME_S + u64::from(seed)).unwrap()
    };
    let cosignatures = (101..=104).map(line).collect();
    (
        headers,
        SignedCheckpoint {
            checkpoint,
            cosignatures,
        },
    )
}

fn policy() -> String {
    let names = ["bank", "court", "notary", "platform"];
    let mut text = format!("origin blockworm/{}\n", sample().genesis.ledger_id());
    for (name, seed) in names.iter().zip(101..) {
        text += &format!("witness {name} {}\n", cosigner(seed).1);
    }
    text + "group validators 3 bank court notary platform\ngroup notaries any notary\n\
            group courts any court\ngroup evidence all validators notaries courts\nquorum evidence\n"
}

fn frozen(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    if std::env::var_os("BLOCKWORM_WRITE_FIXTURES").is_some() {
        fs::write(&path, now).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        now,
        "{name} has changed"
    );
}

#[test]
fn the_note_and_the_policy_are_frozen() {
    let note = note().1.to_string();
    frozen("checkpoint.txt", &note);
    frozen("checkpoint-policy.txt", &policy());
    let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    assert!(
        Policy::parse(policy().as_bytes())
            .unwrap()
            .evaluate(&signed)
            .met
    );
}

#[test]
fn openssl_accepts_every_cosignature_and_no_altered_one() {
    if !openssl_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let text = note().1.to_string();
    fs::write(folder.path().join("good.txt"), &text).unwrap();
    let size = text.lines().nth(1).unwrap();
    let altered = text.replacen(&format!("\n{size}\n"), "\n9\n", 1);
    assert_ne!(altered, text);
    fs::write(folder.path().join("altered.txt"), altered).unwrap();
    for seed in 101..=104 {
        let key = cosigner(seed).1.to_string();
        assert!(runs(folder.path(), "cosignature.sh", ["good.txt", &key]));
        assert!(!runs(
            folder.path(),
            "cosignature.sh",
            ["altered.txt", &key]
        ));
    }
    let stranger = SecretKey::from_ed25519_seed([7; 32]).public_key();
    let stranger = CosignerKey::new("blockworm/bank", &stranger).unwrap();
    assert!(!runs(
        folder.path(),
        "cosignature.sh",
        ["good.txt", &stranger.to_string()]
    ));
}

#[test]
fn a_shell_leads_every_header_to_the_root_and_no_altered_one() {
    if !openssl_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (headers, note) = note();
    fs::write(folder.path().join("note.txt"), note.to_string()).unwrap();
    let leaves: Vec<_> = headers.iter().map(Header::history_leaf).collect();
    for (height, header) in headers.iter().enumerate() {
        let inclusion = merkle::prove(&leaves, height).unwrap();
        let file = serde_json::json!({ "header": header, "inclusion": inclusion });
        fs::write(folder.path().join("good.json"), file.to_string()).unwrap();
        assert!(runs(folder.path(), "history.sh", ["note.txt", "good.json"]));
        let mut other = header.clone();
        other.time_ms += 1;
        let file = serde_json::json!({ "header": other, "inclusion": inclusion });
        let file = serde_json::to_string_pretty(&file).unwrap();
        fs::write(folder.path().join("altered.json"), file).unwrap();
        assert!(!runs(
            folder.path(),
            "history.sh",
            ["note.txt", "altered.json"]
        ));
    }
}
