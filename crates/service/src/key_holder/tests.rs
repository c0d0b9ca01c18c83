//! Who may ask, how much, and what is left behind.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::file_error::FileError;
use blockworm_crypto::{SecretKey, oprf::Blinding};
use proptest::prelude::*;
use std::{fs, os::unix::fs::PermissionsExt as _};
use tempfile::TempDir;

const NOW_MS: u64 = 1_795_305_600_000;
const LIMIT: Limit = Limit {
    elements: 10,
    window_ms: 3_600_000,
    requests_per_minute: 30,
};

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_ed25519_seed([seed; 32])
}

fn evaluation_key(version: u32) -> EvaluationKey {
    EvaluationKey::derive(&secret(9), KeyVersion(version)).unwrap()
}

fn ledger(byte: u8) -> LedgerId {
    hex::encode([byte; 16]).parse().unwrap()
}

fn holder_with<A: Audit>(audit: A, earlier: Vec<AuditRow>) -> KeyHolder<A> {
    let keys = [1, 2].map(evaluation_key);
    let notary = "notary".parse().unwrap();
    KeyHolder::new(notary, ledger(7), keys, LIMIT, audit, earlier)
}

fn holder() -> KeyHolder<Vec<AuditRow>> {
    holder_with(Vec::new(), Vec::new())
}

fn standing() -> Standing {
    Standing {
        key: secret(1).public_key(),
        active: true,
        roles: vec!["bank".to_owned()],
    }
}

fn request(nonce: u8, count: usize) -> (Blinding, EvaluationRequest) {
    let inputs: Vec<String> = (0..count.max(1)).map(|n| format!("input {n}")).collect();
    let blinding = Blinding::new(&inputs).unwrap();
    let elements = blinding.blinded()[..count].iter().map(SentElement::from);
    let request = EvaluationRequest {
        ledger: ledger(7),
        holder: "notary".parse().unwrap(),
        asker: "bank/maker".parse().unwrap(),
        version: KeyVersion(1),
        asked_at_ms: NOW_MS,
        nonce: Nonce([nonce; 16]),
        elements: elements.collect(),
    };
    (blinding, request)
}

fn signed(nonce: u8, count: usize) -> SignedRequest {
    request(nonce, count).1.sign(&secret(1))
}

#[test]
fn a_bank_gets_what_it_asked_for_under_the_version_it_named() {
    let mut holder = holder();
    for version in [1, 2] {
        let (blinding, mut request) = request(u8::try_from(version).unwrap(), 3);
        request.version = KeyVersion(version);
        let signed = request.sign(&secret(1));
        let json = serde_json::to_string(&signed).unwrap();
        let sent: SignedRequest = serde_json::from_str(&json).unwrap();
        let answer = holder.answer(&sent, Some(&standing()), NOW_MS).unwrap();
        let public = evaluation_key(version).public_key();
        assert_eq!(blinding.finalise(&public, &answer).unwrap().len(), 3);
    }
    let rows = holder.audit();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].elements, 3);
    assert_eq!(rows[0].member.as_str(), "bank/maker");
    let json = serde_json::to_string(rows).unwrap();
    let element = serde_json::to_string(&signed(1, 1).request.elements[0]).unwrap();
    assert!(!json.contains(&element), "the audit holds no element");
}

/// Each refusal by its code, and whether it leaves a row: noise that no member signed leaves none.
#[test]
fn each_refusal_has_its_code_and_signed_ones_their_row() {
    type Change = fn(&mut EvaluationRequest, &mut Option<Standing>);
    let cases: [(&str, bool, Change); 12] = [
        ("evaluation.other_holder", false, |r, _| {
            r.holder = "court".parse().unwrap()
        }),
        ("evaluation.other_ledger", false, |r, _| {
            r.ledger = ledger(8)
        }),
        ("evaluation.bad_signature", false, |_, s| *s = None),
        ("evaluation.bad_signature", false, |_, s| {
            s.as_mut().unwrap().key = secret(2).public_key();
        }),
        ("evaluation.inactive", true, |_, s| {
            s.as_mut().unwrap().active = false
        }),
        ("evaluation.missing_role", true, |_, s| {
            s.as_mut().unwrap().roles = vec!["platform".to_owned()];
        }),
        ("evaluation.stale", true, |r, _| {
            r.asked_at_ms -= TOLERANCE_MS + 1
        }),
        ("evaluation.stale", true, |r, _| {
            r.asked_at_ms += TOLERANCE_MS + 1
        }),
        ("evaluation.unknown_version", true, |r, _| {
            r.version = KeyVersion(3)
        }),
        ("evaluation.bad_element", true, |r, _| {
            let zero = serde_json::to_string(&"0".repeat(64)).unwrap();
            r.elements[1] = serde_json::from_str(&zero).unwrap();
        }),
        ("evaluation.batch_size", true, |r, _| r.elements.clear()),
        ("evaluation.batch_size", true, |r, _| {
            r.elements = vec![r.elements[0]; MAX_BATCH + 1];
        }),
    ];
    for (code, row, change) in cases {
        let mut holder = holder();
        let (_, mut request) = request(1, 2);
        let mut member = Some(standing());
        change(&mut request, &mut member);
        let signed = request.sign(&secret(1));
        let refused = holder.answer(&signed, member.as_ref(), NOW_MS).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        let rows = holder.audit();
        assert_eq!(rows.len(), usize::from(row), "{code}");
        let expected = Outcome::Refused(code.to_owned());
        assert!(rows.iter().all(|row| row.outcome == expected));
    }
}

