//! What stands in a node.toml, and what is refused there.

#![allow(clippy::unwrap_used)]
use super::*;

const MINIMAL: &str = r#"
organisation = "bank"
profile = "local"
listen = "127.0.0.1:7000"
api = "127.0.0.1:7001"
consensus_key_file = "keys/consensus.key.pem"
passphrase_file = "keys/passphrase"
genesis_files = ["../genesis.json"]
"#;

fn read(text: &str, overrides: Overrides) -> Result<NodeConfigFile, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    fs::write(&path, text).unwrap();
    let mut file = NodeConfigFile::read(&path, overrides)?;
    file.directory = file.directory.strip_prefix(dir.path()).unwrap().to_owned();
    Ok(file)
}

#[test]
fn a_minimal_file_is_enough() {
    let file = read(MINIMAL, Overrides::default()).unwrap();
    assert_eq!(file.organisation.as_str(), "bank");
    assert_eq!(file.limits.over_defaults(), Limits::default());
    assert!(file.genesis_files[0].ends_with("../genesis.json"));
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    for more in [
        "retries = 3",
        "[limits]\nworker_thread = 1",
        "[api_access]\naccepts = []",
        "[[api_listeners]]\naddress = \"127.0.0.1:1\"\naccess.tls = {}",
        "[[peers]]\nkeys = 1",
    ] {
        let text = format!("{MINIMAL}\n{more}\n");
        let error = read(&text, Overrides::default()).unwrap_err();
        assert!(
            matches!(error, ConfigError::Malformed { .. }),
            "{more}: {error}"
        );
    }
}

#[test]
fn what_is_said_outside_goes_over_the_file() {
    let overrides = Overrides {
        api: Some("127.0.0.1:9".parse().unwrap()),
        passphrase_file: Some("/run/secret".into()),
        ..Overrides::default()
    };
    let file = read(MINIMAL, overrides).unwrap();
    assert_eq!(file.api.port(), 9);
    assert_eq!(file.listen.port(), 7000);
    assert_eq!(file.passphrase_file, Path::new("/run/secret"));
}

#[test]
fn a_local_node_refuses_other_addresses() {
    let overrides = Overrides {
        api: Some("0.0.0.0:7001".parse().unwrap()),
        ..Overrides::default()
    };
    let error = read(MINIMAL, overrides).unwrap_err();
    assert!(
        matches!(error, ConfigError::NotLoopback { what: "api", .. }),
        "{error}"
    );
    let mapped = Overrides {
        api: Some("[::ffff:10.0.0.1]:1".parse().unwrap()),
        ..Overrides::default()
    };
    assert!(matches!(
        read(MINIMAL, mapped),
        Err(ConfigError::NotLoopback { .. })
    ));
}

#[test]
fn api_listeners_are_read_and_held_to_the_profile() {
    let more = r#"
api_access = { accept = ["key"] }
[[api_listeners]]
address = "192.0.2.7:7443"
access.accept = ["key", "certificate"]
access.names = ["bank.example"]
access.tls = { certificate_file = "tls.pem", key_file = "/k.pem", client_ca_file = "ca.pem" }
"#;
    let error = read(&format!("{MINIMAL}{more}"), Overrides::default()).unwrap_err();
    let listener = "api listener's";
    assert!(
        matches!(error, ConfigError::NotLoopback { what, .. } if what == listener),
        "{error}"
    );
    let network = MINIMAL.replace("local", "network");
    let file = read(&format!("{network}{more}"), Overrides::default()).unwrap();
    assert_eq!(file.api_access.accept, [Accepted::Key]);
    assert!(file.api_keys_file.ends_with(API_KEYS) && file.api_keys_file.is_absolute());
    let tls = file.api_listeners[0].access.tls.as_ref().unwrap();
    assert!(tls.certificate_file.is_absolute() && tls.key_file == Path::new("/k.pem"));
    assert!(tls.client_ca_file.as_ref().unwrap().is_absolute());
    let again: NodeConfigFile = toml::from_str(&file.to_toml().unwrap()).unwrap();
    assert_eq!(again, file);
}

#[test]
fn the_written_form_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    fs::write(&path, MINIMAL).unwrap();
    let mut file: NodeConfigFile = toml::from_str(MINIMAL).unwrap();
    file.limits.worker_threads = Some(3);
    file.peers.push(PeerSettings {
        organisation: "court".parse().unwrap(),
        key: PublicKey::Ed25519([7; 32]),
        address: "127.0.0.1:5".parse().unwrap(),
    });
    let again: NodeConfigFile = toml::from_str(&file.to_toml().unwrap()).unwrap();
    assert_eq!(again, file);
}

#[test]
fn a_cosigners_key_that_cannot_be_used_leaves_a_node_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = crate::network::ConsortiumFolder::new(dir.path().join("new"));
    let plan = crate::network::local::LocalPlan {
        nodes: 4,
        now_ms: 1_790_000_000_000,
        parameters: crate::consortium::local_parameters(),
        ledgers: crate::consortium::local_ledgers(Vec::new(), Vec::new()),
        lifetimes: crate::identity::Lifetimes::default(),
    };
    crate::network::local::create(&folder, &plan).unwrap();
    let (bank, court) = ("bank".parse().unwrap(), "court".parse().unwrap());
    let load = || {
        let file = NodeConfigFile::read(&folder.node_file(&bank), Overrides::default()).unwrap();
        file.load().unwrap()
    };
    let cosigner = load().cosigner.unwrap();
    let chain = (cosigner.chain)().unwrap();
    let described = blockworm_crypto::identity::describe(&chain).unwrap();
    assert_eq!(described.public_key, cosigner.key.public_key());
    assert_ne!(described.public_key, load().consensus_key.public_key());
    // Another organisation's certificate, another's key under another passphrase, none at all.
    let certificate = |id| folder.certificate_file(id, "cosigner");
    let own = fs::read(certificate(&bank)).unwrap();
    fs::copy(certificate(&court), certificate(&bank)).unwrap();
    assert!(load().cosigner.is_none());
    fs::write(certificate(&bank), own).unwrap();
    assert!(load().cosigner.is_some());
    let key = |id| folder.key_file(id, "cosigner");
    fs::copy(key(&court), key(&bank)).unwrap();
    assert!(load().cosigner.is_none());
    fs::remove_file(key(&bank)).unwrap();
    assert!(load().cosigner.is_none());
}
