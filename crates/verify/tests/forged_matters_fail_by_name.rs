//! Who may not count does not: outsiders, duplicates, the revoked, the untrusted, other ledgers and broken chains.
#![allow(clippy::unwrap_used)]

mod matter;

use blockworm_crypto::sha256;
use blockworm_ledger::{Outcome, checkpoint::Policy, report::Verdict};
use blockworm_verify::Pins;
use matter::{
    Matter, assert_fails, failed,
    files::Wishes,
    papers::{self, Stamps, cosigned},
    verify,
};
use std::collections::BTreeMap;

const NOTE: &str = "data/checkpoints/10/checkpoint.txt";

fn with_note(matter: &Matter, note: &str) -> blockworm_verify::PackageReport {
    let zip = matter.repaired(|files| drop(files.insert(NOTE.into(), note.into())));
    verify(zip, &matter.pins())
}

#[test]
fn a_policy_counts_each_known_cosigner_once() {
    let matter = Matter::good();
    let checkpoint = papers::checkpoint(&matter.ledger);
    // The court is missing: three signed, and the policy asks for it.
    let without = cosigned(&checkpoint, &["bank", "notary", "platform"]).to_string();
    let report = with_note(&matter, &without);
    assert_eq!(failed(&report), ["checkpoint[10].policy"]);
    let missing = report
        .checks
        .named("checkpoint[10].cosignature:blockworm/court")
        .unwrap();
    assert_eq!(missing.verdict, Verdict::Unchecked);
    // The same cosigner twice is one.
    let twice = cosigned(&checkpoint, &["notary", "court", "court"]).to_string();
    assert_eq!(
        failed(&with_note(&matter, &twice)),
        ["checkpoint[10].policy"]
    );
    // An outsider under a name of its own, and one under the bank's name with another key.
    let good = cosigned(&checkpoint, &["notary", "court"]).to_string();
    for name in ["blockworm/stranger", "blockworm/bank"] {
        let key = blockworm_crypto::SecretKey::from_ed25519_seed([99; 32]);
        let line =
            blockworm_ledger::checkpoint::Cosignature::sign(&checkpoint, name, &key, 1_790_000_006)
                .unwrap();
        let report = with_note(&matter, &format!("{good}{line}\n"));
        assert_eq!(failed(&report), ["checkpoint[10].policy"], "{name}");
    }
    // A line that does not hold.
    let mut broken = cosigned(&checkpoint, &["notary", "court", "bank"]);
    broken.cosignatures[2].bytes[20] ^= 1;
    let report = with_note(&matter, &broken.to_string());
    assert_fails(&report, "checkpoint[10].cosignature:blockworm/bank");
    assert_fails(&report, "checkpoint[10].policy");
    // All of them, for another tree: no header of the package is in it.
    let mut other = checkpoint;
    other.root = sha256(&[b"another tree"]);
    let report = with_note(
        &matter,
        &cosigned(&other, &["bank", "court", "notary"]).to_string(),
    );
    assert_fails(&report, "entry[1].history");
    assert_fails(&report, "time[10].token");
}

#[test]
fn a_package_with_its_own_genesis_or_policy_is_not_believed() {
    // Everything of it is consistent, made by the same people with the same names.
    let (theirs, forged) = (Matter::good(), Matter::good());
    let report = verify(forged.zip(), &theirs.pins());
    for name in [
        "genesis.pinned",
        "state.genesis.pinned",
        "entry[1].genesis.pinned",
        "checkpoint[10].policy",
    ] {
        assert_fails(&report, name);
    }
    assert_fails(&report, "time[10].trust");
    // A policy for the right ledger with keys that nobody knows.
    let text = papers::policy(&theirs.ledger);
    let stranger = |seed: u8| {
        let key = blockworm_crypto::SecretKey::from_ed25519_seed([seed; 32]).public_key();
        blockworm_ledger::checkpoint::CosignerKey::new("blockworm/court", &key)
            .unwrap()
            .to_string()
    };
    let text = text.replace(&papers::cosigner_key("court").to_string(), &stranger(55));
    let pins = Pins {
        policy: Some(Policy::parse(text.as_bytes()).unwrap()),
        ..theirs.pins()
    };
    let report = verify(theirs.zip(), &pins);
    assert_fails(&report, "checkpoint[10].policy");
    assert_fails(&report, "operators.consistent");
    // Without pins the forged one is no more than consistent.
    assert_eq!(
        verify(forged.zip(), &Pins::default()).outcome,
        Outcome::Unpinned
    );
}

