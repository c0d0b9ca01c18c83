//! Whose node a folder is, by the certificate beside its key: somebody else's must not be started as ours.

use super::config::NodeConfigFile;
use crate::identity;
use blockworm_crypto::identity::parse_node;
use blockworm_ledger::OrganisationId;
use std::path::PathBuf;

/// The node's certificate, beside its consensus key.
const CERTIFICATE: &str = "node.cert.pem";

/// The certificate beside the key says that it is somebody else's node.
#[derive(Debug, thiserror::Error)]
#[error("{} is the certificate of a node of {owner}, and the configuration says that this is the node of {configured}", path.display())]
pub struct OtherOwner {
    /// The certificate.
    pub path: PathBuf,
    /// Whose node it is of.
    pub owner: String,
    /// Whose node the configuration says it is.
    pub configured: OrganisationId,
}

/// Refuses a folder whose node's certificate names another organisation. A certificate that is
/// missing, has ended or cannot be read stops no node: `doctor` tells of it.
///
/// # Errors
/// [`OtherOwner`].
pub fn check(file: &NodeConfigFile) -> Result<(), OtherOwner> {
    let path = file.consensus_key_file.with_file_name(CERTIFICATE);
    let Ok(chain) = identity::read_certificate(&path) else {
        return Ok(());
    };
    match parse_node(&chain) {
        Ok(node) if node.organisation != file.organisation.as_str() => Err(OtherOwner {
            path,
            owner: node.organisation,
            configured: file.organisation.clone(),
        }),
        _ => Ok(()),
    }
}
