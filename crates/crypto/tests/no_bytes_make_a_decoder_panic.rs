//! Every decoder answers any bytes with a value or an error, and reads back what it wrote.

#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, Digest, KeyCache, Namespace, PublicKey, SecretKey, Signature, SignedDigest,
    cms::{Purpose, SignedData, Signer, sign_detached, verify_path},
    identity::{
        CertificateAuthority, CertificateRequest, MemberSubject, Validity, describe,
        parse_authority, parse_member, parse_node, split_chain, verify_chain,
    },
    identity::{Order, Profile},
    keyfile::{self, Cost},
    pkix::HashAlgorithm,
    timestamp::{Authority, EvidenceRecord, Request, Response, Token},
};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const VALIDITY: Validity = Validity {
    not_before_ms: 0,
    not_after_ms: 4_000_000_000_000,
};

/// An authority's certificate and a member's, to be damaged.
static CHAIN: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let authority =
        CertificateAuthority::create("bank", "Bank", Algorithm::P256, VALIDITY).unwrap();
    let subject = MemberSubject {
        organisation: "bank".into(),
        name: "teller".into(),
        functions: vec!["maker".into()],
    };
    let key = SecretKey::from_ed25519_seed([3; 32]).public_key();
    let member = authority.issue(&subject, &key, VALIDITY).unwrap();
    (authority.certificate().to_vec(), member)
});

static REQUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = SecretKey::from_ed25519_seed([4; 32]);
    CertificateRequest::create("bank", "teller", &["maker".into()], &key).unwrap()
});

static KEY_FILE: LazyLock<String> = LazyLock::new(|| {
    keyfile::encrypt(
        &SecretKey::from_ed25519_seed([3; 32]),
        b"passphrase",
        Cost::RandomSecret,
    )
    .unwrap()
});

/// A root, a request, its answer and a signed document, to be damaged.
static STAMPED: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    let root = CertificateAuthority::create("bank", "Bank", Algorithm::P256, VALIDITY).unwrap();
    let order = Order {
        profile: Profile::Timestamping,
        name: "tsa",
        functions: &[],
        hosts: &[],
    };
    let key = SecretKey::generate(Algorithm::P256).unwrap();
    let chain = root.issue_as(&order, &key.public_key(), VALIDITY).unwrap();
    let signer = Signer::new(Arc::new(key), chain).unwrap();
    let document = sign_detached(b"document", &signer, Some(1_000)).unwrap();
    let request = Request::of(b"body", HashAlgorithm::Sha256, [1; 16]);
    let request = request.to_der().unwrap();
    let authority = Authority::new(signer, "2.25.1", 1).unwrap();
    let answer = authority.answer(&request, 2_000, 1).der;
    [root.certificate().to_vec(), request, answer, document]
});

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn damage(
    whole: &[u8],
    places: &[(prop::sample::Index, u8)],
    cut: Option<prop::sample::Index>,
) -> Vec<u8> {
    let mut damaged = whole.to_vec();
    for (place, byte) in places {
        damaged[place.index(whole.len())] = *byte;
    }
    if let Some(cut) = cut {
        damaged.truncate(cut.index(whole.len()));
    }
    damaged
}

