//! What passes the strict rule, every certificate and every key file is accepted by openssl.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use blockworm_crypto::{
    Algorithm, Namespace, PublicKey, SecretKey, Signature,
    identity::{CertificateAuthority, MemberSubject, Validity, parse_member, verify_chain},
    keyfile::{Cost, KeyFileError, read_encrypted, write_encrypted_with},
    sha256,
};
use not_run::not_run;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

const VALIDITY: Validity = Validity {
    not_before_ms: 1_700_000_000_000,
    not_after_ms: 2_500_000_000_000,
};

/// Runs openssl in `directory`; without openssl on the machine these tests have nothing to compare.
fn openssl(directory: &TempDir, arguments: &str) -> Option<Output> {
    let mut command = Command::new("openssl");
    match command
        .args(arguments.split(' '))
        .current_dir(directory.path())
        .output()
    {
        Ok(output) => Some(output),
        Err(error) => {
            not_run(&format!("there is no openssl to compare with: {error}"));
            None
        }
    }
}

fn accepts(directory: &TempDir, arguments: &str) -> Option<bool> {
    openssl(directory, arguments).map(|output| output.status.success())
}

fn path(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}

fn verify_raw(
    directory: &TempDir,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    fs::write(path(directory, "key"), key.to_spki_der().unwrap()).unwrap();
    fs::write(path(directory, "message"), message).unwrap();
    fs::write(path(directory, "signature"), signature).unwrap();
    accepts(
        directory,
        "pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message -sigfile signature",
    )
}

#[derive(serde::Deserialize)]
struct EdgeCase {
    message: String,
    key: String,
    signature: String,
    openssl: bool,
    strict: bool,
}

#[test]
fn openssl_accepts_whatever_passes_the_strict_rule() {
    let directory = TempDir::new().unwrap();
    let cases: Vec<EdgeCase> =
        serde_json::from_str(include_str!("../fixtures/ed25519_edge_cases.json")).unwrap();
    for case in cases {
        let key: PublicKey = format!("ed25519:{}", case.key).parse().unwrap();
        let signature: Signature = format!("ed25519:{}", case.signature).parse().unwrap();
        let message = hex::decode(&case.message).unwrap();
        let strict = key.verify_message_strict(&message, &signature).is_ok();
        assert_eq!(strict, case.strict);
        let Some(accepted) = verify_raw(&directory, &key, &message, signature.as_bytes()) else {
            return;
        };
        assert_eq!(accepted, case.openssl, "openssl on {}", case.key);
        assert!(accepted || !strict);
    }
}

#[test]
fn openssl_verifies_a_namespaced_signature() {
    let directory = TempDir::new().unwrap();
    let key = SecretKey::from_ed25519_seed([7; 32]);
    let namespace = Namespace::new("00112233445566778899aabbccddeeff", "transaction");
    let digest = sha256(&[b"body"]);
    let signature = key.sign(&namespace, &digest);
    let mut message = b"blockworm/00112233445566778899aabbccddeeff/transaction\0".to_vec();
    message.extend_from_slice(digest.as_bytes());
    assert_eq!(namespace.signed_bytes(&digest), message);
    assert!(
        key.public_key()
            .verify_strict(&namespace, &digest, &signature)
            .is_ok()
    );
    let public = key.public_key();
    let Some(accepted) = verify_raw(&directory, &public, &message, signature.as_bytes()) else {
        return;
    };
    assert!(accepted);
    message[0] ^= 1;
    assert_eq!(
        verify_raw(&directory, &public, &message, signature.as_bytes()),
        Some(false)
    );
}