#[test]
fn nothing_that_was_signed_can_be_changed() {
    let good = signed(1, 2);
    let key = secret(1).public_key();
    assert!(good.is_signed_by(&key));
    let changes: [fn(&mut EvaluationRequest); 8] = [
        |r| r.ledger = ledger(8),
        |r| r.holder = "court".parse().unwrap(),
        |r| r.asker = "bank/other".parse().unwrap(),
        |r| r.version = KeyVersion(2),
        |r| r.asked_at_ms += 1,
        |r| r.nonce = Nonce([9; 16]),
        |r| r.elements.swap(0, 1),
        |r| r.elements.truncate(1),
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed.request);
        assert!(!changed.is_signed_by(&key), "{changed:?}");
    }
}

#[test]
fn a_request_counts_once_and_a_bank_as_much_as_it_may() {
    let mut holder = holder();
    let member = standing();
    let first = signed(1, 6);
    assert!(holder.answer(&first, Some(&member), NOW_MS).is_ok());
    let again = holder
        .answer(&first, Some(&member), NOW_MS + 1)
        .unwrap_err();
    assert_eq!(again.code(), "evaluation.repeated");
    let over = holder.answer(&signed(2, 5), Some(&member), NOW_MS + 10);
    let Err(Refusal::OverLimit { retry_after_ms }) = over else {
        panic!("{over:?}");
    };
    assert_eq!(retry_after_ms, LIMIT.window_ms - 10);
    assert!(
        holder
            .answer(&signed(3, 4), Some(&member), NOW_MS + 10)
            .is_ok()
    );
    // Another member of the same bank shares its limit, another bank has its own.
    let (_, mut colleague) = request(4, 1);
    colleague.asker = "bank/checker".parse().unwrap();
    let refused = holder.answer(&colleague.sign(&secret(1)), Some(&member), NOW_MS + 20);
    assert_eq!(refused.unwrap_err().code(), "evaluation.over_limit");
    let (_, mut rival) = request(5, 10);
    rival.asker = "harbour-bank/maker".parse().unwrap();
    assert!(
        holder
            .answer(&rival.sign(&secret(1)), Some(&member), NOW_MS + 20)
            .is_ok()
    );
    // The window slides: what was taken first is free first.
    let (_, mut later) = request(6, 6);
    later.asked_at_ms = NOW_MS + LIMIT.window_ms;
    let later = later.sign(&secret(1));
    assert!(
        holder
            .answer(&later, Some(&member), NOW_MS + LIMIT.window_ms)
            .is_ok()
    );
}

