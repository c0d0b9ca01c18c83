//! A node's API beyond its open loopback address: keys made and revoked on the command line, members'
//! certificates over TLS, and nodes that refuse to start without either.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, Ran, blockworm, path, run};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// A consortium of one node, its folder's node.toml, and a server's certificate.
struct Scene {
    consortium: Consortium,
    node_toml: PathBuf,
}

impl Scene {
    fn set() -> Self {
        let consortium = Consortium::start(1);
        let node_toml = consortium.folder.node_file(&"platform".parse().unwrap());
        Self {
            consortium,
            node_toml,
        }
    }

    fn down(&self) {
        self.consortium.run(&["down"]).json();
    }

    /// Puts `settings` before the tables of node.toml.
    fn configure(&self, settings: &str) {
        let text = fs::read_to_string(&self.node_toml).unwrap();
        fs::write(&self.node_toml, format!("{settings}\n{text}")).unwrap();
    }

    /// Makes a key and keeps it in a file of its own.
    fn key(&self, name: &str, scope: &str) -> PathBuf {
        let made = self.consortium.run(&[
            "api-key", "create", name, "--scope", scope, "--node", "platform",
        ]);
        let file = self.consortium.beside(name);
        fs::write(&file, made.json()["key"].as_str().unwrap()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    fn make_server_certificate(&self) {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-noenc",
            ])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=node",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(self.consortium.beside("tls.key.pem"))
            .arg("-out")
            .arg(self.consortium.beside("tls.pem"))
            .output()
            .expect("openssl (scripts/packages test installs it)");
        assert!(made.status.success(), "{made:?}");
        let key = self.consortium.beside("tls.key.pem");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The guarded listener of a scene's node, over TLS.
struct Guarded<'a> {
    scene: &'a Scene,
    url: String,
}

impl<'a> Guarded<'a> {
    /// Takes keys and the certificates of the bank's members.
    fn add(scene: &'a Scene) -> Self {
        scene.down();
        scene.make_server_certificate();
        let port = free_port();
        let authority = scene
            .consortium
            .folder
            .certificate_file(&"bank".parse().unwrap(), "ca");
        scene.configure(&format!(
            "api_listeners = [{{ address = \"127.0.0.1:{port}\", access = {{ accept = [\"key\", \"certificate\"], \
             tls = {{ certificate_file = {:?}, key_file = {:?}, client_ca_file = {authority:?} }} }} }}]",
            scene.consortium.beside("tls.pem"),
            scene.consortium.beside("tls.key.pem"),
        ));
        scene.consortium.up(&[]).json();
        let url = format!("https://127.0.0.1:{port}");
        Self { scene, url }
    }

    fn ask(&self, more: &[&str]) -> Ran {
        let server_ca = self.scene.consortium.beside("tls.pem");
        let mut args = vec!["member", "list", "--api", &self.url, "--server-ca"];
        args.push(path(&server_ca));
        args.extend(more);
        self.scene.consortium.run(&args)
    }

    fn ask_with_key(&self, file: &Path) -> Ran {
        self.ask(&["--api-key-file", path(file)])
    }