#[test]
fn a_notary_revoked_before_its_attestation_does_not_count() {
    let revoked = |block| {
        let matter = Matter::new(Wishes {
            revoked: BTreeMap::from([("notary", block)]),
            ..Wishes::default()
        });
        verify(matter.zip(), &matter.pins())
    };
    // The attestation stands in block 3.
    let before = revoked(2);
    assert_fails(&before, "attestation[1].role");
    assert_fails(&before, "attestation[1].signer");
    let after = revoked(3);
    assert_eq!(failed(&after), ["relation[1].row"; 0]);
    let reason = &after.checks.named("attestation[1].signer").unwrap().reason;
    assert!(reason.contains("revoked later, in block 3"), "{reason}");
}

#[test]
fn only_pinned_and_living_authorities_give_time() {
    let matter = Matter::good();
    let stranger = Stamps::new("elsewhere", matter::ledger::VALIDITY);
    let pins = Pins {
        tsa_roots: vec![stranger.root.certificate().to_vec()],
        ..matter.pins()
    };
    let report = verify(matter.zip(), &pins);
    assert_fails(&report, "time[10].trust");
    assert_eq!(
        report.checks.named("time[10].token").unwrap().verdict,
        Verdict::Pass
    );
    assert_eq!(report.earliest_outside_time, None);
    // Nobody pinned: said, and nothing fails.
    let report = verify(
        matter.zip(),
        &Pins {
            tsa_roots: Vec::new(),
            ..matter.pins()
        },
    );
    assert_eq!(
        report.checks.named("time[10].trust").unwrap().verdict,
        Verdict::Unchecked
    );
    assert_eq!(report.outcome, Outcome::Valid);
    // The token of something else.
    let token = matter.stamps.stamp(b"something else", papers::STAMPED_MS);
    let zip =
        matter.repaired(|files| drop(files.insert("data/checkpoints/10/token.tsr".into(), token)));
    assert_fails(&verify(zip, &matter.pins()), "time[10].token");
    let expired = Matter::new(Wishes {
        expired_stamps: true,
        ..Wishes::default()
    });
    let report = verify(expired.zip(), &expired.pins());
    assert_fails(&report, "time[10].trust");
    assert!(
        report
            .checks
            .named("time[10].trust")
            .unwrap()
            .reason
            .starts_with("timestamp.expired")
    );
    // A notary that also votes is no outsider.
    let own = Matter::new(Wishes {
        own_time: true,
        ..Wishes::default()
    });
    let report = verify(own.zip(), &own.pins());
    assert_eq!(failed(&report), Vec::<&str>::new());
    assert_eq!(report.earliest_outside_time, None);
    assert!(
        report
            .checks
            .named("time[10].trust")
            .unwrap()
            .reason
            .contains("notary also runs a validator")
    );
}

#[test]
fn a_seal_by_a_revoked_certificate_counts_only_when_it_was_stamped_before() {
    let sealed = |revoked: u64, stamped_seal| {
        let matter = Matter::new(Wishes {
            documents_revoked_ms: Some(revoked),
            stamped_seal,
            ..Wishes::default()
        });
        verify(matter.zip(), &matter.pins())
    };
    let (before, after) = (papers::STAMPED_MS - 60_000, papers::STAMPED_MS + 60_000);
    assert_fails(&sealed(before, true), "seal.revocation");
    assert_fails(&sealed(before, false), "seal.revocation");
    // Nobody can say which came first.
    assert_fails(&sealed(after, false), "seal.revocation");
    let report = sealed(after, true);
    assert_eq!(
        report.checks.named("seal.revocation").unwrap().verdict,
        Verdict::Pass,
        "{:?}",
        failed(&report)
    );
}

