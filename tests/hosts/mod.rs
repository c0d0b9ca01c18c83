//! A founding split over hosts: each organisation has a folder of its own, with its keys alone and profile `network`.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use crate::dsl::{Ran, blockworm, path};
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    consortium::{local_ledgers, local_parameters},
    network::{
        ConsortiumFolder, NodeConfigFile, NodeRecord,
        config::{
            Accepted, AccessSettings, ListenerSettings, PeerSettings, ProfileName, TlsSettings,
        },
        local::{LocalPlan, create},
    },
};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where nodes listen for each other.
pub const P2P: u16 = 7_000;
/// Where they serve their own host.
pub const API: u16 = 7_001;
/// Where they serve others, by TLS, to keys and members.
pub const TLS: u16 = 7_443;

/// One organisation's host.
pub struct Host {
    pub organisation: OrganisationId,
    pub folder: ConsortiumFolder,
    pub ip: Ipv4Addr,
}

impl Host {
    pub fn tls_url(&self) -> String {
        format!("https://{}:{TLS}", self.ip)
    }

    /// A member's certificate, beside its key.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.folder.certificate_file(&self.organisation, name)
    }

    /// The certificate that clients of its API must trust.
    pub fn server_certificate(&self) -> PathBuf {
        self.folder.organisation(&self.organisation).join("tls.pem")
    }
}

/// Founds five organisations on two ledgers under `beside` and gives each a folder of its own there.
/// Host number `n` has the address that `ip` gives.
pub fn found(beside: &Path, ip: impl Fn(usize) -> Ipv4Addr) -> Vec<Host> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let together = ConsortiumFolder::new(beside.join("together"));
    let plan = LocalPlan {
        nodes: 5,
        now_ms: u64::try_from(now.as_millis()).unwrap(),
        parameters: local_parameters(),
        ledgers: local_ledgers(Vec::new(), Vec::new()),
        lifetimes: Default::default(),
    };
    let record = create(&together, &plan).unwrap().record;
    let places: Vec<(NodeRecord, Ipv4Addr)> = record
        .nodes
        .iter()
        .enumerate()
        .map(|(number, node)| (node.clone(), ip(number)))
        .collect();
    let authorities = beside.join("authorities.pem");
    let all = record
        .organisations
        .iter()
        .map(|one| fs::read_to_string(together.certificate_file(&one.id, "ca")).unwrap());
    fs::write(&authorities, all.collect::<String>()).unwrap();
    let hosts: Vec<Host> = places
        .iter()
        .map(|(node, ip)| split(&together, beside, node, *ip, &authorities, &places))
        .collect();
    fs::remove_dir_all(together.root()).unwrap();
    hosts
}

fn split(
    together: &ConsortiumFolder,
    beside: &Path,
    node: &NodeRecord,
    ip: Ipv4Addr,
    authorities: &Path,
    places: &[(NodeRecord, Ipv4Addr)],
) -> Host {
    let organisation = node.organisation.clone();
    let folder = ConsortiumFolder::new(beside.join(format!("host-{organisation}")));
    let home = folder.organisation(&organisation);
    copy(&together.organisation(&organisation), &home);
    copy(
        &together.root().join("genesis"),
        &folder.root().join("genesis"),
    );
    fs::copy(together.format_file(), folder.format_file()).unwrap();
    let mut record = together.record().unwrap();
    for one in &mut record.organisations {
        if one.id != organisation {
            one.members.clear();
        }
    }
    record.nodes = vec![NodeRecord {
        organisation: organisation.clone(),
        listen: SocketAddr::from((ip, P2P)),
        api: SocketAddr::from((Ipv4Addr::LOCALHOST, API)),
    }];
    fs::write(
        folder.record_file(),
        serde_json::to_vec_pretty(&record).unwrap(),
    )
    .unwrap();
    fs::copy(authorities, home.join("client-ca.pem")).unwrap();
    make_server_certificate(&home, ip);
    let host = Host {
        organisation,
        folder,
        ip,
    };
    configure(&host, places);
    host
}

/// The host's node.toml: where everybody is, and a listener by TLS for others.
fn configure(host: &Host, places: &[(NodeRecord, Ipv4Addr)]) {
    let file = host.folder.node_file(&host.organisation);
    let mut settings: NodeConfigFile = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    settings.profile = ProfileName::Network;
    settings.listen = SocketAddr::from((host.ip, P2P));
    settings.api = SocketAddr::from((Ipv4Addr::LOCALHOST, API));
    let moved = |peer: &mut PeerSettings| {
        let mut all = places.iter();
        let (_, ip) = all
            .find(|(node, _)| node.organisation == peer.organisation)
            .unwrap();
        peer.address = SocketAddr::from((*ip, P2P));
    };
    settings.peers.iter_mut().for_each(moved);
    settings.api_listeners = vec![ListenerSettings {
        address: SocketAddr::new(IpAddr::V4(host.ip), TLS),
        access: AccessSettings {
            accept: vec![Accepted::Key, Accepted::Certificate],
            names: Vec::new(),
            tls: Some(TlsSettings {
                certificate_file: "tls.pem".into(),
                key_file: "tls.key.pem".into(),
                client_ca_file: Some("client-ca.pem".into()),
            }),
        },
    }];
    fs::write(&file, settings.to_toml().unwrap()).unwrap();
}

pub fn make_server_certificate(home: &Path, ip: Ipv4Addr) {
    let key = home.join("tls.key.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args([
            "ec_paramgen_curve:P-256",
            "-noenc",
            "-days",
            "2",
            "-subj",
            "/CN=node",
        ])
        .args(["-addext", &format!("subjectAltName=IP:{ip}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(home.join("tls.pem"))
        .output()
        .expect("openssl (scripts/packages test installs it)");
    assert!(made.status.success(), "{made:?}");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Copies a folder with what is in it, modes included.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let mut copy = Command::new("cp");
    let copied = copy.args(["-a", "-T"]).arg(from).arg(to).output().unwrap();
    assert!(copied.status.success(), "{copied:?}");
}

/// Five hosts in a folder of their own, none of them running.
pub struct Scene {
    pub scratch: tempfile::TempDir,
    pub hosts: Vec<Host>,
}

impl Scene {
    pub fn set() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let ip = |number| Ipv4Addr::new(192, 0, 2, u8::try_from(number + 1).unwrap());
        let hosts = found(scratch.path(), ip);
        Self { scratch, hosts }
    }

    pub fn host(&self, organisation: &str) -> &Host {
        let mut hosts = self.hosts.iter();
        hosts
            .find(|host| host.organisation.as_str() == organisation)
            .unwrap()
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Runs a command on the bank's folder.
    pub fn bank(&self, args: &[&str]) -> Ran {
        on(self.host("bank").folder.root(), args)
    }
}

pub fn on(dir: &Path, args: &[&str]) -> Ran {
    let more = ["--output", "json", "--dir", path(dir)];
    blockworm(&[args, &more].concat())
}

pub fn check_no_secret(host: &Host, text: &str) {
    assert!(!text.contains("PRIVATE KEY"), "{text}");
    let file = host.folder.passphrase_file(&host.organisation);
    let passphrase = fs::read_to_string(file).unwrap();
    assert!(!text.contains(passphrase.trim()));
}
