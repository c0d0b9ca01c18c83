//! The fixtures, verified by a program that shares no code with this crate: Python and openssl.
//!
//! It was written from docs/formats, so what those files say is enough for a stranger.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

const GENESIS: &str = "96f6679fdf1f26ba8bd38e9d7586aaf9f8485838440a125a4d8e7e485774a492";

fn tools_are_here() -> bool {
    let runs = |program: &str, argument: &str| Command::new(program).arg(argument).output().is_ok();
    runs("python3", "--version") && runs("openssl", "version")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Exit status and the names of failed checks.
fn verify(proof: &Path, pin: Option<&str>) -> (i32, Vec<String>) {
    let script = folder().join("tests/second_implementation/verify.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(proof)
        .args(pin)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let failed = text
        .lines()
        .filter_map(|line| line.strip_prefix("FAIL "))
        .map(str::to_owned)
        .collect();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap(), failed)
}

#[test]
fn a_second_implementation_agrees() {
    if !tools_are_here() {
        println!("NOT RUN: python3 and openssl are not both installed");
        if let Some(list) = std::env::var_os("BLOCKWORM_NOT_RUN") {
            let mut file = fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(list)
                .unwrap();
            writeln!(
                file,
                "a_second_implementation_agrees: python3 and openssl are needed"
            )
            .unwrap();
        }
        return;
    }
    for name in ["proof.json", "state.json"] {
        let path = folder().join("fixtures").join(name);
        assert_eq!(verify(&path, Some(GENESIS)), (0, vec![]), "{name}");
        assert_eq!(verify(&path, None), (2, vec![]), "{name}");
        let other = GENESIS.replace('9', "8");
        assert_eq!(
            verify(&path, Some(&other)),
            (1, vec!["genesis.pinned".into()]),
            "{name}"
        );
    }
    let text = fs::read_to_string(folder().join("fixtures/proof.json")).unwrap();
    let altered = text.replace("\\\"1200\\\"", "\\\"9200\\\"");
    assert_ne!(altered, text);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("altered-proof.json");
    fs::write(&path, altered).unwrap();
    let (status, failed) = verify(&path, Some(GENESIS));
    assert_eq!(status, 1);
    assert_eq!(
        failed,
        [
            "transaction.signature",
            "transaction.included",
            "receipt.transaction"
        ]
    );
}
