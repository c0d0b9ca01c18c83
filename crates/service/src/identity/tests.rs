//! An authority's certificates and the keys of its organisation, kept and read again.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::network::folder::{ConsortiumFolder, make_private_folder};
use blockworm_crypto::{
    Algorithm,
    identity::{describe, split_chain, verify_chain, verify_node_chain},
};
use blockworm_ledger::MemberId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const NOW_MS: u64 = 1_790_000_000_000;

fn bank() -> OrganisationId {
    "bank".parse().unwrap()
}

#[test]
fn a_kept_identity_is_loaded_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let passphrase = Passphrase::generate().unwrap();
    make_private_folder(&folder.keys(&bank())).unwrap();
    passphrase.write(&folder.passphrase_file(&bank())).unwrap();
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let authority = Authority::create(&bank(), "Bank", algorithm, NOW_MS).unwrap();
        let name = format!("maker-{}", if algorithm == Algorithm::P256 { 2 } else { 1 });
        let member = authority
            .create_member(&name, &["maker".to_owned()], algorithm, NOW_MS)
            .unwrap();
        keep(&folder, &bank(), &name, &member, &passphrase).unwrap();
        let id = MemberId::new(&bank(), &name).unwrap();
        let loaded = load(&folder, &id).unwrap();
        assert_eq!(loaded.key.public_key(), member.key.public_key());
        assert_eq!(loaded.certificate, member.certificate);
    }
}

#[test]
fn a_passphrase_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("passphrase");
    Passphrase::generate().unwrap().write(&path).unwrap();
    Passphrase::read(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        Passphrase::read(&path),
        Err(IdentityError::Exposed { mode: 0o640, .. })
    ));
}

#[test]
fn a_certificate_beside_a_foreign_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let passphrase = Passphrase::generate().unwrap();
    let authority = Authority::create(&bank(), "Bank", Algorithm::Ed25519, NOW_MS).unwrap();
    let certificate = authority
        .create_member("maker", &["maker".to_owned()], Algorithm::Ed25519, NOW_MS)
        .unwrap()
        .certificate;
    let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
    let mixed = Identity { certificate, key };
    make_private_folder(&folder.keys(&bank())).unwrap();
    passphrase.write(&folder.passphrase_file(&bank())).unwrap();
    keep(&folder, &bank(), "maker", &mixed, &passphrase).unwrap();
    let id = MemberId::new(&bank(), "maker").unwrap();
    assert!(matches!(
        load(&folder, &id),
        Err(IdentityError::OtherKey { .. })
    ));
}

fn kept(lifetimes: Lifetimes) -> (tempfile::TempDir, ConsortiumFolder, Authority, Passphrase) {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let passphrase = Passphrase::generate().unwrap();
    make_private_folder(&folder.keys(&bank())).unwrap();
    passphrase.write(&folder.passphrase_file(&bank())).unwrap();
    let authority =
        Authority::create_for(&bank(), "Bank", Algorithm::Ed25519, NOW_MS, lifetimes).unwrap();
    authority.keep(&folder, &passphrase).unwrap();
    (dir, folder, authority, passphrase)
}

#[test]
fn an_issuing_authority_is_replaced_below_the_same_root() {
    let (_dir, folder, authority, passphrase) = kept(Lifetimes::default());
    let member = authority
        .create_member("maker", &["maker".to_owned()], Algorithm::Ed25519, NOW_MS)
        .unwrap();
    assert_eq!(split_chain(&member.certificate).unwrap().len(), 2);
    let mut opened = Authority::load(&folder, &bank()).unwrap();
    opened
        .rotate_issuing(&folder, &passphrase, NOW_MS + 1)
        .unwrap();
    let again = Authority::load(&folder, &bank()).unwrap();
    assert_ne!(again.issuing(), authority.issuing());
    assert_eq!(again.issuing(), opened.issuing());
    assert_eq!(again.root(), authority.root());
    assert_eq!(describe(again.issuing()).unwrap().name, "Bank issuing 2");
    let next = again
        .create_member("next", &["maker".to_owned()], Algorithm::Ed25519, NOW_MS)
        .unwrap();
    // What either of them issued counts.
    for certificate in [&member.certificate, &next.certificate] {
        verify_chain(certificate, authority.root(), NOW_MS).unwrap();
    }
    let log = IssuedLog::of(&folder, &bank()).issued().unwrap();
    let authorities = log.iter().filter(|issued| issued.profile == "authority");
    assert_eq!(authorities.count(), 3);
}

