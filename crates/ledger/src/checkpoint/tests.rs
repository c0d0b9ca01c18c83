//! What notes, keys and policies are read strictly, and who counts.
#![allow(clippy::unwrap_used)]

use super::*;
use blockworm_crypto::{SecretKey, sha256};

const TIME_S: u64 = 1_790_000_000;

fn ledger() -> LedgerId {
    "96f6679fdf1f26ba8bd38e9d7586aaf9".parse().unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        ledger: ledger(),
        size: 20_852_163,
        root: sha256(&[b"root"]),
    }
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_ed25519_seed([seed; 32])
}

fn name(seed: u8) -> String {
    cosigner_name(&format!("org{seed}"))
}

fn key(seed: u8) -> CosignerKey {
    CosignerKey::new(name(seed), &secret(seed).public_key()).unwrap()
}

fn line(seed: u8) -> Cosignature {
    Cosignature::sign(&checkpoint(), &name(seed), &secret(seed), TIME_S).unwrap()
}

fn signed(seeds: &[u8]) -> SignedCheckpoint {
    SignedCheckpoint {
        checkpoint: checkpoint(),
        cosignatures: seeds.iter().map(|&seed| line(seed)).collect(),
    }
}

fn code(note: &str) -> &'static str {
    SignedCheckpoint::parse(note.as_bytes()).unwrap_err().code()
}

/// A policy of the witnesses w1 to w4 with these further lines.
fn policy_text(lines: &str) -> String {
    let mut text = format!("# who\norigin {}\n", origin(&ledger()));
    for seed in 1..=4 {
        let _ = writeln!(text, "witness w{seed} {}", key(seed));
    }
    text + lines
}

fn policy(lines: &str) -> Policy {
    Policy::parse(policy_text(lines).as_bytes()).unwrap()
}

fn refused(lines: &str) -> &'static str {
    let error = Policy::parse(policy_text(lines).as_bytes()).unwrap_err();
    error.code()
}

#[test]
fn a_note_reads_back_and_every_line_holds() {
    let note = signed(&[1, 2, 3]);
    let text = note.to_string();
    let read = SignedCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!(read, note);
    assert_eq!(read.to_string(), text);
    for (line, seed) in read.cosignatures.iter().zip([1, 2, 3]) {
        assert_eq!(line.verify(&read.checkpoint, &key(seed)), Ok(TIME_S));
        let other = line.verify(&read.checkpoint, &key(seed + 1)).unwrap_err();
        assert_eq!(other.code(), "checkpoint.signature");
    }
    assert_eq!(Checkpoint::parse(&note.checkpoint.body()), Ok(checkpoint()));
}

#[test]
fn a_cosignature_counts_for_its_body_and_time_alone() {
    let holds = |checkpoint: &Checkpoint, line: &Cosignature| line.verify(checkpoint, &key(1));
    let mut later = line(1);
    later.bytes[7] ^= 1;
    assert!(holds(&checkpoint(), &later).is_err());
    let mut broken = line(1);
    broken.bytes[20] ^= 1;
    assert!(holds(&checkpoint(), &broken).is_err());
    let mut short = line(1);
    short.bytes.pop();
    assert!(holds(&checkpoint(), &short).is_err());
    let mut far = line(1);
    far.bytes[0] = 0x80;
    assert!(holds(&checkpoint(), &far).is_err());
    let mut other = checkpoint();
    other.size += 1;
    assert!(holds(&other, &line(1)).is_err());
}

#[test]
fn only_exactly_a_note_is_read() {
    let good = signed(&[1]).to_string();
    let body = checkpoint().body();
    assert_eq!(code(&body), "checkpoint.form");
    assert_eq!(code(&format!("{body}\n")), "checkpoint.form");
    assert_eq!(
        code(&format!("{body}more\n\n{}\n", line(1))),
        "checkpoint.form"
    );
    assert_eq!(code(good.trim_end()), "checkpoint.not_text");
    assert_eq!(code(&good.replace('\n', "\r\n")), "checkpoint.not_text");
    assert_eq!(
        code(&good.replace("blockworm/96", "other/96")),
        "checkpoint.origin"
    );
    assert_eq!(
        code(&good.replace("20852163", "020852163")),
        "checkpoint.size"
    );
    assert_eq!(code(&good.replace("20852163", "0")), "checkpoint.size");
    assert_eq!(code(&good.replace("20852163", "+5")), "checkpoint.size");
    assert_eq!(
        code(&good.replace("20852163", "99999999999999999999")),
        "checkpoint.size"
    );
    let root = body.lines().nth(2).unwrap();
    assert_eq!(code(&good.replace(root, &root[4..])), "checkpoint.root");
    assert_eq!(
        code(&good.replace(root, root.trim_end_matches('='))),
        "checkpoint.root"
    );
    assert_eq!(code(&format!("{good}\n")), "checkpoint.signature_line");
    assert_eq!(
        code(&good.replace('\u{2014}', "-")),
        "checkpoint.signature_line"
    );
    assert_eq!(
        code(&format!("{good}\u{2014} a b+c AAAAAAA=\n")),
        "checkpoint.signature_line"
    );
    assert_eq!(
        code(&format!("{good}\u{2014} a AAAA\n")),
        "checkpoint.signature_line"
    );
    let mut bytes = good.into_bytes();
    bytes[5] = 0xff;
    let error = SignedCheckpoint::parse(&bytes).unwrap_err();
    assert_eq!(error.code(), "checkpoint.not_text");
}

