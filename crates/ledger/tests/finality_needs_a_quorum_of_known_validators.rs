//! Finality proofs, checked against one composed and signed by hand with openssl.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::{PublicKey, SecretKey};
use blockworm_ledger::{
    FinalityProof, LedgerId,
    finality::{FinalityError, quorum},
    genesis::Validator,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    ledger: LedgerId,
    seeds: Vec<String>,
    validators: Vec<PublicKey>,
    signed_bytes: String,
    proof: FinalityProof,
}

impl Fixture {
    fn read() -> Self {
        serde_json::from_str(include_str!("../fixtures/finalization.json")).unwrap()
    }

    fn validators(&self) -> Vec<Validator> {
        let organisation = || "bank".try_into().unwrap();
        self.validators
            .iter()
            .map(|key| Validator {
                organisation: organisation(),
                key: *key,
            })
            .collect()
    }

    fn check(&self) -> Result<(), FinalityError> {
        self.proof.verify(&self.ledger, &self.validators())
    }

    fn seed(&self, signer: usize) -> [u8; 32] {
        hex::decode(&self.seeds[signer])
            .unwrap()
            .try_into()
            .unwrap()
    }
}

#[test]
fn the_signed_bytes_are_the_documented_ones() {
    let fixture = Fixture::read();
    assert_eq!(
        hex::encode(fixture.proof.signed_bytes(&fixture.ledger)),
        fixture.signed_bytes
    );
    for (signer, key) in fixture.validators.iter().enumerate() {
        assert_eq!(
            SecretKey::from_ed25519_seed(fixture.seed(signer)).public_key(),
            *key
        );
    }
    fixture.check().unwrap();
}

#[test]
fn a_quorum_is_two_thirds_and_more() {
    let expected = [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 3),
        (5, 4),
        (6, 5),
        (7, 5),
        (10, 7),
        (100, 67),
    ];
    for (validators, needed) in expected {
        assert_eq!(quorum(validators), needed, "{validators}");
    }
}

#[test]
fn too_few_signatures_are_refused() {
    let mut fixture = Fixture::read();
    fixture.proof.signatures.pop();
    let refused = FinalityError::NoQuorum {
        found: 2,
        needed: 3,
        validators: 4,
    };
    assert_eq!(fixture.check(), Err(refused));
    let none = fixture.proof.verify(&fixture.ledger, &[]);
    assert!(matches!(none, Err(FinalityError::NoQuorum { .. })));
}

#[test]
fn a_signature_counts_once() {
    let mut fixture = Fixture::read();
    fixture.proof.signatures[1] = fixture.proof.signatures[0];
    assert_eq!(fixture.check(), Err(FinalityError::NotAscending(0)));
}

#[test]
fn signers_stand_in_order() {
    let mut fixture = Fixture::read();
    fixture.proof.signatures.swap(0, 1);
    assert_eq!(fixture.check(), Err(FinalityError::NotAscending(0)));
}

#[test]
fn strangers_do_not_sign() {
    let mut fixture = Fixture::read();
    let message = fixture.proof.signed_bytes(&fixture.ledger);
    fixture.proof.signatures[2] = (9, sample::sign_plain(&[9; 32], &message));
    assert_eq!(fixture.check(), Err(FinalityError::UnknownSigner(9)));
}

#[test]
fn a_signature_belongs_to_its_signer() {
    let mut fixture = Fixture::read();
    fixture.proof.signatures[0].0 = 1;
    assert_eq!(fixture.check(), Err(FinalityError::BadSignature(1)));
}

#[test]
fn a_bad_signature_beyond_the_quorum_still_breaks_the_proof() {
    let mut fixture = Fixture::read();
    fixture.proof.signatures.insert(1, (1, [0; 64]));
    assert_eq!(fixture.check(), Err(FinalityError::BadSignature(1)));
    let message = fixture.proof.signed_bytes(&fixture.ledger);
    fixture.proof.signatures[1].1 = sample::sign_plain(&fixture.seed(1), &message);
    fixture.check().unwrap();
}

#[test]
fn every_signed_field_counts() {
    let changes: [fn(&mut Fixture); 5] = [
        |fixture| fixture.proof.epoch += 1,
        |fixture| fixture.proof.view += 1,
        |fixture| fixture.proof.parent_view += 1,
        |fixture| fixture.proof.payload.0[31] ^= 1,
        |fixture| fixture.ledger.0[0] ^= 1,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut fixture = Fixture::read();
        change(&mut fixture);
        assert_eq!(
            fixture.check(),
            Err(FinalityError::BadSignature(0)),
            "change {index}"
        );
    }
}