proptest! {
    #[test]
    fn of_keys_and_signatures(data in bytes(200), text in ".{0,150}") {
        let _ = borsh::from_slice::<PublicKey>(&data);
        let _ = borsh::from_slice::<Signature>(&data);
        let _ = borsh::from_slice::<Digest>(&data);
        let _ = PublicKey::from_spki_der(&data);
        let _ = SecretKey::from_pkcs8_der(&data);
        for text in [text.clone(), format!("ed25519:{text}"), format!("p256:{text}")] {
            let _ = text.parse::<PublicKey>();
            let _ = text.parse::<Signature>();
            let _ = text.parse::<Digest>();
        }
        let _ = keyfile::decrypt(&text, b"passphrase");
    }

    #[test]
    fn of_any_key_with_any_signature(
        key in any::<[u8; 32]>(), prefix in 0u8..6,
        first in any::<[u8; 32]>(), second in any::<[u8; 32]>(), digest in any::<[u8; 32]>(),
    ) {
        let mut compressed = [prefix; 33];
        compressed[1..].copy_from_slice(&key);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&first);
        signature[32..].copy_from_slice(&second);
        let (namespace, digest) = (Namespace::from_static("blockworm/test"), Digest(digest));
        let cache = KeyCache::default();
        for key in [PublicKey::Ed25519(key), PublicKey::P256(compressed)] {
            let _ = (key.check_registrable(), key.to_spki_der());
            for signature in [Signature::Ed25519(signature), Signature::P256(signature)] {
                let one = SignedDigest { key: &key, namespace: &namespace, digest: &digest, signature: &signature };
                let verdict = key.verify(&namespace, &digest, &signature);
                prop_assert_eq!(cache.verify_batch(&[one]).is_ok(), verdict.is_ok());
                if key.verify_strict(&namespace, &digest, &signature).is_ok() {
                    prop_assert!(verdict.is_ok());
                }
            }
        }
    }

    #[test]
    fn of_certificates(
        data in bytes(400), at_ms in any::<u64>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let (authority, member) = &*CHAIN;
        let _ = (parse_member(&data), parse_authority(&data), parse_node(&data));
        let _ = (describe(&data), CertificateRequest::parse(&data));
        let damaged = damage(member, &places, cut);
        if let Ok(read) = verify_chain(&damaged, authority, VALIDITY.not_after_ms) {
            prop_assert_eq!(read, parse_member(member).unwrap());
        }
        let _ = verify_chain(&damaged, authority, at_ms);
        let long = [&member[..], authority].concat();
        let damaged = damage(&long, &places, cut);
        if let Ok(parts) = split_chain(&damaged) {
            prop_assert_eq!(parts.concat(), damaged.clone());
        }
        // What the root issued itself is refused when anything follows it.
        if let Ok(read) = verify_chain(&damaged, authority, VALIDITY.not_after_ms) {
            prop_assert_eq!(read, parse_member(member).unwrap());
            prop_assert_eq!(&damaged, member);
        }
        let request = damage(&REQUEST, &places, cut);
        if let Ok(read) = CertificateRequest::parse(&request) {
            prop_assert_eq!(read, CertificateRequest::parse(&REQUEST).unwrap());
        }
        let _ = verify_chain(member, &damage(authority, &places, cut), at_ms);
    }

    #[test]
    fn of_damaged_timestamps_and_documents(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        random in bytes(200),
    ) {
        let [root, request, answer, document] = &*STAMPED;
        let _ = Request::parse(&damage(request, &places, cut));
        for der in [damage(answer, &places, cut), damage(document, &places, cut), random] {
            let _ = (Request::parse(&der), EvidenceRecord::parse(&der), Response::parse(&der));
            if let Ok(Response::Granted(token)) = Response::parse(&der)
                && let Ok(token) = Token::parse(&token)
            {
                let roots = [damage(root, &places, cut)];
                let _ = token.verify(b"body", &roots, &[]);
                let record = EvidenceRecord::new(token);
                prop_assert_eq!(EvidenceRecord::parse(&record.to_der()), Ok(record));
            }
            if let Ok(signed) = SignedData::parse(&der) {
                let _ = signed.verify(Some(b"document"));
            }
            let crls = std::slice::from_ref(&der);
            let _ = verify_path(&der, crls, std::slice::from_ref(root), 2_000, Purpose::Timestamping, crls);
        }
    }

    #[test]
    fn of_damaged_pkcs8(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let key = SecretKey::from_ed25519_seed([9; 32]);
        let _ = SecretKey::from_pkcs8_der(&damage(&key.to_pkcs8_der(), &places, cut));
    }

    #[test]
    fn keys_and_signatures_survive_their_forms(data in any::<[u8; 32]>(), more in any::<[u8; 32]>()) {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&data);
        both[32..].copy_from_slice(&more);
        let key = PublicKey::Ed25519(data);
        prop_assert_eq!(key.to_string().parse(), Ok(key));
        prop_assert_eq!(borsh::from_slice::<PublicKey>(&borsh::to_vec(&key)?)?, key);
        prop_assert_eq!(PublicKey::from_spki_der(&key.to_spki_der()?)?, key);
        for signature in [Signature::Ed25519(both), Signature::P256(both)] {
            prop_assert_eq!(signature.to_string().parse(), Ok(signature));
            let json = serde_json::to_string(&signature)?;
            prop_assert_eq!(serde_json::from_str::<Signature>(&json)?, signature);
            prop_assert_eq!(borsh::from_slice::<Signature>(&borsh::to_vec(&signature)?)?, signature);
        }
    }
}

proptest! {
    // Damage to the parameters may ask for a costly derivation, so few cases.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn of_damaged_key_files(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let damaged = damage(KEY_FILE.as_bytes(), &[(place, byte)], None);
        if let Ok(text) = String::from_utf8(damaged) {
            let _ = keyfile::decrypt(&text, b"passphrase");
        }
    }
}
