//! Certificates of every profile, requests and lists of revocations, as openssl reads and makes them.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use blockworm_crypto::{
    Algorithm, SecretKey, SignatureError,
    identity::{
        CertificateAuthority, CertificateRequest, IdentityError, Order, Profile,
        RevokedCertificate, Validity, describe, split_chain, verify_chain,
    },
};
use not_run::not_run;
use std::{fs, process::Command, sync::Arc};
use tempfile::TempDir;

const VALIDITY: Validity = Validity {
    not_before_ms: 1_700_000_000_000,
    not_after_ms: 2_500_000_000_000,
};

/// Runs openssl and gives whether it was content, and all that it said.
fn openssl(directory: &TempDir, arguments: &str) -> Option<(bool, String)> {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory.path())
        .output();
    match output {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            Some((output.status.success(), said))
        }
        Err(error) => {
            not_run(&format!("there is no openssl to compare with: {error}"));
            None
        }
    }
}

fn write(directory: &TempDir, name: &str, bytes: &[u8]) {
    fs::write(directory.path().join(name), bytes).unwrap();
}

fn authorities(algorithm: Algorithm) -> (CertificateAuthority, CertificateAuthority) {
    let root = CertificateAuthority::create("bank", "Root 甲", algorithm, VALIDITY).unwrap();
    let key = SecretKey::generate(algorithm).unwrap();
    let chain = root
        .issue_authority("Issuing 甲", &key.public_key(), VALIDITY)
        .unwrap();
    let issuing = CertificateAuthority::open_issuing(chain, Arc::new(key)).unwrap();
    (root, issuing)
}

/// What openssl calls the use, what it prints, and a use that it must refuse.
fn uses(profile: Profile) -> (&'static str, [&'static str; 2], Option<&'static str>) {
    match profile {
        Profile::Member => (
            "sslclient",
            ["TLS Web Client Authentication", "Digital Signature"],
            Some("sslserver"),
        ),
        Profile::Node => (
            "sslserver",
            [
                "TLS Web Server Authentication, TLS Web Client Authentication",
                "OU = node",
            ],
            Some("timestampsign"),
        ),
        Profile::TlsServer => (
            "sslserver",
            [
                "DNS:node.bank.example, IP Address:127.0.0.1",
                "TLS Web Server Authentication",
            ],
            Some("sslclient"),
        ),
        Profile::DocumentSigning => (
            "any",
            ["1.3.6.1.5.5.7.3.36", "Digital Signature, Non Repudiation"],
            Some("sslclient"),
        ),
        Profile::Timestamping => (
            "timestampsign",
            ["Extended Key Usage: critical", "Time Stamping"],
            Some("sslclient"),
        ),
        Profile::Cosigning => (
            "any",
            ["OU = cosigning", "Non Repudiation"],
            Some("sslclient"),
        ),
    }
}

#[test]
fn openssl_verifies_each_profile_for_its_use_and_for_no_other() {
    let hosts = ["node.bank.example".to_owned(), "127.0.0.1".to_owned()];
    for (algorithm, profile) in [Algorithm::Ed25519, Algorithm::P256]
        .into_iter()
        .flat_map(|algorithm| Profile::ALL.map(|profile| (algorithm, profile)))
    {
        let directory = TempDir::new().unwrap();
        let (root, issuing) = authorities(algorithm);
        let order = Order {
            profile,
            name: "one",
            functions: &[],
            hosts: if profile == Profile::TlsServer {
                &hosts
            } else {
                &[]
            },
        };
        let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let chain = issuing
            .issue_as(&order, &key.public_key(), VALIDITY)
            .unwrap();
        write(&directory, "root.der", root.certificate());
        write(&directory, "issuing.der", issuing.certificate());
        write(&directory, "leaf.der", split_chain(&chain).unwrap()[0]);
        for name in ["root", "issuing"] {
            openssl(
                &directory,
                &format!("x509 -inform DER -in {name}.der -out {name}.pem"),
            );
        }
        let (purpose, printed, refused) = uses(profile);
        let verify = "verify -x509_strict -attime 1750000000 -CAfile root.pem -untrusted issuing.pem -purpose";
        let Some((good, said)) = openssl(&directory, &format!("{verify} {purpose} leaf.der"))
        else {
            return;
        };
        assert!(good, "{profile:?}: {said}");
        if let Some(refused) = refused {
            let (good, _) = openssl(&directory, &format!("{verify} {refused} leaf.der")).unwrap();
            assert!(!good, "{profile:?} as {refused}");
        }
        let (_, text) = openssl(&directory, "x509 -in leaf.der -noout -text").unwrap();
        for expected in printed {
            assert!(text.contains(expected), "{profile:?}: {text}");
        }
        let (_, text) = openssl(&directory, "x509 -in issuing.pem -noout -text").unwrap();
        assert!(text.contains("CA:TRUE, pathlen:0") && text.contains("Certificate Sign, CRL Sign"));
        let (_, text) = openssl(&directory, "x509 -in root.pem -noout -text").unwrap();
        assert!(text.contains("CA:TRUE, pathlen:1"));
    }
}

