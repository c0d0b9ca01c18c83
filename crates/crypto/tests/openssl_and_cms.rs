//! Signed documents both ways: openssl accepts our CAdES, and we accept its.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
#[path = "../../../tests/outside_tsa/mod.rs"]
mod outside_tsa;

use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::{
        CmsError, Purpose, SignedData, Signer, sign_detached, verify_path, with_signature_timestamp,
    },
    identity::{CertificateAuthority, Order, Profile, Validity},
    pkix::HashAlgorithm,
    timestamp::{Authority, Request, Response, Token},
};
use der::{DecodePem as _, Encode as _};
use not_run::not_run;
use outside_tsa::openssl;
use std::{fs, sync::Arc};
use tempfile::TempDir;

const VALIDITY: Validity = Validity {
    not_before_ms: 1_700_000_000_000,
    not_after_ms: 2_500_000_000_000,
};
const NOW_MS: u64 = 1_800_000_000_000;
const DOCUMENT: &[u8] = b"a document\n";

fn signer(algorithm: Algorithm, profile: Profile) -> (CertificateAuthority, Signer) {
    let root = CertificateAuthority::create("notary", "Root", Algorithm::P256, VALIDITY).unwrap();
    let order = Order {
        profile,
        name: "desk",
        functions: &[],
        hosts: &[],
    };
    let key = SecretKey::generate(algorithm).unwrap();
    let chain = root.issue_as(&order, &key.public_key(), VALIDITY).unwrap();
    (root, Signer::new(Arc::new(key), chain).unwrap())
}

#[test]
fn openssl_accepts_our_documents() {
    let folder = TempDir::new().unwrap();
    let (root, signer) = signer(Algorithm::P256, Profile::DocumentSigning);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("root.der", root.certificate());
    write("document", DOCUMENT);
    write("other", b"another document\n");
    if openssl(folder.path(), "x509 -inform DER -in root.der -out root.pem").is_none() {
        return not_run("there is no openssl to compare with");
    }
    for time in [None, Some(NOW_MS)] {
        let cms = sign_detached(DOCUMENT, &signer, time).unwrap();
        write("d.p7s", &cms);
        for (content, expected) in [("document", true), ("other", false)] {
            let (good, said) = openssl(
                folder.path(),
                &format!("cms -verify -cades -binary -inform DER -in d.p7s -content {content} -CAfile root.pem -purpose any -attime 1800000000 -out /dev/null"),
            )
            .unwrap();
            assert_eq!(good, expected, "{said}");
        }
        let read = SignedData::parse(&cms).unwrap();
        let signed = read.verify(Some(DOCUMENT)).unwrap();
        assert_eq!(signed.signing_time_ms, time);
        assert_eq!(signed.certificate, signer.certificate());
        assert_eq!(read.verify(Some(b"other")), Err(CmsError::Digest));
        assert_eq!(read.verify(None), Err(CmsError::Content));
        let roots = [root.certificate().to_vec()];
        let path = verify_path(
            &signed.certificate,
            &signed.chain,
            &roots,
            NOW_MS,
            Purpose::DocumentSigning,
            &[],
        );
        assert!(path.is_ok(), "{path:?}");
        let path = verify_path(
            &signed.certificate,
            &signed.chain,
            &roots,
            NOW_MS,
            Purpose::Timestamping,
            &[],
        );
        assert_eq!(path.unwrap_err().code(), "cms.purpose");
    }
}

#[test]
fn every_altered_byte_of_a_document_is_refused() {
    for algorithm in [Algorithm::P256, Algorithm::Ed25519] {
        let (root, signer) = signer(algorithm, Profile::DocumentSigning);
        let roots = [root.certificate().to_vec()];
        let cms = sign_detached(DOCUMENT, &signer, Some(NOW_MS)).unwrap();
        let holds = |cms: &[u8]| {
            let signed = SignedData::parse(cms)?.verify(Some(DOCUMENT))?;
            let purpose = Purpose::DocumentSigning;
            verify_path(
                &signed.certificate,
                &signed.chain,
                &roots,
                NOW_MS,
                purpose,
                &[],
            )
        };
        holds(&cms).unwrap();
        for position in 0..cms.len() {
            let mut altered = cms.clone();
            altered[position] ^= 1;
            assert!(holds(&altered).is_err(), "byte {position} has no meaning");
        }
    }
}

