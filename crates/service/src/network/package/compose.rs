//! A Compose file and the Dockerfile of its image.

use super::{Kit, PackageError, PackageFile, Places, comment};

const COMPOSE: &str = include_str!("compose/compose.yaml");
const DOCKERFILE: &str = include_str!("compose/Dockerfile");
const IGNORE: &str = "# The image holds the program alone; never a key.\n*\n!blockworm\n";

pub(super) fn files(kit: &Kit) -> Result<Vec<PackageFile>, PackageError> {
    let places = Places {
        settings: "/etc/blockworm",
        state: "/var/lib/blockworm",
        secrets: "/run/secrets",
        container: true,
    };
    let mut ports = vec![kit.settings.listen.port()];
    ports.extend(kit.listeners.iter().map(|one| one.address.port()));
    let lines = |lines: Vec<String>| lines.join("\n");
    let ports = lines(
        ports
            .iter()
            .map(|port| format!("      - \"{port}:{port}\""))
            .collect(),
    );
    let mounts: Vec<String> = kit
        .certificates()
        .iter()
        .map(|name| format!("      - ./{name}:/etc/blockworm/{name}:ro\n"))
        .collect();
    let granted = kit
        .secrets()
        .into_iter()
        .map(|name| format!("      - {name}"));
    let granted = lines(granted.collect());
    let from = kit.secrets().into_iter();
    let from = lines(
        from.map(|name| format!("  {name}:\n    file: ./keys/{name}"))
            .collect(),
    );
    let mut steps = String::new();
    if !kit.certificates().is_empty() {
        steps.push_str(&format!(
            "# Put {} beside this file.\n",
            kit.certificates().join(" and ")
        ));
    }
    if kit.never_voted {
        steps.push_str("# The key has never voted, so the node may vote at its first start; once, before it:\n#   touch state/never-voted\n");
    }
    steps.push_str(&comment(&kit.notes()));
    let compose = kit.fill(
        COMPOSE,
        &[
            ("STEPS", steps),
            ("PORTS", ports),
            ("MOUNTS", mounts.concat()),
            ("GRANTED", granted),
            ("FROM", from),
            ("SECRETS", kit.secrets().join(" ")),
        ],
    );
    let mut files = vec![
        ("compose.yaml".to_owned(), compose),
        ("Dockerfile".to_owned(), kit.fill(DOCKERFILE, &[])),
        (".dockerignore".to_owned(), IGNORE.to_owned()),
    ];
    files.push(kit.node_toml(&places)?);
    files.extend(kit.genesis_files());
    Ok(files)
}
