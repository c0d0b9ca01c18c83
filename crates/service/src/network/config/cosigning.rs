//! The key with which a node cosigns checkpoints: where it lies, and how a node is handed it.

use super::{ConfigError, NodeConfigFile};
use crate::identity::{COSIGNER, IdentityError, OrganisationKey, Passphrase, read_certificate};
use blockworm_crypto::{identity::describe, keyfile};
use blockworm_node::Cosigner;
use std::{path::PathBuf, sync::Arc};

pub(super) fn key_file() -> PathBuf {
    PathBuf::from("keys").join(format!("{COSIGNER}.key.pem"))
}

pub(super) fn certificate_file() -> PathBuf {
    PathBuf::from("keys").join(format!("{COSIGNER}.cert.pem"))
}

impl NodeConfigFile {
    /// The node's cosigner; none where no key lies there, which the log says.
    pub(super) fn cosigner(
        &self,
        passphrase: &Passphrase,
    ) -> Result<Option<Cosigner>, ConfigError> {
        let (path, certificate_file) = (&self.cosigner_key_file, &self.cosigner_certificate_file);
        if !path.exists() {
            tracing::warn!(
                path = %path.display(),
                "this node has no cosigner's key and cosigns no checkpoints; `blockworm certificate issue cosigner` makes one"
            );
            return Ok(None);
        }
        let key = keyfile::read_encrypted(path, passphrase.as_bytes()).map_err(|source| {
            IdentityError::KeyFile {
                path: path.clone(),
                source,
            }
        })?;
        let chain = read_certificate(certificate_file)?;
        let described = describe(&chain).map_err(|source| IdentityError::Certificate {
            subject: certificate_file.display().to_string(),
            source,
        })?;
        if described.public_key != key.public_key()
            || described.profile != Some(OrganisationKey::Cosigner.profile())
        {
            return Err(IdentityError::OtherKey { path: path.clone() }.into());
        }
        let renewed = certificate_file.clone();
        Ok(Some(Cosigner {
            key: Arc::new(key),
            // Renewal writes the file anew while the node runs.
            chain: Arc::new(move || read_certificate(&renewed).ok()),
        }))
    }
}
