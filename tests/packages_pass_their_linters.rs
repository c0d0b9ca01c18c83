//! What a node needs on a host of its own: packages for systemd, Compose and Helm that pass their linters, hold no secret
//! and start a node.
//!
//! `BLOCKWORM_BLESS=1 cargo test --test packages_pass_their_linters` rewrites the snapshots.
#![allow(clippy::unwrap_used)]

mod dsl;
mod hosts;

use dsl::{blockworm, path, run};
use hosts::{Scene, check_no_secret};
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

/// The most exposure that the unit may leave, of 100 (systemd-analyze security).
const EXPOSURE: &str = "15";

/// Makes a package of the bank's node; no file holds a secret, each begins with what it is.
fn package(scene: &Scene, what: &str, more: &[&str]) -> PathBuf {
    let out = scene.beside(what);
    let args = ["node", "package", "bank", "--for", what, "-o", path(&out)];
    let made = scene.bank(&[&args[..], more].concat()).json();
    for file in made["files"].as_array().unwrap() {
        let text = fs::read_to_string(out.join(file.as_str().unwrap())).unwrap();
        check_no_secret(scene.host("bank"), &text);
        let head = text.lines().next().unwrap_or_default();
        assert!(head.starts_with(['#', '{', '/', 'T']), "{file}: {head}");
    }
    out
}

/// A program by its variable, or on the path.
fn tool(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let paths = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&paths).map(|folder| folder.join(name));
    found.find(|path| path.is_file())
}

#[track_caller]
fn passes(what: &str, command: &mut Command) -> String {
    let ran = command.output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let all = format!("{text}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{what}: {all}");
    assert!(!all.to_lowercase().contains("[warning]"), "{what}: {all}");
    text
}

/// Compares with tests/snapshots/packages; keys and digests are made anew each time.
#[track_caller]
fn check_snapshot(name: &str, found: &str) {
    let snapshots = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/snapshots/packages"
    );
    let file = PathBuf::from(snapshots).join(name);
    let found = normal(found);
    if std::env::var_os("BLOCKWORM_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &found).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == found, "{} differs; found:\n{found}", file.display());
}

/// Long runs of hex digits are keys and digests.
fn normal(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_hexdigit() {
            run.push(letter);
            continue;
        }
        out.push_str(if run.len() >= 32 { "HEX" } else { &run });
        run.clear();
        out.push(letter);
    }
    out.pop();
    out
}

#[test]
fn a_unit_of_systemd() {
    let scene = Scene::set();
    let program = env!("CARGO_BIN_EXE_blockworm");
    let out = package(&scene, "systemd", &["--program", program]);
    let unit = out.join("blockworm-bank.service");
    let text = fs::read_to_string(&unit).unwrap();
    check_snapshot(
        "blockworm-bank.service",
        &text.replace(program, "/usr/local/bin/blockworm"),
    );
    check_snapshot(
        "systemd.node.toml",
        &fs::read_to_string(out.join("node.toml")).unwrap(),
    );
    let Some(analyze) = tool("BLOCKWORM_SYSTEMD_ANALYZE", "systemd-analyze") else {
        dsl::not_run("no systemd-analyze on this machine");
        return;
    };
    let said = passes("verify", Command::new(&analyze).arg("verify").arg(&unit));
    assert_eq!(said, "");
    let mut security = Command::new(&analyze);
    security.args(["security", "--offline=yes", "--no-pager"]);
    security.arg(format!("--threshold={EXPOSURE}")).arg(&unit);
    passes("security", &mut security);
    // The threshold means something: without its walls the same unit fails.
    let open: String = text
        .lines()
        .filter(|line| !line.contains("Protect"))
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&unit, open).unwrap();
    assert!(!security.output().unwrap().status.success());
}

