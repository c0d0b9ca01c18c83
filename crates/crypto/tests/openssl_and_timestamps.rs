//! Tokens both ways: openssl accepts ours, and ours is what accepts openssl's.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
#[path = "../../../tests/outside_tsa/mod.rs"]
mod outside_tsa;

use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::Signer,
    identity::{CertificateAuthority, Order, Profile, Validity, split_chain},
    pkix::HashAlgorithm,
    timestamp::{Authority, Request, Response, TimestampError, Token},
};
use der::{DecodePem as _, Encode as _};
use not_run::not_run;
use outside_tsa::{Kind, OutsideTsa, P256, P384, RSA, openssl};
use std::{fs, sync::Arc};
use tempfile::TempDir;

const VALIDITY: Validity = Validity {
    not_before_ms: 1_700_000_000_000,
    not_after_ms: 2_500_000_000_000,
};
const NOW_MS: u64 = 1_800_000_000_123;
const DATA: &[u8] = b"blockworm/00\n7\nroot\n";

fn pem_to_der(pem: &[u8]) -> Vec<u8> {
    x509_cert::Certificate::from_pem(pem)
        .unwrap()
        .to_der()
        .unwrap()
}

/// Our authority below an issuing one: its root and itself.
fn ours(algorithm: Algorithm) -> (Vec<u8>, Vec<u8>, Authority) {
    let root = CertificateAuthority::create("notary", "Root", algorithm, VALIDITY).unwrap();
    let issuing = SecretKey::generate(algorithm).unwrap();
    let above = root
        .issue_authority("Issuing", &issuing.public_key(), VALIDITY)
        .unwrap();
    let issuing = CertificateAuthority::open_issuing(above.clone(), Arc::new(issuing)).unwrap();
    let order = Order {
        profile: Profile::Timestamping,
        name: "notary-node",
        functions: &[],
        hosts: &[],
    };
    let key = SecretKey::generate(Algorithm::P256).unwrap();
    let chain = issuing
        .issue_as(&order, &key.public_key(), VALIDITY)
        .unwrap();
    let signer = Signer::new(Arc::new(key), chain).unwrap();
    let authority = Authority::new(signer, "2.25.1", 1_000).unwrap();
    (root.certificate().to_vec(), above, authority)
}

fn granted(response: &[u8]) -> Vec<u8> {
    match Response::parse(response).unwrap() {
        Response::Granted(token) => token,
        Response::Refused(refusal) => panic!("{refusal}"),
    }
}

#[test]
fn openssl_accepts_our_tokens() {
    for algorithm in [Algorithm::P256, Algorithm::Ed25519] {
        let folder = TempDir::new().unwrap();
        let (root, above, authority) = ours(algorithm);
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("root.der", &root);
        write("issuing.der", split_chain(&above).unwrap()[0]);
        write("data", DATA);
        write("other", b"other");
        for name in ["root", "issuing"] {
            let arguments = format!("x509 -inform DER -in {name}.der -out {name}.pem");
            if openssl(folder.path(), &arguments).is_none() {
                return not_run("there is no openssl to compare with");
            }
        }
        for (hash, wish) in [("sha256", " -cert"), ("sha512", " -cert"), ("sha384", "")] {
            let query = format!("ts -query -data data -{hash}{wish} -out q.tsq");
            assert!(openssl(folder.path(), &query).unwrap().0);
            let query = fs::read(folder.path().join("q.tsq")).unwrap();
            let answer = authority.answer(&query, NOW_MS, 41);
            assert_eq!(answer.refusal, None);
            write("r.tsr", &answer.der);
            write("t.tsr", &granted(&answer.der));
            // Where the token brings no certificates, openssl is shown all of them.
            let leaf = if wish.is_empty() {
                write("leaf.der", authority.chain()[0].as_slice());
                openssl(folder.path(), "x509 -inform DER -in leaf.der -out leaf.pem");
                let pem = ["leaf.pem", "issuing.pem"]
                    .map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
                write("untrusted.pem", pem.concat().as_bytes());
                "untrusted.pem"
            } else {
                "issuing.pem"
            };
            let trust = format!("-CAfile root.pem -untrusted {leaf} -attime 1800000000");
            for (arguments, expected) in [
                ("-data data -in r.tsr", true),
                ("-queryfile q.tsq -in r.tsr", true),
                ("-data data -in t.tsr -token_in", true),
                ("-data other -in r.tsr", false),
            ] {
                let (good, said) =
                    openssl(folder.path(), &format!("ts -verify {arguments} {trust}")).unwrap();
                assert_eq!(good, expected, "{hash} {arguments}: {said}");
            }
            let (_, text) = openssl(folder.path(), "ts -reply -in r.tsr -text").unwrap();
            for expected in [
                "Serial number: 0x29",
                "Jan 15 08:00:00.123 2027 GMT",
                "Policy OID: 2.25.1",
            ] {
                assert!(text.contains(expected), "{text}");
            }
        }
    }
}

