//! Keys, signatures, certificates and encodings made once stay valid in every later version.

#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, Digest, Namespace, PublicKey, SecretKey, Signature, SignatureError,
    identity::verify_chain, merkle, sha256,
};
use std::sync::LazyLock;

#[derive(serde::Deserialize)]
struct Frozen {
    algorithm: Algorithm,
    authority: String,
    member: String,
    public_key: PublicKey,
    pkcs8: String,
    spki: String,
    namespace: String,
    digest: Digest,
    signature: Signature,
}

static FIXTURES: LazyLock<Vec<Frozen>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/frozen.json")).unwrap());

const LEDGER: &str = "00112233445566778899aabbccddeeff";

#[test]
fn signatures_verify_and_ed25519_signs_the_same_bytes_again() {
    assert_eq!(FIXTURES.len(), 2);
    for frozen in &*FIXTURES {
        let namespace = Namespace::new(LEDGER, "transaction");
        assert_eq!(namespace.as_str(), frozen.namespace);
        assert_eq!(sha256(&[b"fro", b"zen"]), frozen.digest);
        let check = |namespace: &Namespace| {
            frozen
                .public_key
                .verify(namespace, &frozen.digest, &frozen.signature)
        };
        assert_eq!(check(&namespace), Ok(()));
        assert_eq!(
            check(&Namespace::new(LEDGER, "vote")),
            Err(SignatureError::Mismatch)
        );
        let strict = frozen
            .public_key
            .verify_strict(&namespace, &frozen.digest, &frozen.signature);
        assert_eq!(strict, Ok(()));
        let key = SecretKey::from_pkcs8_der(&hex::decode(&frozen.pkcs8).unwrap()).unwrap();
        assert_eq!(key.algorithm(), frozen.algorithm);
        if frozen.algorithm == Algorithm::Ed25519 {
            assert_eq!(key.sign(&namespace, &frozen.digest), frozen.signature);
        }
    }
}

#[test]
fn a_signature_never_counts_for_a_key_of_the_other_algorithm() {
    let [edwards, p256] = &FIXTURES[..] else {
        panic!("two fixtures")
    };
    let namespace = Namespace::new(LEDGER, "transaction");
    for (key, signature) in [(edwards, p256), (p256, edwards)] {
        let verdict = key
            .public_key
            .verify(&namespace, &key.digest, &signature.signature);
        assert_eq!(verdict, Err(SignatureError::WrongAlgorithm));
    }
}

#[test]
fn keys_keep_their_encodings() {
    for frozen in &*FIXTURES {
        let key = SecretKey::from_pkcs8_der(&hex::decode(&frozen.pkcs8).unwrap()).unwrap();
        assert_eq!(key.public_key(), frozen.public_key);
        assert_eq!(hex::encode(&*key.to_pkcs8_der()), frozen.pkcs8);
        let spki = frozen.public_key.to_spki_der().unwrap();
        assert_eq!(hex::encode(&spki), frozen.spki);
        assert_eq!(PublicKey::from_spki_der(&spki), Ok(frozen.public_key));
        let tag = u8::from(frozen.algorithm == Algorithm::P256);
        let borsh = [&[tag], frozen.public_key.as_bytes()].concat();
        assert_eq!(borsh::to_vec(&frozen.public_key).unwrap(), borsh);
        let borsh = [&[tag], &frozen.signature.as_bytes()[..]].concat();
        assert_eq!(borsh::to_vec(&frozen.signature).unwrap(), borsh);
    }
}

#[test]
fn certificates_still_form_a_chain() {
    for frozen in &*FIXTURES {
        let member = hex::decode(&frozen.member).unwrap();
        let authority = hex::decode(&frozen.authority).unwrap();
        let member = verify_chain(&member, &authority, 1_800_000_000_000).unwrap();
        assert_eq!(member.organisation, "bank");
        assert_eq!(member.name, "teller-1");
        assert_eq!(member.functions, ["maker", "admin"]);
        assert_eq!(member.public_key, frozen.public_key);
        assert_eq!(member.not_before_ms, 1_767_225_600_000);
        assert_eq!(member.not_after_ms, 2_082_758_399_000);
    }
}

#[test]
fn merkle_structures_keep_their_encodings() {
    let leaves: Vec<_> = (0..3u8).map(|data| merkle::leaf_hash(&[&[data]])).collect();
    let proof = merkle::prove(&leaves, 2).unwrap();
    let sibling = merkle::node_hash(&leaves[0], &leaves[1]);
    let mut borsh = Vec::new();
    borsh.extend_from_slice(&2u64.to_le_bytes());
    borsh.extend_from_slice(&3u64.to_le_bytes());
    borsh.extend_from_slice(&1u32.to_le_bytes());
    borsh.extend_from_slice(sibling.as_bytes());
    assert_eq!(borsh::to_vec(&proof).unwrap(), borsh);
    let json = format!(r#"{{"index":2,"size":3,"path":["{sibling}"]}}"#);
    assert_eq!(serde_json::to_string(&proof).unwrap(), json);
    let mut frontier = merkle::Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    let mut borsh = Vec::new();
    borsh.extend_from_slice(&3u64.to_le_bytes());
    borsh.extend_from_slice(&2u32.to_le_bytes());
    borsh.extend_from_slice(sibling.as_bytes());
    borsh.extend_from_slice(leaves[2].as_bytes());
    assert_eq!(borsh::to_vec(&frontier).unwrap(), borsh);
}

#[test]
fn a_secret_key_shows_its_public_half_only() {
    for frozen in &*FIXTURES {
        let key = SecretKey::from_pkcs8_der(&hex::decode(&frozen.pkcs8).unwrap()).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("SecretKey(of {})", frozen.public_key)
        );
    }
}