/// Requests that are refused count too, and past the pace not even a row is left.
#[test]
fn a_bank_that_asks_too_often_leaves_no_rows() {
    let mut holder = holder();
    let member = standing();
    for nonce in 0..30 {
        let (_, mut request) = request(nonce, 1);
        request.version = KeyVersion(9);
        let refused = holder.answer(&request.sign(&secret(1)), Some(&member), NOW_MS);
        assert_eq!(refused.unwrap_err().code(), "evaluation.unknown_version");
    }
    let refused = holder.answer(&signed(31, 1), Some(&member), NOW_MS + 5_000);
    let Err(refused @ Refusal::TooOften { .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.retry_after_ms(), Some(55_000));
    assert_eq!(holder.audit().len(), 30);
    assert!(
        holder
            .answer(&signed(32, 1), Some(&member), NOW_MS + 60_000)
            .is_ok()
    );
}

#[test]
fn a_restart_forgives_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    let first = signed(1, 8);
    {
        let (audit, rows) = AuditFile::open(&path, 0).unwrap();
        assert_eq!(rows, []);
        let mut holder = holder_with(audit, rows);
        assert!(holder.answer(&first, Some(&standing()), NOW_MS).is_ok());
    }
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // A crash in the middle of a row.
    let mut torn = fs::read(&path).unwrap();
    let whole = torn.clone();
    torn.extend_from_slice(br#"{"at_ms":17953"#);
    fs::write(&path, torn).unwrap();
    let (audit, rows) = AuditFile::open(&path, 0).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
    let mut holder = holder_with(audit, rows);
    let again = holder.answer(&first, Some(&standing()), NOW_MS + 5);
    assert_eq!(again.unwrap_err().code(), "evaluation.repeated");
    let over = holder.answer(&signed(2, 3), Some(&standing()), NOW_MS + 5);
    assert_eq!(over.unwrap_err().code(), "evaluation.over_limit");
    assert_eq!(last_rows(&path, 9).unwrap().len(), 3);
    assert_eq!(
        last_rows(&path, 1).unwrap()[0].outcome,
        Outcome::Refused("evaluation.over_limit".to_owned())
    );
    let second = AuditFile::open(&path, 0).unwrap_err();
    assert!(matches!(second, AuditError::InUse { .. }), "{second}");
    drop(holder);
    let (_, late) = AuditFile::open(&path, NOW_MS + 5).unwrap();
    assert_eq!(late.len(), 2);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = AuditFile::open(&path, 0).unwrap_err();
    assert!(matches!(
        refused,
        AuditError::NotPrivate { mode: 0o640, .. }
    ));
}

#[test]
fn a_line_that_is_no_row_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    drop(AuditFile::open(&path, 0).unwrap());
    for text in ["{}\n".to_owned(), format!("{}\n", "x".repeat(10_000))] {
        fs::write(&path, text).unwrap();
        let refused = AuditFile::open(&path, 0).unwrap_err();
        assert!(
            matches!(refused, AuditError::Malformed { line: 1, .. }),
            "{refused}"
        );
    }
}

struct Full;

impl Audit for Full {
    fn write(&mut self, _: &AuditRow) -> Result<(), AuditError> {
        let full = std::io::ErrorKind::StorageFull.into();
        Err(FileError::on("write the audit", "audit.jsonl".as_ref())(full).into())
    }
}

#[test]
fn what_cannot_be_written_down_is_not_answered() {
    let mut holder = holder_with(Full, Vec::new());
    let refused = holder.answer(&signed(1, 1), Some(&standing()), NOW_MS);
    assert_eq!(refused.unwrap_err().code(), "evaluation.not_audited");
}

fn plan(folder: &TempDir) -> DeskPlan {
    let passphrase_file = folder.path().join("passphrase");
    let passphrase = crate::identity::Passphrase::generate().unwrap();
    passphrase.write(&passphrase_file).unwrap();
    DeskPlan {
        organisation: "notary".parse().unwrap(),
        ledger: ledger(7),
        keys: KeyFolder::new(folder.path().join("evaluation"), passphrase_file),
        limit: Limit::default(),
        audit_file: folder.path().join("ledgers/audit.jsonl"),
    }
}

/// While one answer is held up, a bank's sixteen next wait, and of all banks together 128.
#[test]
fn the_queue_is_bounded_for_each_bank_and_for_all() {
    let folder = TempDir::new().unwrap();
    let plan = plan(&folder);
    plan.keys.make_next().unwrap();
    let desk = Desk::open(plan).unwrap();
    let (_, question) = request(1, 1);
    let asks = |bank: &str| {
        let mut question = question.clone();
        question.asker = format!("{bank}/maker").parse().unwrap();
        question.sign(&secret(1))
    };
    let (tell, told) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let held = move |_| {
        tell.send(()).unwrap();
        let _ = gone.recv();
    };
    desk.submit(asks("bank"), Some(standing()), held).unwrap();
    told.recv().unwrap();
    let (count, counted) = std::sync::mpsc::channel();
    let submit = |bank: &str| {
        let count = count.clone();
        let answer = move |_| count.send(()).unwrap();
        desk.submit(asks(bank), Some(standing()), answer)
    };
    for bank in 0..8 {
        for _ in 0..16 {
            submit(&format!("bank-{bank}")).unwrap();
        }
        if bank < 7 {
            let refused = submit(&format!("bank-{bank}")).unwrap_err();
            assert_eq!(refused.code(), "evaluation.too_often");
        }
    }
    let refused = submit("late-bank").unwrap_err();
    assert_eq!(refused.code(), "evaluation.busy");
    assert!(refused.retry_after_ms().is_some());
    drop(go);
    assert_eq!(counted.iter().take(128).count(), 128);
    submit("late-bank").unwrap();
}