#[test]
fn without_the_roots_key_the_issuing_authority_goes_on_and_is_not_replaced() {
    let (_dir, folder, _, passphrase) = kept(Lifetimes::default());
    fs::remove_file(folder.key_file(&bank(), AUTHORITY)).unwrap();
    let mut opened = Authority::load(&folder, &bank()).unwrap();
    assert!(!opened.has_root_key());
    opened
        .create_member("maker", &["maker".to_owned()], Algorithm::Ed25519, NOW_MS)
        .unwrap();
    let refused = opened.rotate_issuing(&folder, &passphrase, NOW_MS);
    assert!(matches!(refused, Err(IdentityError::NoRootKey { .. })));
}

#[test]
fn nothing_counts_longer_than_its_issuer() {
    let hour_ms = 60 * 60 * 1000;
    let (_dir, folder, authority, _) = kept(Lifetimes::short(hour_ms));
    let late = NOW_MS + hour_ms / 2;
    let key = SecretKey::generate(Algorithm::Ed25519)
        .unwrap()
        .public_key();
    let chain = authority.certify_node(&folder, &key, late).unwrap();
    let node = verify_node_chain(&chain, authority.root(), late).unwrap();
    assert_eq!(node.not_after_ms, NOW_MS + hour_ms);
    let again = read_certificate(&folder.certificate_file(&bank(), NODE)).unwrap();
    assert_eq!(again, chain);
}

#[test]
fn a_key_is_certified_for_one_subject_alone() {
    let (_dir, folder, authority, _) = kept(Lifetimes::default());
    let log = IssuedLog::of(&folder, &bank());
    let key = SecretKey::generate(Algorithm::Ed25519)
        .unwrap()
        .public_key();
    let issue = |name: &str| authority.issue(name, &[], &key, NOW_MS).unwrap();
    log.record(&issue("first"), Enrolled::Token, None).unwrap();
    log.record(&issue("first"), Enrolled::Renewed, None)
        .unwrap();
    let refused = log.record(&issue("second"), Enrolled::Token, None);
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "enrolment.duplicate_key");
    assert!(refused.to_string().contains("bank/first"));
    assert_eq!(log.revoke("bank/first", NOW_MS, "left").unwrap(), 2);
    assert_eq!(log.revoke("bank/first", NOW_MS, "left").unwrap(), 0);
    assert_eq!(log.revoked().unwrap().len(), 2);
}

