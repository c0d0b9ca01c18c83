//! A Helm chart of one organisation's node.

use super::{Kit, PackageError, PackageFile, Places, comment};
use serde_json::json;
use std::{collections::BTreeSet, net::IpAddr};

const CHART: &str = include_str!("helm/Chart.yaml");
const VALUES: &str = include_str!("helm/values.yaml");
const SCHEMA: &str = include_str!("helm/values.schema.json");
const IGNORE: &str = "# Never into a chart.\nkeys/\n*.key.pem\npassphrase\n";
const TEMPLATES: [(&str, &str); 7] = [
    (
        "configmap.yaml",
        include_str!("helm/templates/configmap.yaml"),
    ),
    (
        "statefulset.yaml",
        include_str!("helm/templates/statefulset.yaml"),
    ),
    ("service.yaml", include_str!("helm/templates/service.yaml")),
    (
        "poddisruptionbudget.yaml",
        include_str!("helm/templates/poddisruptionbudget.yaml"),
    ),
    (
        "networkpolicy.yaml",
        include_str!("helm/templates/networkpolicy.yaml"),
    ),
    (
        "serviceaccount.yaml",
        include_str!("helm/templates/serviceaccount.yaml"),
    ),
    ("NOTES.txt", include_str!("helm/templates/NOTES.txt")),
];

pub(super) fn files(kit: &Kit) -> Result<Vec<PackageFile>, PackageError> {
    let places = Places {
        settings: "/etc/blockworm",
        state: "/var/lib/blockworm",
        secrets: "/run/blockworm-secrets",
        container: true,
    };
    let mut steps = String::new();
    if !kit.certificates().is_empty() {
        steps.push_str(&format!(
            "# Put {} into files/ of this chart.\n",
            kit.certificates().join(" and ")
        ));
    }
    if kit.never_voted {
        steps.push_str("# The key has never voted: add --set firstStart=true to the first `helm install` only, and take it back with\n#   helm upgrade blockworm . --set firstStart=false    as soon as the node runs.\n");
    }
    steps.push_str(&comment(&kit.notes()));
    let from_file: Vec<String> = kit
        .secrets()
        .iter()
        .map(|name| format!("--from-file={name}"))
        .collect();
    let listeners: Vec<_> = kit
        .listeners
        .iter()
        .enumerate()
        .map(|(number, one)| json!({ "name": format!("api-{number}"), "port": one.address.port() }))
        .collect();
    let (peers, peer_ports) = peers(kit);
    let more = [
        ("STEPS", steps),
        ("FROM_FILE", from_file.join(" ")),
        ("SECRETS", kit.secrets().join(", ")),
        ("SECRET_ITEMS", json!(kit.secrets()).to_string()),
        ("LISTENERS", json!(listeners).to_string()),
        ("PEERS", json!(peers).to_string()),
        ("PEER_PORTS", json!(peer_ports).to_string()),
    ];
    let mut files = vec![
        ("Chart.yaml".to_owned(), kit.fill(CHART, &more)),
        ("values.yaml".to_owned(), kit.fill(VALUES, &more)),
        ("values.schema.json".to_owned(), SCHEMA.to_owned()),
        (".helmignore".to_owned(), IGNORE.to_owned()),
    ];
    // Templates know nothing of the organisation: all of that is in values.yaml and files/.
    for (name, text) in TEMPLATES {
        files.push((format!("templates/{name}"), text.to_owned()));
    }
    let settings = std::iter::once(kit.node_toml(&places)?).chain(kit.genesis_files());
    files.extend(settings.map(|(name, text)| (format!("files/{name}"), text)));
    Ok(files)
}

/// The other nodes' addresses as blocks, and their ports.
fn peers(kit: &Kit) -> (Vec<String>, Vec<u16>) {
    let peers = kit.settings.peers.iter();
    let blocks = peers.clone().map(|peer| match peer.address.ip() {
        IpAddr::V4(ip) => format!("{ip}/32"),
        IpAddr::V6(ip) => format!("{ip}/128"),
    });
    let blocks: BTreeSet<String> = blocks.collect();
    let ports: BTreeSet<u16> = peers.map(|peer| peer.address.port()).collect();
    (blocks.into_iter().collect(), ports.into_iter().collect())
}