fn accepts_openssls(kind: Kind) {
    let folder = TempDir::new().unwrap();
    let Some(tsa) = OutsideTsa::create(folder.path(), kind) else {
        return not_run("there is no openssl to compare with");
    };
    let roots = [pem_to_der(&fs::read(tsa.root_pem()).unwrap())];
    for hash in HashAlgorithm::ALL {
        let request = Request::of(DATA, hash, [0xc7; 16]);
        let token = Token::parse(&granted(&tsa.reply(&request.to_der().unwrap()))).unwrap();
        assert_eq!(token.check_answers(&request), Ok(()));
        let verified = token.verify(DATA, &roots, &[]).unwrap();
        assert_eq!(verified.accuracy_ms, Some(1_501));
        assert_eq!(verified.policy, "1.2.3.4.1");
        assert_eq!(verified.path.certificates.len(), 2);
        assert!(verified.path.subject.contains("CN=tsa"), "{verified:?}");
        assert_eq!(
            token.verify(b"other", &roots, &[]),
            Err(TimestampError::Imprint)
        );
        let other = Request::of(DATA, hash, [0xc8; 16]);
        assert_eq!(token.check_answers(&other), Err(TimestampError::WrongNonce));
        let stranger = ours(Algorithm::P256).0;
        assert_eq!(
            token.verify(DATA, &[stranger], &[]),
            Err(TimestampError::Untrusted)
        );
    }
}

#[test]
fn tokens_by_rsa_are_accepted() {
    accepts_openssls(RSA);
}

#[test]
fn tokens_by_p256_are_accepted() {
    accepts_openssls(P256);
}

#[test]
fn tokens_by_p384_are_accepted() {
    accepts_openssls(P384);
}

#[test]
fn openssls_refusals_are_understood() {
    let folder = TempDir::new().unwrap();
    let Some(tsa) = OutsideTsa::create(folder.path(), P256) else {
        return not_run("there is no openssl to compare with");
    };
    let mut request = Request::of(DATA, HashAlgorithm::Sha256, [1; 16]);
    request.policy = Some("1.2.3.4.99".into());
    let Response::Refused(refusal) =
        Response::parse(&tsa.reply(&request.to_der().unwrap())).unwrap()
    else {
        panic!("openssl stamped under a policy that it has not");
    };
    assert_eq!(
        (refusal.status, refusal.failures),
        (2, vec!["unacceptedPolicy"])
    );
    assert!(refusal.text.contains("policy"), "{}", refusal.text);
}

#[test]
fn openssl_understands_our_refusals() {
    let folder = TempDir::new().unwrap();
    let authority = ours(Algorithm::P256).2;
    fs::write(folder.path().join("data"), DATA).unwrap();
    for (query, failure) in [
        (
            "-sha256 -tspolicy 1.2.3",
            "policy is not supported by the tsa",
        ),
        ("-sha1", "unrecognized or unsupported algorithm"),
    ] {
        let arguments = format!("ts -query -data data {query} -out q.tsq");
        let Some((good, said)) = openssl(folder.path(), &arguments) else {
            return not_run("there is no openssl to compare with");
        };
        assert!(good, "{said}");
        let query = fs::read(folder.path().join("q.tsq")).unwrap();
        let answer = authority.answer(&query, NOW_MS, 1);
        assert!(answer.refusal.is_some());
        fs::write(folder.path().join("r.tsr"), answer.der).unwrap();
        let (_, text) = openssl(folder.path(), "ts -reply -in r.tsr -text").unwrap();
        assert!(text.contains("Status: Rejected"), "{text}");
        let words = text.to_lowercase();
        assert!(words.contains(failure), "{text}");
    }
}

/// openssl's authority revokes its key with and without a reason, before and after the token.
#[test]
fn openssls_lists_of_revocations_count_by_their_reason() {
    let folder = TempDir::new().unwrap();
    let Some(tsa) = OutsideTsa::create(folder.path(), RSA) else {
        return not_run("there is no openssl to compare with");
    };
    let roots = [pem_to_der(&fs::read(tsa.root_pem()).unwrap())];
    let request = Request::of(DATA, HashAlgorithm::Sha256, [2; 16]);
    let token = Token::parse(&granted(&tsa.reply(&request.to_der().unwrap()))).unwrap();
    fs::write(folder.path().join("ca.cnf"), "[ca]\ndefault_ca = one\n[one]\ndatabase = ./index.txt\ndefault_md = sha256\ncrl_extensions = crl\n[crl]\nauthorityKeyIdentifier = keyid\n").unwrap();
    let (_, serial) = openssl(folder.path(), "x509 -in tsa.pem -noout -serial").unwrap();
    let serial = serial.trim().strip_prefix("serial=").unwrap().to_owned();
    let code = |revoked: &str| {
        let row = format!("R\t991231235959Z\t{revoked}\t{serial}\tunknown\t/O=outside/CN=tsa\n");
        fs::write(folder.path().join("index.txt"), row).unwrap();
        for arguments in [
            "ca -config ca.cnf -gencrl -keyfile issuing.key -cert issuing.pem -crldays 30 -out l.pem",
            "crl -in l.pem -outform DER -out l.crl",
        ] {
            let (good, said) = openssl(folder.path(), arguments).unwrap();
            assert!(good, "{said}");
        }
        let list = fs::read(folder.path().join("l.crl")).unwrap();
        token
            .verify(DATA, &roots, &[list])
            .map_or_else(|error| error.code(), |_| "holds")
    };
    for (revoked, expected) in [
        ("200101000000Z", "timestamp.revoked"),
        ("200101000000Z,superseded", "timestamp.revoked"),
        ("491231000000Z", "timestamp.revoked"),
        ("491231000000Z,keyCompromise", "timestamp.revoked"),
        ("491231000000Z,superseded", "holds"),
        ("491231000000Z,cessationOfOperation", "holds"),
        ("491231000000Z,affiliationChanged", "holds"),
    ] {
        assert_eq!(code(revoked), expected, "{revoked}");
    }
}
