//! Each way in which a member's certificate can be wrong has its own refusal, at any given time.

#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey, SignatureError,
    identity::{
        CertificateAuthority, IdentityError, MAX_CERTIFICATE_BYTES, MemberSubject, Validity,
        parse_authority, parse_member, verify_chain,
    },
};
use std::sync::Arc;

const START_MS: u64 = 1_800_000_000_000;
const END_MS: u64 = 1_900_000_000_000;
const NOW_MS: u64 = 1_850_000_000_123;
const VALIDITY: Validity = Validity {
    not_before_ms: START_MS,
    not_after_ms: END_MS,
};
const WIDE: Validity = Validity {
    not_before_ms: START_MS - 86_400_000,
    not_after_ms: END_MS + 86_400_000,
};

fn authority(organisation: &str, validity: Validity) -> CertificateAuthority {
    CertificateAuthority::create(organisation, "Authority", Algorithm::Ed25519, validity).unwrap()
}

fn subject(organisation: &str, functions: &[&str]) -> MemberSubject {
    MemberSubject {
        organisation: organisation.into(),
        name: "teller".into(),
        functions: functions
            .iter()
            .map(|&function| function.to_owned())
            .collect(),
    }
}

fn key() -> SecretKey {
    SecretKey::generate(Algorithm::Ed25519).unwrap()
}

fn issue(authority: &CertificateAuthority) -> Vec<u8> {
    authority
        .issue(&subject("bank", &["maker"]), &key().public_key(), VALIDITY)
        .unwrap()
}

/// Replaces the one place where `old` stands in the certificate by as many bytes.
fn altered(der: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> = (0..der.len())
        .filter(|&at| der[at..].starts_with(old))
        .collect();
    let [place] = places[..] else {
        panic!("{} places", places.len())
    };
    let mut altered = der.to_vec();
    altered[place..place + old.len()].copy_from_slice(new);
    altered
}

#[test]
fn a_sound_chain_gives_the_member_with_all_algorithms() {
    for algorithms in [
        (Algorithm::Ed25519, Algorithm::Ed25519),
        (Algorithm::Ed25519, Algorithm::P256),
        (Algorithm::P256, Algorithm::Ed25519),
        (Algorithm::P256, Algorithm::P256),
    ] {
        let authority =
            CertificateAuthority::create("bank", "甲银行", algorithms.0, VALIDITY).unwrap();
        let key = SecretKey::generate(algorithms.1).unwrap();
        let subject = subject("bank", &["admin", "maker"]);
        let der = authority
            .issue(&subject, &key.public_key(), VALIDITY)
            .unwrap();
        let member = verify_chain(&der, authority.certificate(), NOW_MS).unwrap();
        assert_eq!(member, parse_member(&der).unwrap());
        assert_eq!(
            (member.organisation, member.name, member.functions),
            (subject.organisation, subject.name, subject.functions)
        );
        assert_eq!(member.public_key, key.public_key());
        assert_eq!(
            (member.not_before_ms, member.not_after_ms),
            (START_MS, END_MS)
        );
        assert_eq!(member.serial.len(), 16);
        assert_eq!(
            parse_authority(authority.certificate()).unwrap().name,
            "甲银行"
        );
    }
}

#[test]
fn time_alone_decides_at_both_ends_to_the_second() {
    let authority = authority("bank", WIDE);
    let der = issue(&authority);
    let at = |ms| verify_chain(&der, authority.certificate(), ms).map(|_| ());
    assert_eq!(at(START_MS - 1), Err(IdentityError::NotYetValid));
    assert_eq!(at(START_MS), Ok(()));
    assert_eq!(at(END_MS + 999), Ok(()));
    assert_eq!(at(END_MS + 1000), Err(IdentityError::Expired));
    assert_eq!(at(0), Err(IdentityError::AuthorityNotYetValid));
    assert_eq!(at(u64::MAX), Err(IdentityError::AuthorityExpired));
}

#[test]
fn another_authority_of_the_same_organisation_did_not_sign_it() {
    let (first, second) = (authority("bank", VALIDITY), authority("bank", VALIDITY));
    let refused = verify_chain(&issue(&first), second.certificate(), NOW_MS);
    assert_eq!(refused, Err(IdentityError::BadSignature));
    let p256 =
        CertificateAuthority::create("bank", "Authority", Algorithm::P256, VALIDITY).unwrap();
    let refused = verify_chain(&issue(&first), p256.certificate(), NOW_MS);
    assert_eq!(refused, Err(IdentityError::BadSignature));
}

#[test]
fn an_authority_speaks_for_its_own_organisation_only() {
    let (bank, court) = (authority("bank", VALIDITY), authority("court", VALIDITY));
    let refused = verify_chain(&issue(&bank), court.certificate(), NOW_MS);
    assert_eq!(refused, Err(IdentityError::OrganisationMismatch));
    let refused = bank.issue(&subject("court", &[]), &key().public_key(), VALIDITY);
    assert_eq!(refused, Err(IdentityError::OrganisationMismatch));
}