#[test]
fn a_pem_file_holds_a_chain_and_nothing_else() {
    let (_dir, _folder, authority, _) = kept(Lifetimes::default());
    let member = authority
        .create_member("maker", &[], Algorithm::Ed25519, NOW_MS)
        .unwrap();
    let text = encode_pem(&member.certificate).unwrap();
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(decode_pem(text.as_bytes()).unwrap(), member.certificate);
    for wrong in [format!("{text}rest"), format!("rest{text}"), String::new()] {
        assert_eq!(decode_pem(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn an_interrupted_replacement_of_the_issuing_authority_is_made_good() {
    let (_dir, folder, authority, passphrase) = kept(Lifetimes::default());
    let before = read_certificate(&folder.certificate_file(&bank(), ISSUING)).unwrap();
    let mut opened = Authority::load(&folder, &bank()).unwrap();
    opened.rotate_issuing(&folder, &passphrase, NOW_MS).unwrap();
    // The key is the new one already, the certificate still the old one.
    write_certificate(&folder.certificate_file(&bank(), ISSUING), &before).unwrap();
    let mut torn = Authority::load(&folder, &bank()).unwrap();
    assert!(torn.issuing().is_empty());
    torn.rotate_issuing(&folder, &passphrase, NOW_MS).unwrap();
    let whole = Authority::load(&folder, &bank()).unwrap();
    assert!(!whole.issuing().is_empty());
    assert_eq!(whole.root(), authority.root());
}

#[test]
fn what_is_due_is_renewed_and_nothing_that_is_revoked() {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let (_dir, folder, authority, passphrase) = kept(Lifetimes::short(HOUR_MS));
    let log = IssuedLog::of(&folder, &bank());
    for name in ["maker", "left"] {
        let made = authority.create_member(name, &["maker".to_owned()], Algorithm::Ed25519, NOW_MS);
        let made = made.unwrap();
        log.record(&made.certificate, Enrolled::Founded, None)
            .unwrap();
        keep(&folder, &bank(), name, &made, &passphrase).unwrap();
    }
    log.revoke("bank/left", NOW_MS, "left").unwrap();
    let renew = |now_ms| {
        renewal::renew_due(&folder, &bank(), now_ms)
            .unwrap()
            .renewed
    };
    assert_eq!(renew(NOW_MS), Vec::<String>::new());
    // The issuing authority goes first, at half its life.
    assert_eq!(renew(NOW_MS + HOUR_MS * 6 / 10), ["issuing"]);
    let late = NOW_MS + HOUR_MS * 3 / 4;
    assert_eq!(renew(late), ["maker"]);
    assert_eq!(renew(late), Vec::<String>::new());
    let chain = read_certificate(&folder.certificate_file(&bank(), "maker")).unwrap();
    let read = verify_chain(&chain, authority.root(), late).unwrap();
    assert_eq!(read.functions, ["maker"]);
    let held = renewal::held_members(&folder, &bank());
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].id.as_str(), "bank/maker");
    // Where the root's key is elsewhere, what it alone can do is named and nothing is lost.
    fs::remove_file(folder.key_file(&bank(), AUTHORITY)).unwrap();
    let pass = renewal::renew_due(&folder, &bank(), late + HOUR_MS).unwrap();
    assert!(pass.needs_root.contains(&"issuing".to_owned()), "{pass:?}");
}

#[test]
fn warnings_come_at_thirty_fourteen_seven_and_one_days_or_at_parts_of_a_short_life() {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let warned = |lifetimes: Lifetimes, left_ms: u64| {
        let (_dir, folder, authority, _) = kept(lifetimes);
        let key = SecretKey::generate(Algorithm::Ed25519)
            .unwrap()
            .public_key();
        authority.certify_node(&folder, &key, NOW_MS).unwrap();
        let end_ms = certificates(&folder, &[bank()], NOW_MS)
            .into_iter()
            .find(|one| one.file == NODE)
            .unwrap()
            .not_after_ms;
        let later = certificates(&folder, &[bank()], end_ms - left_ms);
        let node = later.into_iter().find(|one| one.file == NODE).unwrap();
        (node.warnings(), node.state)
    };
    let long = |days| warned(Lifetimes::default(), days * DAY_MS);
    assert_eq!(long(31), (0, CertificateState::Ending));
    assert_eq!(long(30).0, 1);
    assert_eq!(long(13).0, 2);
    assert_eq!(long(7).0, 3);
    assert_eq!(long(1).0, 4);
    assert_eq!(long(400), (0, CertificateState::Valid));
    let short = |minutes: u64| warned(Lifetimes::short(60 * 60 * 1000), minutes * 60_000).0;
    assert_eq!((short(20), short(16), short(8)), (0, 1, 2));
}