#[test]
fn entries_cannot_be_left_out_moved_or_taken_from_elsewhere() {
    let matter = Matter::good();
    let pins = matter.pins();
    let last = matter.reindexed(|index| drop(index["entries"].as_array_mut().unwrap().pop()));
    assert_fails(&verify(last, &pins), "matter.complete");
    let first = matter.reindexed(|index| drop(index["entries"].as_array_mut().unwrap().remove(0)));
    let report = verify(first, &pins);
    assert_fails(&report, "matter.complete");
    assert_fails(&report, "entry[2].link");
    for list in ["attestations", "acts"] {
        let zip = matter.reindexed(|index| index[list] = serde_json::json!([]));
        assert_fails(&verify(zip, &pins), "matter.complete");
    }
    let swapped = matter.reindexed(|index| {
        let proof = index["entries"][1]["proof"].clone();
        index["entries"][0]["proof"] = proof;
    });
    let report = verify(swapped, &pins);
    assert_fails(&report, "entry[1].row");
    assert_fails(&report, "entry[1].signer");
    // The state of another ledger with the same matter.
    let other = Matter::good();
    let zip = matter.repaired(|files| {
        files.insert(
            "data/proofs/state.json".into(),
            other.files["data/proofs/state.json"].clone(),
        );
    });
    let report = verify(zip, &pins);
    assert_fails(&report, "state.proof");
    assert_fails(&report, "entry[1].row");
    // No checkpoint at all: that is less than the pinned policy asks for.
    let bare = matter.reindexed(|index| {
        index["checkpoints"] = serde_json::json!([]);
        index["entries"][0]["checkpoint"] = serde_json::Value::Null;
    });
    assert_fails(&verify(bare.clone(), &pins), "entry[1].history");
    let unpinned = verify(bare, &Pins::default());
    let found = unpinned.checks.named("entry[1].history").unwrap();
    assert_eq!(found.verdict, Verdict::Unchecked);
    // A contract of another number.
    let zip = matter.reindexed(|index| index["contract_id"] = 17.into());
    assert_fails(&verify(zip, &pins), "genesis.contract");
    for (field, value) in [
        ("matter", "other"),
        ("format", "blockworm-evidence/2"),
        ("exported_by", "bank"),
    ] {
        let zip = matter.reindexed(|index| index[field] = value.into());
        assert_fails(&verify(zip, &pins), "package.format");
    }
    let zip = matter.reindexed(|index| index["surprise"] = 1.into());
    assert_fails(&verify(zip, &pins), "package.format");
}

#[test]
fn an_original_must_be_the_one_that_was_committed_to() {
    let matter = Matter::good();
    let pins = matter.pins();
    let digest = sha256(&[b"another paper"]).to_string();
    let path = "data/originals/0001-paper 1.txt";
    let index = |index: &mut serde_json::Value| {
        index["entries"][0]["original"]["sha256"] = digest.clone().into()
    };
    let mut changed = matter.index.clone();
    index(&mut changed);
    let zip = matter.repaired(|files| {
        files.insert(path.into(), b"another paper".to_vec());
        files.insert(
            "data/matter.json".into(),
            serde_json::to_vec_pretty(&changed).unwrap(),
        );
    });
    assert_fails(&verify(zip, &pins), "entry[1].original");
    let zip =
        matter.reindexed(|index| index["entries"][0]["original"]["salt"] = "00".repeat(32).into());
    assert_fails(&verify(zip, &pins), "entry[1].original");
    // Said to be encrypted: not compared, and said so.
    let zip = matter.reindexed(|index| {
        let original = index["entries"][0]["original"].as_object_mut().unwrap();
        original.insert("encrypted".into(), true.into());
        original.insert("sha256".into(), serde_json::Value::Null);
        original.insert("salt".into(), serde_json::Value::Null);
    });
    let report = verify(zip, &pins);
    assert_eq!(
        report.checks.named("entry[1].original").unwrap().verdict,
        Verdict::Unchecked
    );
    let zip = matter.reindexed(|index| index["entries"][0]["original"] = serde_json::Value::Null);
    assert_eq!(
        verify(zip, &pins)
            .checks
            .named("entry[1].original")
            .unwrap()
            .verdict,
        Verdict::Unchecked
    );
}

#[test]
fn operators_and_checklist_must_agree_with_what_is_proved() {
    let matter = Matter::good();
    let change = |path: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let zip = matter.repaired(|files| {
            let mut json: serde_json::Value = serde_json::from_slice(&files[path]).unwrap();
            change(&mut json);
            files.insert(path.into(), json.to_string().into_bytes());
        });
        verify(zip, &matter.pins())
    };
    let operators = "data/operators.json";
    for (pointer, value) in [
        ("/nodes/0/organisation", "platform"),
        ("/nodes/1/consensus_key", "ed25519:00"),
        ("/relations/0/relation", "owner"),
        ("/relations/1/relation", "none"),
    ] {
        let report = change(operators, &|json| {
            *json.pointer_mut(pointer).unwrap() = value.into()
        });
        assert_fails(&report, "operators.consistent");
    }
    let report = change(operators, &|json| {
        drop(json["nodes"].as_array_mut().unwrap().pop())
    });
    assert_fails(&report, "operators.consistent");
    let report = change(operators, &|json| json["nodes"][0]["votes"] = false.into());
    assert_fails(&report, "operators.consistent");
    let checklist = "data/checklist.json";
    for (pointer, value) in [
        ("/items/0/article", "15"),
        ("/items/0/checks/0", "entry[9].nothing"),
        ("/items/0/facts/0/zh", ""),
    ] {
        let report = change(checklist, &|json| {
            *json.pointer_mut(pointer).unwrap() = value.into()
        });
        assert_fails(&report, "checklist.consistent");
    }
}
