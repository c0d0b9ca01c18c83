//! The organisations of a ledger and their nodes, as this node sees them.

use crate::{explain, format::count, language::Language, ledger::Organisation};
use blockworm_ledger::genesis::Validator;
use blockworm_node::{LedgerHandle, ValidatorSeen};

/// How an organisation's validator is doing, as this node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    ThisNode,
    Lately,
    Silent,
    Never,
    Watches,
    NoNode,
}

/// An organisation and its node.
pub(crate) struct NodeRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) roles: String,
    pub(crate) suspended: bool,
    pub(crate) seen: Seen,
    /// Empty when not known.
    pub(crate) height: String,
}

/// The rows of this moment.
pub(crate) fn rows(
    organisations: &[Organisation],
    ledger: &LedgerHandle,
    language: Language,
) -> Vec<NodeRow> {
    let own_height = ledger.status().height;
    let (validators, watchers) = (ledger.validators(), ledger.watchers());
    node_rows(
        organisations,
        (&validators, &watchers),
        own_height,
        language,
    )
}

/// One row for each validator of an organisation and each node that watches, or one that says there
/// is none.
fn node_rows(
    organisations: &[Organisation],
    (validators, watchers): (&[ValidatorSeen], &[(Validator, bool)]),
    own_height: u64,
    language: Language,
) -> Vec<NodeRow> {
    let mut rows = Vec::new();
    for organisation in organisations {
        let row = |seen, height: Option<u64>| NodeRow {
            id: organisation.id.clone(),
            name: organisation.name.clone(),
            roles: explain::names(&organisation.roles, language),
            suspended: organisation.suspended_at.is_some(),
            seen,
            height: height.map(count).unwrap_or_default(),
        };
        let own = |validator: &&ValidatorSeen| {
            validator.organisation.as_str() == organisation.id.as_str()
        };
        let before = rows.len();
        for validator in validators.iter().filter(own) {
            rows.push(match validator {
                ValidatorSeen {
                    this_node: true, ..
                } => row(Seen::ThisNode, Some(own_height)),
                ValidatorSeen {
                    connected: true, ..
                } => row(Seen::Lately, validator.voted_height),
                ValidatorSeen {
                    heard_ago_ms: Some(_),
                    ..
                } => row(Seen::Silent, validator.voted_height),
                _ => row(Seen::Never, None),
            });
        }
        for (_, this_node) in watchers
            .iter()
            .filter(|(node, _)| node.organisation.as_str() == organisation.id.as_str())
        {
            let height = Some(own_height).filter(|_| *this_node);
            rows.push(row(Seen::Watches, height));
        }
        if rows.len() == before {
            rows.push(row(Seen::NoNode, None));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_organisation_has_a_row_that_says_how_its_node_is_doing() {
        let organisation = |id: &str| Organisation {
            id: id.into(),
            name: id.to_uppercase(),
            roles: vec!["bank".into(), "notary".into()],
            suspended_at: None,
        };
        let validator = |id: &str, this_node, connected, heard_ago_ms| ValidatorSeen {
            organisation: id.parse().unwrap(),
            key: blockworm_crypto::SecretKey::from_ed25519_seed([7; 32]).public_key(),
            this_node,
            heard_ago_ms,
            connected,
            voted_height: heard_ago_ms.map(|_| 1_200),
        };
        let organisations = ["a", "b", "c", "d", "e", "f"].map(organisation);
        let validators = [
            validator("a", true, false, None),
            validator("b", false, true, Some(10)),
            validator("c", false, false, Some(90_000)),
            validator("d", false, false, None),
        ];
        let watcher = |id: &str, this_node| {
            let key = blockworm_crypto::SecretKey::from_ed25519_seed([8; 32]).public_key();
            let organisation = id.parse().unwrap();
            (Validator { organisation, key }, this_node)
        };
        let watchers = [watcher("a", false), watcher("f", true)];
        let rows = node_rows(
            &organisations,
            (&validators, &watchers),
            1_234,
            Language::English,
        );
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.id.as_str(), row.seen, row.height.as_str()))
            .collect();
        let wanted = [
            ("a", Seen::ThisNode, "1,234"),
            ("a", Seen::Watches, ""),
            ("b", Seen::Lately, "1,200"),
            ("c", Seen::Silent, "1,200"),
            ("d", Seen::Never, ""),
            ("e", Seen::NoNode, ""),
            ("f", Seen::Watches, "1,234"),
        ];
        assert_eq!(found, wanted);
        assert_eq!(rows[0].roles, "bank, notary");
    }
}
