//! The function gives what RFC 9497 gives, hides what was asked and shows which key was used.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Algorithm, keyfile};
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct Suite {
    seed: String,
    key_info: String,
    secret_key: String,
    public_key: Element,
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    input: Vec<String>,
    blind: Vec<String>,
    blinded: Vec<Element>,
    evaluated: Vec<Element>,
    proof: Proof,
    proof_scalar: String,
    output: Vec<String>,
}

fn scalar(text: &str) -> Scalar {
    suite::scalar(hex::decode(text).unwrap().try_into().unwrap()).unwrap()
}

fn key(seed: u8, version: u32) -> EvaluationKey {
    EvaluationKey::derive(
        &SecretKey::from_ed25519_seed([seed; 32]),
        KeyVersion(version),
    )
    .unwrap()
}

#[test]
fn the_vectors_of_rfc_9497_come_out() {
    let text = include_str!("../../fixtures/rfc9497_voprf_ristretto255.json");
    let suite: Suite = serde_json::from_str(text).unwrap();
    let seed = hex::decode(&suite.seed).unwrap().try_into().unwrap();
    let info = hex::decode(&suite.key_info).unwrap();
    let key = EvaluationKey::from_seed(&seed, &info, KeyVersion(1)).unwrap();
    assert_eq!(hex::encode(key.scalar.as_bytes()), suite.secret_key);
    assert_eq!(key.public_key(), suite.public_key);
    assert_eq!(suite.vectors.len(), 3);
    for vector in suite.vectors {
        let inputs: Vec<_> = vector
            .input
            .iter()
            .map(|i| hex::decode(i).unwrap())
            .collect();
        let blinds = vector
            .blind
            .iter()
            .map(|b| Zeroizing::new(scalar(b)))
            .collect();
        let blinding = Blinding::with(&inputs, blinds).unwrap();
        assert_eq!(blinding.blinded(), vector.blinded);
        let random = scalar(&vector.proof_scalar);
        let answer = key.evaluate_with(blinding.blinded(), &random).unwrap();
        assert_eq!(answer.elements, vector.evaluated);
        assert_eq!(answer.proof, vector.proof);
        let outputs = blinding.finalise(&suite.public_key, &answer).unwrap();
        let outputs: Vec<_> = outputs.iter().map(|o| hex::encode(o.0)).collect();
        assert_eq!(outputs, vector.output);
    }
}

/// The holder's view of one input is a fresh random element each time; the output is the same.
#[test]
fn the_holder_learns_nothing_and_the_outputs_meet() {
    let key = key(1, 1);
    let inputs = ["an invoice", "another", "an invoice"];
    let mut seen = Vec::new();
    let mut outputs = Vec::new();
    for _ in 0..4 {
        let blinding = Blinding::new(&inputs).unwrap();
        seen.extend(blinding.blinded().iter().map(Element::to_bytes));
        let answer = key.evaluate(blinding.blinded()).unwrap();
        outputs.push(blinding.finalise(&key.public_key(), &answer).unwrap());
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "two blindings of one input differ");
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(outputs[0][0], outputs[0][2]);
    assert_ne!(outputs[0][0], outputs[0][1]);
}

#[test]
fn an_answer_with_another_key_or_another_element_is_refused() {
    let (right, wrong) = (key(1, 1), key(2, 1));
    let blinding = Blinding::new(&["a", "b"]).unwrap();
    let good = right.evaluate(blinding.blinded()).unwrap();
    let public = right.public_key();
    assert!(blinding.finalise(&public, &good).is_ok());
    let foreign = wrong.evaluate(blinding.blinded()).unwrap();
    assert_eq!(
        blinding.finalise(&public, &foreign),
        Err(OprfError::WrongKey)
    );
    let mut half = good.clone();
    half.elements[1] = foreign.elements[1];
    assert_eq!(blinding.finalise(&public, &half), Err(OprfError::WrongKey));
    let mut swapped = good.clone();
    swapped.elements.swap(0, 1);
    assert_eq!(
        blinding.finalise(&public, &swapped),
        Err(OprfError::WrongKey)
    );
    let mut short = good.clone();
    short.elements.pop();
    let refused = blinding.finalise(&public, &short);
    assert_eq!(
        refused,
        Err(OprfError::AnswerSize {
            asked: 2,
            answered: 1
        })
    );
    let other = Blinding::new(&["a", "b"]).unwrap();
    assert_eq!(other.finalise(&public, &good), Err(OprfError::WrongKey));
}

