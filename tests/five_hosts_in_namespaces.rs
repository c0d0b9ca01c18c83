//! Five organisations on five hosts (network namespaces on one bridge) found a ledger without showing each other a key,
//! agree, go on with one host unplugged, stand still with two and say so, and come back; their APIs answer other hosts
//! only by TLS, to members and keys.
#![allow(clippy::unwrap_used)]

mod dsl;
mod hosts;

use dsl::{PATIENCE, Ran, path, run};
use serde_json::Value;
use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

const ORGANISATIONS: [(&str, &str); 5] = [
    ("platform", "platform"),
    ("bank", "bank"),
    ("notary", "notary"),
    ("court", "court"),
    ("harbour", "bank"),
];

fn ip(command: &[&str]) -> bool {
    let ran = Command::new("ip").args(command).output();
    ran.is_ok_and(|ran| ran.status.success())
}

/// Namespaces, cables and a bridge, all gone at the end.
struct Wires {
    /// Short, and no other test's: names of interfaces have fifteen letters at most.
    tag: String,
}

impl Wires {
    /// None where the system lays no cables.
    fn lay() -> Option<Self> {
        let tag = format!("{:04x}", std::process::id() & 0xffff);
        let wires = Self { tag };
        let bridge = wires.bridge();
        let laid = ip(&["link", "add", &bridge, "type", "bridge"])
            && ip(&["link", "set", &bridge, "up"])
            && (0..ORGANISATIONS.len()).all(|number| wires.lay_to(number));
        laid.then_some(wires)
    }

    fn lay_to(&self, number: usize) -> bool {
        let (space, bridge) = (self.space(number), self.bridge());
        let (outer, inner) = (self.cable(number), "eth0");
        let address = format!("{}/24", address(number));
        ip(&["netns", "add", &space])
            && ip(&[
                "link", "add", &outer, "type", "veth", "peer", "name", inner, "netns", &space,
            ])
            && ip(&["link", "set", &outer, "master", &bridge, "up"])
            && ip(&["-n", &space, "address", "add", &address, "dev", inner])
            && ip(&["-n", &space, "link", "set", inner, "up"])
            && ip(&["-n", &space, "link", "set", "lo", "up"])
    }

    fn bridge(&self) -> String {
        format!("bw{}", self.tag)
    }

    fn space(&self, number: usize) -> String {
        format!("bw{}-{number}", self.tag)
    }

    fn cable(&self, number: usize) -> String {
        format!("bw{}p{number}", self.tag)
    }

    fn unplug(&self, number: usize) {
        assert!(ip(&["link", "set", &self.cable(number), "down"]));
    }

    fn plug(&self, number: usize) {
        assert!(ip(&["link", "set", &self.cable(number), "up"]));
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        for number in 0..ORGANISATIONS.len() {
            ip(&["netns", "delete", &self.space(number)]);
            ip(&["link", "delete", &self.cable(number)]);
        }
        ip(&["link", "delete", &self.bridge()]);
    }
}

fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, u8::try_from(number + 1).unwrap())
}

struct Scene {
    // Nodes end before their cables are taken away.
    scratch: tempfile::TempDir,
    wires: Wires,
}

impl Scene {
    fn beside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn dir(&self, number: usize) -> PathBuf {
        self.beside(&format!("host-{}", ORGANISATIONS[number].0))
    }

    fn home(&self, number: usize) -> PathBuf {
        self.dir(number).join(ORGANISATIONS[number].0)
    }

