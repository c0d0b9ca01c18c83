//! A device made by hand answers, and each thing that must not count is changed in turn.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::users::testing::{Device, site};
use ciborium::Value;

const CHALLENGE: [u8; 32] = [7; 32];

fn registered(device: &Device) -> Result<Credential, PasskeyError> {
    check_registration(&site(), &device.register(&CHALLENGE))
}

fn passkey(device: &Device) -> Passkey {
    let made = registered(device).unwrap();
    Passkey {
        id: hex::encode(made.id),
        label: "test".into(),
        site: site().name,
        algorithm: made.algorithm,
        key: hex::encode(made.key),
        sign_count: made.sign_count,
        created_at_ms: 0,
        used_at_ms: None,
    }
}

fn asserted(device: &Device, passkey: &Passkey) -> Result<u32, PasskeyError> {
    check_assertion(&site(), passkey, &device.answer(&CHALLENGE))
}

#[test]
fn both_algorithms_register_and_sign_in() {
    for device in [Device::es256(), Device::eddsa()] {
        let key = passkey(&device);
        assert_eq!(asserted(&device, &key), Ok(0));
        assert_eq!(
            challenge_of(&device.answer(&CHALLENGE).client_data),
            Ok(CHALLENGE.to_vec())
        );
        // Backed up, and a device that counts.
        let counting = Device {
            count: 9,
            flags: 0x1d,
            ..device
        };
        assert_eq!(asserted(&counting, &key), Ok(9));
    }
}

#[test]
fn every_check_of_a_registration_counts() {
    type Change = fn(&mut Device);
    let cases: [(PasskeyError, Change); 12] = [
        (PasskeyError::Kind, |of| of.kind = Some("webauthn.get")),
        (PasskeyError::Origin, |of| {
            of.origin = "http://localhost:1".into()
        }),
        (PasskeyError::Origin, |of| {
            of.origin = "http://evil.localhost:7443".into()
        }),
        (PasskeyError::CrossOrigin, |of| of.cross_origin = true),
        (PasskeyError::Site, |of| of.site = "elsewhere".into()),
        (PasskeyError::NotPresent, |of| of.flags = 4),
        (PasskeyError::NotVerified, |of| of.flags = 1),
        (PasskeyError::Flags, |of| of.flags = 5 | BACKED_UP),
        (PasskeyError::Algorithm, |of| of.claimed = Some(-257)),
        (PasskeyError::Key, |of| of.claimed = Some(EDDSA)),
        (PasskeyError::Key, |of| of.point = Some(vec![4; 65])),
        (PasskeyError::Attestation, |of| of.format = "fido-u2f"),
    ];
    for (expected, change) in cases {
        let mut device = Device::es256();
        assert!(registered(&device).is_ok());
        change(&mut device);
        assert_eq!(registered(&device).unwrap_err(), expected);
    }
}

#[test]
fn a_statement_of_the_key_about_itself_must_be_true() {
    for device in [Device::es256(), Device::eddsa()] {
        let own = Device {
            format: "packed",
            ..device
        };
        registered(&own).unwrap();
        let spoilt = Device { spoil: true, ..own };
        assert_eq!(registered(&spoilt).unwrap_err(), PasskeyError::Signature);
    }
    let mut device = Device::es256();
    device.statement = vec![(Value::Text("x5c".into()), Value::Array(Vec::new()))];
    for format in ["packed", "none"] {
        device.format = format;
        assert_eq!(
            registered(&device).unwrap_err(),
            PasskeyError::Attestation,
            "{format}"
        );
    }
}

#[test]
fn every_check_of_an_assertion_counts() {
    type Change = fn(&mut Device, &mut Passkey);
    let cases: [(PasskeyError, Change); 12] = [
        (PasskeyError::Kind, |of, _| {
            of.kind = Some("webauthn.create")
        }),
        (PasskeyError::Origin, |of, _| {
            of.origin = "https://localhost".into()
        }),
        (PasskeyError::CrossOrigin, |of, _| of.cross_origin = true),
        (PasskeyError::Site, |of, _| of.site = "elsewhere".into()),
        (PasskeyError::Site, |_, key| key.site = "elsewhere".into()),
        (PasskeyError::NotPresent, |of, _| of.flags = 4),
        (PasskeyError::NotVerified, |of, _| of.flags = 1),
        (PasskeyError::Flags, |of, _| of.flags = 5 | BACKED_UP),
        (PasskeyError::Signature, |of, _| of.spoil = true),
        (PasskeyError::Signature, |_, key| {
            *key = passkey(&Device::es256())
        }),
        (PasskeyError::Counter, |of, key| {
            (of.count, key.sign_count) = (5, 5)
        }),
        (PasskeyError::Counter, |of, key| {
            (of.count, key.sign_count) = (0, 1)
        }),
    ];
    for (expected, change) in cases {
        let mut device = Device::es256();
        let mut key = passkey(&device);
        change(&mut device, &mut key);
        assert_eq!(asserted(&device, &key).unwrap_err(), expected);
    }
}

#[test]
fn another_challenge_or_other_data_is_not_what_was_signed() {
    let device = Device::es256();
    let key = passkey(&device);
    let mut other = device.answer(&CHALLENGE);
    other.client_data = device.answer(&[8; 32]).client_data;
    assert_eq!(
        check_assertion(&site(), &key, &other),
        Err(PasskeyError::Signature)
    );
    let mut other = device.answer(&CHALLENGE);
    other.authenticator_data[36] = 200;
    assert_eq!(
        check_assertion(&site(), &key, &other),
        Err(PasskeyError::Signature)
    );
}

#[test]
fn what_cannot_be_read_is_refused_without_a_panic() {
    let device = Device::es256();
    let whole = device.register(&CHALLENGE);
    for length in 0..whole.attestation.len() {
        let attestation = whole.attestation[..length].to_vec();
        let cut = Registration {
            attestation,
            ..whole.clone()
        };
        assert!(check_registration(&site(), &cut).is_err(), "{length}");
    }
    let mut longer = whole.clone();
    longer.attestation.push(0);
    assert!(check_registration(&site(), &longer).is_err());
    let mut flooded = whole.clone();
    flooded.attestation = vec![0x81; LONGEST + 1];
    assert!(check_registration(&site(), &flooded).is_err());
    flooded.attestation = vec![0x81; 4_000];
    assert!(check_registration(&site(), &flooded).is_err(), "nested");
    let key = passkey(&device);
    let answer = device.answer(&CHALLENGE);
    for length in 0..answer.authenticator_data.len() {
        let mut cut = answer.clone();
        cut.authenticator_data.truncate(length);
        assert!(check_assertion(&site(), &key, &cut).is_err(), "{length}");
    }
    for text in ["", "{}", "[]", "{\"type\":\"webauthn.get\"}"] {
        let mut bad = answer.clone();
        bad.client_data = text.into();
        assert!(check_assertion(&site(), &key, &bad).is_err(), "{text}");
        assert!(challenge_of(text.as_bytes()).is_err(), "{text}");
    }
    let extended = Device {
        flags: 0x85,
        ..Device::es256()
    };
    assert!(
        registered(&extended).is_err(),
        "extensions announced, none there"
    );
}