#[test]
fn a_compose_file_and_its_image() {
    let scene = Scene::set();
    let out = package(&scene, "compose", &[]);
    for name in ["compose.yaml", "Dockerfile"] {
        check_snapshot(name, &fs::read_to_string(out.join(name)).unwrap());
    }
    let refused = scene.bank(&[
        "node",
        "package",
        "bank",
        "--for",
        "compose",
        "-o",
        path(&out),
    ]);
    assert_eq!(refused.error_code(), "package.not_empty");
    match tool("BLOCKWORM_HADOLINT", "hadolint") {
        Some(hadolint) => {
            passes(
                "hadolint",
                Command::new(hadolint)
                    .arg("--no-color")
                    .arg(out.join("Dockerfile")),
            );
        }
        None => dsl::not_run("no hadolint (scripts/test installs it)"),
    }
    // Secrets as Compose hands them over, with the group's bit that some hosts set.
    let keys = scene.host("bank").folder.keys(&"bank".parse().unwrap());
    fs::create_dir_all(out.join("keys")).unwrap();
    for name in ["passphrase", "consensus.key.pem"] {
        fs::copy(keys.join(name), out.join("keys").join(name)).unwrap();
    }
    let home = scene
        .host("bank")
        .folder
        .organisation(&"bank".parse().unwrap());
    fs::copy(home.join("tls.key.pem"), out.join("keys/tls.key.pem")).unwrap();
    match tool("BLOCKWORM_DOCKER_COMPOSE", "docker-compose") {
        Some(compose) => {
            let mut config = Command::new(compose);
            config
                .arg("-f")
                .arg(out.join("compose.yaml"))
                .args(["config", "-q"]);
            passes("docker-compose config", &mut config);
            let text = fs::read_to_string(out.join("compose.yaml")).unwrap();
            let wrong = text.replace("cap_drop:", "cap_dropp:");
            fs::write(out.join("compose.yaml"), wrong).unwrap();
            assert!(
                !config.output().unwrap().status.success(),
                "it checks something"
            );
        }
        None => dsl::not_run("no docker-compose on this machine"),
    }
    fs::copy(home.join("tls.pem"), out.join("tls.cert.pem")).unwrap();
    fs::copy(home.join("client-ca.pem"), out.join("client-ca.pem")).unwrap();
    starts(&out);
}

fn free_port() -> u16 {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    held.local_addr().unwrap().port()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The node of the package starts with the package's own settings, moved to this machine's places.
fn starts(out: &Path) {
    for name in ["passphrase", "consensus.key.pem", "tls.key.pem"] {
        let file = out.join("keys").join(name);
        fs::set_permissions(file, fs::Permissions::from_mode(0o440)).unwrap();
    }
    fs::create_dir(out.join("state")).unwrap();
    let settings = fs::read_to_string(out.join("node.toml")).unwrap();
    let settings = settings
        .replace("/etc/blockworm", path(out))
        .replace("/var/lib/blockworm", path(&out.join("state")))
        .replace("/run/secrets", path(&out.join("keys")))
        .replace("0.0.0.0:7443", &format!("127.0.0.1:{}", free_port()));
    fs::write(out.join("node.toml"), settings).unwrap();
    let api = format!("127.0.0.1:{}", free_port());
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command.args(["node", "run", "--config", path(&out.join("node.toml"))]);
        command.args([
            "--listen",
            &format!("127.0.0.1:{}", free_port()),
            "--api",
            &api,
        ]);
        command
    };
    let refused = run(command().args(["--output", "json"]));
    assert_eq!(
        refused.error_code(),
        "config.unusable",
        "nobody vouches for mode 440"
    );
    let mut handed = command();
    handed.env("CREDENTIALS_DIRECTORY", out.join("keys"));
    let node = Running(handed.spawn().unwrap());
    let begun = Instant::now();
    let url = format!("http://{api}");
    loop {
        let ping = blockworm(&["node", "ping", "--api", &url, "--output", "json"]);
        if ping.code == Some(0) {
            assert_eq!(ping.json(), json!({ "status": "live" }));
            break;
        }
        assert_eq!(ping.error_code(), "node.unreachable");
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the node does not start"
        );
        thread::sleep(Duration::from_millis(100));
    }
    let health = blockworm(&["network", "health", "--api", &url, "--output", "json"]);
    assert_eq!(health.code, Some(1), "it is alone: {health:?}");
    let health: Value = serde_json::from_str(&health.stdout).unwrap();
    let reason = &health["nodes"][0]["ledgers"][0]["reasons"][0];
    assert_eq!(reason["code"], "network.no_quorum");
    drop(node);
}

