//! A device with a passkey, made by hand for tests.
#![allow(clippy::unwrap_used)]

use super::{Assertion, Registration, Site, passkey};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use blockworm_crypto::sha256;
use ciborium::Value;
use serde_json::json;

pub(super) const ORIGIN: &str = "http://localhost:7443";

pub(super) fn site() -> Site {
    Site {
        name: "localhost".into(),
        origins: vec!["https://localhost:7443".into(), ORIGIN.into()],
    }
}

pub(super) enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What it answers; every part can be changed.
pub(super) struct Device {
    pub key: Key,
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    pub kind: Option<&'static str>,
    pub origin: String,
    pub cross_origin: bool,
    pub site: String,
    pub flags: u8,
    pub count: u32,
    /// The algorithm that it says its key is of.
    pub claimed: Option<i64>,
    /// The point that it says its key is.
    pub point: Option<Vec<u8>>,
    pub format: &'static str,
    pub statement: Vec<(Value, Value)>,
    /// Whether its signatures are wrong.
    pub spoil: bool,
}

impl Device {
    pub fn es256() -> Self {
        Self::with(Key::P256(
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        ))
    }

    pub fn eddsa() -> Self {
        Self::with(Key::Ed25519(Ed25519KeyPair::generate().unwrap()))
    }

    fn with(key: Key) -> Self {
        let mut device = Self {
            key,
            id: Vec::new(),
            handle: Vec::new(),
            kind: None,
            origin: ORIGIN.into(),
            cross_origin: false,
            site: "localhost".into(),
            flags: 0x05,
            count: 0,
            claimed: None,
            point: None,
            format: "none",
            statement: Vec::new(),
            spoil: false,
        };
        device.id = sha256(&[&device.public()]).as_bytes()[..16].to_vec();
        device
    }

    pub fn register(&self, challenge: &[u8]) -> Registration {
        let client_data = self.client_data("webauthn.create", challenge);
        let data = self.authenticator_data(true);
        let mut statement = self.statement.clone();
        if self.format == "packed" && statement.is_empty() {
            let signature = self.sign(&data, &client_data);
            statement = vec![
                (Value::Text("alg".into()), Value::from(self.algorithm())),
                (Value::Text("sig".into()), Value::Bytes(signature)),
            ];
        }
        let object = Value::Map(vec![
            (Value::Text("fmt".into()), Value::Text(self.format.into())),
            (Value::Text("attStmt".into()), Value::Map(statement)),
            (Value::Text("authData".into()), Value::Bytes(data)),
        ]);
        Registration {
            client_data,
            attestation: encoded(&object),
        }
    }

    pub fn answer(&self, challenge: &[u8]) -> Assertion {
        let client_data = self.client_data("webauthn.get", challenge);
        let authenticator_data = self.authenticator_data(false);
        let signature = self.sign(&authenticator_data, &client_data);
        Assertion {
            id: self.id.clone(),
            handle: self.handle.clone(),
            client_data,
            authenticator_data,
            signature,
        }
    }

    fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let text = json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": BASE64_URL_SAFE_NO_PAD.encode(challenge),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        });
        text.to_string().into_bytes()
    }

    fn authenticator_data(&self, with_key: bool) -> Vec<u8> {
        let flags = self.flags | if with_key { 0x40 } else { 0 };
        let mut data = sha256(&[self.site.as_bytes()]).as_bytes().to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        if with_key {
            data.extend([0; 16]);
            data.extend((self.id.len() as u16).to_be_bytes());
            data.extend(&self.id);
            data.extend(encoded(&self.cose()));
        }
        data
    }

    fn cose(&self) -> Value {
        let number = |name: i64, value: i64| (Value::from(name), Value::from(value));
        let bytes = |name: i64, value: &[u8]| (Value::from(name), Value::Bytes(value.to_vec()));
        let algorithm = self.claimed.unwrap_or(self.algorithm());
        let public = self.point.clone().unwrap_or_else(|| self.public());
        Value::Map(match self.key {
            Key::P256(_) => vec![
                number(1, 2),
                number(3, algorithm),
                number(-1, 1),
                bytes(-2, &public[1..33]),
                bytes(-3, &public[33..]),
            ],
            Key::Ed25519(_) => {
                vec![
                    number(1, 1),
                    number(3, algorithm),
                    number(-1, 6),
                    bytes(-2, &public),
                ]
            }
        })
    }

    fn algorithm(&self) -> i64 {
        match self.key {
            Key::P256(_) => passkey::ES256,
            Key::Ed25519(_) => passkey::EDDSA,
        }
    }

    fn public(&self) -> Vec<u8> {
        match &self.key {
            Key::P256(key) => key.public_key().as_ref().to_vec(),
            Key::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let digest = sha256(&[client_data]);
        let mut message = [data, digest.as_bytes()].concat();
        if self.spoil {
            message[0] ^= 1;
        }
        match &self.key {
            Key::P256(key) => key
                .sign(&SystemRandom::new(), &message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Key::Ed25519(key) => key.sign(&message).as_ref().to_vec(),
        }
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
