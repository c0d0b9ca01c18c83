//! A hardened unit of systemd.

use super::{Kit, PackageError, PackageFile, Places, comment};

const UNIT: &str = include_str!("systemd/unit.service");

pub(super) fn files(kit: &Kit) -> Result<Vec<PackageFile>, PackageError> {
    let organisation = &kit.organisation;
    let settings = format!("/etc/blockworm/{organisation}");
    let places = Places {
        settings: &settings,
        state: &format!("/var/lib/blockworm/{organisation}"),
        secrets: &format!("/run/credentials/blockworm-{organisation}.service"),
        container: false,
    };
    let credentials: Vec<String> = kit
        .secrets()
        .iter()
        .map(|name| format!("LoadCredential={name}:{settings}/keys/{name}"))
        .collect();
    let mut steps = Vec::new();
    for name in kit.certificates() {
        steps.push(format!("#   install -m 0644 {name} {settings}/{name}"));
    }
    if kit.never_voted {
        steps.push(
            "# The key has never voted, so the node may vote at its first start; once, before it:"
                .to_owned(),
        );
        steps.push(format!(
            "#   install -d -m 0700 /var/lib/private/blockworm/{organisation} && touch /var/lib/private/blockworm/{organisation}/never-voted"
        ));
    }
    let steps: String = steps.iter().map(|step| format!("{step}\n")).collect();
    let mut head = comment(&kit.notes());
    head.insert_str(0, &steps);
    let mut ports = vec![kit.settings.listen.port().to_string()];
    ports.extend(
        kit.listeners
            .iter()
            .map(|one| one.address.port().to_string()),
    );
    let unit = kit.fill(
        UNIT,
        &[
            ("STEPS", head),
            ("CREDENTIALS", credentials.join("\n")),
            ("SECRETS", kit.secrets().join(" ")),
            ("PORTS", ports.join(", ")),
        ],
    );
    let mut files = vec![(format!("blockworm-{organisation}.service"), unit)];
    files.push(kit.node_toml(&places)?);
    files.extend(kit.genesis_files());
    Ok(files)
}