/// A holder at work with its files: a new version is taken up and a deleted one forgotten at the next
/// request.
#[test]
fn a_desk_follows_its_folder() {
    let folder = TempDir::new().unwrap();
    let plan = plan(&folder);
    let keys = plan.keys.clone();
    let refused = Desk::open(plan.clone()).err().unwrap();
    assert!(matches!(refused, DeskError::NoKey { .. }), "{refused}");
    let first = keys.make_next().unwrap();
    let desk = Desk::open(plan.clone()).unwrap();
    let refused = Desk::open(plan.clone()).err().unwrap();
    assert!(refused.to_string().contains("another process"), "{refused}");
    let mut nonce = 0;
    let mut ask = |version| {
        nonce += 1;
        let (blinding, mut request) = request(nonce, 2);
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        request.asked_at_ms = u64::try_from(since.unwrap().as_millis()).unwrap();
        request.version = KeyVersion(version);
        let (tell, told) = std::sync::mpsc::channel();
        let signed = request.sign(&secret(1));
        desk.submit(signed, Some(standing()), move |answer| {
            tell.send(answer).unwrap();
        })
        .unwrap();
        told.recv().unwrap().map(|answer| (blinding, answer))
    };
    let (blinding, answer) = ask(1).unwrap();
    assert!(blinding.finalise(&first.public_key(), &answer).is_ok());
    assert_eq!(ask(2).unwrap_err().code(), "evaluation.unknown_version");
    let second = keys.make_next().unwrap();
    let (blinding, answer) = ask(2).unwrap();
    assert!(blinding.finalise(&second.public_key(), &answer).is_ok());
    assert!(ask(1).is_ok(), "the old one stays until it is deleted");
    fs::remove_file(keys.file(KeyVersion(1))).unwrap();
    assert_eq!(ask(1).unwrap_err().code(), "evaluation.unknown_version");
    assert_eq!(last_rows(&plan.audit_file, 99).unwrap().len(), 5);
    let (_, forged) = request(9, 1);
    let refused = desk.submit(forged.sign(&secret(2)), Some(standing()), |_| {});
    assert_eq!(refused.unwrap_err().code(), "evaluation.bad_signature");
    assert_eq!(last_rows(&plan.audit_file, 99).unwrap().len(), 5);
}

proptest! {
    /// Whatever is asked when, no window of time ever sees more than the limit.
    #[test]
    fn no_window_exceeds_the_limit(asks in prop::collection::vec((0u64..2_000_000, 1u32..12), 1..60)) {
        let mut window = Window::default();
        let mut granted: Vec<(u64, u32)> = Vec::new();
        let mut now_ms = NOW_MS;
        for (step, wanted) in asks {
            now_ms += step;
            match window.wait(now_ms, wanted, &LIMIT) {
                None => {
                    window.take(now_ms, wanted, &LIMIT);
                    granted.push((now_ms, wanted));
                }
                Some(wait_ms) => {
                    prop_assert!(wait_ms <= LIMIT.window_ms);
                    let free = window_sum(&granted, now_ms + wait_ms) + wanted <= LIMIT.elements;
                    prop_assert!(free || wanted > LIMIT.elements);
                    prop_assert!(window_sum(&granted, now_ms) + wanted > LIMIT.elements);
                }
            }
            prop_assert!(window_sum(&granted, now_ms) <= LIMIT.elements);
        }
    }

    #[test]
    fn no_text_makes_the_request_reader_panic(text in "\\PC{0,200}") {
        let _ = serde_json::from_str::<SignedRequest>(&text);
        let _ = serde_json::from_str::<AuditRow>(&text);
    }
}

fn window_sum(granted: &[(u64, u32)], at_ms: u64) -> u32 {
    let inside = granted
        .iter()
        .filter(|(when, _)| when + LIMIT.window_ms > at_ms);
    inside.map(|(_, count)| count).sum()
}