#[test]
fn a_helm_chart() {
    let scene = Scene::set();
    let out = package(&scene, "helm", &[]);
    for name in ["Chart.yaml", "values.yaml"] {
        check_snapshot(name, &fs::read_to_string(out.join(name)).unwrap());
    }
    let Some(helm) = tool("BLOCKWORM_HELM", "helm") else {
        dsl::not_run("no helm (scripts/test installs it)");
        return;
    };
    let home = scene
        .host("bank")
        .folder
        .organisation(&"bank".parse().unwrap());
    fs::copy(home.join("tls.pem"), out.join("files/tls.cert.pem")).unwrap();
    fs::copy(home.join("client-ca.pem"), out.join("files/client-ca.pem")).unwrap();
    let helm = |args: &[&str]| {
        let mut command = Command::new(&helm);
        // Helm keeps caches; they go where the scene goes.
        for (name, folder) in [
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_DATA_HOME", "data"),
        ] {
            command.env(name, scene.beside(&format!("helm-{folder}")));
        }
        command.args(args).arg(&out);
        command
    };
    passes("helm lint", &mut helm(&["lint", "--strict"]));
    let rendered = passes("helm template", &mut helm(&["template", "node"]));
    for kind in [
        "StatefulSet",
        "Service",
        "ConfigMap",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "ServiceAccount",
    ] {
        assert!(
            rendered.contains(&format!("kind: {kind}\n")),
            "{kind}: {rendered}"
        );
    }
    check_no_secret(scene.host("bank"), &rendered);
    let manifest = rendered
        .split("\n---\n")
        .find(|one| one.contains("kind: StatefulSet"));
    check_snapshot("statefulset.yaml", manifest.unwrap());
    assert!(!manifest.unwrap().contains("initContainers"));
    let first = passes(
        "helm template",
        &mut helm(&["template", "node", "--set", "firstStart=true"]),
    );
    assert!(first.contains("touch /var/lib/blockworm/never-voted"));
    for wrong in [
        "ports.p2p=70000",
        "service.type=ClusterIP",
        "imgae.tag=1",
        "secret.items={passphrase,admin.key.pem}",
    ] {
        let ran = helm(&["template", "node", "--set", wrong])
            .output()
            .unwrap();
        assert!(
            !ran.status.success(),
            "values.schema.json lets {wrong} through"
        );
    }
}

#[test]
fn a_node_on_loopback_is_not_packaged() {
    let scene = Scene::set();
    let host = scene.host("bank");
    let file = host.folder.node_file(&host.organisation);
    let text = fs::read_to_string(&file).unwrap();
    let text = text
        .replace("192.0.2.", "127.0.0.")
        .replace("\"network\"", "\"local\"");
    fs::write(&file, text).unwrap();
    let out = scene.beside("out");
    let refused = scene.bank(&[
        "node",
        "package",
        "bank",
        "--for",
        "systemd",
        "-o",
        path(&out),
    ]);
    assert_eq!(refused.error_code(), "package.local");
    let refused = scene.bank(&[
        "node",
        "package",
        "court",
        "--for",
        "join",
        "-o",
        path(&out),
    ]);
    assert_eq!(refused.error_code(), "join.unreachable");
    let told = ["--reached-at", "bank=198.51.100.7:7000"];
    let args = [
        "node",
        "package",
        "court",
        "--for",
        "join",
        "-o",
        path(&out),
    ];
    scene.bank(&[&args[..], &told].concat()).json();
    assert!(
        fs::read_to_string(&out)
            .unwrap()
            .contains("198.51.100.7:7000")
    );
}