#[test]
fn a_signature_bears_one_timestamp() {
    let folder = TempDir::new().unwrap();
    let (root, documents) = signer(Algorithm::P256, Profile::DocumentSigning);
    let (tsa_root, stamps) = signer(Algorithm::P256, Profile::Timestamping);
    let authority = Authority::new(stamps, "2.25.1", 1_000).unwrap();
    let cms = sign_detached(DOCUMENT, &documents, None).unwrap();
    let value = SignedData::parse(&cms).unwrap().signature_value().to_vec();
    let request = Request::of(&value, HashAlgorithm::Sha256, [3; 16]);
    let answer = authority.answer(&request.to_der().unwrap(), NOW_MS, 7);
    let Response::Granted(token) = Response::parse(&answer.der).unwrap() else {
        panic!("no token");
    };
    let stamped = with_signature_timestamp(&cms, &token).unwrap();
    let signed = SignedData::parse(&stamped)
        .unwrap()
        .verify(Some(DOCUMENT))
        .unwrap();
    let found = Token::parse(&signed.timestamp.unwrap()).unwrap();
    let held = found.verify(&value, &[tsa_root.certificate().to_vec()], &[]);
    assert_eq!(held.unwrap().time_ms, NOW_MS);
    let again = with_signature_timestamp(&stamped, &token);
    assert_eq!(again, Err(CmsError::AlreadyStamped));
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("root.der", root.certificate());
    write("document", DOCUMENT);
    write("d.p7s", &stamped);
    if openssl(folder.path(), "x509 -inform DER -in root.der -out root.pem").is_none() {
        return not_run("there is no openssl to compare with");
    }
    let (good, said) = openssl(
        folder.path(),
        "cms -verify -cades -binary -inform DER -in d.p7s -content document -CAfile root.pem -purpose any -attime 1800000000 -out /dev/null",
    )
    .unwrap();
    assert!(good, "{said}");
}

#[test]
fn we_accept_openssls_documents() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("document"), DOCUMENT).unwrap();
    for (key, options) in [
        ("rsa:2048", "-md sha256"),
        ("rsa:3072", "-md sha512"),
        (
            "rsa:2048",
            "-md sha256 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1",
        ),
        ("ec -pkeyopt ec_paramgen_curve:P-256", "-md sha256"),
        ("ec -pkeyopt ec_paramgen_curve:P-384", "-md sha384"),
        ("ec -pkeyopt ec_paramgen_curve:P-256", "-md sha256 -keyid"),
    ] {
        let run = |arguments: &str| openssl(folder.path(), arguments);
        let Some((good, said)) = run(&format!(
            "req -x509 -newkey {key} -noenc -keyout root.key -out root.pem -subj /CN=root -days 30"
        )) else {
            return not_run("there is no openssl to compare with");
        };
        assert!(good, "{said}");
        fs::write(
            folder.path().join("ext"),
            "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\nsubjectKeyIdentifier=hash\n",
        )
        .unwrap();
        for arguments in [
            format!("req -new -newkey {key} -noenc -keyout s.key -out s.csr -subj /CN=signer"),
            "x509 -req -in s.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ext -out s.pem".into(),
            format!("cms -sign -cades -binary -in document -signer s.pem -inkey s.key {options} -outform DER -out d.p7s"),
        ] {
            let (good, said) = run(&arguments).unwrap();
            assert!(good, "{arguments}: {said}");
        }
        let cms = fs::read(folder.path().join("d.p7s")).unwrap();
        let signed = SignedData::parse(&cms)
            .unwrap()
            .verify(Some(DOCUMENT))
            .unwrap();
        assert!(signed.signing_time_ms.is_some());
        let root = fs::read(folder.path().join("root.pem")).unwrap();
        let root = x509_cert::Certificate::from_pem(root).unwrap();
        let path = verify_path(
            &signed.certificate,
            &signed.chain,
            &[root.to_der().unwrap()],
            signed.signing_time_ms.unwrap(),
            Purpose::DocumentSigning,
            &[],
        );
        assert!(path.is_ok(), "{key} {options}: {path:?}");
    }
}