#[test]
fn a_note_is_bounded_in_lines_and_bytes() {
    let many = |count: usize| {
        let lines = vec![line(1).to_string(); count].join("\n");
        format!("{}\n{lines}\n", checkpoint().body())
    };
    let most = many(MAX_SIGNATURES);
    assert!(SignedCheckpoint::parse(most.as_bytes()).is_ok());
    assert_eq!(
        code(&many(MAX_SIGNATURES + 1)),
        "checkpoint.too_many_signatures"
    );
    assert_eq!(
        code(&"a".repeat(MAX_NOTE_BYTES + 1)),
        "checkpoint.too_large"
    );
}

#[test]
fn a_key_is_read_with_its_own_id_alone() {
    let text = key(1).to_string();
    assert_eq!(text.parse::<CosignerKey>(), Ok(key(1)));
    let code = |text: &str| text.parse::<CosignerKey>().unwrap_err().code();
    let (name, rest) = text.split_once('+').unwrap();
    assert_eq!(code(&format!("{name}x+{rest}")), "checkpoint.key_id");
    let (id, encoded) = rest.split_once('+').unwrap();
    assert_eq!(
        code(&format!("{name}+{}+{encoded}", id.to_uppercase())),
        "checkpoint.key_id"
    );
    assert_eq!(code(name), "checkpoint.key");
    assert_eq!(code(&format!("{name}+{id}+")), "checkpoint.key");
    assert_eq!(
        code(&format!("{name}+{id}+{}", &encoded[4..])),
        "checkpoint.key_id"
    );
    assert_eq!(code(&format!("a b+{id}+{encoded}")), "checkpoint.key");
    let zero = STANDARD.encode([&[COSIGNATURE_V1][..], &[0; 32]].concat());
    assert_eq!(code(&format!("{name}+{id}+{zero}")), "checkpoint.key");
}

#[test]
fn another_algorithm_is_reported_and_not_counted() {
    let post_quantum = CosignerKey {
        name: "blockworm/later".into(),
        key: KeyMaterial::Other {
            algorithm: 0x06,
            bytes: vec![7; 1312],
        },
    };
    assert_eq!(post_quantum.to_string().parse(), Ok(post_quantum.clone()));
    let policy = policy(&format!(
        "witness later {post_quantum}\ngroup all any w1 later\nquorum later\n"
    ));
    let mut note = signed(&[1]);
    note.cosignatures.push(Cosignature {
        name: post_quantum.name.clone(),
        key_id: post_quantum.key_id(),
        bytes: vec![1; 8 + 2420],
    });
    let note = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    let report = policy.evaluate(&note);
    assert!(!report.met);
    assert_eq!(
        report.cosigners[4].verdict,
        Verdict::Unsupported { algorithm: 6 }
    );
    assert_eq!(report.outsiders, []);
    assert!(report.groups[0].met());
    let error = note.cosignatures[1].verify(&note.checkpoint, &post_quantum);
    assert_eq!(error.unwrap_err().code(), "checkpoint.unsupported");
}

#[test]
fn a_quorum_with_a_notary_and_a_court_is_met_by_just_those() {
    let policy = policy(
        "group validators 3 w1 w2 w3 w4\ngroup notary any w3\ngroup court any w4\n\
         group valid all validators notary court\nquorum valid\n",
    );
    let met = |seeds: &[u8]| policy.evaluate(&signed(seeds)).met;
    assert!(met(&[1, 2, 3, 4]));
    assert!(met(&[4, 3, 1]));
    assert!(!met(&[1, 2, 3]), "the court is missing");
    assert!(!met(&[3, 4]), "2f+1 are missing");
    let report = policy.evaluate(&signed(&[1, 2, 3]));
    assert_eq!(
        report.cosigners[0].verdict,
        Verdict::Signed { time_s: TIME_S }
    );
    assert_eq!(report.cosigners[3].verdict, Verdict::Missing);
    let have: Vec<_> = report
        .groups
        .iter()
        .map(|group| (group.have, group.needed))
        .collect();
    assert_eq!(have, [(3, 3), (1, 1), (0, 1), (2, 3)]);
}

