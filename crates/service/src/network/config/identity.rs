//! What a node does for its organisation's certificates: `[identity]` of `node.toml`.

use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize};

/// `[identity]`; without it a node only tells how long certificates count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// Renew what nears its end, and tell the ledgers.
    #[serde(default)]
    pub renew: bool,
    /// Certify whoever shows a token, and members who renew on their own machines.
    #[serde(default)]
    pub enrol: bool,
    /// Further organisations, whose folders lie beside this node's; only under profile `local`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<OrganisationId>,
}

impl IdentitySettings {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
