//! What the documents promise: links that lead somewhere, one line per crate.

#![allow(clippy::unwrap_used)]

use blockworm_tidy::{files, root};
use std::path::Path;

#[test]
fn links_between_documents_lead_somewhere() {
    let mut dead = Vec::new();
    for file in files(".md") {
        let folder = root().join(Path::new(&file.path).parent().unwrap_or(Path::new("")));
        for link in file
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.contains(' ');
            if !outside && !folder.join(target).exists() {
                dead.push(format!("{} links to {target}", file.path));
            }
        }
    }
    assert!(
        dead.is_empty(),
        "links that lead nowhere:\n{}",
        dead.join("\n")
    );
}

#[test]
fn the_architecture_names_every_crate_and_its_invariant() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for parent in ["crates", "contracts"] {
        for entry in std::fs::read_dir(root().join(parent)).unwrap().flatten() {
            if !entry.path().join("Cargo.toml").is_file() {
                continue;
            }
            let name = format!("{parent}/{}", entry.file_name().to_string_lossy());
            let section = text
                .split("\n### ")
                .find(|s| s.starts_with(&format!("`{name}`")));
            let section = section.unwrap_or_else(|| panic!("ARCHITECTURE.md has no ### `{name}`"));
            assert!(
                section.contains("**Invariant**"),
                "ARCHITECTURE.md: {name} has no invariant"
            );
        }
    }
}

#[test]
fn decisions_are_five_lines() {
    for file in files(".md")
        .iter()
        .filter(|f| f.path.starts_with("docs/decisions/"))
    {
        let points = file.text.lines().filter(|l| l.starts_with("- ")).count();
        let readme = file.path.ends_with("README.md");
        assert!(
            readme || points >= 3,
            "{}: a decision says what, why and what was turned down",
            file.path
        );
    }
}
