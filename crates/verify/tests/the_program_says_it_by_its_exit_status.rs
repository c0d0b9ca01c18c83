//! `blockworm-verify` on packages and proofs: 0 valid, 1 broken, 2 unpinned; the static build does the same without a network.
#![allow(clippy::unwrap_used)]

mod matter;
#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use matter::{Matter, bag, ledger::MATTER, papers};
use not_run::not_run;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

struct Desk {
    folder: tempfile::TempDir,
    program: PathBuf,
    matter: Matter,
}

impl Desk {
    fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            program: program.into(),
            matter: Matter::good(),
        }
    }

    fn place(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Exit status, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(&self.program)
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn story(&self) {
        let genesis = self.matter.ledger.genesis.digest().to_string();
        let policy = self.place("policy.txt", papers::policy(&self.matter.ledger));
        let root = self.place(
            "root.pem",
            papers::pem(self.matter.stamps.root.certificate()),
        );
        let good = self.place("good.zip", self.matter.zip());
        let (status, text, _) = self.run(&[&good]);
        assert_eq!(status, 2);
        assert!(
            text.contains("verdict    consistent but unpinned"),
            "{text}"
        );
        let pins = [
            "--genesis",
            &genesis,
            "--policy",
            &policy,
            "--tsa-root",
            &root,
        ];
        let pinned = |file: &str, more: &[&str]| self.run(&[&[file], &pins[..], more].concat());
        let (status, text, _) = pinned(&good, &[]);
        assert_eq!(status, 0, "{text}");
        assert!(
            text.contains("time       at the latest 1790000006000 ms"),
            "{text}"
        );
        let (status, text, _) = pinned(&good, &["--output=json"]);
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, report["outcome"].as_str()), (0, Some("valid")));
        let mut files = self.matter.files.clone();
        files.get_mut("data/originals/0002-paper 2.txt").unwrap()[3] ^= 1;
        let (status, text, _) = pinned(&self.place("bad.zip", bag::zip(MATTER, &files)), &[]);
        assert_eq!(status, 1);
        assert!(text.contains("failed     entry[2].original"), "{text}");
        let folder = self.folder.path().join(MATTER);
        bag::unzip(&folder, &self.matter.files);
        assert_eq!(pinned(folder.to_str().unwrap(), &[]).0, 0);
        let proof = self.place("proof.json", self.matter.ledger.proof(1).to_json().unwrap());
        assert_eq!(self.run(&[&proof]).0, 2);
        let file = self.place("genesis.json", self.matter.ledger.genesis.to_json());
        assert_eq!(self.run(&[&proof, &format!("--genesis={file}")]).0, 0);
        let text = self.matter.ledger.proof(1).to_json_without_genesis();
        let beside = self.place("beside.json", text.unwrap());
        assert_eq!(self.run(&[&beside, "--genesis", &file]).0, 0);
        for without in [&[beside.as_str()][..], &[&beside, "--genesis", &genesis]] {
            let (status, _, complaint) = self.run(without);
            assert_eq!(status, 1);
            let next = "(proof.genesis_missing); give the file of that genesis: --genesis FILE";
            assert!(
                complaint.contains(&genesis) && complaint.contains(next),
                "{complaint}"
            );
        }
    }
}

#[test]
fn on_packages_and_proofs() {
    let desk = Desk::new(env!("CARGO_BIN_EXE_blockworm-verify"));
    desk.story();
    let good = desk.place("again.zip", desk.matter.zip());
    for (wrong, reason) in [
        (vec!["--genesis"], "--genesis needs a value"),
        (vec!["--genesis", "nowhere"], "cannot read nowhere"),
        (vec!["--policy", &good], "again.zip: the policy"),
        (vec!["--tsa-root", &good], "again.zip"),
        (vec!["--output", "xml"], "--output is text or json"),
        (vec!["--pin", "x"], "--pin is no option"),
        (vec!["another"], "more than one file"),
    ] {
        let (status, text, complaint) = desk.run(&[&[good.as_str()], &wrong[..]].concat());
        assert_eq!((status, text.as_str()), (1, ""), "{wrong:?}");
        assert!(complaint.contains(reason), "{wrong:?}: {complaint}");
    }
    assert_eq!(desk.run(&["/nowhere.zip"]).0, 1);
    assert_eq!(desk.run(&[]).0, 1);
    assert_eq!(desk.run(&["--help"]).0, 0);
    assert!(desk.run(&["--version"]).1.starts_with("blockworm-verify "));
}

#[test]
fn what_is_neither_a_package_nor_a_proof_is_told_as_such() {
    let desk = Desk::new(env!("CARGO_BIN_EXE_blockworm-verify"));
    let zip = desk.matter.zip();
    let told = |file: &str, code: &str| {
        let (status, text, complaint) = desk.run(&[file]);
        assert_eq!((status, text.as_str()), (1, ""), "{file}");
        let place = format!("blockworm-verify: {file}: ");
        assert!(complaint.starts_with(&place), "{complaint}");
        assert!(complaint.contains(&format!("({code}); ")), "{complaint}");
        complaint
    };
    let junk = told(&desk.place("x.zip", "<html>busy"), "verify.no_zip");
    assert!(junk.contains("named as a zip file") && junk.contains("<html>busy"));
    told(&desk.place("X.ZIP", [0xff, 0xfe]), "verify.no_zip");
    told(&desk.place("empty.zip", ""), "verify.empty");
    told(&desk.place("empty.json", ""), "verify.empty");
    told(
        &desk.place("photo.jpg", [0xff, 0xd8]),
        "verify.unknown_file",
    );
    told(&desk.place("x.json", "junk"), "proof.malformed");
    // A proof is one under any name.
    let proof = desk.matter.ledger.proof(1).to_json().unwrap();
    assert_eq!(desk.run(&[&desk.place("proof.zip", proof)]).0, 2);

    let folder = desk.folder.path().join("downloads");
    std::fs::create_dir(&folder).unwrap();
    let name = folder.display().to_string();
    told(&name, "verify.no_package");
    bag::unzip(&folder.join(MATTER), &desk.matter.files);
    let complaint = told(&name, "verify.no_package");
    assert!(complaint.contains(&format!("give the folder {MATTER:?} in it")));

    // What begins as a zip file is one, if a damaged one.
    for length in [zip.len() - 1, zip.len() / 2, 30, 4] {
        let (status, text, _) = desk.run(&[&desk.place("cut", &zip[..length])]);
        assert_eq!(status, 1, "{length}");
        assert!(text.contains("FAIL  zip.readable"), "{text}");
        assert!(text.contains("the file was cut short"), "{length}: {text}");
    }
    let behind = desk.place("behind.zip", [&zip[..], b"more"].concat());
    assert!(desk.run(&[&behind]).1.contains("something follows the end"));
}

#[test]
fn the_static_program_does_the_same() {
    let Some(folder) = std::env::var_os("BLOCKWORM_VERIFIER") else {
        return not_run("BLOCKWORM_VERIFIER names no folder: scripts/build-verifier makes it");
    };
    let program = Path::new(&folder).join("blockworm-verify");
    let bytes = std::fs::read(&program).unwrap();
    // No program header of the type PT_INTERP: it asks for no dynamic linker.
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (table, size, count) = (number(32), number(54) & 0xffff, number(56) & 0xffff);
    let kinds = (0..count).map(|at| {
        u32::try_from(number(usize::try_from(table + at * size).unwrap()) & 0xffff_ffff).unwrap()
    });
    assert!(bytes.starts_with(b"\x7fELF") && !kinds.collect::<Vec<_>>().contains(&3));
    Desk::new(program).story();
}
