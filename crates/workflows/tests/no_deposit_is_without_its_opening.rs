//! Whatever happens between a file and the ledger, what stands there can be opened here, and stands there once.

#![allow(clippy::unwrap_used)]

mod evidence_ledger;

use blockworm_evidence::state::ENTRIES;
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    identity::Passphrase,
    network::{ConsortiumFolder, folder::make_private_folder},
};
use blockworm_workflows::{
    commitment::{Domain, Opening},
    evidence::{
        Captured, Deposited, Device, Evidence, EvidenceError, File, Kept, Paper, Part, Store,
        Terms, Way, attest, capture, cite, deposit, erase, settle,
    },
};
use cosmwasm_std::Order;
use evidence_ledger::{Fate, Ledger, NOW};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

const LEDGER: &str = "00112233445566778899aabbccddeeff";
const MATTER: &str = "steel-26";

struct Scene {
    folder: tempfile::TempDir,
    ledger: Ledger,
    evidence: Evidence,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for organisation in ["platform", "notary", "court"] {
            let organisation: OrganisationId = organisation.parse().unwrap();
            let place = ConsortiumFolder::new(folder.path());
            make_private_folder(&place.keys(&organisation)).unwrap();
            let passphrase = Passphrase::generate().unwrap();
            passphrase
                .write(&place.passphrase_file(&organisation))
                .unwrap();
        }
        Self {
            folder,
            ledger: Ledger::new(),
            evidence: Evidence::default(),
        }
    }

    fn store(&self, organisation: &str) -> Store {
        Store::open(self.folder.path(), &organisation.parse().unwrap()).unwrap()
    }

    fn way(&mut self) -> Way<'_, Ledger> {
        Way {
            submitter: &mut self.ledger,
            evidence: &self.evidence,
            ledger: LEDGER,
        }
    }

    fn file(&self, name: &str, phase: &str) -> Captured {
        let file = File {
            name: name.to_owned(),
            bytes: format!("the file {name}").into_bytes(),
            media_type: None,
            modified_ms: None,
        };
        let terms = Terms {
            matter: MATTER.into(),
            phase: phase.into(),
            kind: "document".into(),
            method: "upload".into(),
            captured_ms: NOW - 1,
            source: None,
            by: "platform/clerk".parse().unwrap(),
        };
        let device = Device {
            host: "desk".into(),
            program: "test".into(),
            system: "none".into(),
            version: "1".into(),
        };
        capture(file, terms, &device).unwrap()
    }

    async fn deposit(&mut self, names: &[&str]) -> Result<Deposited, EvidenceError<String>> {
        let store = self.store("platform");
        let files = names
            .iter()
            .map(|name| self.file(name, "contract"))
            .collect();
        let who = "platform/clerk".parse().unwrap();
        deposit(&mut self.way(), &store, &who, files, NOW).await
    }

    /// Every entry on the ledger opens with what lies here.
    fn check(&self) -> Vec<Kept> {
        let store = self.store("platform");
        let rows = ENTRIES.prefix(MATTER);
        let rows = rows.range(&self.ledger.deps.storage, None, None, Order::Ascending);
        rows.map(|row| {
            let entry = row.unwrap().1;
            let found = store.find_commitment(LEDGER, MATTER, &entry.commitment);
            let kept = found.unwrap().unwrap();
            let (file_digest, salt) = (kept.sha256, kept.salt.unwrap());
            let opening = Opening { file_digest, salt };
            assert_eq!(
                opening.commitment_as(Domain::Original).to_string(),
                entry.commitment
            );
            let record = kept.capture.clone().unwrap();
            assert_eq!(record.commitment.to_string(), entry.capture);
            if !kept.erased {
                let bytes = store.original(&kept).unwrap();
                assert_eq!(
                    String::from_utf8(bytes).unwrap(),
                    format!("the file {}", kept.name)
                );
            }
            kept
        })
        .collect()
    }
}

#[tokio::test]
async fn what_was_cut_off_goes_on_under_the_same_commitment() {
    for fate in [Fate::Lost, Fate::Unheard] {
        let mut scene = Scene::new();
        scene.ledger.fate = fate;
        let cut = scene.deposit(&["a.txt", "b.txt"]).await.unwrap_err();
        assert!(matches!(cut, EvidenceError::Submitter(_)), "{cut}");
        let store = scene.store("platform");
        let kept = store.leftovers(LEDGER, MATTER).unwrap();
        assert_eq!(kept.len(), 2);
        let there = scene.check();
        assert_eq!(there.len(), if fate == Fate::Lost { 0 } else { 2 });
        // The same command again, with a further file.
        let done = scene.deposit(&["a.txt", "b.txt", "c.txt"]).await.unwrap();
        let there = scene.check();
        let again: Vec<bool> = done.entries.iter().map(|made| made.resumed).collect();
        assert_eq!(again, [true, true, false]);
        assert_eq!(there.len(), 3, "each once");
        let before = kept.iter().find(|kept| kept.name == "a.txt").unwrap();
        let made = &done.entries[0];
        assert_eq!(made.commitment, before.commitment.to_string());
        assert_eq!((made.number, made.duplicate_of), (1, None));
        // Once more, and it is meant.
        let twice = scene.deposit(&["a.txt"]).await.unwrap();
        assert_eq!(twice.entries[0].duplicate_of, Some(1));
        assert_eq!(
            (twice.entries[0].number, twice.entries[0].resumed),
            (4, false)
        );
        assert!(store.leftovers(LEDGER, MATTER).unwrap().is_empty());
        let first = store.find(LEDGER, MATTER, 1).unwrap().unwrap();
        assert_eq!(first.name, "a.txt");
        assert!(first.transaction.is_some());
    }
}