#[test]
fn openssl_verifies_our_requests_and_we_read_its() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let directory = TempDir::new().unwrap();
        let key = SecretKey::generate(algorithm).unwrap();
        let request = CertificateRequest::create("bank", "maker-9", &[], &key).unwrap();
        write(&directory, "request.der", &request);
        let shown = "req -inform DER -in request.der -verify -noout -subject";
        let Some((good, said)) = openssl(&directory, shown) else {
            return;
        };
        assert!(good && said.contains("O = bank, CN = maker-9"), "{said}");
        let read = CertificateRequest::parse(&request).unwrap();
        assert_eq!(
            (read.name.as_str(), read.public_key),
            ("maker-9", key.public_key())
        );
        let forged = {
            let mut forged = request.clone();
            let at = forged
                .windows(7)
                .position(|part| part == b"maker-9")
                .unwrap();
            forged[at] = b'b';
            forged
        };
        let refused = CertificateRequest::parse(&forged);
        assert_eq!(refused, Err(IdentityError::RequestSignature));
    }
    let directory = TempDir::new().unwrap();
    let make = |arguments: &str| {
        let request = format!("req -new -noenc -keyout k -outform DER -out r {arguments}");
        openssl(&directory, &request).map(|(good, said)| {
            assert!(good, "{said}");
            CertificateRequest::parse(&fs::read(directory.path().join("r")).unwrap())
        })
    };
    let subject = "-subj /O=bank/OU=maker/CN=maker-9";
    for kind in [
        "-newkey ed25519",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-256",
    ] {
        let Some(read) = make(&format!("{kind} {subject}")) else {
            return;
        };
        let read = read.unwrap();
        assert_eq!(
            (read.organisation, read.units),
            ("bank".into(), vec!["maker".to_owned()])
        );
    }
    for weak in [
        "-newkey rsa:2048",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-384",
    ] {
        let refused = make(&format!("{weak} {subject}")).unwrap();
        assert_eq!(refused, Err(IdentityError::UnsupportedKey), "{weak}");
    }
    let refused = make("-newkey ed25519 -subj /C=CN/O=bank/CN=maker-9").unwrap();
    assert!(matches!(refused, Err(IdentityError::RequestMalformed(_))));
}

#[test]
fn a_request_for_an_unsound_key_is_refused() {
    let key = SecretKey::from_ed25519_seed([7; 32]);
    let mut request = CertificateRequest::create("bank", "maker-9", &[], &key).unwrap();
    let place = key.public_key().as_bytes().to_vec();
    let at = request.windows(32).position(|part| part == place).unwrap();
    request[at..at + 32].fill(0);
    request[at] = 1;
    let refused = CertificateRequest::parse(&request).unwrap_err();
    assert_eq!(
        refused,
        IdentityError::UnsoundKey(SignatureError::SmallOrderKey)
    );
}

#[test]
fn openssl_refuses_what_our_list_revokes() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let directory = TempDir::new().unwrap();
        let (root, issuing) = authorities(algorithm);
        let mut serials = Vec::new();
        for name in ["good", "bad"] {
            let order = Order {
                profile: Profile::Member,
                name,
                functions: &[],
                hosts: &[],
            };
            let key = SecretKey::generate(algorithm).unwrap().public_key();
            let chain = issuing.issue_as(&order, &key, VALIDITY).unwrap();
            assert!(verify_chain(&chain, root.certificate(), VALIDITY.not_after_ms).is_ok());
            serials.push(describe(&chain).unwrap().serial);
            write(
                &directory,
                &format!("{name}.der"),
                split_chain(&chain).unwrap()[0],
            );
        }
        let revoked = [RevokedCertificate {
            serial: serials[1].clone(),
            revoked_at_ms: 1_740_000_000_000,
        }];
        let list = issuing.revocation_list(7, VALIDITY, &revoked).unwrap();
        write(&directory, "list.der", &list);
        write(&directory, "root.der", root.certificate());
        write(&directory, "issuing.der", issuing.certificate());
        for name in ["root", "issuing"] {
            openssl(
                &directory,
                &format!("x509 -inform DER -in {name}.der -out {name}.pem"),
            );
        }
        let shown = "crl -inform DER -in list.der -out list.pem -CAfile issuing.pem -text";
        let Some((good, said)) = openssl(&directory, shown) else {
            return;
        };
        assert!(good && said.contains("verify OK"), "{said}");
        let verify = "verify -x509_strict -attime 1750000000 -crl_check -CRLfile list.pem -CAfile root.pem -untrusted issuing.pem";
        let (good, said) = openssl(&directory, &format!("{verify} good.der")).unwrap();
        assert!(good, "{said}");
        let (good, said) = openssl(&directory, &format!("{verify} bad.der")).unwrap();
        assert!(!good && said.contains("certificate revoked"), "{said}");
        let empty = issuing.revocation_list(8, VALIDITY, &[]).unwrap();
        write(&directory, "empty.der", &empty);
        let (good, said) = openssl(
            &directory,
            "crl -inform DER -in empty.der -noout -text -CAfile issuing.pem",
        )
        .unwrap();
        assert!(good && said.contains("No Revoked Certificates"), "{said}");
    }
}
