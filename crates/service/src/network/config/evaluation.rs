//! With whose evaluation keys a node answers: `[[key_holders]]` of `node.toml`.

use super::{NodeConfigFile, Overrides};
use crate::{
    key_holder::{DeskPlan, KeyFolder, Limit},
    network::{ConsortiumFolder, FolderError, NodeRecord},
};
use blockworm_ledger::{LedgerId, OrganisationId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One `[[key_holders]]` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyHolderSettings {
    /// Whose keys; under profile `network` only the node's own organisation's.
    pub organisation: OrganisationId,
    /// The id of the registry's ledger, whose banks may ask.
    pub ledger: LedgerId,
    /// The folder with `<version>.key.pem`.
    pub keys: PathBuf,
    /// The passphrase of these files; the node's own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
    /// Where what was asked is written down.
    pub audit_file: PathBuf,
    /// Elements that one bank may ask for within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements: Option<u32>,
    /// The window's length in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// Requests of one bank within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
}

impl KeyHolderSettings {
    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.keys, &mut self.audit_file]
            .into_iter()
            .chain(&mut self.passphrase_file)
    }

    fn limit(&self) -> Limit {
        let usual = Limit::default();
        let window_ms = self.window_s.map(|window_s| u64::from(window_s) * 1_000);
        Limit {
            elements: self.elements.unwrap_or(usual.elements),
            window_ms: window_ms.unwrap_or(usual.window_ms),
            requests_per_minute: self
                .requests_per_minute
                .unwrap_or(usual.requests_per_minute),
        }
    }

    /// What the key holder is opened with, in the node of `file`.
    #[must_use]
    pub fn plan(&self, file: &NodeConfigFile) -> DeskPlan {
        let passphrase_file = self.passphrase_file.as_ref();
        let passphrase_file = passphrase_file.unwrap_or(&file.passphrase_file);
        DeskPlan {
            organisation: self.organisation.clone(),
            ledger: self.ledger,
            keys: KeyFolder::new(self.keys.clone(), passphrase_file.clone()),
            limit: self.limit(),
            audit_file: self.audit_file.clone(),
        }
    }
}

/// The node of a local consortium that answers with an organisation's key, if any does.
///
/// # Errors
/// When the consortium's record cannot be read; a node whose configuration cannot be read is none.
pub fn answering_node(
    folder: &ConsortiumFolder,
    holder: &OrganisationId,
) -> Result<Option<NodeRecord>, FolderError> {
    let answers = |node: &NodeRecord| {
        let path = folder.node_file(&node.organisation);
        let file = NodeConfigFile::read(&path, Overrides::default());
        file.is_ok_and(|file| {
            let mut holders = file.key_holders.iter();
            holders.any(|one| one.organisation == *holder)
        })
    };
    Ok(folder.record()?.nodes.into_iter().find(answers))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::ConfigError;
    use super::*;
    use std::fs;

    const FILE: &str = r#"
organisation = "bank"
profile = "PROFILE"
listen = "127.0.0.1:7000"
api = "127.0.0.1:7001"
consensus_key_file = "keys/consensus.key.pem"
passphrase_file = "keys/passphrase"
genesis_files = ["../genesis.json"]

[[key_holders]]
organisation = "HOLDER"
ledger = "07070707070707070707070707070707"
keys = "keys/evaluation"
audit_file = "ledgers/07.evaluations.jsonl"
elements = 20
"#;

    fn read(profile: &str, holder: &str) -> Result<NodeConfigFile, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        let text = FILE.replace("PROFILE", profile).replace("HOLDER", holder);
        fs::write(&path, text).unwrap();
        NodeConfigFile::read(&path, Overrides::default())
    }

    #[test]
    fn a_node_answers_with_its_own_organisations_keys() {
        let file = read("network", "bank").unwrap();
        let plan = file.key_holders[0].plan(&file);
        assert!(plan.keys.path().is_absolute() && plan.audit_file.is_absolute());
        assert_eq!(plan.limit.elements, 20);
        assert_eq!(plan.limit.window_ms, Limit::default().window_ms);
        let again: NodeConfigFile = toml::from_str(&file.to_toml().unwrap()).unwrap();
        assert_eq!(again, file);
        let foreign = read("network", "court").unwrap_err();
        assert!(
            matches!(foreign, ConfigError::ForeignKeys { .. }),
            "{foreign}"
        );
        assert!(read("local", "court").is_ok());
    }
}
