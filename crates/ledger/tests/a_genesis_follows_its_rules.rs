//! A genesis that breaks a rule is refused with the code of that rule.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Validity},
};
use blockworm_ledger::{Genesis, genesis::GenesisMember, genesis_check::GenesisError};

/// What is done to an honest genesis, and the code that must answer.
type Breach = (fn(&mut Genesis), &'static str);

const BREACHES: [Breach; 27] = [
    (|g| g.version = 2, "genesis.unsupported_version"),
    (|g| g.name.clear(), "genesis.name_malformed"),
    (|g| g.name = "a\nb".into(), "genesis.name_malformed"),
    (|g| g.time_ms = 0, "genesis.parameter_out_of_range"),
    (|g| g.protocol_version = 0, "genesis.parameter_out_of_range"),
    (
        |g| g.parameters.root_lag = 0,
        "genesis.parameter_out_of_range",
    ),
    (
        |g| g.parameters.root_lag = 65,
        "genesis.parameter_out_of_range",
    ),
    (
        |g| g.parameters.epoch_length = 1,
        "genesis.parameter_out_of_range",
    ),
    (
        |g| g.parameters.bucket_bits = 25,
        "genesis.parameter_out_of_range",
    ),
    (
        |g| g.parameters.expiry_window_ms = 120_001,
        "genesis.parameter_out_of_range",
    ),
    (
        |g| g.parameters.transaction_bytes = g.parameters.block_bytes + 1,
        "genesis.parameter_out_of_range",
    ),
    (|g| g.organisations.clear(), "genesis.count"),
    (|g| g.organisations.swap(0, 1), "genesis.not_ordered"),
    (
        |g| g.organisations[1] = g.organisations[0].clone(),
        "genesis.not_ordered",
    ),
    (
        |g| g.organisations[0].roles = vec!["b".into(), "a".into()],
        "genesis.not_ordered",
    ),
    (
        |g| g.organisations[0].roles = vec!["Bank".into()],
        "genesis.role_malformed",
    ),
    (
        |g| g.organisations[0].ca_certificate.clear(),
        "genesis.certificate_malformed",
    ),
    (
        |g| g.organisations[0].members[0].certificate = vec![0; 16385],
        "genesis.certificate_malformed",
    ),
    (
        |g| g.organisations[0].members = g.organisations[1].members.clone(),
        "genesis.stray_member",
    ),
    (|g| g.validators.clear(), "genesis.count"),
    (|g| g.validators.swap(0, 1), "genesis.not_ordered"),
    (
        |g| g.validators[3].key = g.validators[2].key,
        "genesis.not_ordered",
    ),
    (
        |g| g.validators[0].organisation = "stranger".try_into().unwrap(),
        "genesis.unknown_organisation",
    ),
    // The neutral element: every signature would fit it.
    (
        |g| g.validators[0].key = PublicKey::Ed25519([0; 32]),
        "genesis.validator_key",
    ),
    (
        |g| g.contracts[0].name = "members".try_into().unwrap(),
        "genesis.contract",
    ),
    (|g| g.contracts[0].code = "money".into(), "genesis.contract"),
    (|g| g.contracts[0].init = "{".into(), "genesis.contract"),
];

#[test]
fn each_breach_has_its_code() {
    sample::genesis().check().unwrap();
    for (index, (breach, code)) in BREACHES.iter().enumerate() {
        let mut genesis = sample::genesis();
        breach(&mut genesis);
        assert_eq!(
            genesis.check().map_err(|error| error.code()),
            Err(*code),
            "breach {index}"
        );
    }
}

#[test]
fn validators_do_not_sign_with_p256() {
    let mut genesis = sample::genesis();
    genesis.validators[3].key = SecretKey::generate(Algorithm::P256).unwrap().public_key();
    assert!(matches!(
        genesis.check(),
        Err(GenesisError::ValidatorKey { .. })
    ));
}

#[test]
fn every_field_counts_for_the_digest() {
    let digest = sample::genesis().digest();
    for (index, (breach, _)) in BREACHES.iter().enumerate() {
        let mut genesis = sample::genesis();
        breach(&mut genesis);
        assert_ne!(genesis.digest(), digest, "breach {index}");
    }
}

#[test]
fn unknown_fields_of_a_genesis_file_are_refused() {
    let text = sample::genesis().to_json();
    let more = text.replacen("\"root_lag\"", "\"root_lagg\": 1, \"root_lag\"", 1);
    assert_eq!(
        Genesis::from_json(&more).unwrap_err().code(),
        "genesis.malformed"
    );
    let long = " ".repeat(9 << 20);
    assert_eq!(
        Genesis::from_json(&long).unwrap_err().code(),
        "genesis.oversized"
    );
}

fn authority(organisation: &str) -> CertificateAuthority {
    let validity = validity();
    CertificateAuthority::create(organisation, "Root", Algorithm::Ed25519, validity).unwrap()
}

fn validity() -> Validity {
    let genesis = sample::genesis();
    Validity {
        not_before_ms: genesis.time_ms - 1000,
        not_after_ms: genesis.time_ms + 1_000_000,
    }
}

fn certificate(authority: &CertificateAuthority, organisation: &str, name: &str) -> Vec<u8> {
    let subject = MemberSubject {
        organisation: organisation.into(),
        name: name.into(),
        functions: vec!["admin".into()],
    };
    let key = SecretKey::from_ed25519_seed([77; 32]).public_key();
    authority.issue(&subject, &key, validity()).unwrap()
}

#[test]
fn certificates_hold_at_the_time_of_genesis() {
    let mut genesis = sample::genesis();
    let mut authorities = Vec::new();
    for organisation in &mut genesis.organisations {
        let authority = authority(organisation.id.as_str());
        organisation.ca_certificate = authority.certificate().to_vec();
        let certificate = certificate(&authority, organisation.id.as_str(), "admin");
        organisation.members = vec![GenesisMember {
            id: organisation.members[0].id.clone(),
            certificate,
        }];
        authorities.push(authority);
    }
    genesis.check().unwrap();
    genesis.check_certificates().unwrap();
    let code = |genesis: &Genesis| genesis.check_certificates().unwrap_err().code();

    let mut late = genesis.clone();
    late.time_ms += 2_000_000;
    assert_eq!(code(&late), "genesis.certificate_refused");

    let mut swapped = genesis.clone();
    swapped.organisations[0].ca_certificate = genesis.organisations[1].ca_certificate.clone();
    assert_eq!(code(&swapped), "genesis.certificate_of_another");

    let mut renamed = genesis.clone();
    renamed.organisations[0].members[0].certificate = certificate(&authorities[0], "bank", "clerk");
    assert_eq!(code(&renamed), "genesis.certificate_of_another");

    let mut foreign = genesis.clone();
    foreign.organisations[0].members[0].certificate =
        genesis.organisations[1].members[0].certificate.clone();
    assert_eq!(code(&foreign), "genesis.certificate_refused");
    assert!(
        sample::genesis().check_certificates().is_err(),
        "placeholders are no certificates"
    );
}