    /// Runs a command on a host.
    fn on(&self, number: usize, args: &[&str]) -> Ran {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.wires.space(number)]);
        command.arg(env!("CARGO_BIN_EXE_blockworm")).args(args);
        run(command.args(["--output", "json"]))
    }

    /// Likewise on the host's own folder.
    fn at(&self, number: usize, args: &[&str]) -> Ran {
        let dir = self.dir(number);
        self.on(number, &[args, &["--dir", path(&dir)]].concat())
    }

    fn health(&self, number: usize) -> (String, Vec<String>, u64) {
        let ran = self.at(number, &["network", "health"]);
        let report: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}"));
        let ledger = &report["nodes"][0]["ledgers"][0];
        let reasons = ledger["reasons"].as_array().cloned().unwrap_or_default();
        let codes = reasons
            .iter()
            .map(|one| one["code"].as_str().unwrap().to_owned());
        let health = report["health"].as_str().unwrap();
        assert_eq!(ran.code == Some(0), health != "failed", "{report:#}");
        (
            health.to_owned(),
            codes.collect(),
            ledger["height"].as_u64().unwrap_or(0),
        )
    }

    #[track_caller]
    fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(
                begun.elapsed() < PATIENCE,
                "waited too long until {what}\n{}",
                self.logs()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn logs(&self) -> String {
        let all = (0..ORGANISATIONS.len()).map(|number| {
            let file = self.home(number).join("node.log");
            let text = fs::read_to_string(file).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let last = lines[lines.len().saturating_sub(8)..].join("\n");
            format!("--- {}\n{last}\n", ORGANISATIONS[number].0)
        });
        all.collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for number in 0..ORGANISATIONS.len() {
            let pid = fs::read_to_string(self.home(number).join("node.pid"));
            let pid = pid.ok().and_then(|text| text.trim().parse().ok());
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// Each makes its keys at home; only public files go round.
fn found(scene: &Scene) -> String {
    let mut founders: Vec<PathBuf> = Vec::new();
    for (number, (slug, role)) in ORGANISATIONS.iter().enumerate() {
        let at = format!("{}:7000", address(number));
        let init = [
            "org",
            "init",
            slug,
            "--name",
            slug,
            "--role",
            role,
            "--address",
            &at,
        ];
        scene.at(number, &init).json();
        founders.push(scene.dir(number).join(format!("{slug}.founder.json")));
    }
    let files: Vec<&str> = founders
        .iter()
        .flat_map(|file| ["--founder", path(file)])
        .collect();
    let draft = scene.beside("draft.json");
    let drafting = [
        "consortium",
        "draft",
        "--ledger",
        "registry",
        "-o",
        path(&draft),
    ];
    let drafted = scene.on(0, &[&drafting[..], &files].concat()).json();
    let digest = drafted["genesis_digest"].as_str().unwrap().to_owned();
    let mut signatures: Vec<PathBuf> = Vec::new();
    for (number, (slug, _)) in ORGANISATIONS.iter().enumerate() {
        let signature = scene.beside(&format!("{slug}.signature.json"));
        let sign = ["consortium", "sign", path(&draft), "-o", path(&signature)];
        let signed = scene.at(number, &sign).json();
        assert_eq!(signed["genesis_digest"], digest.as_str());
        signatures.push(signature);
    }
    let all: Vec<&str> = signatures
        .iter()
        .flat_map(|file| ["--signature", path(file)])
        .collect();
    for number in 0..ORGANISATIONS.len() {
        let found = ["consortium", "found", path(&draft)];
        scene.at(number, &[&found[..], &all].concat()).json();
    }
    digest
}

/// The bank serves other hosts by TLS, to members of all organisations and to keys.
fn open_the_bank(scene: &Scene) {
    let home = scene.home(1);
    hosts::make_server_certificate(&home, address(1));
    let authorities = (0..ORGANISATIONS.len())
        .map(|number| fs::read_to_string(scene.home(number).join("keys/ca.cert.pem")).unwrap());
    fs::write(home.join("client-ca.pem"), authorities.collect::<String>()).unwrap();
    let file = home.join("node.toml");
    let text = fs::read_to_string(&file).unwrap();
    let listener = format!(
        "api_listeners = [{{ address = \"{}:7443\", access = {{ accept = [\"key\", \"certificate\"], tls = {{ \
         certificate_file = \"tls.pem\", key_file = \"tls.key.pem\", client_ca_file = \"client-ca.pem\" }} }} }}]",
        address(1)
    );
    fs::write(&file, format!("{listener}\n{text}")).unwrap();
}

/// All nodes answer and hear each other.
fn begin(scene: &Scene) {
    thread::scope(|all| {
        for (number, (slug, _)) in ORGANISATIONS.iter().enumerate() {
            all.spawn(move || {
                let started = scene.at(number, &["node", "start", slug]).json();
                assert_eq!(started["nodes"][0]["outcome"], "started");
            });
        }
    });
    for number in 0..ORGANISATIONS.len() {
        scene.wait_until("all hear each other", || {
            let (health, reasons, height) = scene.health(number);
            health == "ok" && reasons.is_empty() && height > 0
        });
    }
}

/// A member's message, taken at one host.
fn register(scene: &Scene, number: usize, name: &str, wait_s: &str) -> Ran {
    let slug = ORGANISATIONS[number].0;
    let member = format!("{slug}/{name}");
    scene.at(
        number,
        &[
            "member",
            "register",
            &member,
            "--function",
            "maker",
            "--wait-s",
            wait_s,
        ],
    )
}

fn knows(scene: &Scene, number: usize, member: &str) -> bool {
    let listed = scene.at(number, &["member", "list"]).json();
    listed.to_string().contains(&format!("\"{member}\""))
}

/// The bank's API from the court's host.
fn ask_from_elsewhere(scene: &Scene) {
    let url = format!("https://{}:7443", address(1));
    let ca = scene.home(1).join("tls.pem");
    let ask = |more: &[&str]| {
        let args = ["ledger", "list", "--api", &url, "--server-ca", path(&ca)];
        scene.on(3, &[&args[..], more].concat())
    };
    let plain = scene.on(
        3,
        &[
            "ledger",
            "list",
            "--api",
            &format!("http://{}:7001", address(1)),
        ],
    );
    assert_eq!(
        plain.error_code(),
        "node.unreachable",
        "loopback stays loopback"
    );
    assert_eq!(ask(&[]).error_code(), "api.unauthenticated");
    let certificate = scene.home(3).join("keys/admin.cert.pem");
    let member = ask(&["--client-certificate", path(&certificate)]).json();
    assert_eq!(member[0]["name"], "registry", "{member}");
    let made = scene
        .at(
            1,
            &[
                "api-key", "create", "watch", "--scope", "read", "--node", "bank",
            ],
        )
        .json();
    let file = scene.beside("api-key");
    write_private(&file, made["key"].as_str().unwrap());
    let key = ask(&["--api-key-file", path(&file)]).json();
    assert_eq!(key[0]["role"], "votes");
    write_private(&file, &format!("bwk_{}", "0".repeat(64)));
    assert_eq!(
        ask(&["--api-key-file", path(&file)]).error_code(),
        "api.key_unknown"
    );
}

fn write_private(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// One of five goes: the others go on, and it catches up.
fn one_unplugged(scene: &Scene) {
    scene.wires.unplug(4);
    register(scene, 1, "clerk-1", "30").json();
    scene.wait_until("the others miss harbour", || {
        let (health, reasons, _) = scene.health(0);
        health == "degraded" && reasons == ["network.no_margin", "network.unreachable"]
    });
    scene.wait_until("harbour says that it is alone", || {
        scene
            .health(4)
            .1
            .first()
            .is_some_and(|code| code == "network.no_quorum")
    });
    let (_, _, before) = scene.health(4);
    scene.wires.plug(4);
    scene.wait_until("harbour has caught up", || {
        let (health, _, height) = scene.health(4);
        health == "ok" && height > before && knows(scene, 4, "bank/clerk-1")
    });
}

/// Two of five go, one more than may: nothing is agreed, every host says so, and all goes on after.
fn two_unplugged(scene: &Scene) {
    scene.wires.unplug(3);
    scene.wires.unplug(4);
    scene.wait_until("the ledger stands still", || {
        let (health, reasons, _) = scene.health(0);
        health == "failed"
            && reasons
                .first()
                .is_some_and(|code| code == "network.no_quorum")
    });
    let (_, _, still) = scene.health(0);
    let waiting = register(scene, 1, "clerk-2", "3");
    assert_eq!(
        waiting.error_code(),
        "transaction.pending",
        "no quorum, no receipt"
    );
    assert_eq!(scene.health(0).2, still, "no block");
    scene.wires.plug(3);
    scene.wires.plug(4);
    let back = Instant::now();
    for number in 0..ORGANISATIONS.len() {
        scene.wait_until("it goes on", || {
            let (health, _, height) = scene.health(number);
            health == "ok" && height > still && knows(scene, number, "bank/clerk-2")
        });
    }
    // Connections that were cut are made anew: waiting for the old ones took minutes.
    assert!(
        back.elapsed() < Duration::from_secs(90),
        "{:?}",
        back.elapsed()
    );
}

#[test]
fn five_hosts_in_namespaces() {
    let Some(wires) = Wires::lay() else {
        dsl::not_run("this system lays no network namespaces (ip netns)");
        return;
    };
    let scene = Scene {
        scratch: tempfile::tempdir().unwrap(),
        wires,
    };
    let digest = found(&scene);
    open_the_bank(&scene);
    begin(&scene);
    let listed = scene.at(2, &["ledger", "list"]).json();
    assert_eq!(listed[0]["genesis_digest"], digest.as_str());
    ask_from_elsewhere(&scene);
    one_unplugged(&scene);
    two_unplugged(&scene);
}