#[tokio::test]
async fn what_the_ledger_refuses_is_not_kept_and_all_or_nothing_is_deposited() {
    let mut scene = Scene::new();
    scene.deposit(&["a.txt"]).await.unwrap();
    let close = blockworm_evidence::ExecuteMsg::Close {
        matter: MATTER.into(),
    };
    let who = "platform/clerk".parse().unwrap();
    let mut way = scene.way();
    let request = way.evidence.ask(&who, &close);
    way.take(request).await.unwrap();
    let refused = scene.deposit(&["b.txt", "c.txt"]).await.unwrap_err();
    assert_eq!(refused.code(), Some("evidence.closed"));
    let store = scene.store("platform");
    assert_eq!(store.matter(LEDGER, MATTER).unwrap().len(), 1);
    let many: Vec<String> = (0..65).map(|number| format!("{number}.txt")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = scene.deposit(&many).await.unwrap_err();
    assert_eq!(refused.code(), Some("evidence.bad_count"));
    let folder = scene
        .folder
        .path()
        .join("platform/evidence")
        .join(LEDGER)
        .join(MATTER);
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        2,
        "a record and an original"
    );
}

#[tokio::test]
async fn papers_are_kept_by_those_who_cite_them() {
    let mut scene = Scene::new();
    scene.deposit(&["a.txt"]).await.unwrap();
    let (notary, court) = (scene.store("notary"), scene.store("court"));
    let paper = Paper {
        name: "findings.pdf".into(),
        bytes: b"%PDF-1 what was found".to_vec(),
    };
    let who = "notary/clerk".parse().unwrap();
    let said = (MATTER, 1, "seen-original");
    let mut way = scene.way();
    attest(&mut way, &notary, &who, said, Some(&paper), NOW)
        .await
        .unwrap();
    let said = (MATTER, 9, "seen-original");
    let refused = attest(&mut way, &notary, &who, said, Some(&paper), NOW).await;
    assert_eq!(refused.unwrap_err().code(), Some("evidence.unknown_entry"));
    let kept = notary.matter(LEDGER, MATTER).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].part, kept[0].number), (Part::Findings, Some(1)));
    let story = way.story(MATTER).await.unwrap().unwrap();
    let row = story.attestations[0].findings.clone().unwrap();
    assert_eq!(row, kept[0].commitment.to_string());
    assert_ne!(row, paper.digest(), "nobody guesses what was found");

    let judge = "court/judge".parse().unwrap();
    let hold = |document| blockworm_evidence::ExecuteMsg::Hold {
        matter: MATTER.into(),
        document,
    };
    let message = (MATTER, &hold(paper.digest()));
    cite(&mut way, &court, &judge, message, &paper, NOW)
        .await
        .unwrap();
    // Cited again and refused: the earlier act's paper stays.
    let again = cite(&mut way, &court, &judge, message, &paper, NOW).await;
    assert_eq!(again.unwrap_err().code(), Some("evidence.already_held"));
    let order = court
        .find_part(LEDGER, MATTER, Part::Document, 1)
        .unwrap()
        .unwrap();
    assert_eq!(court.original(&order).unwrap(), paper.bytes);
}

#[tokio::test]
async fn an_original_is_destroyed_once_the_ledger_says_so_and_not_before() {
    let mut scene = Scene::new();
    scene.deposit(&["a.txt"]).await.unwrap();
    let store = scene.store("platform");
    let who = "platform/clerk".parse().unwrap();
    let mut way = scene.way();
    let retain = way.evidence.retain(&who, MATTER, NOW + 10);
    way.take(retain).await.unwrap();
    let refused = erase(&mut way, &store, &who, MATTER, 1).await.unwrap_err();
    assert_eq!(refused.code(), Some("evidence.retained"));
    scene.check();
    scene.ledger.env.block.time = cosmwasm_std::Timestamp::from_nanos((NOW + 10) * 1_000_000);
    scene.ledger.fate = Fate::Unheard;
    let mut way = scene.way();
    erase(&mut way, &store, &who, MATTER, 1).await.unwrap_err();
    let kept = store.find(LEDGER, MATTER, 1).unwrap().unwrap();
    assert!(!kept.erased);
    // The ledger has it already: what was left undone here is done.
    assert_eq!(
        erase(&mut way, &store, &who, MATTER, 1).await.unwrap(),
        None
    );
    let kept = store.find(LEDGER, MATTER, 1).unwrap().unwrap();
    assert!(kept.erased);
    assert_eq!(
        store.original(&kept).unwrap_err().code(),
        "evidence.original_erased"
    );
    let refused = erase(&mut way, &store, &who, MATTER, 1).await.unwrap_err();
    assert_eq!(refused.code(), Some("evidence.already_erased"));
    scene.check();
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let listed = fs::read_dir(folder)
        .unwrap()
        .map(|found| found.unwrap().path());
    let mut all: Vec<_> = listed.collect();
    all.sort();
    all
}