#[test]
fn a_duplicate_counts_once_an_outsider_and_a_forger_not_at_all() {
    let policy = policy("group two 2 w1 w2\nquorum two\n");
    let report = policy.evaluate(&signed(&[1, 1, 9]));
    assert!(!report.met);
    assert_eq!(report.cosigners[0].duplicates, 1);
    let outsider = Outsider {
        name: name(9),
        key_id: hex::encode(key(9).key_id()),
    };
    assert_eq!(report.outsiders, [outsider]);
    let mut forged = signed(&[1, 9]);
    forged.cosignatures[1].name = name(2);
    forged.cosignatures[1].key_id = key(2).key_id();
    let report = policy.evaluate(&forged);
    assert!(!report.met);
    assert!(matches!(
        report.cosigners[1].verdict,
        Verdict::Invalid { .. }
    ));
    forged.cosignatures.push(line(2));
    assert!(
        policy.evaluate(&forged).met,
        "a forged line hides no real one"
    );
}

#[test]
fn a_note_of_another_ledger_meets_nothing() {
    let mut other = checkpoint();
    other.ledger = LedgerId([9; 16]);
    let note = SignedCheckpoint {
        checkpoint: other,
        cosignatures: vec![Cosignature::sign(&other, &name(1), &secret(1), TIME_S).unwrap()],
    };
    let report = policy("quorum w1\n").evaluate(&note);
    assert!(!report.met && !report.ledger_matches);
    assert_eq!(
        report.cosigners[0].verdict,
        Verdict::Signed { time_s: TIME_S }
    );
}

#[test]
fn a_policy_follows_its_grammar() {
    assert_eq!(policy("group g any w1\n\n \tquorum\tg \n").quorum, "g");
    assert_eq!(refused(""), "policy.quorum");
    assert_eq!(refused("quorum none\n"), "policy.quorum");
    assert_eq!(refused("quorum w1\nquorum w2\n"), "policy.quorum");
    assert_eq!(refused("quorum w9\n"), "policy.unknown_member");
    assert_eq!(refused("group g 0 w1 w2\nquorum g\n"), "policy.threshold");
    assert_eq!(refused("group g 3 w1 w2\nquorum g\n"), "policy.threshold");
    assert_eq!(refused("group g 02 w1 w2\nquorum g\n"), "policy.threshold");
    assert_eq!(refused("group g +1 w1 w2\nquorum g\n"), "policy.threshold");
    assert_eq!(refused("group g all\nquorum g\n"), "policy.threshold");
    assert_eq!(
        refused("group g any w1 w1\nquorum g\n"),
        "policy.repeated_member"
    );
    assert_eq!(
        refused("group g any g\nquorum g\n"),
        "policy.unknown_member"
    );
    assert_eq!(
        refused("group a any b\ngroup b any w1\nquorum a\n"),
        "policy.unknown_member"
    );
    assert_eq!(
        refused("group w1 any w2\nquorum w1\n"),
        "policy.duplicate_name"
    );
    assert_eq!(
        refused("group none any w2\nquorum w1\n"),
        "policy.duplicate_name"
    );
    assert_eq!(
        refused(&format!("witness w5 {}\nquorum w1\n", key(1))),
        "policy.duplicate_key"
    );
    assert_eq!(
        refused("witness w5 x+00000000+AAAA\nquorum w1\n"),
        "policy.key"
    );
    assert_eq!(refused("log x\nquorum w1\n"), "policy.line");
    assert_eq!(refused("please\nquorum w1\n"), "policy.line");
    assert_eq!(refused("origin blockworm/00\nquorum w1\n"), "policy.origin");
    assert_eq!(refused("# \u{7}\nquorum w1\n"), "policy.not_text");
    let code = |text: &[u8]| Policy::parse(text).unwrap_err().code();
    assert_eq!(code(b"witness a b\n"), "policy.origin");
    assert_eq!(code(b""), "policy.origin");
    assert_eq!(code(&vec![b'#'; MAX_POLICY_BYTES + 1]), "policy.too_large");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let _ = SignedCheckpoint::parse(&bytes);
        let _ = Policy::parse(&bytes);
        let _ = String::from_utf8_lossy(&bytes).parse::<CosignerKey>();
    }

    #[test]
    fn an_altered_note_is_refused_or_no_longer_holds(place in 0usize..10_000, bit in 0u8..8) {
        let policy = policy("quorum w1\n");
        let mut bytes = signed(&[1]).to_string().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(note) = SignedCheckpoint::parse(&bytes) {
            proptest::prop_assert!(!policy.evaluate(&note).met);
        }
    }
}