#[test]
fn an_authority_of_another_name_is_the_wrong_issuer() {
    let other =
        CertificateAuthority::create("bank", "Other", Algorithm::Ed25519, VALIDITY).unwrap();
    let refused = verify_chain(
        &issue(&other),
        authority("bank", VALIDITY).certificate(),
        NOW_MS,
    );
    assert_eq!(refused, Err(IdentityError::WrongIssuer));
}

#[test]
fn an_altered_certificate_is_refused() {
    let authority = authority("bank", VALIDITY);
    let der = issue(&authority);
    let renamed = altered(&der, b"teller", b"miller");
    let refused = verify_chain(&renamed, authority.certificate(), NOW_MS);
    assert_eq!(refused, Err(IdentityError::BadSignature));
    let promoted = altered(&der, b"maker", b"court");
    assert_eq!(parse_member(&promoted), Err(IdentityError::UnknownFunction));
    let shouting = altered(&der, b"teller", b"Teller");
    assert_eq!(parse_member(&shouting), Err(IdentityError::Name));
    for length in 0..der.len() {
        assert!(parse_member(&der[..length]).is_err());
    }
    assert!(parse_member(&[&der[..], &[0]].concat()).is_err());
}

#[test]
fn a_member_is_no_authority_and_an_authority_no_member() {
    let authority = authority("bank", VALIDITY);
    let member = issue(&authority);
    let refused = verify_chain(&member, &member, NOW_MS);
    assert_eq!(refused, Err(IdentityError::NotAnAuthority));
    let refused = verify_chain(authority.certificate(), authority.certificate(), NOW_MS);
    assert_eq!(refused, Err(IdentityError::AuthorityAsMember));
}

#[test]
fn unsound_keys_names_functions_and_times_are_not_certified() {
    let authority = authority("bank", VALIDITY);
    let refused = |subject: &MemberSubject, key: &PublicKey, validity| {
        authority.issue(subject, key, validity).unwrap_err()
    };
    let public = key().public_key();
    let mut small_order = [0; 32];
    small_order[0] = 1;
    assert_eq!(
        refused(
            &subject("bank", &[]),
            &PublicKey::Ed25519(small_order),
            VALIDITY
        ),
        IdentityError::UnsoundKey(SignatureError::SmallOrderKey)
    );
    assert_eq!(
        refused(&subject("bank", &[]), &PublicKey::P256([9; 33]), VALIDITY),
        IdentityError::UnsoundKey(SignatureError::MalformedKey)
    );
    let unknown = subject("bank", &["court"]);
    assert_eq!(
        refused(&unknown, &public, VALIDITY),
        IdentityError::UnknownFunction
    );
    let twice = subject("bank", &["maker", "maker"]);
    assert_eq!(
        refused(&twice, &public, VALIDITY),
        IdentityError::RepeatedFunction
    );
    let mut spaced = subject("bank", &[]);
    spaced.name = "a b".into();
    assert_eq!(refused(&spaced, &public, VALIDITY), IdentityError::Name);
    let backwards = Validity {
        not_before_ms: END_MS,
        not_after_ms: START_MS,
    };
    let sound = subject("bank", &[]);
    assert_eq!(
        refused(&sound, &public, backwards),
        IdentityError::InvalidValidity
    );
    let endless = Validity {
        not_before_ms: START_MS,
        not_after_ms: u64::MAX,
    };
    assert_eq!(
        refused(&sound, &public, endless),
        IdentityError::InvalidValidity
    );
    for slug in [
        "",
        "Bank",
        "1bank",
        "bank/a",
        "a-very-long-organisation-name-that-goes-on",
    ] {
        let made = CertificateAuthority::create(slug, "CA", Algorithm::Ed25519, VALIDITY);
        assert_eq!(made.unwrap_err(), IdentityError::OrganisationName);
    }
}

#[test]
fn an_unsound_key_inside_a_certificate_is_refused_on_reading() {
    let authority = authority("bank", VALIDITY);
    let key = key().public_key();
    let der = authority
        .issue(&subject("bank", &[]), &key, VALIDITY)
        .unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    let unsound = altered(&der, key.as_bytes(), &identity);
    let refused = IdentityError::UnsoundKey(SignatureError::SmallOrderKey);
    assert_eq!(parse_member(&unsound), Err(refused));
}

#[test]
fn an_authority_opens_with_its_own_key_only() {
    let made = authority("bank", VALIDITY);
    let reopened =
        CertificateAuthority::open(made.certificate().to_vec(), made.key().clone()).unwrap();
    let der = issue(&reopened);
    assert!(verify_chain(&der, made.certificate(), NOW_MS).is_ok());
    let refused = CertificateAuthority::open(made.certificate().to_vec(), Arc::new(key()));
    assert_eq!(refused.unwrap_err(), IdentityError::WrongAuthorityKey);
}

#[test]
fn an_oversized_certificate_is_not_even_parsed() {
    let size = MAX_CERTIFICATE_BYTES + 1;
    assert_eq!(
        parse_member(&vec![0x30; size]),
        Err(IdentityError::TooLarge { size })
    );
}