#[test]
fn openssl_verifies_the_certificates_of_every_pair_of_algorithms() {
    let algorithms = [Algorithm::Ed25519, Algorithm::P256];
    for (authority, member) in algorithms.iter().flat_map(|a| algorithms.map(|m| (*a, m))) {
        let directory = TempDir::new().unwrap();
        let authority =
            CertificateAuthority::create("bank-a", "Bank A 甲", authority, VALIDITY).unwrap();
        let key = SecretKey::generate(member).unwrap();
        let subject = MemberSubject {
            organisation: "bank-a".into(),
            name: "teller.1".into(),
            functions: vec!["maker".into(), "checker".into()],
        };
        let certificate = authority
            .issue(&subject, &key.public_key(), VALIDITY)
            .unwrap();
        fs::write(path(&directory, "ca.der"), authority.certificate()).unwrap();
        fs::write(path(&directory, "member.der"), &certificate).unwrap();
        accepts(&directory, "x509 -inform DER -in ca.der -out ca.pem");
        let Some(accepted) = accepts(
            &directory,
            "verify -x509_strict -attime 1750000000 -CAfile ca.pem member.der",
        ) else {
            return;
        };
        assert!(accepted, "{authority:?} for {member:?}");
        let text = openssl(
            &directory,
            "x509 -in member.der -noout -subject -nameopt RFC2253",
        )
        .unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        assert_eq!(
            text.trim(),
            "subject=CN=teller.1,OU=checker,OU=maker,O=bank-a"
        );
    }
}

/// An authority may be run with openssl alone: its certificates are as good as ours.
#[test]
fn a_chain_made_by_openssl_is_accepted() {
    let directory = TempDir::new().unwrap();
    let made = |arguments: &str| accepts(&directory, arguments);
    fs::write(
        path(&directory, "leaf.cnf"),
        "basicConstraints=critical,CA:FALSE\n",
    )
    .unwrap();
    let steps = [
        "req -x509 -newkey ed25519 -noenc -keyout ca.key -out ca.pem -days 3650 -subj /O=court/CN=Court -addext keyUsage=critical,keyCertSign",
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout m.key -out m.csr -subj /O=court/OU=operator/CN=clerk",
        "x509 -req -in m.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile leaf.cnf -outform DER -out m.der",
        "x509 -in ca.pem -outform DER -out ca.der",
        "pkcs8 -topk8 -nocrypt -in m.key -outform DER -out m.pkcs8",
    ];
    for step in steps {
        match made(step) {
            Some(done) => assert!(done, "openssl {step}"),
            None => return,
        }
    }
    let read = |name| fs::read(path(&directory, name)).unwrap();
    let member = parse_member(&read("m.der")).unwrap();
    let checked = verify_chain(&read("m.der"), &read("ca.der"), member.not_before_ms).unwrap();
    assert_eq!(
        (checked.name.as_str(), checked.functions),
        ("clerk", vec!["operator".to_owned()])
    );
    let key = SecretKey::from_pkcs8_der(&read("m.pkcs8")).unwrap();
    assert_eq!(key.public_key(), member.public_key);
}

#[test]
fn openssl_reads_our_key_files_and_we_read_its() {
    let (person, machine) = (Cost::Passphrase, Cost::RandomSecret);
    for (algorithm, cost) in [(Algorithm::Ed25519, person), (Algorithm::P256, machine)] {
        let directory = TempDir::new().unwrap();
        let key = SecretKey::generate(algorithm).unwrap();
        let file = path(&directory, "key.pem");
        write_encrypted_with(&file, &key, b"correct horse", cost).unwrap();
        fs::write(path(&directory, "passphrase"), "correct horse").unwrap();
        fs::write(path(&directory, "again"), "correct horse").unwrap();
        let Some(shown) = openssl(
            &directory,
            "pkey -in key.pem -passin file:passphrase -pubout -outform DER",
        ) else {
            return;
        };
        assert!(
            shown.status.success(),
            "{}",
            String::from_utf8_lossy(&shown.stderr)
        );
        assert_eq!(
            PublicKey::from_spki_der(&shown.stdout).unwrap(),
            key.public_key()
        );
        let rewrite = "pkcs8 -topk8 -in key.pem -passin file:passphrase -passout file:again -out ";
        for scheme in [
            "-v2 aes-256-cbc -v2prf hmacWithSHA256",
            "-v2 aes-128-cbc -iter 100000",
        ] {
            let rewritten = path(&directory, "again.pem");
            let made = accepts(&directory, &format!("{rewrite}again.pem {scheme}")).unwrap();
            assert!(made, "{scheme}");
            make_private(&rewritten);
            let read = read_encrypted(&rewritten, b"correct horse").unwrap();
            assert_eq!(read.public_key(), key.public_key());
            let wrong = read_encrypted(&rewritten, b"wrong");
            assert!(matches!(wrong, Err(KeyFileError::WrongPassphrase)));
        }
    }
}

fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