#[tokio::test]
async fn damage_and_foreign_hands_are_noticed() {
    let mut scene = Scene::new();
    scene.deposit(&["a.txt"]).await.unwrap();
    let folder = scene
        .folder
        .path()
        .join("platform/evidence")
        .join(LEDGER)
        .join(MATTER);
    let [sealed, record] = &files(&folder)[..] else {
        panic!()
    };
    for path in [sealed, record] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let store = scene.store("platform");
    let kept = store.find(LEDGER, MATTER, 1).unwrap().unwrap();
    let good = fs::read(sealed).unwrap();
    let text = String::from_utf8_lossy(&good);
    assert!(text.starts_with("age-encryption.org/v1\n-> X25519 "));
    assert!(!text.contains("the file"), "nothing lies in the clear");
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 1;
    fs::write(sealed, &wrong).unwrap();
    assert_eq!(
        store.original(&kept).unwrap_err().code(),
        "evidence.store_damaged"
    );
    // Another file under the same name is not the one that was committed to.
    fs::write(sealed, store.identity().seal(b"another").unwrap()).unwrap();
    assert_eq!(
        store.original(&kept).unwrap_err().code(),
        "evidence.store_damaged"
    );
    fs::write(sealed, &good).unwrap();
    assert_eq!(store.original(&kept).unwrap(), b"the file a.txt");
    // A record whose parts do not fit each other is no record.
    let text = fs::read_to_string(record).unwrap();
    let salt = kept.salt.unwrap().to_hex();
    let other = text.replace(&salt, &"0".repeat(64));
    assert_ne!(text, other);
    for bad in [&other[..], "{}", &text.replace("kept/1", "kept/2")] {
        fs::write(record, bad).unwrap();
        let found = store.find(LEDGER, MATTER, 1);
        assert_eq!(found.unwrap_err().code(), "evidence.store_damaged");
    }
    fs::write(record, &text).unwrap();
    for bad in ["..", "A", "", "a/b"] {
        let found = store.find(LEDGER, bad, 1);
        assert_eq!(found.unwrap_err().code(), "evidence.bad_matter");
    }
    // The key counts only where nobody else reads it, and under its own passphrase.
    let key = scene
        .folder
        .path()
        .join("platform/keys/evidence.identity.age");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let platform = "platform".parse().unwrap();
    let open = || {
        Store::open(scene.folder.path(), &platform)
            .unwrap_err()
            .code()
    };
    assert_eq!(open(), "key.unusable");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = ConsortiumFolder::new(scene.folder.path()).passphrase_file(&platform);
    fs::write(passphrase, "another one\n").unwrap();
    assert_eq!(open(), "evidence.store_damaged");
}

/// What one command forgets, because the ledger refused it, no other has submitted meanwhile.
#[tokio::test]
async fn one_command_at_a_time_deposits_in_a_matter() {
    let scene = Scene::new();
    let (store, other) = (scene.store("platform"), scene.store("platform"));
    let held = store.lock(LEDGER, MATTER).unwrap();
    // Another matter is another lock.
    drop(other.lock(LEDGER, "elsewhere").unwrap());
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let _alone = other.lock(LEDGER, MATTER).unwrap();
            ended.load(std::sync::atomic::Ordering::SeqCst)
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        ended.store(true, std::sync::atomic::Ordering::SeqCst);
        drop(held);
        assert!(waiting.join().unwrap(), "it waited for the other's end");
    });
}

/// Two commands at once, and a third that was killed long ago.
#[tokio::test]
async fn drafts_of_the_dead_are_removed_and_of_the_living_are_not() {
    let mut scene = Scene::new();
    scene.deposit(&["a.txt"]).await.unwrap();
    let folder = scene
        .folder
        .path()
        .join("platform/evidence")
        .join(LEDGER)
        .join(MATTER);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(4_000);
    for (name, time) in [
        ("x.age.1-1.new", Some(old)),
        ("y.age", Some(old)),
        ("z.age", None),
    ] {
        fs::write(folder.join(name), b"draft").unwrap();
        if let Some(time) = time {
            let file = fs::File::options()
                .write(true)
                .open(folder.join(name))
                .unwrap();
            file.set_modified(time).unwrap();
        }
    }
    scene.deposit(&["b.txt"]).await.unwrap();
    let left = files(&folder);
    assert_eq!(
        left.len(),
        5,
        "two records, two originals, one draft: {left:?}"
    );
    assert!(folder.join("z.age").exists());
    let store = scene.store("platform");
    assert!(
        settle(&mut scene.way(), &store, MATTER)
            .await
            .unwrap()
            .is_empty()
    );
}