#[test]
fn every_version_and_every_seed_is_another_key() {
    let keys = [key(1, 1), key(1, 2), key(1, 11), key(2, 1)].map(|key| key.public_key());
    for (index, one) in keys.iter().enumerate() {
        assert!(keys[index + 1..].iter().all(|other| other != one));
    }
    assert_eq!(key(1, 2).version(), KeyVersion(2));
    let p256 = SecretKey::generate(Algorithm::P256).unwrap();
    let refused = EvaluationKey::derive(&p256, KeyVersion(1)).unwrap_err();
    assert_eq!(refused, OprfError::InvalidSeed);
    assert_eq!(format!("{:?}", key(1, 1)), "EvaluationKey(version 1, ..)");
}

/// The seed rests in the same file as any other key: encrypted, private to its owner.
#[test]
fn a_key_comes_back_from_its_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("evaluation.pem");
    let seed = SecretKey::generate(Algorithm::Ed25519).unwrap();
    let cost = keyfile::Cost::RandomSecret;
    keyfile::write_encrypted_with(&path, &seed, b"p", cost).unwrap();
    let read = keyfile::read_encrypted(&path, b"p").unwrap();
    let [made, read] =
        [seed, read].map(|seed| EvaluationKey::derive(&seed, KeyVersion(7)).unwrap());
    assert_eq!(made.public_key(), read.public_key());
}

#[test]
fn batches_and_inputs_are_bounded() {
    let none: [&str; 0] = [];
    assert_eq!(
        Blinding::new(&none).unwrap_err(),
        OprfError::BatchSize { count: 0 }
    );
    let many = vec!["a"; MAX_BATCH + 1];
    let refused = Blinding::new(&many).unwrap_err();
    assert_eq!(refused, OprfError::BatchSize { count: 65 });
    let elements = vec![key(1, 1).public_key(); MAX_BATCH + 1];
    let refused = key(1, 1).evaluate(&elements).unwrap_err();
    assert_eq!(refused, OprfError::BatchSize { count: 65 });
    let long = vec![0; 65_536];
    let refused = Blinding::new(&[&long]).unwrap_err();
    assert_eq!(refused, OprfError::InputTooLong { bytes: 65_536 });
    assert!(Blinding::new(&[&long[1..]]).is_ok());
}

#[test]
fn the_neutral_element_and_second_encodings_are_refused() {
    assert_eq!(
        Element::from_bytes(&[0; 32]),
        Err(OprfError::MalformedElement)
    );
    // The field's prime: another way to write zero.
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    assert_eq!(
        Element::from_bytes(&prime),
        Err(OprfError::MalformedElement)
    );
    // The group's order: another way to write zero.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut proof = [0; 64];
    assert!(Proof::from_bytes(&proof).is_ok());
    proof[32..].copy_from_slice(&order.unwrap());
    assert_eq!(Proof::from_bytes(&proof), Err(OprfError::MalformedProof));
}

proptest! {
    #[test]
    fn decoders_survive_any_bytes(bytes: [u8; 32], proof: [[u8; 32]; 2], text in "\\PC{0,140}") {
        if let Ok(element) = Element::from_bytes(&bytes) {
            prop_assert_eq!(element.to_bytes(), bytes);
            prop_assert!(key(1, 1).evaluate(&[element]).is_ok());
        }
        let proof: [u8; 64] = proof.concat().try_into().unwrap();
        if let Ok(read) = Proof::from_bytes(&proof) {
            prop_assert_eq!(read.to_bytes(), proof);
        }
        let _ = text.parse::<Element>();
        let _ = serde_json::from_str::<Evaluation>(&text);
        let quoted = serde_json::Value::String(text);
        prop_assert!(serde_json::from_value::<Proof>(quoted.clone()).is_err());
        prop_assert!(serde_json::from_value::<Element>(quoted).is_err());
    }

    #[test]
    fn no_flipped_bit_of_an_answer_counts(place in 0usize..128, bit in 0u8..8) {
        let key = key(3, 1);
        let blinding = Blinding::new(&["a", "b"]).unwrap();
        let good = key.evaluate(blinding.blinded()).unwrap();
        let mut bytes: Vec<u8> = good.elements.iter().flat_map(Element::to_bytes).collect();
        bytes.extend(good.proof.to_bytes());
        bytes[place] ^= 1 << bit;
        let part = |from: usize| <[u8; 32]>::try_from(&bytes[from..from + 32]).unwrap();
        let elements: Result<Vec<_>, _> =
            [part(0), part(32)].iter().map(Element::from_bytes).collect();
        let proof = Proof::from_bytes(&bytes[64..].try_into().unwrap());
        if let (Ok(elements), Ok(proof)) = (elements, proof) {
            let changed = Evaluation { elements, proof, ..good };
            let refused = blinding.finalise(&key.public_key(), &changed);
            prop_assert_eq!(refused, Err(OprfError::WrongKey));
        }
    }
}
