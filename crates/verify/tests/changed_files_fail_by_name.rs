//! Any byte flipped in any file fails that file's own check; with manifests repaired, what it says fails by name.
#![allow(clippy::unwrap_used)]

mod matter;

use matter::{Matter, assert_fails, bag, failed, ledger::MATTER, verify};

/// First, last and some bytes between.
fn places(length: usize) -> Vec<usize> {
    let mut places = vec![0, length / 3, length / 2, length - 1];
    places.dedup();
    places
}

#[test]
fn a_flipped_byte_fails_the_files_own_check() {
    let matter = Matter::good();
    let pins = matter.pins();
    assert!(matter.files.len() > 40, "{}", matter.files.len());
    for path in matter.files.keys() {
        for (turn, at) in places(matter.files[path].len()).into_iter().enumerate() {
            let mut files = matter.files.clone();
            files.get_mut(path).unwrap()[at] ^= 1 << (turn * 2);
            let report = verify(bag::zip(MATTER, &files), &pins);
            let name = format!("file:{path}");
            let failures = failed(&report);
            // A manifest that cannot be read lists nothing, its own digest stands in the other one.
            let own = failures.contains(&name.as_str());
            assert!(own, "byte {at} of {path}: only {failures:?}");
            assert_eq!(report.outcome.exit_code(), 1);
        }
    }
}

#[test]
fn every_third_byte_of_a_small_file_counts() {
    let matter = Matter::good();
    let pins = matter.pins();
    for path in ["data/captures/0001.json", "tagmanifest-sha256.txt"] {
        for at in (0..matter.files[path].len()).step_by(3) {
            let mut files = matter.files.clone();
            files.get_mut(path).unwrap()[at] ^= 0x20;
            let report = verify(bag::zip(MATTER, &files), &pins);
            assert_fails(&report, &format!("file:{path}"));
        }
    }
}

/// What fails when an attacker changes a file and repairs the manifests: for every file that says something.
fn meaning(path: &str, matter: &Matter) -> Option<String> {
    let proof = |field: &str| {
        let rows = matter.index[field].as_array().unwrap();
        let place = rows.iter().position(|row| row["proof"] == path)?;
        Some(place + 1)
    };
    let named = |fields: &[(&str, &str)]| {
        fields
            .iter()
            .find_map(|(field, name)| proof(field).map(|number| format!("{name}[{number}].row")))
    };
    let number = || {
        path.rsplit('/').next().unwrap()[..4]
            .parse::<u32>()
            .unwrap()
    };
    let folder = path.split('/').nth(1).unwrap_or_default();
    Some(match (folder, path) {
        ("originals", _) => format!("entry[{}].original", number()),
        ("captures", _) => format!("entry[{}].capture", number()),
        ("findings", _) => "attestation[1].findings".into(),
        ("acts", _) => format!("act[{}].document", number()),
        ("proofs", "data/proofs/state.json") => "state.proof".into(),
        ("proofs", _) => named(&[
            ("entries", "entry"),
            ("attestations", "attestation"),
            ("acts", "act"),
            ("relations", "relation"),
        ])?,
        ("checkpoints", path) if path.ends_with("checkpoint.txt") => "checkpoint[10].form".into(),
        ("checkpoints", path) if path.ends_with("token.tsr") => "time[10].token".into(),
        ("checkpoints", path) if path.ends_with("record.ers") => "time[10].record".into(),
        ("checkpoints", path) => {
            let height: u64 = path
                .rsplit('-')
                .next()
                .unwrap()
                .strip_suffix(".json")
                .unwrap()
                .parse()
                .unwrap();
            for (field, name) in [
                ("entries", "entry"),
                ("attestations", "attestation"),
                ("acts", "act"),
            ] {
                let rows = matter.index[field].as_array().unwrap();
                if let Some(place) = rows.iter().position(|row| row["height"] == height) {
                    return Some(format!("{name}[{}].history", place + 1));
                }
            }
            return None;
        }
        ("certificates", _) => format!("certificate:{path}"),
        ("report.pdf", _) => "report.signature".into(),
        ("genesis.json", _) => "genesis.digest".into(),
        ("matter.json", _) => "package.format".into(),
        ("operators.json", _) => "operators.consistent".into(),
        ("checklist.json", _) => "checklist.consistent".into(),
        _ => return None,
    })
}

