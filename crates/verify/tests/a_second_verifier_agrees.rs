//! The verifier in Python, written from the document alone, gives the same verdict under every name that both know.
#![allow(clippy::unwrap_used)]

mod matter;

use blockworm_ledger::report::Verdict;
use blockworm_verify::Pins;
use matter::{Entry, Matter, bag, files::Wishes, ledger::MATTER, papers, verify};
use std::{collections::BTreeMap, path::Path, process::Command};

struct Python {
    verdicts: BTreeMap<String, String>,
    status: i32,
}

/// What the second verifier says of the zip file, with all pins or with none.
fn python(matter: &Matter, zip: &[u8], pinned: bool) -> Python {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/second_verifier/verify_package.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(place("package.zip", zip));
    if pinned {
        let policy = place("policy", papers::policy(&matter.ledger).as_bytes());
        let root = place(
            "root.pem",
            papers::pem(matter.stamps.root.certificate()).as_bytes(),
        );
        command
            .args([
                "--genesis",
                &matter.ledger.genesis.digest().to_string(),
                "--policy",
            ])
            .arg(policy);
        command.arg("--tsa-root").arg(root);
    }
    let output = command
        .output()
        .expect("python3 is there: scripts/packages test installs it");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.split_once(' ').unwrap());
    let verdicts: BTreeMap<_, _> = lines
        .map(|(verdict, name)| (name.into(), verdict.into()))
        .collect();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.is_empty(), "{complaint}");
    assert!(!verdicts.is_empty());
    Python {
        verdicts,
        status: output.status.code().unwrap(),
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unpinned => "unpinned",
        Verdict::Unchecked => "unchecked",
    }
}

/// Both agree under every name that the second one knows; how many those are.
#[track_caller]
fn agree(what: &str, matter: &Matter, zip: &[u8], pinned: bool) -> usize {
    let pins = if pinned {
        matter.pins()
    } else {
        Pins::default()
    };
    let first = verify(zip.to_vec(), &pins);
    let second = python(matter, zip, pinned);
    for (name, verdict) in &second.verdicts {
        let mine = first.checks.named(name).map(|check| word(check.verdict));
        assert_eq!(mine, Some(verdict.as_str()), "{what}: {name}");
    }
    assert_eq!(
        i32::from(first.outcome.exit_code()),
        second.status,
        "{what}"
    );
    second.verdicts.len()
}

#[test]
fn on_good_packages() {
    let matter = Matter::good();
    let zip = matter.zip();
    let both = agree("good", &matter, &zip, true);
    let all = verify(zip.clone(), &matter.pins()).checks.len();
    assert!(both * 10 > all * 8, "{both} of {all}");
    agree("unpinned", &matter, &zip, false);
    let later = Matter::new(Wishes {
        revoked: BTreeMap::from([("notary", 3)]),
        ..Wishes::default()
    });
    agree("revoked later", &later, &later.zip(), true);
    let unsealed = Matter::new(Wishes {
        unsealed: true,
        ..Wishes::default()
    });
    agree("unsealed", &unsealed, &unsealed.zip(), true);
    agree("whole proofs", &matter, &matter.holding_genesis(), true);
}

#[test]
fn on_changed_files() {
    let matter = Matter::good();
    for path in [
        "data/originals/0001-paper 1.txt",
        "data/matter.json",
        "data/proofs/state.json",
        "data/genesis.json",
        "bag-info.txt",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
        "data/checkpoints/10/checkpoint.txt",
        "seal.p7s",
    ] {
        let mut files = matter.files.clone();
        let bytes = files.get_mut(path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 0x10;
        agree(path, &matter, &bag::zip(MATTER, &files), true);
        if path.starts_with("data/") {
            agree(
                path,
                &matter,
                &matter
                    .repaired(|repaired| drop(repaired.insert(path.into(), files[path].clone()))),
                true,
            );
        }
    }
}

#[test]
fn on_forged_matters() {
    let matter = Matter::good();
    let cosigned = |slugs: &[&str]| {
        let note = papers::cosigned(&papers::checkpoint(&matter.ledger), slugs).to_string();
        matter.repaired(|files| {
            drop(files.insert(
                "data/checkpoints/10/checkpoint.txt".into(),
                note.into_bytes(),
            ))
        })
    };
    agree(
        "no court",
        &matter,
        &cosigned(&["bank", "notary", "platform"]),
        true,
    );
    agree(
        "twice",
        &matter,
        &cosigned(&["court", "notary", "notary"]),
        true,
    );
    agree(
        "left out",
        &matter,
        &matter.reindexed(|index| drop(index["entries"].as_array_mut().unwrap().remove(0))),
        true,
    );
    agree(
        "another row",
        &matter,
        &matter.reindexed(|index| index["acts"][0]["entry"] = 1.into()),
        true,
    );
    agree(
        "another proof",
        &matter,
        &matter.reindexed(|index| {
            let proof = index["entries"][1]["proof"].clone();
            index["entries"][0]["proof"] = proof;
        }),
        true,
    );
    agree(
        "another format",
        &matter,
        &matter.reindexed(|index| index["format"] = "blockworm-evidence/2".into()),
        true,
    );
    let other = Matter::good();
    agree("another ledger", &matter, &other.zip(), true);
    let genesis = "data/genesis.json";
    let foreign =
        matter.repaired(|files| drop(files.insert(genesis.into(), other.files[genesis].clone())));
    agree("another genesis", &matter, &foreign, true);
    let missing = matter.repaired(|files| drop(files.remove(genesis)));
    agree("no genesis", &matter, &missing, true);
    let before = Matter::new(Wishes {
        revoked: BTreeMap::from([("notary", 2)]),
        ..Wishes::default()
    });
    agree("revoked before", &before, &before.zip(), true);
}

#[test]
fn on_wrong_archives() {
    let matter = Matter::good();
    let with = |name: &str, bytes: &[u8]| {
        let mut entries = bag::entries(MATTER, &matter.files);
        entries.push(Entry::deflated(name, bytes));
        bag::zip_entries(&entries)
    };
    agree("outside", &matter, &with("../x", b"x"), true);
    agree("elsewhere", &matter, &with("other/x", b"x"), true);
    agree("twice", &matter, &with("steel-26/BAGIT.txt", b"x"), true);
    agree(
        "bomb",
        &matter,
        &with("steel-26/bomb", &vec![0; 4 << 20]),
        true,
    );
    agree("unlisted", &matter, &with("steel-26/data/x", b"x"), true);
    agree("behind", &matter, &[&matter.zip()[..], b"x"].concat(), true);
    let mut entries = bag::entries(MATTER, &matter.files);
    entries[4].size += 1;
    agree("a lie", &matter, &bag::zip_entries(&entries), true);
}