    /// With the certificate and key of a member in the consortium's folder.
    fn ask_as(&self, organisation: &str, name: &str) -> Ran {
        let (folder, id) = (&self.scene.consortium.folder, organisation.parse().unwrap());
        let certificate = folder.certificate_file(&id, name);
        self.ask(&["--client-certificate", path(&certificate)])
    }
}

#[test]
fn keys_and_certificates_open_a_guarded_listener() {
    let scene = Scene::set();
    let reader = scene.key("reader", "read");
    let submitter = scene.key("submitter", "submit");
    let guarded = Guarded::add(&scene);
    assert_eq!(guarded.ask(&[]).error_code(), "api.unauthenticated");
    guarded.ask_with_key(&reader).json();
    let lacking = guarded.ask_with_key(&submitter);
    assert_eq!(lacking.error_code(), "api.scope_missing");
    guarded.ask_as("bank", "maker-2").json();
    let stray = scene.consortium.beside("tls.pem");
    let keyless = guarded.ask(&["--client-certificate", path(&stray)]);
    assert_eq!(keyless.error_code(), "key.unusable");
    assert!(keyless.stderr.contains("NAME.key.pem"), "{keyless:?}");
    assert_eq!(
        guarded.ask_as("bank", "nobody").error_code(),
        "key.unusable"
    );
    // The court's certificates lead to no root that this listener takes.
    let foreign = guarded.ask_as("court", "admin");
    assert_eq!(foreign.error_code(), "node.unreachable");
    // The open loopback address is as it was.
    scene.consortium.run(&["member", "list"]).json();

    // On the ledger a revoked member's certificate ends at once, whatever its date says.
    let revoke = ["member", "revoke", "bank/maker-2", "--reason", "left"];
    scene.consortium.run(&revoke).json();
    let revoked = guarded.ask_as("bank", "maker-2");
    assert_eq!(revoked.error_code(), "api.member_refused");
    let revoke = ["api-key", "revoke", "reader", "--node", "platform"];
    scene.consortium.run(&revoke).json();
    let revoked = guarded.ask_with_key(&reader);
    assert_eq!(revoked.error_code(), "api.key_revoked");

    let listed = scene
        .consortium
        .run(&["api-key", "list", "--node", "platform"]);
    let secret = fs::read_to_string(&reader).unwrap();
    let log = fs::read_to_string(scene.node_toml.with_file_name("node.log")).unwrap();
    assert!(!listed.stdout.contains(&secret) && !log.contains(&secret[4..]));
    assert_eq!(listed.json()["keys"][0]["state"], "revoked");
}

#[test]
fn the_command_line_keeps_a_key_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, format!("bwk_{}", "0".repeat(64))).unwrap();
    let ask = |url: &str| {
        let to = ["member", "list", "--output", "json", "--api", url];
        let shown = ["--api-key-file", path(&file)];
        blockworm(&[&to[..], &shown[..]].concat()).error_code()
    };
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(ask("http://127.0.0.1:1"), "key.unusable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(ask("http://192.0.2.1:1"), "key.in_the_clear");
    assert_eq!(ask("https://192.0.2.1:1"), "tls.no_roots");
}

#[test]
fn a_node_that_strangers_could_read_does_not_start() {
    let scene = Scene::set();
    scene.down();
    let written = fs::read_to_string(&scene.node_toml).unwrap();
    // One node holds all keys of a local consortium; over a network it must not.
    let (before, holders) = written.split_once("[[key_holders]]").unwrap();
    let limits = holders.split_once("[limits]").unwrap().1;
    let own = format!("{before}[limits]{limits}");
    let over_network = |text: &str| text.replace("profile = \"local\"", "profile = \"network\"");
    let start_with = |text: &str, flags: &[&str]| {
        fs::write(&scene.node_toml, over_network(text)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command
            .args(["node", "run", "--output", "json", "--config"])
            .arg(&scene.node_toml)
            .args(flags);
        run(&mut command)
    };
    let start = |settings: &str, flags: &[&str]| start_with(&format!("{settings}\n{own}"), flags);
    let elsewhere = ["--api", "0.0.0.0:0"];
    let open = start("", &elsewhere);
    assert_eq!(open.error_code(), "api.unprotected");
    assert!(
        open.stderr.contains("without asking who comes in"),
        "{open:?}"
    );
    let clear = start("api_access = { accept = [\"key\"] }", &elsewhere);
    assert_eq!(clear.error_code(), "api.unprotected");
    assert!(clear.stderr.contains("without TLS"), "{clear:?}");
    let nobody = start("api_access = { accept = [\"key\"] }", &[]);
    assert_eq!(nobody.error_code(), "api.no_keys");
    let rootless = start("api_access = { accept = [\"certificate\"] }", &[]);
    assert_eq!(rootless.error_code(), "api.no_client_authorities");
    let foreign = start_with(&written, &[]);
    assert_eq!(foreign.error_code(), "config.unusable");
    assert!(
        foreign.stderr.contains("must not use the keys of"),
        "{foreign:?}"
    );
    fs::write(&scene.node_toml, &written).unwrap();
    let local = blockworm(&[
        "node",
        "run",
        "--output",
        "json",
        "--config",
        path(&scene.node_toml),
        "--api",
        "0.0.0.0:0",
    ]);
    assert_eq!(local.error_code(), "config.unusable");
}
