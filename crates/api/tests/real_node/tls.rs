//! Members' certificates over real TLS connections: the right one, and all the others.

use crate::world::{PATIENCE, WORLD, now_ms, subject};
use blockworm_api::{
    Access, Client, ClientError, ListenerConfig, Server, ServerConfig, ServerError, TlsFiles,
    TlsOptions,
    client::{EventFilter, TlsIdentity},
};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, Validity},
};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// A folder with a server's certificate for this machine and the bank's root.
struct Files(tempfile::TempDir);

impl Files {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-noenc", "-days", "2", "-subj", "/CN=tests", "-keyout"])
            .arg(at("server.key.pem"))
            .arg("-out")
            .arg(at("server.pem"))
            .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .output()
            .expect("openssl (scripts/packages test installs it)");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        fs::set_permissions(at("server.key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(at("clients.pem"), pem(WORLD.authority.certificate())).unwrap();
        Self(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self, address: &str) -> ServerConfig {
        let address: SocketAddr = address.parse().unwrap();
        let access = Access {
            certificates: true,
            tls: Some(TlsFiles {
                certificate_file: self.at("server.pem"),
                key_file: self.at("server.key.pem"),
                client_ca_file: Some(self.at("clients.pem")),
            }),
            ..Access::default()
        };
        ServerConfig {
            listeners: vec![ListenerConfig { address, access }],
            ..ServerConfig::new(address)
        }
    }

    fn options(&self, identity: Option<TlsIdentity>) -> TlsOptions {
        TlsOptions {
            server_ca: fs::read(self.at("server.pem")).unwrap(),
            identity,
        }
    }
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn validity(from_ms: u64, to_ms: u64) -> Validity {
    Validity {
        not_before_ms: from_ms,
        not_after_ms: to_ms,
    }
}

fn identity(
    authority: &CertificateAuthority,
    name: &str,
    key: &SecretKey,
    validity: Validity,
) -> TlsIdentity {
    let certificate = authority
        .issue(&subject(name), &key.public_key(), validity)
        .unwrap();
    TlsIdentity {
        certificate: pem(&certificate).into_bytes(),
        key: key.to_pkcs8_der(),
    }
}

fn holding() -> Validity {
    validity(now_ms() - 60_000, now_ms() + 3_600_000)
}

async fn code(client: &Client) -> String {
    match client.node().await {
        Ok(node) => format!("{} ledgers", node.ledgers.len()),
        Err(ClientError::Problem(problem)) => format!("{} {}", problem.status, problem.code),
        Err(ClientError::Unreachable { .. }) => "no connection".into(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn only_registered_members_come_in() {
    WORLD.run(async {
        let files = Files::make();
        let (address, _stop, _) = WORLD.serve_as(files.config("127.0.0.1:0")).await;
        let url = format!("https://{address}");
        let client = |identity| Client::with_tls(&url, &files.options(identity)).unwrap();
        let own = &WORLD.authority;
        let (maker, fresh) = (&WORLD.key, SecretKey::generate(Algorithm::P256).unwrap());

        let right = client(Some(identity(own, "maker", maker, holding())));
        assert_eq!(code(&right).await, "1 ledgers");
        assert!(
            right
                .submit(&WORLD.id(), &WORLD.issue(1), PATIENCE)
                .await
                .unwrap()
                .receipt
                .unwrap()
                .is_ok()
        );
        assert!(
            right.metrics().await.is_ok(),
            "of the node's own organisation"
        );

        assert_eq!(code(&client(None)).await, "403 api.certificate_required");
        client(None).ready().await.unwrap_err();

        // Certified by the bank, but not on the ledger; or on it with another key.
        for name in ["nobody", "maker"] {
            let unknown = client(Some(identity(own, name, &fresh, holding())));
            assert_eq!(code(&unknown).await, "403 api.member_refused", "{name}");
        }
        // Another authority that calls itself the bank, even with the right key inside.
        let lasting = validity(now_ms() - 86_400_000, now_ms() + 86_400_000);
        let foreign =
            CertificateAuthority::create("bank", "Bank of Tests", Algorithm::Ed25519, lasting)
                .unwrap();
        assert_eq!(
            code(&client(Some(identity(&foreign, "maker", maker, holding())))).await,
            "no connection"
        );
        let ended = validity(now_ms() - 7_200_000, now_ms() - 3_600_000);
        assert_eq!(
            code(&client(Some(identity(own, "maker", maker, ended)))).await,
            "no connection"
        );
        // A certificate without its key.
        let mut stolen = identity(own, "maker", maker, holding());
        stolen.key = fresh.to_pkcs8_der();
        let stolen = Client::with_tls(&url, &files.options(Some(stolen)));
        match stolen {
            Ok(stolen) => assert_eq!(code(&stolen).await, "no connection"),
            Err(error) => assert!(matches!(error, ClientError::Tls { .. }), "{error}"),
        }
        // Plain HTTP, and a server that nobody named as trusted.
        let plain = Client::new(&format!("http://{address}")).unwrap();
        assert_eq!(code(&plain).await, "no connection");
        let stranger = TlsOptions {
            server_ca: pem(own.certificate()).into_bytes(),
            identity: None,
        };
        assert_eq!(
            code(&Client::with_tls(&url, &stranger).unwrap()).await,
            "no connection"
        );
    });
}

#[test]
fn a_connection_does_not_outlive_its_certificate() {
    WORLD.run(async {
        let files = Files::make();
        let mut config = files.config("127.0.0.1:0");
        config.limits.recheck = Duration::from_millis(50);
        let (address, _stop, _) = WORLD.serve_as(config).await;
        let short = validity(now_ms() - 60_000, now_ms() + 2_000);
        let short = identity(&WORLD.authority, "maker", &WORLD.key, short);
        let client =
            Client::with_tls(&format!("https://{address}"), &files.options(Some(short))).unwrap();
        assert_eq!(code(&client).await, "1 ledgers");
        let all = EventFilter::default();
        let mut stream = client.events(&WORLD.id(), &all, None).await.unwrap();
        let rest = async { while stream.next().await.is_some() {} };
        let ended = tokio::time::timeout(PATIENCE, rest).await;
        assert!(ended.is_ok(), "neither does a stream");
        assert_eq!(code(&client).await, "403 api.certificate_expired");
    });
}

#[test]
fn files_that_cannot_be_used_refuse_the_start() {
    WORLD.run(async {
        let files = Files::make();
        let refused = |config: ServerConfig| async move {
            Server::bind(config, WORLD.handle())
                .await
                .err()
                .expect("it started")
                .to_string()
        };
        let config = files.config("0.0.0.0:0");
        assert!(
            Server::bind(config.clone(), WORLD.handle()).await.is_ok(),
            "beyond loopback with TLS"
        );
        let changed = |change: fn(&mut TlsFiles, &Path)| {
            let mut config = config.clone();
            change(
                config.listeners[0].access.tls.as_mut().unwrap(),
                files.0.path(),
            );
            config
        };
        let absent = changed(|tls, dir| tls.certificate_file = dir.join("absent.pem"));
        assert!(refused(absent).await.contains("absent.pem"));
        let no_pem = changed(|tls, dir| {
            fs::write(dir.join("empty.pem"), "").unwrap();
            tls.client_ca_file = Some(dir.join("empty.pem"));
        });
        assert!(refused(no_pem).await.contains("empty.pem"));
        let other_key = changed(|tls, dir| {
            let key = SecretKey::generate(Algorithm::P256).unwrap();
            let encoded = pem(&key.to_pkcs8_der()).replace("CERTIFICATE", "PRIVATE KEY");
            fs::write(dir.join("other.pem"), encoded).unwrap();
            fs::set_permissions(dir.join("other.pem"), fs::Permissions::from_mode(0o600)).unwrap();
            tls.key_file = dir.join("other.pem");
        });
        let error = refused(other_key).await;
        assert!(error.contains("cannot be used for TLS"), "{error}");
        let exposed = changed(|tls, _| {
            fs::set_permissions(&tls.key_file, fs::Permissions::from_mode(0o644)).unwrap();
        });
        let error = refused(exposed).await;
        assert!(error.contains("mode 644"), "{error}");
        let none = changed(|tls, _| tls.client_ca_file = None);
        assert!(matches!(
            Server::bind(none, WORLD.handle()).await.err(),
            Some(ServerError::NoClientAuthorities { .. })
        ));
    });
}