#[test]
fn a_change_with_repaired_manifests_fails_by_what_it_says() {
    let matter = Matter::good();
    let pins = matter.pins();
    let mut silent = Vec::new();
    for path in matter.files.keys().filter(|path| path.starts_with("data/")) {
        let Some(name) = meaning(path, &matter) else {
            silent.push(path.as_str());
            continue;
        };
        // A byte in the middle; in texts of JSON and PEM that breaks or changes what is said.
        let zip = matter.repaired(|files| {
            let bytes = files.get_mut(path).unwrap();
            // The checklist's texts are words for people; what it points at begins with its format.
            let words = path.ends_with("checklist.json");
            let at = if words { 2 } else { bytes.len() / 2 };
            bytes[at] ^= 0x04;
        });
        let report = verify(zip, &pins);
        let failures = failed(&report);
        let meant = failures.iter().any(|failure| {
            *failure == name
                || (name == "checkpoint[10].form" && failure.starts_with("checkpoint[10]."))
                || (name == "package.format" && !failure.starts_with("file:"))
        });
        assert!(meant, "{path}: {name} did not fail, only {failures:?}");
        assert!(
            !failures.contains(&format!("file:{path}").as_str()),
            "{path}"
        );
    }
    // Words for people, and the way of a relation's block, which no check needs. The seal covers them.
    let unread = ["data/VERIFY.md", "data/checkpoints/10/history-6.json"];
    assert_eq!(silent, {
        let mut unread = unread.to_vec();
        unread.sort_unstable();
        unread
    });
    let mut files = matter.files.clone();
    files.get_mut("data/VERIFY.md").unwrap()[0] ^= 1;
    let ledger = matter.ledger.genesis.ledger_id().to_string();
    files.insert("bag-info.txt".into(), bag::info(&files, &ledger, MATTER));
    files.insert("manifest-sha256.txt".into(), bag::manifest(&files));
    files.insert("tagmanifest-sha256.txt".into(), bag::tag_manifest(&files));
    let report = verify(bag::zip(MATTER, &files), &pins);
    assert_eq!(failed(&report), ["seal.signature"]);
}

#[test]
fn every_field_of_the_index_is_compared() {
    let matter = Matter::good();
    let pins = matter.pins();
    let mut compared = 0;
    for (list, name) in [
        ("entries", "entry"),
        ("attestations", "attestation"),
        ("acts", "act"),
        ("relations", "relation"),
    ] {
        for (place, row) in matter.index[list].as_array().unwrap().iter().enumerate() {
            for (field, value) in row.as_object().unwrap() {
                if [
                    "proof",
                    "checkpoint",
                    "original",
                    "capture_file",
                    "findings_file",
                    "document_file",
                ]
                .contains(&field.as_str())
                {
                    continue;
                }
                let other: serde_json::Value = match value {
                    serde_json::Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                    serde_json::Value::String(text) => format!("{text}0").into(),
                    _ => match field.as_str() {
                        "outcome" | "findings" | "document" | "until_ms" => "0".into(),
                        _ => 1.into(),
                    },
                };
                let zip = matter.reindexed(|index| index[list][place][field] = other);
                let report = verify(zip, &pins);
                let number = if field == "number" {
                    place + 2
                } else {
                    place + 1
                };
                let number = if list == "relations" {
                    place + 1
                } else {
                    number
                };
                assert_fails(&report, &format!("{name}[{number}].row"));
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "{compared}");
}
